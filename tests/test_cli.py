"""The command line: what each command says, and the exit status with which it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import CommandLine, Mosquitto, fetch_json, free_port, wait_until

from janitoo_datalog_rrd.cli import main
from janitoo_datalog_rrd.core.files import LockFile

INI = """\
[system]
home_dir = home
broker_mode = external
[datarrd]
[http]
[schema__default]
pattern = .*
step = 1
retention = 1s:1d
reorder_window = 0
[decoder__tele]
topics = tele/#
kind = json
time = t
"""
COMMANDS = ("front", "start", "stop", "restart", "reload", "status", "check", "flush", "list", "fetch", "graph", "user", "token")
SERIES = "tele.x.v"


class Service:
    """The commands of one ini, and the server that they start."""

    def __init__(self, commands: CommandLine, broker: Mosquitto) -> None:
        self.commands = commands
        self.broker = broker
        self.folder = commands.folder
        self.ini = self.folder / "house.conf"
        self.ini.write_text(INI)
        self.pid_file = self.folder / "home" / "run" / "jnt_datalog_rrd.pid"
        self.port = free_port()
        commands.environ = {**broker.environ(), "JNT_HTTP_HTTP_PORT": str(self.port)}

    def __call__(self, *arguments: str, status: int = 0, **env: str) -> str:
        """Run a command and return what it wrote; its streams are told apart by the exit status."""
        done = self.commands.run("-c", "house.conf", *arguments, env=env)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stderr or done.stdout

    def ask(self, path: str) -> Any:
        return fetch_json(f"http://127.0.0.1:{self.port}{path}")

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def wait_healthy(self) -> None:
        wait_until(lambda: (self.ask("/healthz") or {}).get("status") == "ok", what="a healthy server")


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Commands that need no server, run in the test's own process, which is faster."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, ini: str | None = None, **env: str) -> Result:
        if ini is not None:
            (tmp_path / "house.conf").write_text(ini)
            arguments = ("-c", "house.conf", *arguments)
        clean = {name: None for name in os.environ if name.startswith("JNT_")}
        result = CliRunner().invoke(main, arguments, env={**clean, **env})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def service(command_line: CommandLine, mosquitto: Mosquitto) -> Iterator[Service]:
    made = Service(command_line, mosquitto)
    yield made
    made.ini.write_text(INI)
    if LockFile(made.pid_file).holder() is not None:
        made("stop")


@pytest.fixture
def stopped(service: Service) -> tuple[Service, int]:
    """A service that has logged ten values and stopped; and the time of the first one, seconds since the epoch."""
    service("start")
    service.wait_healthy()
    begin = int(time.time()) - 60
    service.broker.publish(*[("tele/x", json.dumps({"t": begin + n, "v": n + 0.1})) for n in range(10)])
    wait_until(lambda: service.ask(f"/api/v1/series/{SERIES}"), what="the series")
    wait_until(lambda: service.ask(f"/api/v1/series/{SERIES}")["columns"][0]["last_value"] == 9.1, what="the last value")
    service("stop")
    return service, begin


# -- help and wrong use ------------------------------------------------------------------------------


def test_help_names_every_command(run_cli: Callable[..., Any]) -> None:
    done = run_cli("--help", check=True)
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(typed: Callable[..., Result], command: str) -> None:
    done = typed(command, "--help")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: main {command} ")
    assert done.output == typed(command, "-h").output


def test_the_version_is_told(run_cli: Callable[..., Any]) -> None:
    assert run_cli("--version", check=True).stdout.startswith("jnt_datalog_rrd, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("--colour", "check"),
        ("fetch",),
        ("fetch", "a", "--format", "xml"),
        ("fetch", "a", "--cf", "MEDIAN"),
        ("fetch", "a", "--resolution", "0"),
        ("graph", "a"),
        ("graph", "a", "-o", "a.gif"),
        ("graph", "a", "-o", "a.png", "--width", "1"),
        ("start", "now"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(typed: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    done = typed(*arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.output
    assert "Error: " in done.output


def test_wrong_use_is_told_on_the_standard_error(run_cli: Callable[..., Any]) -> None:
    done = run_cli("fetch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing argument 'NAME'" in done.stderr


# -- check -------------------------------------------------------------------------------------------


def test_a_good_ini_is_in_order(service: Service) -> None:
    assert service("check") == "house.conf is in order\n"
    assert not (service.folder / "home").exists()


def test_a_bad_ini_is_told_with_every_fault(service: Service) -> None:
    service.ini.write_text(INI + "[sytem]\n[schema__x]\npattern = (\n")
    said = service("check", status=1)
    assert said.startswith("The configuration has 2 faults:\nhouse.conf:15: [sytem]: unknown section")
    assert "\nhouse.conf:17: [schema__x] pattern: " in said
    service.ini.write_text(INI + "value = a..b\n")
    assert "decoder__tele" in service("check", status=1)


@pytest.mark.parametrize("command", ["front", "start", "restart", "reload", "flush", "list"])
def test_a_bad_ini_stops_every_command(typed: Callable[..., Result], command: str) -> None:
    done = typed(command, ini="[system]\nbroker_keepalive = x\n")
    assert done.exit_code == 1
    assert done.output.startswith("The configuration has 1 fault:\nhouse.conf:2: [system] broker_keepalive: 'x' is ")


@pytest.mark.parametrize("command", ["stop", "status"])
def test_a_server_whose_ini_has_faults_by_now_can_be_found_and_stopped(typed: Callable[..., Result], command: str) -> None:
    done = typed(command, ini="[system]\nhome_dir = ./elsewhere\nbroker_keepalive = x\n")
    assert "house.conf:3: [system] broker_keepalive: 'x' is " in done.output
    assert "elsewhere/run/jnt_datalog_rrd.pid" in done.output


def test_an_ini_that_is_not_there_is_told(typed: Callable[..., Result]) -> None:
    done = typed("-c", "none.conf", "check")
    assert done.exit_code == 1
    assert done.output == "jnt_datalog_rrd: -c none.conf: there is no such file; name an ini that is there\n"
    done = typed("check", JNT_CONF="none.conf")
    assert (done.exit_code, done.output.split(":")[1]) == (1, " JNT_CONF none.conf")


def test_without_an_ini_the_built_in_one_is_checked(typed: Callable[..., Result]) -> None:
    assert typed("check").output.endswith("janitoo_datalog_rrd.conf is in order\n")


def test_a_plugin_that_cannot_be_loaded_is_named_by_the_check(service: Service) -> None:
    folder = service.folder / "site" / "broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[janitoo.threads]\nbroken = no_such_module:make_thread\n")
    done = service.commands.run("-c", "house.conf", "check", env={"PYTHONPATH": str(service.folder / "site")}, check=True)
    assert done.stdout == "house.conf is in order\n"
    (line,) = done.stderr.splitlines()
    assert "janitoo.threads: broken" in line
    assert "no_such_module" in line


# -- start, stop and the rest ------------------------------------------------------------------------


def test_a_server_is_started_asked_reloaded_restarted_and_stopped(service: Service) -> None:
    assert service("status", status=1).startswith("not running (no server holds ")
    assert service("start") == f"started (pid {service.pid()})\n"
    first = service.pid()
    assert service("start", status=1) == f"jnt_datalog_rrd: it is running already (pid {first})\n"
    service.wait_healthy()
    said = service("status").splitlines()
    assert said == [f"running (pid {first})", f"ok: http://localhost:{service.port}/"]
    assert service("reload") == f"told the server (pid {first}) to read the ini again\n"
    assert service("restart") == f"started (pid {service.pid()})\n"
    assert service.pid() != first
    assert service("stop") == "stopped\n"
    assert service("stop").startswith("it was not running (no server holds ")
    assert service("status", status=1).startswith("not running (no server holds ")
    assert service("restart") == f"started (pid {service.pid()})\n"


def test_commands_for_a_server_that_does_not_run_say_so(service: Service) -> None:
    assert service("reload", status=1) == "jnt_datalog_rrd: it is not running: start it\n"
    assert service("flush", status=1) == "jnt_datalog_rrd: the server is not running, so nothing is cached\n"
    assert service("stop").startswith("it was not running (no server holds ")


def test_a_pid_file_left_by_a_killed_server_is_no_running_server(service: Service) -> None:
    service("start")
    pid = service.pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service("status", status=1).startswith("not running (no server holds "))
    assert service.pid() == pid
    assert service("stop").startswith("it was not running (no server holds ")
    assert service("start").startswith("started")
    assert service.pid() != pid


def test_a_pid_file_that_names_another_process_does_not_endanger_it(service: Service) -> None:
    service.pid_file.parent.mkdir(parents=True)
    service.pid_file.write_text(f"{os.getpid()}\n")
    assert service("status", status=1).startswith("not running (no server holds ")
    assert service("stop").startswith("it was not running (no server holds ")


def test_a_server_that_does_not_start_tells_why(service: Service) -> None:
    said = service("start", status=1, JNT_HTTP_HTTP_PORT=str(service.broker.port))
    assert said.startswith("jnt_datalog_rrd: the server did not start:\n")
    assert f"http_port_0 = {service.broker.port}" in said
    assert service("status", status=1).startswith("not running (no server holds ")


def test_a_server_with_trouble_is_told_and_the_status_is_1(service: Service) -> None:
    service("start")
    service.wait_healthy()
    service.broker.stop()
    wait_until(lambda: (service.ask("/healthz") or {}).get("status") != "ok", what="trouble")
    done = service.commands.run("-c", "house.conf", "status")
    assert done.returncode == 1
    assert done.stdout.startswith(f"running (pid {service.pid()})\nbroker: the MQTT broker at 127.0.0.1:{service.broker.port}")


def test_the_server_ends_by_itself_on_ctrl_c(service: Service) -> None:
    running = service.commands.start("-c", "house.conf", "front")
    service.wait_healthy()
    running.send(signal.SIGINT)
    assert running.wait(10) == 0
    assert "Traceback" not in running.stderr


# -- series ------------------------------------------------------------------------------------------


def test_a_running_server_is_flushed_before_its_files_are_read(service: Service) -> None:
    service("start")
    service.wait_healthy()
    begin = int(time.time()) - 60
    service.broker.publish(("tele/x", json.dumps({"t": begin, "v": 1.5})))
    wait_until(lambda: service.ask(f"/api/v1/series/{SERIES}"))
    assert SERIES in service("list").splitlines()
    rows = json.loads(service("fetch", SERIES, "--start", str(begin - 1), "--end", str(begin), "--format", "json"))["rows"]
    assert [begin, 1.5] in rows
    service.broker.publish(("tele/x", json.dumps({"t": begin + 1, "v": 2.5})))
    wait_until(lambda: service.ask(f"/api/v1/series/{SERIES}")["columns"][0]["last_value"] == 2.5)
    assert service("flush", SERIES) == "1 sample written\n"
    assert service("flush", SERIES) == "0 samples written\n"
    assert service("flush").endswith(" samples written\n")
    said = service("flush", "no.such.series", status=1)
    assert said.startswith("jnt_datalog_rrd: ")
    assert "'no.such.series'" in said


def test_series_can_be_read_while_the_server_does_not_run(stopped: tuple[Service, int]) -> None:
    service, begin = stopped
    assert SERIES in service("list").splitlines()
    span = ("--start", str(begin - 1), "--end", str(begin + 9))
    expected = {begin + n: n + 0.1 for n in range(10)}

    rows = list(csv.reader(io.StringIO(service("fetch", SERIES, *span, "--format", "csv"))))
    assert rows[0] == ["time", "value"]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin + 3))
    assert [stamp, "3.1"] in rows

    document = json.loads(service("fetch", SERIES, *span, "--format", "json"))
    assert (document["series"], document["step"], document["columns"]) == (SERIES, 1, ["time", "value"])
    assert {moment: number for moment, number in document["rows"] if moment in expected} == expected

    table = service("fetch", SERIES, *span).splitlines()
    assert table[0].split() == ["time", "value"]
    assert any(line.endswith(" 3.1") and time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begin + 3)) in line for line in table)

    before = service("fetch", SERIES, "--start", str(begin - 5), "--end", str(begin - 2)).splitlines()
    assert {line.split()[-1] for line in before[1:]} == {"-"}

    coarse = json.loads(service("fetch", SERIES, *span, "--format", "json", "--cf", "AVERAGE", "--resolution", "1"))
    assert coarse["rows"] == document["rows"]


@pytest.mark.parametrize("name", ["no.such.series", "../../etc/passwd", "", "-x"])
def test_an_unknown_series_is_told(typed: Callable[..., Result], tmp_path: Path, name: str) -> None:
    for command in (("fetch",), ("graph", "-o", "x.png")):
        done = typed(*command, "--", name, ini=INI)
        assert (done.exit_code, done.output) == (1, f"jnt_datalog_rrd: There is no series named {name!r}.\n")
    assert not (tmp_path / "x.png").exists()


def test_a_graph_is_drawn_into_a_png_or_svg_file(stopped: tuple[Service, int]) -> None:
    service, begin = stopped
    span = ("--start", str(begin - 30), "--end", str(begin + 30))
    assert service("graph", SERIES, "-o", "x.png", *span) == ""
    small = (service.folder / "x.png").read_bytes()
    assert small.startswith(b"\x89PNG")
    service("graph", SERIES, "-o", "x.PNG", *span, "--width", "1600", "--height", "600")
    large = (service.folder / "x.PNG").read_bytes()
    assert int.from_bytes(large[16:20], "big") > 1600 > int.from_bytes(small[16:20], "big") > 800
    service("graph", SERIES, "-o", "x.svg", *span)
    assert b"<svg" in (service.folder / "x.svg").read_bytes()[:500]
    said = service("graph", SERIES, "-o", "none/x.png", *span, status=1)
    assert said == "jnt_datalog_rrd: none/x.png cannot be written: No such file or directory\n"


def test_a_time_that_is_none_is_wrong_use(stopped: tuple[Service, int], monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = stopped
    monkeypatch.chdir(service.folder)
    for moment in ("yesteryear", "--", "", "-1d; rm -rf /", "x" * 10_000):
        for command in (("fetch",), ("graph", "-o", "x.png")):
            done = CliRunner().invoke(main, ["-c", "house.conf", *command, SERIES, f"--start={moment}"])
            assert done.exit_code == 2, (command, moment, done.output)
            assert "start" in done.output
    assert service("fetch", SERIES, "--start=-1d; rm -rf /", status=2).startswith("Usage: ")


def test_files_can_be_read_when_the_web_server_is_off(service: Service) -> None:
    change = INI.replace("[http]\n", "[http]\nauto_start = False\n")
    service.ini.write_text(change)
    service("start")
    done = service.commands.run("-c", "house.conf", "list", check=True)
    assert "what it has not written yet is missing here" in done.stderr
    assert service("stop") == "stopped\n"
