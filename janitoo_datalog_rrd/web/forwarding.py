"""How forwarding to other databases stands, for /metrics and the status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..core.facts import ForwardState
from ..core.services import Services
from .escape import clean
from .view import number, text

RESULTS = ("sent", "unknown", "refused", "dropped")
"""What becomes of samples."""


def states(services: Services) -> list[ForwardState]:
    """How each stands; none where nothing is forwarded, or the store is not up."""
    return [] if services.forwards is None else services.forwards()


def forward_metrics(services: Services) -> Iterator[str]:
    """The lines of /metrics; none where nothing is forwarded. Names of sections need no escaping."""
    found = states(services)
    if not found:
        return
    yield "# HELP jnt_forward_samples_total Samples for other databases, by what became of them."
    yield "# TYPE jnt_forward_samples_total counter"
    for each in found:
        for result in RESULTS:
            yield f'jnt_forward_samples_total{{target="{each.name}",result="{result}"}} {getattr(each, result)}'
    yield "# HELP jnt_forward_behind_bytes Bytes of the journal that a database has still to get."
    yield "# TYPE jnt_forward_behind_bytes gauge"
    for each in found:
        yield f'jnt_forward_behind_bytes{{target="{each.name}"}} {each.behind_bytes}'
    yield "# HELP jnt_forward_up Whether samples get through to a database."
    yield "# TYPE jnt_forward_up gauge"
    for each in found:
        yield f'jnt_forward_up{{target="{each.name}"}} {int(not each.trouble)}'


def describe_forwards(services: Services) -> list[dict[str, Any]]:
    """The same for the status: one object each."""
    return [
        {
            **asdict(each),
            "name": text(each.name),
            "place": clean(each.place, 300),
            "trouble": clean(each.trouble, 400),
            "since": number(each.since),
            "last_sent": number(each.last_sent),
        }
        for each in states(services)
    ]
