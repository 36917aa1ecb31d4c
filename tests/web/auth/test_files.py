"""The files of users and tokens: private, whole, seen at once; a damaged one lets nobody in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import wait_until
from web.auth.visitors import PASSWORD, Gate, knock

from janitoo_datalog_rrd.core.errors import BadRequestError
from janitoo_datalog_rrd.web.auth.keys import Keys
from janitoo_datalog_rrd.web.auth.passwords import MAX_BYTES, BusyError, Passwords, check_new
from janitoo_datalog_rrd.web.auth.records import AccessError, AccessFileError
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.auth.users import Users
from janitoo_datalog_rrd.web.routes import Role

DAMAGED = {
    "empty": b"",
    "cut off": b'{"users": [{"name": "ve',
    "zeros": b"\0" * 300,
    "no object": b"[]",
    "no list": b'{"users": {}}',
    "no entries": b'{"users": [1]}',
    "deep": b"[" * 100_000,
    "no hash": b'{"users": [{"name": "vera", "role": "admin", "hash": "x", "stamp": "s", "changed": 1}]}',
    "no name": b'{"users": [{"role": "admin"}]}',
}
GOOD = {"role": "admin", "stamp": "s", "changed": 1.0}


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path, Passwords(memory_kib=1024), time.time)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path, time.time)


# -- what is kept --------------------------------------------------------------------------------------


def test_nobody_else_can_read_the_files_and_nothing_in_them_lets_in(gate: Gate) -> None:
    for name in ("users.json", "tokens.json", "secret_key"):
        path = gate.home / name
        assert path.stat().st_mode & 0o777 == 0o600
        content = path.read_text()
        assert PASSWORD not in content
        for secret in gate.secrets.values():
            assert secret not in content
            assert secret.removeprefix("jnt_") not in content
    assert '"$argon2id$v=19$m=19456,t=2,p=1$' in (gate.home / "users.json").read_text()


def test_two_users_of_one_password_have_different_hashes(users: Users) -> None:
    assert users.add("a", PASSWORD, Role.VIEWER).hash != users.add("b", PASSWORD, Role.VIEWER).hash


def test_a_hash_of_other_parameters_is_made_anew_and_sessions_go_on(tmp_path: Path, users: Users) -> None:
    before = users.add("vera", PASSWORD, Role.VIEWER)
    later = Users(tmp_path, Passwords(memory_kib=2048), time.time)
    assert later.check("vera", "wrong password") is None
    assert later.known("vera") == before
    assert later.check("vera", PASSWORD) is not None
    after = later.known("vera")
    assert "m=2048" in after.hash
    assert (after.stamp, after.changed) == (before.stamp, before.changed)
    assert later.check("vera", PASSWORD) is not None


def test_a_hash_that_cannot_be_made_anew_lets_in_all_the_same(
    tmp_path: Path, users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    (tmp_path / ".users.json.tmp").mkdir()  # stands in the way of the new file
    assert Users(tmp_path, Passwords(memory_kib=2048), time.time).check("vera", PASSWORD) is not None
    assert "a hash is kept as it was made earlier" in caplog.text


@pytest.mark.parametrize(
    "password", ["", "shrt", "1234567", "aaaaaaaaaaaa", "verabella", "x" * (MAX_BYTES + 1), "aé漢字" * 200, "\ud800" * 9]
)
def test_a_poor_password_is_refused_and_not_repeated(users: Users, password: str) -> None:
    with pytest.raises(BadRequestError, match="password is refused: it ") as refused:
        users.add("Verabella", password, Role.VIEWER)
    assert not password or password not in str(refused.value).partition(":")[2]
    assert users.list() == []


def test_a_good_password_is_taken() -> None:
    check_new("correct horse", "vera")
    check_new("пароль-☃", "vera")


@pytest.mark.parametrize(
    "name", ["", " ", "a b ", "a  b", "a\nb", "\u202eadmin", "a" * 65, "-admin", "a\0b", "\ud800", "a\u200bb"]
)
def test_a_name_that_cannot_be_read_is_refused(users: Users, tokens: Tokens, name: str) -> None:
    with pytest.raises(BadRequestError):
        users.add(name, PASSWORD, Role.VIEWER)
    with pytest.raises(BadRequestError):
        tokens.add(name, Role.VIEWER, None)


@pytest.mark.parametrize("name", ["vera", "Vera", "\uff36\uff25\uff32\uff21"])
def test_two_names_that_look_the_same_are_one(users: Users, tokens: Tokens, name: str) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    tokens.add("vera", Role.VIEWER, None)
    with pytest.raises(AccessError, match="there is a user 'vera' already"):
        users.add(name, PASSWORD, Role.ADMIN)
    with pytest.raises(AccessError, match="there is a token 'vera' already"):
        tokens.add(name, Role.ADMIN, None)
    assert users.known(name).role == Role.VIEWER


def test_what_is_not_there_cannot_be_changed(users: Users, tokens: Tokens) -> None:
    for change in (
        lambda: users.remove("nina"),
        lambda: users.set_password("nina", PASSWORD),
        lambda: users.set_role("nina", Role.ADMIN),
        lambda: tokens.remove("nina"),
    ):
        with pytest.raises(AccessError, match=r"there is no (user|token) 'nina'"):
            change()


def test_hashes_are_made_one_at_a_time(users: Users) -> None:
    """Each takes as much memory as a Raspberry Pi can spare."""
    users.add("vera", PASSWORD, Role.VIEWER)
    passwords = users._passwords
    verify, under_way, most = passwords._hasher.verify, [0], [0]

    class Watched:
        def verify(self, stored: str, password: bytes) -> bool:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            try:
                return verify(stored, password)
            finally:
                under_way[0] -= 1

    passwords._hasher = Watched()  # type: ignore[assignment]
    stored = users.known("vera").hash
    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lambda _: passwords.fits(PASSWORD, stored), range(30)))
    assert most == [1]


def test_log_ins_wait_in_a_short_line(users: Users) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    passwords = users._passwords
    waiting = [threading.Thread(target=users.check, args=("vera", PASSWORD)) for _ in range(3)]
    with passwords._one:
        for thread in waiting:
            thread.start()
        wait_until(lambda: passwords._line._value == 0, what="three in line")
        with pytest.raises(BusyError):
            users.check("vera", PASSWORD)
    for thread in waiting:
        thread.join()
    assert users.check("vera", PASSWORD) is not None


# -- changes -------------------------------------------------------------------------------------------


def test_a_running_server_sees_what_is_changed(gate: Gate) -> None:
    gate.users.add("nina", PASSWORD, Role.VIEWER)
    assert gate.browser().log_in("nina").status == 303
    _, secret = gate.tokens.add("backup", Role.VIEWER, None)
    assert gate.program(secret, "/api/v1/series").status == 200
    gate.tokens.remove("backup")
    assert gate.program(secret, "/api/v1/series").status == 401


def test_many_who_change_the_file_at_once_lose_nothing(tmp_path: Path, users: Users, tokens: Tokens) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Tokens(tmp_path, time.time).add(f"t{number}", Role.VIEWER, None), range(30)))
    assert len(tokens.list()) == 30
    code = (
        "import sys, time, pathlib\n"
        "from janitoo_datalog_rrd.web.auth.tokens import Tokens\n"
        "from janitoo_datalog_rrd.web.routes import Role\n"
        "tokens = Tokens(pathlib.Path(sys.argv[1]), time.time)\n"
        "[tokens.add(f'{sys.argv[2]}-{n}', Role.VIEWER, None) for n in range(20)]\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("a", "b")]
    assert [child.wait(60) for child in children] == [0, 0]
    assert len(tokens.list()) == 70


def test_a_disk_that_is_full_changes_nothing(tmp_path: Path, users: Users) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    (tmp_path / ".users.json.tmp").mkdir()
    with pytest.raises(AccessError, match=r"users\.json cannot be written"):
        users.set_role("vera", Role.ADMIN)
    assert users.known("vera").role == Role.VIEWER


def test_a_home_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="cannot be written: No such file"):
        Users(tmp_path / "gone", Passwords(memory_kib=1024), time.time).add("vera", PASSWORD, Role.VIEWER)


# -- damage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_lets_nobody_in_and_is_not_written_over(users: Users, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "users.json"
    path.write_bytes(content)
    for use in (
        lambda: users.check("vera", PASSWORD),
        lambda: users.add("nina", PASSWORD, Role.ADMIN),
        lambda: users.remove("vera"),
        users.list,
    ):
        with pytest.raises(AccessFileError, match=r"users\.json cannot be used: .*jnt_datalog_rrd user add"):
            use()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        {"role": "root"},
        {"role": 3},
        {"role": None},
        {"name": ""},
        {"name": 7},
        {"name": "a\nb"},
        {"stamp": ""},
        {"changed": "yesterday"},
        {"changed": True},
        {"hash": "$argon2i$v=19$m=1024,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"},
        {"hash": "$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"},
        {"hash": "plain text"},
    ],
    ids=str,
)
def test_an_entry_that_is_wrong_lets_nobody_in(users: Users, tmp_path: Path, change: dict[str, object]) -> None:
    made = users.add("vera", PASSWORD, Role.VIEWER)
    entry = {"name": "nina", "hash": made.hash, **GOOD}
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": [entry]}))
    assert [user.name for user in users.list()] == ["nina"]
    path.write_text(json.dumps({"users": [{**entry, **change}]}))
    with pytest.raises(AccessFileError, match="number 1 of its users is none"):
        users.list()


def test_a_user_who_stands_twice_lets_nobody_in(users: Users, tmp_path: Path) -> None:
    made = users.add("vera", PASSWORD, Role.VIEWER)
    entries = [{"name": name, "hash": made.hash, **GOOD} for name in ("vera", "Vera")]
    (tmp_path / "users.json").write_text(json.dumps({"users": entries}))
    with pytest.raises(AccessFileError, match="number 2 of its users stands twice"):
        users.check("vera", PASSWORD)


def test_a_file_that_others_may_write_lets_nobody_in(users: Users, tmp_path: Path) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    (tmp_path / "users.json").chmod(0o666)
    with pytest.raises(AccessFileError, match="chmod 600"):
        users.list()
    (tmp_path / "users.json").chmod(0o600)
    assert users.check("vera", PASSWORD) is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_lets_nobody_in(users: Users, tmp_path: Path) -> None:
    users.add("vera", PASSWORD, Role.VIEWER)
    (tmp_path / "users.json").chmod(0)
    with pytest.raises(AccessFileError, match="Permission denied"):
        users.list()


def test_what_is_no_file_lets_nobody_in(users: Users, tmp_path: Path) -> None:
    (tmp_path / "users.json").mkdir(mode=0o700)
    with pytest.raises(AccessFileError):
        users.list()


def test_damage_while_the_server_runs_ends_the_sessions_until_it_is_mended(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    browser = gate.browser("vera")
    path = gate.home / "users.json"
    good = path.read_bytes()
    path.write_bytes(good[:50])
    for _ in range(3):
        assert browser.ask("/api/v1/series").status == 401
    assert gate.browser().log_in("vera").status == 503
    assert gate.program(gate.secrets[Role.VIEWER], "/api/v1/series").status == 200, "tokens are in another file"
    assert "users.json" in gate.program(gate.secrets[Role.VIEWER], "/healthz").json["problems"]["access"]
    assert knock(gate.port, "GET", "/healthz", {}).json == {"status": "failing"}
    assert caplog.text.count("users.json cannot be used") == 1, "it is told once"
    path.write_bytes(good)
    path.chmod(0o600)
    assert browser.ask("/api/v1/series").status == 200
    assert knock(gate.port, "GET", "/healthz", {}).json == {"status": "ok"}


def test_damaged_tokens_let_no_program_in(gate: Gate) -> None:
    (gate.home / "tokens.json").write_bytes(b"{")
    assert gate.program(gate.secrets[Role.ADMIN], "/api/v1/series").status == 401
    assert gate.browser("ada").ask("/api/v1/series").status == 200
    assert "tokens.json" in gate.browser("ada").ask("/status").text


def test_files_that_were_taken_away_let_nobody_in(gate: Gate) -> None:
    browser = gate.browser("ada")
    (gate.home / "users.json").unlink()
    (gate.home / "tokens.json").unlink()
    assert browser.ask("/api/v1/series").status == 401
    assert gate.program(gate.secrets[Role.ADMIN], "/api/v1/series").status == 401
    assert gate.browser().log_in("ada").status == 403


def test_damaged_sessions_are_forgotten(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    from janitoo_datalog_rrd.web.auth.sessions import Sessions

    secret = gate.access.sessions.begin(gate.users.known("vera"))
    (gate.home / "sessions.json").write_bytes(b"{")
    anew = Sessions(gate.home, gate.users, time.time)
    assert "everybody has to log in again" in caplog.text
    anew.begin(gate.users.known("vera"))
    assert len(Sessions(gate.home, gate.users, time.time)._sessions) == 1
    assert gate.access.by_session(secret).name == "vera", "those in memory go on"


def test_the_secret_key_is_made_once_and_again_when_it_is_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    proof = Keys.of_home(tmp_path).prove("form", "x")
    assert Keys.of_home(tmp_path).is_proof(proof, "form", "x")
    assert not Keys.of_home(tmp_path).is_proof(proof, "session", "x")
    (tmp_path / "secret_key").write_text("abc")
    assert not Keys.of_home(tmp_path).is_proof(proof, "form", "x")
    assert "is no key" in caplog.text
    assert "abc" not in caplog.text
