"""The commands that say who gets in, and the other commands where the server asks who wants that."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import CommandLine, Mosquitto, free_port, wait_until
from web.auth.visitors import PASSWORD, Browser, knock

from janitoo_datalog_rrd.cli import main

INI = """\
[system]
home_dir = home
broker_mode = external
[datarrd]
[http]
http_auth = required
"""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Commands that need no server, run in the test's own process; `given` is what stands in the standard input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house.conf").write_text(INI)

    def run(*arguments: str, given: str = "", status: int = 0) -> Result:
        clean = {name: None for name in os.environ if name.startswith("JNT_")}
        result = CliRunner().invoke(main, ["-c", "house.conf", *arguments], input=given, env=clean)
        assert result.exit_code == status, result.output
        return result

    return run


# -- users ---------------------------------------------------------------------------------------------


def test_users_are_added_listed_changed_and_removed(typed: Callable[..., Result]) -> None:
    assert typed("user", "list").stderr == "there is no user\n"
    assert typed("user", "add", "ada", "--role", "admin", "--stdin", given=PASSWORD + "\n").output == "ada may log in, as admin\n"
    typed("user", "add", "Zoë M.", "--stdin", given=PASSWORD)
    lines = typed("user", "list").output.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "ada", "Zoë"]
    assert [("admin" in line, "viewer" in line) for line in lines[1:]] == [(True, False), (False, True)]
    assert PASSWORD not in typed("user", "list").output
    typed("user", "passwd", "ada", "--stdin", given="another battery\n")
    assert "operator now" in typed("user", "role", "zoë m.", "operator").output
    assert "no user any more" in typed("user", "remove", "ada").output
    assert "operator" in typed("user", "list").output.splitlines()[1]


def test_a_password_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    """On a real terminal, with a typing mistake the first time."""
    (tmp_path / "house.conf").write_text(INI)
    command = [sys.executable, "-m", "janitoo_datalog_rrd", "-c", "house.conf", "user", "add", "ada"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("JNT_")}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""

    def answer(prompt: bytes, text: str) -> None:
        nonlocal shown
        already = shown.count(prompt)
        while shown.count(prompt) == already:
            shown += os.read(ours, 1024)
        os.write(ours, text.encode() + b"\n")

    try:
        answer(b"Password:", PASSWORD)
        answer(b"Repeat for confirmation:", "correct hrose")
        answer(b"Password:", PASSWORD)
        answer(b"Repeat for confirmation:", PASSWORD)
        try:
            while chunk := os.read(ours, 1024):
                shown += chunk
        except OSError:  # the other end has closed
            pass
        assert process.wait(20) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"ada may log in, as viewer" in shown
    assert PASSWORD.encode() not in shown
    assert json.loads((tmp_path / "home" / "users.json").read_text())["users"][0]["name"] == "ada"


def test_without_a_terminal_a_password_has_to_be_passed_explicitly(typed: Callable[..., Result]) -> None:
    done = typed("user", "add", "ada", given=f"{PASSWORD}\n{PASSWORD}\n", status=2)
    assert "--stdin" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "status", "says"),
    [
        (("user", "add", "ada", "--stdin"), "short\n", 2, "at least 8 characters"),
        (("user", "add", "ada", "--stdin"), "", 2, "at least 8 characters"),
        (("user", "add", "adaadaada", "--stdin"), "adaadaada", 2, "name of the user"),
        (("user", "add", "ada", "--stdin"), "x" * 1_048_576, 2, "longer than 1024 bytes"),
        (("user", "add", "a\nb", "--stdin"), PASSWORD, 2, "characters that can be seen"),
        (("user", "add", "ada", "--role", "root", "--stdin"), PASSWORD, 2, "'root' is not one of"),
        (("user", "add", "ada", PASSWORD), "", 2, "unexpected extra argument"),
        (("user", "passwd", "nina", "--stdin"), PASSWORD, 1, "there is no user 'nina'"),
        (("user", "role", "nina", "admin"), "", 1, "there is no user 'nina'"),
        (("user", "role", "nina", "nobody"), "", 2, "'nobody' is not one of"),
        (("user", "remove", "nina"), "", 1, "there is no user 'nina'"),
        (("token", "remove", "nina"), "", 1, "there is no token 'nina'"),
        (("token", "add", "x", "--expires", "soon"), "", 2, "--expires 'soon' is not a duration"),
        (("token", "add", "x", "--expires", "0"), "", 2, "out of range"),
        (("token", "add", "x", "--expires", "-1d"), "", 2, "not a duration"),
    ],
    ids=str,
)
def test_what_is_refused_says_why(
    typed: Callable[..., Result], tmp_path: Path, arguments: tuple[str, ...], given: str, status: int, says: str
) -> None:
    done = typed(*arguments, given=given, status=status)
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "home" / "users.json").exists()


def test_a_user_is_not_added_twice_and_is_not_asked_for_a_password_then(typed: Callable[..., Result]) -> None:
    typed("user", "add", "ada", "--stdin", given=PASSWORD)
    assert "there is a user 'ADA' already" in typed("user", "add", "ADA", given="", status=2).stderr


@pytest.mark.parametrize(("command", "name"), [("user", "users.json"), ("token", "tokens.json")])
def test_a_damaged_file_is_told_and_left_as_it_is(typed: Callable[..., Result], tmp_path: Path, command: str, name: str) -> None:
    typed("token", "add", "x")
    path = tmp_path / "home" / name
    path.write_bytes(b"{")
    assert f"{name} cannot be used" in typed(command, "list", status=1).stderr
    assert f"{name} cannot be used" in typed(command, "add", "ada", *(["--stdin"] if command == "user" else []), status=1).stderr
    assert path.read_bytes() == b"{"


# -- tokens --------------------------------------------------------------------------------------------


def test_a_token_is_shown_once(typed: Callable[..., Result], tmp_path: Path) -> None:
    done = typed("token", "add", "grafana", "--expires", "1y")
    secret = done.stdout.strip()
    assert secret.startswith("jnt_")
    assert "not shown again" in done.stderr
    typed("token", "add", "backup", "--role", "operator", "--expires", "never")
    listed = typed("token", "list").output
    assert secret not in listed + (tmp_path / "home" / "tokens.json").read_text()
    rows = {line.split()[0]: line for line in listed.splitlines()}
    assert "never" in rows["backup"]
    assert "operator" in rows["backup"]
    assert "never" not in rows["grafana"]
    typed("token", "remove", "grafana")
    assert "grafana" not in typed("token", "list").output


def test_a_token_expires_unless_it_is_said_that_it_does_not(typed: Callable[..., Result], tmp_path: Path) -> None:
    typed("token", "add", "x")
    (entry,) = json.loads((tmp_path / "home" / "tokens.json").read_text())["tokens"]
    assert entry["expires"] - entry["created"] == 90 * 86400


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
def test_what_root_adds_belongs_to_the_owner_of_the_home(typed: Callable[..., Result], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    typed("user", "add", "ada", "--stdin", given=PASSWORD)
    found = (home / "users.json").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 65534, 0o600)


# -- a running server ----------------------------------------------------------------------------------


@pytest.fixture
def guarded(command_line: CommandLine, mosquitto: Mosquitto) -> Iterator[Callable[..., str]]:
    """The commands of a server that asks for a log-in, which has a user; the server is stopped after the test."""
    (command_line.folder / "house.conf").write_text(INI)
    command_line.environ = {**mosquitto.environ(), "JNT_HTTP_HTTP_PORT": str(free_port())}

    def run(*arguments: str, status: int = 0) -> str:
        done = command_line.run("-c", "house.conf", *arguments)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    yield run
    run("stop")


def add_user(commands: CommandLine, *arguments: str) -> None:
    subprocess.run(
        [*commands.program, "-c", "house.conf", "user", *arguments, "--stdin"],
        cwd=commands.folder,
        env=commands._environ(None),
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )


def test_a_server_without_users_says_how_to_add_one(guarded: Callable[..., str]) -> None:
    assert "jnt_datalog_rrd user add NAME --role admin" in guarded("start", status=1)


def test_commands_go_on_working_where_a_log_in_is_asked_for(guarded: Callable[..., str], command_line: CommandLine) -> None:
    add_user(command_line, "add", "ada", "--role", "admin")
    guarded("start")
    port = int(command_line.environ["JNT_HTTP_HTTP_PORT"])
    key = command_line.folder / "home" / "local_key.json"
    assert key.stat().st_mode & 0o777 == 0o600
    assert knock(port, "GET", "/api/v1/series", {}).status == 401
    wait_until(lambda: "ok: http" in command_line.run("-c", "house.conf", "status").stdout, what="a healthy server")
    assert "written" in guarded("flush")
    assert "0014.0000.count_series.0" in wait_until(lambda: guarded("list"), what="a series")

    browser = Browser(port)
    assert browser.log_in("ada").status == 303
    add_user(command_line, "add", "nina")
    assert Browser(port).log_in("nina").status == 303, "a running server sees who is added"
    add_user(command_line, "passwd", "ada")
    assert browser.ask("/api/v1/series").status == 401, "and whose password was changed"

    content = key.read_bytes()
    key.unlink()  # as for another user, who cannot read it
    assert "ok: http" in guarded("status")
    told = guarded("flush", status=1)
    assert "local_key.json cannot be read: act as the server's user" in told
    key.write_bytes(content)
    guarded("restart")
    assert key.read_bytes() != content, "each run has its own"
    assert browser.log_in("ada").status == 303
    guarded("stop")
    assert not key.exists()


def test_the_key_is_shown_to_no_other_server(tmp_path: Path) -> None:
    from janitoo_datalog_rrd.web.auth.local import LocalKey, read_local_key

    local = LocalKey(tmp_path)
    local.open(8081)
    assert read_local_key(tmp_path, 8081)
    assert read_local_key(tmp_path, 8082) is None
    local.close()
    assert read_local_key(tmp_path, 8081) is None
    assert not local.fits("")
