"""Datasource components in the store: configured RRD files, made and fitted to the ini with their history kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.aside import move_aside
from ..core.contracts import Key
from ..core.errors import StoreError
from . import catalogue, rrdfile
from .cache import Cache
from .flusher import Flusher
from .series import Series
from .settings import SourceConfig


class Datasources:
    """Sets up series with a row per step.

    Args:
        cache: where the series are.
        flusher: writes and makes their files.
        on_damage: called with the new path of a file that had to be moved aside, and the reason.
    """

    def __init__(self, cache: Cache, flusher: Flusher, on_damage: Callable[[Path, str], None]) -> None:
        self.cache = cache
        self.flusher = flusher
        self.on_damage = on_damage

    def configure(self, name: str, step: int, wanted: list[SourceConfig], label: str, node: str) -> list[str]:
        """Set up the series of a datasource component; its file is made, or fitted to the sources with its history kept.

        Args:
            name: the `rrd_file`.
            step: seconds between two rows.
            wanted: its data sources, in order.
            label, node: text for people, and the HADD of the component.

        Returns:
            One sentence per change made to a file that was there.

        Raises:
            RrdError: the file cannot be made, read or fitted.
            StoreError: the file has another step; the series goes on with that one.
        """
        labels = [source.label for source in wanted]
        if len(set(labels)) < len(labels):
            raise StoreError(f"{name}: two of its data sources have one label ({', '.join(labels)}); each needs its own")
        series = self.cache.series.get(name)
        known = {column.name: (column.key, column.units) for column in (series.columns if series is not None else ())}
        if series is None or not series.configured or not _same_sources(series, wanted):
            if series is not None:
                self.flusher.flush(series, everything=True)
            series = self._replace_configured(name, step, wanted)
        series.label, series.node = label or name, node
        told, complaint = self._fit_file(series, step, known)
        self.flusher.look_up(series)
        self.cache.live.add(name)
        if complaint:
            raise StoreError(complaint)
        return told

    def _replace_configured(self, name: str, step: int, wanted: list[SourceConfig]) -> Series:
        """Set up a configured series anew; what is cached for a data source that stays is taken over."""
        with self.cache.lock:
            old = self.cache.series.get(name)
            settings = self.flusher.settings
            series = Series(name, settings, "", name, settings.schemas.layout(name), step=step)
            known = catalogue.read_configured(settings.catalogue_path, name)
            units = dict(known.values())
            kept = {(column.name, column.key): column for column in (old.columns if old is not None else ())}
            last = old.last_of_rows() if old is not None else {}
            self.cache.remove_series(name)
            self.cache.add_series(series)
            for source in wanted:
                unit = units.get(source.key, "")
                column = self.cache.add_column(series, source.label, source.key, source.label, unit, source.ds_type)
                before = kept.get((source.label, source.key))
                if before is not None:
                    column.replace(before.samples())
                    column.last_time, column.last_value, column.units = before.last_time, before.last_value, before.units
                    self.cache.samples += len(column)
            series.reset_rows(last)
            return series

    def _fit_file(self, series: Series, step: int, known: Mapping[str, tuple[Key, str]]) -> tuple[list[str], str]:
        """Make a configured series' file, or fit it; a step that cannot be changed is kept and told."""
        header = None
        if series.path.exists():
            try:
                header = rrdfile.read_header(series.path)
            except rrdfile.RrdUnreadableError:
                raise
            except rrdfile.RrdError as error:
                self.on_damage(move_aside(series.path), str(error))
        if header is None:
            self.flusher.make_file(series, int(self.flusher.clock()))
            return [], ""
        complaint = ""
        if header.step != step:
            series.step = header.step
            series.reset_rows(series.last_of_rows())
            complaint = (
                f"rrd_step_0 = {step}, but {series.path} was made with a step of {header.step} s, and RRDtool cannot change "
                f"it: set rrd_step_0 = {header.step}, or choose another rrd_file_0 (the old file stays readable). "
                f"Until then the step stays {header.step} s"
            )
        with self.flusher.exclusively(series):
            return rrdfile.fit_sources(series.path, series.sources(), self._renamed(series, header, known)), complaint

    def _renamed(self, series: Series, header: rrdfile.Header, known: Mapping[str, tuple[Key, str]]) -> dict[str, str]:
        """Old name → new name of the data sources that hold the same values as before under another name."""
        in_file = {source.name for source in header.sources}
        wanted = {column.name for column in series.columns}
        if in_file == wanted:
            return {}
        before = {**catalogue.read_configured(self.flusher.settings.catalogue_path, series.name), **known}
        gone = {key: name for name, (key, _) in before.items() if name in in_file - wanted}
        return {gone[column.key]: column.name for column in series.columns if column.name not in in_file and column.key in gone}


def _same_sources(series: Series, wanted: list[SourceConfig]) -> bool:
    have = [(column.key, column.ds_type, column.name) for column in series.columns]
    return have == [(source.key, source.ds_type, source.label) for source in wanted]
