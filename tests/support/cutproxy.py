"""A network that fails when it is told to: a TCP proxy on the loopback that goes silent, refuses, resets, delays and cuts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

_PIECE = 1 << 16
_PATIENCE_S = 20.0
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: a close sends RST


@dataclass(eq=False)
class _Link:
    """One connection: from the client, and on to the server once that is there."""

    client: socket.socket
    server: socket.socket | None = None
    work: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Cut:
    """How many bytes are let through yet, and in which direction, before a connection is reset."""

    left: int
    back: bool


@dataclass
class CutProxy:
    """Everything that comes to `port` goes on to a server, until one of the methods says otherwise; `heal` ends all of it.

    It runs in a thread, from `with` on until the end of the block; methods may be called by any thread, and what they say holds
    when they return. The port stays the same.

    Attributes:
        target: port of the server, on the loopback.
        host: of both.
        port: where clients come to.
        connections: how many have come so far, those included for which the server was not there.
        sent: bytes that clients have sent, and that were handed on.
        answered: bytes that the server has sent, and that were handed on.
        resets: connections that were reset, by a method or because an end of them was.
    """

    target: int
    host: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    sent: int = 0
    answered: int = 0
    resets: int = 0
    _links: set[_Link] = field(default_factory=set, repr=False)
    _delay_s: float = field(default=0.0, repr=False)
    _cut: _Cut | None = field(default=None, repr=False)
    _listening: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def open(self) -> int:
        """Connections that there are now, silent ones included."""
        return len(self._links)

    def drop(self) -> None:
        """Be a black hole: connections are taken and stay open, but nothing goes on, an end of either side neither.

        What is sent meanwhile goes on once it is healed, as TCP would send it again, unless the connection has ended.
        """
        self._do(self._drop())

    def refuse(self) -> None:
        """Be as a machine on which nothing listens: connections are refused, and those that are there are reset."""
        self._do(self._refuse())

    def reset(self) -> None:
        """Reset the connections that are there, towards both ends; new ones are taken as before."""
        self._do(self._reset_all())

    def delay(self, seconds: float) -> None:
        """Hold every piece of 64 KiB or less that long before it goes on, in both directions."""
        self._do(self._set(delay_s=seconds))

    def cut_after(self, count: int, *, back: bool = False) -> None:
        """Let so many more bytes through, then reset the connection that would carry the next one; that happens once.

        Args:
            count: bytes in one direction, of all connections together.
            back: count what the server answers, not what clients send; so a client's message arrives, and its answer does not.
        """
        self._do(self._set(cut=_Cut(count, back)))

    def heal(self) -> None:
        """Let everything through again."""
        self._do(self._heal())

    def __enter__(self) -> CutProxy:
        # bound and never listening: keeps the port while it refuses
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._kept.bind((self.host, self.port))
        self.port = self._kept.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._through = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cutproxy", daemon=True)
        self._thread.start()
        self.heal()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._kept.close()

    # -- in the thread -------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    async def _drop(self) -> None:
        self._through.clear()

    async def _set(self, *, delay_s: float | None = None, cut: _Cut | None = None) -> None:
        self._delay_s = self._delay_s if delay_s is None else delay_s
        self._cut = cut or self._cut

    async def _heal(self) -> None:
        self._delay_s, self._cut = 0.0, None
        self._through.set()
        if self._listening is None:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.setblocking(False)
            listener.bind((self.host, self.port))
            listener.listen(128)
            self._listening = self._loop.create_task(self._listen(listener))

    async def _refuse(self) -> None:
        if self._listening is not None:
            await _end(self._listening)
            self._listening = None
        await self._reset_all()

    async def _reset_all(self) -> None:
        for link in list(self._links):
            if link.work is not None:
                await _end(link.work)  # its last act is to reset it

    async def _listen(self, listener: socket.socket) -> None:
        with listener:
            while True:
                client, _ = await self._loop.sock_accept(listener)
                client.setblocking(False)
                link = _Link(client)
                self._links.add(link)
                self.connections += 1
                link.work = self._loop.create_task(self._carry(link))

    async def _carry(self, link: _Link) -> None:
        """Carry a connection until both ends have ended it, or it is reset."""
        pumps: list[asyncio.Task[None]] = []
        orderly = False
        try:
            await self._through.wait()
            link.server = socket.socket()
            link.server.setblocking(False)
            await self._loop.sock_connect(link.server, (self.host, self.target))
            for source, sink, back in ((link.client, link.server, False), (link.server, link.client, True)):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pumps.append(self._loop.create_task(self._pump(source, sink, back=back)))
            await asyncio.gather(*pumps)
            orderly = True
        except OSError:
            await self._through.wait()  # who is behind a black hole does not see a reset either
        finally:
            for pump in pumps:
                await _end(pump)
            self._close(link, orderly=orderly)

    async def _pump(self, source: socket.socket, sink: socket.socket, *, back: bool) -> None:
        """Carry one direction until its end. Raises OSError: the connection is reset."""
        while True:
            piece = await self._loop.sock_recv(source, _PIECE)
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._through.wait()
            if not piece:
                sink.shutdown(socket.SHUT_WR)
                return
            cut = self._cut if self._cut is not None and self._cut.back == back else None
            if cut is not None:
                over = len(piece) > cut.left
                piece, cut.left = piece[: cut.left], cut.left - len(piece)
            await self._loop.sock_sendall(sink, piece)
            if back:
                self.answered += len(piece)
            else:
                self.sent += len(piece)
            if cut is not None and over:
                self._cut = None
                raise ConnectionResetError

    def _close(self, link: _Link, *, orderly: bool) -> None:
        self._links.discard(link)
        self.resets += not orderly
        for end in (link.client, link.server):
            if end is not None:
                if not orderly:
                    with contextlib.suppress(OSError):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                end.close()


async def _end(task: asyncio.Task[None]) -> None:
    """End a task, and wait for its end; it may have failed by the network."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, OSError):
        await task
