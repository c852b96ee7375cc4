"""Checks what the linters don't: file sizes, names that say nothing, and the RFC matrix against the code's citations."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOO_LONG = 500
VAGUE = {"common", "utils", "util", "helpers", "helper", "misc", "manager", "base"}
CITATION = re.compile(r"RFC (\d{3,5})")


def tracked(suffix: str) -> list[Path]:
    """Files under version control, or about to be."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"*{suffix}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = (
        done.stdout.split("\n")
        if done.returncode == 0
        else [str(p.relative_to(ROOT)) for p in ROOT.rglob(f"*{suffix}")]
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file() and not name.startswith(".venv")]


def main() -> int:
    """Prints every fault; exit status 1 if there is one."""
    faults: list[str] = []
    known = set(tomllib.loads((ROOT / "docs" / "rfc.toml").read_text())["rfc"])
    for path in tracked(".py"):
        name, text = path.relative_to(ROOT), path.read_text(encoding="utf-8")
        if name.parts[0] == "gatepost":
            lines = text.count("\n")
            if lines > TOO_LONG:
                faults.append(f"{name}: {lines} lines; {TOO_LONG} is the limit: split it")
            if VAGUE & set(name.with_suffix("").parts):
                faults.append(f"{name}: a name that says nothing")
            if text.strip() and not text.lstrip().startswith(('"""', "#!")):
                faults.append(f"{name}: no module docstring")
        faults += [
            f"{name}: RFC {number} is not in docs/rfc.toml" for number in sorted(set(CITATION.findall(text)) - known)
        ]
    print("\n".join(faults) or "house: no faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
