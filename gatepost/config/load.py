"""Finds, reads and checks the configuration. A fault is told with its key's path, what was expected, and the nearest key."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from gatepost.config.options import Endpoint, Options
from gatepost.model.units import Duration, Rate, Size

ENVIRONMENT = "GATEPOST_CONFIG"
PLACES = (Path("gatepost.toml"), Path("/etc/gatepost/gatepost.toml"))


class BadConfig(Exception):
    """The text is one sentence for an administrator."""


def find(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file to use: given, GATEPOST_CONFIG, ./gatepost.toml, /etc/gatepost/gatepost.toml; None for none. A file that
    was named and is not there is BadConfig."""
    named = given or (Path(environment[ENVIRONMENT]) if environment.get(ENVIRONMENT) else None)
    if named is not None:
        if not named.is_file():
            raise BadConfig(f"{named}: no such file")
        return named
    return next((place for place in PLACES if place.is_file()), None)


def load(path: Path | None) -> Options:
    """The options of a file, or the defaults. A relative `data` counts from the file's folder. Raises BadConfig."""
    if path is None:
        return Options()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path}: {error}") from error
    options = parse(text, str(path))
    if not os.path.isabs(options.data):
        options = msgspec.structs.replace(options, data=str((path.parent / options.data).resolve()))
    return options


def parse(text: str, name: str = "configuration") -> Options:
    """Raises BadConfig."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{name}: {error}") from error
    try:
        tree = _shaped(tree, Options, "")
        options = msgspec.convert(tree, Options, dec_hook=_read, from_attributes=True)
    except msgspec.ValidationError as error:
        raise BadConfig(f"{name}: {_in_words(str(error))}") from error
    except BadConfig as error:
        raise BadConfig(f"{name}: {error}") from error
    return options


def _read(kind: type, value: object) -> object:
    for unit in (Duration, Size):
        if kind is unit:
            try:
                return unit.read(value)
            except ValueError as error:
                raise ValueError(f"expected {error}, got {value!r}") from error
    raise NotImplementedError(kind)


def _shaped(tree: dict[str, Any], kind: type[msgspec.Struct], path: str) -> dict[str, Any]:
    """The tree with rates and endpoints read. Unknown keys are told with the nearest known one, which msgspec would not."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    out: dict[str, Any] = {}
    for key, value in tree.items():
        where = f"{path}.{key}" if path else key
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(fields)}"
            raise BadConfig(f"{where}: unknown key{hint}")
        inner = section_of(fields[key].type)
        if inner is not None:
            if not isinstance(value, dict):
                raise BadConfig(f"{where}: expected a section, got {value!r}")
            out[key] = _shaped(value, inner, where)
        else:
            out[key] = _written(bare(fields[key].type), value, where)
    return out


def _written(kind: Any, value: Any, where: str) -> Any:
    """A value of a type that is written as text and is not one of msgspec's own."""
    if get_origin(kind) is tuple and isinstance(value, list):
        return [_written(get_args(kind)[0], item, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind in (Rate, Endpoint):
        try:
            return kind.read(value)
        except ValueError as error:
            raise BadConfig(f"{where}: expected {error}, got {value!r}") from error
    return value


def bare(annotation: Any) -> Any:
    """A field's type without its `Annotated`."""
    return getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation


def section_of(annotation: Any) -> type[msgspec.Struct] | None:
    """The options type of a section's field, or None for a plain value."""
    kind = bare(annotation)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in (Endpoint, Rate):
        return kind
    return None


def _in_words(text: str) -> str:
    """msgspec's `Expected X, got Y - at `$.a.b`` as `a.b: expected X, got Y`."""
    what, at, path = text.partition(" - at `$.")
    what = what[:1].lower() + what[1:]
    return f"{path.rstrip('`')}: {what}" if at else what
