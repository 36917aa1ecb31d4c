"""RRD files: the few calls of librrd that the store makes, with its errors told apart."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rrdtool

from ..core import seams
from ..core.contracts import FetchResult
from ..core.errors import BadRequestError, StoreError
from ..core.rrdcheck import find_fault

BATCH = 2000
_ABOUT_A_POINT = (
    "not a simple",
    "not a valid",
    "extra data",
    "expected",
    "conversion of",
    "strtod",
    "ds time",
    "could not parse",
)
# a damaged file can make the binding return without a result or with text that is none
_FAILURES = (rrdtool.OperationalError, rrdtool.ProgrammingError, SystemError, ValueError, KeyError)
_PROBE = 1 << 16

Point = tuple[int, tuple[float, ...]]
"""One update: seconds since the epoch UTC, and a number per data source (NaN: unknown)."""


class RrdError(StoreError):
    """librrd could not do it."""


class RrdUnreadableError(RrdError):
    """The system does not let us read a file; it may be good."""


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
        last_texts: the same, as the file has them.
        rras: its archives, as `rrdtool create` takes them.
    """

    step: int
    last_update: int
    sources: tuple[DataSource, ...]
    last_values: tuple[float, ...]
    last_texts: tuple[str, ...] = ()
    rras: tuple[str, ...] = ()


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
        make(temporary, step, start, sources, rras, path)
        seams.reached("file-made")
        os.link(temporary, path)
    except OSError as error:
        raise RrdError(f"{path} cannot be made: {_refusal(temporary) or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def make(path: Path, step: int, start: int, sources: Iterable[DataSource], rras: Iterable[str], told: Path) -> None:
    """Make a file in the place of one that may be there; see `create`.

    Raises:
        RrdError: it could not be made, and may be there in part; `told` is the file that this is about.
    """
    definitions = [source.definition() for source in sources]
    try:
        rrdtool.create(str(path), "--start", str(max(start, 1)), "--step", str(step), *definitions, *rras)
    except _FAILURES as error:
        why = _refusal(path) or str(error) or "librrd gives no reason; is the disk full?"
        raise RrdError(f"{told} cannot be made: {why}") from error


def _refusal(temporary: Path) -> str:
    """Why no file can be made in a folder, empty where one can: librrd does not tell what the system told it."""
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, bytes(_PROBE))
            os.write(descriptor, bytes(_PROBE))  # the first one may just have fitted
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.strerror or ""
    return ""


def update(path: str, columns: Sequence[str], texts: list[str]) -> None:
    """Write updates to a file, in one call per batch; those at or before its last update are skipped.

    Args:
        path: the file.
        columns: names of the data sources that the updates are for.
        texts: as `store/texts.py` makes them, in the order of time.

    Raises:
        RrdError: a batch could not be written; earlier ones were, and are skipped when all are written again.
    """
    template = ":".join(columns)
    try:
        for begin in range(0, len(texts), BATCH):
            rrdtool.update("--skip-past-updates", "--template", template, "--", path, texts[begin : begin + BATCH])
    except _FAILURES as error:
        raise RrdError(f"{path} cannot be written: {error}") from error
    seams.reached("rrd-updated")


def is_about_a_point(error: RrdError, path: str) -> bool:
    """Tell whether librrd has refused an update of a file for what it says, and would take another one."""
    told = str(error).replace(path, "")  # a file may be called anything
    return any(word in told for word in _ABOUT_A_POINT)


def check(path: Path) -> None:
    """Check that librrd can be let at a file: it believes the header, and may crash on a damaged one.

    Raises:
        RrdUnreadableError: the system does not let us read it.
        RrdError: it is damaged.
    """
    try:
        fault = find_fault(path)
    except OSError as error:
        raise RrdUnreadableError(f"{path} cannot be read: {error.strerror}") from error
    if fault:
        raise RrdError(f"{path} is damaged: {fault}")


def read_header(path: Path) -> Header:
    """Read what a file says of itself. Raises RrdUnreadableError, RrdError; see `check`."""
    check(path)
    try:
        info: dict[str, Any] = rrdtool.info(str(path))
    except _FAILURES as error:
        raise RrdError(f"{path} cannot be read: {error}") from error
    names = sorted((info[key], key[3:-7]) for key in info if key.startswith("ds[") and key.endswith("].index"))
    sources, texts = [], []
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
        texts.append(str(info[f"ds[{name}].last_ds"]))
    values = tuple(map(_number, texts))
    return Header(int(info["step"]), int(info["last_update"]), tuple(sources), values, tuple(texts), _archives(info))


def _archives(info: Mapping[str, Any]) -> tuple[str, ...]:
    """The archives of a file, as `rrdtool create` takes them."""
    found: list[str] = []
    while f"rra[{len(found)}].cf" in info:
        cf, xff, steps, rows = (info.get(f"rra[{len(found)}].{what}") for what in ("cf", "xff", "pdp_per_row", "rows"))
        found.append(f"RRA:{cf}:{0 if xff is None else xff:g}:{steps}:{rows}")
    return tuple(found)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def fit_sources(path: Path, wanted: Sequence[DataSource], renamed: Mapping[str, str]) -> list[str]:
    """Rename, add, remove and change data sources of a file so that it has the wanted ones; history of the others stays.

    Args:
        path: the file.
        wanted: the data sources that it should have.
        renamed: old name → new name, of those that go on under another name.

    Returns:
        One sentence per change made.

    Raises:
        RrdError: librrd could not do it; the file is as it was.
    """
    have = {renamed.get(source.name, source.name): source for source in read_header(path).sources}
    want = {source.name: source for source in wanted}
    told = [f"data source {old} became {new}" for old, new in renamed.items()]
    changes = [part for old, new in renamed.items() for part in ("--data-source-rename", f"{old}:{new}")]
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
    check(path)
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
