"""What devices have announced is heard again at the start, whatever a dialect makes of it."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.decoding import Readers, Route
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.privacy import Privacy


class Fragile:
    """A dialect that fails on one announcement."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        if payload == b"0":
            raise ZeroDivisionError
        self.heard.append(topic)
        return []


def test_an_announcement_that_a_dialect_fails_on_keeps_nobody_from_starting(caplog: pytest.LogCaptureFixture) -> None:
    decoder, directory = Fragile(), Directory(NodeRegistry())
    readers = Readers([Route(("x/#",), decoder, "acme", announcements=("x/+/config",))], directory, Privacy())
    readers.hear([("x/1/config", b"1"), ("x/2/config", b"0"), ("x/3/config", b"1"), ("y/4/config", b"1"), ("x/5/state", b"1")])
    assert decoder.heard == ["x/1/config", "x/3/config"]
    (note,) = directory.notes
    assert (note.kind, note.place) == ("acme", "x/2/config")
    assert "ZeroDivisionError" in note.what
    assert "failed on what was announced" in caplog.text
