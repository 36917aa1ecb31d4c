"""What the store is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core.contracts import Key
from ..core.parsers import SAFE_NAME
from .schema import Schemas

FUTURE_S = 60.0
"""How far ahead of our clock a message's own time may be; a later one would block its series until then."""

EARLIEST_S = 315_532_800.0
"""1980: an earlier time is a clock that was never set, and librrd reads its number as a date."""


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A data source of a datasource component.

    Attributes:
        key: whose values go there, (hadd, uuid, index).
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        label: its name in the file, 1 to 19 of `A-Z a-z 0-9 _ -`.
    """

    key: Key
    ds_type: str
    label: str


CATALOGUE = "catalogue.json"


def folders_of(home: Path) -> tuple[Path, Path]:
    """Where a home directory has its RRD files, and where catalogue, snapshot and journal."""
    return home / "public" / "rrd" / "rrds", home / "rrd"


@dataclass(slots=True)
class StoreSettings:
    """What the store is told.

    Attributes:
        rrd_dir: folder of the RRD files and `index.txt`.
        data_dir: folder of catalogue, snapshot and journal.
        schemas: layouts by pattern.
        cache_rrd_ttl: seconds a sample stays in the cache before it is written to its file.
        cache_dead_ttl: seconds without a sample after which a series leaves the cache.
        cache_max_samples: how many samples the cache takes.
        journal_sync: never, interval or always.
        auto_series: whether values that no datasource asks for get a series of their own.
        max_series: how many of these.
        filemask: name of an RRD file, with `%(rrd_file)s` for the series' name.
    """

    rrd_dir: Path
    data_dir: Path
    schemas: Schemas
    cache_rrd_ttl: float = 3600.0
    cache_dead_ttl: float = 86400.0
    cache_max_samples: int = 2_000_000
    journal_sync: str = "interval"
    auto_series: bool = True
    max_series: int = 50_000
    filemask: str = "%(rrd_file)s.rrd"

    def path_of(self, name: str) -> Path:
        """RRD file of a series. Raises ValueError when the name is not safe."""
        return Path(self.file_of(name))

    def file_of(self, name: str) -> str:
        """RRD file of a series, as text, which is made sooner than a path. Raises ValueError when the name is not safe."""
        if SAFE_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not a series name")
        return f"{self.rrd_dir}/{self.filemask % {'rrd_file': name}}"

    def make_folders(self) -> None:
        """Make the folders that are not there. Raises OSError."""
        self.rrd_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.mkdir(parents=True, exist_ok=True)

    @property
    def catalogue_path(self) -> Path:
        """File of the catalogue."""
        return self.data_dir / CATALOGUE

    @property
    def snapshot_path(self) -> Path:
        """File of the snapshot."""
        return self.data_dir / "rrd_cache.pickle"

    @property
    def undo_path(self) -> Path:
        """File of the headers of RRD files that are being written."""
        return self.data_dir / "rrd_undo"

    @property
    def list_path(self) -> Path:
        """The file `index.txt`, with the names of the series joined by `|`."""
        return self.rrd_dir / "index.txt"

    @property
    def tails_dir(self) -> Path:
        """Folder of the positions of those who read the journal."""
        return self.data_dir / "tails"

    @property
    def journal_dir(self) -> Path:
        """Folder of the journal's segments."""
        return self.data_dir / "journal"
