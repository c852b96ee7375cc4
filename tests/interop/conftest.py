"""Real programs against a real server process. What is missing is skipped with its name; CI installs all of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import Process

pytestmark = pytest.mark.interop


@pytest.fixture
def program() -> Callable[[str], str]:
    """`program("swaks")` is its path; the test is skipped where the machine lacks it."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"needs {name}, which is not installed (CI installs it)")
        return path

    return find


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """A running server with two accounts."""
    with Process(tmp_path) as process:
        process.add_accounts()
        process.start()
        yield process


def run(*words: str, stdin: str = "", status: int | None = 0, timeout: float = 60, **more: object) -> str:
    """A command's output, both streams; its exit status is checked unless None."""
    done = subprocess.run(
        words, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, errors="replace", **more
    )  # type: ignore[call-overload]
    output: str = done.stdout + done.stderr
    assert status is None or done.returncode == status, output
    return output
