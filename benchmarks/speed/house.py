"""Rows of what the server takes and how soon it is there: memory, a whole house, and the start after a kill."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ..bench import Bench, Figures, Meter, column, pair
from ..load import Plan, load, send
from ..processes import ROOT, BenchError, free_port, wait_for
from ..report import Goal, Line
from ..servers import Broker, Server
from .intake import SMALL_RETENTION, make_server, turn, warm_up

STEP_S = 10
HOUSE_SERIES, HOUSE_PER_S, HOUR_S = 500, 100, 3600
_QUIET = {"cache_pickle_ttl": "1d", "cache_rrd_ttl": "1d"}


def memory(bench: Bench) -> list[Line]:
    """Resident memory of the server process: per idle series, and per cached sample.

    Each run has a home of its own. An empty server that has taken one message, written it, and answered /metrics is the
    base. Idle series: ten times the run's series get one message each, which is written; the server is started anew on
    them, takes one message, writes it, and answers /metrics; what it has more than the base is theirs. Cached samples: a
    server that has the run's series in their files, and has had a burst, takes `messages` samples with QoS 1, each with
    its own time; what it has more after than before is theirs. The broker is not counted.
    """
    series, samples = 10 * bench.series, bench.messages
    base = _kept(bench, 1, samples)

    def once(number: int) -> Figures:
        with Broker(bench.place(f"memory-{number}") / "broker") as broker:
            folder = broker.folder.parent
            return {
                **_idle(folder, broker, series),
                **_cached(folder, broker, replace(base, port=broker.port, count=samples, topics=bench.series)),
            }

    [figures] = bench.alternate(("one life", once))
    idle = Line("memory-series", f"RSS per idle series, of {series:,}", "bytes", goal=Goal(False, 1024.0, of_ratio=False))
    life = Line("memory-series-life", "the same in the life that made them", "bytes")
    cached = Line("memory-sample", f"RSS per cached sample, of {samples:,}", "bytes", goal=Goal(False, 40.0, of_ratio=False))
    for line, name in ((idle, "per_series"), (life, "per_series_in_life"), (cached, "per_sample")):
        line.ours = column(figures, name)
    idle.runs = pair(figures)
    return [idle, life, cached]


def _kept(bench: Bench, runs: int, samples: int) -> Plan:
    """A plan whose samples of all runs end now, not before a day ago."""
    length = (samples // bench.series + 2) * runs * STEP_S
    return Plan(0, "timed", samples, bench.series, qos=1, begin=(int(time.time()) - length) // STEP_S * STEP_S, spacing_s=STEP_S)


def _idle(folder: Path, broker: Broker, series: int) -> Figures:
    options: dict[str, str | int] = {**_QUIET, "max_series": series + 10}
    plan = Plan(broker.port, "plain", series, series, qos=1)
    one = replace(plan, count=1, topics=1)
    with make_server(folder / "empty", broker.port, SMALL_RETENTION, options) as server:
        warm_up(server, one)
        empty = server.rss()
    server = make_server(folder / "idle", broker.port, SMALL_RETENTION, options)
    with server:
        warm_up(server, plan)
        in_life = server.rss()
    with server:
        warm_up(server, one)
        idle = server.rss()
    shutil.rmtree(server.home)
    return {
        "empty_rss": empty,
        "in_life_rss": in_life,
        "idle_rss": idle,
        "per_series": (idle - empty) / series,
        "per_series_in_life": (in_life - empty) / series,
    }


def _cached(folder: Path, broker: Broker, plan: Plan) -> Figures:
    server = make_server(folder / "cached", broker.port, SMALL_RETENTION, {**_QUIET, "cache_max_samples": 10_000_000})
    with server:
        warm_up(server, plan)
        # what is set up once by a burst is there before
        burst = replace(turn(plan, 0), count=20 * plan.topics)
        wanted = server.accepted() + burst.count
        send(burst)
        server.wait_accepted(wanted)
        server.flush_fully()
        before = server.rss()
        rest = replace(turn(burst, 1), begin=burst.begin + 20 * STEP_S, count=plan.count - burst.count)
        send(rest)
        if server.wait_accepted(wanted + rest.count) < wanted + rest.count:
            raise BenchError(f"not all samples were taken: {server.problems()}")
        cached = server.cached()
        after = server.rss()
        server.kill()
    shutil.rmtree(server.home)
    return {"before_rss": before, "after_rss": after, "cached": cached, "per_sample": (after - before) / cached}


def house(bench: Bench) -> list[Line]:
    """The whole server as its ini is shipped, its own broker included: memory and processor time at 100 messages/s.

    The shipped ini with other ports and folder, and an embedded broker: store, web, and this machine's own sensors. 500
    series, QoS 1, as many messages in the cache as an hour brings (it is written each hour by default). Each run is a
    stretch of `seconds` at a steady 100 messages/s: processor time of the server and its broker by wall-clock time;
    resident memory of both at its end, pages that they share counted twice. Nothing else asks the server meanwhile.
    """
    place = bench.place("house")
    port = free_port()
    server = House(place, port)
    with server:
        plan = Plan(port, "sensors", HOUSE_SERIES, HOUSE_SERIES, qos=1)
        warm_up(server, plan)
        fresh = server.rss()
        bench.say("an hour's messages")
        server.fill(plan, min(HOUSE_PER_S * HOUR_S, bench.messages))

        def stretch(_: int) -> Figures:
            steady = replace(plan, count=int(HOUSE_PER_S * bench.seconds), per_s=HOUSE_PER_S)
            before = server.accepted()
            with load(steady) as helper:
                meter = Meter(server=server)
                helper.go()
                helper.result()
                figures = meter.stop()
            figures |= {"rss": server.rss(), "rss_mib": server.rss() / (1 << 20)}
            figures["cpu_percent"] = 100 * figures["server_cpu_s"] / figures["seconds"]
            figures["accepted"] = server.wait_accepted(before + steady.count) - before
            return figures

        [figures] = bench.alternate(("a stretch", stretch))
    ram = Line("house-memory", "RSS at 100 messages/s, broker included", "MiB", goal=Goal(False, 80.0, of_ratio=False))
    cpu = Line("house-cpu", "processor time, same runs", "% of a core", goal=Goal(False, 2.0, of_ratio=False))
    for line, name in ((ram, "rss_mib"), (cpu, "cpu_percent")):
        line.ours = column(figures, name)
    ram.runs = pair(figures)
    ram.note(f"just started, with {HOUSE_SERIES} series: {fresh / (1 << 20):.1f} MiB")
    return [ram, cpu]


class House(Server):
    """The server with the ini as it is shipped, and its own broker.

    Args:
        folder: its home goes there.
        port: of its broker.
    """

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port, None)
        self.ini = ROOT / "config" / "janitoo_datalog_rrd.conf"
        self.command = self.words("janitoo_datalog_rrd")
        self.environ = {
            "JNT_SYSTEM_HOME_DIR": str(self.home),
            "JNT_SYSTEM_BROKER_PORT": str(port),
            "JNT_SYSTEM_BROKER_MODE": "embedded",
            "JNT_HTTP_HTTP_PORT_0": str(self.http_port),
        }

    def fill(self, plan: Plan, count: int) -> None:
        """Send messages and wait, little by little, so that none has to queue at the broker."""
        portion = 2000
        for _ in range(0, count, portion):
            wanted = self.accepted() + portion
            send(replace(plan, count=portion, window=100))
            self.wait_accepted(wanted)


def start(bench: Bench) -> list[Line]:
    """Time from exec to the first message accepted: 10,000 series with files, 1,000,000 samples in the journal.

    The journal is that of a server that was killed (SIGKILL) after as many messages; each run begins with a copy of that
    home. The broker has a retained message with QoS 1. Inside the clock: the new process' exec, until the broker's log
    says that the server has acknowledged that message, which it does when it is in the journal (looked at every 5 ms).
    """
    series, samples = 10 * bench.series, bench.messages
    place = bench.place("start")
    with Broker(place / "broker", ["log_type all"]) as broker:
        made = make_server(
            place / "made", broker.port, SMALL_RETENTION, {**_QUIET, "max_series": series + 10, "cache_max_samples": 10_000_000}
        )
        span = (samples // series + 3) * STEP_S
        begin = (int(time.time()) - span) // STEP_S * STEP_S
        plan = Plan(broker.port, "timed", samples, series, qos=1, begin=begin, spacing_s=STEP_S)
        bench.say(f"warm-up: {series:,} files, {samples:,} samples in the journal")
        with made:
            warm_up(made, plan)
            wanted = made.accepted() + samples
            send(turn(plan, 0))
            if made.wait_accepted(wanted) < wanted:
                raise BenchError(f"not all samples were taken: {made.problems()}")
            made.kill()

    def once(number: int) -> Figures:
        folder = place / f"run-{number}"
        with ExitStack() as stack:
            broker = stack.enter_context(Broker(folder / "broker", ["log_type all"]))
            server = make_server(
                folder, broker.port, SMALL_RETENTION, {"max_series": series + 10, "cache_max_samples": 10_000_000}
            )
            shutil.copytree(made.home, server.home, ignore=shutil.ignore_patterns("*.pid", "run"))
            os.sync()
            send(Plan(broker.port, "plain", 1, 1, qos=1, retain=True))
            stack.callback(shutil.rmtree, server.home)
            stack.callback(server.kill)
            begun = time.monotonic()
            server.launch()
            wait_for(lambda: acknowledged(broker), "the first message", 600, 0.005)
            seconds = time.monotonic() - begun
            wait_for(server.is_up, "the server to be up", 600)
            up = time.monotonic() - begun
            if server.accepted() < 1:
                raise BenchError("the first message was acknowledged, and not accepted")
            return {"seconds": seconds, "up_seconds": up, "cached": server.cached(), "rss": server.rss(), "cpu_s": server.cpu_s()}

    [figures] = bench.alternate(("a start", once))
    what = f"exec to first message: {series:,} series, {samples:,} in the journal"
    line = Line("start", what, "s", column(figures, "seconds"), goal=Goal(False, 5.0, of_ratio=False), runs=pair(figures))
    restored = {int(each["cached"]) for each in figures}
    if min(restored) < samples:
        line.note(f"samples that were there again: {sorted(restored)}")
    return [line]


def acknowledged(broker: Broker) -> bool:
    """Whether the broker has got the PUBACK of our server."""
    return re.search(r"Received PUBACK from \S+-store ", broker.log()) is not None
