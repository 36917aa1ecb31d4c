"""The agent under a network that fails, over TLS with a certificate of its own: every reading arrives once, with its own time."""

from __future__ import annotations

import math
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from house import House, live_in
from support import Certificates, CommandLine, CutProxy, Mosquitto, Running, make_certificates, wait_until

from janitoo_datalog_rrd.store.tail import Tail

pytestmark = pytest.mark.slow

ENTRY_POINTS = "[janitoo_datalog_rrd.metrics]\nserial = serial_metrics:make_serial\n"
# what it measures is how often it has measured; each reading is noted in a file before anybody else knows of it
MODULE = """
import os, time
from janitoo_datalog_rrd.core.metrics import Described
from janitoo_datalog_rrd.core.plugins import takes_options

class Serial:
    described = {"number": Described("Number")}

    def __init__(self):
        self._file = os.open(os.environ["SERIAL_FILE"], os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._number = os.read(self._file, 1 << 20).count(b"\\n")

    def read(self):
        self._number += 1
        os.write(self._file, b"%d %.6f\\n" % (self._number, time.time()))
        return {"number": self._number}

@takes_options()
def make_serial(_section):
    return Serial()
"""
BUILT_IN = ("cpu", "load", "memory", "disk", "network", "sensors", "processes", "gpu", "docker", "smart", "picpu", "uptime")
INI = """
[system]
home_dir = {folder}/home
broker_ip = {host}
broker_port = {port}
broker_tls_ca = {ca}
broker_tls_cert = {cert}
broker_tls_key = {key}
broker_keepalive = 5

[agent]
device = {device}
poll_delay = 1
janitoo = False
homeassistant = False
"""
SERVER = "broker_tls_ca = {0.ca}\nbroker_tls_cert = {0.client_cert}\nbroker_tls_key = {0.client_key}"
ACCESS = "user tester\ntopic readwrite #\n\npattern write devices/%u/#\n"
NOTICE_S = 60.0


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of the server, which is called `tester`, of the devices, and of one that nobody knows."""
    return make_certificates(tmp_path_factory.mktemp("papers"), "web01", "web02", strangers=("stranger",))


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with a component of the agent, as pip would install it."""
    folder = tmp_path_factory.mktemp("site-packages")
    info = folder / "serial_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: serial-metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "serial_metrics.py").write_text(MODULE)
    return folder


class Machine:
    """A machine with an agent, between which and the broker the network fails."""

    def __init__(
        self, folder: Path, commands: CommandLine, plugin: Path, papers: Certificates, port: int, **changes: str | Path
    ) -> None:
        self.device = str(changes.get("device", "web01"))
        self.folder = folder
        folder.mkdir()
        cert, key = papers.of(str(changes.get("shows", self.device)))
        ca = changes.get("ca", papers.ca)
        ini = INI.format(folder=folder, host="127.0.0.1", port=port, ca=ca, cert=cert, key=key, device=self.device)
        off = "\n".join(f"[agent__{name}]\nenabled = False" for name in BUILT_IN)
        (folder / "agent.conf").write_text(f"{ini}\n{off}\n")
        self._commands = commands
        self._environ = {"PYTHONPATH": str(plugin), "SERIAL_FILE": str(folder / "serial")}
        self._lost: set[int] = set()
        self.process: Running | None = None

    @property
    def series(self) -> str:
        return f"devices.{self.device}.monitoring.metrics.serial.number"

    def start(self) -> None:
        self.process = self._commands.start("agent", "-c", str(self.folder / "agent.conf"), env=self._environ)

    def restart(self) -> None:
        assert self.process is not None
        assert self.process.stop() == 0
        self.start()

    def kill(self) -> None:
        """End it by SIGKILL: what it was just about to put into its outbox was never measured."""
        assert self.process is not None
        self.process.kill()
        self._lost.add(max(self.measured(), default=0))

    def measured(self) -> dict[int, float]:
        """When each number was measured, seconds since the epoch UTC."""
        path = self.folder / "serial"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return {int(line.split()[0]): float(line.split()[1]) for line in lines}

    def measure(self, count: int) -> int:
        """Wait until it has measured so many numbers more; returns the last one."""
        wanted = len(self.measured()) + count
        return wait_until(lambda: max(self.measured()) if len(self.measured()) >= wanted else 0, 60, "readings")

    def says(self, text: str) -> None:
        assert self.process is not None
        self.process.wait_for_text(text, NOTICE_S)

    @property
    def may_be_missing(self) -> set[int]:
        return self._lost


class Scene:
    """A broker that only takes who shows a certificate, a server, a network that fails, and a machine with an agent."""

    def __init__(self, house: House, proxy: CutProxy, broker: Mosquitto, machine: Machine) -> None:
        self.house = house
        self.proxy = proxy
        self.broker = broker
        self.machine = machine
        self.tail: Tail = house.server.services.store.tail("test", 64 << 20)  # type: ignore[union-attr, assignment]
        self._came: list[tuple[float, float]] = []

    def came(self) -> list[tuple[float, float]]:
        """(time, number) of what the server has accepted, in its order."""
        while found := self.tail.read(1000):
            self._came += [(each.time, each.value) for each in found if each.series == self.machine.series]
            self.tail.done()
        return self._came

    def arrived(self) -> int:
        """The highest number that the server has accepted."""
        return int(max((value for _, value in self.came()), default=0))

    def settle(self) -> None:
        """Wait until what was measured up to now has arrived."""
        last = max(self.machine.measured(), default=1)
        wait_until(lambda: self.arrived() >= last, 90, f"number {last}")


@pytest.fixture
def scene(tmp_path: Path, command_line: CommandLine, papers: Certificates, plugin: Path) -> Iterator[Scene]:
    access = tmp_path / "access"
    access.write_text(ACCESS)
    access.chmod(0o600)
    extra = ("use_identity_as_username true", f"acl_file {access}")
    with ExitStack() as stack:
        broker = Mosquitto(tmp_path / "broker", certificates=papers, require_certificate=True, extra=extra, saves_often=False)
        stack.enter_context(broker)
        house = stack.enter_context(live_in(tmp_path, broker, system=SERVER.format(papers)))
        proxy = stack.enter_context(CutProxy(broker.port))
        machine = Machine(tmp_path / "web01", command_line, plugin, papers, proxy.port)
        yield Scene(house, proxy, broker, machine)


# -- how the network fails ---------------------------------------------------------------------------


def goes_silent(scene: Scene) -> None:
    """Nothing says that the connection is gone: it is noticed all the same, while it lasts."""
    scene.proxy.drop()
    scene.machine.says("is gone")
    scene.machine.measure(2)
    scene.proxy.heal()


def goes_silent_for_a_moment(scene: Scene) -> None:
    scene.proxy.drop()
    scene.machine.measure(2)
    scene.proxy.heal()


def is_slow(scene: Scene) -> None:
    scene.proxy.delay(0.7)
    scene.machine.measure(3)
    scene.settle()


def resets(scene: Scene) -> None:
    scene.machine.measure(1)
    scene.proxy.reset()


def refuses(scene: Scene) -> None:
    scene.proxy.refuse()
    scene.machine.measure(3)
    scene.proxy.heal()


def cuts_messages(scene: Scene) -> None:
    """In the middle of a message: the beginning of the TLS record arrives, its end does not."""
    for count in (1, 40):
        resets_so_far = scene.proxy.resets
        scene.proxy.cut_after(count)
        wait_until(lambda before=resets_so_far: scene.proxy.resets > before, what="a message to be cut")  # type: ignore[misc]
        scene.settle()


def cuts_answers(scene: Scene) -> None:
    """The broker has the message, and its acknowledgement is lost: it is sent once more."""
    scene.proxy.cut_after(0, back=True)
    wait_until(lambda: scene.proxy.resets, what="an answer to be cut")


def kills_the_broker(scene: Scene) -> None:
    """The broker forgets the server's session, since it had not been written yet."""
    scene.broker.kill()
    scene.machine.measure(3)
    scene.broker.start()


def kills_the_agent(scene: Scene) -> None:
    scene.machine.kill()
    scene.machine.start()
    scene.machine.measure(1)


def kills_the_agent_in_silence(scene: Scene) -> None:
    """What it had on its disk is sent by its next life."""
    scene.proxy.drop()
    scene.machine.measure(3)
    scene.machine.kill()
    scene.proxy.reset()
    scene.machine.start()
    scene.machine.measure(1)
    scene.proxy.heal()


FAILURES: tuple[Callable[[Scene], None], ...] = (
    goes_silent,
    goes_silent_for_a_moment,
    is_slow,
    resets,
    refuses,
    cuts_messages,
    cuts_answers,
    kills_the_broker,
    kills_the_agent,
    kills_the_agent_in_silence,
)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: each.__name__)
def test_every_reading_arrives_once_with_its_own_time(scene: Scene, failure: Callable[[Scene], None]) -> None:
    machine = scene.machine
    machine.start()
    machine.measure(2)
    scene.settle()
    failure(scene)
    scene.settle()
    scene.proxy.heal()
    machine.measure(2)
    scene.settle()
    last = scene.arrived()
    check_samples(machine, scene.came(), last)
    check_rows(scene, last - 1)  # the second that is under way is not written yet


def check_samples(machine: Machine, came: list[tuple[float, float]], last: int) -> None:
    """What was measured up to a number is there, each with one time: that at which it was measured."""
    measured = machine.measured()
    times: dict[int, set[float]] = defaultdict(set)
    for time_s, value in came:
        times[int(value)].add(time_s)
    missing = [number for number in range(1, last + 1) if number not in times]
    assert set(missing) <= machine.may_be_missing, f"never arrived: {missing}, of {last}"
    assert [number for number in times if len(times[number]) > 1] == [], "arrived with two times"
    for number in range(1, last + 1):
        if number in times:
            [time_s] = times[number]
            assert measured.get(number - 1, -math.inf) - 0.002 <= time_s <= measured[number] + 0.002, f"time of {number}"


def check_rows(scene: Scene, last: int) -> None:
    """The file has each number in the row of its second, where several are of one second the last."""
    by_second: dict[int, float] = {}
    for time_s, value in scene.came():
        if value <= last:
            by_second[int(time_s)] = value
    rows = scene.house.rows(scene.machine.series, min(by_second), max(by_second))
    wrong = {second: (rows[second], value) for second, value in by_second.items() if rows[second] != (value,)}
    assert wrong == {}


# -- who is not let in -------------------------------------------------------------------------------


@pytest.fixture
def try_in(scene: Scene, tmp_path: Path, command_line: CommandLine, papers: Certificates, plugin: Path) -> Callable[..., Machine]:
    """Start an agent with other papers than those that the broker wants."""

    def start(**changes: str | Path) -> Machine:
        machine = Machine(tmp_path / "other", command_line, plugin, papers, scene.broker.port, **changes)
        machine.start()
        return machine

    return start


def test_a_certificate_that_the_broker_does_not_know_is_told_and_readings_wait(try_in: Callable[..., Machine]) -> None:
    machine = try_in(shows="stranger")
    machine.says("broker_tls_cert")
    machine.measure(2)


def test_a_broker_that_is_not_trusted_is_told_and_gets_nothing(
    try_in: Callable[..., Machine], papers: Certificates, scene: Scene
) -> None:
    machine = try_in(ca=papers.other_ca)
    machine.says("broker_tls_ca")
    machine.measure(2)
    assert machine.series not in scene.house.names()


def test_who_publishes_as_somebody_else_is_told_and_gives_up_nothing(
    scene: Scene, try_in: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = try_in(device="web02", shows="web01")
    machine.says("allow it in the broker's access rules")
    machine.measure(2)
    assert machine.series not in scene.house.names()
    access = tmp_path / "access"
    access.write_text(f"{ACCESS}pattern write devices/web02/#\n")
    os.kill(scene.broker.pid, signal.SIGHUP)  # it reads its rules again
    machine.restart()
    wait_until(lambda: machine.series in scene.house.names(), 60, "the readings that waited")
    scene.machine = machine
    scene.settle()
    check_samples(machine, scene.came(), scene.arrived())
