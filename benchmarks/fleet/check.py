"""What the server made of the fleet, looked at through its API and in its files, beside what the agents have measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import rrdtool

from ..processes import BenchError
from ..servers import Server
from .agents import COMPONENTS, made_up, number_name, shares

_PAGE = 1000
_SOME = 500
_CLOSE_S = 0.01


def nodes_in_state(server: Server, state: str) -> set[str]:
    """Addresses of the nodes that are in a state, such as `ONLINE`."""
    return {each["hadd"] for each in _pages(server, "nodes") if each["state"] == state}


def names(numbers: int, device: str) -> Iterator[tuple[str, int]]:
    """Names of a device's series, each with the position of its number."""
    for component, positions in zip(COMPONENTS, shares(numbers), strict=True):
        for position in positions:
            yield f"devices.{device}.monitoring.metrics.{component}.{number_name(position)}", position


def check_series(server: Server, times: Mapping[str, list[float]], numbers: int) -> list[str]:
    """Whether each number has one series, whose last number and time are those that were measured last; faults in words."""
    found = {each["name"]: each for each in _pages(server, "series") if each["name"].startswith("devices.")}
    faults: dict[str, list[str]] = {}
    expected = 0
    for device, measured in times.items():
        for name, position in names(numbers, device):
            expected += 1
            series = found.pop(name, None)
            if series is None:
                faults.setdefault("have no series", []).append(name)
            elif (value := series["columns"][0]["last_value"]) != made_up(len(measured), position):
                faults.setdefault("have another last value", []).append(f"{name}: {value}")
            elif abs(series["last_time"] - measured[-1]) > _CLOSE_S:
                faults.setdefault("have another last time", []).append(f"{name}: {series['last_time']} for {measured[-1]}")
    if found:
        faults["are series of nothing that was measured"] = list(found)
    return [f"{len(each)} of {expected} numbers {what}, such as {each[0]}" for what, each in faults.items()]


def check_rows(server: Server, times: Mapping[str, list[float]], numbers: int) -> list[str]:
    """Whether the files of some series have a row for each step, between the numbers that were measured around it."""
    wanted = [(name, position, device) for device in times for name, position in names(numbers, device)]
    bad = []
    some = wanted[:: max(1, len(wanted) // _SOME)]
    for name, position, device in some:
        wrong = _wrong_row(str(server.path_of(name)), times[device], position)
        if wrong:
            bad.append(f"{name}: {wrong}")
    return [f"{len(bad)} of {len(some)} files have rows that were not measured, such as {bad[0]}"] if bad else []


def _wrong_row(path: str, measured: list[float], position: int) -> str:
    """The first row of a file that cannot be; empty where there is none.

    The readings count from 1, so a row that ends at a time lies between the readings before it and after it. Where one was lost,
    the next ones would be one too high.
    """
    begin, end = int(measured[0]) + 1, int(measured[-1])
    (first, _, step), _, rows = rrdtool.fetch(path, "AVERAGE", f"--start={begin}", f"--end={end}")
    for number, row in enumerate(rows):
        time_s = first + (number + 1) * step
        if not measured[0] + step <= time_s <= measured[-1]:
            continue
        before = sum(each <= time_s - step for each in measured)
        after = sum(each < time_s for each in measured) + 1
        if row[0] is None or not made_up(before, position) <= row[0] <= made_up(after, position):
            return f"{row[0]} at {time_s}, for {made_up(before, position)} to {made_up(after, position)}"
    return ""


def _pages(server: Server, what: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        status, body = server.request("GET", f"/api/v1/{what}?limit={_PAGE}{cursor}")
        if status != 200:
            raise BenchError(f"/api/v1/{what} answers {status}: {body[:200]!r}")
        answer = json.loads(body)
        yield from answer[what]
        if not answer.get("next_cursor"):
            return
        cursor = f"&cursor={quote(answer['next_cursor'])}"
