"""`jnt_datalog_rrd webhook` as a process, against a real HTTPS server with an authority of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import Certificates, CommandLine, wait_until
from support.webservers import WebServer
from webhook.sample import SAMPLE, shape

from janitoo_datalog_rrd.core.outbox import Outbox
from janitoo_datalog_rrd.nodes.cpu import ModeShares, busy_percent, modes_of

OURS = ("WEBHOOK_DESTINATION_URL", "DEVICE_ID")


@pytest.fixture
def make_server() -> Iterator[Callable[..., WebServer]]:
    made: list[WebServer] = []

    def make(certificate: tuple[Path, Path] | None = None) -> WebServer:
        server = WebServer(certificate)
        made.append(server)
        server.start()
        return server

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def server(make_server: Callable[..., WebServer], certificates: Certificates) -> WebServer:
    """An HTTPS server whose authority nobody knows but the test."""
    return make_server((certificates.server_cert, certificates.server_key))


@pytest.fixture
def environ(server: WebServer, certificates: Certificates, tmp_path: Path) -> dict[str, str]:
    """What the command is told: often, by that authority."""
    return {
        "WEBHOOK_DESTINATION_URL": server.url,
        "DEVICE_ID": "7d25b11d-396a-46d9-b32d-9c2f4e7e875b",
        "WEBHOOK_CA_FILE": str(certificates.ca),
        "WEBHOOK_OUTBOX": str(tmp_path / "state" / "outbox.db"),
        "REGULAR_TRANSMISSION_INTERVAL": "1",
        "EMERGENCY_TRANSMISSION_INTERVAL": "1",
        "CPU_PERCENTAGE_AVERAGE_TIME": "1",
        "CPU_PERCENTAGE_MAX": "100",
    }


def payloads(server: WebServer) -> list[dict[str, Any]]:
    return [json.loads(body) for body in server.bodies]


# -- beginning ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left_out", "named"), [(OURS, OURS), (OURS[:1], OURS[:1]), (OURS[1:], OURS[1:])])
@pytest.mark.parametrize("value", [None, "", " "])
def test_missing_variables_are_named_and_it_does_not_start(
    command_line: CommandLine, left_out: tuple[str, ...], named: tuple[str, ...], value: str | None
) -> None:
    env = {"WEBHOOK_DESTINATION_URL": "https://127.0.0.1:1/", "DEVICE_ID": "a"}
    env = {name: text for name, text in env.items() if name not in left_out}
    if value is not None:
        env |= dict.fromkeys(left_out, value)
    done = command_line.run("webhook", env=env)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split()[0] for line in lines] == list(named)
    assert all("is missing: expected" in line for line in lines)


def test_wrong_values_are_all_told_with_what_was_expected_and_without_the_url(command_line: CommandLine) -> None:
    env = {
        "WEBHOOK_DESTINATION_URL": "gopher://me:s3cret@example.org/",
        "DEVICE_ID": "x" * 201,
        "REGULAR_TRANSMISSION_INTERVAL": "0",
        "EMERGENCY_TRANSMISSION_INTERVAL": "soon",
        "CPU_PERCENTAGE_MAX": "101",
        "CPU_PERCENTAGE_AVERAGE_TIME": "-1",
        "WEBHOOK_OUTBOX_BYTES": "1",
    }
    done = command_line.run("webhook", env=env)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split()[0] for line in lines] == list(env)
    assert all("expected" in line for line in lines)
    assert "s3cret" not in done.stderr + done.stdout


@pytest.mark.parametrize("name", ["WEBHOOK_CA_FILE", "WEBHOOK_OUTBOX"])
def test_files_that_cannot_be_used_are_named(command_line: CommandLine, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder and no certificate")
    path = str(tmp_path / "file" / "x") if name == "WEBHOOK_OUTBOX" else str(tmp_path / "file")
    env = {"WEBHOOK_DESTINATION_URL": "https://127.0.0.1:1/", "DEVICE_ID": "a", "WEBHOOK_OUTBOX": str(tmp_path / "o"), name: path}
    done = command_line.run("webhook", env=env)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert path in done.stderr


def test_it_tells_what_it_needs(command_line: CommandLine) -> None:
    done = command_line.run("webhook", "--help", check=True)
    assert all(name in done.stdout for name in (*OURS, "CPU_PERCENTAGE_AVERAGE_TIME", "WEBHOOK_OUTBOX"))
    assert command_line.run("webhook", "--what").returncode == 2


def test_it_needs_no_more_than_it_uses() -> None:
    script = "import sys; import janitoo_datalog_rrd.webhook.command; print(*sorted(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())
    heavy = {
        "click",
        "flask",
        "orjson",
        "rrdtool",
        "apscheduler",
        "waitress",
        "rich",
        "paho",
        "argon2",
        "google.protobuf",
        "regex",
    }
    assert not heavy & loaded


# -- sending -----------------------------------------------------------------------------------------


def test_the_payload_arrives_in_the_form_of_the_sample(
    server: WebServer, command_line: CommandLine, environ: dict[str, str]
) -> None:
    running = command_line.start("webhook", env=environ)
    taken = server.wait_taken(2)
    for request in taken:
        payload = json.loads(request.body)
        assert shape(payload) == shape(SAMPLE)
        assert payload["device_id"] == SAMPLE["device_id"]
        assert 0 <= payload["cpu_percentage"] <= 100
        assert (request.method, request.path) == ("POST", "/hook?token=s3cret")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["x-measured-at"].endswith("Z")
    assert running.stop() == 0
    assert "s3cret" not in running.stderr + running.stdout
    assert "state/outbox.db (0 waiting)" in running.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_cleanly_also_while_the_server_hangs(
    server: WebServer, command_line: CommandLine, environ: dict[str, str], number: signal.Signals
) -> None:
    server.hangs.set()
    running = command_line.start("webhook", env=environ)
    wait_until(lambda: server.hanging)
    running.send(number)
    assert running.wait(15) == 0
    assert "Traceback" not in running.stderr
    server.hangs.clear()
    outbox = Outbox(Path(environ["WEBHOOK_OUTBOX"]))
    assert outbox.waiting >= 1, "what waits stays"
    outbox.close()


def test_without_tls_it_says_so(
    make_server: Callable[..., WebServer], command_line: CommandLine, environ: dict[str, str]
) -> None:
    plain = make_server()
    running = command_line.start("webhook", env={**environ, "WEBHOOK_DESTINATION_URL": plain.url})
    plain.wait_taken(1)
    assert "is not https" in running.stderr


@pytest.mark.parametrize(
    ("certificate", "trusted", "told"),
    [
        ("server", "other_ca", "not trusted"),
        ("expired", "ca", "expired"),
        ("elsewhere", "ca", "IP address mismatch"),
        ("server", "", "not trusted"),
    ],
)
def test_a_certificate_that_is_not_to_be_trusted_is_refused_and_told(
    make_server: Callable[..., WebServer],
    certificates: Certificates,
    command_line: CommandLine,
    environ: dict[str, str],
    certificate: str,
    trusted: str,
    told: str,
) -> None:
    server = make_server((getattr(certificates, f"{certificate}_cert"), getattr(certificates, f"{certificate}_key")))
    ca = str(getattr(certificates, trusted)) if trusted else ""
    running = command_line.start("webhook", env={**environ, "WEBHOOK_DESTINATION_URL": server.url, "WEBHOOK_CA_FILE": ca})
    running.wait_for_text("tried again until it gets there")
    assert told in running.stderr
    assert "s3cret" not in running.stderr
    assert running.stop() == 0
    assert not server.asked


def test_what_was_measured_while_the_server_was_away_arrives_with_its_own_time(
    server: WebServer, command_line: CommandLine, environ: dict[str, str]
) -> None:
    running = command_line.start("webhook", env=environ)
    server.wait_taken(1)
    server.stop()
    running.wait_for_text("tried again until it gets there")
    wait_for_commits(environ, 3)
    before = len(server.taken)
    server.start()
    running.wait_for_text("takes what is sent again", 60)
    taken = server.wait_taken(before + 3)
    times = [request.headers["x-measured-at"] for request in taken]
    assert times == sorted(times)
    assert len(set(times)) >= 4
    assert running.stderr.count("tried again until it gets there") == 1


def test_a_kill_loses_nothing(server: WebServer, command_line: CommandLine, environ: dict[str, str]) -> None:
    server.status = 503
    running = command_line.start("webhook", env=environ)
    wait_for_commits(environ, 3)
    running.kill()
    outbox = Outbox(Path(environ["WEBHOOK_OUTBOX"]))
    waiting = [entry.content for entry in outbox.peek(100)]
    outbox.close()
    assert len(waiting) >= 2
    server.status = 200
    command_line.start("webhook", env=environ)
    server.wait_taken(len(waiting))
    assert server.bodies[: len(waiting)] == waiting


def wait_for_commits(environ: dict[str, str], count: int) -> None:
    """Wait until more payloads were put into the outbox: its log grows with each."""
    log = Path(environ["WEBHOOK_OUTBOX"] + "-wal")
    sizes: set[int] = set()

    def look() -> bool:
        if log.exists():
            sizes.add(log.stat().st_size)
        return len(sizes) > count

    wait_until(look, 60, "payloads to wait")


# -- modes -------------------------------------------------------------------------------------------

BURNER = "while True: pass"


class Burners:
    """Processes that keep every processor busy."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._children = [subprocess.Popen([sys.executable, "-c", BURNER]) for _ in range(os.cpu_count() or 1)]

    def stop(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
        self._children.clear()


@pytest.fixture
def burners() -> Iterator[Burners]:
    made = Burners()
    yield made
    made.stop()


def busy_share(seconds: float = 2.0) -> float:
    """How busy the processors are now, percent."""
    shares = ModeShares(modes_of(psutil.cpu_times()))
    begun = psutil.cpu_times()
    total = seconds * (os.cpu_count() or 1)
    wait_until(lambda: sum(psutil.cpu_times()) - sum(begun) >= total, 60)
    return busy_percent(shares.update(modes_of(psutil.cpu_times())) or {})


@pytest.mark.slow
def test_a_load_made_by_the_test_switches_the_mode_and_back_each_time_at_once(
    server: WebServer, command_line: CommandLine, environ: dict[str, str], burners: Burners
) -> None:
    for _ in range(10):
        burners.start()
        loaded = busy_share()
        burners.stop()
        idle = busy_share()
        if loaded - idle > 15:
            break
    else:
        pytest.skip(f"the machine is too busy with other things: {idle:g} % without a load of ours, {loaded:g} % with it")
    threshold = (loaded + idle) / 2
    env = {**environ, "CPU_PERCENTAGE_MAX": str(threshold), "REGULAR_TRANSMISSION_INTERVAL": "3600"}
    command_line.start("webhook", env=env)
    server.wait_taken(1)
    wait_until(lambda: not payloads(server)[-1]["emergency"], 60, "a quiet beginning")
    for _ in range(2):
        burners.start()
        wait_until(lambda: payloads(server)[-1]["emergency"], 60, "the emergency")
        begun = len(payloads(server))
        server.wait_taken(begun + 2)  # in the short interval: in the other one they would not come for an hour
        burners.stop()
        wait_until(lambda: not payloads(server)[-1]["emergency"], 60, "the end of the emergency")
    for payload in payloads(server):
        if payload["cpu_percentage"] > threshold:
            assert payload["emergency"]
        elif not payload["emergency"]:
            assert payload["cpu_percentage"] <= threshold
