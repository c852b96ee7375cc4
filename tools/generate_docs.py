"""Writes the generated pages of docs/, or with --check tells which are out of date."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from gatepost.config.reference import reference
from gatepost.guard.abuse_options import AbuseOptions
from gatepost.guard.rules.abuse import ABUSES

DOCS = Path(__file__).resolve().parent.parent / "docs"

RFC_HEAD = """# Standards

Generated from `docs/rfc.toml`; do not edit. *yes*: as written; *partial*: see the note; *no*: known and not done.

| RFC | title | state | note |
|---|---|---|---|
"""


def rfc_matrix() -> str:
    """docs/rfc.md."""
    rows = tomllib.loads((DOCS / "rfc.toml").read_text(encoding="utf-8"))["rfc"]
    out = RFC_HEAD
    for number in sorted(rows, key=int):
        row = rows[number]
        out += f"| {number} | {row['title']} | {row['state']} | {row.get('note', '')} |\n"
    return out


ABUSE_BEGIN, ABUSE_END = "<!-- made from gatepost/guard/rules/abuse/ -->\n", "<!-- end -->\n"


def abuse_page() -> str:
    """docs/guard-abuse.md, with its table of kinds renewed."""
    text = (DOCS / "guard-abuse.md").read_text(encoding="utf-8")
    head, _, rest = text.partition(ABUSE_BEGIN)
    _, _, tail = rest.partition(ABUSE_END)
    table = "| kind | points | free a day | what it is | what spares the innocent |\n|---|---|---|---|---|\n"
    for rule in ABUSES.values():
        weight = rule.weight(AbuseOptions())
        table += f"| `{rule.kind}` | {weight.points:g} | {weight.free} | {rule.what} | {rule.spares} |\n"
    return head + ABUSE_BEGIN + table + ABUSE_END + tail


def main() -> int:
    """Exit status 1 if --check finds a page out of date."""
    pages = {"configuration.md": reference(), "rfc.md": rfc_matrix(), "guard-abuse.md": abuse_page()}
    stale = []
    for name, text in pages.items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`")
        return 1
    print(f"written: {', '.join(stale)}" if stale else "docs: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
