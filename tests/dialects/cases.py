"""What a case of a dialect is: messages of a real device, and the series that they make."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Expected(NamedTuple):
    """A series that has to be there after a case, and its last value.

    Attributes:
        name: of the series.
        label, units: of its column.
        value: the last number; None for one that is unknown by now.
        node: what the dashboard calls its device; empty where that is not looked at.
        time: seconds since the epoch UTC where the message has its own; None for the time of arrival.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
    """

    name: str
    label: str
    units: str
    value: float | None
    node: str = ""
    time: float | None = None
    ds_type: str = "GAUGE"


class Case(NamedTuple):
    """A device.

    Attributes:
        device: maker and model.
        source: the public documentation that its messages are written down from.
        messages: (topic, payload) in the order in which they come.
        expected: every series that they make; a further one fails the test.
    """

    device: str
    source: str
    messages: tuple[tuple[str, str | bytes], ...]
    expected: tuple[Expected, ...]


def document(**content: Any) -> str:
    """A JSON object as devices write it."""
    return json.dumps(content, separators=(",", ":"))
