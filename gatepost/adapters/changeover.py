"""How all of a restored server takes the place of the one in a data folder.

Law: at every moment, a kill included, the folder holds the old server whole or the new one, or says that it is between the two.
The new one is put together in `restoring` while nothing else is touched. Once it is whole and on disk it is called `restored`,
and from then on it takes its place in steps of which each can be gone on with: by the next start or by the next restore.
For whoever holds the folder's lock.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from gatepost.adapters.ondisk import sync
from gatepost.adapters.sqlite.connections import make_folder

SERVER, MAIL = "gatepost.db", "mail"
_RESTORING, _RESTORED, _ASIDE = "restoring", "restored", "aside"


def held(folder: Path) -> list[Path]:
    """What a data folder holds of a server."""
    return [path for path in (*sorted(folder.glob(f"{SERVER}*")), folder / MAIL) if path.exists()]


def begin(folder: Path) -> Path:
    """An empty folder to put the new server together in, as `SERVER` and `MAIL`. Raises OSError."""
    finish(folder)
    place = folder / _RESTORING
    make_folder(place / MAIL)
    return place


def change(folder: Path, aside: str) -> Path:
    """What `begin` gave takes its place; where what was there has gone: into `aside`, or a name like it if that is there already.
    Raises OSError."""
    place = folder / _RESTORING
    names = (aside, *(f"{aside}-{number}" for number in range(2, 100)))
    aside = next(name for name in names if not (folder / name).exists())
    (place / _ASIDE).write_text(aside, "utf-8")
    for path in (place / SERVER, place / _ASIDE, place / MAIL, place):
        sync(path)
    place.rename(folder / _RESTORED)
    sync(folder)
    finish(folder)
    return folder / aside


def finish(folder: Path) -> None:
    """Goes on with what a kill broke off, if anything. Raises OSError."""
    restored, restoring = folder / _RESTORED, folder / _RESTORING
    if restored.is_dir():
        aside = folder / (restored / _ASIDE).read_text("utf-8")
        if (restored / SERVER).exists():  # so that none in the folder is the new one's
            _put_aside(folder.glob(f"{SERVER}*"), aside)
            (restored / SERVER).rename(folder / SERVER)
            sync(folder)
        if (restored / MAIL).exists():
            _put_aside([folder / MAIL], aside)
            (restored / MAIL).rename(folder / MAIL)
            sync(folder)
        restored.rename(restoring)
    if restoring.is_dir():
        shutil.rmtree(restoring)
        sync(folder)


def _put_aside(paths: Iterable[Path], aside: Path) -> None:
    for path in sorted(path for path in paths if path.exists()):
        make_folder(aside)
        path.rename(aside / path.name)
        sync(aside)
