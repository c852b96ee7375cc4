"""Asks a running server over its socket, or the data folder itself where no server runs."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import msgspec

from gatepost.adapters.lock import BadFolder, FolderInUse
from gatepost.cli.output import Sorry
from gatepost.config.load import BadConfig, find, load
from gatepost.config.options import Options
from gatepost.model.errors import CannotStart, StorageUnavailable
from gatepost.services.admin.protocol import ADMIN_SOCKET, Refused

if TYPE_CHECKING:
    from gatepost.house import House

ANSWER_WITHIN = 60.0
"""Seconds."""


class Client:
    """One command's view of the server. `config` and `data` as given on the command line."""

    def __init__(self, config: Path | None, data: Path | None = None) -> None:
        self.given, self._data = config, data

    @property
    def chosen(self) -> bool:
        """Whether a configuration or data folder was named on the command line."""
        return self.given is not None or self._data is not None

    def options(self) -> Options:
        """The configuration in force. Raises Sorry."""
        try:
            options = load(find(self.given))
        except BadConfig as error:
            raise Sorry(str(error)) from error
        return options if self._data is None else msgspec.structs.replace(options, data=str(self._data.resolve()))

    def ask(self, operation: str, **arguments: Any) -> Any:
        """The operation's result. Raises Sorry."""
        options = self.options()
        path = Path(options.data) / ADMIN_SOCKET
        try:
            return _over_socket(path, operation, arguments)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return asyncio.run(_in_folder(options, operation, arguments))
        except PermissionError as error:
            raise Sorry(f"{path}: permission denied; ask as the user who runs the server") from error
        except OSError as error:
            raise Sorry(f"the server at {path} does not answer: {error}") from error

    def session(self) -> Session:
        """For commands that ask many times. Raises Sorry."""
        return Session(self.options())

    def running(self) -> bool:
        """Whether a server answers on the data folder's socket."""
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(Path(self.options().data) / ADMIN_SOCKET))
        except OSError:
            return False
        return True


class Session:
    """Many operations in a row: one connection to a running server, or the folder opened once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._socket: socket.socket | None = None
        self._house: House | None = None
        self._runner: asyncio.Runner | None = None

    def __enter__(self) -> Self:
        path = Path(self._options.data) / ADMIN_SOCKET
        try:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(path))  # no time limit: checking a large account takes minutes
            self._file = self._socket.makefile("rb")
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            self._close_socket()
            self._runner = asyncio.Runner()
            self._house = self._runner.run(_open(self._options))
        except OSError as error:
            self._close_socket()
            raise Sorry(f"the server at {path} does not answer: {error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._close_socket()
        if self._runner is not None:
            if self._house is not None:
                self._runner.run(self._house.close())
            self._runner.close()

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, operation: str, **arguments: Any) -> Any:
        """The operation's result. Raises Sorry."""
        if self._socket is None:
            assert self._runner is not None
            assert self._house is not None
            try:
                return self._runner.run(self._house.administration.call(operation, arguments))
            except Refused as error:
                raise Sorry(str(error)) from error
        try:
            return _exchange(self._socket, self._file, operation, arguments)
        except OSError as error:
            raise Sorry(f"the server went away: {error}") from error


def _over_socket(path: Path, operation: str, arguments: dict[str, Any]) -> Any:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ANSWER_WITHIN)
        sock.connect(str(path))
        with sock.makefile("rb") as file:
            return _exchange(sock, file, operation, arguments)


def _exchange(sock: socket.socket, file: BinaryIO, operation: str, arguments: dict[str, Any]) -> Any:
    sock.sendall(msgspec.json.encode({"operation": operation, "arguments": arguments}) + b"\n")
    line = file.readline()
    if not line:
        raise Sorry("the server closed the connection; its log says why")
    answer = msgspec.json.decode(line)
    if "refused" in answer:
        raise Sorry(answer["refused"])
    return answer["result"]


async def _open(options: Options) -> House:
    from gatepost.house import House  # the whole house is slow to import, and not needed where a server answers

    quiet = msgspec.structs.replace(options, log=msgspec.structs.replace(options.log, level="warning"))
    try:
        return House(quiet)
    except FolderInUse as error:
        raise Sorry(f"{error}, which does not answer on its socket") from error
    except (BadFolder, StorageUnavailable, CannotStart) as error:
        raise Sorry(str(error)) from error


async def _in_folder(options: Options, operation: str, arguments: dict[str, Any]) -> Any:
    house = await _open(options)
    try:
        return await house.administration.call(operation, arguments)
    except Refused as error:
        raise Sorry(str(error)) from error
    finally:
        await house.close()
