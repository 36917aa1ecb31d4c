"""Whatever is asked over HTTP, the server makes no mistake, and the API tells errors as problem documents."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from benchmarks.fuzz import http, mutate, seeds
from janitoo_datalog_rrd.core.contracts import CONSOLIDATIONS, Column, SeriesInfo
from janitoo_datalog_rrd.core.errors import BadRequestError
from janitoo_datalog_rrd.web.drawing.graphargs import GraphArguments
from janitoo_datalog_rrd.web.drawing.graphquery import GraphQuery
from janitoo_datalog_rrd.web.drawing.painter import paint
from janitoo_datalog_rrd.web.drawing.rrdshape import RrdShape, read_shape
from janitoo_datalog_rrd.web.drawing.theme import make_themes
from janitoo_datalog_rrd.web.drawing.timespan import Span, resolve
from janitoo_datalog_rrd.web.room import room

TOKENS = seeds.as_bytes(seeds.REQUEST_TOKENS)
PARAMETERS = (
    "start",
    "end",
    "width",
    "height",
    "cf",
    "theme",
    "title",
    "legend",
    "step",
    "max_points",
    "format",
    "limit",
    "cursor",
    "q",
    "span",
    "page",
    "series",
)
PATHS = (
    *(
        "/",
        "/rrd/",
        "/rrd/series/heat",
        "/rrd/graph/heat.png",
        "/rrd/graph/heat.svg",
        "/rrd/rrds/heat.rrd",
        "/rrd/rrds/index.txt",
    ),
    *(
        "/api/v1/series",
        "/api/v1/series/heat",
        "/api/v1/series/heat/data",
        "/api/v1/values",
        "/api/v1/data",
        "/api/v1/nodes",
        "/api/v1/nodes/0014/0001",
    ),
    *("/api/v1/flush", "/healthz", "/metrics", "/status", "/static/style.css", "/api", "/api/", "/api/v1", "/nothing"),
)
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "BREW")

texts = st.one_of(
    st.text(max_size=30), st.sampled_from([token.strip() for token in seeds.REQUEST_TOKENS]), st.integers().map(str)
)
times = st.one_of(
    texts,
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "now", "end", "start", "noon", "midnight", "20240101"]),
        st.sampled_from(["-", "+", ""]),
        st.integers(0, 10**6).map(lambda n: f"{n}h"),
    ),
    st.integers(-(10**10), 10**11).map(str),
)
queries = st.dictionaries(st.sampled_from(PARAMETERS) | st.text(max_size=8), texts, max_size=4)
HEADERS = (
    *("Host", "Origin", "Range", "If-None-Match", "If-Modified-Since", "If-Range", "Cookie", "Accept", "Content-Type", "Expect"),
    *("Sec-Fetch-Site", "Transfer-Encoding", "X-Forwarded-For", "Authorization", "Upgrade"),
)
FIELDS = ("*", "bytes=0-", "bytes=5-1", "localhost", 'W/"x"', "Sat, 03 Feb 9999 10:20:30 GMT", "chunked", "100-continue")
fields_of_a_line = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)
headers = st.lists(st.tuples(st.sampled_from(HEADERS), fields_of_a_line | st.sampled_from(FIELDS)), max_size=3)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("http")
    made = http.make_application(folder)
    yield made
    room(made).artists.close()
    shutil.rmtree(folder)


def encode(query: dict[str, str]) -> bytes:
    return "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(text, errors='surrogatepass')}" for name, text in query.items()
    ).encode()


@pytest.mark.parametrize("request_text", seeds.REQUESTS)
def test_the_seeds_are_answered(application: Flask, request_text: str) -> None:
    http.check_request(application, *http.parse(request_text.encode()))


@settings(SHORT, max_examples=300)
@given(st.sampled_from(METHODS), st.sampled_from(PATHS), queries, headers, st.binary(max_size=50))
def test_any_request_of_a_path_is_answered(
    application: Flask, method: str, path: str, query: dict[str, str], fields: list[tuple[str, str]], body: bytes
) -> None:
    http.check_request(application, method, path.encode() + b"?" + encode(query), fields, body)


@settings(SHORT, max_examples=200)
@given(
    st.lists(
        st.text(max_size=6) | st.sampled_from(["api", "v1", "rrd", "graph", "series", "..", ".", "", "heat.png"]), max_size=6
    )
)
def test_any_path_is_answered(application: Flask, parts: list[str]) -> None:
    target = "/".join(["", *(quote(part, safe="", errors="surrogatepass") for part in parts)])
    status = http.check_request(application, "GET", target.encode(), [], b"")
    assert status in (200, 301, 308, 400, 404, 405)


@settings(SHORT, max_examples=200)
@given(
    st.sampled_from(["/rrd/graph/heat.png", "/rrd/graph/heat.svg", "/api/v1/series/heat/data"]),
    times,
    times,
    st.sampled_from(["", "&cf=MAX", "&cf=LAST", "&step=1", "&max_points=10"]),
)
@example("/rrd/graph/heat.png", "0", "4294967295", "")
@example("/api/v1/series/heat/data", "-100y", "now", "&step=31622400")
def test_any_span_is_answered(application: Flask, path: str, start: str, end: str, more: str) -> None:
    query = encode({"start": start, "end": end}) + more.encode()
    http.check_request(
        application, "GET", path.encode() + b"?width=60&height=40&"[: 20 if "graph" in path else 1] + query, [], b""
    )


@settings(SHORT, max_examples=300)
@given(st.sampled_from(seeds.REQUESTS), st.integers(1, 8), st.integers(0, 2**32))
def test_a_good_request_that_was_changed_is_answered(application: Flask, text: str, times: int, seed: int) -> None:
    chance = random.Random(seed)
    content = text.encode()
    for _ in range(times):
        content = mutate.mutate(content, chance, TOKENS)
    http.check_request(application, *http.parse(content))


labels = st.text(max_size=40) | st.sampled_from(
    ["a:b", "\\", "%s%n", "\\l", "<b>", "x" * 300, "\n\r\0", "\u202e", "\ud800", ":" * 80]
)


@settings(SHORT, max_examples=100)
@given(
    st.lists(st.tuples(labels, labels, st.sampled_from(["GAUGE", "DERIVE"]), st.none() | st.floats()), min_size=2, max_size=2),
    labels,
    st.integers(50, 500),
    st.integers(30, 200),
    st.sampled_from(CONSOLIDATIONS),
    st.booleans(),
    st.sampled_from(["png", "svg"]),
)
def test_any_labels_and_units_are_drawn(
    drawn_file: Path, columns: list[Any], label: str, width: int, height: int, cf: str, flag: bool, form: str
) -> None:
    made = tuple(
        Column(name, ("t", name), told, units, ds_type, last, 0.0)
        for name, (told, units, ds_type, last) in zip(("value", "count"), columns, strict=True)
    )
    info = SeriesInfo("heat", "t", label, 10, False, made, drawn_file, 0)
    query = GraphQuery("-1h", "now", width, height, cf, "dark" if flag else "light", flag, not flag, form)
    try:
        picture = paint(info, query, resolve("-1h", "now"))
    except BadRequestError as error:
        assert (error.parameter, cf in ("AVERAGE", "MAX")) == ("cf", False)
        return
    assert picture.startswith(b"\x89PNG" if form == "png" else b"<?xml")


@pytest.fixture(scope="module")
def drawn_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "heat.rrd"
    http.make_file(path)
    return path


@settings(SHORT, max_examples=200)
@given(labels, labels, labels, st.integers(50, 4000), st.booleans())
def test_no_text_becomes_an_argument_of_its_own(label: str, units: str, title: str, width: int, title_too: bool) -> None:
    info = SeriesInfo(
        "heat", "t", title, 10, False, (Column("value", ("t", ""), label, units, "GAUGE", 1.0, 0.0),) * 2, Path("/x/heat.rrd"), 0
    )
    arguments = GraphArguments(GraphQuery(width=width, title=title_too), Span(0, 100), make_themes()["light"])
    made = arguments.build(info, RrdShape(("value",), (), 10, 0), ())
    starts = ("--", "DEF:", "VDEF:", "PRINT:", "GPRINT:", "COMMENT:legend=", "LINE1.5:d", "AREA:d")
    assert all(argument.startswith(starts) for argument in made)
    assert not any(character in argument for argument in made for character in "\n\r\0")
    # in the legend of a line every colon of the label is escaped: three are ours
    for argument in made:
        if argument.startswith("LINE") and ":legend=" in argument:
            assert argument.replace("\\:", "").count(":") == 2


def test_the_file_has_what_the_properties_ask_for(drawn_file: Path) -> None:
    shape = read_shape(drawn_file)
    assert shape.columns == ("value", "count")
    assert {archive.cf for archive in shape.archives} == {"AVERAGE", "MAX"}
