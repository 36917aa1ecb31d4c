"""A whole server in the test's own process, on a broker of the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rrdtool
from support import Mosquitto, fetch_json, wait_until

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.server import DatalogServer
from janitoo_datalog_rrd.web.thread import HttpThread

INI = """
[system]
home_dir = {home}
broker_ip = {broker.host}
broker_port = {broker.port}
broker_mode = external
{system}

[datarrd]
hadd = 0014/0000
{datarrd}

[http]
hadd = 0018/0000
http_port_0 = 0
{http}

[schema__default]
pattern = .*
{schema}
reorder_window = 0
{more}
"""
SECONDS = "step = 1\nretention = 1s:1d"


class House:
    """A running server and its broker.

    Attributes:
        server: the server.
        broker: its broker.
        home: its home directory.
    """

    def __init__(self, server: DatalogServer, broker: Mosquitto, home: Path) -> None:
        self.server = server
        self.broker = broker
        self.home = home
        self._marks = 0

    @property
    def url(self) -> str:
        """Of the web server, without the slash at the end."""
        thread = self.server.get_thread("http")
        assert isinstance(thread, HttpThread)
        return f"http://127.0.0.1:{thread.port}"

    def wait_connected(self) -> None:
        """Wait until the server listens on the broker."""
        wait_until(lambda: "broker" not in self.server.services.health.problems(), what="the server to be connected")

    def publish(self, *messages: tuple[str, str | bytes]) -> None:
        """Publish messages and wait until the server has dealt with all of them.

        A heartbeat follows them: the broker keeps the order, so that all is done once it is heard.
        """
        self._marks += 1
        mark = f"9999/{self._marks:04d}"
        self.broker.publish(*messages, (f"/dhcp/heartbeat/{mark}", "ONLINE"))
        wait_until(lambda: self.server.services.nodes.get(mark), what="the messages to be dealt with")

    def names(self) -> list[str]:
        """Names of the series."""
        found = fetch_json(f"{self.url}/api/v1/series?limit=1000")
        return [each["name"] for each in found["series"]]

    def rows(self, name: str, start: int, end: int) -> dict[int, tuple[float | None, ...]]:
        """Rows of a series' file by time, flushed first; the row of `end` is the last one."""
        store = self.server.services.store
        assert store is not None
        store.flush(name)
        path = str(store.get_series(name).path)
        (first, _, step), _, rows = rrdtool.fetch(path, "AVERAGE", f"--start={start - 1}", f"--end={end - 1}")
        return {first + (index + 1) * step: row for index, row in enumerate(rows)}


@contextmanager
def live_in(
    tmp_path: Path,
    broker: Mosquitto,
    *,
    system: str = "",
    datarrd: str = "",
    http: str = "",
    more: str = "",
    schema: str = SECONDS,
    connected: bool = True,
) -> Iterator[House]:
    """Run a server for as long as the block lasts.

    Args:
        tmp_path: its ini and its home go there.
        broker: its broker.
        system: further options of `[system]`.
        datarrd: further options of `[datarrd]`.
        http: further options of `[http]`.
        more: further sections.
        schema: options of the schema that every series has.
        connected: wait until it listens on the broker.
    """
    home = tmp_path / "home"
    ini = tmp_path / "house.conf"
    ini.write_text(INI.format(home=home, broker=broker, system=system, datarrd=datarrd, http=http, more=more, schema=schema))
    server = DatalogServer(Options.load(ini, Plugins()))
    house = House(server, broker, home)
    server.start()
    try:
        if connected:
            house.wait_connected()
        yield house
    finally:
        server.stop()


def value(hadd: str, uuid: str, index: int, data: Any, **changes: Any) -> dict[str, Any]:
    """A Janitoo value object."""
    return {"hadd": hadd, "uuid": uuid, "index": index, "data": data, "genre": 2, "type": 3, "label": uuid, **changes}


def janitoo(hadd: str, uuid: str, data: Any, **changes: Any) -> tuple[str, str]:
    """A message of one Janitoo value."""
    return f"/values/user/{hadd}/{uuid}", json.dumps({"0": value(hadd, uuid, 0, data, **changes)})
