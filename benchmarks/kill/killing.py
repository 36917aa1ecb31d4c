"""The kill run: a house whose server or broker is ended again and again, and its files compared with what was published."""

from __future__ import annotations

import contextlib
import math
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rrdtool

from ..processes import HOST, BenchError, wait_for
from ..servers import Broker, Sections, Server
from .publisher import Publisher, topic_of, value_of
from .wiretap import Wiretap

_SECTIONS: Sections = {
    "datarrd": {"cache_rrd_ttl_0": "2s", "cache_pickle_ttl_0": "1s"},
    "decoder__numbered": {"topics": "numbered/#", "kind": "json", "value": "v", "time": "t"},
}
SEAMS = {
    "journal-rotated": 2,
    "journal-appended": 500,
    "flush-taken": 200,
    "file-made": 5,
    "rrd-updated": 200,
    "snapshot-begun": 1,
    "snapshot-written": 1,
    "snapshot-renamed": 1,
    "segment-removed": 2,
    "file-written": 1,
    "flush-taken>segment-removed": 100,
    "rrd-updated>segment-removed": 100,
}
"""Where a kill can be aimed (see `janitoo_datalog_rrd/core/seams.py`), and at how manieth time at the latest.

The last two hold the thread that writes RRD files at one seam until the one that writes the snapshot is at the other.
"""
WAYS = ("kill", "term", "broker", "broker-kill", *SEAMS)
"""How something is ended: the server by SIGKILL or SIGTERM, the broker by SIGTERM or SIGKILL, the server at a seam."""
_SERIES, _RATE = 200, 2000.0
_SAVED_RATE = 500.0  # a broker that saves after each message takes no more
_NEW_SERIES = 5  # with each round that needs a new file
_LONGEST_S = 2.0
_PATIENCE_S = 60.0
_SPARE_S = 3600
_FILES_FIRST = {"JNT_DATARRD_CACHE_PICKLE_TTL_0": "3s"}  # files are written 1 to 2 s after the start
_SAVE_OFTEN = ("autosave_on_changes true", "autosave_interval 1")


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        seed: of its random numbers.
        rounds: how often something was ended, by the way it was.
        published, again: samples sent, and how many of them were sent once more.
        acknowledged: samples that the broker acknowledged to the publisher.
        stored: acknowledged samples found at their place in the RRD files.
        lost: acknowledged samples that are not there, as `series:number`.
        forgotten: how many samples a killed broker acknowledged and lost before the server had acknowledged them.
        foreign: rows with a number that nobody sent for that time, as `series:row`.
        missed: rounds whose seam was not reached.
        late: samples that the last server got once more, after they were in its files.
        dropped: samples that the last server dropped.
        faults: what else was not as it must be.
        seconds: how long it took.
    """

    seed: int
    rounds: dict[str, int] = field(default_factory=dict)
    published: int = 0
    again: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost: list[str] = field(default_factory=list)
    forgotten: int = 0
    foreign: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    late: int = 0
    dropped: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """True when every acknowledged sample is in the files exactly once, and every kill hit what it was aimed at."""
        wrong = self.lost or self.foreign or self.missed or self.faults or self.dropped
        return not wrong and 0 < self.acknowledged == self.stored + self.forgotten


class KillRun:
    """A broker, a server and a publisher, with everything they need in one folder.

    Args:
        folder: an empty folder.
        seed: of the moments at which something is ended.
        rounds: how many there will be, at most.
        broker_killed: the broker will be killed. It then saves as often as it can, and what it loses all the same is told
            apart from what the server loses, by a tap on the wire between them.
        tell: told of each round.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        rounds: int,
        *,
        broker_killed: bool = False,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.outcome = Outcome(seed)
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, no secret
        self._tell = tell
        self._broker = Broker(folder, _SAVE_OFTEN if broker_killed else (), persistence=True)
        self._tap = Wiretap(HOST, self._broker.port) if broker_killed else None
        self._rows = _SPARE_S + 200 * rounds
        self._begin = int(time.time()) - self._rows - 100
        schema = {"step": 1, "retention": f"1s:{self._rows}s", "reorder_window": 0}
        port = self._broker.port if self._tap is None else self._tap.port
        self._server = Server(folder, port, {**_SECTIONS, "schema__default": schema})

    def run(self, ways: Sequence[str]) -> Outcome:
        """End something once in each of the ways, and look at what is left.

        Raises:
            BenchError: the broker or the server does not start.
        """
        started = time.monotonic()
        self._broker.start()
        self._server.launch()
        publisher = Publisher(self._broker.port, self._begin, _SERIES, _RATE if self._tap is None else _SAVED_RATE)
        try:
            self._server.wait_up()  # its subscription is there from now on
            publisher.start()
            self._wait_for_samples(publisher, 2 * _SERIES)
            for number, way in enumerate(ways):
                self._tell(f"{way}, round {number + 1} of {len(ways)}")
                self._one_round(way, publisher)
                self.outcome.rounds[way] = self.outcome.rounds.get(way, 0) + 1
            self._settle(publisher)
        finally:
            if publisher.is_alive():
                publisher.finish(0)
            self._server.kill()
            self._broker.kill()
            if self._tap is not None:
                self._tap.close()
        self.outcome.seconds = round(time.monotonic() - started, 1)
        return self.outcome

    # -- inside --------------------------------------------------------------------------------------

    def _one_round(self, way: str, publisher: Publisher) -> None:
        if way in SEAMS:
            self._die_at(way, publisher)
            return
        if not self._server.alive:
            self._server.launch()
        if way.startswith("broker") or self._random.random() < 0.75:  # the others hit the start
            self._server.wait_up()
        time.sleep(self._random.uniform(0, _LONGEST_S))
        if way.startswith("broker"):
            self._broker.end(signal.SIGTERM if way == "broker" else signal.SIGKILL)
            self._broker.start()
            return
        was_up = self._server.is_up()
        status = self._server.end(signal.SIGTERM if way == "term" else signal.SIGKILL)
        expected = -signal.SIGKILL if way == "kill" else 0
        if status != expected and was_up:
            self.outcome.faults.append(f"the server ended with status {status} at a {way}: {self._server.log()[-500:]}")

    def _die_at(self, seam: str, publisher: Publisher) -> None:
        if self._server.alive:
            self._server.end(signal.SIGKILL)
        if seam == "file-made":
            publisher.add_series(_NEW_SERIES)
        count = self._random.randint(1, SEAMS[seam])
        aimed = self._server.words("benchmarks.kill.aimed", seam, str(count))
        self._server.launch(aimed, _FILES_FIRST if ">" in seam else None)
        try:
            status = self._server.wait(_PATIENCE_S / 2)
        except BenchError:
            self._server.kill()
            self.outcome.missed.append(f"{seam}, time {count}")
            return
        if status != -signal.SIGKILL:
            self.outcome.faults.append(f"the server ended with status {status} before {seam}: {self._server.log()[-500:]}")

    def _wait_for_samples(self, publisher: Publisher, count: int) -> None:
        wait_for(lambda: publisher.total >= count or not publisher.is_alive(), "the publisher's first samples", _PATIENCE_S)

    def _settle(self, publisher: Publisher) -> None:
        """Have everything acknowledged and written, stop the server, and compare."""
        if not self._server.alive:
            self._server.launch()
        self._server.wait_up()
        unacknowledged = publisher.finish(_PATIENCE_S)
        self.outcome.published, self.outcome.again = publisher.total, publisher.again
        with contextlib.suppress(BenchError):  # what is missing is told one by one
            wait_for(lambda: self._all_written(publisher), "every sample in the files", _PATIENCE_S)
        metrics = self._server.metrics()
        self.outcome.late = int(metrics["jnt_samples_late_total"])
        self.outcome.dropped = int(sum(count for name, count in metrics.items() if name.startswith("jnt_samples_dropped")))
        status = self._server.end(signal.SIGTERM)
        if status:
            self.outcome.faults.append(f"the server ended with status {status} at the end: {self._server.log()[-500:]}")
        for series, sent in enumerate(publisher.sent):
            self._compare(series, sent, unacknowledged[series])

    def _path(self, series: int) -> Path:
        return self._server.path_of(f"{topic_of(series).replace('/', '.')}.v")

    def _all_written(self, publisher: Publisher) -> bool:
        self._server.flush()
        for series, sent in enumerate(publisher.sent):
            path = self._path(series)
            if sent and not (path.exists() and rrdtool.last(str(path)) >= self._begin + sent - 1):
                return False
        return True

    def _compare(self, series: int, sent: int, unacknowledged: set[int]) -> None:
        """Compare the rows of a series' file with what was sent for it."""
        self.outcome.acknowledged += sent - len(unacknowledged)
        rows = self._read(series)
        for number in range(sent):
            row = rows.pop(self._begin + number, math.nan)
            if row == value_of(series, number):
                self.outcome.stored += number not in unacknowledged
            elif self._tap is not None and value_of(series, number) not in self._tap.acknowledged:
                self.outcome.forgotten += number not in unacknowledged
            elif number not in unacknowledged:
                self.outcome.lost.append(f"{series}:{number}")
            elif row == row:
                self.outcome.foreign.append(f"{series}:{self._begin + number}")
        self.outcome.foreign += [f"{series}:{second}" for second in rows]

    def _read(self, series: int) -> dict[int, float]:
        """Every row of a series' file that is known, by its time."""
        path = self._path(series)
        if not path.exists():
            return {}
        first, last = rrdtool.first(str(path)), rrdtool.last(str(path))
        (before, _, step), _, rows = rrdtool.fetch(str(path), "AVERAGE", f"--start={first - 1}", f"--end={last}")
        return {before + (at + 1) * step: row[0] for at, row in enumerate(rows) if row[0] is not None}
