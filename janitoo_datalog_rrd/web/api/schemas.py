"""What the answers of the API look like, in JSON Schema (2020-12, the dialect of OpenAPI 3.1).

A schema with a title is a component of the OpenAPI document.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TIME: Schema = {"type": "number", "description": "Seconds since the epoch, UTC."}
SOME_TIME: Schema = {"type": ["number", "null"], "description": "Seconds since the epoch, UTC; null where there is none yet."}
WHOLE_TIME: Schema = {"type": "integer", "description": "Seconds since the epoch, UTC."}
STEP: Schema = {"type": "integer", "minimum": 1, "description": "Seconds between two rows."}
CURSOR: Schema = {"type": ["string", "null"], "description": "What `cursor` is to be for the next page; null at the end."}


def told(description: str, kind: str | list[str] = "string", **more: Any) -> Schema:
    """A schema of one type, with a description."""
    return {"type": kind, "description": description, **more}


def record(title: str, description: str, properties: dict[str, Schema], *, optional: tuple[str, ...] = (), **more: Any) -> Schema:
    """A JSON object that has all of its properties, but for those that are optional."""
    required = [name for name in properties if name not in optional]
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        **more,
    }


def list_of(items: Schema, description: str = "", **more: Any) -> Schema:
    """A JSON array of one kind of item."""
    return {"type": "array", "items": items, **({"description": description} if description else {}), **more}


NAME = told("Name of the series, safe in files and addresses.", pattern="^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$")
COLUMN_NAME = told("Name of the data source in the RRD file.")
LABEL = told("Text for people, as it came from the bus; any character may stand in it.")
UNITS = told("Text for people, such as `°C`; may be empty.")
DS_TYPE = told("How numbers become rows, as RRDtool has it.", enum=["GAUGE", "COUNTER", "DERIVE", "ABSOLUTE"])
NODE_NAME = told("Address (HADD) of the node it comes from, or the topic; empty where neither is known.")
CF = told("Consolidation function.", enum=["AVERAGE", "MIN", "MAX", "LAST"])

PROBLEM = record(
    "Problem",
    "What went wrong (RFC 9457).",
    {
        "type": told("Always `about:blank`: the status says what kind of problem it is."),
        "title": told("The status in words."),
        "status": told("The status of HTTP.", "integer"),
        "detail": told("What was found, what was expected, what to do: a sentence for people."),
        "instance": told("The path that was asked."),
        "parameter": told("The parameter at fault, where there is one."),
    },
    optional=("parameter",),
    examples=[
        {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "limit is 'ten': expected a whole number from 1 to 1000.",
            "instance": "/api/v1/series",
            "parameter": "limit",
        }
    ],
)

COLUMN = record(
    "Column",
    "One data source of a series.",
    {
        "name": COLUMN_NAME,
        "key": list_of({"type": "string"}, "Whose numbers these are: HADD, uuid and index for Janitoo, else topic and path."),
        "label": LABEL,
        "units": UNITS,
        "type": DS_TYPE,
        "last_value": told("The last number taken in; null where it is unknown.", ["number", "null"]),
        "last_time": SOME_TIME,
    },
)

SERIES = record(
    "Series",
    "The stored history of one value, or of the data sources of a configured file.",
    {
        "name": NAME,
        "node": NODE_NAME,
        "label": LABEL,
        "step": told("Seconds between two primary data points.", "integer"),
        "configured": told("Whether it stands in the ini; otherwise it was made by itself.", "boolean"),
        "cached": told("Samples that are not in the file yet.", "integer", minimum=0),
        "last_time": SOME_TIME,
        "columns": list_of(COLUMN, "Its data sources, in the file's order."),
        "links": record(
            "SeriesLinks",
            "Where more of a series is.",
            {
                name: told(what)
                for name, what in (("self", "This."), ("data", "Rows."), ("graph", "A picture."), ("file", "The RRD file."))
            },
        ),
    },
    examples=[
        {
            "name": "0048.0002.load.0",
            "node": "0048/0002",
            "label": "Load",
            "step": 10,
            "configured": False,
            "cached": 3,
            "last_time": 1700000000.0,
            "columns": [
                {
                    "name": "value",
                    "key": ["0048/0002", "load", "0"],
                    "label": "Load",
                    "units": "",
                    "type": "GAUGE",
                    "last_value": 0.42,
                    "last_time": 1700000000.0,
                }
            ],
            "links": {
                "self": "/api/v1/series/0048.0002.load.0",
                "data": "/api/v1/series/0048.0002.load.0/data",
                "graph": "/rrd/graph/0048.0002.load.0.png",
                "file": "/rrd/rrds/0048.0002.load.0.rrd",
            },
        }
    ],
)

SERIES_PAGE = record(
    "SeriesPage",
    "A page of series, sorted by name.",
    {
        "series": list_of(SERIES),
        "total": told("How many there are on all pages.", "integer", minimum=0),
        "next_cursor": CURSOR,
        "time": {**TIME, "description": "The server's clock: seconds since the epoch, UTC."},
    },
)

VALUE = record(
    "Value",
    "The last number of one column.",
    {
        "series": NAME,
        "column": COLUMN_NAME,
        "label": LABEL,
        "units": told("Units of the number. Of a counter these are those of the count, not of its rate."),
        "type": DS_TYPE,
        "node": NODE_NAME,
        "value": told("The number; null where it is unknown, or where there was none yet.", ["number", "null"]),
        "time": SOME_TIME,
    },
    examples=[
        {
            "series": "0048.0002.load.0",
            "column": "value",
            "label": "Load",
            "units": "",
            "type": "GAUGE",
            "node": "0048/0002",
            "value": 0.42,
            "time": 1700000000.0,
        }
    ],
)

VALUES = record(
    "Values",
    "Last numbers, by series and column.",
    {"time": {**TIME, "description": "The server's clock: seconds since the epoch, UTC."}, "values": list_of(VALUE)},
)

DATA_COLUMN = record(
    "DataColumn",
    "The numbers of one column by one consolidation function.",
    {
        "series": NAME,
        "column": COLUMN_NAME,
        "cf": CF,
        "label": LABEL,
        "units": told("Units of the numbers. Counters are rates per second."),
        "values": list_of({"type": ["number", "null"]}, "One number per time; null where it is unknown."),
    },
)

DATA = record(
    "Data",
    "Rows of one or several series at common times, by column.",
    {
        "start": {**WHOLE_TIME, "description": "Where the span that was asked for begins: seconds since the epoch, UTC."},
        "end": {**WHOLE_TIME, "description": "Where it ends."},
        "step": STEP,
        "times": list_of(
            {"type": "integer"},
            "When the rows stand, seconds since the epoch, UTC: each for the `step` seconds before it. The first and the last "
            "one of a thinned answer may stand for less.",
        ),
        "columns": list_of(DATA_COLUMN),
    },
    examples=[
        {
            "start": 1700000000,
            "end": 1700000030,
            "step": 10,
            "times": [1700000010, 1700000020, 1700000030],
            "columns": [
                {
                    "series": "0048.0002.load.0",
                    "column": "value",
                    "cf": "AVERAGE",
                    "label": "Load",
                    "units": "",
                    "values": [0.42, None, 0.44],
                }
            ],
        }
    ],
)

_NODE_PROPERTIES: dict[str, Schema] = {
    "hadd": told("Its address: `CCCC/NNNN`, or that of a device in its dialect."),
    "name": told("What it calls itself; may be empty."),
    "location": told("Where it says it is; may be empty."),
    "state": told("What its heartbeats, or its dialect, say of it; null where neither does.", ["string", "null"]),
    "online": told("Whether it is there; null where nobody says so.", ["boolean", "null"]),
    "since": {**SOME_TIME, "description": "Since when it is in that state: seconds since the epoch, UTC."},
    "last_seen": {**SOME_TIME, "description": "When it was last heard: seconds since the epoch, UTC."},
}
_NODE_EXAMPLE = {
    "hadd": "0048/0002",
    "name": "Raspberry Pi",
    "location": "Cupboard",
    "state": "ONLINE",
    "online": True,
    "since": 1700000000.0,
    "last_seen": 1700003600.0,
}

NODE = record(
    "Node",
    "A thing that publishes values.",
    {**_NODE_PROPERTIES, "series": told("How many series it has.", "integer", minimum=0)},
    examples=[{**_NODE_EXAMPLE, "series": 4}],
)
NODE_WITH_SERIES = record(
    "NodeWithSeries",
    "A node with its series.",
    {**_NODE_PROPERTIES, "series": list_of(SERIES)},
    examples=[{**_NODE_EXAMPLE, "series": []}],
)
NODE_PAGE = record(
    "NodePage",
    "A page of nodes, sorted by address.",
    {"nodes": list_of(NODE), "total": told("How many there are on all pages.", "integer", minimum=0), "next_cursor": CURSOR},
)

FLUSHED = record(
    "Flushed",
    "What a flush came to.",
    {"flushed": told("Samples that were written to the files.", "integer", minimum=0)},
    examples=[{"flushed": 1234}],
)

INDEX = record(
    "Index",
    "Where everything is.",
    {
        "name": told("Of the server's program."),
        "version": told("Of the server's program."),
        "links": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Paths by what they are for."},
    },
)

_SENTENCES: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
HEALTH = record(
    "Health",
    "Whether all is well; what is left out is told only to who may look.",
    {
        "status": told("Whether something is wrong.", enum=["ok", "failing"]),
        "version": told("Of the server's program."),
        "pid": told("Number of the server's process.", "integer"),
        "series": told("How many there are.", "integer", minimum=0),
        "cached_samples": told("Samples that are not in their files yet.", "integer", minimum=0),
        "problems": {**_SENTENCES, "description": "What is wrong, by part."},
        "notes": {**_SENTENCES, "description": "What happened and is over, by part."},
    },
    optional=("version", "pid", "series", "cached_samples", "problems", "notes"),
)
