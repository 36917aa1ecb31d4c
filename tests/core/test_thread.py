"""Threads and the server as a whole: what fails is named and retried, the rest goes on; reload and stop lose nothing."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rrdtool
from house import janitoo, live_in
from support import CommandLine, Mosquitto, Running, fetch_json, free_port, wait_until

from janitoo_datalog_rrd.core import server as server_module
from janitoo_datalog_rrd.core import thread as thread_module
from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.thread import BaseThread
from janitoo_datalog_rrd.server import DatalogServer

ATTIC = """
import pathlib
from janitoo_datalog_rrd.core.component import JNTComponent
from janitoo_datalog_rrd.core.thread import JNTBusThread
from janitoo_datalog_rrd.core.values import NodeValue

MENDED = pathlib.Path(__file__).parent / "mended"


class Attic(JNTBusThread):
    section = "attic"


def make_thread(options, force=False):
    return Attic(options) if "attic" in options.given else None


def make_cellar(options, force=False):
    if not MENDED.exists():
        raise RuntimeError("the cellar is flooded")


def make_lamp(**kwargs):
    lamp = JNTComponent(**kwargs)
    lamp.add_value(NodeValue("watts", lambda: 40, poll_delay=0.2))
    return lamp


def make_fuse(**kwargs):
    if not MENDED.exists():
        raise RuntimeError("the fuse is blown")
    return make_lamp(**kwargs)
"""
ENTRY_POINTS = """
[janitoo.threads]
attic = attic_server_plugin:make_thread
cellar = attic_server_plugin:make_cellar
[janitoo.components]
attic.lamp = attic_server_plugin:make_lamp
attic.fuse = attic_server_plugin:make_fuse
attic.gone = attic_server_plugin:not_there
[janitoo_datalog_rrd.decoders]
attic = attic_server_plugin:neither_there
"""
ATTIC_INI = """
[attic]
hadd = 0500/0000
heartbeat = 1
components.lamp = attic.lamp
components.fuse = attic.fuse
components.gone = attic.gone
[attic__lamp]
hadd = 0500/0001
[attic__fuse]
hadd = 0500/0002
[attic__gone]
hadd = 0500/0003
[decoder__attic]
topics = attic/#
kind = attic
[decoder__house]
topics = house/#
kind = plain
"""


@pytest.fixture
def attic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another package with a thread and components, some of them broken; what fails is tried again soon."""
    folder = tmp_path / "site-packages"
    (folder / "attic_server_plugin-1.0.dist-info").mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: attic-server-plugin\nVersion: 1.0\n"
    (folder / "attic_server_plugin-1.0.dist-info" / "METADATA").write_text(metadata)
    (folder / "attic_server_plugin-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "attic_server_plugin.py").write_text(ATTIC)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(thread_module, "RETRY_S", 0.2)
    monkeypatch.setattr(server_module, "RETRY_S", 0.2)
    yield folder
    sys.modules.pop("attic_server_plugin", None)


# -- a thread's life ---------------------------------------------------------------------------------


class Walker(BaseThread):
    """A thread that fails as it is told."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__(options=None, name="walker")  # type: ignore[arg-type]
        self.retry_s = 0.05
        self.failures = list(failures)
        self.steps: list[str] = []

    def pre_loop(self) -> None:
        self.steps.append("pre")
        if self.failures:
            raise self.failures.pop(0)

    def post_loop(self) -> None:
        self.steps.append("post")

    def on_failure(self, error: Exception) -> None:
        self.steps.append(str(error))


def live(walker: Walker, until: Callable[[], bool]) -> None:
    walker.start()
    try:
        wait_until(until)
    finally:
        walker.stop()
        walker.join(10)
    assert not walker.is_alive()


def test_a_thread_that_fails_is_tried_again() -> None:
    walker = Walker(RuntimeError("once"), OSError("twice"))
    live(walker, lambda: walker.steps.count("pre") == 3 and walker.failure is None)
    assert walker.steps == ["pre", "once", "post", "pre", "twice", "post", "pre", "post"]


def test_a_thread_that_cannot_start_at_all_ends() -> None:
    walker = Walker(StartError("port taken"))
    walker.start()
    walker.wait_settled(10)
    walker.join(10)
    assert not walker.is_alive()
    assert str(walker.failure) == "port taken"
    assert walker.steps == ["pre", "post"]


def test_a_thread_that_ran_once_is_tried_again_whatever_it_fails_with() -> None:
    walker = Walker()
    walker.start()
    walker.wait_settled(10)
    walker.failures.append(StartError("certificate gone"))
    walker.trigger_reload()
    live_on = wait_until(lambda: walker.steps.count("pre") == 3 and walker.failure is None)
    walker.stop()
    walker.join(10)
    assert live_on
    assert "certificate gone" in walker.steps


def test_a_new_configuration_is_tried_at_once_not_after_the_pause() -> None:
    walker = Walker(RuntimeError("bad option"))
    walker.retry_s = 3600
    walker.start()
    wait_until(lambda: "post" in walker.steps)
    walker.trigger_reload()
    wait_until(lambda: walker.steps.count("pre") == 2)
    walker.stop()
    walker.join(10)
    assert not walker.is_alive()


# -- plugins of other packages -----------------------------------------------------------------------


def test_a_thread_of_another_package_publishes_beside_ours(tmp_path: Path, attic: Path, mosquitto: Mosquitto) -> None:
    with mosquitto.listen("/#") as listener, live_in(tmp_path, mosquitto, more=ATTIC_INI) as house:
        listener.wait_for("/dhcp/heartbeat/0500/0001")
        message = json.loads(listener.wait_for("/values/user/0500/0001/watts"))
        assert message["0"]["data"] == 40
        wait_until(lambda: "0500.0001.watts.0" in house.names(), what="its value as a series")


def test_what_fails_is_named_and_retried_and_the_rest_runs(tmp_path: Path, attic: Path, mosquitto: Mosquitto) -> None:
    with mosquitto.listen("/#") as listener, live_in(tmp_path, mosquitto, more=ATTIC_INI) as house:
        listener.wait_for("/values/user/0500/0001/watts")
        problems = house.server.services.health.problems()
        assert "the cellar is flooded" in problems["thread cellar"]
        assert "the fuse is blown" in problems["component attic.fuse"]
        assert "not_there" in problems["component attic.gone"]
        assert "neither_there" in problems["decoder attic"]
        house.publish(("house/temperature", "21.5"))
        assert "house.temperature" in house.names()
        (attic / "mended").touch()
        listener.wait_for("/dhcp/heartbeat/0500/0002")
        wait_until(lambda: set(house.server.services.health.problems()) == {"component attic.gone", "decoder attic"})
        # what is taken out of the ini is no trouble any more
        ini = tmp_path / "house.conf"
        ini.write_text(
            ini.read_text().replace("components.gone = attic.gone", "").replace("[attic__gone]\nhadd = 0500/0003\n", "")
        )
        house.server.reload()
        wait_until(lambda: set(house.server.services.health.problems()) == {"decoder attic"})


# -- reload ------------------------------------------------------------------------------------------


def change(ini: Path, old: str, new: str) -> None:
    text = ini.read_text()
    assert old in text
    ini.write_text(text.replace(old, new))


def test_a_thread_is_started_and_stopped_by_a_reload(tmp_path: Path, mosquitto: Mosquitto) -> None:
    ini = tmp_path / "house.conf"
    with live_in(tmp_path, mosquitto, more="[hostsensor]\nhadd = 0120/0000\nauto_start = False\n") as house:
        assert house.server.get_thread("hostsensor") is None
        change(ini, "auto_start = False", "auto_start = True")
        house.server.reload()
        assert house.server.get_thread("hostsensor") is not None
        change(ini, "auto_start = True", "auto_start = False")
        house.server.reload()
        assert house.server.get_thread("hostsensor") is None
        assert [thread.name for thread in threading.enumerate() if thread.name == "hostsensor"] == []


def test_a_reload_without_a_change_disturbs_nobody(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        store = house.server.services.store
        thread = house.server.get_thread("datarrd")
        assert thread is not None
        client = thread.mqttc
        house.server.reload()
        assert (house.server.services.store, thread.mqttc) == (store, client)
        assert thread.bus is not None
        assert thread.bus.options is house.server.options


def test_a_thread_that_a_reload_cannot_start_is_named_and_the_others_run(tmp_path: Path, mosquitto: Mosquitto) -> None:
    ini = tmp_path / "house.conf"
    with live_in(tmp_path, mosquitto) as house:
        change(ini, "http_port_0 = 0", "http_port_0 = 0\nauto_start = False")
        house.server.reload()
        change(ini, "http_port_0 = 0\nauto_start = False", f"http_port_0 = {mosquitto.port}")
        house.server.reload()
        assert f"http_port_0 = {mosquitto.port}" in house.server.services.health.problems()["thread http"]
        house.publish(janitoo("0131/0001", "rain", 3))
        store = house.server.services.store
        assert store is not None
        assert store.get_series("0131.0001.rain.0")
        change(ini, f"http_port_0 = {mosquitto.port}", "http_port_0 = 0")
        house.server.reload()
        assert house.server.services.health.problems() == {}
        assert "0131.0001.rain.0" in house.names()


def test_two_servers_live_in_one_process(tmp_path: Path, mosquitto: Mosquitto) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    more = "[decoder__x]\ntopics = x/#\nkind = plain\n"
    with live_in(tmp_path / "one", mosquitto, more=more) as one:
        ini = tmp_path / "two" / "house.conf"
        ini.write_text((tmp_path / "one" / "house.conf").read_text().replace(str(one.home), str(tmp_path / "two" / "home")))
        change(ini, "hadd = 0014/0000", "hadd = 0015/0000")
        change(ini, "hadd = 0018/0000", "hadd = 0019/0000")
        two = DatalogServer(Options.load(ini, Plugins()))
        two.start()
        try:
            wait_until(lambda: "broker" not in two.services.health.problems())
            one.publish(("x/t", "1"))
            for server in (one.server, two):
                store = server.services.store
                assert store is not None
                wait_until(lambda store=store: "x.t" in [each.name for each in store.list_series()])  # type: ignore[misc]
        finally:
            two.stop()


# -- the server as a process -------------------------------------------------------------------------

INI = """\
[system]
home_dir = home
broker_mode = external
[datarrd]
hadd = 0014/0000
cache_rrd_ttl = 1h
[http]
[schema__default]
pattern = .*
step = 1
retention = 1s:1d
reorder_window = 0
"""


class Process:
    """A server as a child process, started on an ini that the test may change."""

    def __init__(self, commands: CommandLine, broker: Mosquitto) -> None:
        self.commands = commands
        self.broker = broker
        self.ini = commands.folder / "house.conf"
        self.home = commands.folder / "home"
        self.port = free_port()
        self.ini.write_text(INI)
        commands.environ = {**broker.environ(), "JNT_HTTP_HTTP_PORT": str(self.port), "JNT_CONF": "house.conf"}

    def front(self) -> Running:
        running = self.commands.start("front")
        wait_until(lambda: self.healthy() or not running.alive, what="a healthy server")
        assert running.alive, running.stderr
        return running

    def ask(self, path: str) -> Any:
        return fetch_json(f"http://127.0.0.1:{self.port}{path}")

    def healthy(self) -> bool:
        found = self.ask("/healthz")
        return found is not None and found["status"] == "ok"

    def series(self) -> dict[str, dict[str, Any]]:
        found = self.ask("/api/v1/series?limit=1000")
        return {each["name"]: each for each in found["series"]} if found else {}

    def publish(self, topic: str, data: float) -> None:
        self.broker.publish((topic, str(data)))

    def file(self, name: str) -> Path:
        return self.home / "public" / "rrd" / "rrds" / f"{name}.rrd"


@pytest.fixture
def process(command_line: CommandLine, mosquitto: Mosquitto) -> Process:
    return Process(command_line, mosquitto)


def test_a_stop_takes_less_than_five_seconds_and_everything_is_on_disk(process: Process) -> None:
    running = process.front()
    messages = [janitoo("0131/0001", f"value{number}", number) for number in range(200)]
    process.broker.publish(*messages)
    wait_until(lambda: len([name for name in process.series() if name.startswith("0131")]) == 200)
    begun = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - begun < 5
    for number in (0, 199):
        info = rrdtool.info(str(process.file(f"0131.0001.value{number}.0")))
        assert float(info["ds[value].last_ds"]) == number
    assert "Traceback" not in running.stderr


def test_a_stop_takes_less_than_five_seconds_while_the_broker_is_away(process: Process) -> None:
    running = process.front()
    process.broker.kill()
    wait_until(lambda: not process.healthy(), what="the server to notice")
    begun = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - begun < 5
    assert "Traceback" not in running.stderr


def test_a_reload_takes_schemas_decoders_and_datasources_over_and_keeps_cache_and_session(process: Process) -> None:
    running = process.front()
    process.publish("/values/user/0131/0001/rain", 0)  # no value object: it is only counted
    process.broker.publish(janitoo("0131/0001", "rain", 3))
    wait_until(lambda: "0131.0001.rain.0" in process.series())
    change(process.ini, "cache_rrd_ttl = 1h", "cache_rrd_ttl = 1h\ncomponents.weather = datarrd.datasource")
    process.ini.write_text(
        process.ini.read_text()
        + "[schema__wind]\npattern = .*wind.*\nstep = 5\nretention = 5s:1d\n"
        + "[decoder__house]\ntopics = house/#\nkind = plain\n"
        + "[datarrd__weather]\nhadd = 0014/0001\nrrd_file_0 = weather\nrrd_step_0 = 1\n"
        + "source_config_0 = 0131/0001|temperature|0|GAUGE|temperature\n"
    )
    running.send(signal.SIGHUP)
    running.wait_for_text("was read again")
    wait_until(lambda: "weather" in process.series(), what="the new datasource")
    wait_until(process.healthy, what="the server to be connected again")
    process.broker.publish(("house/wind", "5"), janitoo("0131/0001", "temperature", 21.5))
    wait_until(lambda: "house.wind" in process.series(), what="a value of the new decoder")
    assert process.series()["house.wind"]["step"] == 5
    rain = process.series()["0131.0001.rain.0"]
    assert rain["columns"][0]["last_value"] == 3
    assert running.stop() == 0
    assert float(rrdtool.info(str(process.file("0131.0001.rain.0")))["ds[value].last_ds"]) == 3
    assert "Traceback" not in running.stderr


def test_a_reload_takes_over_what_is_said_of_single_series_and_back(process: Process) -> None:
    running, plain = process.front(), process.ini.read_text()
    process.broker.publish(janitoo("0131/0001", "rain", 3), janitoo("0131/0001", "wind", 4))
    wait_until(lambda: {"0131.0001.rain.0", "0131.0001.wind.0"} <= set(process.series()), what="two series")
    label = process.series()["0131.0001.rain.0"]["label"]
    process.ini.write_text(
        plain
        + "[series__rain]\npattern = .*rain.*\nlabel = Rain on the roof\nunits = mm\nretention = 10s:2d\n"
        + "[series__wind]\npattern = .*wind.*\nlog = no\n"
    )
    running.send(signal.SIGHUP)
    wait_until(lambda: process.series().get("0131.0001.rain.0", {}).get("label") == "Rain on the roof", what="the new label")
    rain = process.series()["0131.0001.rain.0"]
    assert (rain["columns"][0]["label"], rain["columns"][0]["units"], rain["columns"][0]["last_value"]) == (
        "Rain on the roof",
        "mm",
        3,
    )
    assert "0131.0001.wind.0" not in process.series()
    wait_until(process.healthy, what="the server to be connected again")
    process.broker.publish(janitoo("0131/0001", "wind", 5), janitoo("0131/0001", "rain", 6))
    wait_until(lambda: process.series()["0131.0001.rain.0"]["columns"][0]["last_value"] == 6)
    file = process.file("0131.0001.rain.0")
    wait_until(lambda: not file.exists() or rrdtool.info(str(file))["rra[0].rows"] == 17280, what="the new retention")
    process.ini.write_text(plain)
    running.send(signal.SIGHUP)
    wait_until(lambda: "0131.0001.wind.0" in process.series(), what="the wind to be back")
    assert process.series()["0131.0001.wind.0"]["columns"][0]["last_value"] == 4
    assert process.series()["0131.0001.rain.0"]["label"] == label
    assert running.stop() == 0
    assert "Traceback" not in running.stderr


def test_what_is_published_while_the_server_is_stopped_is_logged(process: Process) -> None:
    assert process.front().stop() == 0
    process.broker.publish(janitoo("0131/0001", "rain", 7))
    process.front()
    assert wait_until(lambda: process.series().get("0131.0001.rain.0"))["columns"][0]["last_value"] == 7


LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("\n[system]\nbroker_port = x\n", "stands twice"),
        ("\n[decoder__x]\ntopics = x/#\nkind = json\nvalue = a..b\n", "decoder__x"),
        (LOGGING.replace("StreamHandler", "NoSuchHandler"), "NoSuchHandler"),
    ],
)
def test_a_broken_ini_at_a_reload_leaves_the_old_one_in_force_and_says_so(process: Process, broken: str, what: str) -> None:
    running = process.front()
    good = process.ini.read_text()
    process.ini.write_text(good.replace("cache_rrd_ttl = 1h", "cache_rrd_ttl = 2h") + broken)
    running.send(signal.SIGHUP)
    running.wait_for_text("the old one stays in force")
    assert what in running.stderr
    assert process.healthy()
    process.broker.publish(janitoo("0131/0001", "rain", 3))
    wait_until(lambda: "0131.0001.rain.0" in process.series())
    process.ini.write_text(good)
    running.send(signal.SIGHUP)
    running.wait_for_text("was read again")
    assert running.stop() == 0
    assert "Traceback" not in running.stderr


def test_a_reload_takes_the_level_of_the_log_over(process: Process) -> None:
    process.ini.write_text(INI + LOGGING)
    running = process.front()
    assert "is up" not in running.stderr
    change(process.ini, "level = WARNING", "level = INFO")
    running.send(signal.SIGHUP)
    running.wait_for_text("was read again")


# -- servers that cannot start -----------------------------------------------------------------------


def refusal(process: Process, *arguments: str, **env: str) -> str:
    """The one sentence with which a server says that it cannot start."""
    done = process.commands.run(*(arguments or ("front",)), env=env)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("INFO", "WARNING"))]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_that_is_taken_is_told_with_its_option(process: Process) -> None:
    sentence = refusal(process, JNT_HTTP_HTTP_PORT=str(process.broker.port))
    assert f"[http] http_port_0 = {process.broker.port}" in sentence


@pytest.mark.parametrize("option", ["home_dir", "log_dir", "pid_dir", "conf_dir"])
def test_a_folder_that_cannot_be_written_is_told_with_its_option(process: Process, option: str) -> None:
    (process.commands.folder / "file").touch()
    change(
        process.ini,
        "home_dir = home\n",
        f"home_dir = home\n{option} = file/there\n" if option != "home_dir" else "home_dir = file/there\n",
    )
    assert f"[system] {option}" in refusal(process)
    assert "house.conf" in refusal(process)


def test_a_second_server_on_one_home_is_refused(process: Process) -> None:
    running = process.front()
    sentence = refusal(process, JNT_HTTP_HTTP_PORT=str(free_port()))
    assert "home_dir" in sentence
    assert "house.conf" in sentence
    assert f"pid {running.process.pid}" in sentence
    sentence = refusal(process, JNT_HTTP_HTTP_PORT=str(free_port()), JNT_SYSTEM_HOME_DIR="home", JNT_SYSTEM_SERVICE="other")
    assert "home_dir" in sentence
    assert process.healthy()


def test_without_the_rrdtool_binding_the_server_says_how_to_get_it(process: Process) -> None:
    poison = process.commands.folder / "poison"
    poison.mkdir()
    (poison / "rrdtool.py").write_text("raise ImportError('librrd.so.8: cannot open shared object file')\n")
    sentence = refusal(process, PYTHONPATH=str(poison))
    assert "librrd.so.8" in sentence
    assert "apt-get install" in sentence


def test_a_certificate_that_is_not_there_is_told_with_its_option(process: Process) -> None:
    assert "broker_tls_ca" in refusal(process, JNT_SYSTEM_BROKER_TLS_CA="none.pem")


def test_a_wrong_ini_is_told_with_every_fault(process: Process) -> None:
    change(process.ini, "home_dir = home", "home_dir = home\nbroker_portt = 1\nheartbeat_count = x")
    done = process.commands.run("front")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "The configuration has 2 faults:"
    assert [line.split(": ")[0] for line in done.stderr.splitlines()[1:]] == ["house.conf:3", "house.conf:4"]
    assert not process.home.exists()
