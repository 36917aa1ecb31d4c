"""The rows of the agent: all contenders run at once, so that each sees the same machine, and are looked at together."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from ..bench import Bench, Figures, column
from ..processes import BenchError, Child
from ..report import Goal, Line
from ..servers import Broker
from .contenders import Agent, Collectd, Netdata
from .footprint import watch

OURS = "agent"
LEAN, STOCK = "netdata, same metrics", "netdata, as it comes"
COLLECTD = "collectd"
_QUANTITIES = (
    ("rss", "memory with its children, RSS", "MiB"),
    ("pss", "the same, PSS", "MiB"),
    ("cpu", "processor", "% of a core"),
)
_FIGURES = {"rss": "rss_mib", "pss": "pss_mib", "cpu": "cpu_percent"}
_PEERS = {LEAN: ("netdata", Goal(False, 0.2)), STOCK: ("netdata-stock", None), COLLECTD: ("collectd", Goal(False, 3.0))}
_OWN = {"rss": Goal(False, 35.0, of_ratio=False), "cpu": Goal(False, 0.5, of_ratio=False)}
_WARM_UP = 3
_LEAST_WARM_UP_S = 5.0


def ten(bench: Bench) -> list[Line]:
    """Inside the clock: `--seconds` of every contender at an interval of ten seconds, after three intervals to get started."""
    return _rows(bench, 10)


def one(bench: Bench) -> list[Line]:
    """Inside the clock: the same at an interval of one second."""
    return _rows(bench, 1)


def _rows(bench: Bench, interval_s: int) -> list[Line]:
    runs = [_run(bench, interval_s, number) for number in range(bench.runs)]
    lines = []
    for quantity, what, unit in _QUANTITIES:
        figure = _FIGURES[quantity]
        ours = column([run[OURS] for run in runs], figure)
        own = _OWN.get(quantity) if interval_s >= 10 else None
        lines.append(Line(f"{quantity}-{interval_s}s", f"{what}, every {interval_s} s", unit, ours, goal=own))
        for peer, (short, goal) in _PEERS.items():
            beside = column([run[peer] for run in runs if peer in run], figure)
            lines.append(Line(f"{quantity}-{interval_s}s-{short}", "beside", unit, ours, peer, beside, goal))
    lines[0].runs = list(runs)
    return lines


def _run(bench: Bench, interval_s: int, number: int) -> dict[str, Figures]:
    """One run: what each contender took, by its name; those that are not installed are left out."""
    bench.say(f"run {number + 1} of {bench.runs}: all contenders at once, every {interval_s} s, for {bench.seconds:g} s")
    folder = bench.place(f"{interval_s}-{number}")
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(folder / "broker"))
        makers: dict[str, Callable[[], Child]] = {
            OURS: lambda: Agent(folder / "agent", broker.port, interval_s),
            LEAN: lambda: Netdata(folder / "netdata", interval_s),
            STOCK: lambda: Netdata(folder / "netdata-stock", interval_s, lean=False),
            COLLECTD: lambda: Collectd(folder / "collectd", broker.port, interval_s),
        }
        running: dict[str, Child] = {}
        for name, make in makers.items():
            try:
                running[name] = stack.enter_context(make())
            except BenchError as error:
                if name == OURS:
                    raise
                bench.say(str(error))
        time.sleep(max(_LEAST_WARM_UP_S, _WARM_UP * interval_s))
        found = watch(list(running.values()), bench.seconds)
    return {name: each.figures() for name, each in zip(running, found, strict=True)}
