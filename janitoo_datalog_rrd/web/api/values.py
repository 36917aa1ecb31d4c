"""Last values of everything in one call."""

from __future__ import annotations

from flask import Response

from ...core.contracts import Column, SeriesInfo
from ..params import Param
from ..room import room
from ..routes import Role, Route, arguments
from ..view import label_of, number, text, value_units
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
from .schemas import VALUES

MOST_SERIES = 200
"""Names that a request may have; without any it is answered with all there are."""
_CSV_HEADER = ("series", "column", "label", "units", "type", "node", "time", "epoch", "value")


def value_routes() -> list[Route]:
    """The route of the last values."""
    params = (Param(name="series", told="Only this one; may stand several times.", many=MOST_SERIES), FORMAT_PARAM)
    return [
        Route(
            path=f"{PREFIX}/values",
            view=list_values,
            role=Role.VIEWER,
            params=params,
            answers={JSON: VALUES, CSV: {}},
            statuses={304: {}, 404: {}, 406: {}},
            tag="values",
        )
    ]


def list_values() -> Response:
    """Last value of every column of every series.

    Taken from memory: no file is read. The ETag changes when a value does.
    """
    given = arguments()
    here = room()
    as_csv = wants_csv(given["format"])
    names = dict.fromkeys(given["series"])
    every = [here.series(name) for name in names] if names else here.store.list_series()
    pairs = [(info, column) for info in every for column in info.columns]
    etag = etag_of(as_csv, [(info.name, info.label, info.node, column) for info, column in pairs])
    if has_copy(etag):
        return negotiated(not_modified(etag))
    if as_csv:
        response = csv_response(_CSV_HEADER, (_row(info, column) for info, column in pairs))
    else:
        values = [
            {
                "series": info.name,
                "column": column.name,
                "label": text(label_of(info, column)),
                "units": text(value_units(column)),
                "type": column.ds_type,
                "node": text(info.node),
                "value": number(column.last_value),
                "time": number(column.last_time),
            }
            for info, column in pairs
        ]
        response = json_response({"time": number(here.services.clock()), "values": values})
    return negotiated(with_etag(response, etag))


def _row(info: SeriesInfo, column: Column) -> tuple[str | float | None, ...]:
    what = (info.name, column.name, label_of(info, column), value_units(column), column.ds_type, info.node)
    return (*what, iso_time(column.last_time), column.last_time, column.last_value)
