"""The assembler and the program, without a kernel."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest

from gatepost.adapters.kernel.bpf import Rejected, System
from gatepost.adapters.kernel.drop import KernelDrop
from gatepost.adapters.kernel.program import DROP, PASS, Assembler, Maps, Op, Reg, source_filter


def instructions(code: bytes) -> list[tuple[int, int, int]]:
    """(operation, offset, immediate) of each slot."""
    return [(op, offset, immediate) for op, _, offset, immediate in struct.iter_unpack("=BBhi", code)]


def test_a_jump_counts_the_slots_between() -> None:
    code = Assembler()
    code.jump_equal(Reg.R1, 4, "end")
    code.load_map(Reg.R1, 7)  # two slots
    code.label("end")
    code.give(PASS)
    assert instructions(code.octets()) == [
        (Op.JUMP_EQUAL, 2, 4),
        (Op.LOAD_WIDE, 0, 7),
        (0, 0, 0),
        (Op.SET, 0, -1),
        (Op.EXIT, 0, 0),
    ]


def test_registers_share_an_octet() -> None:
    code = Assembler()
    code.copy(Reg.R6, Reg.R1)
    assert code.octets() == bytes([0xBF, 0x16, 0, 0, 0, 0, 0, 0])


def test_the_stack_is_below_its_top() -> None:
    code = Assembler()
    code.store_word(-32, 128)
    code.point(Reg.R2, -32)
    assert code.octets() == struct.pack("=BBhiBBhiBBhi", 0x62, 10, -32, 128, 0xBF, 0xA2, 0, 0, 0x07, 2, 0, -32)


def test_jumps_to_nowhere_and_backwards_are_refused() -> None:
    nowhere = Assembler()
    nowhere.jump("there")
    nowhere.give(DROP)
    with pytest.raises(ValueError, match="no label there"):
        nowhere.octets()
    backwards = Assembler()
    backwards.label("start")
    backwards.give(DROP)
    backwards.jump("start")
    with pytest.raises(ValueError, match="no label start"):
        backwards.octets()


def test_a_label_stands_for_one_place() -> None:
    code = Assembler()
    code.label("here")
    with pytest.raises(ValueError, match="twice"):
        code.label("here")


def test_each_map_is_asked_once_the_allowed_first() -> None:
    code = instructions(source_filter(Maps(allowed=11, banned=12), Maps(allowed=13, banned=14)))
    assert [immediate for op, _, immediate in code if op == Op.LOAD_WIDE] == [11, 12, 13, 14]
    assert [code[at - 1][2] for at, slot in enumerate(code) if slot[0] == Op.EXIT] == [DROP, PASS]
    assert len(code) < 4096  # what the oldest kernels take


def test_the_verifier_says_what_it_refuses(attach: Callable[..., KernelDrop]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        attach(listener)  # skips where there is no kernel drop
    code = Assembler()
    code.copy(Reg.R0, Reg.R5)  # never set
    code.give(PASS)
    with pytest.raises(Rejected, match="R5 !read_ok"):
        System().load_filter(code.octets(), "wrong")
