"""Texts go out compressed to who takes that, and caches are never given the wrong encoding."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response, request
from web.sites import PUBLIC, Site

from janitoo_datalog_rrd.web.serving.compression import Compression


def many_series(site: Site) -> None:
    for number in range(20):
        site.store.add(f"s{number}", file=False)


@pytest.mark.parametrize(
    "path", ["/", "/rrd/", "/status", "/api/v1/series", "/static/style.css", "/static/page.js", "/rrd/graph/g.svg"]
)
def test_texts_are_compressed_for_who_takes_gzip(site: Site, path: str) -> None:
    many_series(site)
    site.store.add("g")
    plain, packed = site.client.get(path), site.client.get(path, Accept_Encoding="br;q=0.9, gzip, deflate")
    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body)
    # ages and times may differ by a moment
    assert abs(len(gzip.decompress(packed.body)) - len(plain.body)) < 50
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]


@pytest.mark.parametrize("wish", ["identity", "gzip;q=0", "br", ""])
def test_who_does_not_take_gzip_gets_the_text_as_it_is(site: Site, wish: str) -> None:
    many_series(site)
    reply = site.client.get("/api/v1/series", Accept_Encoding=wish)
    assert reply.headers["Content-Encoding"] is None
    assert len(reply.json["series"]) == 20


def test_pictures_files_and_small_answers_are_not_compressed(site: Site) -> None:
    site.store.add("s")
    for path in ("/rrd/graph/s.png", "/rrd/rrds/s.rrd", "/api/v1/series/s", "/rrd/rrds/index.txt"):
        reply = site.client.get(path, Accept_Encoding="gzip")
        assert (reply.status, reply.headers["Content-Encoding"]) == (200, None), path


@pytest.mark.parametrize("path", ["/static/style.css", "/rrd/graph/g.svg?end=1700000000&start=1699990000"])
def test_each_encoding_has_an_etag_of_its_own_that_is_taken_back(site: Site, path: str) -> None:
    site.store.add("g")
    plain, packed = site.client.get(path), site.client.get(path, Accept_Encoding="gzip")
    tags = plain.headers["ETag"], packed.headers["ETag"]
    assert tags[0] != tags[1]
    for tag in tags:
        again = site.client.get(path, Accept_Encoding="gzip", If_None_Match=f'"other", {tag}')
        assert (again.status, again.headers["ETag"], again.body) == (304, tag, b"")
        assert "Accept-Encoding" in again.headers["Vary"]
    assert site.client.get(path, Accept_Encoding="gzip", If_None_Match='"other-gzip"').status == 200


def test_what_was_read_compressed_can_be_changed_by_its_etag() -> None:
    app, content = Flask("x"), "one " * 1000

    def read() -> Response:
        response = Response(content)
        response.set_etag("first", weak=True)
        return response

    def change() -> str:
        return "changed" if request.if_match.contains_weak("first") else "stale"

    app.add_url_rule("/thing", "read", read)
    app.add_url_rule("/thing", "change", change, methods=["PUT"])
    Compression().register(app)
    client = app.test_client()
    tag = client.get("/thing", headers={"Accept-Encoding": "gzip"}).headers["ETag"]
    assert tag == 'W/"first-gzip"'
    assert client.put("/thing", headers={"If-Match": tag}).text == "changed"
    assert client.put("/thing", headers={"If-Match": 'W/"second-gzip"'}).text == "stale"


def test_a_static_file_may_be_asked_for_its_head_and_a_part(site: Site) -> None:
    whole = (PUBLIC / "static" / "style.css").read_bytes()
    head = site.client.ask("/static/style.css", "HEAD", Accept_Encoding="gzip")
    assert (head.headers["Content-Encoding"], head.body) == ("gzip", b"")
    part = site.client.get("/static/style.css", Accept_Encoding="gzip", Range="bytes=10-19")
    assert (part.status, part.headers["Content-Encoding"], part.body) == (206, None, whole[10:20])


def test_static_files_are_compressed_once_and_only_so_many_are_kept(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.txt").write_text("".join(str(n * number) for n in range(2000)))
    app = Flask("x", static_folder=str(tmp_path), static_url_path="/static")
    compression = Compression(most_bytes=20_000)
    compression.register(app)
    client = app.test_client()

    def ask(number: int) -> bytes:
        with client.get(f"/static/{number}.txt", headers={"Accept-Encoding": "gzip"}) as reply:
            assert reply.headers["Content-Encoding"] == "gzip"
            return reply.get_data()

    first = ask(1)
    kept = compression.bytes_kept
    assert kept == len(first)
    assert ask(1) == first
    assert compression.bytes_kept == kept
    for number in range(8):
        assert gzip.decompress(ask(number)).decode() == (tmp_path / f"{number}.txt").read_text()
    assert 0 < compression.bytes_kept <= 20_000


def test_a_changed_static_file_is_seen(tmp_path: Path) -> None:
    app = Flask("x", static_folder=str(tmp_path), static_url_path="/static")
    Compression().register(app)
    client = app.test_client()
    for text in ("one " * 1000, "other " * 1000):
        (tmp_path / "f.txt").write_text(text)
        with client.get("/static/f.txt", headers={"Accept-Encoding": "gzip"}) as reply:
            assert gzip.decompress(reply.get_data()).decode() == text
