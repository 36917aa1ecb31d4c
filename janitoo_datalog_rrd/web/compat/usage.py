"""`/ressources-usage/`: memory and processor time per process, as a monitoring server by that path tells them.

The numbers are those of process nodes, `hostsensor.processes`; without one, the answers are empty.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Response

from ...core.contracts import SeriesInfo
from ...core.errors import BadRequestError, UnknownSeriesError
from ...core.processes import CPU, MEMORY, address_in, process_of
from ..api.answers import json_response
from ..params import FlagParam, Param
from ..room import Room, room
from ..routes import Role, Route, arguments
from ..view import number, text

PREFIX = "/ressources-usage"
MEAN_S = 300
"""Over how long means are made, seconds."""
HISTORY_S = 3 * 3600
"""How far back every number is told, seconds."""
ALARM_PERCENT = 80.0
MAX_SERIES = 2000
_TEXT = (
    FlagParam(name="text", told="1 gives the document as a text in JSON, as the first server of this path did.", default=False),
)
_ADDRESS = Param(name="address", told="Address of a machine, with hyphens for its dots.", longest=60, example="127-0-0-1")
_PERCENT = {"type": ["number", "null"]}
_MEANS = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": _PERCENT, "minItems": 2, "maxItems": 2},
}
_HISTORY = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}}
_COLOR = {"type": "string", "enum": ["green", "orange", "red"]}
_ALARM = {
    "type": "object",
    "required": ["color", "processes"],
    "properties": {"color": _COLOR, "processes": {"type": "object", "additionalProperties": _COLOR}},
}


@dataclass(slots=True)
class Process:
    """What is known of the processes of one name, on all machines together.

    Attributes:
        memory, cpu: numbers by time, percent; those of several machines stand one after the other.
    """

    memory: list[list[tuple[int, float]]]
    cpu: list[list[tuple[int, float]]]

    def means(self) -> list[float | None]:
        """Mean of memory and of processor time."""
        return [_mean([value for rows in both for _, value in rows]) for both in (self.memory, self.cpu)]

    def color(self) -> str:
        """`red` above the limit, `orange` where it will be there in as long as was looked at, else `green`."""
        rows = [*self.memory, *self.cpu]
        if any(value is not None and value > ALARM_PERCENT for value in self.means()):
            return "red"
        return "orange" if any(_expected(each) > ALARM_PERCENT for each in rows) else "green"


def usage_routes() -> list[Route]:
    """The routes of the monitoring server."""

    def route(path: str, view: Any, answer: dict[str, Any], params: tuple[Param, ...] = (), **more: Any) -> Route:
        return Route(
            path=PREFIX + path,
            view=view,
            role=Role.VIEWER,
            params=params,
            answers={"application/json": answer},
            tag="clients",
            programs=True,
            **more,
        )

    means = {"anyOf": [_MEANS, {"type": "string"}]}
    return [
        route("/get-all", every_mean, means, _TEXT),
        route("/get-all/<address>", means_of_machine, means, _TEXT, variables=(_ADDRESS,)),
        route("/get-all-detailed", every_number, _HISTORY),
        route("/query-alarm/", alarm, _ALARM),
    ]


def every_mean() -> Response:
    """Memory and processor time of each process, means over the last five minutes, in percent."""
    return _answer_means(None)


def means_of_machine(address: str) -> Response:
    """The same, of the processes of one machine."""
    return _answer_means(_read_address(address))


def every_number() -> Response:
    """Memory of each process in percent, every number of the last three hours."""
    processes = read_processes(room(), HISTORY_S, None, (MEMORY,))
    return json_response({name: [value for rows in each.memory for _, value in rows] for name, each in processes.items()})


def alarm() -> Response:
    """Whether a process takes more than 80 percent, or will by the way it went in the last five minutes."""
    colors = {name: process.color() for name, process in read_processes(room(), MEAN_S, None).items()}
    alarms = {name: color for name, color in colors.items() if color != "green"}
    found = set(alarms.values())
    return json_response({"color": next((each for each in ("red", "orange") if each in found), "green"), "processes": alarms})


def _read_address(written: str) -> str:
    """An address whose dots or colons may be hyphens. Raises BadRequestError."""
    for mark in ".:":
        with suppress(ValueError):
            return str(ipaddress.ip_address(written.replace("-", mark)))
    raise BadRequestError(
        "address", f"address is {written[:40]!r}: expected that of a machine with hyphens, such as 192-168-1-2."
    )


def _answer_means(address: str | None) -> Response:
    processes = read_processes(room(), MEAN_S, address)
    document = json_response({name: process.means() for name, process in processes.items()})
    return json_response(document.get_data(as_text=True)) if arguments()["text"] else document


def read_processes(here: Room, seconds: int, address: str | None, uuids: tuple[str, ...] = (MEMORY, CPU)) -> dict[str, Process]:
    """What processes took, by name, sorted.

    Args:
        here: where the store is.
        seconds: how far back.
        address: only those of the machine with this address.
        uuids: which values are read.
    """
    now = int(here.services.clock())
    found: dict[str, Process] = {}
    for info, uuid, name in _chosen(here, now - seconds, address, uuids):
        process = found.setdefault(text(name), Process([], []))
        rows = _read_rows(here, info, now - seconds, now)
        if rows:
            (process.memory if uuid == MEMORY else process.cpu).append(rows)
    return {name: found[name] for name in sorted(found) if found[name].memory or found[name].cpu}


def _chosen(here: Room, since: int, address: str | None, uuids: tuple[str, ...]) -> list[tuple[SeriesInfo, str, str]]:
    """The series that are asked for, each with uuid and name of its process."""
    chosen = (
        (info, process_of(info.columns[0].key))
        for info in here.store.list_series()
        if len(info.columns) == 1
        and (info.last_time or 0) >= since
        and (address is None or address_in(info.columns[0].label) == address)
    )
    return [(info, *process) for info, process in chosen if process is not None and process[0] in uuids][:MAX_SERIES]


def _read_rows(here: Room, info: SeriesInfo, start: int, end: int) -> list[tuple[int, float]]:
    """Rows of a time, those that are known."""
    try:
        info = here.flushed_series(info.name)
        if not info.path.exists():
            return []
        result = here.store.fetch(info.name, str(start), str(end))
    except UnknownSeriesError:  # it went after it was listed
        return []
    rows = ((result.start + index * result.step, number(row[0])) for index, row in enumerate(result.rows, 1) if row)
    return [(time, value) for time, value in rows if value is not None and start < time <= end + result.step]


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else None


def _expected(rows: list[tuple[int, float]]) -> float:
    """What a line through the numbers comes to, as long after them as they are long (least squares)."""
    if len(rows) < 3:
        return -math.inf
    middle = math.fsum(time for time, _ in rows) / len(rows)
    mean = math.fsum(value for _, value in rows) / len(rows)
    spread = math.fsum((time - middle) ** 2 for time, _ in rows)
    slope = math.fsum((time - middle) * (value - mean) for time, value in rows) / spread if spread else 0.0
    return mean + slope * (2 * rows[-1][0] - rows[0][0] - middle)
