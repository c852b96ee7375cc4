"""The command line as an administrator meets it: clear errors, exit statuses, JSON, with and without a server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from running import ADA, Process, config


def gatepost(*words: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatepost", *words],
        input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
        env={key: value for key, value in os.environ.items() if key != "GATEPOST_CONFIG"},
    )  # fmt: skip


def test_wrong_usage_is_status_2_and_a_refusal_is_status_1(tmp_path: Path) -> None:
    assert gatepost("no-such-command").returncode == 2
    assert gatepost("ban", "add", "192.0.2.1", "--for", "soon").returncode == 2
    refused = gatepost("--data", str(tmp_path / "d"), "ban", "add", "not-an-address")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "neither an IP address, nor a network, nor a login" in refused.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[guard]\nban_tiem = '2h'\n", ("guard.ban_tiem", "unknown key", "ban_time")),
        ("[listen]\nimap = ['127.0.0.1']\n", ("listen.imap[0]", "address:port")),
        ("[limits]\nconnections = 'many'\n", ("limits.connections", "expected", "int")),
        ("[guard]\nban_time = 'soon'\n", ("guard.ban_time", "expected a duration")),
        ("[guard]\naddress_limit = '10 an hour'\n", ("guard.address_limit", "10/1h")),
        ("hostname = \n", ("line 1",)),
    ],
)
def test_a_bad_configuration_is_told_with_path_and_expectation(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text(text)
    done = gatepost("config", "check", str(file))
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


def test_config_show_reads_back_as_the_same(tmp_path: Path) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text(
        '[guard]\nban_time = "3h"\n[listen]\nimap = [{ address = "127.0.0.1:9143", proxy_protocol = true }]\n'
    )
    shown = gatepost("--config", str(file), "config", "show")
    again = tmp_path / "again.toml"
    again.write_text(shown.stdout)
    assert gatepost("--config", str(again), "config", "show").stdout == shown.stdout
    assert 'ban_time = "3h"' in shown.stdout


def test_everything_works_on_the_folder_without_a_server(tmp_path: Path) -> None:
    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return gatepost("--data", str(tmp_path / "data"), *words, stdin=stdin)

    assert run("domain", "add", "example.org").returncode == 0
    weak = run("user", "add", ADA, "--password-stdin", stdin="password1\n")
    assert weak.returncode == 1
    assert "commonest" in weak.stderr
    assert run("user", "add", ADA, "--password-stdin", stdin="analytical-engine\n").returncode == 0
    assert run("user", "add", ADA, "--password-stdin", stdin="analytical-engine\n").returncode == 1
    assert run("alias", "add", "countess@example.org", ADA).returncode == 0
    made = json.loads(run("app-password", "add", ADA, "--name", "phone", "--json").stdout)
    assert len(made["password"]) == 24
    [user] = json.loads(run("user", "list", "--json").stdout)
    assert user["aliases"] == ["countess@example.org"]
    assert user["app_passwords"] == 1
    assert run("ban", "add", "192.0.2.0/24", "--for", "2h", "--reason", "test").returncode == 0
    [ban] = json.loads(run("ban", "list", "--json").stdout)
    assert 7000 < ban["remaining"] <= 7200
    assert run("allow", "add", "192.0.2.7", "--note", "office").returncode == 0
    assert "office" in run("allow", "list").stdout
    explained = json.loads(run("guard", "explain", "192.0.2.8", "--json").stdout)
    assert "192.0.2.0/24" in json.dumps(explained)
    assert run("guard", "explain", ADA).returncode == 0
    assert run("ban", "lift", "192.0.2.0/24").returncode == 0
    assert json.loads(run("ban", "list", "--json").stdout) == []
    assert run("user", "remove", ADA, "--yes").returncode == 0
    assert run("domain", "remove", "example.org").returncode == 0


def test_serve_refuses_to_start_with_the_reason(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = tmp_path / "gatepost.toml"
        file.write_text(config(tmp_path / "data", extra=f'imap = ["127.0.0.1:{port}"]\n'))
        done = gatepost("--config", str(file), "serve")
    assert done.returncode == 1
    assert f"imap on 127.0.0.1:{port}" in done.stderr
    assert "in use" in done.stderr
    (tmp_path / "file").write_text("not a folder")
    done = gatepost("--data", str(tmp_path / "file"), "serve")
    assert done.returncode == 1
    assert "cannot use the data folder" in done.stderr


def test_a_second_server_on_the_same_folder_is_refused_and_sigint_stops_cleanly(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        process.start()
        second = process.command("serve")
        assert second.returncode == 1
        assert f"in use by process {process.pid}" in second.stderr
        assert process.end(signal.SIGINT) == 0


@pytest.mark.timeout(120)
def test_the_drill_proves_the_guard_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with Process(tmp_path) as process:
        process.add_accounts()
        process.start()
        done = process.command("drill", "--guesses", "30", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        alone, burst, spread = told["attacks"]
        assert alone["banned"] == burst["banned"] == 1
        assert alone["dropped"] > 0
        assert alone["answered"] + burst["answered"] + spread["answered"] <= 30
        assert alone["granted"] == burst["granted"] == spread["granted"] == 0
        assert all(attack["owner_signs_in"] for attack in told["attacks"])
        assert told["stranger"] != "granted"
        assert json.loads(process.command("ban", "list", "--json").stdout) == []
        assert len(json.loads(process.command("user", "list", "--json").stdout)) == 2
        assert "ATTACK" in process.command("drill", "--guesses", "20").stdout
    done = process.command("drill")
    assert done.returncode == 1
    assert "no server is running" in done.stderr
