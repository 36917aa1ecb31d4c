"""What is refused before any handler sees it: too much of a thing, methods and paths that are not there."""

from __future__ import annotations

import socket

import pytest
from web.sites import Client, Site


def raw(client: Client, request: bytes) -> bytes:
    """Send bytes, and what comes until the server closes."""
    with socket.create_connection((client.address, client.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_that_is_too_large_is_a_problem_document(site: Site) -> None:
    reply = site.client.ask("/api/v1/flush", "POST", b"x" * 70_000)
    assert (reply.status, reply.headers["Content-Type"]) == (413, "application/problem+json")
    assert (reply.json["status"], reply.json["instance"]) == (413, "/api/v1/flush")
    assert "65536" in reply.json["detail"]
    assert site.store.flushes == []


def test_an_address_that_is_too_long_is_a_problem_document(site: Site) -> None:
    reply = site.client.get(f"/api/v1/values?series={'x' * 70_000}")
    assert (reply.status, reply.headers["Content-Type"], reply.json["status"]) == (431, "application/problem+json", 431)


@pytest.mark.parametrize("line", [b"GET", b"GET /\x00 HTTP/1.1", b"GET / HTTP/1.1\r\nHost: x\r\n y: z", b"\xff\xfe / HTTP/1.1"])
def test_what_is_no_http_is_a_problem_document(site: Site, line: bytes) -> None:
    answer = raw(site.client, line + b"\r\n\r\n")
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.split()[1][:1] == b"4"
        assert b"nosniff" in head
        assert body.startswith((b"{", b"<!doctype html>"))
    assert site.client.get("/api/v1").status == 200


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "POST"])
def test_a_method_that_is_not_there_is_refused_with_those_that_are(site: Site, method: str) -> None:
    reply = site.client.ask("/api/v1/values", method)
    assert (reply.status, reply.json["status"]) == (405, 405)
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
