"""The simulated house lives: its devices report in simulated time, and what goes wrong in houses goes wrong here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ..processes import ROOT, BenchError, wait_for
from ..servers import Broker, Server
from ..wire import Wire
from .devices import furnish
from .model import Device, Number
from .radio import Zigbee

_PATIENCE_S = 60.0
_DAY_BEGINS = 6 * 3600.0


@dataclass(slots=True)
class Outcome:
    """What a life of the house has cost.

    Attributes:
        seconds: of the clock on the wall.
        sent: messages.
        dealt_with: how many of them the server has dealt with, by result.
        accepted: samples.
        cpu_s: processor seconds of the server.
        rss: bytes of memory of the server at the end.
    """

    seconds: float = 0.0
    sent: int = 0
    dealt_with: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    cpu_s: float = 0.0
    rss: int = 0


class House:
    """The house, its broker with the limits that it comes with, and a server with the ini that comes along.

    Args:
        folder: everything that is written goes there.
        say: told what happens.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        # of what the broker of other runs is told, a house's has nothing
        limits = ("max_queued_messages 1000", "max_inflight_messages 20")
        self.broker = Broker(folder / "broker", limits, persistence=True)
        self.server = Server(folder / "server", 0, None)
        self.server.ini.parent.mkdir(parents=True, exist_ok=True)
        self.server.ini.write_bytes((ROOT / "config" / "janitoo_datalog_rrd.conf").read_bytes())
        self.server.environ.update(
            JNT_SYSTEM_HOME_DIR=str(self.server.home),
            JNT_SYSTEM_BROKER_PORT=str(self.broker.port),
            JNT_SYSTEM_BROKER_MODE="external",
            JNT_HTTP_HTTP_HOST_0="127.0.0.1",
            JNT_HTTP_HTTP_PORT_0=str(self.server.http_port),
        )
        self.devices = furnish()
        self.outcome = Outcome()
        self._wire: Wire | None = None

    @property
    def numbers(self) -> list[Number]:
        """Every number that has to be logged."""
        return [number for device in self.devices for number in device.numbers()]

    def live(self, hours: float, speed: float) -> None:
        """Live for some simulated hours. Raises BenchError, OSError."""
        begun = time.monotonic()
        seconds = hours * 3600.0
        late = self.devices[-20]
        events = self._events(seconds, late)
        for device in self.devices:
            device.due += _DAY_BEGINS
            if device is not late:
                device.announce(self._publish)
        self._settle()
        now, end = _DAY_BEGINS, _DAY_BEGINS + seconds
        absent = {id(late)}
        while now < end:
            step = min(min(device.due for device in self.devices), end)
            while events and events[0][0] <= step:
                at, what = events.pop(0)
                self._wait_until(begun, (at - _DAY_BEGINS) / speed)
                what(absent)
            self._wait_until(begun, (step - _DAY_BEGINS) / speed)
            now = step
            for device in self.devices:
                if device.due <= now and id(device) not in absent:
                    device.report(now, self._publish)
                if device.due <= now:
                    device.due = now + device.every_s
        for _, what in events:
            what(absent)
        self._settle()
        # two samples of one second are one: the last ones come in a second of their own
        time.sleep(2.0)
        for device in self.devices:
            device.report(end, self._publish)
        self._settle()
        self._note(time.monotonic() - begun)

    # -- inside --------------------------------------------------------------------------------------

    def _wait_until(self, begun: float, real_s: float) -> None:
        time.sleep(max(0.0, begun + real_s - time.monotonic()))

    def _events(self, seconds: float, late: Device) -> list[tuple[float, Callable[[set[int]], None]]]:
        """What happens, and when: simulated time."""
        leaving = self.devices[1::6]
        renamed = next(each for each in self.devices if isinstance(each, Zigbee))

        def leave(absent: set[int]) -> None:
            self._say(f"{len(leaving)} devices go offline")
            for each in leaving:
                if id(each) not in absent:
                    each.leave(self._publish)
                    absent.add(id(each))

        def come_back(absent: set[int]) -> None:
            self._say("they come back")
            for each in leaving:
                each.come_back(self._publish)
                absent.discard(id(each))

        def rename(_absent: set[int]) -> None:
            self._say(f"{renamed.title} is renamed")
            renamed.move("Conservatory weather", self._publish)

        def join(absent: set[int]) -> None:
            self._say(f"{late.title} joins")
            late.announce(self._publish)
            absent.discard(id(late))

        def restart(_absent: set[int]) -> None:
            self._say("the broker is restarted")
            self._restart_broker()

        when = ((0.2, leave), (0.35, rename), (0.45, join), (0.5, restart), (0.65, come_back))
        return [(_DAY_BEGINS + share * seconds, what) for share, what in when]

    def _publish(self, topic: str, payload: str | bytes, retain: bool = False) -> None:
        if self._wire is None:
            self._wire = Wire(self.broker.port, "house-devices", 500)
        content = payload.encode() if isinstance(payload, str) else payload
        self._wire.publish([(topic, content)], retain=retain)
        self.outcome.sent += 1

    def _settle(self) -> None:
        """Wait until the broker has everything, and the server has dealt with what came."""
        if self._wire is not None:
            self._wire.finish()
        last, since = -1, time.monotonic()
        while time.monotonic() - since < 1.0:
            count = sum(self._dealt_with().values())
            if count != last:
                last, since = count, time.monotonic()
            time.sleep(0.05)

    def _restart_broker(self) -> None:
        self._settle()
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self.broker.end()
        self.broker.start()
        wait_for(self.server.is_up, "the server to be connected again", _PATIENCE_S)
        for device in self.devices:
            if isinstance(device, Zigbee) and device.joined:
                device.bridge.announce(self._publish)
                break

    def _dealt_with(self) -> dict[str, int]:
        head = "jnt_messages_total{"
        return {
            name.removeprefix(head).split('"')[1]: int(count)
            for name, count in self.server.metrics().items()
            if name.startswith(head)
        }

    def _note(self, seconds: float) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        outcome, server = self.outcome, self.server
        outcome.seconds = seconds
        outcome.dealt_with = self._dealt_with()
        outcome.accepted = server.accepted()
        outcome.cpu_s = server.cpu_s()
        outcome.rss = psutil.Process(server.pid).memory_info().rss
        if not server.alive:
            raise BenchError("the server has ended")
