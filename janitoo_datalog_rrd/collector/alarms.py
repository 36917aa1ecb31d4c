"""The command `jnt_datalog_rrd alarms`: asks a server which processes take too much, for people and for scripts."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.errors import JanitooError
from ..core.httpclient import HttpAddress, HttpClient, UnreachableError
from ..core.parsers import duration
from ..core.processes import clean_name
from .arguments import Arguments, make_arguments, on_end, read_by, speak, token_of
from .target import Token, address_of

EVERY_S = 10.0
STATUSES = {"green": 0, "orange": 1, "red": 2}
"""Exit status by color."""
UNKNOWN = 3
"""Exit status where that is not known: 1 and 2 are those of an alarm."""
WORDS = {"red": "RED", "orange": "AMBER"}


class AlarmError(JanitooError):
    """The server does not tell; the message says why."""


class Alarm(NamedTuple):
    """What the server tells.

    Attributes:
        color: the worst of all.
        lines: a line for each process that is not green, the worst first.
    """

    color: str
    lines: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 green, 1 orange, 2 red, 3 where that is not known."""
    given = _parser().parse_args(arguments)
    try:
        token = token_of(given.token_file)
        speak(token)
        address = address_of(given.url, "query-alarm/", token, plain=given.plain_token)
        client = HttpClient(given.ca)
        try:
            return _watch(client, address, token, given.every) if given.watch else _look_once(client, address, token)
        finally:
            client.close()
    except JanitooError as error:
        sys.stderr.write(f"jnt_datalog_rrd: {error}\n")
        return UNKNOWN


def ask(client: HttpClient, address: HttpAddress, token: Token) -> Alarm:
    """Ask a server. Raises AlarmError."""
    try:
        answer = client.send("GET", address.url, b"", token.headers())
    except UnreachableError as error:
        raise AlarmError(f"{address.place}: {error}") from error
    if answer.status in (401, 403):
        raise AlarmError(f"{address.place} does not let us in (HTTP {answer.status}): a token of the role viewer is needed")
    if not answer.taken:
        raise AlarmError(f"{address.place} does not tell (HTTP {answer.status})")
    try:
        return _read(json.loads(answer.body))
    except (ValueError, RecursionError) as error:
        raise AlarmError(f"{address.place} does not answer as this server does: check the address") from error


def _read(document: Any) -> Alarm:
    """Read an answer. Raises ValueError."""
    color = document.get("color") if isinstance(document, dict) else None
    if not isinstance(color, str) or color not in STATUSES or not isinstance(document.get("processes"), dict):
        raise ValueError("it is no alarm")
    machines = document.get("machines")
    found = []
    for name, own in document["processes"].items():
        if isinstance(own, str) and own in WORDS:
            places = machines.get(name) if isinstance(machines, dict) else None
            where = f" ({', '.join(clean_name(str(each)) for each in places)})" if isinstance(places, list) and places else ""
            found.append((-STATUSES[own], f"{WORDS[own]:5} {clean_name(name)}{where}"))
    return Alarm(color, tuple(line for _, line in sorted(found)))


def _look_once(client: HttpClient, address: HttpAddress, token: Token) -> int:
    alarm = ask(client, address, token)
    _show(alarm)
    return STATUSES[alarm.color]


def _watch(client: HttpClient, address: HttpAddress, token: Token, every_s: float) -> int:
    """Look again and again, and show what has changed; a server that is away is told, and asked again."""
    ending = threading.Event()
    on_end(ending.set)
    status, shown, trouble = UNKNOWN, None, ""
    while not ending.is_set():
        try:
            alarm = ask(client, address, token)
        except AlarmError as error:
            if str(error) != trouble:
                sys.stderr.write(f"jnt_datalog_rrd: {error}; it is asked again\n")
            status, shown, trouble = UNKNOWN, None, str(error)
        else:
            if alarm != shown:
                sys.stdout.write(time.strftime("%Y-%m-%d %H:%M:%S\n"))
                _show(alarm)
            status, shown, trouble = STATUSES[alarm.color], alarm, ""
        ending.wait(every_s)
    return status


def _show(alarm: Alarm) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in alarm.lines or ("green",)))
    sys.stdout.flush()


def _parser() -> Arguments:
    parser = make_arguments(
        "alarms",
        "Show which processes take more than 80 percent (RED), or will soon (AMBER). Exit status: 0 green, 1 amber, 2 red, 3 "
        "where that is not known.",
        UNKNOWN,
    )
    parser.add_argument("--watch", action="store_true", help="Look again and again, and show what has changed, until Ctrl-C.")
    parser.add_argument(
        "--every", type=read_by(duration(1, 86400)), default=EVERY_S, metavar="TIME", help="Time between two looks. Default: 10s."
    )
    return parser
