"""Servers that stand for databases which are not to be had here: they take what the real ones' documentation allows, no more."""

from __future__ import annotations

import gzip
import json
import re
import urllib.parse
from pathlib import Path

from .databases import Stored
from .webservers import Request, WebServer

_WORD = r"(?:\\[,= ]|[^\\,= \n])+"
_LINE = re.compile(rf"({_WORD})((?:,{_WORD}={_WORD})*) value=(-?[0-9]+\.?[0-9]*(?:e[+-][0-9]+)?) ([0-9]{{16}})")
_TAG = re.compile(rf",({_WORD})=({_WORD})")
_ESCAPED = re.compile(r"\\([,= ])")


def read_line(line: str) -> tuple[str, dict[str, str], float, int]:
    """Measurement, tags, value, and time in microseconds of a line; raises ValueError."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    tags = {_ESCAPED.sub(r"\1", name): _ESCAPED.sub(r"\1", text) for name, text in _TAG.findall(match[2])}
    if len(tags) != match[2].count("=") - match[2].count("\\="):
        raise ValueError(line)
    return _ESCAPED.sub(r"\1", match[1]), tags, float(match[3]), int(match[4])


class StandIn(WebServer):
    """What they have in common.

    Attributes:
        token: what is to be said.
        stored: what it has taken.
        bad: a line of a series whose name begins so is refused.
        most: bytes of the largest body that it takes, once unpacked.
        busy: so many requests are answered by 429.
    """

    PATH = ""
    PARAMS: tuple[tuple[str, str], ...] = ()
    SCHEME = "Bearer"
    COMPRESSED = True
    INI = ""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        super().__init__(certificate)
        self.status = 204
        self.token = "s3cret"
        self.stored: Stored = {}
        self.bad = "no such"
        self.most = 1 << 30
        self.busy = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._certificate else ''}://127.0.0.1:{self.port}"

    @property
    def ini(self) -> str:
        """The lines of a section that goes here."""
        return f"{self.INI}\nurl = {self.url}\ntoken = s3cret"

    def answer(self, request: Request) -> tuple[int, bytes]:
        path, _, query = request.path.partition("?")
        if (request.method, path) != ("POST", self.PATH):
            return 404, b"404 page not found"
        if request.headers.get("authorization") != f"{self.SCHEME} {self.token}":
            return self.unauthorized()
        if tuple(sorted(urllib.parse.parse_qsl(query, strict_parsing=True))) != self.PARAMS:
            return self.unknown_place()
        assert request.headers["content-type"] == "text/plain; charset=utf-8"
        body = request.body
        if request.headers.get("content-encoding"):
            if not self.COMPRESSED or request.headers["content-encoding"] != "gzip":
                return 415, b'{"code":"invalid","message":"gzip encoding is not supported"}'
            body = gzip.decompress(body)
        if self.busy:
            self.busy -= 1
            return 429, b""
        if len(body) > self.most:
            return 413, b"Request Entity Too Large"
        if request.status != 204:
            return request.status, b"busy"
        lines = body.decode().split("\n")
        assert lines.pop() == "", "the last line has no end"
        return self.take(lines)

    def take(self, lines: list[str]) -> tuple[int, bytes]:
        """Store lines, or say why not."""
        bad = [number for number, line in enumerate(lines, 1) if self.is_bad(line)]
        if bad and not self.partly():
            return self.refuse(lines, bad)
        for number, line in enumerate(lines, 1):
            if number not in bad:
                _, tags, value, time = read_line(line)
                assert tags == {"series": tags["series"]}
                self.stored[tags["series"], time] = value
        return self.refuse(lines, bad) if bad else (204, b"")

    def is_bad(self, line: str) -> bool:
        """Whether a line is refused; one that is none fails the test in the server's own words."""
        try:
            return read_line(line)[1]["series"].startswith(self.bad)
        except ValueError:
            return True

    def partly(self) -> bool:
        """Whether the good lines of a request with bad ones are taken."""
        return True

    def unauthorized(self) -> tuple[int, bytes]:
        return 401, b'{"code":"unauthorized","message":"unauthorized access"}'

    def unknown_place(self) -> tuple[int, bytes]:
        return 404, b'{"code":"not found","message":"bucket \\"house\\" not found"}'

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        raise NotImplementedError


class InfluxDB2(StandIn):
    """InfluxDB 2, which takes the good lines where fields conflict."""

    PATH = "/api/v2/write"
    PARAMS = (("bucket", "my house"), ("org", "us&them"), ("precision", "us"))
    SCHEME = "Token"
    INI = "kind = influxdb2\norg = us&them\nbucket = my house"

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        told = (
            "failure writing points to database: partial write: field type conflict: input field "
            f'"value" on measurement "janitoo" is type float, already exists as type integer dropped={len(bad)}'
        )
        return 422, json.dumps({"code": "unprocessable entity", "message": told}).encode()


class InfluxDB2Whole(InfluxDB2):
    """InfluxDB 2, which takes nothing of a request where a line cannot be read."""

    def partly(self) -> bool:
        return False

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        told = f"unable to parse '{lines[bad[0] - 1]}': missing fields"
        return 400, json.dumps({"code": "invalid", "message": told}).encode()


class InfluxDB3(StandIn):
    """InfluxDB 3, which lists the bad lines."""

    PATH = "/api/v3/write_lp"
    PARAMS = (("accept_partial", "true"), ("db", "house"), ("precision", "microsecond"))
    INI = "kind = influxdb3\ndatabase = house"

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        data = [
            {"original_line": lines[number - 1], "line_number": number, "error_message": "invalid column type for column 'value'"}
            for number in bad
        ]
        return 400, json.dumps({"error": "partial write of line protocol occurred", "data": data}).encode()


class QuestDB(StandIn):
    """QuestDB, where a request is taken as a whole or not at all."""

    PATH = "/write"
    PARAMS = (("precision", "u"),)
    COMPRESSED = False
    INI = "kind = questdb"

    def partly(self) -> bool:
        return False

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        told = (
            f"failed to parse line protocol:errors encountered on line(s):\nerror in line {bad[0]}: cast error from protocol type"
        )
        return 400, json.dumps({"code": "invalid", "message": told, "line": bad[0], "errorId": "abc-1"}).encode()


class VictoriaMetricsAsOne(StandIn):
    """VictoriaMetrics of later versions, which takes nothing of a request where a line cannot be read."""

    PATH = "/write"
    PARAMS = (("db", "house"), ("precision", "u"))
    INI = "kind = victoriametrics\ndatabase = house"

    def partly(self) -> bool:
        return False

    def refuse(self, lines: list[str], bad: list[int]) -> tuple[int, bytes]:
        return 400, b'remoteAddr: "127.0.0.1"; cannot parse influx line protocol data: cannot parse field value'
