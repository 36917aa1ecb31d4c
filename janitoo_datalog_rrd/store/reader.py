"""Reading the files of a server that does not run, or that has just flushed."""

from __future__ import annotations

import math
import time
from collections.abc import Container, Iterable
from pathlib import Path

from ..core.contracts import CONSOLIDATIONS, Column, FetchResult, Key, SeriesInfo, Stretch
from ..core.errors import BadRequestError, StoreError, UnknownSeriesError
from ..core.facts import StoreState
from ..core.options import Options
from ..core.parsers import SAFE_NAME
from . import catalogue, rrdfile
from .names import series_name
from .recent import read_filed
from .schema import Schema, Schemas
from .settings import CATALOGUE, folders_of
from .state import measure
from .watch import ListWatch


class FileReader:
    """Answers readers from the files alone; what a running server has cached it does not see.

    Args:
        rrd_dir: folder of the RRD files.
        catalogue_path: file of the catalogue.
        schemas: what the ini says of series; None where there is no ini.
        asked: names of the series of datasources, of which it says nothing there.
    """

    def __init__(self, rrd_dir: Path, catalogue_path: Path, schemas: Schemas | None = None, asked: Container[str] = ()) -> None:
        self.rrd_dir = rrd_dir
        self._catalogue_path = catalogue_path
        self._schemas = schemas
        self._asked = asked

    @classmethod
    def from_options(cls, options: Options) -> FileReader:
        """The files of a configuration's home directory."""
        rrd_dir, data_dir = folders_of(options.home_dir)
        asked = {options.section(f"datarrd__{name}").get("rrd_file") for name in options.components("datarrd")}
        return cls(rrd_dir, data_dir / CATALOGUE, Schemas.from_options(options), asked)

    def glances(self) -> list[SeriesInfo]:
        """Every series that has a file, sorted by name."""
        return self.list_series()

    def list_series(self, names: Iterable[str] | None = None) -> list[SeriesInfo]:
        """Every series that has a file, sorted by name; or those of some names that have one, in their order."""
        records, there = catalogue.read(self._catalogue_path), self._names()
        known = set(there)
        return [self._info(name, records) for name in (there if names is None else names) if name in known]

    def get_series(self, name: str) -> SeriesInfo:
        """One series. Raises UnknownSeriesError."""
        if SAFE_NAME.fullmatch(name) is None or not (self.rrd_dir / f"{name}.rrd").exists() or self._is_hidden(name):
            raise UnknownSeriesError(name)
        return self._info(name, catalogue.read(self._catalogue_path))

    def is_configured(self, key: Key) -> bool:
        """Whether a datasource of the ini asks for a value."""
        return any(self.get_series(name).configured for name in self.series_of(key))

    def hider_of(self, key: Key) -> str:
        """The section of the ini that says that a value is not to be logged; empty where none does."""
        records = catalogue.read(self._catalogue_path)
        names = [name for name, record in records.items() if tuple(record["key"]) == key]
        schema = self._schema_of(names[0] if names else series_name(key))
        return "" if schema is None or schema.log else schema.hidden_by

    def series_of(self, key: Key) -> list[str]:
        """Names of the series that a value goes to."""
        records = catalogue.read(self._catalogue_path)
        return sorted(name for name, record in records.items() if tuple(record["key"]) == key and not self._is_hidden(name))

    def fetch(self, name: str, start: str, end: str, cf: str = "AVERAGE", resolution: int | None = None) -> FetchResult:
        """Read rows; as `Store.fetch`, without the flush."""
        if cf not in CONSOLIDATIONS:
            raise BadRequestError("cf", f"cf {cf!r} is not known: expected one of {', '.join(CONSOLIDATIONS)}")
        return rrdfile.fetch(self.get_series(name).path, start, end, cf, resolution)

    def recent(self, name: str, since: float) -> list[Stretch]:
        """What the first data source of a series is since a time. Raises UnknownSeriesError, RrdError."""
        info = self.get_series(name)
        return read_filed(info.path, since, max(info.last_time or 0.0, since + 1.0))

    def flush(self, name: str) -> int:
        """Nothing is cached here."""
        self.get_series(name)
        return 0

    def flush_all(self) -> int:
        """Nothing is cached here."""
        return 0

    def watch(self) -> ListWatch:
        """Begin to watch the last values."""
        return ListWatch(self.list_series)

    def count_series(self) -> int:
        """How many series have a file."""
        return len(self._names())

    def count_cached(self) -> int:
        """Nothing is cached here."""
        return 0

    def state(self) -> StoreState:
        """What the files are; there is no cache, and no journal that would be ours."""
        files = measure(self.rrd_dir, time.time())
        return StoreState(0, 0, None, 0, 0, "never", None, False, 0, None, files.count, files.count, files)

    def _names(self) -> list[str]:
        names = (path.stem for path in self.rrd_dir.glob("*.rrd") if SAFE_NAME.fullmatch(path.stem))
        return sorted(name for name in names if not self._is_hidden(name))

    def _is_hidden(self, name: str) -> bool:
        schema = self._schema_of(name)
        return schema is not None and not schema.log

    def _schema_of(self, name: str) -> Schema | None:
        return None if self._schemas is None or name in self._asked else self._schemas.match(name)

    def _info(self, name: str, records: dict[str, catalogue.Record]) -> SeriesInfo:
        path = self.rrd_dir / f"{name}.rrd"
        record = records.get(name)
        try:
            header = rrdfile.read_header(path)
        except StoreError:
            return SeriesInfo(name, "", f"{name} (unreadable)", 0, False, (), path, 0)
        schema = self._schema_of(name)
        given_label, given_units = (schema.label, schema.units) if schema is not None else ("", "")
        columns = tuple(
            Column(
                source.name,
                tuple(record["key"]) if record else (),
                given_label or (record["label"] if record else source.name),
                given_units or (record["units"] if record else ""),
                source.logged_type,
                math.nan if value != value else value,
                float(header.last_update),
            )
            for source, value in zip(header.sources, header.last_values, strict=True)
        )
        label, node = (record["label"], record["node"]) if record else (name, "")
        return SeriesInfo(name, node, given_label or label, header.step, record is None, columns, path, 0)
