"""How series are laid out on disk: step, retention, hold; the first pattern that matches the name wins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..core.options import Options
from ..core.sections import DEFAULT_SCHEMA_NAME

# The layout of the original janitoo_datalog_rrd: rows of 1, 12, 144 and 288 steps, 1440 of each.
ORIGINAL_RRAS = tuple(f"RRA:{cf}:0.5:{steps}:1440" for cf in ("AVERAGE", "MAX", "MIN") for steps in (1, 12, 144, 288))


@dataclass(frozen=True, slots=True)
class Schema:
    """Layout of the series whose names match a pattern.

    Attributes:
        name: the section's name without `schema__`.
        pattern: matched against the whole series name.
        step: seconds between two primary data points.
        retention: (seconds a row stands for, seconds it is kept), from fine to coarse.
        hold: how long the last value of a GAUGE is taken to stand, seconds.
        reorder_window: how long the timed flush waits for samples that come out of order, seconds.
    """

    name: str
    pattern: re.Pattern[str]
    step: int
    retention: tuple[tuple[int, int], ...]
    hold: float
    reorder_window: float

    def rras(self) -> tuple[str, ...]:
        """The round robin archives, as `rrdtool create` takes them.

        Rows of one step need only AVERAGE: a single point is its own minimum and maximum.
        """
        archives = []
        for precision, kept in self.retention:
            steps, rows = max(1, precision // self.step), max(1, kept // max(precision, self.step))
            functions = ("AVERAGE",) if steps == 1 else ("AVERAGE", "MIN", "MAX")
            archives += [f"RRA:{cf}:0.5:{steps}:{rows}" for cf in functions]
        return tuple(archives)

    def heartbeat(self) -> int:
        """Seconds without an update after which RRDtool takes the value to be unknown."""
        return max(2 * self.step, int(self.hold) + self.step)


class Schemas:
    """The schemas of a configuration, in the file's order with the default one last."""

    def __init__(self, schemas: Iterable[Schema]) -> None:
        self._schemas = sorted(schemas, key=lambda schema: f"schema__{schema.name}" == DEFAULT_SCHEMA_NAME)

    @classmethod
    def from_options(cls, options: Options) -> Schemas:
        """Build the schemas of the `[schema__NAME]` sections."""
        return cls(
            Schema(
                name=section.name.removeprefix("schema__"),
                pattern=section["pattern"],
                step=section["step"],
                retention=section["retention"],
                hold=section["hold"],
                reorder_window=section["reorder_window"],
            )
            for section in options.prefixed("schema")
        )

    def match(self, name: str) -> Schema:
        """The first schema whose pattern matches the name, else the last one."""
        for schema in self._schemas:
            if schema.pattern.fullmatch(name):
                return schema
        return self._schemas[-1]
