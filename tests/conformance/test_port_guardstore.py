"""The guard's durable map."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.ports.guardstore import GuardStore, Record


async def test_what_was_saved_is_there_for_the_next_process(guard_stores: Callable[[], GuardStore]) -> None:
    store = guard_stores()
    assert list(store.load()) == []
    await store.save([Record("ban", b"\x00k", b"v"), Record("ban", b"b", b"1"), Record("seen", b"b", b"2")])
    await store.save([Record("ban", b"b", None), Record("seen", b"b", b"3"), Record("seen", b"nothing", None)])
    await store.save([])
    expected = {("ban", b"\x00k", b"v"), ("seen", b"b", b"3")}
    assert {(r.table, r.key, r.value) for r in store.load()} == expected
    assert {(r.table, r.key, r.value) for r in guard_stores().load()} == expected


async def test_the_last_record_of_a_key_counts(guard_stores: Callable[[], GuardStore]) -> None:
    store = guard_stores()
    await store.save([Record("a", b"k", b"1"), Record("a", b"k", None), Record("a", b"k", b"2")])
    assert [r.value for r in store.load()] == [b"2"]
