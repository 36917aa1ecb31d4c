"""`/ressources-usage/`: memory and processor time per process, as a monitoring server by that path tells them.

The numbers are those of process nodes, `hostsensor.processes`, of agents, and of collectors, which hand theirs in here; without
any of them, the answers are empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Response

from ...core.contracts import SeriesInfo, Stretch
from ...core.errors import BadRequestError, UnknownSeriesError
from ...core.processes import CPU, MEMORY, ProcessValue, process_of, read_address
from ..api.answers import json_response
from ..params import FlagParam, Param
from ..room import Room, room
from ..routes import Role, Route, arguments
from ..view import text
from .saveall import save_all_route

PREFIX = "/ressources-usage"
MEAN_S = 300
"""Over how long means are made, seconds."""
HISTORY_S = 3 * 3600
"""How far back every number is told, seconds."""
ALARM_PERCENT = 80.0
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
    "required": ["color", "processes", "machines"],
    "properties": {
        "color": _COLOR,
        "processes": {"type": "object", "additionalProperties": _COLOR},
        "machines": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


class Taken(NamedTuple):
    """What the processes of one name took on one machine.

    Attributes:
        numbers: percent.
        ended: whether there is none any more.
        address: of the machine; empty where it is not known.
    """

    numbers: list[Stretch]
    ended: bool
    address: str


@dataclass(slots=True)
class Process:
    """What is known of the processes of one name, on all machines together.

    Attributes:
        memory, cpu: what they took, of each machine.
    """

    memory: list[Taken]
    cpu: list[Taken]

    def means(self) -> list[float | None]:
        """Mean of memory and of processor time, over the time for which they are known."""
        return [_mean(self.memory), _mean(self.cpu)]

    def alarms(self) -> dict[str, set[str]]:
        """On which machines it is `red` or `orange`, by color."""
        found: dict[str, set[str]] = {}
        for each in (*self.memory, *self.cpu):
            color = _color(each)
            if color:
                found.setdefault(color, set()).add(each.address)
        return found


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
        save_all_route(PREFIX),
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
    return json_response(
        {name: [value for taken in each.memory for _, _, value in taken.numbers] for name, each in processes.items()}
    )


def alarm() -> Response:
    """Whether a process takes more than 80 percent, or will by the way it went in the last five minutes."""
    found = {name: process.alarms() for name, process in read_processes(room(), MEAN_S, None).items()}
    colors = {name: _worst(alarms) for name, alarms in found.items() if alarms}
    machines = {name: sorted(filter(None, set().union(*found[name].values()))) for name in colors}
    return json_response({"color": _worst(colors.values()), "processes": colors, "machines": machines})


def _worst(colors: Iterable[str]) -> str:
    found = set(colors)
    return next((each for each in ("red", "orange") if each in found), "green")


def _color(taken: Taken) -> str:
    """`red` above the limit, `orange` where a line comes to it in as long as was looked at; empty else, and at its end."""
    if taken.ended:
        return ""
    if (_mean([taken]) or 0.0) > ALARM_PERCENT:
        return "red"
    return "orange" if _expected(taken.numbers) > ALARM_PERCENT else ""


def _read_address(written: str) -> str:
    """An address whose dots or colons may be hyphens. Raises BadRequestError."""
    address = read_address(written)
    if address:
        return address
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
    for info, value in _chosen(here, now - seconds, address, uuids):
        process = found.setdefault(text(value.name), Process([], []))
        taken = _read(here, info, now - seconds, value.address)
        if taken.numbers:
            (process.memory if value.uuid == MEMORY else process.cpu).append(taken)
    return {name: found[name] for name in sorted(found) if found[name].memory or found[name].cpu}


def _chosen(here: Room, since: int, address: str | None, uuids: tuple[str, ...]) -> list[tuple[SeriesInfo, ProcessValue]]:
    """The series of processes that had a number since a time, with what each is."""
    chosen: dict[str, ProcessValue] = {}
    for each in here.store.glances():
        if len(each.columns) == 1 and not each.configured and (each.last_time or 0) >= since:
            value = process_of(each.columns[0].key, each.columns[0].label)
            if value is not None and value.uuid in uuids and address in (None, value.address):
                chosen[each.name] = value
    return [(info, chosen[info.name]) for info in here.store.list_series(chosen)]


def _read(here: Room, info: SeriesInfo, since: int, address: str) -> Taken:
    """What is known since a time."""
    last = info.columns[0].last_value
    ended = last is not None and math.isnan(last)
    try:
        return Taken(here.store.recent(info.name, since), ended, address)
    except UnknownSeriesError:  # it went after it was listed
        return Taken([], ended, address)


def _mean(taken: Iterable[Taken]) -> float | None:
    """The mean of numbers, each weighed by how long it stood."""
    seconds = total = 0.0
    for each in taken:
        seconds += sum([stood for _, stood, _ in each.numbers])
        total += sum([stood * value for _, stood, value in each.numbers])
    return total / seconds if seconds else None


def _expected(numbers: list[Stretch]) -> float:
    """What a line through the numbers comes to, as long after them as they are long (least squares)."""
    count = len(numbers)
    if count < 3:
        return -math.inf
    first, last = numbers[0][0], numbers[-1][0]
    middle = sum([time for time, _, _ in numbers]) / count
    spread = sum([(time - middle) ** 2 for time, _, _ in numbers])
    slope = sum([(time - middle) * value for time, _, value in numbers]) / spread if spread else 0.0
    return sum([value for _, _, value in numbers]) / count + slope * (2 * last - first - middle)
