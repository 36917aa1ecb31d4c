"""Series a page at a time, one series, and flushing."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from ...core.contracts import SeriesInfo
from ..params import Param
from ..room import room
from ..routes import Role, Route, arguments
from ..view import number, series_json, value_units
from .answers import CSV, FORMAT_PARAM, JSON, PREFIX, Cell, csv_response, iso_time, json_response, negotiated, wants_csv
from .paging import PAGE_PARAMS, cut_page, page_links
from .schemas import FLUSHED, SERIES, SERIES_PAGE

NAME_VARIABLE = Param(name="name", told="Name of a series.", longest=200, example="0048.0002.load.0")
CSV_HEADER = (
    *("name", "node", "label", "step", "configured", "cached"),
    *("column", "column_label", "units", "type", "last_time", "last_epoch", "last_value"),
)


def series_routes() -> list[Route]:
    """The routes of series and flushing."""
    return [
        Route(
            path=f"{PREFIX}/series",
            view=list_series,
            role=Role.VIEWER,
            params=(*PAGE_PARAMS, FORMAT_PARAM),
            answers={JSON: SERIES_PAGE, CSV: {}},
            statuses={406: {}},
            tag="series",
        ),
        Route(
            path=f"{PREFIX}/series/<name>",
            view=get_series,
            role=Role.VIEWER,
            answers={JSON: SERIES},
            variables=(NAME_VARIABLE,),
            tag="series",
        ),
        Route(
            path=f"{PREFIX}/flush",
            view=flush,
            role=Role.OPERATOR,
            methods=("POST",),
            params=(Param(name="series", told="Only this one.", default=None),),
            answers={JSON: FLUSHED},
            statuses={404: {}},
            tag="series",
        ),
    ]


def list_series() -> Response:
    """Every series, a page at a time.

    In CSV there is a row per data source; where the next page is stands in the header `Link` too.
    """
    given = arguments()
    as_csv = wants_csv(given["format"])
    store = room().store
    every = [each.name for each in store.glances()]
    names, cursor = cut_page(given, [(name, name) for name in every])
    page = store.list_series(names)
    if as_csv:
        response = csv_response(CSV_HEADER, (row for info in page for row in series_rows(info)))
    else:
        response = json_response(
            {
                "series": [series_json(info) for info in page],
                "total": len(every),
                "next_cursor": cursor,
                "time": number(room().services.clock()),
            }
        )
    return negotiated(page_links(response, cursor))


def get_series(name: str) -> Response:
    """One series."""
    return json_response(series_json(room().series(name)))


def flush() -> Response:
    """Write what is cached, of one series or of all, to the files."""
    name = arguments()["series"]
    here = room()
    if name is None:
        return json_response({"flushed": here.store.flush_all()})
    return json_response({"flushed": here.store.flush(here.series(name).name)})


def series_rows(info: SeriesInfo) -> Iterator[tuple[Cell, ...]]:
    """A series in CSV, a row per column."""
    for column in info.columns:
        last = (iso_time(column.last_time), column.last_time, column.last_value)
        what = (column.name, column.label, value_units(column), column.ds_type)
        yield (info.name, info.node, info.label, info.step, info.configured, info.cached, *what, *last)
