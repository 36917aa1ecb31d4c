"""The server as a process seen from outside: start it, stop it, ask it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from .core.contracts import Column, SeriesInfo
from .core.errors import StartError, StoreError
from .core.options import Options
from .core.server import make_folders, pid_lock
from .web.auth.local import FILE as KEY_FILE
from .web.auth.local import read_local_key
from .web.serving.binding import from_here, in_url
from .web.serving.pinning import pinned

_START_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 60.0
_HTTP_TIMEOUT_S = 60.0


class Daemon:
    """The server of an ini.

    Args:
        options: the ini, checked.
        config: the ini as it was named on the command line, handed on to a server that is started.

    Attributes:
        url: where its web server is.
    """

    def __init__(self, options: Options, config: str | None) -> None:
        self.options = options
        self.config = config
        self._lock = pid_lock(options)
        host = in_url(from_here(options.get_option("http", "http_host", "localhost")))
        self._certificate = str(options.get_option("http", "http_tls_cert") or "")
        scheme = "https" if self._certificate else "http"
        self.url = f"{scheme}://{host}:{options.get_option('http', 'http_port', 8081)}/"

    @property
    def pid_file(self) -> str:
        """Where its pid stands while it runs."""
        return str(self._lock.path)

    @property
    def _key_file(self) -> Path:
        return self.options.home_dir / KEY_FILE

    def pid(self) -> int | None:
        """Its process id, or None when it is not running; a stale pid file is no running server."""
        return self._lock.holder()

    def start(self) -> int:
        """Start it in the background, wait until it is up, and return its process id.

        Raises:
            StartError: it runs already, or it could not start.
        """
        running = self.pid()
        if running is not None:
            raise StartError(f"it is running already (pid {running})")
        make_folders(self.options)
        try:
            output = (self.options.log_dir / f"{self.options.service}.out").open("ab")
        except OSError as error:
            raise StartError(f"[system] log_dir = {self.options.log_dir} cannot be used: {error.strerror}") from error
        ready, theirs = os.pipe()
        with output, open(ready, "rb") as stream:  # noqa: PTH123 - a descriptor, no path
            begin = output.tell()
            command = [sys.executable, "-m", __package__ or "", *(["-c", self.config] if self.config else [])]
            command += ["front", "--ready-fd", str(theirs)]
            process = subprocess.Popen(  # noqa: S603 - our own program, no shell
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[theirs], start_new_session=True
            )
            os.close(theirs)
            select.select([stream], [], [], _START_TIMEOUT_S)
            if stream.readline() != b"up\n":
                process.wait(_STOP_TIMEOUT_S)
                with open(output.name, "rb") as log:  # noqa: PTH123
                    log.seek(begin)
                    said = log.read().decode("utf-8", "replace").strip()
                raise StartError(f"the server did not start:\n{said}")
        process.returncode = 0  # it lives on; without this the interpreter warns that nobody waited for it
        return process.pid

    def stop(self) -> bool:
        """Stop it and wait until it has ended; False when it was not running.

        Raises:
            StartError: it does not end.
        """
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            self._signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while self.pid() == pid:
            if time.monotonic() > deadline:
                raise StartError(f"the server (pid {pid}) has not ended after {_STOP_TIMEOUT_S:g} s; see its log")
            time.sleep(0.05)
        return True

    def reload(self) -> int:
        """Have it read its ini again, and return its process id. Raises StartError when it is not running."""
        pid = self.pid()
        if pid is None:
            raise StartError("it is not running: start it")
        self._signal(pid, signal.SIGHUP)
        return pid

    def health(self) -> dict[str, Any]:
        """What it says of its health; without an answer, that is the problem."""
        try:
            return self._meet(closely=False)
        except StoreError as error:
            return {"status": "unknown", "problems": {"http": str(error)}}

    def _meet(self, *, closely: bool = True) -> dict[str, Any]:
        """Its health, after making sure that it is this server that answers.

        Args:
            closely: what is asked next is not for everybody.

        Raises:
            StoreError: another one answers, or none, or this user may not ask it.
        """
        health = self._ask("GET", "healthz", accept_failing=True)
        if "pid" not in health and health.get("status") in ("ok", "failing"):  # all that strangers are told
            if closely:
                raise StoreError(f"the server asks who wants that, and {self._key_file} cannot be read: act as the server's user")
            why = {"problems": {"server": "it says that it fails; act as its user to be told why"}}
            return {**health, **(why if health["status"] == "failing" else {})}
        if health.get("pid") != self.pid():
            raise StoreError(
                f"another server (pid {health.get('pid')}) answers at {self.url}: "
                "was this one started with another http_port_0, as by a JNT_ variable?"
            )
        return health

    def flush(self, name: str | None = None) -> int:
        """Have it write cached samples, of one series or of all, and return how many.

        Raises:
            StoreError: it does not answer, or cannot do it.
        """
        self._meet()
        query = f"?{urllib.parse.urlencode({'series': name})}" if name else ""
        return int(self._ask("POST", f"api/v1/flush{query}").get("flushed", 0))

    def list_series(self) -> list[SeriesInfo]:
        """What it logs, sorted by name. Raises StoreError when it does not answer."""
        self._meet()
        found: list[SeriesInfo] = []
        cursor: str | None = ""
        while cursor is not None:
            query = urllib.parse.urlencode({"limit": "1000", **({"cursor": cursor} if cursor else {})})
            page = self._ask("GET", f"api/v1/series?{query}")
            try:
                found += [_series(each) for each in page["series"]]
                cursor = page["next_cursor"]
            except (KeyError, TypeError) as error:
                raise StoreError(f"{self.url} answers, but not as this server does") from error
        return found

    def _ask(self, method: str, path: str, *, accept_failing: bool = False) -> dict[str, Any]:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - http, from our own ini
        key = read_local_key(self.options.home_dir, self.options.get_option("http", "http_port", 8081))
        if key is not None:
            request.add_unredirected_header("Authorization", f"Bearer {key}")
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        try:
            if self._certificate:
                handlers.append(urllib.request.HTTPSHandler(context=pinned(Path(self._certificate))))
            opener = urllib.request.build_opener(*handlers)
            with opener.open(request, timeout=_HTTP_TIMEOUT_S) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                content = error.read()
            if not (accept_failing and error.code == 503):
                raise StoreError(f"the server says: {_detail(content) or error.reason}") from error
        except (OSError, ValueError) as error:
            raise StoreError(f"the server does not answer at {self.url}: {error}") from error
        try:
            loaded = json.loads(content)
        except ValueError as error:
            raise StoreError(f"{self.url} answers, but not as this server does") from error
        return loaded if isinstance(loaded, dict) else {}

    def _signal(self, pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except PermissionError as error:
            raise StartError(f"the server (pid {pid}) belongs to another user: act as that user, or as root") from error


def _series(data: dict[str, Any]) -> SeriesInfo:
    """A series as the API tells it."""
    columns = tuple(
        Column(
            each["name"], tuple(each["key"]), each["label"], each["units"], each["type"], each["last_value"], each["last_time"]
        )
        for each in data["columns"]
    )
    name, node, label = data["name"], data["node"], data["label"]
    return SeriesInfo(name, node, label, data["step"], data["configured"], columns, Path(), data["cached"])


def _detail(content: bytes) -> str:
    with contextlib.suppress(ValueError):
        problem = json.loads(content)
        if isinstance(problem, dict):
            return str(problem.get("detail") or problem.get("title") or "")
    return ""
