"""The rows of the run: who takes turns with whom, and what becomes of their figures."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial

from ..bench import Bench, Figures, Turn, column, pair
from ..helper import Helper, measure
from ..load import Plan, load
from ..report import Line
from ..servers import Broker
from ..speed.flushing import STEP_S
from .documents import DOCUMENTS
from .layouts import BATCHES, LAYOUTS

_POINTS = 60


def _installed(*names: str) -> list[str]:
    return [name for name in names if importlib.util.find_spec(name) is not None]


def _take_turns(bench: Bench, names: Sequence[str], measured: Callable[[str], Figures]) -> dict[str, list[Figures]]:
    """Figures of every run, by contender."""

    def turn(name: str) -> Turn:
        return name, lambda _number: measured(name)

    turns = [turn(name) for name in names]
    return dict(zip(names, bench.alternate(*turns), strict=True))


def _lines(name: str, what: Mapping[str, tuple[str, str]], found: Mapping[str, list[Figures]]) -> list[Line]:
    """Lines that compare the first contender with each of the others.

    Args:
        name: what the names of the lines begin with.
        what: by figure, what it is, and its unit.
        found: figures of every run, by contender; ours first.
    """
    (chosen, mine), *others = found.items()
    lines = []
    for figure, (title, unit) in what.items():
        for other, theirs in others:
            line = Line(f"{name}-{figure}-{other}".replace(" ", "-"), f"{title}, {chosen}", unit, peer_name=other)
            line.ours, line.peer = column(mine, figure), column(theirs, figure)
            line.runs = pair(mine, theirs) if figure == next(iter(what)) else []
            lines.append(line)
    return lines


def ingest(bench: Bench) -> list[Line]:
    """MQTT clients that receive: messages/s, and µs of processor time for each message.

    The same handler for all: topic to series by a dictionary, text to number, into a list; the list as a frame into a file. The
    package's receiver hands on all that came with one read, and writes one frame for it; the others hand on messages one by
    one, and write a frame for each with QoS 1, since the acknowledgement follows it, and for 256 with QoS 0. Each connects to
    the same broker. Inside the clock: the load's first packet, until the last message is in the file and acknowledged;
    processor time from the first message on.
    """
    lines = []
    clients = ["receiver", "paho-mqtt", *_installed("gmqtt")]
    with Broker(bench.place("ingest")) as broker:
        for qos in (0, 1):
            plan = Plan(broker.port, "plain", bench.messages, bench.series, qos=qos)
            found = _take_turns(bench, clients, partial(_receive, bench, broker, plan))
            title = f"QoS {qos} into a file" + (", acknowledged" if qos else "")
            lines += _lines(f"qos{qos}", {"rate": (title, "messages/s"), "cpu": ("the same runs", "µs/message")}, found)
    return lines


def _receive(bench: Bench, broker: Broker, plan: Plan, client: str) -> Figures:
    name = f"{client}-{time.monotonic_ns()}"
    journal = bench.folder / f"{name}.frames"
    argument = {"client": client, "name": name, "journal": str(journal), **asdict(plan)}
    with Helper("choices.clients", argument) as receiving, load(plan) as sending:
        receiving.go()
        broker.wait_ready(lambda: f" {name} " in broker.log() or None)
        sending.go()
        figures = receiving.result()
        begun = sending.result()["begun"]
    journal.unlink()
    return {**figures, "rate": plan.count / (figures["ended"] - begun), "cpu": figures["cpu_s"] / plan.count * 1e6}


def documents(bench: Bench) -> list[Line]:
    """JSON libraries: µs of processor time to read a typical document of Janitoo, Zigbee2MQTT and Tasmota."""
    libraries = ["orjson", "json", *_installed("msgspec")]
    count = max(1000, bench.messages // 4)
    found = _take_turns(bench, libraries, lambda name: measure("choices.documents", {"library": name, "count": count}))
    what = {name: (f"read {len(text)} bytes", "µs") for name, text in DOCUMENTS.items()}
    return _lines("json", what, found)


def frames(bench: Bench) -> list[Line]:
    """Layouts of a journal frame: µs of processor time to write and to read a sample, and its bytes, in batches of three sizes.

    `lists` is what the journal has. All have a CRC-32 of their content, and are read back before the clock starts.
    """
    samples = max(1000, bench.messages // 4)
    found = _take_turns(bench, tuple(LAYOUTS), lambda name: measure("choices.layouts", {"layout": name, "samples": samples}))
    what = {
        f"{size} {figure}": (f"{figure}, batches of {size:,}", unit)
        for figure, unit in (("write", "µs/sample"), ("read", "µs/sample"), ("bytes", "bytes/sample"))
        for size in BATCHES
    }
    return _lines("frames", what, found)


def writers(bench: Bench) -> list[Line]:
    """Points/s into RRD files by 1, 2 and 3 threads: bare librrd, once per file with 60 points, from numbers to strings too.

    A copy of the same files for each. librrd leaves the interpreter's lock while it works.
    """
    place = bench.place("writers")
    span = _POINTS * STEP_S
    begin = int(time.time()) // STEP_S * STEP_S - (bench.runs + 2) * span
    made = {"who": "make", "home": str(place / "1"), "series": bench.series, "points": 1, "begin": begin - STEP_S}
    measure("speed.flushing", made)
    for threads in ("2", "3"):
        shutil.copytree(place / "1", place / threads)
    written = dict.fromkeys(("1 thread", "2 threads", "3 threads"), 0)

    def write(name: str) -> Figures:
        argument = {"who": "librrd", "home": str(place / name[0]), "threads": int(name[0]), "points": _POINTS}
        figures = measure("speed.flushing", {**made, **argument, "begin": begin + written[name] * span})
        written[name] += 1
        points = bench.series * _POINTS
        return {**figures, "rate": points / figures["seconds"], "cpu": figures["cpu_s"] / points * 1e6}

    found = _take_turns(bench, tuple(written), write)
    return _lines("writers", {"rate": ("librrd", "points/s"), "cpu": ("the same runs", "µs/point")}, found)
