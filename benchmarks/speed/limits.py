"""Rows of what limits: the load and the bus alone, QoS 1, many series, and graphs that are drawn meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from .. import machine
from ..bench import Bench, Figures, Meter, Turn, column, pair
from ..helper import Helper
from ..load import Plan, load, send
from ..processes import BenchError
from ..report import Goal, Line
from ..servers import MAX_INFLIGHT, Broker, Server
from .intake import SMALL_RETENTION, make_server, take_in, turn, warm_up
from .peers import Subscriber


def bus(bench: Bench) -> list[Line]:
    """What load and bus can do without us: the load into the broker with nobody listening, and with `mosquitto_sub -q 0`.

    The first must be well above every figure that the load is used for; the second is what the broker gets out to a
    listener that throws everything away, and so the limit of every row with QoS 0. Inside the clock: the load's first
    packet, until the broker has answered after the last one, or until mosquitto_sub has ended after the last message.
    """
    lines: list[Line] = []
    with Broker(bench.place("bus") / "broker") as broker:
        plans = [Plan(broker.port, "plain", bench.messages, bench.series, qos=qos) for qos in (0, 1)]
        turns: list[Turn] = [
            ("QoS 0, nobody listens", lambda _: _sent(plans[0])),
            ("QoS 1, nobody listens", lambda _: _sent(plans[1])),
        ]
        if machine.MOSQUITTO_SUB.find() is not None:
            turns.append(("QoS 0, mosquitto_sub listens", lambda _: _subscribed(broker, plans[0])))
        for (what, _), figures in zip(turns, bench.alternate(*turns), strict=True):
            name = ("load-qos0", "load-qos1", "bus-qos0")[len(lines)]
            lines.append(Line(name, what, "messages/s", column(figures, "per_s"), runs=pair(figures)))
    return lines


def _sent(plan: Plan) -> Figures:
    times = send(plan)
    return {**times, "per_s": plan.count / (times["ended"] - times["begun"])}


def qos1(bench: Bench) -> list[Line]:
    """QoS 1, PUBACK after the journal: messages/s, against `mosquitto_sub -q 1` that throws away what it gets.

    The same broker, topics and load (2,000 unacknowledged messages) for both; the broker sends each at most 1,000
    unacknowledged messages. Inside the clock, ours: the load's first packet, until /metrics says that all were accepted
    (`qos1-journal`), and until POST /api/v1/flush has emptied the cache (`qos1`; idle waiting is left out as in `qos0`).
    Inside the clock, mosquitto_sub: the load's first packet, until it has ended after the last message.
    """
    has_peer = machine.MOSQUITTO_SUB.find() is not None
    with ExitStack() as stack:
        place = bench.place("qos1")
        broker = stack.enter_context(Broker(place / "broker"))
        server = stack.enter_context(make_server(place / "ours", broker.port))
        peer_broker = stack.enter_context(Broker(place / "peer"))
        plan = Plan(broker.port, "plain", bench.messages // 2, bench.series, qos=1)
        bench.say("warm-up: making files")
        warm_up(server, plan)

        def ours(number: int) -> Figures:
            return take_in(server, broker, turn(plan, number))

        def peer(number: int) -> Figures:
            return _subscribed(peer_broker, replace(turn(plan, number), port=peer_broker.port))

        figures = bench.alternate(("ours", ours), *([("mosquitto_sub", peer)] if has_peer else []))
    mine, theirs = figures[0], figures[1] if has_peer else []
    lines = [
        Line("qos1", "QoS 1 to RRD file", "messages/s", column(mine, "per_s"), goal=Goal(True, 0.5)),
        Line("qos1-journal", "QoS 1 to journal and PUBACK, same runs", "messages/s", column(mine, "accepted_per_s")),
    ]
    lines[0].runs = pair(mine, theirs)
    for line in lines:
        line.peer_name, line.peer = "mosquitto_sub -q 1", column(theirs, "per_s")
        line.note(f"broker: Mosquitto's defaults, but max_inflight_messages {MAX_INFLIGHT}, max_queued_messages 0 (no limit)")
        line.note(f"load: at most {plan.window} messages unacknowledged")
        if not has_peer:
            line.note(machine.MOSQUITTO_SUB.advice())
        if any(each["lost"] for each in mine):
            line.note(f"lost: {', '.join(str(each['lost']) for each in mine)}")
    return lines


def _subscribed(broker: Broker, plan: Plan) -> Figures:
    seen = broker.log().count("bench-sub")
    with Subscriber(broker.folder, broker.port, plan.count, plan.qos) as subscriber, load(plan) as helper:
        broker.wait_ready(lambda: broker.log().count("bench-sub") > seen)
        meter = Meter(broker=broker)
        helper.go()
        status = subscriber.wait(600)
        figures = meter.stop()
        if status:
            raise BenchError(f"mosquitto_sub has ended with {status}: see {subscriber.log_path}")
        return {**figures, "per_s": plan.count / figures["seconds"], "load": helper.result()}


def _intake(server: Server, broker: Broker, plan: Plan) -> Callable[[int], Figures]:
    return lambda number: take_in(server, broker, turn(plan, number), files=False)


def many(bench: Bench) -> list[Line]:
    """Processor time of a message with 100,000 series, against 100 series: QoS 0, time of arrival.

    Inside the clock: the load's first packet, until /metrics says that all were accepted. Every series is in memory from a
    warm-up; nothing is written to RRD files, and no snapshot is taken, within the row. The server's work of each second for all
    series is inside.
    """
    large = 100 * bench.series
    options: dict[str, str | int] = {
        "max_series": large + 1000,
        "cache_max_samples": 20 * large + 4 * bench.messages * (bench.runs + 1),
        "cache_pickle_ttl": "1d",
        "cache_rrd_ttl": "1d",
    }
    line = Line("many", f"processor time with {large:,} series against 100", "s/million", goal=Goal(False, 1.5))
    line.peer_name = "100 series"
    with ExitStack() as stack:
        place = bench.place("many")
        turns: list[Turn] = []
        for topics in (large, 100):
            broker = stack.enter_context(Broker(place / f"broker-{topics}"))
            server = make_server(place / f"ours-{topics}", broker.port, SMALL_RETENTION, options)
            stack.enter_context(server)
            stack.callback(server.kill)  # a stop would write the files
            plan = Plan(broker.port, "plain", bench.messages, topics)
            bench.say(f"warm-up: {topics:,} series")
            warm_up(server, plan, files=False)
            turns.append((f"{topics:,} series", _intake(server, broker, plan)))
        mine, few = bench.alternate(*turns)
    line.ours, line.peer, line.runs = column(mine, "cpu_s_per_million"), column(few, "cpu_s_per_million"), pair(mine, few)
    return [line]


def graphload(bench: Bench) -> list[Line]:
    """Messages/s to RRD file with QoS 1 while 4 clients draw graphs without pause, against the same without them.

    Inside the clock: as in `qos1`. The graphs are of the very series that the messages go to, so each flushes its series; no
    two of them are alike.
    """
    with ExitStack() as stack:
        place = bench.place("graphload")
        broker = stack.enter_context(Broker(place / "broker"))
        server = stack.enter_context(make_server(place / "ours", broker.port))
        plan = Plan(broker.port, "plain", bench.messages // 2, bench.series, qos=1)
        bench.say("warm-up: making files")
        warm_up(server, plan)
        names = [plan.name(series) for series in range(plan.topics)]

        def alone(number: int) -> Figures:
            return take_in(server, broker, turn(plan, 2 * number))

        def drawn(number: int) -> Figures:
            end = int(time.time())
            argument = {"port": server.http_port, "clients": 4, "names": names, "end": end, "span": 14_400, "count": 0}
            with Helper("speed.webload", argument) as graphs:
                graphs.go()
                figures = take_in(server, broker, turn(plan, 2 * number + 1))
                graphs.halt()
                return {**figures, "graphs": graphs.result()}

        loaded, quiet = bench.alternate(("with graphs", drawn), ("alone", alone))
    line = Line("graphload", "QoS 1 to RRD file while 4 clients draw", "messages/s", goal=Goal(True, 0.6))
    line.peer_name = "alone"
    line.ours, line.peer, line.runs = column(loaded, "per_s"), column(quiet, "per_s"), pair(loaded, quiet)
    drawn_per_s = sorted(each["graphs"]["per_s"] for each in loaded)
    line.note(f"graphs drawn meanwhile: {drawn_per_s[len(drawn_per_s) // 2]:.1f}/s")
    return [line]
