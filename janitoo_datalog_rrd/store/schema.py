"""How series are laid out on disk, and what the ini says of single ones; the first pattern that matches the name wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.options import Options
from ..core.sections import DEFAULT_SCHEMA_NAME, Section

# The layout of the original janitoo_datalog_rrd: rows of 1, 12, 144 and 288 steps, 1440 of each.
ORIGINAL_RRAS = tuple(f"RRA:{cf}:0.5:{steps}:1440" for cf in ("AVERAGE", "MAX", "MIN") for steps in (1, 12, 144, 288))
_RULED = ("label", "units", "log", "step", "retention", "hold")


@dataclass(frozen=True, slots=True)
class Schema:
    """Layout of the series whose names match a pattern, and what the ini says of them.

    Attributes:
        name: the section's name without `schema__`.
        pattern: matched against the whole series name.
        step: seconds between two primary data points.
        retention: (seconds a row stands for, seconds it is kept), from fine to coarse.
        hold: how long the last value of a GAUGE is taken to stand, seconds.
        reorder_window: how long the timed flush waits for samples that come out of order, seconds.
        label, units: what a `[series__NAME]` section calls the series; empty leaves it to the devices.
        log: whether it is logged at all.
        hidden_by: the section that says so where it is not.
        hold_given: whether a `[series__NAME]` section says how long a value stands, whatever the devices say.
    """

    name: str
    pattern: re.Pattern[str]
    step: int
    retention: tuple[tuple[int, int], ...]
    hold: float
    reorder_window: float
    label: str = ""
    units: str = ""
    log: bool = True
    hidden_by: str = ""
    hold_given: bool = False

    def rras(self, step: int | None = None) -> tuple[str, ...]:
        """The round robin archives, as `rrdtool create` takes them.

        Rows of one step need only AVERAGE: a single point is its own minimum and maximum.

        Args:
            step: seconds between two primary data points, where it is another one: a file keeps its own.
        """
        step = step or self.step
        grains = [each for each in self.retention if each[0] >= step] or list(self.retention)[-1:]
        archives = []
        for precision, kept in grains:
            steps, rows = max(1, precision // step), max(1, kept // max(precision, step))
            functions = ("AVERAGE",) if steps == 1 else ("AVERAGE", "MIN", "MAX")
            archives += [f"RRA:{cf}:0.5:{steps}:{rows}" for cf in functions]
        return tuple(archives)

    def fits(self, step: int) -> bool:
        """Whether a file of that step can have these grains."""
        return all(precision % step == 0 for precision, _ in self.retention if precision >= step)

    def heartbeat(self, step: int | None = None, hold: float | None = None) -> int:
        """Seconds without an update after which RRDtool takes the value to be unknown.

        Args:
            step, hold: those of the series, where they are not the schema's.
        """
        step, hold = step or self.step, self.hold if hold is None else hold
        return max(2 * step, int(hold) + step)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a `[series__NAME]` section says of the series whose names match a pattern.

    Attributes:
        name: of the section.
        pattern: matched against the whole series name.
        given: the options that it gives.
    """

    name: str
    pattern: re.Pattern[str]
    given: Mapping[str, Any]

    @classmethod
    def of(cls, section: Section) -> Rule:
        """Read a section; an empty text gives nothing."""
        given = {name: section[name] for name in _RULED if name in section.places and section[name] != ""}
        if not given.get("log", True):
            given["hidden_by"] = section.name
        return cls(section.name, section["pattern"], given)


class Schemas:
    """The schemas of a configuration, in the file's order with the default one last, and what it says of single series.

    Args:
        schemas: the first whose pattern matches rules a series.
        rules: the first whose pattern matches wins, for each option that it gives.
    """

    def __init__(self, schemas: Iterable[Schema], rules: Iterable[Rule] = ()) -> None:
        self._schemas = sorted(schemas, key=lambda schema: f"schema__{schema.name}" == DEFAULT_SCHEMA_NAME)
        self._rules = tuple(rules)
        self._made: dict[tuple[str, frozenset[tuple[str, Any]]], Schema] = {}

    @classmethod
    def from_options(cls, options: Options) -> Schemas:
        """Build the schemas of the `[schema__NAME]` and `[series__NAME]` sections."""
        schemas = (
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
        return cls(schemas, map(Rule.of, options.prefixed("series")))

    def match(self, name: str) -> Schema:
        """What rules a series made by itself; the same object for all that are ruled in the same way."""
        schema = self.layout(name)
        given: dict[str, Any] = {}
        for rule in self._rules:
            if rule.pattern.fullmatch(name):
                given = {**rule.given, **given}
        if not given:
            return schema
        key = (schema.name, frozenset(given.items()))
        if key not in self._made:
            self._made[key] = _ruled(schema, given)
        return self._made[key]

    def layout(self, name: str) -> Schema:
        """The first schema whose pattern matches the name, else the last one; without what is said of single series."""
        for schema in self._schemas:
            if schema.pattern.fullmatch(name):
                return schema
        return self._schemas[-1]


def _ruled(schema: Schema, given: Mapping[str, Any]) -> Schema:
    """A schema with what is said of single series; where no step fits the retention, its finest grain is one."""
    made = replace(schema, **given, hold_given="hold" in given)
    if any(precision % made.step for precision, _ in made.retention):
        made = replace(made, step=made.retention[0][0])
    return made
