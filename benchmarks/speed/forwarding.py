"""Rows of forwarding: what it costs, and what it leaves of what comes in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from .. import machine
from ..bench import Bench, Figures, Meter, column, pair
from ..load import Plan
from ..processes import HOST, Child, free_port, listens, wait_progress
from ..report import Goal, Line
from ..servers import Broker
from .intake import make_server, take_in, turn, warm_up

PER_S = 10_000
"""Messages a second of the runs at a steady rate."""
LEFT = 0.95
"""How much of what comes in a dead database has to leave."""
_POLL_S = 1.0  # asking more often would take processor time that is not forwarding's
_SENT = 'jnt_forward_samples_total{target="bench",result="sent"}'
_SINK = "sink"


def forward(bench: Bench) -> list[Line]:
    """What forwarding costs: nothing forwarded, everything to VictoriaMetrics, everything to a port where nobody listens.

    Each has a broker and a server of its own, and they take turns. QoS 0, plain numbers, forwarding with its defaults, the
    database on the same machine; where there is no VictoriaMetrics, a server that throws away what it gets. First `messages`
    as fast as they are taken, then 10,000 a second for `seconds`. Inside the clock: the load's first packet, until /metrics
    says that all were accepted. Processor time is the server's alone, and counts until the files are written and all was sent.
    What a forwarded sample costs is what it took more than the one that forwards nothing, in the same run.
    """
    with ExitStack() as stack:
        place = bench.place("forward")
        taker = stack.enter_context(_taker(place / "taker"))
        urls = {"alone": "", "taken": taker.url, "dead": f"http://{HOST}:{free_port()}"}
        bench.say("warm-up: making files")
        contenders = [(name, _contender(stack, place / name, url, bench.series)) for name, url in urls.items()]
        full = Plan(0, "plain", bench.messages, bench.series)
        steady = replace(full, count=int(PER_S * bench.seconds), per_s=PER_S)
        alone, taken, dead = bench.alternate(*((name, measure(full)) for name, measure in contenders))
        lines = [
            _line("forward", "QoS 0 accepted, and forwarded", "messages/s", "accepted_per_s", taken, alone),
            _line("forward-dead", "the same, the database is dead", "messages/s", "accepted_per_s", dead, alone),
            _cost("forward-cpu", "processor time for a forwarded sample, same runs", taken, alone),
        ]
        lines[1].goal = Goal(True, LEFT)
        alone, taken, dead = bench.alternate(*((f"{name}, steady", measure(steady)) for name, measure in contenders))
        at = f"{PER_S:,} messages/s"
        lines += [
            _line("forward-steady", f"processor time at {at}, forwarded", "% of a core", "cpu_percent", taken, alone),
            _line("forward-steady-dead", "the same, the database is dead", "% of a core", "cpu_percent", dead, alone),
            _cost("forward-steady-cpu", f"processor time for a forwarded sample at {at}", taken, alone),
        ]
        lines[0].note(f"forwarded to {taker.name}, on the same machine")
        if taker.name == _SINK:
            lines[0].note(machine.VICTORIA.advice())
    return lines


def _line(name: str, what: str, unit: str, figure: str, ours: list[Figures], alone: list[Figures]) -> Line:
    line = Line(name, what, unit, column(ours, figure), "nothing forwarded", column(alone, figure), runs=pair(ours, alone))
    if any(each["lost"] or each["unsent"] for each in ours):
        line.note(f"lost: {[each['lost'] for each in ours]}; not sent: {[each['unsent'] for each in ours]}")
    return line


def _cost(name: str, what: str, taken: list[Figures], alone: list[Figures]) -> Line:
    """What a forwarded sample costs, of runs in turn."""
    more = [
        (mine["until_sent_cpu_s"] - theirs["until_sent_cpu_s"]) / mine["accepted"] * 1e6
        for mine, theirs in zip(taken, alone, strict=True)
    ]
    return Line(name, what, "µs", more)


def _contender(stack: ExitStack, folder: Path, url: str, series: int) -> Callable[[Plan], Callable[[int], Figures]]:
    """Start a broker, and a server that forwards to `url`, which may be nowhere; what is returned measures a plan there."""
    broker = stack.enter_context(Broker(folder / "broker"))
    more = {"forward__bench": {"kind": "victoriametrics", "url": url}} if url else {}
    server = stack.enter_context(make_server(folder / "server", broker.port, more=more))
    warm_up(server, Plan(broker.port, "plain", series, series))

    def sent() -> int:
        return int(server.metrics().get(_SENT, 0))

    def measure(plan: Plan, number: int) -> Figures:
        before = sent()
        meter = Meter(server=server)
        figures = take_in(server, broker, turn(replace(plan, port=broker.port), number))
        wanted = before + figures["accepted"] if folder.name == "taken" else before
        figures["unsent"] = wanted - wait_progress(sent, wanted, _POLL_S)
        whole = meter.stop()
        figures |= {"until_sent_s": whole["seconds"], "until_sent_cpu_s": whole["server_cpu_s"]}
        figures["cpu_percent"] = 100 * whole["server_cpu_s"] / figures["accepted_after_s"]
        return figures

    return lambda plan: lambda number: measure(plan, number)


class _Taker(Child):
    """What takes the lines.

    Args:
        command: program and arguments.
        folder: its log goes there.
        name: of it.
        port: where it listens.
    """

    def __init__(self, command: list[str], folder: Path, name: str, port: int) -> None:
        super().__init__(command, folder, name)
        self.port = port
        self.url = f"http://{HOST}:{port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.launch()
        self.wait_ready(lambda: listens(self.port))


def _taker(folder: Path) -> _Taker:
    """A VictoriaMetrics, or what throws away all."""
    port, program = free_port(), machine.VICTORIA.find()
    if program is None:
        return _Taker([sys.executable, "-m", "benchmarks.speed.sink", str(port)], folder, _SINK, port)
    options = [f"-httpListenAddr={HOST}:{port}", f"-storageDataPath={folder}/data", "-memory.allowedBytes=256MB"]
    return _Taker([program, *options], folder, machine.VICTORIA.name, port)
