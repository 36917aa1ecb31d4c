"""A server in a process of its own, which can be killed, and a rack of machines that hand in what their processes take."""

from __future__ import annotations

import time
from pathlib import Path

import rrdtool
from support import Certificates, CommandLine, Mosquitto, fetch, free_port, wait_until
from support.commands import Running

_INI = """
[system]
home_dir = {home}
broker_ip = {broker.host}
broker_port = {broker.port}
broker_mode = external

[datarrd]
hadd = 0014/0000

[http]
hadd = 0018/0000
http_port_0 = {port}
http_auth = {auth}
{tls}

[schema__default]
pattern = .*
step = 1
retention = 1s:1d
reorder_window = 0
"""


class Rack:
    """A server on a port that stays the same.

    Attributes:
        port: of its web server.
        home: its home directory.
    """

    def __init__(
        self, folder: Path, commands: CommandLine, broker: Mosquitto, *, auth: str = "off", tls: Certificates | None = None
    ) -> None:
        self.port = free_port()
        self.home = folder / "home"
        self._commands = commands
        self._ini = folder / "rack.conf"
        keys = ""
        if tls is not None:
            key = folder / "rack.key"
            key.touch(mode=0o600)
            key.write_bytes(tls.server_key.read_bytes())
            keys = f"http_tls_cert = {tls.server_cert}\nhttp_tls_key = {key}"
        self._ini.write_text(_INI.format(home=self.home, broker=broker, port=self.port, auth=auth, tls=keys))
        self._scheme = "http" if tls is None else "https"
        self._running: Running | None = None

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes what is handed in."""
        self._running = self._commands.start("-c", str(self._ini), "front")
        wait_until(self._is_up, what="the server to be up")

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._running is not None
        self._running.kill()

    def stop(self) -> None:
        """Have it write everything to its files."""
        assert self._running is not None
        assert self._running.stop(30) == 0, self._running.stderr

    def token(self, name: str, role: str) -> Path:
        """A file with a new token."""
        made = self._commands.run("-c", str(self._ini), "token", "add", name, "--role", role, check=True)
        path = self.home.parent / f"{name}.token"
        path.touch(mode=0o600)
        path.write_text(made.stdout)
        return path

    def rows(self, name: str, start: int, end: int) -> dict[int, float | None]:
        """Rows of a file by time, after the stop."""
        path = str(self.home / "public" / "rrd" / "rrds" / f"{name}.rrd")
        (first, _, step), _, rows = rrdtool.fetch(path, "AVERAGE", f"--start={start - 1}", f"--end={end - 1}")
        return {first + (index + 1) * step: row[0] for index, row in enumerate(rows)}

    def _is_up(self) -> bool:
        assert self._running is not None
        assert self._running.alive, self._running.stderr
        if self._scheme == "https":
            return "serving on" in self._running.stderr + self._running.stdout
        return fetch(f"{self.url}/healthz") is not None


def begin_of(count: int) -> int:
    """A second from which on so many have passed."""
    return int(time.time()) - count - 60
