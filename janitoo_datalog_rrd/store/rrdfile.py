"""RRD files: the few calls of librrd that the store makes, with its errors told apart."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rrdtool

from ..core.contracts import FetchResult
from ..core.errors import BadRequestError, StoreError

BATCH = 2000
# a damaged file can make the binding return without a result or with text that is none
_FAILURES = (rrdtool.OperationalError, rrdtool.ProgrammingError, SystemError, ValueError)

Point = tuple[int, tuple[float, ...]]
"""One update: seconds since the epoch UTC, and a number per data source (NaN: unknown)."""


class RrdError(StoreError):
    """librrd could not do it."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data source (DS) of a file.

    Attributes:
        name: 1 to 19 of `A-Z a-z 0-9 _ -`.
        ds_type: the file's type, such as GAUGE or DDERIVE.
        heartbeat: seconds without an update after which it is unknown.
        minimum: smallest number taken, NaN for none.
    """

    name: str
    ds_type: str
    heartbeat: int
    minimum: float = math.nan

    @property
    def logged_type(self) -> str:
        """GAUGE, COUNTER, DERIVE or ABSOLUTE: the type without the file's way to keep fractions of counters."""
        return {"DCOUNTER": "COUNTER", "DDERIVE": "DERIVE"}.get(self.ds_type, self.ds_type)

    def definition(self) -> str:
        """As `rrdtool create` and `rrdtool tune` take it."""
        low = "U" if math.isnan(self.minimum) else repr(self.minimum)
        return f"DS:{self.name}:{self.ds_type}:{self.heartbeat}:{low}:U"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    Attributes:
        step: seconds between two primary data points.
        last_update: time of its last update, seconds since the epoch UTC.
        sources: its data sources, in order.
        last_values: the number of each at the last update, NaN for unknown.
    """

    step: int
    last_update: int
    sources: tuple[DataSource, ...]
    last_values: tuple[float, ...]


def create(path: Path, step: int, start: int, sources: Iterable[DataSource], rras: Iterable[str]) -> None:
    """Make a file; it is whole or not there.

    Args:
        path: the file; one that is there already is left alone and told as an error.
        step: seconds between two primary data points.
        start: the first update must be later than this, seconds since the epoch UTC.
        sources: its data sources.
        rras: its archives, as `rrdtool create` takes them.

    Raises:
        RrdError: it could not be made.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        definitions = [source.definition() for source in sources]
        rrdtool.create(str(temporary), "--start", str(max(start, 1)), "--step", str(step), *definitions, *rras)
        os.link(temporary, path)
    except (*_FAILURES, OSError) as error:
        raise RrdError(f"{path} cannot be made: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def update(path: Path, columns: Sequence[str], integers: Sequence[bool], points: Sequence[Point]) -> None:
    """Write points to a file, in one call per batch; points at or before its last update are skipped.

    Args:
        path: the file.
        columns: names of the data sources that the points are for.
        integers: for each of them, whether the file takes whole numbers only (COUNTER, DERIVE).
        points: in the order of time.

    Raises:
        RrdError: a batch could not be written; earlier ones were, and are skipped when all are written again.
    """
    template = ":".join(columns)
    plain = not any(integers)
    for begin in range(0, len(points), BATCH):
        arguments = []
        for second, numbers in points[begin : begin + BATCH]:
            if plain:
                texts = ["U" if number != number else repr(number) for number in numbers]
            else:
                texts = [_text(number, whole) for number, whole in zip(numbers, integers, strict=True)]
            arguments.append(f"{second}:{':'.join(texts)}")
        try:
            rrdtool.update(str(path), "--skip-past-updates", "--template", template, *arguments)
        except _FAILURES as error:
            raise RrdError(f"{path} cannot be written: {error}") from error


def _text(number: float, whole: bool) -> str:
    if number != number:
        return "U"
    return str(math.floor(number)) if whole else repr(number)


def last_update(path: Path) -> int | None:
    """Time of a file's last update, seconds since the epoch UTC; None when there is no file. Raises RrdError."""
    if not path.exists():
        return None
    try:
        return int(rrdtool.last(str(path)))
    except _FAILURES as error:
        raise RrdError(f"{path} cannot be read: {error}") from error


def read_header(path: Path) -> Header:
    """Read what a file says of itself. Raises RrdError."""
    try:
        info: dict[str, Any] = rrdtool.info(str(path))
    except _FAILURES as error:
        raise RrdError(f"{path} cannot be read: {error}") from error
    names = sorted((info[key], key[3:-7]) for key in info if key.startswith("ds[") and key.endswith("].index"))
    sources, values = [], []
    for _, name in names:
        minimum = info.get(f"ds[{name}].min")
        sources.append(
            DataSource(
                name=name,
                ds_type=info[f"ds[{name}].type"],
                heartbeat=int(info[f"ds[{name}].minimal_heartbeat"]),
                minimum=math.nan if minimum is None else float(minimum),
            )
        )
        values.append(_number(str(info[f"ds[{name}].last_ds"])))
    return Header(int(info["step"]), int(info["last_update"]), tuple(sources), tuple(values))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def fit_sources(path: Path, wanted: Sequence[DataSource]) -> list[str]:
    """Add, remove and change data sources of a file so that it has the wanted ones; history of the others stays.

    Returns:
        One sentence per change made.

    Raises:
        RrdError: librrd could not do it; the file is as it was.
    """
    have = {source.name: source for source in read_header(path).sources}
    want = {source.name: source for source in wanted}
    changes, told = [], []
    for name in have:
        if name not in want:
            changes.append(f"DEL:{name}")
            told.append(f"data source {name} was removed")
    for name, source in want.items():
        if name not in have:
            changes.append(source.definition())
            told.append(f"data source {name} was added")
        elif have[name].ds_type != source.ds_type:
            changes += ["--data-source-type", f"{name}:{source.ds_type}"]
            told.append(f"data source {name} became {source.ds_type}")
        if name in have and have[name].heartbeat != source.heartbeat:
            changes += ["--heartbeat", f"{name}:{source.heartbeat}"]
    if not changes:
        return []
    options = [part for part in changes if not part.startswith(("DS:", "DEL:"))]
    operations = [part for part in changes if part.startswith(("DS:", "DEL:"))]
    try:
        if options:
            rrdtool.tune(str(path), *options)
        if operations:
            rrdtool.tune(str(path), *operations)
    except _FAILURES as error:
        raise RrdError(f"{path} cannot be fitted to the ini: {error}") from error
    return told


def fetch(path: Path, start: str, end: str, cf: str, resolution: int | None) -> FetchResult:
    """Read rows, as `rrdtool fetch`.

    Args:
        path: the file.
        start: AT-style time, or seconds since the epoch.
        end: likewise.
        cf: consolidation function.
        resolution: seconds a row should stand for; None for the finest there is.

    Raises:
        BadRequestError: librrd does not understand start, end or cf.
        RrdError: the file cannot be read.
    """
    arguments = [f"--start={start}", f"--end={end}"]
    if resolution is not None:
        arguments.append(f"--resolution={resolution}")
    try:
        (first, _, step), names, rows = rrdtool.fetch(str(path), cf, *arguments)
    except _FAILURES as error:
        text = str(error)
        if "start" in text or "end" in text or "time" in text or "parse" in text:
            raise BadRequestError("end" if "end time" in text else "start", f"start and end: {text}") from error
        if "RRA" in text or "CF" in text or "consolidation" in text:
            raise BadRequestError("cf", f"cf {cf}: {text}") from error
        raise RrdError(f"{path} cannot be read: {text}") from error
    return FetchResult(int(first), int(step), tuple(names), rows)


def move_aside(path: Path) -> Path:
    """Rename an unreadable file to `*.corrupt-<time>` and return its new name."""
    target = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    number = 0
    while target.exists():
        number += 1
        target = path.with_name(f"{target.name.partition('~')[0]}~{number}")
    path.rename(target)
    return target
