"""What the OpenAPI document says beside the table of routes: how the API is, its headings, and what each refusal means."""

from __future__ import annotations

from typing import Any

ABOUT = """Everything that the datalogger keeps, and what it is doing, for programs.

Answers are JSON in UTF-8; lists, values and rows come as CSV too, where the header `Accept` asks for `text/csv`, or \
`format=csv` stands in the query. Times are seconds since the epoch, UTC. A number that is unknown is null, and so is a gap.

Times in a query are as RRDtool takes them (`-4h`, `end-1w`, `midnight`, `20240131`, seconds since the epoch), or ISO 8601 \
(`2024-01-31T12:00:00Z`, `2024-01-31`); a plus in a query is written as `%2B`. Without a zone they are in that of the server.

A parameter that an operation does not take is refused, so that a misspelt one is not silently passed over. Errors are problem \
documents (RFC 9457), whose `parameter` names what is at fault. HEAD is answered wherever GET is.

Whoever reads a series sees everything up to the last message: what is cached is written to its file first."""

TAGS = {
    "values": "Last values, and new ones as they come.",
    "data": "Rows of the past.",
    "series": "What is stored.",
    "nodes": "Where it comes from.",
    "boards": "Pages that people put together of series.",
    "files": "Graphs and raw files.",
    "server": "The server itself.",
}

REFUSALS = {
    400: "A parameter, or the body, is not what it must be; `parameter` names which.",
    401: "Nobody has said who asks, or the token is unknown or has expired.",
    403: "Who asks has not the role that is needed, or a page of another site may have made the browser ask.",
    404: "There is no such thing.",
    406: "It is answered neither in JSON nor in CSV, as the header Accept would have it.",
    409: "It cannot be done as things stand.",
    412: "What is to be changed is no longer what If-Match or If-None-Match says.",
    413: "The body is larger than 64 KiB, or than the operation says.",
    415: "The body is not of the content type that is taken.",
    416: "The file has no such range.",
    429: "Too many requests of this kind; Retry-After says when to try again.",
    431: "Address and headers are larger than 64 KiB together.",
    503: "The store is not up yet, or cannot do it now; try again after Retry-After.",
}

_SECONDS = {"schema": {"type": "string"}, "description": "Seconds after which to try again."}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "That a bearer token is expected."}},
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
}
"""Headers of refusals, by status."""
