"""The embedded broker: there when the house has none, back when it dies, gone with the server."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from support import Mosquitto, free_port, wait_until

from janitoo_datalog_rrd.core import broker as broker_module
from janitoo_datalog_rrd.core import mosquitto as mosquitto_module
from janitoo_datalog_rrd.core.broker import EmbeddedBroker, choose_broker, is_loopback, listens
from janitoo_datalog_rrd.core.errors import BrokerError
from janitoo_datalog_rrd.core.mosquitto import BrokerFolder, hash_password

LEAVE_ORPHAN = """
import os, sys
from pathlib import Path
from janitoo_datalog_rrd.core import broker
broker.words_that_tie = lambda: []  # as on a machine whose util-linux lacks it
own = broker.EmbeddedBroker(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]))
own.start()
print(own.pid, flush=True)
os.kill(os.getpid(), 9)
"""
TIED = """
import sys, time
from pathlib import Path
from janitoo_datalog_rrd.core.broker import EmbeddedBroker
own = EmbeddedBroker(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]))
own.start()
print(own.pid, flush=True)
sys.stdin.read()
"""

NOBODY = 65534
AS_NOBODY = f"""
import encodings.ascii, encodings.idna, os, janitoo_datalog_rrd.core.broker
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home with spaces"
    folder.mkdir()
    return folder


@contextmanager
def running(own: EmbeddedBroker) -> Iterator[EmbeddedBroker]:
    own.start()
    try:
        yield own
    finally:
        own.stop()


def as_client(own: EmbeddedBroker, folder: Path, user: str = "", password: str = "") -> Mosquitto:
    """The test's own client to an embedded broker."""
    return Mosquitto(folder, user=user, password=password, host=own.host, port=own.port)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_house_without_a_broker_gets_one_that_passes_messages(home: Path) -> None:
    with running(EmbeddedBroker(home, "127.0.0.1", free_port())) as own:
        client = as_client(own, home)
        with client.listen("tele/#") as heard:
            client.publish(("tele/kitchen", "21.5"))
            assert heard.wait_for("tele/kitchen") == b"21.5"
    assert own.pid is None


def test_only_this_machine_reaches_it_and_nobody_else_reads_its_files(home: Path) -> None:
    with running(EmbeddedBroker(home, "127.0.0.1", free_port(), "house", "secret")) as own:
        config = home / "broker" / "mosquitto.conf"
        assert f"listener {own.port} 127.0.0.1\n" in config.read_text()
        assert (home / "broker").stat().st_mode & 0o077 == 0
        assert config.stat().st_mode & 0o077 == 0
        assert (home / "broker" / "passwords").stat().st_mode & 0o077 == 0
        assert "secret" not in config.read_text() + (home / "broker" / "passwords").read_text()
        assert b"secret" not in Path(f"/proc/{own.pid}/cmdline").read_bytes()


def test_a_user_and_password_of_the_ini_are_asked_for(home: Path) -> None:
    password = "s3cret $7$: päss"
    with running(EmbeddedBroker(home, "127.0.0.1", free_port(), "house", password)) as own:
        as_client(own, home, "house", password).publish(("a", "1"))
        refused: queue.Queue[bool] = queue.Queue()
        for user, given in (("house", "wrong"), ("", "")):
            connect_and_note(as_client(own, home, user, given), refused)
            assert refused.get(timeout=20), f"{user!r} with {given!r} was let in"


def connect_and_note(client: Mosquitto, refused: queue.Queue[bool]) -> None:
    raw = mqtt.Client(CallbackAPIVersion.VERSION2)
    if client.user:
        raw.username_pw_set(client.user, client.password)
    answered = threading.Event()

    def note(_client: object, _userdata: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
        refused.put(reason.is_failure)
        answered.set()

    raw.on_connect = note
    raw.connect(client.host, client.port)
    raw.loop_start()
    assert answered.wait(20)
    raw.disconnect()
    raw.loop_stop()


def test_the_password_file_is_what_mosquitto_itself_writes(tmp_path: Path) -> None:
    """The tool of the package reads the line and replaces it in place, which it does only with a line it understands."""
    line = hash_password("house", "secret", salt=b"123456789012")
    assert line.startswith("house:$7$10000$MTIzNDU2Nzg5MDEy$")
    passwords = tmp_path / "passwords"
    passwords.write_text(line)
    passwords.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "other", "word"], check=True, capture_output=True)
    lines = passwords.read_text().splitlines(keepends=True)
    assert lines[0] == line
    assert lines[1].startswith("other:$7$")


def subscribe_and_leave(client: Mosquitto) -> None:
    """Leave a session that listens to `house/#` at the broker."""
    with client.client("store", clean_session=False) as away:
        subscribed = threading.Event()
        away.on_subscribe = lambda *_: subscribed.set()
        away.subscribe("house/#", qos=1)
        assert subscribed.wait(20)


def test_what_was_published_while_a_client_was_away_is_there_after_a_restart(home: Path) -> None:
    own = EmbeddedBroker(home, "127.0.0.1", free_port())
    with running(own):
        client = as_client(own, home)
        subscribe_and_leave(client)
        client.publish(*((f"house/{number}", str(number)) for number in range(3000)))
    with running(own):
        came: queue.Queue[bytes] = queue.Queue()
        with client.client("store", clean_session=False, on_message=lambda _c, _u, message: came.put(message.payload)):
            assert [came.get(timeout=20) for _ in range(3000)] == [str(number).encode() for number in range(3000)]


def test_a_broker_that_has_no_room_for_more_tells_what_it_drops(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    few = mosquitto_module._CONFIG.replace("max_queued_messages 1000000", "max_queued_messages 10")
    monkeypatch.setattr(mosquitto_module, "_CONFIG", few)
    own = EmbeddedBroker(home, "127.0.0.1", free_port())
    with running(own):
        client = as_client(own, home)
        subscribe_and_leave(client)
        assert "dropped" not in caplog.text
        client.publish(*(("house/x", str(number)) for number in range(2000)))
        wait_until(lambda: "are being dropped for client store" in caplog.text, what="the loss to be told")
    assert "max_queued_messages" in caplog.text


def test_a_broker_that_dies_is_back_by_itself_and_both_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "FIRST_DELAY_S", 0.05)
    told: queue.Queue[str | None] = queue.Queue()
    with running(EmbeddedBroker(home, "127.0.0.1", free_port(), on_problem=told.put)) as own:
        assert told.get(timeout=20) is None
        first = own.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        problem = told.get(timeout=20)
        assert problem is not None
        assert "status -9" in problem
        assert told.get(timeout=20) is None
        assert own.pid not in (None, first)
        as_client(own, home).publish(("a", "1"))


def test_it_stops_while_it_waits_to_start_its_child_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "FIRST_DELAY_S", 3600.0)
    told: queue.Queue[str | None] = queue.Queue()
    own = EmbeddedBroker(home, "127.0.0.1", free_port(), on_problem=told.put)
    own.start()
    assert own.pid is not None
    os.kill(own.pid, signal.SIGKILL)
    assert told.get(timeout=20) is None
    assert told.get(timeout=20)
    stopper = threading.Thread(target=own.stop)
    stopper.start()
    stopper.join(10)
    assert not stopper.is_alive()
    assert not listens(own.host, own.port)


def test_a_child_that_ignores_the_request_to_end_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "STOP_TIMEOUT_S", 0.2)
    own = EmbeddedBroker(home, "127.0.0.1", free_port())
    own.start()
    pid = own.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    own.stop()
    assert gone(pid)


def test_a_taken_port_is_told_in_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"broker_port {port} on 127.0.0.1 is taken.*broker_mode = auto"):
            EmbeddedBroker(home, "127.0.0.1", port).start()


def test_a_missing_mosquitto_is_told_with_the_line_that_installs_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "find_mosquitto", lambda: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        EmbeddedBroker(home, "127.0.0.1", free_port()).start()


def test_a_child_that_ends_at_once_is_told_with_its_own_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_nonsense(self: BrokerFolder, *_: object) -> None:
        self.path.mkdir()
        self.config.write_text("no_such_option true\n")

    monkeypatch.setattr(BrokerFolder, "write", write_nonsense)
    own = EmbeddedBroker(home, "127.0.0.1", free_port())
    with pytest.raises(BrokerError, match="no_such_option"):
        own.start()
    assert own.pid is None
    own.stop()


def test_an_unwritable_home_is_told_with_the_option_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BrokerError, match="home_dir"):
        EmbeddedBroker(tmp_path / "file", "127.0.0.1", free_port()).start()


@pytest.mark.parametrize("host", ["192.0.2.1", "broker.example", "0.0.0.0"])
def test_a_host_elsewhere_is_refused(home: Path, host: str) -> None:
    with pytest.raises(BrokerError, match=r"broker_ip = 127\.0\.0\.1"):
        EmbeddedBroker(home, host, free_port()).start()


def test_a_user_name_that_would_break_the_password_file_is_refused(home: Path) -> None:
    with pytest.raises(BrokerError, match="broker_user"):
        EmbeddedBroker(home, "127.0.0.1", free_port(), "a:b\nc", "x").start()


def test_a_database_that_cannot_be_read_is_kept_aside_and_the_broker_starts(home: Path) -> None:
    (home / "broker").mkdir()
    (home / "broker" / "mosquitto.db").write_bytes(b"\0\xb5\0mosquitto db and then nothing of use" * 9)
    with running(EmbeddedBroker(home, "127.0.0.1", free_port())) as own:
        assert own.pid is not None
        assert list((home / "broker").glob("mosquitto.db.corrupt-*"))


def test_a_killed_server_takes_its_broker_along(home: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", TIED, str(home), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert not gone(pid)
        server.kill()
    wait_until(lambda: gone(pid), what="the end of the broker")
    wait_until(lambda: not listens("127.0.0.1", port), what="the end of its port")


def test_a_broker_left_behind_by_a_killed_server_is_replaced(home: Path) -> None:
    port = free_port()
    done = subprocess.run(
        [sys.executable, "-c", LEAVE_ORPHAN, str(home), str(port)], capture_output=True, text=True, check=False, timeout=60
    )
    orphan = int(done.stdout)
    assert not gone(orphan)
    assert choose_broker("auto", "127.0.0.1", port) is False
    assert choose_broker("auto", "127.0.0.1", port, home) is True
    with running(EmbeddedBroker(home, "127.0.0.1", port)) as own:
        assert gone(orphan)
        assert own.pid not in (None, orphan)
        as_client(own, home).publish(("a", "1"))


def test_a_pid_that_is_another_programs_now_is_left_alone(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        folder = BrokerFolder(home)
        folder.path.mkdir()
        folder.note_pid(other.pid)
        assert folder.orphan() is None
        with running(EmbeddedBroker(home, "127.0.0.1", free_port())):
            assert other.poll() is None
        other.kill()


def test_auto_starts_one_only_where_this_machine_has_none(mosquitto: Mosquitto) -> None:
    unused = free_port()
    assert choose_broker("auto", "127.0.0.1", mosquitto.port) is False
    assert choose_broker("auto", "127.0.0.1", unused) is True
    assert choose_broker("auto", "localhost", unused) is True
    assert choose_broker("auto", "broker.example", unused) is False
    assert choose_broker("external", "127.0.0.1", unused) is False
    assert choose_broker("embedded", "127.0.0.1", mosquitto.port) is True


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("LOCALHOST", True), ("192.0.2.1", False), ("a.example", False)],
)
def test_this_machine_is_told_from_others(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; anybody else is one already")
def test_the_broker_of_an_ordinary_user_keeps_its_messages_too() -> None:
    """The other tests show it for whoever runs them; here root becomes `nobody` first."""
    with tempfile.TemporaryDirectory() as folder:  # nobody may not enter the folders above `tmp_path`
        os.chown(folder, NOBODY, NOBODY)
        with subprocess.Popen(
            [sys.executable, "-c", AS_NOBODY + TIED, folder, str(free_port())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            assert server.stdout is not None
            pid = int(server.stdout.readline())
            assert Path(f"/proc/{pid}").stat().st_uid == NOBODY
            os.kill(pid, signal.SIGUSR1)  # asks it to save now
            wait_until((Path(folder) / "broker" / "mosquitto.db").exists, what="the saved database")
            server.kill()
        wait_until(lambda: gone(pid), what="the end of the broker")
