"""The command `jnt_datalog_rrd collector`: sends what processes take to a server, for machines that have no broker."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..core.clock import Clock, ClockFile
from ..core.delivery import Delivery
from ..core.errors import JanitooError
from ..core.httpclient import HttpClient
from ..core.memory import use_one_arena
from ..core.outbox import MAX_BYTES, Outbox, state_file
from ..core.parsers import duration, integer, size
from ..core.processes import read_address
from ..nodes.processtable import ProcessTable
from .arguments import Arguments, make_arguments, on_end, read_by, speak, token_of
from .collector import Collector, Listener, join_moments
from .target import TOKEN, address_of

EVERY_S = 10.0
TOP = 10
_SAME_MOMENT = 0.8
COLLECTOR_OUTBOX = "collector-outbox.sqlite"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        token = token_of(given.token_file)
        speak(token)
        address = address_of(given.url, "save-all", token, plain=given.plain_token)
        client = HttpClient(given.ca)
        outbox = Outbox(given.outbox or state_file(COLLECTOR_OUTBOX, os.environ, "--outbox"), given.outbox_bytes)
    except JanitooError as error:
        sys.stderr.write(f"jnt_datalog_rrd: {error}\n")
        return 1
    use_one_arena()
    delivery = Delivery(
        outbox,
        client,
        address,
        what="collector",
        method="PUT",
        headers=lambda _: {"Content-Type": "application/json", **token.headers()},
        join=join_moments(given.every),
        on_answer=Listener().on_answer,
        check=f"the address, and the token: --token-file or {TOKEN}, of the role agent",
    )
    table, clock = ProcessTable(given.top, given.every * _SAME_MOMENT), Clock()
    clock_file = ClockFile(outbox.path.with_name(f"{outbox.path.name}.clock"), clock)
    collector = Collector(given.every, table, outbox, delivery, clock, clock_file, address=given.address or "")
    on_end(collector.end)
    try:
        collector.run()
    except JanitooError as error:
        sys.stderr.write(f"jnt_datalog_rrd: {error}\n")
        return 1
    finally:
        delivery.stop()
        outbox.close()
    return 0


def _parser() -> Arguments:
    parser = make_arguments(
        "collector",
        "Send what the processes of this machine take to a server, until Ctrl-C or SIGTERM. What cannot be sent is kept, and "
        "sent later with its own time.",
    )
    parser.add_argument(
        "--every",
        type=read_by(duration(1, 86400)),
        default=EVERY_S,
        metavar="TIME",
        help="Time between two moments. Default: 10s.",
    )
    parser.add_argument(
        "--top",
        type=read_by(integer(1, 100)),
        default=TOP,
        metavar="N",
        help="How many processes are told: N by memory and N by processor time. Default: 10.",
    )
    parser.add_argument(
        "--address", type=read_by(_address), help="Address that this machine is known by. Default: that of its network."
    )
    parser.add_argument(
        "--outbox",
        type=Path,
        metavar="FILE",
        help=f"Where what waits is kept. Default: {COLLECTOR_OUTBOX} in $STATE_DIRECTORY or ~/.local/state/janitoo_datalog_rrd.",
    )
    parser.add_argument(
        "--outbox-bytes",
        type=read_by(size(1 << 16, 1 << 36)),
        default=MAX_BYTES,
        metavar="SIZE",
        help="How much may wait. Default: 64MiB.",
    )
    return parser


def _address(raw: str) -> str:
    found = read_address(raw)
    if not found:
        raise ValueError(f"{raw[:60]!r} is no address: expected such as 192.168.1.5")
    return found
