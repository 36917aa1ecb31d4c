"""What tests of forwarding share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forward.forwarding import Forwarding
from forward.waiting import Waiting

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section

Read = Callable[[str], Section]


@pytest.fixture
def read_section(tmp_path: Path) -> Read:
    """A function that reads the lines of a `[forward__test]`."""

    def read(lines: str) -> Section:
        ini = tmp_path / "forward.conf"
        ini.write_text(f"[forward__test]\n{lines}\n")
        return Options.load(ini, Plugins()).section("forward__test")

    return read


@pytest.fixture
def forward(read_section: Read) -> Iterator[Callable[..., Forwarding]]:
    """A function that starts a forwarder with these lines in its section; it is stopped at the end."""
    made: list[Forwarding] = []

    def start(lines: str, waiting: Waiting, *, compressed: bool = False) -> Forwarding:
        forwarding = Forwarding(read_section(f"interval = 0.05\n{lines}"), waiting, compressed=compressed)
        made.append(forwarding)
        forwarding.forwarder.start()
        return forwarding

    yield start
    for each in made:
        each.forwarder.stop()
