"""What parts of a server tell of themselves: the store of what it holds, and the way to the broker."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileSizes:
    """The RRD files of the store. An RRD file is made at its full size and never grows.

    Attributes:
        count: how many there are.
        size: bytes, all together.
        used: bytes that they take of the disk now; less than `size` where the file system leaves holes.
        unmade: bytes of the files of series that have none yet.
        measured: when they were looked at, seconds since the epoch UTC.
    """

    count: int
    size: int
    used: int
    unmade: int
    measured: float


@dataclass(frozen=True, slots=True)
class TailState:
    """One who reads the journal.

    Attributes:
        name: what it is called.
        behind: bytes of the journal that it has not confirmed.
        dropped: samples that were given up for it.
        limit: bytes of the journal that may be kept for it.
    """

    name: str
    behind: int
    dropped: int
    limit: int


@dataclass(frozen=True, slots=True)
class StoreState:
    """What the store holds.

    Attributes:
        cached: samples that are not in their files yet.
        cache_max: how many it takes.
        oldest: time of the oldest of them, seconds since the epoch UTC; None where there is none.
        journal_segments: files of the journal.
        journal_bytes: their size, all together.
        journal_sync: `never`, `interval` or `always`.
        journal_synced: when the disk was last asked to have the journal, seconds since the epoch UTC; None while it was not.
        journal_pending: whether something was written since.
        snapshot_bytes: size of the snapshot; 0 where there is none.
        snapshot_time: when it was written, seconds since the epoch UTC; None where there is none.
        series: how many there are.
        max_series: how many of those made by themselves there may be.
        files: the RRD files.
        journal_kept_bytes: bytes of segments that are there only for those who read the journal.
        tails: those.
    """

    cached: int
    cache_max: int
    oldest: float | None
    journal_segments: int
    journal_bytes: int
    journal_sync: str
    journal_synced: float | None
    journal_pending: bool
    snapshot_bytes: int
    snapshot_time: float | None
    series: int
    max_series: int
    files: FileSizes
    journal_kept_bytes: int = 0
    tails: list[TailState] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DialectNote:
    """Something that a dialect cannot log.

    Attributes:
        kind: the dialect's name.
        place: whose trouble it is: a device, an entity, a topic.
        what: a sentence that says what, why, and what to do.
    """

    kind: str
    place: str
    what: str


@dataclass(frozen=True, slots=True)
class ForwardState:
    """How forwarding to one database stands.

    Attributes:
        name: of its section, without `forward__`.
        kind: which database it is.
        place: its address.
        trouble: why samples do not get through now; empty while they do.
        since: when it began to be so, seconds since the epoch UTC; None before the first answer.
        last_sent: when it last took samples, seconds since the epoch UTC; None where it has not.
        behind_bytes: bytes of the journal that it has still to get.
        sent: samples that it took since the server's start, those that were sent again included.
        unknown: samples that no line can hold: unknown or infinite ones.
        refused: samples that it does not want.
        dropped: samples that were dropped because too many waited.
    """

    name: str
    kind: str
    place: str
    trouble: str
    since: float | None
    last_sent: float | None
    behind_bytes: int
    sent: int
    unknown: int
    refused: int
    dropped: int


@dataclass(slots=True)
class BrokerLink:
    """The connection that everything which is logged comes through.

    Attributes:
        host, port: the broker's address.
        protocol: of MQTT, `3.1.1` or `5`.
        tls: whether it is encrypted.
        connected: whether the broker has accepted us.
        since: when that began, seconds since the epoch UTC; of the loss where it is gone; None before the first try.
        connects: how often it came up since the server's start.
        session_kept: whether the broker had kept our session; None while that is not known.
        told: a sentence on how it stands.
        version: what the broker says that it is; empty where it does not.
        filters: what is subscribed.
    """

    host: str
    port: int
    protocol: str
    tls: bool
    connected: bool = False
    since: float | None = None
    connects: int = 0
    session_kept: bool | None = None
    told: str = ""
    version: str = ""
    filters: list[str] = field(default_factory=list)

    def note(self, connected: bool, told: str, now: float) -> None:
        """Note that the connection has come or gone.

        Args:
            connected: whether it is there.
            told: a sentence.
            now: seconds since the epoch UTC.
        """
        if connected or self.connected or self.since is None:
            self.since = now
        self.connects += connected
        self.connected, self.told = connected, told
