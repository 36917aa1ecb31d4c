"""Rows of what comes in: messages from the broker to RRD files, beside carbon-cache and collectd."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from .. import machine
from ..bench import Bench, Figures, Meter, Turn, column, pair
from ..load import Plan, load, send
from ..processes import BenchError
from ..report import Goal, Line
from ..servers import MAX_INFLIGHT, Broker
from .contents import count_rows
from .intake import make_server, take_in, turn, warm_up
from .peers import Carbon, Collectd

STEP_S = 10


def qos0(bench: Bench) -> list[Line]:
    """QoS 0, plain numbers, times of arrival: messages/s to RRD file, against carbon-cache's points/s; and the CPU of both.

    Inside the clock, ours: the load's first packet; broker; decoding; journal; cache; until /metrics (asked every 50 ms) says
    that all were accepted; POST /api/v1/flush, until the cache is empty. Inside the clock, carbon: the load's first line; until
    the last point of every series is in its whisper file (looked at every 10 ms). Outside, for both: packets are made beforehand,
    every file is there from a warm-up; and at the end, when everything was sent, the time that is waited and not worked (wall
    clock less processor time): ours writes the second under way when that is over, and carbon's writer sleeps a second before it
    looks for more. CPU is that of the server process with its children, without broker and load.
    """
    return _against_carbon(bench, timed=False)


def qos0_timed(bench: Bench) -> list[Line]:
    """The same, where each message brings its own time, a step after the last one: each is a point of its own in a file.

    Ours takes `{"t":…,"v":…}` with a decoder of kind json; carbon takes the time in its line.
    """
    return _against_carbon(bench, timed=True)


def _against_carbon(bench: Bench, *, timed: bool) -> list[Line]:
    name = "qos0-timed" if timed else "qos0"
    has_carbon = machine.CARBON.find() is not None
    per_run = -(-bench.messages // bench.series)
    begin = bench.history(per_run, STEP_S) if timed else 0
    base = Plan(0, "timed" if timed else "plain", bench.messages, bench.series, begin=begin, spacing_s=STEP_S if timed else 0)
    with ExitStack() as stack:
        place = bench.place(name)
        broker = stack.enter_context(Broker(place / "broker"))
        server = stack.enter_context(make_server(place / "ours", broker.port))
        plan = replace(base, port=broker.port)
        turns: list[Turn] = [("ours", lambda number: take_in(server, broker, turn(plan, number)))]
        bench.say("warm-up: making files")
        warm_up(server, plan)
        if has_carbon:
            peer = _Carbon(stack.enter_context(Carbon(place / "carbon")), replace(base, form="graphite"))
            turns.append(("carbon-cache", peer.run))
            peer.warm_up()
        figures = bench.alternate(*turns)
    mine, theirs = figures[0], figures[1] if has_carbon else []
    how = "each with its own time" if timed else "time of arrival"
    rate = Line(name, f"QoS 0 to RRD file, {how}", "messages/s", peer_name="carbon-cache", goal=Goal(True, 1.0))
    cpu = Line(f"{name}-cpu", "processor time, same runs", "s/million", peer_name="carbon-cache", goal=Goal(False, 1.0))
    for line, figure in ((rate, "per_s"), (cpu, "cpu_s_per_million")):
        line.ours, line.peer = column(mine, figure), column(theirs, figure)
        if not has_carbon:
            line.note(machine.CARBON.advice())
    rate.runs = pair(mine, theirs)
    for who, runs in (("ours", mine), ("carbon-cache", theirs)):
        _tell_losses(rate, who, runs)
        if runs:
            rate.note(
                f"{who}: of each run's end {median(column(runs, 'idle_s')):.2f} s (median) were waited, not worked: left out"
            )
    rate.note(f"broker: Mosquitto's defaults, but max_inflight_messages {MAX_INFLIGHT}, max_queued_messages 0 (no limit)")
    return [rate, cpu]


def _tell_losses(line: Line, who: str, runs: list[Figures]) -> None:
    lost = [int(each["lost"]) for each in runs]
    if any(lost):
        line.note(f"{who}: of each run's messages were lost {', '.join(map(str, lost))}")


class _Carbon:
    """carbon-cache in the rows with QoS 0."""

    def __init__(self, carbon: Carbon, plan: Plan) -> None:
        self._carbon = carbon
        self._plan = replace(plan, port=carbon.port)

    def warm_up(self) -> None:
        """One point to each series, and its file."""
        plan = replace(self._plan, count=self._plan.topics)
        since = int(time.time())
        send(plan)
        if self._carbon.wait_written(plan, since) < plan.topics:
            raise BenchError(f"carbon-cache does not write: see {self._carbon.log_path}")

    def run(self, number: int) -> Figures:
        """One run."""
        plan = turn(self._plan, number)
        with load(plan) as helper:
            since = int(time.time())
            meter = Meter(server=self._carbon)
            helper.go()
            times = helper.result()
            all_sent, worked = time.monotonic(), self._carbon.clock_s()
            done = self._carbon.wait_written(plan, since)
            idle_s = max(0.0, time.monotonic() - all_sent - (self._carbon.clock_s() - worked))
            figures = meter.stop(idle_s) | {"load": times}
        whole = plan.count * done // plan.topics
        figures |= {"lost": plan.count - whole, "per_s": whole / figures["seconds"]}
        figures["cpu_s_per_million"] = figures["server_cpu_s"] / max(whole, 1) * 1e6
        return figures


def collectd(bench: Bench) -> list[Line]:
    """QoS 0, each message with its own time: messages/s to RRD file, against collectd's MQTT and rrdtool plugins.

    The broker is the same for both, each has its own topics. Inside the clock, ours: as in `qos0`. Inside the clock,
    collectd: the load's first packet; until it knows the last number of every series (asked over its socket); FLUSH, until
    the files have them. What it loses is counted out of its figure: rows of the files are compared with what was sent,
    outside the clock. Its archives are as large as ours, as far as it can be told to make them.
    """
    line = Line("collectd", "QoS 0 to RRD file, each with its own time", "messages/s", peer_name="collectd", goal=Goal(True, 2.0))
    has_peer = machine.COLLECTD.find() is not None
    per_run = -(-bench.messages // bench.series)
    with ExitStack() as stack:
        place = bench.place("collectd")
        broker = stack.enter_context(Broker(place / "broker"))
        base = Plan(broker.port, "timed", bench.messages, bench.series, begin=bench.history(per_run, STEP_S), spacing_s=STEP_S)
        server = stack.enter_context(make_server(place / "ours", broker.port))
        turns: list[Turn] = [("ours", lambda number: take_in(server, broker, turn(base, number)))]
        bench.say("warm-up: making files")
        warm_up(server, base)
        if has_peer:
            peer = _Collectd(stack.enter_context(Collectd(place / "peer", broker.port)), broker, replace(base, form="collectd"))
            turns.append(("collectd", peer.run))
            peer.warm_up()
        else:
            line.note(machine.COLLECTD.advice())
        figures = bench.alternate(*turns)
    mine, theirs = figures[0], figures[1] if has_peer else []
    line.ours, line.peer, line.runs = column(mine, "per_s"), column(theirs, "per_s"), pair(mine, theirs)
    _tell_losses(line, "ours", mine)
    _tell_losses(line, "collectd", theirs)
    return [line]


class _Collectd:
    """collectd in its row."""

    def __init__(self, collectd: Collectd, broker: Broker, plan: Plan) -> None:
        self._collectd = collectd
        self._broker = broker
        self._plan = plan

    def warm_up(self) -> None:
        """One message to each series, and its file."""
        plan = replace(self._plan, count=self._plan.topics, per_s=5000)
        self._broker.wait_ready(lambda: "collectd-bench" in self._broker.log())
        send(plan)
        if self._collectd.wait_taken(plan) < plan.topics or self._collectd.flush(plan) < plan.topics:
            raise BenchError(f"collectd does not write: see {self._collectd.folder}")

    def run(self, number: int) -> Figures:
        """One run."""
        plan = turn(self._plan, number)
        with load(plan) as helper:
            meter = Meter(server=self._collectd, broker=self._broker)
            helper.go()
            taken = self._collectd.wait_taken(plan)
            current = self._collectd.flush(plan)
            figures = meter.stop()
            figures |= {"load": helper.result()}
        written = sum(count_rows(self._collectd.path_of(series), plan, series) for series in range(plan.topics))
        figures |= {"series_taken": taken, "series_current": current, "written": written, "lost": plan.count - written}
        figures["per_s"] = written / figures["seconds"]
        figures["cpu_s_per_million"] = figures["server_cpu_s"] / max(written, 1) * 1e6
        return figures
