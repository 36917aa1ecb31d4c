"""The boards' API: what it takes, what it refuses by name, and two people at one board."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from web.sites import Reply, Site, column

from janitoo_datalog_rrd.web.boards.board import KINDS, MAX_SERIES, MAX_TILES
from janitoo_datalog_rrd.web.view import SPANS

BOARDS = "/api/v1/boards"
TILE = {"kind": "value", "series": [{"name": "s"}]}
WHOLE_TILE = {
    "kind": "chart",
    "series": [{"name": "s", "column": "value", "axis": "auto"}, {"name": "t.2", "column": "", "axis": "right"}],
    "title": "Inside and outside",
    "span": "1w",
    "width": 4,
    "height": 2,
}


def send(site: Site, method: str, path: str, body: Any, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return site.client.ask(path, method, content, **{"Content_Type": "application/json", **headers})


def make(site: Site, title: str = "Kitchen", **more: Any) -> Reply:
    reply = send(site, "POST", BOARDS, {"title": title, **more})
    assert reply.status == 201, reply.text
    return reply


def test_a_board_is_made_read_changed_and_deleted(site: Site) -> None:
    made = make(site, note="Breakfast", tiles=[WHOLE_TILE])
    assert made.headers["Location"] == f"{BOARDS}/kitchen"
    board = made.json
    assert {**board, "version": 0, "changed": 0} == {
        "id": "kitchen", "title": "Kitchen", "note": "Breakfast", "tiles": [WHOLE_TILE], "version": 0, "changed": 0,
    }  # fmt: skip
    read = site.client.get(f"{BOARDS}/kitchen")
    assert (read.json, read.headers["ETag"]) == (board, made.headers["ETag"])
    changed = send(site, "PUT", f"{BOARDS}/kitchen", {"title": "Cellar"}, If_Match=read.headers["ETag"])
    assert (changed.status, changed.json["id"], changed.json["title"], changed.json["tiles"]) == (200, "kitchen", "Cellar", [])
    (one,) = site.client.get(BOARDS).json["boards"]
    assert (one["title"], one["tiles"], one["version"]) == ("Cellar", 0, changed.json["version"])
    gone = site.client.ask(f"{BOARDS}/kitchen", "DELETE", If_Match=changed.headers["ETag"])
    assert (gone.status, gone.body) == (204, b"")
    assert site.client.get(f"{BOARDS}/kitchen").status == 404
    assert site.client.get(BOARDS).json == {"boards": []}


def test_what_is_left_out_has_a_default(site: Site) -> None:
    (tile,) = make(site, tiles=[TILE]).json["tiles"]
    series = [{"name": "s", "column": "", "axis": "auto"}]
    assert tile == {"kind": "value", "series": series, "title": "", "span": "1d", "width": 1, "height": 1}


def test_boards_are_listed_by_title(site: Site) -> None:
    for title in ("b", "Cellar", "Attic", "attic"):
        make(site, title)
    assert [(each["title"], each["id"]) for each in site.client.get(BOARDS).json["boards"]] == [
        ("Attic", "attic"), ("attic", "attic-2"), ("b", "b"), ("Cellar", "cellar"),
    ]  # fmt: skip


def test_who_has_the_board_already_is_not_sent_it_again(site: Site) -> None:
    etag = make(site).headers["ETag"]
    assert site.client.get(f"{BOARDS}/kitchen", If_None_Match=etag).status == 304
    send(site, "PUT", f"{BOARDS}/kitchen", {"title": "Other"})
    assert site.client.get(f"{BOARDS}/kitchen", If_None_Match=etag).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_second_of_two_people_is_told_and_changes_nothing(site: Site, method: str) -> None:
    etag = make(site).headers["ETag"]
    first = send(site, "PUT", f"{BOARDS}/kitchen", {"title": "First"}, If_Match=etag)
    second = send(site, method, f"{BOARDS}/kitchen", {"title": "Second"}, If_Match=etag)
    assert (first.status, second.status) == (200, 412)
    assert str(first.json["version"]) in second.json["detail"]
    assert second.headers["Content-Type"] == "application/problem+json"
    assert site.client.get(f"{BOARDS}/kitchen").json["title"] == "First"
    weak = f"W/{first.headers['ETag']}"  # as compression on the way makes it
    assert send(site, method, f"{BOARDS}/kitchen", {"title": "Third"}, If_Match=weak).status in (200, 204)


def test_a_deleted_board_is_put_back_under_its_address(site: Site) -> None:
    etag = make(site, tiles=[TILE]).headers["ETag"]
    site.client.ask(f"{BOARDS}/kitchen", "DELETE")
    assert send(site, "PUT", f"{BOARDS}/kitchen", {"title": "Late"}, If_Match=etag).status == 412
    back = send(site, "PUT", f"{BOARDS}/kitchen", {"title": "Kitchen", "tiles": [TILE]}, If_None_Match="*")
    assert (back.status, back.headers["Location"]) == (201, f"{BOARDS}/kitchen")
    assert back.headers["ETag"] != etag
    assert send(site, "PUT", f"{BOARDS}/kitchen", {"title": "Again"}, If_None_Match="*").status == 412


@pytest.mark.parametrize(
    ("body", "parameter", "said"),
    [
        ({}, "title", "is missing"),
        ({"title": ""}, "title", "expected 1 to 80"),
        ({"title": "\u202e \u200b\n"}, "title", "can be seen"),
        ({"title": "x" * 81}, "title", "81 characters"),
        ({"title": 5}, "title", "expected a text"),
        ({"title": "x", "note": None}, "note", "is null"),
        ({"title": "x", "colour": "red"}, "colour", "expected title, note, tiles"),
        ({"title": "x", "version": 1}, "version", "not a member"),
        ({"title": "x", "tiles": {}}, "tiles", "expected a list"),
        ({"title": "x", "tiles": [TILE] * (MAX_TILES + 1)}, "tiles", "expected 0 to 48"),
        ({"title": "x", "tiles": [TILE, {**TILE, "span": "2d"}]}, "tiles[1].span", "expected one of 1h"),
        ({"title": "x", "tiles": [{**TILE, "kind": "pie"}]}, "tiles[0].kind", "expected one of value"),
        ({"title": "x", "tiles": [{**TILE, "width": 5}]}, "tiles[0].width", "from 1 to 4"),
        ({"title": "x", "tiles": [{**TILE, "width": True}]}, "tiles[0].width", "is true"),
        ({"title": "x", "tiles": [{**TILE, "height": 1.5}]}, "tiles[0].height", "is 1.5"),
        ({"title": "x", "tiles": [{"kind": "value"}]}, "tiles[0].series", "is missing"),
        ({"title": "x", "tiles": [{**TILE, "series": []}]}, "tiles[0].series", "expected 1 to 8"),
        ({"title": "x", "tiles": [{**TILE, "series": [{"name": "s"}] * (MAX_SERIES + 1)}]}, "tiles[0].series", "9 items"),
        ({"title": "x", "tiles": [{**TILE, "series": [{"name": "../s"}]}]}, "tiles[0].series[0].name", "the form"),
        ({"title": "x", "tiles": [{**TILE, "series": [{"name": "s\n"}]}]}, "tiles[0].series[0].name", "the form"),
        ({"title": "x", "tiles": [{**TILE, "series": [{"name": "s", "column": ":"}]}]}, "tiles[0].series[0].column", "the form"),
        ([], "body", "expected an object"),
        (b"{", "body", "not JSON"),
        (b'{"title": "\\ud800"}', "body", "not JSON"),
        (b"\xff", "body", "not JSON"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_member(site: Site, body: Any, parameter: str, said: str) -> None:
    make(site)
    for method, path in (("POST", BOARDS), ("PUT", f"{BOARDS}/kitchen")):
        reply = send(site, method, path, body)
        assert (reply.status, reply.json["parameter"]) == (400, parameter), reply.text
        assert said in reply.json["detail"]
    assert [each["title"] for each in site.client.get(BOARDS).json["boards"]] == ["Kitchen"]


def test_a_board_that_could_not_be_sent_back_is_refused(site: Site) -> None:
    series = [{"name": "n" * 200, "column": "c" * 19, "axis": "right"}] * MAX_SERIES
    reply = send(site, "POST", BOARDS, {"title": "x", "tiles": [{**TILE, "series": series, "title": "ü" * 80}] * 30})
    assert reply.status == 413 or (reply.status, reply.json["parameter"]) == (400, "tiles")
    assert site.client.get(BOARDS).json == {"boards": []}


def test_a_form_of_a_foreign_page_is_no_board(site: Site) -> None:
    reply = site.client.ask(BOARDS, "POST", b'{"title": "x"}', Content_Type="text/plain")
    assert reply.status == 415
    assert send(site, "POST", BOARDS, {"title": "x"}, Origin="http://evil.example").status == 403
    assert site.client.get(BOARDS).json == {"boards": []}


@pytest.mark.parametrize("path", ["Kitchen", "-x", "a" * 61, "a_b", "%00", "..%2f..", "kitchen%0a"])
def test_an_id_that_no_board_can_have_is_refused(site: Site, path: str) -> None:
    reply = send(site, "PUT", f"{BOARDS}/{path}", {"title": "x"})
    assert reply.status in (400, 404, 405)
    assert site.client.get(BOARDS).json == {"boards": []}


def test_texts_are_cleaned_of_what_cannot_be_shown(site: Site) -> None:
    board = make(site, "a\u202eb\n<i>", tiles=[{**TILE, "title": "x\0y"}]).json
    assert (board["title"], board["tiles"][0]["title"]) == ("a b <i>", "x y")


def test_while_the_file_cannot_be_written_the_api_says_so(site: Site) -> None:
    make(site)
    blocked = site.services.options.home_dir / ".boards.json.tmp"
    blocked.mkdir()
    reply = send(site, "PUT", f"{BOARDS}/kitchen", {"title": "x"})
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert "boards.json cannot be written" in reply.json["detail"]
    assert site.client.get(f"{BOARDS}/kitchen").json["title"] == "Kitchen"
    assert "boards" in site.client.get("/healthz").json["problems"]


NAMES = some.text("abcXYZ019_.-", min_size=1, max_size=40).filter(lambda name: not name.startswith("."))
TILES = some.fixed_dictionaries(
    {
        "kind": some.sampled_from(sorted(KINDS)),
        "series": some.lists(
            some.fixed_dictionaries({"name": NAMES}, optional={"axis": some.sampled_from(["auto", "left", "right"])}),
            min_size=1,
            max_size=3,
        ),
    },
    optional={
        "title": some.text(max_size=80),
        "span": some.sampled_from(sorted(SPANS)),
        "width": some.integers(1, 4),
        "height": some.integers(1, 4),
    },
)
GOOD = some.fixed_dictionaries({"title": some.text(min_size=1, max_size=80)}, optional={"tiles": some.lists(TILES, max_size=5)})
JUNK = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.sampled_from(["title", "tiles", "series", "kind", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=GOOD | JUNK)
def test_whatever_is_sent_is_kept_as_it_is_answered_or_refused_with_a_name(site: Site, body: Any) -> None:
    reply = send(site, "PUT", f"{BOARDS}/any", body)
    if reply.status == 400:
        assert reply.json["parameter"]
        return
    assert reply.status in (200, 201), reply.text
    board = site.client.get(f"{BOARDS}/any").json
    assert board == reply.json
    again = {name: board[name] for name in ("title", "note", "tiles")}
    assert send(site, "PUT", f"{BOARDS}/any", again).json["tiles"] == board["tiles"]
    page = site.client.get("/boards/any")
    assert page.status == 200
    assert len(page.text.split('class="card tile"')) == len(board["tiles"]) + 1


def test_a_damaged_file_is_told_on_the_status_page(site: Site) -> None:
    (site.services.options.home_dir / "boards.json").write_bytes(b"{")
    assert site.client.get(BOARDS).json == {"boards": []}
    assert "boards.json.corrupt-" in site.client.get("/healthz").json["notes"]["boards"]
    assert "boards.json.corrupt-" in site.client.get("/status").text


def test_the_page_of_a_board_says_which_series_are_gone(site: Site) -> None:
    site.store.add("there", column(label="<b>Kitchen</b>", last=21.5))
    make(site, tiles=[{"kind": "chart", "series": [{"name": "there"}, {"name": "gone"}, {"name": "there", "column": "old"}]}])
    for path in ("/boards/kitchen", "/boards/kitchen/full"):
        page = site.client.get(path).text
        assert "There is no series gone any more." in page
        assert "there has no column old any more." in page
        assert "&lt;b&gt;Kitchen&lt;/b&gt; and 2 more" in page
        assert "<b>Kitchen" not in page
        assert "/rrd/graph/there.svg" in page
    series = site.client.get(f"{BOARDS}/kitchen").json["tiles"][0]["series"]
    assert [each["name"] for each in series] == ["there", "gone", "there"]


def test_while_the_store_is_not_up_no_series_is_said_to_be_gone(site: Site) -> None:
    make(site, tiles=[TILE])
    site.services.store = None
    for path in ("/boards/kitchen", "/boards/kitchen/full"):
        reply = site.client.get(path)
        assert reply.status == 200
        assert "any more" not in reply.text
        assert "The store is not up yet" in reply.text
