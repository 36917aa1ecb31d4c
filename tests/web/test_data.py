"""Values and rows over the API: what a chart, a script or a spreadsheet gets, and in which form."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest
import rrdtool
from web.sites import STEP, Site, column

BEGIN = 1_700_000_400  # a multiple of 1200


def make(site: Site, name: str, step: int, numbers: list[float | None], *rras: str, more: tuple[str, ...] = ()) -> None:
    """A series whose rows from BEGIN on hold some numbers."""
    columns = (column("value", name.title()), *(column(each, each) for each in more))
    info = site.store.add(name, *columns, file=False)
    kept = rras or (f"RRA:AVERAGE:0.5:1:{max(len(numbers), 400)}",)
    sources = (f"DS:{each.name}:GAUGE:{step}:U:U" for each in columns)
    rrdtool.create(str(info.path), "--start", str(BEGIN), "--step", str(step), *sources, *kept)
    for index, number in enumerate(numbers):
        text = "U" if number is None else repr(float(number))
        rrdtool.update(str(info.path), ":".join([str(BEGIN + (index + 1) * step), *[text] * len(columns)]))


def span(seconds: int) -> str:
    return f"start={BEGIN}&end={BEGIN + seconds}"


def table(document: dict[str, Any]) -> dict[int, tuple[float | None, ...]]:
    """Rows of an answer by time."""
    columns = (each["values"] for each in document["columns"])
    return dict(zip(document["times"], zip(*columns, strict=True), strict=True))


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# -- one series --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/series/s/data?", "/api/v1/data?series=s&"])
def test_rows_are_what_was_written_with_null_in_the_gaps(site: Site, path: str) -> None:
    make(site, "s", 10, [1, 2, None, None, 5, 6])
    document = site.client.get(f"{path}{span(80)}").json
    assert (document["start"], document["end"], document["step"]) == (BEGIN, BEGIN + 80, 10)
    assert document["times"] == [BEGIN + 10 * index for index in range(1, 9)]
    (line,) = document["columns"]
    assert line["values"] == [1, 2, None, None, 5, 6, None, None]
    assert (line["series"], line["column"], line["cf"], line["label"], line["units"]) == ("s", "value", "AVERAGE", "S", "°C")


def test_rows_hold_samples_that_were_only_cached(site: Site) -> None:
    make(site, "s", 10, [1, 2])
    site.store.cache("s", BEGIN + 30, 42.5)
    assert table(site.client.get(f"/api/v1/series/s/data?{span(30)}").json)[BEGIN + 30] == (42.5,)


def test_a_row_that_the_span_only_touches_is_left_out(site: Site) -> None:
    make(site, "s", 10, [1, 2, 3, 4])
    assert site.client.get(f"/api/v1/data?series=s&start={BEGIN + 10}&end={BEGIN + 30}").json["columns"][0]["values"] == [2, 3]
    assert site.client.get(f"/api/v1/data?series=s&start={BEGIN + 9}&end={BEGIN + 31}").json["columns"][0]["values"] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(("step", "got", "numbers"), [(1, 10, [1, 2, 3, 4, 5, 6]), (15, 20, [1.5, 3.5, 5.5]), (60, 60, [3.5])])
def test_a_step_that_is_asked_for_is_rounded_up_to_what_the_file_keeps(
    site: Site, step: int, got: int, numbers: list[float]
) -> None:
    make(site, "s", 10, [1, 2, 3, 4, 5, 6])
    document = site.client.get(f"/api/v1/series/s/data?{span(60)}&step={step}").json
    assert (document["step"], document["columns"][0]["values"]) == (got, numbers)


def test_every_consolidation_that_is_asked_for_is_a_column(site: Site) -> None:
    rras = [f"RRA:{cf}:0.5:6:20" for cf in ("AVERAGE", "MIN", "MAX")]
    make(site, "s", 10, [1, 2, 3, 4, 5, 9] * 2, *rras)
    document = site.client.get(f"/api/v1/series/s/data?{span(120)}&cf=MAX&cf=AVERAGE&cf=MIN&cf=MAX").json
    assert [(each["cf"], each["values"]) for each in document["columns"]] == [
        ("MAX", [9, 9]),
        ("AVERAGE", [4, 4]),
        ("MIN", [1, 1]),
    ]
    refused = site.client.get(f"/api/v1/series/s/data?{span(120)}&cf=LAST")
    assert (refused.status, refused.json["parameter"]) == (400, "cf")


@pytest.mark.parametrize("path", ["/api/v1/series/s/data", "/api/v1/data?series=s"])
def test_a_series_without_a_file_is_unknown_throughout(site: Site, path: str) -> None:
    site.store.add("s", file=False)
    document = site.client.get(path).json
    assert document["step"] == STEP
    assert set(document["columns"][0]["values"]) == {None}


def test_more_data_than_fits_in_memory_is_refused(site: Site) -> None:
    info = site.store.add("s", file=False)
    rrdtool.create(str(info.path), "--step", "1", "DS:value:GAUGE:30:U:U", "RRA:AVERAGE:0.5:1:3000000")
    for more, parameter in (("", "max_points"), ("&max_points=100", "start"), ("&step=3600", "start")):
        problem = site.client.get(f"/api/v1/series/s/data?start=-30d{more}").json
        assert (problem["status"], problem["parameter"]) == (400, parameter)
    assert site.client.get("/api/v1/series/s/data?start=-1d").status == 200


def test_a_board_of_many_series_is_read_more_coarsely_before_it_is_refused(site: Site) -> None:
    archives = [f"RRA:{cf}:0.5:{steps}:{8640 // steps}" for cf in ("AVERAGE", "MIN", "MAX") for steps in (1, 6)]
    names = [f"s{number}" for number in range(50)]
    for name in names:
        info = site.store.add(name, file=False)
        rrdtool.create(str(info.path), "--start", str(BEGIN), "--step", "10", "DS:value:GAUGE:30:U:U", *archives)
        rrdtool.update(str(info.path), f"{BEGIN + 86390}:1", f"{BEGIN + 86400}:5")
    query = "&".join(f"series={name}" for name in names)
    reply = site.client.get(f"/api/v1/data?{query}&{span(86400)}&max_points=1000&cf=AVERAGE&cf=MIN&cf=MAX")
    assert reply.status == 200, reply.text
    assert len(reply.json["columns"]) == 150
    assert site.client.get(f"/api/v1/data?{query}&{span(86400)}&cf=AVERAGE&cf=MIN&cf=MAX").json["parameter"] == "max_points"


def test_a_long_span_of_a_short_file_costs_what_the_file_has(site: Site) -> None:
    make(site, "s", 1, [1, 2, 3])
    document = site.client.get("/api/v1/data?series=s&start=-45y&max_points=1000").json
    assert "columns" in document, document
    known = [value for value in document["columns"][0]["values"] if value is not None]
    assert len(document["times"]) <= 1000
    assert (min(known), max(known)) == (1, 3)


def test_a_damaged_file_is_told_before_librrd_is_let_at_it(site: Site) -> None:
    make(site, "s", 10, [1, 2])
    path = site.store.series["s"].path
    content = bytearray(path.read_bytes())
    content[24:32] = (10**9).to_bytes(8, "little")  # so many data sources
    path.write_bytes(content)
    reply = site.client.get("/api/v1/data?series=s")
    assert (reply.status, "damaged" in reply.json["detail"]) == (503, True)


# -- many series -------------------------------------------------------------------------------------


def test_series_of_different_steps_stand_at_common_times(site: Site) -> None:
    make(site, "fine", 10, [1, 2, 3, None, None, None, 7, 8])
    make(site, "coarse", 30, [10, 20, 30])
    document = site.client.get(f"/api/v1/data?series=fine&series=coarse&{span(90)}").json
    assert document["step"] == 30
    assert table(document) == {BEGIN + 30: (2, 10), BEGIN + 60: (None, 20), BEGIN + 90: (7.5, 30)}


def test_steps_that_do_not_fit_into_each_other_meet_at_their_common_multiple(site: Site) -> None:
    make(site, "two", 20, [1, 2, 3])
    make(site, "three", 30, [10, 20])
    document = site.client.get(f"/api/v1/data?series=two&series=three&{span(60)}").json
    assert (document["step"], table(document)) == (60, {BEGIN + 60: (2, 15)})


def test_one_column_of_a_series_can_be_asked_for(site: Site) -> None:
    make(site, "s", 10, [1], more=("other",))
    both = site.client.get(f"/api/v1/data?series=s&{span(10)}").json
    assert [each["column"] for each in both["columns"]] == ["value", "other"]
    one = site.client.get(f"/api/v1/data?series=s:other&{span(10)}").json
    assert [(each["column"], each["values"]) for each in one["columns"]] == [("other", [1])]
    for unknown in ("s:third", "s:", "nobody", ":other", "s:other:x"):
        reply = site.client.get(f"/api/v1/data?series={unknown}")
        assert (reply.status, reply.json["parameter"]) == (404, "series")


@pytest.mark.parametrize("units", ["Wh", "Wh/s"])
def test_rows_of_a_counter_are_rates_and_say_so(site: Site, units: str) -> None:
    site.store.add("s", column("value", "Energy", units, 17.0, "COUNTER"), rows=3)
    assert site.client.get("/api/v1/data?series=s").json["columns"][0]["units"] == "Wh/s"
    assert site.client.get("/api/v1/values").json["values"][0]["units"] == "Wh"


def test_a_series_that_is_asked_for_twice_is_answered_once(site: Site) -> None:
    make(site, "s", 10, [1])
    assert len(site.client.get("/api/v1/data?series=s&series=s").json["columns"]) == 1


# -- thinned out -------------------------------------------------------------------------------------


def test_a_peak_of_one_row_survives_when_a_chart_shows_fewer(site: Site) -> None:
    numbers: list[float | None] = [float(index % 7) for index in range(5000)]
    numbers[1234], numbers[4321] = 99.0, -99.0
    make(site, "s", 10, numbers, "RRA:AVERAGE:0.5:1:6000", "RRA:AVERAGE:0.5:60:200")
    document = site.client.get(f"/api/v1/data?series=s&{span(50000)}&max_points=200").json
    (line,) = document["columns"]
    assert 100 < len(document["times"]) <= 200
    assert (max(line["values"]), min(line["values"])) == (99, -99)
    at = document["times"][line["values"].index(99)]
    assert abs(at - (BEGIN + 12350)) <= 2 * document["step"]


def test_a_peak_survives_beside_a_series_of_a_coarser_step(site: Site) -> None:
    make(site, "fine", 10, [1.0] * 35 + [50.0] + [1.0] * 84)
    make(site, "coarse", 600, [5, 6])
    document = site.client.get(f"/api/v1/data?series=fine&series=coarse&{span(1200)}&max_points=100").json
    fine, coarse = (each["values"] for each in document["columns"])
    assert (max(fine), max(coarse), min(coarse)) == (50, 6, 5)


def test_a_band_of_min_and_max_holds_the_line(site: Site) -> None:
    make(site, "s", 10, [float((index * 37) % 101) for index in range(2000)])
    lines = site.client.get(f"/api/v1/data?series=s&{span(20000)}&max_points=150&cf=MIN&cf=AVERAGE&cf=MAX").json["columns"]
    for low, line, high in zip(*(each["values"] for each in lines), strict=True):
        assert low <= line <= high


def test_few_rows_are_not_thinned_out(site: Site) -> None:
    make(site, "s", 10, [1, 2, 3])
    assert table(site.client.get(f"/api/v1/data?series=s&{span(30)}&max_points=10").json) == table(
        site.client.get(f"/api/v1/data?series=s&{span(30)}").json
    )


# -- times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "seconds"),
    [
        ("2024-01-31T12:00:00Z", 1706702400),
        ("2024-01-31T13:30:00%2B01:30", 1706702400),
        ("2024-01-31T13:30:00+01:30", 1706702400),  # a plus that is not written as %2B
        ("2024-01-31T07:00:00.250-0500", 1706702400),
        ("1706702400", 1706702400),
    ],
)
def test_times_can_be_written_as_iso_8601(site: Site, start: str, seconds: int) -> None:
    site.store.add("s", rows=3)
    assert site.client.get(f"/api/v1/data?series=s&start={start}&end=start%2B1h").json["start"] == seconds


def test_a_day_begins_at_midnight_of_the_server(site: Site) -> None:
    site.store.add("s", rows=3)
    midnight = int(time.mktime((2024, 1, 31, 0, 0, 0, 0, 0, -1)))
    for day in ("2024-01-31", "2024-01-31T00:00", "20240131"):
        assert site.client.get(f"/api/v1/data?series=s&start={day}&end=2024-02-01").json["start"] == midnight


# -- values ------------------------------------------------------------------------------------------


def test_the_last_value_of_everything_comes_in_one_call(site: Site) -> None:
    site.store.add("a", column("x", "Kitchen", "°C", 21.5, last_time=1700000000.5), column("y", "", "W", None, last_time=None))
    site.store.add("b", column("value", "Count", "Wh/s", float("nan"), "COUNTER"), label="Meter", file=False)
    document = site.client.get("/api/v1/values").json
    assert abs(document["time"] - time.time()) < 60
    assert document["values"][0] == {
        "series": "a",
        "column": "x",
        "label": "Kitchen",
        "units": "°C",
        "type": "GAUGE",
        "node": "0100/0001",
        "value": 21.5,
        "time": 1700000000.5,
    }
    assert [(each["label"], each["value"], each["units"]) for each in document["values"][1:]] == [
        ("a", None, "W"),
        ("Count", None, "Wh"),
    ]


def test_values_of_some_series_can_be_asked_for(site: Site) -> None:
    for name in "abc":
        site.store.add(name, file=False)
    found = site.client.get("/api/v1/values?series=c&series=a&series=c").json["values"]
    assert [each["series"] for each in found] == ["c", "a"]
    unknown = site.client.get("/api/v1/values?series=a&series=d")
    assert (unknown.status, unknown.json["parameter"]) == (404, "series")


def test_who_has_the_values_is_told_so_until_one_changes(site: Site) -> None:
    site.store.add("a", column(last=1.0, last_time=5.0), file=False)
    first = site.client.get("/api/v1/values")
    again = site.client.get("/api/v1/values", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    site.store.add("a", column(last=2.0, last_time=6.0), file=False)
    assert site.client.get("/api/v1/values", If_None_Match=first.headers["ETag"]).status == 200


def test_who_has_the_rows_is_told_so_until_the_file_changes(site: Site) -> None:
    make(site, "s", 10, [1, 2])
    path = f"/api/v1/data?series=s&{span(30)}"
    first = site.client.get(path)
    assert site.client.get(path, If_None_Match=first.headers["ETag"]).status == 304
    assert site.client.get(f"{path}&cf=MAX", If_None_Match=first.headers["ETag"]).status == 200
    assert site.client.get(path, If_None_Match=first.headers["ETag"], Accept="text/csv").status == 200
    site.store.cache("s", BEGIN + 30, 3)
    assert table(site.client.get(path, If_None_Match=first.headers["ETag"]).json)[BEGIN + 30] == (3,)


# -- CSV ---------------------------------------------------------------------------------------------


def test_rows_come_as_csv_with_both_forms_of_time(site: Site) -> None:
    make(site, "s", 10, [1, None, -2.5])
    reply = site.client.get(f"/api/v1/data?series=s&{span(30)}", Accept="text/csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert reply.text == (
        "time,epoch,s:value:AVERAGE\r\n"
        f"2023-11-14T22:20:10Z,{BEGIN + 10},1.0\r\n"
        f"2023-11-14T22:20:20Z,{BEGIN + 20},\r\n"
        f"2023-11-14T22:20:30Z,{BEGIN + 30},-2.5\r\n"
    )
    assert site.client.get(f"/api/v1/series/s/data?{span(30)}&format=csv").text == reply.text


@pytest.mark.parametrize("path", ["/values", "/series", "/nodes"])
def test_lists_come_as_csv(site: Site, path: str) -> None:
    site.store.add("a", column(last=1.5, last_time=1700000000.0), label="Tür, hinten")
    json, reply = site.client.get(f"/api/v1{path}"), site.client.get(f"/api/v1{path}", Accept="text/csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    assert json.headers["Vary"] == reply.headers["Vary"] == "Accept, Accept-Encoding"
    (row,) = rows_of(reply.text)
    if path == "/nodes":
        assert (row["hadd"], row["series"], row["online"]) == ("0100/0001", "1", "")
    else:
        assert "Tür, hinten" in row.values()
        assert {"2023-11-14T22:13:20Z", "1700000000.0", "1.5", "GAUGE"} <= set(row.values())


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_a_label_is_no_formula_in_a_spreadsheet(site: Site, label: str) -> None:
    site.store.add("s", column("value", label), label=label, file=False)
    for path in ("/values", "/series"):
        row = rows_of(site.client.get(f"/api/v1{path}", Accept="text/csv").text)[0]
        assert row["label"] == "'" + label.strip()


def test_a_label_breaks_no_line(site: Site) -> None:
    site.store.add("s", column("value", 'a"b\r\nc,d\u202e\0'), file=False)
    assert rows_of(site.client.get("/api/v1/values?format=csv").text)[0]["label"] == 'a"b c,d'


def test_the_next_page_of_a_csv_stands_in_a_header(site: Site) -> None:
    for name in "abc":
        site.store.add(name, file=False)
    first = site.client.get("/api/v1/series?limit=2&format=csv")
    target, _, relation = first.headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    second = site.client.get(target.strip("<>"))
    assert [row["name"] for row in rows_of(first.text) + rows_of(second.text)] == ["a", "b", "c"]
    assert second.headers["Link"] is None


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/*", "text/csv"),
        ("application/json;q=0.4, text/csv;q=0.5", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;q=0.9, */*;q=0.1", "text/csv"),
        ("application/json;charset=utf-8", "application/json"),
        ("image/png", "application/problem+json"),
        ("*/*;q=0", "application/problem+json"),
    ],
)
def test_the_header_accept_chooses_the_form(site: Site, accept: str, expected: str) -> None:
    reply = site.client.get("/api/v1/values", Accept=accept)
    assert reply.headers["Content-Type"].partition(";")[0] == expected
    assert reply.status == (406 if "problem" in expected else 200)


def test_asking_for_the_head_costs_no_body(site: Site) -> None:
    make(site, "s", 10, [1])
    for path in ("/values", f"/data?series=s&{span(10)}", "/series", "/series/s", "/nodes"):
        full, head = site.client.get(f"/api/v1{path}"), site.client.ask(f"/api/v1{path}", "HEAD")
        assert (head.status, head.body, head.headers["Content-Type"]) == (200, b"", full.headers["Content-Type"])
