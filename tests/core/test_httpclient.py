"""Asking other servers: what an answer means, and sentences without secrets where none comes."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from support import Certificates

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.httpclient import MAX_ANSWER, Answer, HttpAddress, HttpClient, UnreachableError


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[int]] = set()

    def do_POST(self) -> None:
        self.connections.add(self.client_address[1])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
        elif self.path == "/busy":
            self.send_response(503)
            self.send_header("Retry-After", "7")
        elif self.path == "/odd-headers":
            self.send_response(200)
            self.send_header("no header", "at all")
        elif self.path == "/early":
            self.send_response_only(103)
            self.end_headers()
            self.send_response(200)
        else:
            self.send_response(200)
        if self.path == "/hangs-up":
            self.close_connection = True  # without a word of it in the headers
        if self.path == "/called-gzip":
            self.send_header("Content-Encoding", "gzip")
        body = b"x" * (MAX_ANSWER + 10) if self.path == "/long" else body
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        Handler.connections.clear()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient()
    yield made
    made.close()


def test_a_connection_that_the_server_has_closed_is_replaced(client: HttpClient, url: str) -> None:
    for _ in range(3):
        assert client.send("POST", f"{url}/hangs-up", b"body", {}).taken
    assert len(Handler.connections) == 3


def test_a_silent_server_is_not_asked_twice(url: str) -> None:
    client = HttpClient(timeout_s=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client._used = True  # as after an answer
        with pytest.raises(UnreachableError, match="in time"):
            client.send("POST", f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", {})
        silent.accept()[0].close()
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):
            silent.accept()
    client.close()


def test_one_connection_serves_many_requests(client: HttpClient, url: str) -> None:
    for _ in range(5):
        assert client.send("POST", f"{url}/", b"body", {}) == Answer(200, b"body", 0.0)
    assert len(Handler.connections) == 1


def test_a_redirect_is_not_followed(client: HttpClient, url: str) -> None:
    answer = client.send("POST", f"{url}/redirect", b"", {"Authorization": "Token secret"})
    assert (answer.status, answer.taken, answer.again) == (302, False, True)


def test_a_busy_server_says_how_long(client: HttpClient, url: str) -> None:
    assert client.send("POST", f"{url}/busy", b"", {}).retry_after_s == 7.0


def test_a_long_answer_is_cut_and_the_next_request_works(client: HttpClient, url: str) -> None:
    assert len(client.send("POST", f"{url}/long", b"", {}).body) == MAX_ANSWER
    assert client.send("POST", f"{url}/", b"a", {}).body == b"a"


def test_an_answer_that_calls_itself_compressed_and_is_not_counts(client: HttpClient, url: str) -> None:
    assert client.send("POST", f"{url}/called-gzip", b"a", {}) == (200, b"a", 0.0)


def test_what_comes_before_an_answer_is_not_taken_for_one(client: HttpClient, url: str) -> None:
    early = client.send("POST", f"{url}/early", b"a", {})
    assert (early.taken, early.again) == (False, True)
    assert client.send("POST", url, b"b", {}) == (200, b"b", 0.0)


@pytest.mark.parametrize("path", ["/secret-path", "/secret-path?t=secret-token", "/odd-headers?t=secret-token", "/redirect"])
def test_no_path_is_logged(client: HttpClient, url: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        client.send("POST", url + path, b"a", {})
    assert not [each.getMessage() for each in caplog.records if each.name.startswith("urllib3")]


@pytest.mark.parametrize(
    ("status", "taken", "again"),
    [(204, True, False), (400, False, False), (401, False, True), (429, False, True), (500, False, True)],
)
def test_what_an_answer_means(status: int, taken: bool, again: bool) -> None:
    answer = Answer(status, b"", 0.0)
    assert (answer.taken, answer.again) == (taken, again)


def test_nobody_there_is_told_without_the_address(client: HttpClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(UnreachableError, match="Connection refused") as error:
            client.send("POST", f"http://127.0.0.1:{port}/?token=secret", b"", {})
    assert "secret" not in str(error.value)


def test_certificates_that_cannot_be_loaded_are_told() -> None:
    with pytest.raises(StartError, match=r"no-such\.pem"):
        HttpClient("no-such.pem")


def test_a_certificate_of_ours_that_cannot_be_loaded_is_told_and_nobody_is_asked_for_a_password(
    certificates: Certificates, tmp_path: Path
) -> None:
    key = serialization.load_pem_private_key(certificates.client_key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    encryption = serialization.BestAvailableEncryption(b"s3cret")
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    cert = str(certificates.client_cert)
    for wrong in (locked, certificates.server_key, tmp_path / "none.key"):
        with pytest.raises(StartError, match=f"our certificate and its key in {cert} and {wrong} cannot be loaded"):
            HttpClient(cert_file=cert, key_file=str(wrong))
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.client_cert.read_bytes() + certificates.client_key.read_bytes())
    HttpClient(cert_file=str(both)).close()


def test_a_proxy_of_the_environment_gets_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        made = HttpClient(timeout_s=5.0)
        try:
            assert made.send("POST", f"{url}/", b"body", {}).body == b"body"
        finally:
            made.close()


@pytest.mark.parametrize(
    ("text", "url", "place", "authorization"),
    [
        ("https://example.org", "https://example.org", "https://example.org", None),
        ("http://[::1]:8080/a?b=c#d", "http://[::1]:8080/a?b=c", "http://[::1]:8080", None),
        ("https://me:p%40ss@example.org:1/x", "https://example.org:1/x", "https://example.org:1", "Basic bWU6cEBzcw=="),
    ],
)
def test_an_address_shows_neither_token_nor_password(text: str, url: str, place: str, authorization: str | None) -> None:
    address = HttpAddress.parse(text)
    assert (address.url, address.place, address.headers.get("Authorization")) == (url, place, authorization)
    assert repr(address) == f"HttpAddress({place})"


@pytest.mark.parametrize(
    "text", ["", "example.org", "ftp://a/", "https://", "https://a:port/s3cret", "https://a/s3 cret", "https://a..b/s3cret"]
)
def test_what_is_no_address_is_told_without_it(text: str) -> None:
    with pytest.raises(ValueError, match="expected such as https://") as error:
        HttpAddress.parse(text)
    assert "s3" not in str(error.value)
