"""What the server says of itself to programs: /healthz and /metrics."""

from __future__ import annotations

import os
from collections.abc import Iterable

from flask import Response

from .. import __version__
from ..core.contracts import SeriesInfo
from .api.answers import json_response
from .api.schemas import HEALTH
from .auth.guard import who
from .escape import clean
from .forwarding import forward_metrics
from .room import Room, room
from .routes import Role, Route
from .view import number, text

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
VALUES_AGE_S = 3600.0
"""How old a value may be that is exposed; as long as a level counts in the store where the ini says nothing else (`hold`)."""


def metric_routes() -> list[Route]:
    """The routes for monitoring."""
    return [
        Route(
            path="/healthz",
            view=healthz,
            role=Role.NOBODY,
            params=None,
            answers={"application/json": HEALTH},
            statuses={503: {"application/json": HEALTH}},
            tag="server",
        ),
        Route(path="/metrics", view=metrics, role=Role.VIEWER, params=None, answers={"text/plain": {}}, tag="server"),
    ]


def problems(here: Room) -> dict[str, str]:
    """What is wrong, by part, the store's absence included."""
    found = here.services.health.problems()
    if here.services.store is None:
        found.setdefault("store", "The store is not up yet.")
    return found


def healthz() -> Response:
    """200 when all is well, else 503 with what is wrong; with notes on what happened and is over.

    Who has not logged in where that is needed is told no more than which of the two it is.
    """
    here = room()
    found = problems(here)
    if who().role < Role.VIEWER:
        return json_response({"status": "failing" if found else "ok"}, 503 if found else 200)
    series, cached = _gauges(here)
    document: dict[str, object] = {
        "status": "failing" if found else "ok",
        "version": __version__,
        "pid": os.getpid(),
        "series": series,
        "cached_samples": cached,
    }
    if found:
        document["problems"] = {text(part): text(what) for part, what in found.items()}
    notes = here.services.health.notes()
    if notes:
        document["notes"] = {text(part): text(what) for part, what in notes.items()}
    return json_response(document, 503 if found else 200)


def metrics() -> Response:
    """The counters, in Prometheus' text format 0.0.4."""
    here = room()
    counters = here.services.counters
    series, cached = _gauges(here)
    messages, dropped = counters.by_label("messages"), counters.by_label("samples_dropped")
    accepted, written, late = (counters.get(f"samples_{word}") for word in ("accepted", "written", "late"))
    readers = here.services.readers
    claimed, notes = (0, 0) if readers is None else (len(readers.directory.claimed), readers.directory.count_notes())
    families = (
        ("jnt_messages_total", "counter", "Messages received, by what became of them.", "result", messages),
        ("jnt_samples_accepted_total", "counter", "Samples taken into the cache.", "", {"": accepted}),
        ("jnt_samples_written_total", "counter", "Samples written to RRD files.", "", {"": written}),
        ("jnt_samples_late_total", "counter", "Samples older than the last update of their file.", "", {"": late}),
        ("jnt_samples_dropped_total", "counter", "Samples dropped, by reason.", "reason", dropped),
        ("jnt_series", "gauge", "Series known.", "", {"": series}),
        ("jnt_claimed_topics", "gauge", "Topics that are read since devices announced them.", "", {"": claimed}),
        ("jnt_dialect_notes", "gauge", "Things that a dialect cannot log.", "", {"": notes}),
        ("jnt_cache_samples", "gauge", "Samples accepted and not yet written to RRD files.", "", {"": cached}),
    )
    lines = [line for family in families for line in _family(*family)]
    lines += forward_metrics(here.services)
    store = here.services.store
    if store is not None and here.services.options.get_option("http", "expose_values", False):
        lines += value_lines(store.list_series(), here.services.clock())
    return Response("\n".join(lines) + "\n", content_type=CONTENT_TYPE)


def _gauges(here: Room) -> tuple[int, int]:
    store = here.services.store
    return (0, 0) if store is None else (store.count_series(), store.count_cached())


def _family(name: str, kind: str, told: str, label: str, counts: dict[str, int]) -> Iterable[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"
    for value, count in sorted(counts.items()):
        labels = f'{{{label}="{escape_label(value)}"}}' if label else ""
        yield f"{name}{labels} {count}"


def value_lines(series: Iterable[SeriesInfo], now: float) -> list[str]:
    """The last value of each column as a gauge, with the time it is of.

    They carry no timestamps of Prometheus' own: it would take a value for gone five minutes after its time, while a sensor
    that speaks on a change only is silent for longer. What has said nothing for VALUES_AGE_S is left out instead.

    Args:
        series: all of them.
        now: seconds since the epoch UTC.
    """
    values, times = [], []
    for info in series:
        for column in info.columns:
            value, time = number(column.last_value), number(column.last_time)
            if value is None or time is None or now - time > VALUES_AGE_S:
                continue
            who = f'series="{escape_label(info.name)}",column="{escape_label(column.name)}"'
            what = (("label", column.label), ("unit", column.units), ("node", info.node))
            more = ",".join(f'{name}="{escape_label(clean(told))}"' for name, told in what)
            values.append(f"jnt_value{{{who},{more}}} {value!r}")
            times.append(f"jnt_value_time_seconds{{{who}}} {time!r}")
    return [
        "# HELP jnt_value Last value of a series, of those that said something within the last hour.",
        "# TYPE jnt_value gauge",
        *values,
        "# HELP jnt_value_time_seconds Time of that value, seconds since the epoch.",
        "# TYPE jnt_value_time_seconds gauge",
        *times,
    ]


def escape_label(value: str) -> str:
    """A label's value as the text format has it: backslash, double quote and line feed are escaped."""
    return text(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
