"""Damage: whatever became of snapshot, journal and catalogue, the store opens, keeps what is whole, and tells of the rest."""

from __future__ import annotations

import json
import os
import pickle
import pickletools
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.conftest import START, Clock, abandon, schema
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store import frames, safepickle
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import SourceConfig, StoreSettings
from janitoo_datalog_rrd.store.store import Store

FEW = settings(SHORT, max_examples=60)
SNAPSHOT, CATALOGUE, INDEX = "data/rrd_cache.pickle", "data/catalogue.json", "rrds/index.txt"
MAGIC = b"\x80\x04C\x04"
SERIES = ("a", "b", "c")
Samples = Counter[tuple[str, float, float]]


@dataclass
class Part:
    """A file of a home: where its frames begin and end, and the samples in each."""

    content: bytes
    frames: list[tuple[int, int, Samples]] = field(default_factory=list)

    def untouched(self, content: bytes) -> Samples:
        """The samples of the frames whose bytes are where they were."""
        whole = [held for begin, end, held in self.frames if content[begin:end] == self.content[begin:end]]
        return sum(whole, Counter())

    @property
    def samples(self) -> Samples:
        return self.untouched(self.content)


@dataclass
class Home:
    """What a server that was killed has left: a snapshot, two segments of the journal, and the small files."""

    parts: dict[str, Part]
    segments: tuple[str, str]

    def lay_out(self, folder: Path, changed: dict[str, bytes | None]) -> None:
        """Write the files, some of them changed or (None) left out."""
        shutil.rmtree(folder, ignore_errors=True)
        for name, part in self.parts.items():
            content = changed.get(name, part.content)
            if content is not None:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def samples(self, **changed: bytes) -> Samples:
        return sum((part.samples for part in self.parts.values()), Counter())


def store_of(folder: Path) -> Store:
    clock = Clock()
    return Store(StoreSettings(folder / "rrds", folder / "data", Schemas([schema()])), Counters(), Health(), clock, clock)


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """A store on a folder, that is killed at the end."""
    store = store_of(folder)
    try:
        store.open()
        yield store
    finally:
        abandon(store)


def held(store: Store) -> Samples:
    """What a store has in its cache."""
    return Counter(
        (name, time_s, value)
        for name, series in store.cache.series.items()
        for column in series.columns
        for time_s, value in column.samples()
    )


def corrupt_copies(folder: Path) -> dict[str, bytes]:
    """The files that were kept aside: name → content."""
    return {path.name: path.read_bytes() for path in folder.rglob("*.corrupt-*") if path.is_file()}


def live(folder: Path) -> Home:
    """Let a store live in a folder, and note what is where in its files."""
    number = iter(range(1, 1000))
    parts: dict[str, Part] = {}

    def put(store: Store, *names: str) -> Samples:
        new = [(name, START - 1000 + next(number), float(next(number))) for name in names]
        with store.intake() as intake:
            for name, time_s, value in new:
                assert intake.add([Reading((name, ""), value, time_s)], START) == "accepted"
            intake.commit()
        return Counter(new)

    with opened(folder) as store:
        journal = store._journal
        assert journal is not None
        covered = put(store, *SERIES) + put(store, "a", "b")
        store.dump()
        store.names.write()
        snapshot = Part((folder / SNAPSHOT).read_bytes())
        found = list(frames.unpack(folder / SNAPSHOT, pytest.fail))
        begin = 0
        for frame in found:
            end = begin + len(frames.pack(frame))
            snapshot.frames.append((begin, end, covered if frame[0] == "series" else Counter()))
            begin = end
        assert begin == len(snapshot.content)
        parts[SNAPSHOT] = snapshot
        segments = []
        for each in range(2):
            part = Part(b"")
            for names in (["a", "b"], ["b"], ["a", "c", "b", "a"], ["c"]):
                begin = journal.size
                new = put(store, *names)
                part.frames.append((begin, journal.size, new))
            path = journal.path_of(journal.segment)
            part.content = path.read_bytes()
            name = str(path.relative_to(folder))
            parts[name] = part
            segments.append(name)
            if not each:
                journal.rotate()
        parts[CATALOGUE] = Part((folder / CATALOGUE).read_bytes())
        parts[INDEX] = Part((folder / INDEX).read_bytes())
    return Home(parts, (segments[0], segments[1]))


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        yield live(Path(folder) / "home")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that each example begins anew."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made) / "home"


def check_goes_on(folder: Path, expected: Samples) -> None:
    """What was recovered is recovered again after a second kill; then new samples are taken, and a snapshot ends the story."""
    with opened(folder) as again:
        assert held(again) == expected
        told = set(corrupt_copies(folder))
        again.accept([Reading(("a", ""), 5000.0, START - 1)])
        again.accept([Reading(("new", ""), 6000.0, START - 1)])
    expected = expected + Counter([("a", START - 1, 5000.0), ("new", START - 1, 6000.0)])
    with opened(folder) as third:
        assert held(third) == expected
        third.dump()
    with opened(folder) as last:
        assert held(last) == expected
        assert last.health.notes() == {}
    assert set(corrupt_copies(folder)) == told, "one damage is kept aside once"


def test_a_home_without_damage_comes_back_whole(home: Home, folder: Path) -> None:
    home.lay_out(folder, {})
    with opened(folder) as store:
        assert held(store) == home.samples()
        assert store.health.notes() == {}
    check_goes_on(folder, home.samples())


# -- cut off ------------------------------------------------------------------------------------------


def test_a_journal_cut_off_at_any_byte_gives_every_frame_before_it_and_nothing_is_told(home: Home, folder: Path) -> None:
    name = home.segments[1]
    part = home.parts[name]
    others = home.samples() - part.samples
    for size in range(len(part.content) + 1):
        home.lay_out(folder, {name: part.content[:size]})
        for _ in range(2):
            with opened(folder) as store:
                assert held(store) == others + part.untouched(part.content[:size])
                assert store.health.notes() == {}
    assert corrupt_copies(folder) == {}


def test_a_snapshot_cut_off_at_any_byte_gives_every_frame_before_it_and_is_told(home: Home, folder: Path) -> None:
    part = home.parts[SNAPSHOT]
    others = home.samples() - part.samples
    for size in range(len(part.content)):
        home.lay_out(folder, {SNAPSHOT: part.content[:size]})
        for _ in range(2):
            with opened(folder) as store:
                assert held(store) == others + part.untouched(part.content[:size])
                (note,) = store.health.notes().values()
                assert "its end is missing" in note
        assert list(corrupt_copies(folder).values()) == [part.content[:size]]


@pytest.mark.parametrize("cut", [0, 1, 13, 50, -30, -1])
def test_a_journal_cut_off_goes_on(home: Home, folder: Path, cut: int) -> None:
    name = home.segments[1]
    part = home.parts[name]
    home.lay_out(folder, {name: part.content[:cut]})
    check_goes_on(folder, home.samples() - part.samples + part.untouched(part.content[:cut]))


# -- flipped, overwritten, moved ----------------------------------------------------------------------


@st.composite
def damages(draw: st.DrawFn, content: bytes) -> bytes:
    """Content that something has happened to."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        if not found:
            break
        place = draw(st.integers(0, len(found) - 1))
        size = draw(st.integers(1, 40))
        what = draw(st.sampled_from(["flip", "byte", "noise", "zeros", "swap", "lose", "insert", "cut"]))
        if what == "flip":
            found[place] ^= 1 << draw(st.integers(0, 7))
        elif what == "byte":
            found[place] = draw(st.integers(0, 255))
        elif what == "noise":
            found[place : place + size] = random.Random(place).randbytes(len(found[place : place + size]))
        elif what == "zeros":
            found[place : place + size] = bytes(len(found[place : place + size]))
        elif what == "swap":
            other = draw(st.integers(0, len(found) - 1))
            first, second = bytes(found[place : place + size]), bytes(found[other : other + size])
            shared = min(len(first), len(second))
            found[place : place + shared], found[other : other + shared] = second[:shared], first[:shared]
        elif what == "lose":
            del found[place : place + size]
        elif what == "insert":
            found[place:place] = draw(st.binary(min_size=1, max_size=40))
        else:
            del found[place:]
    return bytes(found)


def is_told(part: Part, content: bytes) -> bool:
    """Whether a damage has to be told: one that no cut-off can have made, since whole frames follow it."""
    whole = [begin for begin, end, _ in part.frames if content[begin:end] == part.content[begin:end]]
    return any(content[:begin] != part.content[:begin] for begin in whole)


@FEW
@given(data=st.data())
def test_a_damaged_journal_costs_only_what_is_damaged(home: Home, folder: Path, data: st.DataObject) -> None:
    changed = {name: data.draw(damages(home.parts[name].content), label=name) for name in home.segments}
    check_damage(home, folder, changed)


@FEW
@given(data=st.data())
def test_a_damaged_snapshot_costs_only_what_is_damaged(home: Home, folder: Path, data: st.DataObject) -> None:
    check_damage(home, folder, {SNAPSHOT: data.draw(damages(home.parts[SNAPSHOT].content))})


@FEW
@given(data=st.data())
def test_damage_everywhere_at_once_costs_only_what_is_damaged(home: Home, folder: Path, data: st.DataObject) -> None:
    names = [SNAPSHOT, *home.segments, INDEX]
    check_damage(home, folder, {name: data.draw(damages(home.parts[name].content), label=name) for name in names})


def check_damage(home: Home, folder: Path, changed: dict[str, bytes]) -> None:
    home.lay_out(folder, changed)
    least: Samples = Counter()
    for name, part in home.parts.items():
        least += part.untouched(changed.get(name, part.content))
    with opened(folder) as store:
        found = held(store)
        assert not least - found, "what is whole is there"
        assert set(found) <= set(home.samples()), "nothing is invented"
        notes = "\n".join(store.health.notes().values())
        for name, content in changed.items():
            if home.parts[name].frames and is_told(home.parts[name], content):
                assert f"{Path(name).name}.corrupt-" in notes
                assert content in corrupt_copies(folder).values()
    check_goes_on(folder, found)


@FEW
@given(data=st.data())
def test_a_damaged_catalogue_costs_no_sample(home: Home, folder: Path, data: st.DataObject) -> None:
    changed = {CATALOGUE: data.draw(damages(home.parts[CATALOGUE].content)), INDEX: data.draw(st.binary(max_size=100))}
    home.lay_out(folder, changed)
    with opened(folder) as store:
        assert held(store) == home.samples()
        store.snapshot_if_due()
        store.tick()
    assert set((folder / INDEX).read_text().split("|")) >= set(SERIES)
    check_goes_on(folder, home.samples())


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"[]", b"{", b'{"a": 1}', b"[" * 100_000, b"\xff", b"null", b"9" * 5000])
def test_a_catalogue_that_is_none_is_told_and_costs_no_sample(home: Home, folder: Path, content: bytes) -> None:
    home.lay_out(folder, {CATALOGUE: content})
    with opened(folder) as store:
        assert held(store) == home.samples()
        assert "catalogue.json" in "".join(store.health.notes())
    assert content in corrupt_copies(folder).values()


def test_all_but_the_journal_lost_costs_nothing_of_the_journal(home: Home, folder: Path) -> None:
    home.lay_out(folder, {SNAPSHOT: b"?", CATALOGUE: b"?", INDEX: b"?"})
    check_goes_on(folder, home.samples() - home.parts[SNAPSHOT].samples)


def test_every_byte_of_a_snapshot_and_a_segment_may_be_the_wrong_one(home: Home, folder: Path) -> None:
    for name in (SNAPSHOT, home.segments[0]):
        part = home.parts[name]
        others = home.samples() - part.samples
        for place in range(len(part.content)):
            content = bytearray(part.content)
            content[place] ^= 1 << place % 8
            home.lay_out(folder, {name: bytes(content)})
            with opened(folder) as store:
                assert held(store) == others + part.untouched(content)
                assert any(Path(name).name in note for note in store.health.notes().values())
            assert list(corrupt_copies(folder).values()) == [content]


def test_rows_of_a_datasource_are_kept_or_lost_but_not_invented(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    sources = [SourceConfig(("0001/0001", "u", "0"), "GAUGE", "one"), SourceConfig(("0001/0001", "u", "1"), "GAUGE", "two")]
    clock = Clock()

    def begin() -> Store:
        store = Store(StoreSettings(folder / "rrds", folder / "data", Schemas([schema()])), Counters(), Health(), clock, clock)
        clock.now = START
        store.configure("pair", 10, sources)
        clock.now = START + 100
        store.open()
        return store

    store = begin()
    for second in range(5, 95, 7):
        store.accept([Reading(sources[second % 2].key, float(second), START + second)])
    store.rotate("pair", START + 60)
    store.dump()
    series = store.cache.series["pair"]
    rows = set(map(repr, series.ready))
    samples = [set(column.samples()) for column in series.columns]
    assert rows
    assert any(samples)
    abandon(store)
    content = (folder / SNAPSHOT).read_bytes()
    for place in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        (folder / SNAPSHOT).write_bytes(damaged)
        again = begin()
        series = again.cache.series["pair"]
        assert set(map(repr, series.ready)) <= rows
        assert all(set(column.samples()) <= known for column, known in zip(series.columns, samples, strict=True))
        assert again.health.notes()
        abandon(again)
    (folder / SNAPSHOT).write_bytes(content)
    again = begin()
    assert set(map(repr, again.cache.series["pair"].ready)) == rows
    abandon(again)


def test_frames_of_any_length_are_found_wherever_they_lie(tmp_path: Path) -> None:
    """The file is read by blocks of 1 MiB: frames lie across their ends, and some are longer than a block."""
    drawn = random.Random(1)
    sizes = [drawn.choice([1, 100, 5000, 70_000]) for _ in range(150)] + [(1 << 20) - 30, (1 << 20) - 5, 1 << 20, 3 << 20, 1, 2]
    drawn.shuffle(sizes)
    found = [frames.pack([number, drawn.randbytes(size)]) for number, size in enumerate(sizes)]
    places = [sum(map(len, found[:index])) for index in range(len(found))]
    content = b"".join(found)
    damaged = {number for number in range(len(sizes)) if number % 7 == 3}
    for wrong in (set(), damaged):
        changed = bytearray(content)
        for number in wrong:
            changed[places[number] + drawn.randrange(len(found[number]))] ^= 1
        (tmp_path / "run").write_bytes(changed)
        told: list[str] = []
        assert [number for number, _ in frames.unpack(tmp_path / "run", told.append)] == [
            number for number in range(len(sizes)) if number not in wrong
        ]
        assert len(told) == len(wrong)


# -- files of a strange kind --------------------------------------------------------------------------


def test_a_segment_of_zeros_is_a_power_cut_and_is_not_told(home: Home, folder: Path) -> None:
    name = home.segments[1]
    part = home.parts[name]
    end = part.frames[1][1]
    for content in (b"", bytes(5000), part.content[:end] + bytes(3000)):
        home.lay_out(folder, {name: content})
        with opened(folder) as store:
            assert held(store) == home.samples() - part.samples + part.untouched(content)
            assert store.health.notes() == {}


def test_a_segment_that_is_missing_costs_only_itself(home: Home, folder: Path) -> None:
    home.lay_out(folder, {home.segments[0]: None})
    check_goes_on(folder, home.samples() - home.parts[home.segments[0]].samples)


def lay_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").write_bytes(b"x")


@pytest.mark.parametrize("lay", [lay_folder, os.mkfifo], ids=["folder", "pipe"])
@pytest.mark.parametrize("which", [0, 1, "before", SNAPSHOT, CATALOGUE])
def test_something_else_in_a_files_place_is_moved_aside(
    home: Home, folder: Path, which: int | str, lay: Callable[[Path], None]
) -> None:
    if which == "before":
        name = "data/journal/journal-0000000001.pickles"
        assert name not in home.segments
        home.lay_out(folder, {})
    else:
        name = home.segments[which] if isinstance(which, int) else str(which)
        home.lay_out(folder, {name: None})
    lay(folder / name)
    expected = home.samples() - (home.parts[name].samples if name in home.parts else Counter())
    with opened(folder) as store:
        assert held(store) == expected
        store.dump()
        store.tick()
        assert (which == "before") != any(Path(name).name in note for note in store.health.notes())
    with opened(folder) as again:
        assert held(again) == expected
        assert again.health.notes() == {}
        assert again.health.problems() == {}


# -- frames that are whole and strange ----------------------------------------------------------------


def framed(content: bytes) -> bytes:
    """A frame with a right checksum, whatever is in it."""
    return MAGIC + struct.pack("<IcI", zlib.crc32(content), b"B", len(content)) + content + b"\x86."


def strange_between(part: Part, strange: bytes) -> bytes:
    """Content of a file with something strange between its second and its third frame."""
    place = part.frames[1][1]
    return part.content[:place] + strange + part.content[place:]


class Evil:
    """Leaves a trace where it is unpickled."""

    trace = ""

    def __reduce__(self) -> Any:
        return (open, (self.trace, "w"))


def evil_pickles(trace: str) -> dict[str, bytes]:
    """Pickles that name, call or build something, by the opcode that does it."""
    Evil.trace = trace
    name = trace.encode()
    found = {f"protocol {protocol}": pickle.dumps(Evil(), protocol) for protocol in range(6)}
    found["GLOBAL"] = b"cio\nopen\n(V" + name + b"\nVw\ntR."
    found["STACK_GLOBAL"] = b"\x8c\x02io\x8c\x04open\x93."
    found["INST"] = b"(V" + name + b"\nVw\niio\nopen\n."
    found["OBJ"] = b"(cio\nopen\nV" + name + b"\nVw\no."
    found["NEWOBJ"] = b"cio\nFileIO\n(V" + name + b"\nVw\nt\x81."
    found["NEWOBJ_EX"] = b"cio\nFileIO\n(V" + name + b"\nVw\nt}\x92."
    found["BUILD"] = b"]}b."
    found["REDUCE"] = b"N)R."
    found |= {"EXT1": b"\x82\x01.", "EXT2": b"\x83\x01\x00.", "EXT4": b"\x84\x01\x00\x00\x00."}
    found |= {"PERSID": b"Pperson\n.", "BINPERSID": b"\x8c\x06person\x51."}
    found |= {"BYTEARRAY8": b"\x96" + bytes(8) + b".", "NEXT_BUFFER": b"\x97.", "READONLY_BUFFER": b"N\x98."}
    return found


def test_a_pickle_that_names_or_builds_anything_is_refused_unread(
    home: Home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for what, content in evil_pickles(str(tmp_path / "pwned")).items():
        for name in (home.segments[0], SNAPSHOT):
            for strange in (framed(content), content):
                changed = strange_between(home.parts[name], strange)
                home.lay_out(folder, {name: changed})
                with opened(folder) as store:
                    assert held(store) == home.samples(), what
                    assert any(Path(name).name in note for note in store.health.notes().values()), what
                assert changed in corrupt_copies(folder).values()
    assert not (tmp_path / "pwned").exists()


def test_every_opcode_but_those_of_plain_data_is_refused() -> None:
    plain = {
        *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "EMPTY_LIST", "APPEND", "APPENDS"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "MEMOIZE", "BINGET", "LONG_BINGET"),
    }
    for opcode in pickletools.opcodes:
        if opcode.name not in plain:
            with pytest.raises(safepickle.UnsafePickleError, match=opcode.name):
                safepickle.loads(b"\x80\x05" + opcode.code.encode("latin-1") + bytes(20) + b".")


@FEW
@given(data=st.data())
def test_no_bytes_at_all_make_the_unpickler_raise_anything_unforeseen(data: st.DataObject) -> None:
    known = pickle.dumps(([(1 << 30, "a", "value", False, (("a", ""), "a", "", "GAUGE", ""))], [1 << 30], [START], [1.0]), 5)
    content = data.draw(st.one_of(st.binary(max_size=60), damages(known)))
    with suppress(safepickle.UNREADABLE):
        safepickle.loads(content)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=20), st.just(10**400)
)
plain_data = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner, max_size=5), st.lists(inner, max_size=5).map(tuple)))


def replaced(draw: st.DrawFn, data: Any) -> Any:
    """Data of which one part, at any depth, is something else."""
    if not isinstance(data, (list, tuple)) or not data or draw(st.integers(0, 3)) == 0:
        return draw(plain_data)
    index = draw(st.integers(0, len(data) - 1))
    return type(data)([*data[:index], replaced(draw, data[index]), *data[index + 1 :]])


@st.composite
def strange_frames(draw: st.DrawFn) -> Any:
    """Frames that are nearly those of a journal or a snapshot."""
    column = 1 << 30
    frozen = ("a", False, (("a", ""), "a", "", "GAUGE", ""), [("value", bytes(8), bytes(8), (START, 1.0), (1, 1.0))], None)
    data = draw(
        st.sampled_from(
            [
                ([definition(column)], [column], [START - 5], [1.0]),
                ("snapshot", 2, 3),
                ("series", 2, [frozen]),
                ("series", 2, [(*frozen[:4], ([(int(START), (1.0,))], int(START), [None, (START, 1.0)]))]),
                ("end", 2, 1),
            ]
        )
    )
    return replaced(draw, data)


@SHORT
@given(strange=strange_frames(), in_snapshot=st.booleans())
def test_a_frame_of_strange_content_stops_nothing(home: Home, folder: Path, strange: Any, in_snapshot: bool) -> None:
    name = SNAPSHOT if in_snapshot else home.segments[0]
    home.lay_out(folder, {name: strange_between(home.parts[name], frames.pack(strange))})
    with opened(folder) as store:
        found = held(store)
        if not in_snapshot:
            assert not home.samples() - found
        store.accept([Reading(("new", ""), 1.0, START)])
        store.flush_all(everything=True)
        assert store.count_cached() == 0
        store.dump()
    with opened(folder) as again:
        assert again.health.notes() == {}


@pytest.mark.parametrize("segment", [0, 1, 3, 4, 1000, 10**9, 10**10, 2**70])
def test_a_snapshot_that_tells_of_a_wrong_segment_costs_nothing(home: Home, folder: Path, segment: int) -> None:
    found = frames.unpack(folder / SNAPSHOT, pytest.fail)
    home.lay_out(folder, {})
    wrong = [(kind, segment, content) for kind, _, content in found]
    (folder / SNAPSHOT).write_bytes(b"".join(map(frames.pack, wrong)))
    own, last = (int(Path(name).stem.removeprefix("journal-")) for name in home.segments)
    expected = home.samples() - (home.parts[home.segments[0]].samples if own < segment <= last else Counter())
    with opened(folder) as store:
        assert held(store) == expected
        assert bool(store.health.notes()) == (segment > last)
    check_goes_on(folder, expected)


def test_a_snapshot_that_lacks_a_frame_is_told(home: Home, folder: Path) -> None:
    part = home.parts[SNAPSHOT]
    (_, first, _), (_, second, _), _ = part.frames
    home.lay_out(folder, {SNAPSHOT: part.content[:first] + part.content[second:]})
    with opened(folder) as store:
        assert held(store) == home.samples() - part.samples
        (note,) = store.health.notes().values()
        assert "it has 0 series of 3" in note


def test_a_lost_definition_costs_nothing_where_the_catalogue_knows_the_series(home: Home, folder: Path) -> None:
    part = home.parts[home.segments[0]]
    begin, end, lost = part.frames[0]
    home.lay_out(folder, {home.segments[0]: part.content[:begin] + b"?" * (end - begin) + part.content[end:]})
    with opened(folder) as store:
        assert held(store) == home.samples() - lost


def test_a_damage_is_told_in_the_log_in_one_line_however_large_it_is(
    home: Home, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = home.segments[0]
    strange = frames.pack(([], [7], [START], [1.0])) + b"?"
    home.lay_out(folder, {name: strange_between(home.parts[name], strange * 2000)})
    with opened(folder) as store:
        assert held(store) == home.samples()
    (line,) = [each.getMessage() for each in caplog.records]
    assert "is damaged: a frame makes no sense: it has samples of column 7, whose definition is lost" in line
    assert "and 3997 more" in line
    assert len(line) < 1000


# -- bombs --------------------------------------------------------------------------------------------

DEEP = 300_000


def definition(number: int) -> tuple[Any, ...]:
    return (number, f"s{number}", "value", False, (("s", str(number)), "", "", "GAUGE", ""))


def head(size: int) -> bytes:
    return MAGIC + b"\x86.\x86." + b"B" + struct.pack("<I", size)


BOMBS: dict[str, Callable[[], bytes]] = {
    "memo that grows": lambda: framed(b"\x80\x05Nr" + struct.pack("<I", 400_000_000) + b"."),
    "long bytes announced": lambda: framed(b"\x80\x05\x8e" + struct.pack("<Q", 1 << 40) + b"."),
    "long array announced": lambda: framed(b"\x80\x05\x96" + struct.pack("<Q", 1 << 30) + b"."),
    "long frame announced": lambda: framed(b"\x80\x05\x95" + struct.pack("<Q", 1 << 40) + b"N."),
    "long text announced": lambda: framed(b"\x80\x05X" + struct.pack("<I", (1 << 32) - 1) + b"."),
    "deep lists": lambda: framed(b"\x80\x05" + b"]" * DEEP + b"a" * (DEEP - 1) + b"."),
    "deep tuples": lambda: framed(b"\x80\x05N" + b"\x85" * DEEP + b"."),
    "deep tuples as a number": lambda: framed(b"\x80\x05(]](N" + b"\x85" * DEEP + b"e](GAAAAAAAAe](GAAAAAAAAet."),
    "deep tuple as a key": lambda: framed(b"\x80\x05}N" + b"\x85" * DEEP + b"Ns."),
    "deep tuple in a set": lambda: framed(b"\x80\x05\x8f(N" + b"\x85" * DEEP + b"\x90."),
    "list in itself": lambda: framed(b"\x80\x05]\x94h\x00a."),
    "lists of lists of lists": lambda: framed(
        b"\x80\x05]\x94" + b"".join(b"](" + b"h" + bytes([n]) * 1 + (b"h" + bytes([n])) * 9 + b"e\x94" for n in range(50)) + b"."
    ),
    "long number": lambda: framed(b"\x80\x05\x8b" + struct.pack("<I", 1 << 20) + b"\x7f" * (1 << 20) + b"."),
    "many definitions": lambda: frames.pack(([definition(number) for number in range(9_000)], [], [], [])),
    "many empty lists": lambda: framed(b"\x80\x05(" + b"]" * 1_000_000 + b"t."),
    "a frame longer than the file": lambda: head((1 << 32) - 1),
    "magic without end": lambda: MAGIC * 1_000_000,
    "heads without end": lambda: head(1_500_000) * 200_000,
    "heads that end together": lambda: b"".join(head((100_000 - n) * 15) + b"?" for n in range(100_000)) + bytes(15) + b"\x86.",
}
SPARSE = {"a long run of zeros": b"", "a frame of a long run of zeros": head((1 << 28) - 5000)}

CHILD = """
import os, resource, sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from store.test_damage import START, Reading, held, store_of
for home in sys.argv[3:]:
    child = os.fork()
    if not child:
        store = store_of(Path(home))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        store.open()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        store.accept([Reading(("new", ""), 1.0, START)])
        print(grown // 1024, len(held(store)), bool(store.health.notes()), flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print("died", flush=True)
"""
MOST_MIB = 150
CHILD_S = 120


@pytest.mark.parametrize("where", ["journal", "snapshot"])
def test_no_content_takes_the_memory_or_the_process(home: Home, tmp_path: Path, root: Path, where: str) -> None:
    name = home.segments[0] if where == "journal" else SNAPSHOT
    part = home.parts[name]
    folders = []
    for bomb in (*BOMBS, *SPARSE):
        folders.append(tmp_path / bomb)
        content = strange_between(part, BOMBS[bomb]()) if bomb in BOMBS else part.content + SPARSE[bomb]
        home.lay_out(folders[-1], {name: content})
        if bomb in SPARSE:
            os.truncate(folders[-1] / name, 1 << 28)
    command = [sys.executable, "-c", CHILD, root, root / "tests", *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CHILD_S)
    assert done.returncode == 0, done.stderr
    found = dict(zip((*BOMBS, *SPARSE), done.stdout.splitlines(), strict=True))
    for bomb, line in found.items():
        assert line != "died", bomb
        grown, samples, told = line.split()
        assert int(grown) < MOST_MIB, bomb
        behind = sum(held.total() for _, _, held in part.frames[2:])
        given_up = behind if bomb == "heads without end" else 0  # what would take too long to find is told, and not taken
        assert int(samples) >= len(home.samples()) + 1 - given_up, bomb
        assert told == str(bomb != "a long run of zeros" and (bomb, where) != ("many definitions", "journal")), bomb


def test_the_catalogue_is_json_that_others_can_read(home: Home) -> None:
    assert set(json.loads(home.parts[CATALOGUE].content)) == set(SERIES)
