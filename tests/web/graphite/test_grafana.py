"""Grafana's Graphite data source asks this server: each request as the data source makes it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import rrdtool
from house import janitoo, live_in
from support import Mosquitto, fetch_json, wait_until
from web.sites import STEP, Client, Reply, Site, column

from janitoo_datalog_rrd.web.graphite import names as naming
from janitoo_datalog_rrd.web.graphite.expression import parse

FORM = "application/x-www-form-urlencoded"


@dataclass
class Asked:
    """One request of the data source.

    Attributes:
        what: when it is made.
        path: with its query.
        form: what is posted; None for a GET.
        expected: what the answer must satisfy.
    """

    what: str
    path: str
    expected: Callable[[Any], bool]
    form: dict[str, Any] | None = field(default=None)


def wrapped(target: str, ref: str = "A") -> str:
    """A target as the data source sends it since version 11: the name of its query stands behind each series' name."""
    return f'aliasSub({target}, "(^.*$)", "\\1 {ref}")'


def panel(*targets: str, **more: Any) -> dict[str, Any]:
    """The form of a panel's request."""
    now = int(time.time())
    return {"target": list(targets), "from": now - 3600, "until": now + 1, "format": "json", "maxDataPoints": 300, **more}


def names(document: Any) -> list[str]:
    return [each["target"] for each in document]


ASKED = [
    Asked("save & test", "/render", lambda got: names(got) == ["100 A"], panel(wrapped("constantLine(100)"))),
    Asked("save & test of its backend", "/render", lambda got: names(got) == ["100"], panel("constantLine(100)")),
    Asked("save & test of versions before 7", "/metrics/find?query=*", lambda got: got != []),
    Asked("version", "/version", lambda got: got == "1.1.10"),
    Asked(
        "functions", "/functions", lambda got: got["scale"]["params"][1] == {"name": "factor", "type": "float", "required": True}
    ),
    Asked(
        "first segment",
        "/metrics/find?from=1700000000&until=1700003600",
        lambda got: [(each["text"], each["expandable"]) for each in got] == [("0120", 1), ("weather", 1)],
        {"query": "*"},
    ),
    Asked(
        "segment without a range, from its backend",
        "/metrics/find?from=undefined&until=undefined",
        lambda got: [(each["text"], each["leaf"]) for each in got] == [("0", 1)],
        {"query": "0120.0001.cpu.*"},
    ),
    Asked(
        "columns of a file",
        "/metrics/find",
        lambda got: [each["text"] for each in got] == ["humidity", "temperature"],
        {"query": "weather.*"},
    ),
    Asked(
        "variable with expand()",
        "/metrics/expand?query=0120.*.{cpu,none}.?&from=-1h&until=now",
        lambda got: got == {"results": ["0120.0001.cpu.0", "0120.0002.cpu.0"]},
    ),
    Asked(
        "panel", "/render", lambda got: names(got) == ["0120.0001.cpu.0 A", "0120.0002.cpu.0 A"], panel(wrapped("0120.*.cpu.0"))
    ),
    Asked(
        "panel of several queries",
        "/render",
        lambda got: names(got) == ["weather.humidity A", "averageSeries(0120.*.cpu.0) B"],
        panel(wrapped("weather.humidity"), wrapped("averageSeries(0120.*.cpu.0)", "B"), cacheTimeout="60", meta="true"),
    ),
    Asked(
        "panel of functions as its editor writes them",
        "/render",
        lambda got: names(got) == ["0001 A", "0002 A"],
        panel(wrapped("aliasByNode(scale(summarize(0120.*.cpu.0, '1min', 'avg', false), 10), 1)")),
    ),
    Asked(
        "panel of relative times",
        "/render",
        lambda got: len(got) == 1,
        panel(wrapped("weather.humidity"), **{"from": "-1h", "until": "now"}),
    ),
    Asked("tags of the editor", "/tags/autoComplete/tags?expr=a%3Db&expr=c%3Dd&limit=10000", lambda got: got == []),
    Asked("values of the editor", "/tags/autoComplete/values?expr=a%3Db&tag=name&valuePrefix=x&limit=100", lambda got: got == []),
    Asked("tags", "/tags?from=-1h&until=now", lambda got: got == []),
    Asked("annotations of events", "/events/get_data?from=-1h&until=now&tags=deploy", lambda got: got == []),
    Asked(
        "annotations of a metric",
        "/render",
        lambda got: len(got) == 1,
        panel(wrapped("weather.humidity", "Anno"), maxDataPoints=100),
    ),
]


@pytest.fixture
def filled(site: Site) -> Site:
    """A server with two series of one column and one of two."""
    site.store.add("0120.0001.cpu.0")
    site.store.add("0120.0002.cpu.0")
    site.store.add("weather", column("temperature"), column("humidity"))
    return site


def send(client: Client, asked: Asked) -> Reply:
    headers = {"Accept": "application/json, text/plain, */*", "X_Grafana_Org_Id": "1", "Sec_Fetch_Site": "same-origin"}
    if asked.form is None:
        return client.get(asked.path, **headers)
    body = urlencode(asked.form, doseq=True).encode()
    return client.ask(asked.path, "POST", body, **headers, Content_Type=FORM)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.what)
def test_the_data_source_gets_what_it_asks_for(filled: Site, asked: Asked) -> None:
    reply = send(filled.client, asked)
    assert reply.status == 200, reply.text
    document = json.loads(reply.text) if "json" in reply.headers["Content-Type"] else reply.text
    assert asked.expected(document), document


def render(site: Site, *targets: str, **more: Any) -> Any:
    reply = site.client.get("/render?" + urlencode({"target": targets, **more}, doseq=True))
    assert reply.status == 200, reply.text
    return reply.json


def test_a_get_is_answered_as_a_post(filled: Site) -> None:
    form = panel("weather.*", until="now", **{"from": "-10min"})
    posted = send(filled.client, Asked("", "/render", bool, form)).json
    assert names(render(filled, "weather.*", **{"from": "-10min"})) == names(posted)


def test_a_number_stands_where_its_step_begins(filled: Site) -> None:
    (line,) = render(filled, "weather.humidity", **{"from": "-5min"})
    rows = {time: row[1] for time, row in rows_of(filled, "weather").items()}
    points = {time: value for value, time in line["datapoints"] if value is not None}
    assert len(points) > 20
    for begin, value in points.items():
        assert rows[begin + STEP] == value


def rows_of(site: Site, name: str) -> dict[int, tuple[float | None, ...]]:
    """Rows of a file by RRD's own time, that of their ends."""
    (start, _, step), _, rows = rrdtool.fetch(str(site.store.series[name].path), "AVERAGE", "--start", "-1h")
    return {start + at * step: row for at, row in enumerate(rows, 1)}


def test_no_number_is_older_than_from_and_none_later_than_until(filled: Site) -> None:
    begin, end = int(time.time()) - 600, int(time.time()) - 300
    for line in render(filled, "weather.*", **{"from": begin, "until": end}):
        times = [point[1] for point in line["datapoints"]]
        assert times == list(range(times[0], times[-1] + 1, STEP))
        assert begin < times[0] <= begin + STEP
        assert end - STEP < times[-1] <= end


def test_what_is_cached_is_in_the_answer(filled: Site) -> None:
    now = int(time.time()) // STEP * STEP
    filled.store.cache("weather", now + STEP, 1.0, 99.0)
    filled.store.cache("weather", now + 2 * STEP, 1.0, 99.0)
    (line,) = render(filled, "weather.humidity", until=now + 60, **{"from": "-10min"})
    assert 99.0 in [value for value, _ in line["datapoints"]]


def test_more_points_than_a_panel_can_show_are_put_together(filled: Site) -> None:
    (whole,) = render(filled, "weather.humidity", **{"from": "-50min"})
    (thin,) = render(filled, "weather.humidity", **{"from": "-50min"}, maxDataPoints=25)
    assert len(whole["datapoints"]) > 200
    times = [point[1] for point in thin["datapoints"]]
    step = times[1] - times[0]
    assert len(times) <= 26
    assert all(each % step == 0 for each in times)
    value, begin = thin["datapoints"][3]
    together = [each for each, time in whole["datapoints"] if begin <= time < begin + step]
    assert value == pytest.approx(sum(together) / len(together))


def test_a_time_that_lies_ahead_has_no_numbers_and_costs_none(filled: Site) -> None:
    (line,) = render(filled, "weather.humidity", **{"from": "-10min", "until": "4000000000"})
    assert line["datapoints"][-1][1] < time.time() + 2 * STEP
    assert render(filled, "weather.humidity", **{"from": "3900000000", "until": "4000000000"}) == []


def test_a_series_that_has_no_file_yet_is_listed_and_has_no_numbers(site: Site) -> None:
    site.store.add("new", file=False)
    assert site.client.get("/metrics/find?query=*").json[0]["text"] == "new"
    assert render(site, "new", "n*") == []


def test_a_name_that_is_a_metric_and_a_branch_can_be_both(site: Site) -> None:
    site.store.add("a.b")
    site.store.add("a.b.c")
    (node,) = site.client.get("/metrics/find?query=a.*").json
    assert (node["leaf"], node["expandable"]) == (1, 1)
    assert names(render(site, "a.b", "a.b.*")) == ["a.b", "a.b.c"]


def test_every_path_of_the_index_can_be_drawn(filled: Site) -> None:
    paths = filled.client.get("/metrics/index.json").json
    assert paths == ["0120.0001.cpu.0", "0120.0002.cpu.0", "weather.humidity", "weather.temperature"]
    assert names(render(filled, *paths)) == paths
    for path in paths:
        assert filled.client.get(f"/metrics/find?query={path}").json[0]["leaf"] == 1


def test_a_completer_gets_what_begins_so(filled: Site) -> None:
    document = filled.client.get("/metrics/find?format=completer&query=weather.h").json
    assert document == {"metrics": [{"path": "weather.humidity", "name": "humidity", "is_leaf": "1"}]}


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("target=nope(weather.*)", "target", "nope"),
        ("target=scale(weather.*", "target", "parenthesis"),
        ("target=scale(weather.*)", "target", "factor"),
        ("target=scale(weather.*,'a')", "target", "a number"),
        ("target=scale(weather.*,none)", "target", "factor"),
        ("target=summarize(weather.*,none)", "target", "intervalString"),
        ("target=scale(weather.*,1,2)", "target", "3 arguments"),
        ("target=summarize(weather.*,'soon')", "target", "intervalString"),
        ("target=summarize(weather.*,'1h','best')", "target", "func"),
        ("target=summarize(weather.humidity,'1s')&from=1", "target", None),
        ("target=aliasSub(weather.*,'(','')", "target", "aliasSub"),
        ("target=aliasSub(weather.*,'(?R)','')", "target", "calls itself"),
        ("target=aliasSub(weather.*,'(a(?1))','')", "target", "calls itself"),
        ("target=aliasSub(weather.*,'a','%5C9')", "target", "aliasSub"),
        ("target=" + "absolute(" * 40 + "a" + ")" * 40, "target", "30"),
        ("target=" + "{a,b}" * 12, "target", "1000"),
        ("target=" + "{a,b}" * 9 + "{" + "," * 7000 + "}", "target", "1000"),
        ("target={a,b}" + "{}" * 1000, "target", "30 braces"),
        ("target=" + "*a" * 200, "target", "300 characters"),
        ("target=sum(" + ",".join(f"{each}*" for each in range(301)) + ")", "target", "300 patterns"),
        ("target=aliasByNode(weather.*" + ",0" * 1000 + ")", "target", "at most 32"),
        ("target={" + ",".join(f"{each}*" for each in range(30)) + "}", "target", "20"),
        ("target=scale(a,1e999)", "target", "large"),
        ("target=constantLine(1)&from=someday", "from", "someday"),
        ("target=constantLine(1)&until=12parsecs", "until", "12parsecs"),
        ("target=constantLine(1)&from=now", "from", "same time"),
        ("target=constantLine(1)&maxDataPoints=many", "maxDataPoints", "whole number"),
        ("target=constantLine(1)&format=png", "format", "json"),
    ],
)
def test_what_cannot_be_answered_is_a_400_that_names_the_parameter(
    filled: Site, query: str, parameter: str, said: str | None
) -> None:
    reply = filled.client.get("/render?" + query)
    if said is None:
        assert reply.status in (200, 400)
        return
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert reply.json["parameter"] == parameter
    assert said in reply.json["detail"]
    assert reply.json["message"] == reply.json["detail"]  # where Grafana looks for what it shows


def test_an_unknown_function_is_named_with_those_that_are_known(filled: Site) -> None:
    detail = filled.client.get("/render?target=asPercent(weather.*)").json["detail"]
    assert "asPercent" in detail
    assert "movingAverage" in detail


@pytest.mark.parametrize("query", ["", "query=", "query=%20"])
def test_find_without_a_query_is_a_400(filled: Site, query: str) -> None:
    reply = filled.client.get(f"/metrics/find?{query}")
    assert (reply.status, reply.json["parameter"]) == (400, "query")


def test_a_pattern_that_would_take_for_ever_is_refused_soon(filled: Site) -> None:
    name = "a" * 60 + "b"
    target = f"aliasSub(alias(weather.humidity,'{name}'),'(a|a|aa)+$','')"
    reply = filled.client.get("/render?" + urlencode({"target": target}))
    assert reply.status == 400
    assert "too long" in reply.json["detail"]


def test_more_metrics_than_one_request_may_read_are_refused(site: Site) -> None:
    for index in range(1001):
        site.store.add(f"many.{index}", file=False)
    assert site.client.get("/render?target=many.*").json["parameter"] == "target"
    assert site.client.get("/render?target=many.10*").status == 200


def test_more_numbers_than_one_request_may_read_are_refused(site: Site) -> None:
    for index in range(120):
        site.store.add(f"many.{index}", rows=0)
    reply = site.client.get("/render?target=many.*&from=-1d")
    assert (reply.status, reply.json["parameter"]) == (400, "target")
    assert site.client.get("/render?target=many.*&from=-1min").status == 200


def test_a_long_name_that_many_lines_have_is_read_once(filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str) -> Any:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(naming, "parse", counted)
    name = "f(" * 25 + "a.b" + ",0" * 300 + ")" * 25
    drawn = render(filled, f"aliasByNode(alias(weather.*,'{name}')" + ",1" * 30 + ")")
    assert len(drawn) > 1
    assert set(names(drawn)) == {".".join("b" * 30)}
    assert read == [name]


def test_nested_windows_cannot_be_made_to_read_without_end(filled: Site) -> None:
    target = "movingAverage(" * 25 + "weather.humidity" + ",2)" * 25
    assert filled.client.get("/render?" + urlencode({"target": target})).json["parameter"] == "target"


def test_a_foreign_page_learns_nothing(filled: Site) -> None:
    reply = filled.client.get("/render?target=weather.*", Origin="http://elsewhere.example")
    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


def test_a_wrong_method_is_told_to_programs_too(filled: Site) -> None:
    reply = filled.client.ask("/render", "DELETE")
    assert (reply.status, reply.headers["Content-Type"]) == (405, "application/problem+json")


def test_what_is_published_is_found_and_drawn(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """From the broker to the data source's answer, through a whole server."""
    with live_in(tmp_path, mosquitto) as house:
        house.publish(janitoo("0120/0001", "power", 40), janitoo("0120/0002", "power", 2))

        def drawn() -> Any:
            form = {"target": wrapped("sumSeries(0120.*.power.0)"), "from": "-1min", "until": "now"}
            (line,) = fetch_json(f"{house.url}/render?{urlencode(form)}") or [{"datapoints": []}]
            return [value for value, _ in line["datapoints"] if value is not None] and line

        line = wait_until(drawn, what="the numbers")
        assert line["target"] == "sumSeries(0120.*.power.0) A"
        assert {value for value, _ in line["datapoints"] if value is not None} <= {2.0, 40.0, 42.0}
        (node,) = fetch_json(f"{house.url}/metrics/find?query=0120.0001.*")
        assert (node["text"], node["expandable"]) == ("power", 1)
