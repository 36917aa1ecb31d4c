"""One measured run of our server: a load goes in, and comes out in RRD files."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..bench import Figures, Meter
from ..load import Plan, load, send
from ..processes import BenchError
from ..servers import RETENTION, Broker, Sections, Server
from .contents import last_update

SMALL_RETENTION = "10s:1h"
"""For many series, so that their files are small."""


def make_server(
    folder: Path,
    broker: int,
    retention: str = RETENTION,
    options: Mapping[str, str | int] | None = None,
    more: Sections | None = None,
) -> Server:
    """A server that takes what a load sends.

    Args:
        folder: its ini and its home go there.
        broker: port of the broker.
        retention: of every series.
        options: further options of `[datarrd]`.
        more: further sections.
    """
    sections: dict[str, Mapping[str, object]] = {
        "datarrd": options or {},
        "schema__default": {"retention": retention},
        "decoder__plain": {"topics": "plain/#", "kind": "plain"},
        "decoder__machines": {"topics": "machines/#", "kind": "plain"},
        "decoder__timed": {"topics": "timed/#", "kind": "json", "time": "t", "value": "v"},
        **(more or {}),
    }
    return Server(folder, broker, sections)


def turn(plan: Plan, number: int) -> Plan:
    """The plan of a run, from 0: its numbers and times follow those of the warm-up and of the runs before it."""
    per_run = -(-plan.count // plan.topics)
    begin = plan.begin + (1 + number * per_run) * plan.spacing_s if plan.begin else 0
    return replace(plan, first=plan.topics + number * plan.count, begin=begin)


def warm_up(server: Server, plan: Plan, *, files: bool = True) -> None:
    """Send one message to each series of a plan, and have its file made.

    Raises:
        BenchError: not all arrived.
    """
    wanted = server.accepted() + plan.topics
    send(replace(plan, count=plan.topics))
    if server.wait_accepted(wanted) < wanted:
        raise BenchError(f"the warm-up did not arrive: {server.problems()}")
    if files:
        server.flush_fully()


def take_in(server: Server, broker: Broker, plan: Plan, *, files: bool = True) -> Figures:
    """Send a plan, and wait until the server has accepted all of it; then have it write the files.

    What came in the second under way is written when that is over: where the server has nothing to do until then, that time is
    not counted (`idle_s`).

    Args:
        server: ours, on the broker.
        broker: likewise measured.
        plan: what is sent.
        files: stop the clock when all is in the files, else when all was accepted.

    Returns:
        `seconds` of all, `idle_s` left out of it, `accepted_after_s`, `per_s` of samples that are in files (or accepted) then,
        `accepted_per_s`, `lost`, `server_cpu_s`, `broker_cpu_s`, `cpu_s_per_million` of accepted messages, and times of the load.
    """
    before = server.accepted()
    with load(plan) as helper:
        meter = Meter(server=server, broker=broker)
        helper.go()
        accepted = server.wait_accepted(before + plan.count) - before
        all_in = meter.stop()
        idle_s = server.flush_fully() if files else 0.0
        figures = meter.stop(idle_s) if files else all_in
        figures |= {"load": helper.result()}
    if not accepted:
        raise BenchError(f"nothing was accepted: {server.problems()}")
    figures |= {"accepted": accepted, "lost": plan.count - accepted, "accepted_after_s": all_in["seconds"]}
    figures["accepted_per_s"] = accepted / all_in["seconds"]
    figures["per_s"] = accepted / figures["seconds"]
    figures["cpu_s_per_million"] = figures["server_cpu_s"] / accepted * 1e6
    if files:
        _check(server, plan)
    return figures


def _check(server: Server, plan: Plan) -> None:
    """Look into some files, outside the clock."""
    for series in random.sample(range(plan.topics), min(20, plan.topics)):
        path = server.path_of(plan.name(series))
        last = last_update(path)
        if last == 0 or (plan.begin and last != plan.last_time(series)):
            raise BenchError(f"{path} was last written for {last}: expected {plan.last_time(series)}")
