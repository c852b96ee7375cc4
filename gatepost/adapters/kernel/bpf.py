"""The bpf(2) system call, as much of it as a socket filter and its maps need: ctypes, no library, no compiler.

Attributes are written as `struct` formats after `union bpf_attr` in <linux/bpf.h>. Buffers are made once per map: an
update is then one system call and two copies. Not here: what the program does (program.py), what is in the maps
(drop.py).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_MAP_CREATE, _MAP_UPDATE, _MAP_DELETE, _PROG_LOAD, _MAP_UPDATE_BATCH = 0, 2, 3, 5, 26
_SYSCALL = {"x86_64": 321, "aarch64": 280}
_LPM_TRIE = 11
_NO_PREALLOC = 1  # tries demand it: a node is allocated when it is needed
_SOCKET_FILTER = 1
_LOADS = 5

_CREATE = struct.Struct("=5I8x16s")  # map_type, key_size, value_size, max_entries, map_flags, map_name
_ELEMENT = struct.Struct("=I4x3Q")  # map_fd, key, value, flags
_LOAD = struct.Struct("=2I2Q2IQ2I16s")  # type, count, insns, license, log_level, log_size, log_buf, ..., prog_name
_BATCH = struct.Struct("=4Q2I2Q")  # in_batch, out_batch, keys, values, count, map_fd, elem_flags, flags
_COUNT_AT = 32  # where the kernel writes how many elements of a batch it took

BATCH_KEYS = 65_536
"""Keys handed to the kernel in one batch, at most."""

_ENOTSUPP = 524  # the kernel's own number for "not supported", which it lets out to programs here
_NO_BATCHES = frozenset({errno.EINVAL, errno.EOPNOTSUPP, _ENOTSUPP})  # Linux before 5.16, for tries


class NoBpf(Exception):
    """There is no bpf(2) to call on this system; the text says why."""


class Rejected(Exception):
    """The kernel's verifier refused the program; the text is the end of its log."""


def _prepare() -> tuple[int, ctypes.CDLL]:
    if sys.platform != "linux":
        raise NoBpf(f"the kernel drop needs Linux, this is {sys.platform}")
    number = _SYSCALL.get(platform.machine())
    if number is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise NoBpf(f"the kernel drop knows x86_64 and aarch64 (64 bits), this is {platform.machine()}")
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint)
    library.syscall.restype = ctypes.c_long
    return number, library


class System:
    """The system call itself. Raises NoBpf where there is none."""

    def __init__(self) -> None:
        self._number, library = _prepare()
        self._syscall = library.syscall

    def call(self, command: int, attributes: int, size: int) -> int:
        """The result of a command on the attributes at an address; -1 leaves the reason in `ctypes.get_errno()`."""
        result: int = self._syscall(self._number, command, attributes, size)
        return result

    def checked(self, command: int, attributes: bytes) -> int:
        """The same for attributes as octets. Raises OSError."""
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        result = self.call(command, ctypes.addressof(buffer), len(attributes))
        if result < 0:
            raise _error()
        return result

    def load_filter(self, instructions: bytes, name: str) -> int:
        """Loads a socket filter; its file descriptor comes back. Raises OSError, Rejected."""
        code = ctypes.create_string_buffer(instructions, len(instructions))
        licence = ctypes.create_string_buffer(b"Apache-2.0")

        def attributes(log: int, size: int) -> bytes:
            return _LOAD.pack(
                _SOCKET_FILTER,
                len(instructions) // 8,
                ctypes.addressof(code),
                ctypes.addressof(licence),
                1 if size else 0,
                size,
                log,
                0,
                0,
                name.encode()[:15],
            )

        for _ in range(_LOADS):
            try:
                return self.checked(_PROG_LOAD, attributes(0, 0))
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EINVAL):
                    break
                if error.errno != errno.EAGAIN:  # a signal came while the program was verified
                    raise
        log = ctypes.create_string_buffer(65_536)
        try:
            return self.checked(_PROG_LOAD, attributes(ctypes.addressof(log), len(log)))
        except OSError as error:
            raise Rejected(log.value.decode("ascii", "replace")[-400:].strip() or str(error)) from error


class PrefixSet:
    """A longest-prefix-match trie in the kernel, used as a set of prefixes of one address family.

    A key is the prefix length (4 octets, native order) and the address (network order). One thread at a time.
    """

    def __init__(self, system: System, address_size: int, capacity: int, name: str) -> None:
        """`address_size` in octets: 4 or 16. Raises OSError."""
        self._system = system
        self._key_size = 4 + address_size
        self.fd = system.checked(
            _MAP_CREATE,
            _CREATE.pack(_LPM_TRIE, self._key_size, 4, capacity, _NO_PREALLOC, name.encode()[:15]),
        )
        self._batches = True
        self._key = ctypes.create_string_buffer(self._key_size)
        self._value = ctypes.create_string_buffer(b"\1\0\0\0", 4)
        key, value = ctypes.addressof(self._key), ctypes.addressof(self._value)
        self._addition = ctypes.create_string_buffer(_ELEMENT.pack(self.fd, key, value, 0), _ELEMENT.size)
        self._removal = ctypes.create_string_buffer(_ELEMENT.pack(self.fd, key, 0, 0), _ELEMENT.size)
        self._addition_at, self._removal_at = ctypes.addressof(self._addition), ctypes.addressof(self._removal)

    def add(self, key: bytes) -> int:
        """0, or the error's number: ENOSPC where the set is full. A key that is there already is no error."""
        return self._do(_MAP_UPDATE, self._addition_at, key)

    def remove(self, key: bytes) -> int:
        """0, or the error's number: ENOENT where it was not there."""
        return self._do(_MAP_DELETE, self._removal_at, key)

    def _do(self, command: int, attributes: int, key: bytes) -> int:
        self._key.raw = key
        if self._system.call(command, attributes, _ELEMENT.size) < 0:
            return ctypes.get_errno()
        return 0

    def add_all(self, keys: bytes) -> tuple[int, int]:
        """Many keys, one after the other in `keys`: (how many were taken, the error's number that ended it or 0)."""
        size, taken, total = self._key_size, 0, len(keys) // self._key_size
        while self._batches and taken < total:
            count = min(BATCH_KEYS, total - taken)
            done, error = self._batch(keys[taken * size : (taken + count) * size], count)
            taken += done
            if error:
                self._batches = error not in _NO_BATCHES
                break  # one by one from here: the first that is refused says why
        while taken < total:
            error = self.add(keys[taken * size : (taken + 1) * size])
            if error:
                return taken, error
            taken += 1
        return taken, 0

    def _batch(self, keys: bytes, count: int) -> tuple[int, int]:
        octets = ctypes.create_string_buffer(keys, len(keys))
        values = ctypes.create_string_buffer(b"\1\0\0\0" * count, count * 4)
        packed = _BATCH.pack(0, 0, ctypes.addressof(octets), ctypes.addressof(values), count, self.fd, 0, 0)
        attributes = ctypes.create_string_buffer(packed, len(packed))
        if self._system.call(_MAP_UPDATE_BATCH, ctypes.addressof(attributes), len(packed)) >= 0:
            return count, 0
        error = ctypes.get_errno()
        done = int.from_bytes(attributes.raw[_COUNT_AT : _COUNT_AT + 4], sys.byteorder)
        return (done if done < count else 0), error  # refused at once, the kernel leaves the number as it was

    def close(self) -> None:
        """The set lives on while a program that uses it does."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
