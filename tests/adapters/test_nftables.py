"""Bans for nftables: the scripts as text, the thread with a recorder in nft's place, and nft itself in a namespace."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.nftables import NftExport, NftSink, script
from gatepost.guard.verdicts import Admission
from gatepost.journal import Journal
from gatepost.model.address import Network, parse_network
from gatepost.model.events import Administered, BanEnded, Banned, Event, Evidence, Failed, Warned

TABLE = "inet gatepost"
ROOT = Path(__file__).resolve().parents[2]
NOW = 1_000_000.0


def networks(*texts: str) -> list[Network]:
    return [parse_network(text) for text in texts]


class TestScripts:
    def test_a_source_is_replaced_whether_it_is_there_or_not(self) -> None:
        [a, b, c] = networks("192.0.2.1", "192.0.2.2", "2001:db8::/64")
        [text] = script.sources(TABLE, [a, b, c], {a: NOW + 9.2, c: NOW + 60}, NOW)
        assert text == textwrap.dedent("""\
            add element inet gatepost banned4 { 192.0.2.1, 192.0.2.2 }
            delete element inet gatepost banned4 { 192.0.2.1, 192.0.2.2 }
            add element inet gatepost banned4 { 192.0.2.1 timeout 10s }
            add element inet gatepost banned6 { 2001:db8:: }
            delete element inet gatepost banned6 { 2001:db8:: }
            add element inet gatepost banned6 { 2001:db8:: timeout 60s }
        """)

    def test_what_is_over_is_only_removed(self) -> None:
        [a] = networks("192.0.2.1")
        [text] = script.sources(TABLE, [a], {a: NOW}, NOW)
        assert text.split("\n")[1:] == ["delete element inet gatepost banned4 { 192.0.2.1 }", ""]

    def test_a_ban_without_end_has_no_timeout(self) -> None:
        [a] = networks("192.0.2.1")
        [text] = script.sources(TABLE, [a], {a: 253_402_300_799.0}, NOW)
        assert text.endswith("add element inet gatepost banned4 { 192.0.2.1 }\n")

    def test_many_sources_are_several_transactions(self) -> None:
        many = [Network(4, number, 32) for number in range(script.MOST + 1)]
        texts = list(script.sources(TABLE, many, {}, NOW))
        assert [text.count(", ") for text in texts] == [2 * (script.MOST - 1), 0]

    def test_only_outermost_networks(self) -> None:
        text = script.networks(
            TABLE,
            zip(
                networks("10.0.1.0/24", "10.0.0.0/16", "10.0.1.128/25", "10.1.0.0/16", "2001:db8::/32", "2001:db8::1"),
                [NOW + 500, NOW + 50, NOW + 5000, NOW + 7, NOW + 8, NOW + 9],
                strict=True,
            ),
            NOW,
        )
        assert text == textwrap.dedent("""\
            flush set inet gatepost networks4
            add element inet gatepost networks4 { 10.0.0.0/16 timeout 50s, 10.1.0.0/16 timeout 7s }
            flush set inet gatepost networks6
            add element inet gatepost networks6 { 2001:db8::/32 timeout 8s }
        """)

    def test_a_network_that_ended_uncovers_the_one_within(self) -> None:
        text = script.networks(TABLE, zip(networks("10.0.0.0/16", "10.0.1.0/24"), [NOW, NOW + 5], strict=True), NOW)
        assert "{ 10.0.1.0/24 timeout 5s }" in text

    def test_the_allow_list_is_written_anew(self) -> None:
        assert script.allowed(TABLE, networks("127.0.0.0/8", "::1", "10.0.0.1")) == textwrap.dedent("""\
            flush set inet gatepost allowed4
            add element inet gatepost allowed4 { 10.0.0.1, 127.0.0.0/8 }
            flush set inet gatepost allowed6
            add element inet gatepost allowed6 { ::1 }
        """)

    @pytest.mark.parametrize(
        "name", ["gatepost", "ip gatepost", "inet a b", "inet x; flush ruleset", "inet x\n", "inet "]
    )
    def test_no_other_table(self, name: str) -> None:
        with pytest.raises(ValueError, match="not the name of a table"):
            script.checked_table(name)


class Recorder:
    """A program in nft's place: it writes what it is told into a pipe, and fails while a file says so."""

    def __init__(self, folder: Path) -> None:
        self.pipe, self.failing = folder / "pipe", folder / "failing"
        os.mkfifo(self.pipe)
        program = (
            "import json, os, sys; text = sys.stdin.read(); failing = os.path.exists(sys.argv[2])\n"
            "with open(sys.argv[1], 'w') as pipe: json.dump([sys.argv[3:], text], pipe)\n"
            "sys.exit('no such table\\nmore' if failing else 0)"
        )
        self.command = (sys.executable, "-c", program, str(self.pipe), str(self.failing))

    async def script(self) -> str:
        """The next run's; waits for it."""
        arguments, text = json.loads(await asyncio.to_thread(self.pipe.read_text))
        assert arguments == ["-f", "-"]
        assert isinstance(text, str)
        return text


class Exported:
    """An export to a recorder. `heard` is set at each event."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.nft = Recorder(folder)
        self.clock = SystemClock()
        self.journal = Journal(self.events.put_nowait)
        self.export = NftExport(
            self.journal,
            self.clock,
            command=self.nft.command,
            interval=0.01,
            **options,  # type: ignore[arg-type]
        )

    async def close(self) -> None:
        """Its last word removes the table."""
        closing = asyncio.create_task(self.export.close())
        while (text := await self.nft.script()) != script.removal(TABLE):
            assert text
        await closing


async def test_the_table_first_then_what_changes(tmp_path: Path) -> None:
    exported = Exported(tmp_path)
    [a, b, wide, home] = networks("192.0.2.1", "192.0.2.2", "198.51.100.0/24", "192.0.2.3")
    soon = exported.clock.now() + 3600
    exported.export.load([(a, soon), (wide, soon)])
    exported.export.allow(home)
    exported.export.start()
    table, bans = await exported.nft.script(), await exported.nft.script()
    assert table.startswith(script.setup(TABLE))
    assert "add element inet gatepost allowed4 { 192.0.2.3 }\n" in table
    assert "networks4 { 198.51.100.0/24 timeout 3600s }\n" in table
    assert bans.endswith("add element inet gatepost banned4 { 192.0.2.1 timeout 3600s }\n")
    exported.export.ban(b, soon)
    changes = await exported.nft.script()
    assert "192.0.2.2 timeout 3600s" in changes
    assert "192.0.2.1" not in changes
    exported.export.lift(b)
    assert (await exported.nft.script()).split("\n")[1:] == ["delete element inet gatepost banned4 { 192.0.2.2 }", ""]
    exported.export.disallow(home)
    assert "allowed4 {" not in await exported.nft.script()
    await exported.close()


async def test_what_comes_during_a_run_is_one_more_run(tmp_path: Path) -> None:
    exported = Exported(tmp_path)
    exported.export.start()  # the first run now waits for somebody to read
    for number in range(100):
        exported.export.ban(Network(4, 0xC0000200 + number, 32), exported.clock.now() + 60)
    text = await exported.nft.script()
    while "timeout 60s" not in text:
        text = await exported.nft.script()
    assert text.count("timeout 60s") == 100
    await exported.close()


async def test_more_changes_than_are_queued_write_everything(tmp_path: Path) -> None:
    exported = Exported(tmp_path)
    exported.export.start()
    assert (await exported.nft.script()).startswith(script.setup(TABLE))
    soon = exported.clock.now() + 60
    exported.export.load((Network(4, 0x0B000000 + number, 32), soon) for number in range(100_001))
    texts = [await exported.nft.script() for _ in range(4)]
    assert texts[0].startswith(script.setup(TABLE))
    assert [text.count("timeout 60s") for text in texts[1:]] == [50_000, 50_000, 1]
    await exported.close()


async def test_a_failure_is_told_once_and_mended_by_writing_everything(tmp_path: Path) -> None:
    exported = Exported(tmp_path)
    exported.nft.failing.touch()
    exported.export.ban(parse_network("192.0.2.1"), exported.clock.now() + 60)
    exported.export.start()
    for _ in range(3):
        assert (await exported.nft.script()).startswith(script.setup(TABLE))
    failed = await exported.events.get()
    assert isinstance(failed, Failed)
    assert failed.text == "bans are not exported: no such table"
    assert exported.events.empty()
    exported.nft.failing.unlink()
    while "192.0.2.1" not in await exported.nft.script():
        pass
    assert isinstance(await exported.events.get(), Warned)
    await exported.close()


async def test_a_missing_program_is_a_failure_like_another() -> None:
    events: asyncio.Queue[Event] = asyncio.Queue()
    export = NftExport(Journal(events.put_nowait), SystemClock(), command=("/nonexistent/nft",))
    export.start()
    failed = await events.get()
    assert isinstance(failed, Failed)
    assert "/nonexistent/nft can't be run" in failed.text
    await export.close()


async def test_more_bans_than_wanted_are_told_once(tmp_path: Path) -> None:
    exported = Exported(tmp_path, capacity=1)
    for text in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        exported.export.ban(parse_network(text), exported.clock.now() + 60)
    assert isinstance(exported.events.get_nowait(), Warned)
    assert exported.events.empty()
    exported.export.start()
    await exported.nft.script()
    assert (await exported.nft.script()).count("timeout") == 1
    await exported.close()


async def test_the_sink_exports_what_is_dropped(tmp_path: Path) -> None:
    exported = Exported(tmp_path)
    confined = parse_network("192.0.2.9")

    def admit(address: object) -> Admission:
        return Admission.CONFINED if getattr(address, "source", None) == confined else Admission.DROP

    sink = NftSink(exported.export, admit, never=networks("127.0.0.0/8"))

    def banned(network: str, scope: str = "all", by: str = "guard", enforced: bool = True) -> None:
        at = exported.clock.now()
        evidence = Evidence(reason="test")
        sink(
            Banned(
                at=at,
                network=network,
                until=at + 60,
                number=1,
                by=by,
                evidence=evidence,
                enforced=enforced,
                scope=scope,
            )
        )

    banned("192.0.2.1")
    banned("192.0.2.2")
    banned("192.0.2.3", enforced=False)
    banned("192.0.2.4", scope="confined")
    banned("192.0.2.9")
    banned("198.51.100.0/24", scope="strangers")
    banned("203.0.113.0/24", by="ada")
    sink(BanEnded(at=0.0, network="192.0.2.2", why="lifted"))
    for operation, subject in (
        ("allow.add", "10.0.0.1"),
        ("allow.add", "127.0.0.0/8"),
        ("allow.remove", "127.0.0.0/8"),
    ):
        sink(Administered(at=0.0, operation=operation, subject=subject, by="test"))
    exported.export.start()
    table, bans = await exported.nft.script(), await exported.nft.script()
    assert "networks4 { 203.0.113.0/24 timeout 60s }" in table
    assert "allowed4 { 10.0.0.1, 127.0.0.0/8 }" in table
    assert bans.endswith("add element inet gatepost banned4 { 192.0.2.1 timeout 60s }\n")
    await exported.close()


# -- nft itself --------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def in_namespace() -> Callable[[str], list[str]]:
    """Runs a Python script in a network namespace of its own; its printed lines come back."""
    for name in ("unshare", "ip", "nft"):
        if shutil.which(name) is None:
            pytest.skip(f"needs the program {name}")
    unshare = ["unshare", "--net"]
    probe = subprocess.run([*unshare, "nft", "list", "ruleset"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"nft can't be used in a network namespace here: {probe.stderr.strip()[:200]}")

    def run(text: str) -> list[str]:
        done = subprocess.run(
            [*unshare, sys.executable, "-c", textwrap.dedent(_IN_NAMESPACE) + textwrap.dedent(text)],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    return run


_IN_NAMESPACE = """
    import asyncio, socket, subprocess
    from gatepost.adapters.nftables import script
    from gatepost.model.address import parse_network, Network
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    T = "inet gatepost"
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    def hears(source):
        six = ":" in source
        with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as peer:
            peer.bind((source, 0)); peer.settimeout(0.3)
            try: peer.connect(("::1" if six else "127.0.0.1", listener.getsockname()[1]))
            except TimeoutError: return "dropped"
            return "heard"
    def nft(text): subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
    def listed(): return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    N = parse_network
"""


@pytest.mark.interop
def test_nft_drops_who_is_banned(in_namespace: Callable[[str], list[str]]) -> None:
    said = in_namespace("""
        nft(script.setup(T)); nft(script.setup(T))
        print(hears("127.0.0.2"), hears("::1"))
        bans = {N("127.0.0.2"): 60.0, N("::/64"): 9e11}
        for text in script.sources(T, bans, bans, 0.0): nft(text)
        print(hears("127.0.0.2"), hears("127.0.0.3"), hears("::1"))
        for text in script.sources(T, bans, {N("127.0.0.2"): 5000.0}, 0.0): nft(text)  # a longer one, and one lifted
        print(hears("127.0.0.2"), hears("::1"), "timeout 1h23m20s" in listed())
        for text in script.sources(T, [*bans, N("192.0.2.1")], {}, 0.0): nft(text)
        print(hears("127.0.0.2"), "192.0.2.1" in listed())
    """)
    assert said == ["heard heard", "dropped heard dropped", "dropped heard True", "heard False"]


@pytest.mark.interop
def test_nft_takes_overlapping_bans_and_exceptions(in_namespace: Callable[[str], list[str]]) -> None:
    said = in_namespace("""
        nft(script.setup(T))
        bans = {N("127.1.1.0/24"): 60.0, N("127.1.0.0/16"): 50.0, N("127.1.1.7"): 70.0, N("::1"): 60.0}
        nft(script.networks(T, ((n, u) for n, u in bans.items() if n.length != 32), 0.0))
        for text in script.sources(T, [N("127.1.1.7")], bans, 0.0): nft(text)
        nft(script.allowed(T, [N("127.1.1.8"), N("127.1.1.8/31")]))
        print(*(hears(a) for a in ("127.1.1.7", "127.1.1.6", "127.1.1.8", "127.1.1.9", "127.1.2.1", "127.2.0.1", "::1")))
        nft(script.networks(T, [(N("127.1.1.0/24"), 60.0)], 0.0))  # the wider one is lifted
        print(*(hears(a) for a in ("127.1.1.7", "127.1.1.6", "127.1.2.1", "::1")))
    """)
    assert said == ["dropped dropped heard heard dropped heard dropped", "dropped dropped heard heard"]


@pytest.mark.interop
def test_nft_takes_ten_thousand_at_once(in_namespace: Callable[[str], list[str]]) -> None:
    said = in_namespace("""
        nft(script.setup(T))
        bans = {Network(4, 0x0B000000 + 3 * n, 32): 60.0 for n in range(10_000)}
        for _ in range(2):
            for text in script.sources(T, bans, bans, 0.0): nft(text)
        print(listed().count("expires"))
    """)
    assert said == ["10000"]


@pytest.mark.interop
def test_the_export_comes_back_after_a_flush(in_namespace: Callable[[str], list[str]]) -> None:
    """Another program's `flush ruleset` takes the table away: the next change brings all of it back."""
    said = in_namespace("""
        from gatepost.adapters.clock import SystemClock
        from gatepost.adapters.nftables import NftExport
        from gatepost.journal import Journal
        async def main():
            events = asyncio.Queue()
            export = NftExport(Journal(events.put_nowait), SystemClock(), interval=0.05)
            async def until(condition):
                async with asyncio.timeout(20):
                    while not condition(listed()): await asyncio.sleep(0.05)
            export.ban(N("127.0.0.2"), 9e10)
            export.start()
            await until(lambda text: "127.0.0.2" in text)
            print(hears("127.0.0.2"))
            nft("flush ruleset")
            export.ban(N("127.0.0.3"), 9e10)
            await until(lambda text: "127.0.0.2" in text and "127.0.0.3" in text)
            print(type(await events.get()).__name__, type(await events.get()).__name__)
            await export.close()
            print("gatepost" in listed(), hears("127.0.0.2"))
        asyncio.run(main())
    """)
    assert said == ["dropped", "Failed Warned", "False heard"]
