"""The socket filter, assembled: a banned source's packets are dropped, everything else passes.

It runs on every packet for a listening socket, before TCP sees it: a SYN that is dropped gets no answer at all.
Longest match alone would drop a banned address in an allowed network, and the allow list beats every ban (law 9): so
the allowed prefixes are a set of their own, asked first. Whatever the filter can't read passes: the acceptor asks the
guard again anyway. Not here: loading it (bpf.py).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum

PASS, DROP = -1, 0  # a socket filter answers how many octets of the packet to keep


class Reg(IntEnum):
    """eBPF's registers: R0 is a function's result, R1 to R5 its arguments, R6 to R9 outlive calls, R10 the stack's top."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R5 = 5
    R6 = 6
    FRAME = 10


class Op(IntEnum):
    """The operation codes used here (`BPF_*` in <linux/bpf.h> and <linux/bpf_common.h>)."""

    LOAD_WIDE = 0x18  # dst = 64-bit immediate, in two slots; src 1: the immediate is a map's file descriptor
    STORE_WORD = 0x62  # *(u32 *)(dst + offset) = immediate
    LOAD_BYTE = 0x71  # dst = *(u8 *)(src + offset)
    ADD = 0x07
    SHIFT_RIGHT = 0x77
    SET = 0xB7
    COPY = 0xBF
    JUMP = 0x05
    JUMP_EQUAL = 0x15
    JUMP_NOT_EQUAL = 0x55
    CALL = 0x85
    EXIT = 0x95


class Helper(IntEnum):
    """Functions of the kernel (`enum bpf_func_id`)."""

    MAP_LOOKUP = 1
    LOAD_BYTES_RELATIVE = 68


_FROM_NETWORK_HEADER = 1  # BPF_HDR_START_NET
_INSTRUCTION = struct.Struct("=BBhi")  # `struct bpf_insn`: opcode, registers, offset, immediate


@dataclass(frozen=True)
class Instruction:
    """One slot of 8 octets; `to` is the label that a jump goes to."""

    op: int
    dst: int = 0
    src: int = 0
    offset: int = 0
    immediate: int = 0
    to: str = ""

    def octets(self) -> bytes:
        """As the kernel reads it, on a little-endian machine."""
        return _INSTRUCTION.pack(self.op, self.dst | self.src << 4, self.offset, self.immediate)


class Assembler:
    """Instructions in a row, with labels for jumps. Jumps go forward only, as older verifiers demand."""

    def __init__(self) -> None:
        self._slots: list[Instruction] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        """The next instruction is where jumps to `name` land. Raises ValueError where the name is taken."""
        if name in self._labels:
            raise ValueError(f"label {name} twice")
        self._labels[name] = len(self._slots)

    def copy(self, to: Reg, of: Reg) -> None:
        """`to = of`."""
        self._slots.append(Instruction(Op.COPY, to, of))

    def set(self, to: Reg, value: int) -> None:
        """`to = value`, sign-extended from 32 bits."""
        self._slots.append(Instruction(Op.SET, to, immediate=value))

    def point(self, to: Reg, offset: int) -> None:
        """`to` points into the stack frame; `offset` is negative."""
        self.copy(to, Reg.FRAME)
        self._slots.append(Instruction(Op.ADD, to, immediate=offset))

    def store_word(self, offset: int, value: int) -> None:
        """32 bits into the stack frame."""
        self._slots.append(Instruction(Op.STORE_WORD, Reg.FRAME, offset=offset, immediate=value))

    def load_byte(self, to: Reg, offset: int) -> None:
        """An octet from the stack frame."""
        self._slots.append(Instruction(Op.LOAD_BYTE, to, Reg.FRAME, offset))

    def shift_right(self, what: Reg, bits: int) -> None:
        """`what >>= bits`, unsigned."""
        self._slots.append(Instruction(Op.SHIFT_RIGHT, what, immediate=bits))

    def load_map(self, to: Reg, fd: int) -> None:
        """The map with this file descriptor; takes two slots."""
        self._slots += [Instruction(Op.LOAD_WIDE, to, 1, immediate=fd), Instruction(0)]

    def call(self, helper: Helper) -> None:
        """R0 = helper(R1..R5); R1 to R5 are lost."""
        self._slots.append(Instruction(Op.CALL, immediate=helper))

    def jump(self, to: str) -> None:
        """Always."""
        self._slots.append(Instruction(Op.JUMP, to=to))

    def jump_equal(self, what: Reg, value: int, to: str) -> None:
        """If `what == value`."""
        self._slots.append(Instruction(Op.JUMP_EQUAL, what, immediate=value, to=to))

    def jump_not_equal(self, what: Reg, value: int, to: str) -> None:
        """If `what != value`."""
        self._slots.append(Instruction(Op.JUMP_NOT_EQUAL, what, immediate=value, to=to))

    def give(self, value: int) -> None:
        """Ends the program with an answer."""
        self.set(Reg.R0, value)
        self._slots.append(Instruction(Op.EXIT))

    def octets(self) -> bytes:
        """The program. Raises ValueError for a jump backwards or to nowhere."""
        return b"".join(self._resolved(at, slot).octets() for at, slot in enumerate(self._slots))

    def _resolved(self, at: int, slot: Instruction) -> Instruction:
        if not slot.to:
            return slot
        target = self._labels.get(slot.to, -1)
        if target <= at or target >= len(self._slots):
            raise ValueError(f"no label {slot.to} ahead of slot {at}")
        return replace(slot, offset=target - at - 1)


@dataclass(frozen=True)
class Maps:
    """File descriptors of the prefix sets for one address family."""

    allowed: int
    banned: int


_VERSION_AT = -40  # in the stack frame
_KEY_AT = -32  # the prefix length, then the address
_ADDRESS_AT = _KEY_AT + 4


def source_filter(v4: Maps, v6: Maps) -> bytes:
    """The program for listening sockets, IPv4, IPv6 and dual-stack alike: the packet itself tells its version."""
    code = Assembler()
    code.copy(Reg.R6, Reg.R1)  # the packet
    _load_bytes(code, offset=0, to=_VERSION_AT, count=1)
    code.jump_not_equal(Reg.R0, 0, "pass")
    code.load_byte(Reg.R1, _VERSION_AT)
    code.shift_right(Reg.R1, 4)
    code.jump_equal(Reg.R1, 4, "v4")
    code.jump_equal(Reg.R1, 6, "v6")
    code.jump("pass")
    code.label("v4")
    _judge(code, v4, source_at=12, size=4)
    code.label("v6")
    _judge(code, v6, source_at=8, size=16)
    code.label("drop")
    code.give(DROP)
    code.label("pass")
    code.give(PASS)
    return code.octets()


def _judge(code: Assembler, maps: Maps, source_at: int, size: int) -> None:
    code.store_word(_KEY_AT, size * 8)
    _load_bytes(code, offset=source_at, to=_ADDRESS_AT, count=size)
    code.jump_not_equal(Reg.R0, 0, "pass")
    _look_up(code, maps.allowed)
    code.jump_not_equal(Reg.R0, 0, "pass")
    _look_up(code, maps.banned)
    code.jump_equal(Reg.R0, 0, "pass")
    code.jump("drop")


def _load_bytes(code: Assembler, offset: int, to: int, count: int) -> None:
    """R0 = 0 if the packet had them. From the network header: the packet's data begins at TCP's."""
    code.copy(Reg.R1, Reg.R6)
    code.set(Reg.R2, offset)
    code.point(Reg.R3, to)
    code.set(Reg.R4, count)
    code.set(Reg.R5, _FROM_NETWORK_HEADER)
    code.call(Helper.LOAD_BYTES_RELATIVE)


def _look_up(code: Assembler, fd: int) -> None:
    """R0 = the entry of the longest prefix around the key, or 0."""
    code.load_map(Reg.R1, fd)
    code.point(Reg.R2, _KEY_AT)
    code.call(Helper.MAP_LOOKUP)
