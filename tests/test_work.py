"""How much is done for one message: counted for a fixed input, since seconds say little on a busy machine.

The counts are those of the day when they were noted, in the version of Python that needs most (3.10 to 3.13 differ by up to a
tenth). Of a bare number not a single call more is allowed: a log call, a lock or a timestamp for each message is one. Where the
code has become better, lower the count; where it has to grow, raise it, and say in the commit what is got for it.
"""

from __future__ import annotations

import gc
import inspect
import sys
import textwrap
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pytest
from house import janitoo
from support import free_port, wait_until

from janitoo_datalog_rrd import ingest
from janitoo_datalog_rrd.core.announcements import Announcements
from janitoo_datalog_rrd.core.decoding import Readers, build_routes
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.packets import acknowledgements, split
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.privacy import Privacy
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.forward.forwarders import Forwarders
from janitoo_datalog_rrd.ingest import Ingest
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store

MARGIN = 1.3
"""How much more than was counted is allowed, where nothing else is said."""
READS, IN_ONE, TOPICS = 20, 500, 100
MESSAGES = READS * IN_ONE

INI = """
[decoder__plain]
topics = plain/#
kind = plain

[decoder__json]
topics = json/#
kind = json
"""


def bare_number(number: int) -> tuple[str, bytes]:
    return f"plain/{number % TOPICS}", b"%d.5" % (number % 1000)


def json_object(number: int) -> tuple[str, bytes]:
    """Three numbers and a text, as a sensor of two quantities and a battery sends them."""
    content = {"temperature": number % 300 / 10, "humidity": number % 100, "battery": 100, "name": "porch"}
    return f"json/{number % TOPICS}", orjson.dumps(content)


def janitoo_value(number: int) -> tuple[str, bytes]:
    topic, payload = janitoo(f"0001/{number % TOPICS:04d}", "temperature", number % 300 / 10, units="°C")
    return topic, payload.encode()


@dataclass(frozen=True)
class Work:
    """What is done for one message.

    Attributes:
        calls: of functions, those of C included.
        instructions: of Python's virtual machine.
        kept: bytes in memory that stay, for each message.
        peak: bytes in memory that are needed at once while a read is taken in, for each of its messages.
        margin: how much more calls are allowed.
    """

    calls: float
    instructions: float
    kept: float
    peak: float
    margin: float = 1.1


KINDS: dict[str, tuple[Callable[[int], tuple[str, bytes]], Work]] = {
    "bare number": (bare_number, Work(8.13, 252, 18.8, 340, margin=1.05)),
    "JSON object": (json_object, Work(128.2, 1685, 56.4, 646)),
    "Janitoo value": (janitoo_value, Work(82.2, 1085, 18.8, 505)),
}


def packet(number: int, topic: str, payload: bytes) -> bytes:
    """A PUBLISH with QoS 1 in MQTT 5."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + (number % 65_000 + 1).to_bytes(2, "big") + b"\0" + payload
    size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
    return b"\x32" + size + body


class House:
    """The way in, from what a socket gives to the journal and the acknowledgements; without the socket."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        ini = folder / "x.conf"
        ini.write_text(INI + more)
        options = Options.load(ini, Plugins())
        self.now = 1_700_000_000.0
        services = Services.build(options, clock=self.clock)
        settings = StoreSettings(folder / "rrds", folder / "data", Schemas.from_options(options), journal_sync="never")
        self.store = Store(settings, services.counters, services.health, self.clock, self.clock)
        self.store.open()
        self.sent = 0
        routes, faults = build_routes(options, Plugins())
        assert not faults
        readers = Readers(routes, Directory(services.nodes), Privacy())
        announcements = Announcements(folder / "data" / "announcements.json")
        self.ingest = Ingest(self.store, readers, announcements, services, self.acknowledge, waiting_max=1000)
        self.counters = services.counters
        self.health = services.health
        self.forwarders = Forwarders(options, services, self.store)
        self.forwarders.start()

    def clock(self) -> float:
        return self.now

    def acknowledge(self, mids: list[bytes]) -> None:
        self.sent += len(acknowledgements(mids)) // 4

    def take(self, read: bytes) -> None:
        self.now += 0.1
        messages, _, taken = split(read, v5=True)
        assert taken == len(read)
        self.ingest.on_packets(messages)

    def close(self) -> None:
        self.forwarders.stop()
        self.store.close(flush=False)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def reads(make: Callable[[int], tuple[str, bytes]], first: int, count: int = READS) -> list[bytes]:
    """What a socket gives, one read after the other."""
    return [
        b"".join(packet(number, *make(number)) for number in range(begin, begin + IN_ONE))
        for begin in range(first, first + count * IN_ONE, IN_ONE)
    ]


# -- counting -----------------------------------------------------------------------------------------


@dataclass
class Count:
    """What was counted."""

    calls: int = 0
    instructions: int = 0
    of_librrd: Counter[str] = field(default_factory=Counter)


@contextmanager
def counting_calls() -> Iterator[Count]:
    """Count calls of functions in this thread."""
    found = Count()

    def note(_frame: FrameType, event: str, what: Any) -> None:
        if event in ("call", "c_call"):
            found.calls += 1
            if event == "c_call" and getattr(what, "__module__", "") == "rrdtool":
                found.of_librrd[what.__name__] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)


@contextmanager
def counting_instructions() -> Iterator[Count]:
    """Count instructions of Python's virtual machine: in this thread, or from Python 3.12 on in the process."""
    found = Count()

    def trace(frame: FrameType, event: str, _what: Any) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        found.instructions += event == "opcode"
        return trace

    def note(_code: object, _offset: int) -> None:
        found.instructions += 1

    if sys.version_info < (3, 12):
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield found
        finally:
            sys.settrace(before)
        return
    events, ours = sys.monitoring.events, sys.monitoring.PROFILER_ID
    sys.monitoring.use_tool_id(ours, "test_work")
    try:
        sys.monitoring.register_callback(ours, events.INSTRUCTION, note)
        sys.monitoring.set_events(ours, events.INSTRUCTION)
        yield found
    finally:
        sys.monitoring.set_events(ours, events.NO_EVENTS)
        sys.monitoring.free_tool_id(ours)


def writes_of_this_thread() -> int:
    """How often this thread has called write(2) and its kin."""
    lines = dict(line.split(": ") for line in Path("/proc/thread-self/io").read_text().splitlines())
    return int(lines["syscw"])


# -- the way in ---------------------------------------------------------------------------------------


def memory_of(house: House, what: list[bytes]) -> tuple[float, float]:
    """Bytes for one message: those that stay, and those that are needed at once while a read is taken in."""
    peak = 0
    gc.collect()
    tracemalloc.start()
    try:
        for read in what:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            house.take(read)
            peak = max(peak, tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / (len(what) * IN_ONE), peak / IN_ONE
    finally:
        tracemalloc.stop()


def measured(house: House, kind: str) -> Work:
    """Take the same messages in once for each thing that is counted, after the values have got their series."""
    make, _ = KINDS[kind]
    what = reads(make, 0)
    for read in reads(make, 0, 2):
        house.take(read)
    kept, peak = memory_of(house, what)
    with counting_calls() as calls:
        for read in what:
            house.take(read)
    with counting_instructions() as instructions:
        for read in what[:5]:
            house.take(read)
    assert house.counters.by_label("messages") == {"accepted": (2 + READS + 5 + READS) * IN_ONE}
    return Work(calls.calls / MESSAGES, instructions.instructions / (5 * IN_ONE), kept, peak)


def grown(found: Work, noted: Work) -> dict[str, str]:
    """What is more than is allowed."""
    allowed = {
        "calls": noted.calls * noted.margin,
        **{what: getattr(noted, what) * MARGIN for what in ("instructions", "kept", "peak")},
    }
    return {
        what: f"{getattr(found, what):.2f}, and {most:.2f} are allowed"
        for what, most in allowed.items()
        if getattr(found, what) > most
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_for_one_message_has_not_grown(house: House, kind: str) -> None:
    assert grown(measured(house, kind), KINDS[kind][1]) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_read_brings_is_one_write_to_the_journal(house: House, kind: str) -> None:
    what = reads(KINDS[kind][0], 0)
    house.take(what[0])  # begins a segment, and warms up what is made once
    before = writes_of_this_thread()
    for read in what:
        house.take(read)
    assert writes_of_this_thread() - before == READS
    assert house.sent == MESSAGES + IN_ONE


DEAD = """
[forward__dead]
kind = questdb
url = http://127.0.0.1:{port}
interval = 0.05
"""


def work_of_way_in(house: House, kind: str) -> tuple[int, int]:
    """Calls, and writes to the journal, for the same reads after the same warm-up."""
    what = reads(KINDS[kind][0], 0)
    house.take(what[0])
    if house.forwarders.states():
        wait_until(lambda: "forward dead" in house.health.problems(), what="it to be known that the database is dead")
    house.take(what[1])
    writes = writes_of_this_thread()
    with counting_calls() as calls:
        for read in what:
            house.take(read)
    return calls.calls, writes_of_this_thread() - writes


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_is_dead_costs_the_way_in_nothing(tmp_path: Path, kind: str) -> None:
    found = []
    for name, more in (("alone", ""), ("dead", DEAD.format(port=free_port()))):
        house = House(tmp_path / name, more)
        try:
            found.append(work_of_way_in(house, kind))
        finally:
            house.close()
    assert found[0] == found[1]
    assert found[0][1] == READS


PLACE = "add_value(value)\n"
"""The line of the short way behind which something is put."""


@pytest.mark.parametrize(
    "line",
    [
        'logger.debug("taken")',
        "with self._store.cache.lock: pass",
        "self._clock()",
        "_Results()",
        'self._counters.add("seen")',
    ],
    ids=["log call", "lock", "timestamp", "object", "counter"],
)
def test_a_line_more_for_each_message_is_seen(house: House, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    source = textwrap.dedent(inspect.getsource(Ingest._fill))
    before, place, after = source.partition(PLACE)
    assert place, "the short way looks otherwise: put the line into it at another place"
    indent = " " * (len(before) - len(before.rstrip(" ")))
    found: dict[str, Any] = {}
    exec(compile(f"{before}{place}{indent}{line}\n{after}", "<a line more>", "exec"), dict(vars(ingest)), found)  # noqa: S102
    monkeypatch.setattr(Ingest, "_fill", found["_fill"])
    assert "calls" in grown(measured(house, "bare number"), KINDS["bare number"][1])


def test_a_write_for_each_message_is_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    read = reads(bare_number, 0, 1)[0]
    house.take(read)
    with (house.folder / "log").open("wb", buffering=0) as log:

        def convert(text: Any) -> float:
            log.write(text)
            return float(text)

        monkeypatch.setattr(ingest, "float", convert, raising=False)
        before = writes_of_this_thread()
        house.take(read)
        assert writes_of_this_thread() - before == 1 + IN_ONE


# -- the way out --------------------------------------------------------------------------------------

FILE_CALLS, FILE_INSTRUCTIONS, FILE_WRITES = 135.2, 1461, 2
"""For one file of a flush with 50 samples: calls of functions, instructions, and writes of ours (the undo record's)."""


def test_a_flush_calls_librrd_once_for_each_file(house: House) -> None:
    for read in reads(bare_number, 0, 10):
        house.take(read)
    with counting_calls() as first:
        flush(house)
    assert first.of_librrd == {"create": TOPICS, "update": TOPICS}, "the files are made once"
    for read in reads(bare_number, 0, 10):
        house.take(read)
    writes = writes_of_this_thread()
    with counting_calls() as second:
        flush(house)
    writes = writes_of_this_thread() - writes
    assert second.of_librrd == {"update": TOPICS}
    for read in reads(bare_number, 0, 10):
        house.take(read)
    with counting_instructions() as instructions:
        flush(house)
    assert second.calls / TOPICS < FILE_CALLS * MARGIN
    assert instructions.instructions / TOPICS < FILE_INSTRUCTIONS * MARGIN
    assert writes / TOPICS <= FILE_WRITES


def flush(house: House) -> None:
    """Write what is due, which is everything after a while; in this thread."""
    house.now += 4000
    assert house.store.flusher.flush_due() == 10 * IN_ONE
    assert house.store.count_cached() == 0
