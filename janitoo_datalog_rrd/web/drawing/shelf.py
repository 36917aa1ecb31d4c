"""Pictures drawn lately, by their ETag: what is asked for by many at once is drawn once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future


class Shelf:
    """Keeps the last pictures, as far as they have room.

    Args:
        most_bytes: room for all pictures together.
    """

    def __init__(self, most_bytes: int = 4 * 1024 * 1024) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[str, Future[bytes]] = {}

    @property
    def bytes_kept(self) -> int:
        """Size of all pictures together."""
        return self._bytes

    def picture(self, etag: str, draw: Callable[[], bytes]) -> bytes:
        """The picture of an ETag: a kept one, that of another asker who has it drawn just now, or a new one.

        Args:
            etag: stands for everything that one sees in the picture.
            draw: makes it; what it raises is raised to everybody who waits for this picture.
        """
        with self._lock:
            kept = self._pictures.get(etag)
            if kept is not None:
                self._pictures.move_to_end(etag)
                return kept
            waited_for = self._under_way.get(etag)
            if waited_for is None:
                work = self._under_way[etag] = Future()
        if waited_for is not None:
            return waited_for.result()
        try:
            drawn = draw()
        except BaseException as error:
            with self._lock:
                del self._under_way[etag]
            work.set_exception(error)
            raise
        with self._lock:
            del self._under_way[etag]
            self._keep(etag, drawn)
        work.set_result(drawn)
        return drawn

    def _keep(self, etag: str, picture: bytes) -> None:
        if len(picture) > self._most_bytes // 4:
            return
        self._pictures[etag] = picture
        self._bytes += len(picture)
        while self._bytes > self._most_bytes:
            _, old = self._pictures.popitem(last=False)
            self._bytes -= len(old)
