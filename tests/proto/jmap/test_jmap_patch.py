"""PatchObjects (RFC 8620 §5.3): its rules, and that nothing else is ever raised."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.jmap.errors import SetError
from gatepost.proto.jmap.patch import apply_patch

EMAIL: dict[str, Any] = {
    "id": "E1",
    "keywords": {"$seen": True, "music": True},
    "mailboxIds": {"M1": True},
    "list": [{"x": 1}],
}


def patched(patch: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(EMAIL)
    result = apply_patch(EMAIL, patch, {"keywords": {}})
    assert before == EMAIL
    return result


def test_single_keys_are_set_and_removed() -> None:
    found = patched({"keywords/$seen": None, "keywords/$flagged": True, "mailboxIds/M2": True, "mailboxIds/M1": None})
    assert found["keywords"] == {"music": True, "$flagged": True}
    assert found["mailboxIds"] == {"M2": True}


def test_a_whole_property_is_replaced_and_null_is_its_default() -> None:
    assert patched({"keywords": {"x": True}})["keywords"] == {"x": True}
    assert patched({"keywords": None})["keywords"] == {}
    assert patched({"keywords/none": None}) == EMAIL
    assert patched({"nothing": None}) == EMAIL


def test_slash_and_tilde_are_escaped() -> None:
    assert patched({"keywords/a~1b~0c": True})["keywords"]["a/b~c"] is True


@pytest.mark.parametrize(
    "patch",
    [
        {"keywords": {}, "keywords/$seen": True},
        {"mailboxIds/M1/x": 1, "mailboxIds/M1": None},
        {"list/0/x": 2},
        {"list/0": 2},
        {"nothing/at/all": True},
        {"id/x": 1},
        {"keywords/~": True},
        {"keywords/~2": True},
    ],
)
def test_what_the_rules_forbid_is_an_invalid_patch(patch: dict[str, Any]) -> None:
    with pytest.raises(SetError) as caught:
        patched(patch)
    assert caught.value.kind == "invalidPatch"


values = st.none() | st.booleans() | st.dictionaries(st.sampled_from(["a", "$seen"]), st.booleans(), max_size=2)
keys = st.sampled_from(list(EMAIL)) | st.text(alphabet="keywords/$n~01M", max_size=12)


@given(st.dictionaries(keys, values, max_size=4))
@settings(max_examples=200)
def test_no_patch_raises_anything_else_or_changes_the_original(patch: dict[str, Any]) -> None:
    with contextlib.suppress(SetError):
        patched(patch)


@given(st.dictionaries(st.sampled_from(["keywords", "mailboxIds", "id", "list"]), st.integers(), max_size=4))
def test_a_whole_object_is_a_patch_too(given_object: dict[str, Any]) -> None:
    assert patched(given_object) == {**EMAIL, **given_object}
