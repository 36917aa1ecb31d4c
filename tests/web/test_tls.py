"""TLS: what is served over it, who is turned away, and that nobody who dawdles holds up the others."""

from __future__ import annotations

import gzip
import http.client
import logging
import os
import random
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from support import Certificates, make_certificates, wait_until
from web.listening import Listening
from web.sites import RrdStore, make_services

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.server import WebServer, make_tls
from janitoo_datalog_rrd.web.serving.pinning import pinned
from janitoo_datalog_rrd.web.serving.tls import TlsSocket


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    made.server_key.chmod(0o600)
    made.client_key.chmod(0o600)
    return made


@pytest.fixture
def services(tmp_path: Path, store: RrdStore, certificates: Certificates) -> Services:
    """A server with a certificate."""
    paths = {"http_tls_cert": str(certificates.server_cert), "http_tls_key": str(certificates.server_key)}
    return make_services(tmp_path, store, **paths)


@pytest.fixture
def port(services: Services, serve: Callable[..., WebServer]) -> int:
    return serve(services).port


@pytest.fixture
def trusting(certificates: Certificates) -> ssl.SSLContext:
    """A client that trusts our authority."""
    return ssl.create_default_context(cafile=str(certificates.ca))


def ask(port: int, context: ssl.SSLContext, path: str, **headers: str) -> http.client.HTTPResponse:
    """One request on a connection of its own; the body is read by the test."""
    connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=context)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def body(port: int, context: ssl.SSLContext, path: str, **headers: str) -> bytes:
    with ask(port, context, path, **headers) as response:
        assert response.status == 200
        return response.read()


@pytest.fixture
def shaken(port: int, trusting: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A connection after its handshake."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    with trusting.wrap_socket(plain, server_hostname="localhost") as made:
        yield made


def test_pages_graphs_and_the_api_are_served(port: int, trusting: ssl.SSLContext, store: RrdStore) -> None:
    store.add("s")
    assert b"<!doctype html>" in body(port, trusting, "/")
    assert body(port, trusting, "/rrd/graph/s.png").startswith(b"\x89PNG")
    assert body(port, trusting, "/rrd/rrds/s.rrd") == store.series["s"].path.read_bytes()
    packed = body(port, trusting, "/static/style.css", Accept_Encoding="gzip")
    assert gzip.decompress(packed) == body(port, trusting, "/static/style.css")


def test_a_connection_is_kept_open_over_many_requests(port: int, trusting: ssl.SSLContext) -> None:
    connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=trusting)
    connection.connect()
    first = connection.sock
    for _ in range(20):
        connection.request("GET", "/healthz")
        with connection.getresponse() as response:
            assert response.read().startswith(b"{")
    assert connection.sock is first
    connection.close()


def test_a_large_answer_arrives_whole_however_slowly_it_is_read(
    port: int, shaken: ssl.SSLSocket, store: RrdStore, trusting: ssl.SSLContext
) -> None:
    for number in range(4000):
        store.add(f"{'name' * 30}{number}", label="x" * 100, file=False)
    shaken.sendall(b"GET /api/v1/series?limit=1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    received = b""
    while True:
        part = shaken.recv(3000)
        if not part:
            break
        received += part
        if len(received) < 60_000:
            select.select([], [], [], 0.01)  # the server's buffers fill up meanwhile
    head, _, text = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(text)}".encode() in head
    assert len(text) > 900_000
    assert text.endswith(b"}")


def test_many_clients_at_once_get_what_they_asked_for(port: int, trusting: ssl.SSLContext, store: RrdStore) -> None:
    for number in range(40):
        store.add(f"s{number}", label=str(number) * 2000, file=False)

    def one(number: int) -> bool:
        text = body(port, trusting, f"/api/v1/series/s{number}")
        return f'"name":"s{number}"'.encode() in text and text.count(str(number).encode()) >= 2000

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, list(range(40)) * 3))


def test_a_request_in_small_pieces_is_answered(shaken: ssl.SSLSocket) -> None:
    for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
        shaken.sendall(bytes([byte]))
    assert shaken.recv(20).startswith(b"HTTP/1.1 200")


def test_requests_that_came_in_one_record_are_all_answered(shaken: ssl.SSLSocket) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    shaken.sendall(request * 49 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    received = b""
    while part := shaken.recv(65536):
        received += part
    assert received.count(b"HTTP/1.1 200 OK") == 50


def test_a_body_in_several_records_is_read_to_its_end(port: int, shaken: ssl.SSLSocket, store: RrdStore) -> None:
    shaken.sendall(b"POST /api/v1/flush HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n")
    for _ in range(6):
        shaken.sendall(b"x" * 10_000)
    assert shaken.recv(20).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_events_come_over_tls(port: int, trusting: ssl.SSLContext, store: RrdStore, version: str) -> None:
    store.add("a", file=False)
    with Listening(port, version=version, tls=trusting) as listening:
        assert [each["series"] for each in listening.wait_for(1)["values"]] == ["a"]
        store.add("b", file=False)
        assert [each["series"] for each in listening.wait_for(2)["values"]] == ["b"]


def test_many_listen_over_tls_while_others_are_answered(port: int, trusting: ssl.SSLContext, store: RrdStore) -> None:
    for number in range(200):
        store.add(f"s{number}", file=False)
    with ExitStack() as stack:
        crowd = [stack.enter_context(Listening(port, tls=trusting)) for _ in range(40)]
        assert body(port, trusting, "/healthz")
        store.add("late", file=False)
        for listening in crowd:
            assert len(listening.wait_for(1)["values"]) >= 200
            listening.wait_for_value("late", 21.5)


def test_a_plain_request_is_closed_without_harm(port: int, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP" not in drain(plain)
    assert body(port, trusting, "/healthz")
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize(
    "junk",
    [b"\x16\x03\x01\xff\xff" + b"\0" * 300, b"\x80" * 100, b"\x15\x03\x03\0\x02\x02\x28", random.Random(1).randbytes(4096)],
    ids=["handshake without end", "SSL 2", "alert", "random"],
)
def test_junk_in_place_of_a_handshake_is_closed(port: int, trusting: ssl.SSLContext, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(junk)
        with suppress(OSError):  # it is closed already
            plain.shutdown(socket.SHUT_WR)
        drain(plain)
    assert body(port, trusting, "/healthz")


def test_clients_that_break_off_are_no_trouble(port: int, trusting: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for number in range(20):
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        if number % 2:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        if number % 4 < 2:
            plain.sendall(b"\x16\x03\x01")
        plain.close()
    for _ in range(5):
        with ask(port, trusting, "/static/style.css") as response:
            response.read(10)
    assert body(port, trusting, "/healthz")
    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before, what="every connection to be closed")  # noqa: PTH208
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("impatient")
def test_handshakes_that_never_end_block_nobody_and_are_closed(
    services: Services, serve: Callable[..., WebServer], trusting: ssl.SSLContext
) -> None:
    port = serve(services).port
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(20)]
        for each in silent[:10]:
            each.sendall(b"\x16\x03\x01\x02")
        assert body(port, trusting, "/healthz")
        for each in silent:
            assert drain(each) == b""
    assert body(port, trusting, "/healthz")


@pytest.mark.usefixtures("impatient")
def test_one_who_does_nothing_after_the_handshake_is_closed(
    services: Services, serve: Callable[..., WebServer], trusting: ssl.SSLContext
) -> None:
    port = serve(services).port
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    with trusting.wrap_socket(plain, server_hostname="localhost") as shaken:
        assert shaken.recv(10) == b""  # with a goodbye, or this would raise


def test_nothing_older_than_tls_1_2_is_spoken(port: int, certificates: Certificates) -> None:
    old = ssl.create_default_context(cafile=str(certificates.ca))
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(port: int, trusting: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    trusting.minimum_version = trusting.maximum_version = version
    assert body(port, trusting, "/healthz")


def test_browsers_are_told_to_stay_with_tls_where_the_name_is_ours_alone(
    tmp_path: Path, store: RrdStore, services: Services, serve: Callable[..., WebServer], trusting: ssl.SSLContext
) -> None:
    services.options.section("http").values["http_names"] = ("house.example.org",)
    port = serve(services).port
    for host, told in (
        ("house.example.org", "max-age=31536000"),
        ("house.example.org:8443", None),
        ("localhost", None),
    ):
        with ask(port, trusting, "/healthz", Host=host) as response:
            assert response.headers["Strict-Transport-Security"] == told
            response.read()


def test_a_page_of_ours_may_post_and_one_of_the_same_host_without_tls_may_not(port: int, trusting: ssl.SSLContext) -> None:
    for scheme, status in (("https", 200), ("http", 403)):
        connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=trusting)
        connection.request("POST", "/api/v1/flush", headers={"Origin": f"{scheme}://localhost:{port}"})
        with connection.getresponse() as response:
            assert response.status == status
            response.read()
        connection.close()


def test_a_stop_takes_no_time_and_leaves_no_thread(
    services: Services, serve: Callable[..., WebServer], trusting: ssl.SSLContext
) -> None:
    before = threading.active_count()
    server = serve(services)
    with ExitStack() as stack:
        half = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        half.sendall(b"\x16\x03\x01")
        listening = stack.enter_context(Listening(server.port, tls=trusting))
        listening.wait_for(1)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        listening.wait_for_end()
    assert threading.active_count() == before


# -- certificate and key ------------------------------------------------------------------------------


def section(**values: Any) -> Section:
    return Section("http", {name: str(value) for name, value in values.items()})


def test_one_of_the_two_options_alone_is_refused(certificates: Certificates) -> None:
    with pytest.raises(StartError, match=r"\[http\] http_tls_cert is set, and http_tls_key is not: set both"):
        make_tls(section(http_tls_cert=certificates.server_cert))
    with pytest.raises(StartError, match=r"\[http\] http_tls_key is set, and http_tls_cert is not: set both"):
        make_tls(section(http_tls_key=certificates.server_key))
    assert make_tls(section(http_tls_cert="", http_tls_key="")) is None


@pytest.mark.parametrize("option", ["http_tls_cert", "http_tls_key"])
def test_a_file_that_is_not_there_is_named(certificates: Certificates, tmp_path: Path, option: str) -> None:
    paths = {"http_tls_cert": certificates.server_cert, "http_tls_key": certificates.server_key, option: tmp_path / "none.pem"}
    with pytest.raises(StartError, match=rf"\[http\] {option} = .*none\.pem: it cannot be read: No such file"):
        make_tls(section(**paths))


def test_a_key_of_another_certificate_is_told(certificates: Certificates) -> None:
    with pytest.raises(StartError, match=r"http_tls_key = .*client\.key: it is not the key of the certificate .*server\.pem"):
        make_tls(section(http_tls_cert=certificates.server_cert, http_tls_key=certificates.client_key))


def test_files_that_are_no_pem_are_told(certificates: Certificates, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    junk.chmod(0o600)
    with pytest.raises(StartError, match="no certificate and key in PEM form"):
        make_tls(section(http_tls_cert=junk, http_tls_key=certificates.server_key))
    with pytest.raises(StartError, match="no certificate and key in PEM form"):
        make_tls(section(http_tls_cert=certificates.server_cert, http_tls_key=junk))


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(certificates: Certificates, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(certificates.server_key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    form = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    locked.chmod(0o600)
    with pytest.raises(StartError, match="protected by a password"):
        make_tls(section(http_tls_cert=certificates.server_cert, http_tls_key=locked))


def test_a_key_that_everybody_can_read_is_refused_and_one_of_a_group_is_not(certificates: Certificates, tmp_path: Path) -> None:
    key = tmp_path / "open.key"
    key.write_bytes(certificates.server_key.read_bytes())
    paths = section(http_tls_cert=certificates.server_cert, http_tls_key=key)
    key.chmod(0o644)
    with pytest.raises(StartError, match=r"everybody on this machine can read or write it; chmod o-rw .*open\.key"):
        make_tls(paths)
    key.chmod(0o640)
    assert make_tls(paths) is not None


def test_a_certificate_that_was_renewed_is_taken_over_and_a_broken_one_is_not(
    tmp_path: Path, store: RrdStore, certificates: Certificates, serve: Callable[..., WebServer], trusting: ssl.SSLContext
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def lay(folder: Path) -> None:
        for target, source in ((cert, "server.pem"), (key, "server.key")):
            target.write_bytes((folder / source).read_bytes())
            target.chmod(0o600)

    def shown() -> str:
        return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=20)

    lay(certificates.ca.parent)
    services = make_services(tmp_path, store, http_tls_cert=str(cert), http_tls_key=str(key))
    server = serve(services)
    with Listening(server.port, tls=trusting) as listening:
        listening.wait_for(1)
        old = shown()
        server.renew_certificate()
        assert shown() == old
        new = tmp_path / "new"
        new.mkdir()
        make_certificates(new)
        lay(new)
        assert shown() == old, "not before the reload"
        server.renew_certificate()
        assert shown().strip() == (new / "server.pem").read_text().strip()
        cert.write_text("half a fi")
        server.renew_certificate()
        assert shown().strip() == (new / "server.pem").read_text().strip()
        assert "http_tls_key" in services.health.problems()["certificate"]
        lay(new)
        server.renew_certificate()
        assert services.health.problems() == {}
        store.add("late", file=False)
        listening.wait_for_value("late", 21.5)


def test_commands_of_this_machine_trust_the_servers_own_certificate_and_no_other(
    port: int, certificates: Certificates, tmp_path: Path
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_text(certificates.client_cert.read_text() + certificates.ca.read_text())
    for cert, good in ((certificates.server_cert, True), (certificates.client_cert, False), (chain, False)):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            if good:
                pinned(cert).wrap_socket(plain).close()
                continue
            with pytest.raises(ssl.SSLCertVerificationError):
                pinned(cert).wrap_socket(plain)


def test_a_certificate_that_commands_cannot_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    for name in ("junk.pem", "none.pem"):
        with pytest.raises((OSError, ValueError)):
            pinned(tmp_path / name)


def test_a_client_that_asks_on_and_on_while_it_is_answered_gets_every_answer(shaken: ssl.SSLSocket, store: RrdStore) -> None:
    """The server reads and writes at once then, in two threads, which OpenSSL's state would not survive."""
    for number in range(100):
        store.add(f"s{number}", label="x" * 900, file=False)
    request = b"GET /api/v1/series?limit=300 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    to_send = [request] * 60 + [request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
    shaken.setblocking(False)
    received, ended = b"", False
    while not ended:
        select.select([shaken], [shaken] if to_send else [], [], 20)
        with suppress(ssl.SSLWantWriteError):
            if to_send:
                shaken.send(to_send[0])
                del to_send[0]
        with suppress(ssl.SSLWantReadError):
            part = shaken.recv(65536)
            received, ended = received + part, not part
    assert received.count(b"HTTP/1.1 200 OK") == 61


def test_one_thread_may_write_while_another_reads(certificates: Certificates, trusting: ssl.SSLContext) -> None:
    """So it is with one who listens: the hub writes, and the server's loop looks whether the other end has left."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server_cert, certificates.server_key)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    wrapped = TlsSocket(context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False))
    pieces, size = 3000, 1000
    read: list[int] = []

    def write() -> None:
        left = pieces * size
        while left:
            left -= wrapped.send(b"s" * min(left, size))

    def listen() -> None:
        while sum(read) < pieces * size:
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                read.append(len(wrapped.recv(65536)))

    threads = [threading.Thread(target=each, daemon=True) for each in (listen, write)]
    threads[0].start()
    with trusting.wrap_socket(theirs, server_hostname="localhost") as client:
        threads[1].start()
        client.setblocking(False)
        sent = received = 0
        while sent < pieces * size or received < pieces * size:
            assert any(select.select([client], [client] if sent < pieces * size else [], [], 20))
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                sent += client.send(b"c" * min(size, pieces * size - sent)) if sent < pieces * size else 0
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                part = client.recv(65536)
                assert part
                received += len(part)
        for thread in threads:
            thread.join(20)
        assert (received, sum(read)) == (pieces * size, pieces * size)
        wrapped.close()


def drain(plain: socket.socket) -> bytes:
    """Everything until the other end closes."""
    received = b""
    try:
        while part := plain.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received
