"""Rows of one series, or of many at common times."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from ...core.contracts import CONSOLIDATIONS, Column
from ...core.errors import UnknownSeriesError
from ..fileversion import version_of
from ..params import ChoiceParam, IntegerParam, Param, TimeParam
from ..room import room
from ..routes import Role, Route, arguments
from ..view import label_of, text, value_units
from .answers import (
    CSV,
    FORMAT_PARAM,
    JSON,
    PREFIX,
    csv_response,
    etag_of,
    has_copy,
    iso_time,
    json_response,
    negotiated,
    not_modified,
    wants_csv,
    with_etag,
)
from .rows import Pick, Table, Wish, read_table
from .schemas import DATA
from .series import NAME_VARIABLE

MOST_SERIES = 50
"""Series (or columns of series) in one request."""
MOST_POINTS = 10_000
_ROW_PARAMS = (
    ChoiceParam(
        name="cf",
        told="Consolidation function; may stand several times, each gives columns of its own. AVERAGE where it is left out.",
        words=CONSOLIDATIONS,
        many=len(CONSOLIDATIONS),
    ),
    TimeParam(name="start", told="Where the rows begin.", default="-4h"),
    TimeParam(name="end", told="Where they end.", default="now"),
    IntegerParam(
        name="step",
        told="Seconds between two rows, at least; rounded up to what the files keep, the finest where it is left out.",
        default=0,
        low=1,
        high=31_622_400,
    ),
    IntegerParam(
        name="max_points",
        told="Rows at most: they are thinned out to what a chart can show, and no peak is lost.",
        default=0,
        low=10,
        high=MOST_POINTS,
    ),
    FORMAT_PARAM,
)
_SERIES_PARAM = Param(
    name="series",
    told="Name of a series, with all its columns, or NAME:COLUMN for one of them; may stand several times.",
    required=True,
    many=MOST_SERIES,
    longest=221,
    example="0048.0002.load.0",
)


def data_routes() -> list[Route]:
    """The routes of rows."""
    answers: dict[str, dict[str, object]] = {JSON: DATA, CSV: {}}
    return [
        Route(
            path=f"{PREFIX}/data",
            view=get_data,
            role=Role.VIEWER,
            params=(_SERIES_PARAM, *_ROW_PARAMS),
            answers=answers,
            statuses={304: {}, 404: {}, 406: {}},
            tag="data",
        ),
        Route(
            path=f"{PREFIX}/series/<name>/data",
            view=get_series_data,
            role=Role.VIEWER,
            params=_ROW_PARAMS,
            answers=answers,
            statuses={304: {}, 406: {}},
            variables=(NAME_VARIABLE,),
            tag="data",
        ),
    ]


def get_data() -> Response:
    """Rows of many series, at common times.

    What is cached is written to the files first, so that an answer is never older than the last message. Where files keep
    rows of different length, several of the finer ones become one (averaged, or the lowest, highest or last, by `cf`); where
    nothing is known, a number is null. With `max_points` rows are thinned out: for each stretch of time the lowest and the
    highest number stay, in the order in which they occurred. In CSV there is a column per series, data source and `cf`.
    """
    return _answer(arguments()["series"])


def get_series_data(name: str) -> Response:
    """Rows of one series.

    As `/api/v1/data` with that series alone.
    """
    return _answer([name])


def _answer(asked: Sequence[str]) -> Response:
    given = arguments()
    here = room()
    as_csv = wants_csv(given["format"])
    span = here.renderer.resolve(given["start"], given["end"])
    picks = [_pick(each) for each in dict.fromkeys(asked)]
    wish = Wish(span, tuple(dict.fromkeys(given["cf"])) or CONSOLIDATIONS[:1], given["step"], given["max_points"])
    shown = [
        (
            pick.info.name,
            pick.info.label,
            version_of(pick.info.path),
            [(each.name, each.label, each.units) for each in pick.columns],
        )
        for pick in picks
    ]
    etag = etag_of(as_csv, wish, shown)
    if has_copy(etag):
        return negotiated(not_modified(etag))
    table = read_table(here, picks, wish)
    return negotiated(with_etag(_csv(table) if as_csv else _json(table, wish), etag))


def _pick(asked: str) -> Pick:
    """What a text of the form NAME or NAME:COLUMN asks for, flushed. Raises UnknownSeriesError."""
    name, colon, column = asked.partition(":")
    info = room().flushed_series(name)
    if not colon:
        return Pick(info, info.columns)
    found = tuple(each for each in info.columns if each.name == column)
    if not found:
        raise UnknownSeriesError(asked)
    return Pick(info, found)


def row_units(column: Column) -> str:
    """What the numbers of rows are in: those of a counter are its rate per second."""
    return column.units if column.ds_type == "GAUGE" else f"{value_units(column)}/s"


def _json(table: Table, wish: Wish) -> Response:
    columns = [
        {
            "series": line.info.name,
            "column": line.column.name,
            "cf": line.cf,
            "label": text(label_of(line.info, line.column)),
            "units": text(row_units(line.column)),
            "values": line.values,
        }
        for line in table.lines
    ]
    times = {"start": wish.span.start, "end": wish.span.end, "step": table.step, "times": table.times}
    return json_response({**times, "columns": columns})


def _csv(table: Table) -> Response:
    header = ["time", "epoch", *(f"{line.info.name}:{line.column.name}:{line.cf}" for line in table.lines)]
    columns = [line.values for line in table.lines]
    rows = ((iso_time(time_s), time_s, *(values[index] for values in columns)) for index, time_s in enumerate(table.times))
    return csv_response(header, rows)
