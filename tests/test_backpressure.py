"""More is offered than can be taken: the broker keeps it, the server's memory stays bounded, and all of it arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from numbered import Numbered
from support import CommandLine, Mosquitto

from benchmarks.wire import Wire

SERIES, EACH = 100, 4500
CACHE = 20_000
BYTES_PER_SAMPLE = 40
"""Two numbers of 8 bytes, twice while an array grows, and a share of what is in flight."""
REST = 36 << 20
"""Bytes that do not depend on what is offered: messages that wait (as many as the broker may send unacknowledged), the text of a
batch of updates, and what the allocator keeps of both; up to 27 MiB were seen, and no more when three times as much was offered.
As messages in memory, what is offered would be 450,000 times 200 bytes: 86 MiB."""


class Watch:
    """Looks at a server all the time.

    Attributes:
        rss: the most memory that it had, in bytes.
        cached: the most samples that it had in its cache.
    """

    def __init__(self, numbered: Numbered) -> None:
        assert numbered.running is not None
        self._process = psutil.Process(numbered.running.process.pid)
        self._numbered = numbered
        self.rss = self._process.memory_info().rss
        self.cached = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look ten times a second for as long as the block lasts."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.1):
                self.rss = max(self.rss, self._process.memory_info().rss)
                self.cached = max(self.cached, self._numbered.count("jnt_cache_samples"))

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.mark.slow
def test_a_flood_is_kept_by_the_broker_and_arrives_in_the_end(
    tmp_path: Path, make_mosquitto: Callable[..., Mosquitto], command_line: CommandLine
) -> None:
    broker = make_mosquitto(extra=("max_queued_messages 0", "max_queued_bytes 0", "persistence false"))
    options = f"cache_max_samples = {CACHE}"
    numbered = Numbered(tmp_path, broker, command_line, series=SERIES, datarrd=options, ttl="1h")
    numbered.start()
    numbered.publish(20)
    numbered.expect_everything()
    watch = Watch(numbered)
    before = watch.rss
    sender = Wire(broker.port, "flood", window=5000)
    with watch.looking():
        sender.publish(numbered.next_messages(EACH - 20))
        sender.finish()
        numbered.wait_until_taken()
    sender.close()
    assert 0 < watch.cached <= CACHE
    assert watch.rss - before < CACHE * BYTES_PER_SAMPLE + REST
    assert numbered.count("jnt_samples_late_total") == 0
    numbered.expect_everything()
