"""A server in a process of its own that is sent numbered samples, each to be found in the RRD files at its time."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rrdtool
from support import CommandLine, Mosquitto, Running, fetch, fetch_json, free_port, wait_until

INI = """
[system]
home_dir = {home}
broker_ip = 127.0.0.1
broker_port = {broker}
broker_mode = external

[datarrd]
hadd = 0014/0000
cache_rrd_ttl_0 = {ttl}
cache_pickle_ttl_0 = 1s
journal_sync_interval = 1s
{datarrd}

[http]
hadd = 0018/0000
http_port_0 = {http}

[schema__default]
pattern = .*
step = 1
retention = 1s:2h
reorder_window = 0

[decoder__numbered]
topics = expected/#
kind = json
value = v
time = t

[decoder__timeless]
topics = timeless/#
kind = plain
"""


class Numbered:
    """The server and its samples: number N of each series has a time of its own, N seconds after the first.

    A plain number on a topic below `timeless/` counts as of its arrival.

    The topics have the word "expected": librrd says it of numbers that it refuses, and names the file in what it says.

    Args:
        folder: its ini and its home go there.
        broker: its broker.
        commands: what it is started with.
        datarrd: further options of `[datarrd]`.
        environ: further environment variables.
        series: how many series there are.
        home: its home directory; in the folder where none is given.
        ttl: how long a sample may stay in the cache.

    Attributes:
        home: its home directory.
        published: how many numbers each series was sent.
    """

    def __init__(
        self,
        folder: Path,
        broker: Mosquitto,
        commands: CommandLine,
        *,
        datarrd: str = "",
        environ: dict[str, str] | None = None,
        series: int = 4,
        home: Path | None = None,
        ttl: str = "1s",
    ) -> None:
        self.home = home or folder / "home"
        self.published = 0
        self.running: Running | None = None
        self._broker = broker
        self._commands = commands
        self._environ = environ or {}
        self._series = series
        self._begin = int(time.time()) - 50_000
        self._port = free_port()
        self._ini = folder / "numbered.conf"
        self._ini.write_text(INI.format(home=self.home, broker=broker.port, http=self._port, datarrd=datarrd, ttl=ttl))

    @property
    def url(self) -> str:
        """Of the web server, without the slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def rrds(self) -> Path:
        """Folder of the RRD files."""
        return self.home / "public" / "rrd" / "rrds"

    @property
    def data(self) -> Path:
        """Folder of catalogue, snapshot and journal."""
        return self.home / "rrd"

    def start(self) -> None:
        """Start the server and wait until it listens on the broker and is well."""
        running = self.running = self._commands.start("-c", str(self._ini), "front", env=self._environ)
        wait_until(lambda: self.health().get("status") == "ok" or not running.alive, 30, "the server to be well")
        assert running.alive, running.stderr

    def kill(self) -> None:
        """End it by SIGKILL."""
        assert self.running is not None
        self.running.kill()

    def health(self) -> dict[str, Any]:
        """What `/healthz` says; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=10) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                found = json.loads(error.read()) if error.code == 503 else {}
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        return found

    def problems(self) -> dict[str, str]:
        """What is wrong, by part, as `/healthz` says."""
        found: dict[str, str] = self.health().get("problems", {})
        return found

    def wait_for_problem(self, part: str, *words: str) -> None:
        """Wait until a part is told to be wrong, with these words."""
        wait_until(lambda: all(word in self.problems().get(part, "") for word in words), 30, f"{words} told of {part}")

    def wait_well(self) -> None:
        """Wait until nothing is wrong."""
        wait_until(lambda: self.health().get("status") == "ok", 60, "the server to be well again")

    def count(self, name: str, label: str = "") -> int:
        """A count of `/metrics`, such as `jnt_samples_late_total`; 0 where it is not there."""
        wanted = name + (f"{{{label}}}" if label else "")
        lines = (fetch(f"{self.url}/metrics") or b"").decode().splitlines()
        return next((int(line.split()[-1]) for line in lines if line.rsplit(" ", 1)[0] == wanted), 0)

    def next_messages(self, count: int) -> Iterator[tuple[str, bytes]]:
        """Topics and payloads of the next numbers of every series, to be published by whoever asks for them."""
        begin, self.published = self.published, self.published + count
        for number in range(begin, begin + count):
            payload = json.dumps({"t": self._begin + number, "v": number}).encode()
            for series in range(self._series):
                yield f"expected/{series}", payload

    def publish(self, count: int) -> None:
        """Send the next numbers of every series to the broker with QoS 1, and wait until the broker has them."""
        self._broker.publish(*self.next_messages(count))

    def taken(self) -> int:
        """How many numbers of every series have come: read from the last one's, since a broker keeps their order."""
        found = [fetch_json(f"{self.url}/api/v1/series/expected.{series}.v") for series in range(self._series)]
        last = [each["columns"][0]["last_value"] if each else None for each in found]
        return min(-1 if number is None else int(number) for number in last) + 1

    def wait_until_taken(self) -> None:
        """Wait until the server has taken everything that was published."""
        wait_until(lambda: self.taken() == self.published, 60, "everything to be taken")

    def expect_everything(self) -> None:
        """Every number that was published is in the files in the end, at its time, and nothing else is between."""
        wait_until(self._all_written, 60, "the last numbers to be in the files")
        expected = [float(number) for number in range(self.published)]
        for series in range(self._series):
            (first, _, step), _, rows = rrdtool.fetch(
                str(self.path_of(series)), "AVERAGE", f"--start={self._begin - 1}", f"--end={self._begin + self.published - 2}"
            )
            assert (first, step) == (self._begin - 1, 1)
            assert [row[0] for row in rows][: self.published] == expected, f"series {series}"

    def path_of(self, series: int) -> Path:
        """RRD file of a series."""
        return self.rrds / f"expected.{series}.v.rrd"

    def flush(self) -> None:
        """Have the files written."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/v1/flush", method="POST"), timeout=30):
            return

    def _all_written(self) -> bool:
        self.flush()
        last = self._begin + self.published - 1
        paths = [self.path_of(series) for series in range(self._series)]
        return all(path.exists() and rrdtool.last(str(path)) == last for path in paths)
