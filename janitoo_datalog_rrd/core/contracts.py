"""The words that rooms share: readings from decoders, and what the store answers to its readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from .facts import StoreState

Key = tuple[str, ...]
"""Who a value is: (hadd, uuid, index) for Janitoo, (topic, path) for every other dialect."""

DS_TYPES = ("GAUGE", "COUNTER", "DERIVE", "ABSOLUTE")
CONSOLIDATIONS = ("AVERAGE", "MIN", "MAX", "LAST")


class Meta(NamedTuple):
    """What a message says of a value beside its number; empty where it says nothing.

    A dialect makes one for each value and gives the same object with each number: whoever takes it looks closer only at
    one that is new.

    Attributes:
        label: what people call the value, without its device.
        units: its units, as `decoders.units` writes them.
        node: which device it is of: a stable address, by which the directory knows the device's name.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        uid: who the value is whatever its topic: by it a device that comes back under another name keeps its history.
        hold: seconds that a number stands when no other follows; 0 leaves that to the series' schema.
    """

    label: str = ""
    units: str = ""
    node: str = ""
    ds_type: str = ""
    uid: str = ""
    hold: float = 0.0


NO_META = Meta()


class Reading(NamedTuple):
    """One number out of one message.

    Attributes:
        key: whose number it is.
        value: the number; NaN says that it is unknown.
        timestamp: seconds since the epoch UTC where the message has its own time, else None (arrival counts).
        meta: label, units, node and data source type where the message has them.
    """

    key: Key
    value: float
    timestamp: float | None = None
    meta: Meta = NO_META


class Outcome(NamedTuple):
    """What became of readings that were handed in.

    Attributes:
        accepted: how many samples are in the journal.
        late: how many are older than what is in their file.
        dropped: how many were dropped, by reason, as the counters have it.
    """

    accepted: int
    late: int
    dropped: Mapping[str, int]


class ReadingTaker(Protocol):
    """The way in for what does not come by the bus."""

    def take(self, readings: Sequence[Reading]) -> Outcome:
        """Take readings; those that are accepted are in the journal's file when this returns.

        Raises:
            StoreError: the store takes nothing now; nothing was taken.
        """
        ...


class Decoder(Protocol):
    """Turns one MQTT message into readings; one per dialect.

    A decoder that has a true attribute `bare_numbers` says that a payload which Python's `float` takes is one reading of that
    number with the key (topic, "") and no time of its own: such messages need not be given to it once their series is known.

    A dialect that learns from what devices announce has, beside `decode`, whatever it needs of these:

    - `join(directory)`: called once, before its first message, with the directory where it puts what it learns;
    - `announcements`: MQTT topic filters of the messages that it learns from; the last one of each topic is heard again, before
      any other message, after a start. They are given to `decode` as all others;
    - `counts()`: what it knows, as (word, number) pairs for the status page.
    """

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings; an empty list says that there is rightly nothing to log in it.

        Raises:
            DecodeError: the message is not what this dialect promises.
        """
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """One data source (DS) of a series' RRD file.

    Attributes:
        name: the DS name in the file.
        key: whose values go there.
        label: text for people; may hold any character.
        units: text for people, such as `°C`; may be empty.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        last_value: last number accepted, NaN when unknown, None when there was none yet.
        last_time: its time, seconds since the epoch UTC, or None.
    """

    name: str
    key: Key
    label: str
    units: str
    ds_type: str
    last_value: float | None
    last_time: float | None


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What is known of one series.

    Attributes:
        name: file- and URL-safe name, `[A-Za-z0-9_.-]{1,200}`.
        node: the HADD of the node it comes from, or the topic it comes from.
        label: text for people; may hold any character.
        step: seconds between two primary data points.
        configured: True for a datasource component of the ini, False for a series made by itself.
        columns: its data sources, in the file's order.
        path: its RRD file, which may not exist yet.
        cached: samples accepted and not yet in the file.
    """

    name: str
    node: str
    label: str
    step: int
    configured: bool
    columns: tuple[Column, ...]
    path: Path
    cached: int

    @property
    def last_time(self) -> float | None:
        """Time of the youngest value of all columns, seconds since the epoch UTC, or None."""
        return max((column.last_time for column in self.columns if column.last_time is not None), default=None)


class ColumnGlance(Protocol):
    """What a column is; `Column` has more."""

    @property
    def name(self) -> str:
        """The DS name in the file."""
        ...

    @property
    def key(self) -> Key:
        """Whose values go there."""
        ...

    @property
    def label(self) -> str:
        """Text for people; may hold any character."""
        ...

    @property
    def units(self) -> str:
        """Text for people; may be empty."""
        ...

    @property
    def last_value(self) -> float | None:
        """Last number accepted, NaN when unknown, None when there was none yet."""
        ...


class Glance(Protocol):
    """What a series is, for who looks through all of them and wants few; `SeriesInfo` has more, and is one of these.

    It says what is so at the moment: two looks at one may see something else.
    """

    @property
    def name(self) -> str:
        """File- and URL-safe name."""
        ...

    @property
    def node(self) -> str:
        """The HADD of the node it comes from, or the topic it comes from."""
        ...

    @property
    def label(self) -> str:
        """Text for people; may hold any character."""
        ...

    @property
    def configured(self) -> bool:
        """True for a datasource component of the ini."""
        ...

    @property
    def columns(self) -> Sequence[ColumnGlance]:
        """Its data sources, in the file's order."""
        ...

    @property
    def last_time(self) -> float | None:
        """Time of the youngest value of all columns, seconds since the epoch UTC, or None."""
        ...


@dataclass(frozen=True, slots=True)
class FetchResult:
    """Rows of one series, as `rrdtool fetch` has them.

    Attributes:
        start: time of the row before the first one, seconds since the epoch UTC.
        step: seconds between two rows.
        columns: DS names.
        rows: row i stands at `start + (i + 1) * step`; a number per column, None where unknown.
    """

    start: int
    step: int
    columns: tuple[str, ...]
    rows: Sequence[tuple[float | None, ...]]


Stretch = tuple[float, float, float]
"""A number with the time for which it stood: the end of that time (seconds since the epoch UTC), how long it was, the number."""


class LastValue(NamedTuple):
    """The last number of one column.

    Attributes:
        series: name of the series.
        column: its DS name.
        value: last number accepted, NaN when unknown, None when there was none yet.
        time: its time, seconds since the epoch UTC, or None.
    """

    series: str
    column: str
    value: float | None
    time: float | None


class Changes(NamedTuple):
    """What has become of the last values between two looks.

    Attributes:
        values: those that are new, and those that got a sample.
        removed: (series, column) of those that are no more.
    """

    values: list[LastValue]
    removed: list[tuple[str, str]]


class Watch(Protocol):
    """One who looks again and again at the last values."""

    def look(self) -> Changes:
        """What has changed since the last look; at the first one, everything there is."""
        ...


class Origin(Protocol):
    """What a sample is of; the same object for all samples of a column as long as nothing of it changes."""

    @property
    def series(self) -> str:
        """Name of the series."""
        ...

    @property
    def column(self) -> str:
        """Its DS name."""
        ...

    @property
    def node(self) -> str:
        """What the series belongs to: a HADD, a device, a topic."""
        ...

    @property
    def units(self) -> str:
        """Text for people; may be empty."""
        ...


class Sample(Protocol):
    """One sample as it was accepted."""

    @property
    def origin(self) -> Origin:
        """What it is of."""
        ...

    @property
    def time(self) -> float:
        """Seconds since the epoch UTC."""
        ...

    @property
    def value(self) -> float:
        """The number; NaN says that it is unknown."""
        ...


class Tail(Protocol):
    """One who reads every sample that was accepted, from where he was, also after a restart."""

    @property
    def behind_bytes(self) -> int:
        """Bytes of the journal that were not confirmed yet."""
        ...

    @property
    def dropped(self) -> int:
        """Samples that it was not given, because too much waited, since it was first made."""
        ...

    def read(self, most: int) -> Sequence[Sample]:
        """The next samples, at most so many; none where there are none now. Raises StoreError, OSError."""
        ...

    def done(self) -> None:
        """Confirm all that was read: it does not come again. Nothing is confirmed once it is closed."""
        ...

    def close(self) -> None:
        """Let it go; who waits is woken, and who reads is told by StoreError. It may be called by any thread."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait until there is something to read, for so many seconds at most; tells whether there is."""
        ...


class SeriesReader(Protocol):
    """What the web and the command line may ask of the store; reading a series flushes it first."""

    def glances(self) -> Sequence[Glance]:
        """Every series at a glance, sorted by name: fifty times sooner than `list_series`, for who wants few of many."""
        ...

    def list_series(self, names: Iterable[str] | None = None) -> list[SeriesInfo]:
        """Every series, sorted by name; or those of some names that are there, in their order."""
        ...

    def get_series(self, name: str) -> SeriesInfo:
        """One series. Raises UnknownSeriesError."""
        ...

    def series_of(self, key: Key) -> list[str]:
        """Names of the series that a value goes to; none where it has no series yet."""
        ...

    def hider_of(self, key: Key) -> str:
        """The section of the ini that says that a value is not to be logged; empty where none does."""
        ...

    def is_configured(self, key: Key) -> bool:
        """Whether a datasource of the ini asks for a value."""
        ...

    def flush(self, name: str) -> int:
        """Write a series' cached samples to its file and return how many. Raises UnknownSeriesError, StoreError."""
        ...

    def flush_all(self) -> int:
        """Write every cached sample to the files and return how many."""
        ...

    def fetch(self, name: str, start: str, end: str, cf: str = "AVERAGE", resolution: int | None = None) -> FetchResult:
        """Flush, then read rows; start and end AT-style. Raises UnknownSeriesError, BadRequestError, StoreError."""
        ...

    def recent(self, name: str, since: float) -> list[Stretch]:
        """What a series with one column is since a time; nothing is written. Raises UnknownSeriesError, StoreError."""
        ...

    def watch(self) -> Watch:
        """Begin to watch the last values; costs nothing between two looks."""
        ...

    def count_series(self) -> int:
        """How many series there are."""
        ...

    def count_cached(self) -> int:
        """Samples accepted and not yet written to files."""
        ...

    def state(self) -> StoreState:
        """What the store holds, for the status page."""
        ...
