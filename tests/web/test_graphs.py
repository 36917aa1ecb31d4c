"""Graphs: what one sees in them, when they are drawn again, and what is refused."""

from __future__ import annotations

import contextlib
import gc
import http.client
import os
import time
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import rrdtool
from web.sites import STEP, RrdStore, Site, column, make_services

from janitoo_datalog_rrd.core.contracts import SeriesInfo
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.drawing.graph import GraphRenderer
from janitoo_datalog_rrd.web.drawing.graphargs import NO_NUMBERS, GraphArguments
from janitoo_datalog_rrd.web.drawing.graphquery import GraphQuery
from janitoo_datalog_rrd.web.drawing.painter import paint
from janitoo_datalog_rrd.web.drawing.rrdshape import read_shape
from janitoo_datalog_rrd.web.drawing.theme import make_themes
from janitoo_datalog_rrd.web.drawing.timespan import resolve

PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = [
    "a:b",
    "a\\:b",
    "back\\slash",
    "ends in \\",
    "ends in \\l",
    "\\r\\n\\c\\j",
    '"quoted"',
    "'quoted'",
    "100 %",
    "%s %n %lf",
    "%%",
    "-v",
    "--title=x",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "&amp;",
    "label=x",
    "legend=x:color=#ff0000",
    "a=b",
    "STACK",
    "dashes=1,2",
    "skipscale",
    "strftime",
    "#ff0000",
    "a\0b",
    "a\nb",
    "a\x1b[31mb",
    "\u202egnp.exe",
    "\ud800 alone",
    "\ufeff",
    " ",
    "é",
    "日本語" * 100,
    "x" * 5000,
    "🌡" * 300,
    "a" + "\u0301" * 500,
    ":" * 300,
    "\\" * 300,
]


def legend_of(info: SeriesInfo, query: GraphQuery) -> list[str]:
    """What rrdtool writes below the plot, as rrdtool itself tells it."""
    arguments = GraphArguments(query, resolve(query.start, query.end), make_themes()["light"])
    answer = rrdtool.graphv("-", *arguments.build(info, read_shape(info.path), NO_NUMBERS))
    return [str(answer[f"legend[{index}]"]).strip() for index in range(200) if f"legend[{index}]" in answer]


def test_a_png_and_an_svg_come_from_the_same_series(site: Site) -> None:
    site.store.add("house.temperature", label="Temperature")
    png, svg = (site.client.get(f"/rrd/graph/house.temperature.{form}") for form in ("png", "svg"))
    assert (png.status, png.headers["Content-Type"], png.body[:8]) == (200, "image/png", PNG)
    assert (svg.status, svg.headers["Content-Type"]) == (200, "image/svg+xml")
    assert ET.fromstring(svg.body).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314


def test_width_and_height_are_those_of_the_plot(site: Site) -> None:
    site.store.add("s")
    small, large = (
        site.client.get(f"/rrd/graph/s.png?{query}").body for query in ("width=300&height=100", "width=700&height=260")
    )
    sizes = [(int.from_bytes(body[16:20], "big"), int.from_bytes(body[20:24], "big")) for body in (small, large)]
    assert sizes[1][0] - sizes[0][0] == 400
    assert 130 <= sizes[1][1] - sizes[0][1] <= 170  # a narrow picture has one line of legend more


def test_light_and_dark_are_two_pictures(site: Site) -> None:
    site.store.add("s")
    light, dark = (site.client.get(f"/rrd/graph/s.svg?theme={theme}&start=-1h") for theme in ("light", "dark"))
    assert light.status == dark.status == 200
    assert light.headers["ETag"] != dark.headers["ETag"]
    assert b"rgb(100%,100%,100%)" in light.body
    assert b"rgb(9.0" in dark.body
    assert b"rgb(100%,100%,100%)" not in dark.body


@pytest.mark.parametrize("last", [0.03, 0.3, 49.0, 63_456.3], ids=str)
def test_what_stands_at_the_ticks_is_not_cut_off(site: Site, last: float) -> None:
    info = site.store.add("s", column(units="A", last=last), rows=0)
    begin = rrdtool.last(str(info.path))
    rrdtool.update(str(info.path), *(f"{begin + row * STEP}:{last * (1 + row / 20)}" for row in range(1, 21)))
    query = f"start={begin}&end={begin + 20 * STEP}&width=400"
    for height in (60, 100, 300):
        picture = ET.fromstring(site.client.get(f"/rrd/graph/s.svg?{query}&height={height}").body)  # noqa: S314
        places = [float(each.attrib["x"]) for each in picture.iter("{http://www.w3.org/2000/svg}use") if "x" in each.attrib]
        assert places
        assert min(places) >= 0.0


def test_the_legend_has_min_avg_max_and_last_of_each_column(site: Site) -> None:
    info = site.store.add("load", column("one", "1 min"), column("five", "5 min"), rows=200)
    last = rrdtool.last(str(info.path))
    legend = legend_of(info, GraphQuery(start=str(last - 100 * STEP), end=str(last)))
    assert legend[0].split() == ["min", "avg", "max", "last"]
    assert legend[1] == "1 min"
    assert legend[2:6] == ["0", "24.5", "49", "49"]
    assert legend[6] == "5 min"
    assert legend[7:11] == ["1", "25.5", "50", "50"]


def test_each_column_has_a_colour_of_its_own() -> None:
    for theme in make_themes().values():
        assert len({theme.line(index) for index in range(40)}) == 40


@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label)[:30])
def test_a_hostile_label_is_text_in_the_graph_and_nothing_else(site: Site, label: str) -> None:
    info = site.store.add("s", column("a", label, label), column("b", "second", label), label=label, rows=20)
    legend = legend_of(info, GraphQuery())
    assert legend[0].split() == ["min", "avg", "max", "last"]
    # The label takes one place: the numbers and the second column stand where they stand with any other label.
    assert legend[6] == "second"
    for width in (100, 600):
        reply = site.client.get(f"/rrd/graph/s.png?width={width}")
        assert (reply.status, reply.body[:8]) == (200, PNG)


@pytest.mark.parametrize("label", ["a:b", "100 %", "%s %n", "<b>bold</b>", "label=x", "legend=x", "STACK", "-v", "#ff0000", "é°"])
def test_a_label_is_shown_as_it_is(site: Site, label: str) -> None:
    info = site.store.add("s", column("a", label), column("b"), rows=20)
    assert legend_of(info, GraphQuery())[1] == label


def test_a_series_without_a_file_says_no_data_yet(site: Site) -> None:
    site.store.add("fresh", file=False)
    reply = site.client.get("/rrd/graph/fresh.png")
    assert (reply.status, reply.body[:8]) == (404, PNG)
    assert site.client.get("/rrd/graph/fresh.svg?theme=dark&legend=0").status == 404


def test_a_column_that_is_not_in_the_file_yet_is_left_out(site: Site) -> None:
    info = site.store.add("s", rows=20)
    site.store.series["s"] = type(info)(
        info.name, info.node, info.label, info.step, True, (*info.columns, column("later")), info.path, 0
    )
    assert site.client.get("/rrd/graph/s.png").status == 200


def test_a_span_without_data_is_an_empty_graph_with_dashes(site: Site) -> None:
    site.store.add("s", rows=20)
    assert site.client.get("/rrd/graph/s.png?start=-20d&end=-19d").status == 200


def test_a_file_that_keeps_one_consolidation_only_is_drawn(site: Site) -> None:
    site.store.add("s", rras="MAX")
    assert site.client.get("/rrd/graph/s.png?cf=MAX&start=-30d").status == 200


def test_a_graph_shows_samples_that_were_only_cached(site: Site) -> None:
    now = int(time.time())
    site.store.add("s", rows=3)
    site.store.cache("s", now, 42)
    site.client.get("/rrd/graph/s.png")
    assert site.store.flushes == ["s"]
    assert rrdtool.last(str(site.store.series["s"].path)) == now


def test_an_unchanged_graph_is_not_drawn_again(site: Site) -> None:
    info = site.store.add("s")
    renderer = GraphRenderer(time.time, paint)
    query = GraphQuery(start="1700000000", end="1700086400")
    first = renderer.picture(info, query)
    again = renderer.picture(info, query, lambda etag: etag == first.etag)
    assert (again.content, again.etag, renderer.drawn) == (None, first.etag, 1)


def test_a_browser_with_the_graph_gets_304_and_no_bytes(site: Site) -> None:
    site.store.add("s")
    path = "/rrd/graph/s.png?start=1700000000&end=1700086400"
    first = site.client.get(path)
    again = site.client.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_new_data_and_other_parameters_make_another_etag(site: Site) -> None:
    site.store.add("s", rows=3)
    path = "/rrd/graph/s.png?start=1700000000&end=1700086400"
    first = site.client.get(path).headers["ETag"]
    others = [
        site.client.get(f"{path}&{more}").headers["ETag"]
        for more in ("width=601", "height=201", "theme=dark", "cf=MAX", "title=0")
    ]
    site.store.cache("s", int(time.time()), 1)
    changed = site.client.get(path, If_None_Match=first)
    assert changed.status == 200
    assert len({first, *others, changed.headers["ETag"]}) == 7


@pytest.mark.parametrize("path", ["/rrd/graph/s.png?start=1700000000&end=1700086400", "/rrd/rrds/s.rrd"])
def test_new_data_is_seen_where_the_disk_does_not_tell_the_time_of_a_change(site: Site, path: str) -> None:
    # librrd writes through a mapping: a tmpfs leaves the file's time alone then, and other disks have coarse times.
    file = site.store.add("s", rows=3).path
    before = file.stat().st_mtime_ns
    first = site.client.get(path)
    assert "Last-Modified" not in first.headers
    assert site.client.get(path, If_None_Match=first.headers["ETag"]).status == 304
    rrdtool.update(str(file), f"{int(time.time()) + 1}:5")
    os.utime(file, ns=(before, before))
    changed = site.client.get(path, If_None_Match=first.headers["ETag"])
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_connection_stays_open_after_304(site: Site) -> None:
    site.store.add("s")
    path = "/rrd/graph/s.png?start=1700000000&end=1700086400"
    etag = site.client.get(path).headers["ETag"]
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.client.port, timeout=20)) as connection:
        connection.connect()
        with contextlib.closing(connection.sock) as used:
            for _ in range(3):
                connection.request("GET", path, headers={"If-None-Match": etag})
                response = connection.getresponse()
                assert (response.status, response.read(), response.headers["Connection"]) == (304, b"", None)
                assert connection.sock is used
            connection.request("GET", path, headers={"If-None-Match": etag, "Connection": "close"})
            response = connection.getresponse()
            assert (response.status, response.headers["Connection"]) == (304, "close")


def test_a_part_of_the_file_can_be_asked_for(site: Site) -> None:
    whole = site.store.add("s").path.read_bytes()
    reply = site.client.get("/rrd/rrds/s.rrd", Range="bytes=4-9")
    assert (reply.status, reply.body) == (206, whole[4:10])


@pytest.mark.parametrize("span", ["bytes=99999999-", "bytes=9-4", "rows=1-2", "nonsense"])
def test_a_part_that_is_not_there_leaves_no_file_open(tmp_path: Path, span: str) -> None:
    store = RrdStore(tmp_path)
    store.add("s")
    application = create_app(make_services(tmp_path, store))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with application.test_client() as client:
            assert client.get("/rrd/rrds/s.rrd", headers={"Range": span}).status_code == 416
        gc.collect()
    assert [str(each.message) for each in told] == []


@pytest.mark.parametrize(("start", "low", "high"), [("-1h", 1, 60), ("-1w", 600, 1200), ("-1y", 3600, 3600)])
def test_a_graph_is_kept_as_long_as_a_pixel_stands_for(site: Site, start: str, low: int, high: int) -> None:
    site.store.add("s")
    control = site.client.get(f"/rrd/graph/s.png?start={start}").headers["Cache-Control"]
    age = int(control.rpartition("=")[2])
    assert control == f"private, max-age={age}"
    assert low <= age <= high


@pytest.mark.parametrize(
    "query",
    [
        "start=-4h",
        "start=-1d&end=-1h",
        "start=end-2d",
        "start=midnight",
        "start=noon%20yesterday",
        "start=20240101&end=20240131",
        "start=1700000000&end=1700003600",
        "start=-1mon",
        "start=end-1w&end=now",
        "start=now%2D1h",
        "start=8:30am%20Jan%203%202024",
    ],
)
def test_times_are_taken_as_rrdtool_takes_them(site: Site, query: str) -> None:
    site.store.add("s", rows=3)
    assert site.client.get(f"/rrd/graph/s.png?{query}").status == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("start=bogus", "start"),
        ("end=bogus", "end"),
        ("start=", "start"),
        ("start=%00", "start"),
        ("start=-4h%0A", "start"),
        ("start=%3Btouch%20x", "start"),
        ("start=--title%3Dx%00", "start"),
        ("start=-1h&end=-2h", "start"),
        ("start=-200y", "start"),
        ("end=9999999999", "end"),
        ("start=" + "9" * 30, "start"),
        ("start=" + "a" * 100, "start"),
        ("start=-1h&start=-2h", "start"),
        ("width=49", "width"),
        ("width=4001", "width"),
        ("width=1e3", "width"),
        ("width=%D9%A1%D9%A2%D9%A3", "width"),
        ("width=", "width"),
        ("height=29", "height"),
        ("height=3001", "height"),
        ("cf=average", "cf"),
        ("cf=AVERAGE%3AMAX", "cf"),
        ("theme=red", "theme"),
        ("title=yes", "title"),
        ("heigth=200", "heigth"),
    ],
)
def test_a_wrong_parameter_is_named(site: Site, query: str, parameter: str) -> None:
    site.store.add("s", rows=3)
    reply = site.client.get(f"/rrd/graph/s.png?{query}")
    assert reply.status == 400
    assert parameter in reply.text
    if parameter in ("start", "end", "cf"):
        problem = site.client.get(f"/api/v1/series/s/data?{query}").json
        assert (problem["status"], problem["parameter"]) == (400, parameter)


def test_a_consolidation_that_the_file_does_not_keep_is_named(site: Site) -> None:
    info = site.store.add("s", file=False)
    rrdtool.create(str(info.path), "--step", "10", "DS:value:GAUGE:30:U:U", "RRA:AVERAGE:0.5:6:100")
    reply = site.client.get("/rrd/graph/s.png?cf=MIN")
    assert reply.status == 400
    assert "AVERAGE" in reply.text


@pytest.mark.parametrize("size", ["width=50&height=30", "width=4000&height=3000"])
def test_the_smallest_and_the_largest_graph_are_drawn(site: Site, size: str) -> None:
    site.store.add("s", column("a"), column("b"), column("c"), label="A label that is longer than the picture is wide")
    assert site.client.get(f"/rrd/graph/s.png?{size}").body[:8] == PNG


def test_thirty_columns_are_drawn(site: Site) -> None:
    site.store.add("s", *(column(f"ds{index}") for index in range(30)), rows=20)
    assert site.client.get("/rrd/graph/s.svg").status == 200


@pytest.mark.parametrize(
    "name",
    [
        "..%2Fsecret",
        "%2e%2e%2fsecret",
        ".hidden",
        "a%00b",
        "a%2Fb",
        "a%20b",
        "%C3%A9",
        "x" * 201,
        "a%0Ab",
        "nobody",
        "%F0%9F%8C%A1",
    ],
)
def test_a_name_that_is_no_series_is_not_found(site: Site, name: str) -> None:
    (site.store.home / ".hidden.rrd").write_bytes(b"secret")
    (site.store.home.parent / "secret.rrd").write_bytes(b"secret")
    for path in (f"/rrd/graph/{name}.png", f"/rrd/rrds/{name}.rrd", f"/rrd/series/{name}", f"/api/v1/series/{name}"):
        reply = site.client.get(path)
        assert reply.status == 404
        assert b"secret" not in reply.body.replace(b"/secret", b"").replace(b"..%2Fsecret", b"")


def test_many_graphs_at_once_are_all_right(site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for index in range(8):
        site.store.add(f"s{index}", column("a", f"Läbel {index}"), rows=100)
    paths = [f"/rrd/graph/s{index % 8}.{form}?width={300 + index}" for index in range(40) for form in ("png", "svg")]
    with ThreadPoolExecutor(12) as pool:
        assert {reply.status for reply in pool.map(site.client.get, paths)} == {200}


def test_a_broken_file_is_told_and_not_a_traceback(site: Site) -> None:
    site.store.add("s", file=False).path.write_bytes(b"no rrd at all")
    reply = site.client.get("/rrd/graph/s.png")
    assert reply.status == 503
    assert "s.rrd is damaged" in reply.text
