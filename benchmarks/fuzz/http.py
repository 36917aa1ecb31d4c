"""Fuzzing, HTTP: whole requests as a web server hands them over, answered by the real application over real RRD files."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

import rrdtool
from flask import Flask

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.store import rrdfile
from janitoo_datalog_rrd.store.reader import FileReader
from janitoo_datalog_rrd.store.settings import CATALOGUE, folders_of
from janitoo_datalog_rrd.web.app import create_app

from .promises import Check, expect

SERIES = ("heat", "0014.0001.temperature.0", "tele.plug.ENERGY.Power")
_STEP = 10
_ASCII = bytes(range(0x21, 0x7F))


def make_check(folder: Path) -> Check:
    """Make the check of one input, a request: method and target, headers, and after an empty line the body."""
    application = make_application(folder)

    def check(data: bytes) -> None:
        check_request(application, *parse(data))

    return check


def make_application(folder: Path) -> Flask:
    """The application of a server, without the server, over a few real RRD files."""
    ini = folder / "fuzz.conf"
    ini.write_text(f"[system]\nhome_dir = {folder}\n[http]\nhadd = 0018/0000\n", encoding="utf-8")
    rrd_dir, data_dir = folders_of(folder)
    rrd_dir.mkdir(parents=True)
    for name in SERIES:
        make_file(rrd_dir / f"{name}.rrd")
    plugins = Plugins()
    services = Services.build(Options.load(ini, plugins), plugins)
    services.store = FileReader(rrd_dir, data_dir / CATALOGUE)
    return create_app(services)


def make_file(path: Path) -> None:
    """Make an RRD file of two data sources with an hour of numbers."""
    last = int(time.time()) // _STEP * _STEP
    sources = [rrdfile.DataSource("value", "GAUGE", 60), rrdfile.DataSource("count", "DERIVE", 60, 0.0)]
    rras = [f"RRA:{cf}:0.5:{steps}:{rows}" for cf in ("AVERAGE", "MAX") for steps, rows in ((1, 720), (60, 100))]
    rrdfile.create(path, _STEP, last - 3700, sources, rras)
    texts = [f"{last - 3600 + _STEP * row}:{'U' if row % 7 == 0 else row / 3}:{row * row}" for row in range(361)]
    rrdtool.update(str(path), "--template", "value:count", *texts)


def parse(data: bytes) -> tuple[str, bytes, list[tuple[str, str]], bytes]:
    """Method, target, headers and body of an input."""
    head, _, body = data.partition(b"\n\n")
    first, *rest = head.split(b"\n")
    method, _, target = first.partition(b" ")
    pairs = [line.partition(b":") for line in rest if b":" in line]
    headers = [(name.decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in pairs]
    return method.decode("latin-1"), target, headers, body


def check_request(application: Flask, method: str, target: bytes, headers: list[tuple[str, str]], body: bytes) -> int:
    """Send one request and check the answer; its status is returned. Raises BrokenPromiseError."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, fields: list[tuple[str, str]], _: Any = None, /) -> Callable[[bytes], object]:
        started.append((status, fields))
        return lambda _: None

    environ = make_environ(method, target, headers, body)
    answer = application(environ, start_response)
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    status, fields = int(started[0][0].split()[0]), {name.lower(): value for name, value in started[0][1]}
    shown = (method, target, headers, status, content[:200])
    expect(status < 500, "the server makes no mistake", *shown)
    expect(not any("\n" in part or "\r" in part for pair in started[0][1] for part in pair), "headers are lines", *shown)
    expect("content-security-policy" in fields, "every answer has its policy", *shown)
    path = environ["PATH_INFO"]
    if method != "HEAD" and (path == "/api" or path.startswith("/api/")) and status not in (204, 304):
        _check_document(fields, content, status, shown)
    return status


def _check_document(fields: dict[str, str], content: bytes, status: int, shown: tuple[object, ...]) -> None:
    if status >= 400:
        expect(fields.get("content-type") == "application/problem+json", "an error of the API is a problem document", *shown)
        expect(json.loads(content)["status"] == status, "a problem document has the status", *shown)
    elif status == 200 and content and fields.get("content-type") == "application/json":
        json.loads(content)


def make_environ(method: str, target: bytes, headers: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """A request as the web server hands it over (PEP 3333): the path unquoted, its bytes as latin-1."""
    # the server refuses bytes that are not ASCII before the application sees them
    path, _, query = quote_from_bytes(target, safe=_ASCII).encode().partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method.upper() or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") or "/",
        "QUERY_STRING": query.decode("ascii"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8081",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:8081",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = name.strip().upper().replace("-", "_")
        # the server counts the body by itself and has refused a header that is none
        if key != "CONTENT_LENGTH" and key.replace("_", "").isalnum() and "\0" not in value and "\r" not in value:
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
