"""One measured run of our server: a load goes in, and comes out in RRD files."""

from __future__ import annotations

import random
from dataclasses import replace

from .bench import Figures, Meter
from .contents import last_update
from .load import Plan, load, send
from .processes import BenchError
from .servers import Broker, Server


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

    Args:
        server: ours, on the broker.
        broker: likewise measured.
        plan: what is sent.
        files: stop the clock when all is in the files, else when all was accepted.

    Returns:
        `seconds` of all, `accepted_after_s`, `per_s` of samples that are in files (or accepted) then, `accepted_per_s`, `lost`,
        `server_cpu_s`, `broker_cpu_s`, `cpu_s_per_million` of accepted messages, and times of the load.
    """
    before = server.accepted()
    with load(plan) as helper:
        meter = Meter(server=server, broker=broker)
        helper.go()
        accepted = server.wait_accepted(before + plan.count) - before
        all_in = meter.stop()
        if files:
            server.flush_fully()
        figures = meter.stop() if files else all_in
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
        path = server.path_of(plan.topic(series))
        last = last_update(path)
        if last == 0 or (plan.begin and last != plan.last_time(series)):
            raise BenchError(f"{path} was last written for {last}: expected {plan.last_time(series)}")
