"""The network that fails when a test tells it to: it does what it says, and comes back."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest
from support import CutProxy, wait_until

SHORT_S = 0.2


class Shout(socketserver.BaseRequestHandler):
    """Answers each piece in capitals, twice as long as it was."""

    def handle(self) -> None:
        while piece := self.request.recv(1 << 16):
            self.server.heard.append(piece)  # type: ignore[attr-defined]
            self.request.sendall(piece.upper() * 2)

    @staticmethod
    def suffer(*_: object) -> None:
        """Connections that are reset are what is tested."""


@pytest.fixture
def shouting() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Shout) as server:
        server.heard = []  # type: ignore[attr-defined]
        server.handle_error = Shout.suffer  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(shouting: socketserver.ThreadingTCPServer) -> Iterator[CutProxy]:
    with CutProxy(shouting.server_address[1]) as made:
        yield made


def connect(proxy: CutProxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=20)


def ask(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return read(connection, 2 * len(text))


def read(connection: socket.socket, count: int) -> bytes:
    """So many bytes, or what came before the end."""
    found = b""
    while len(found) < count and (piece := connection.recv(count - len(found))):
        found += piece
    return found


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(SHORT_S)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(20)
    return False


def test_what_is_sent_arrives_and_is_counted(proxy: CutProxy) -> None:
    with connect(proxy) as one, connect(proxy) as other:
        assert ask(one, b"a" * 100_000) == b"A" * 200_000
        assert ask(other, b"b") == b"BB"
        assert (proxy.connections, proxy.open) == (2, 2)
    wait_until(lambda: not proxy.open, what="the connections to end")
    assert (proxy.sent, proxy.answered, proxy.resets) == (100_001, 200_002, 0)


def test_one_end_may_end_before_the_other(proxy: CutProxy) -> None:
    with connect(proxy) as connection:
        connection.sendall(b"last")
        connection.shutdown(socket.SHUT_WR)
        assert read(connection, 9) == b"LASTLAST"


def test_a_black_hole_takes_connections_and_says_nothing(proxy: CutProxy, shouting: socketserver.ThreadingTCPServer) -> None:
    with connect(proxy) as before:
        assert ask(before, b"a") == b"AA"
        proxy.drop()
        before.sendall(b"b")
        with connect(proxy) as during:
            during.sendall(b"c")
            assert is_silent(before)
            assert is_silent(during)
            assert shouting.heard == [b"a"]  # type: ignore[attr-defined]
            proxy.heal()
            assert read(before, 2) == b"BB"
            assert read(during, 2) == b"CC"


def test_an_end_is_not_seen_through_a_black_hole(proxy: CutProxy, shouting: socketserver.ThreadingTCPServer) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"a") == b"AA"
        proxy.drop()
    assert proxy.open == 1
    proxy.heal()
    wait_until(lambda: not proxy.open, what="the connection to end")


def test_where_it_refuses_nothing_listens_and_nothing_stays(proxy: CutProxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"a") == b"AA"
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with connect(proxy) as connection:
        assert ask(connection, b"b") == b"BB"


def test_a_reset_ends_what_is_there_and_no_more(proxy: CutProxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"a") == b"AA"
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert (proxy.open, proxy.resets) == (0, 1)
    with connect(proxy) as connection:
        assert ask(connection, b"b") == b"BB"


def test_a_delay_holds_what_is_sent(proxy: CutProxy) -> None:
    with connect(proxy) as connection:
        proxy.delay(2 * SHORT_S)
        connection.sendall(b"a")
        assert is_silent(connection)
        assert read(connection, 2) == b"AA"


def test_it_cuts_in_the_middle_of_a_message_once(proxy: CutProxy, shouting: socketserver.ThreadingTCPServer) -> None:
    with connect(proxy) as connection:
        assert ask(connection, b"ab") == b"ABAB"
        proxy.cut_after(3)
        connection.sendall(b"cdefg")
        with pytest.raises(ConnectionResetError):
            read(connection, 100)
    with connect(proxy) as connection:
        assert ask(connection, b"again") == b"AGAINAGAIN"
    assert b"".join(shouting.heard) in (b"abcdeagain", b"abagain")  # type: ignore[attr-defined]
    assert proxy.sent == 10


def test_it_cuts_an_answer_whose_question_has_arrived(proxy: CutProxy, shouting: socketserver.ThreadingTCPServer) -> None:
    with connect(proxy) as connection:
        proxy.cut_after(0, back=True)
        connection.sendall(b"lost")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert shouting.heard == [b"lost"]  # type: ignore[attr-defined]
    assert proxy.answered == 0


def test_where_the_server_is_not_there_connections_are_reset() -> None:
    with socket.socket() as taken:  # so that nobody listens there
        taken.bind(("127.0.0.1", 0))
        with CutProxy(taken.getsockname()[1]) as proxy:
            with pytest.raises(ConnectionResetError), connect(proxy) as connection:  # connecting may see it already
                connection.recv(1)
            assert (proxy.connections, proxy.resets) == (1, 1)


def test_it_ends_with_connections_open(shouting: socketserver.ThreadingTCPServer) -> None:
    with CutProxy(shouting.server_address[1]) as proxy:
        connection = connect(proxy)
        assert ask(connection, b"a") == b"AA"
        proxy.drop()
    with connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
