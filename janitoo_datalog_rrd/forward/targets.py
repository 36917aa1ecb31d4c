"""Forwarding, where to: how each kind of database is written to, and what its answers mean.

Paths, parameters and answers are those of the databases' own documentation: `/write` of
https://docs.influxdata.com/influxdb/v1/tools/api/, `/api/v2/write` of https://docs.influxdata.com/influxdb/v2/api/,
`/api/v3/write_lp` of https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/, `/write` of
https://docs.victoriametrics.com/victoriametrics/integrations/influxdb/ and of https://questdb.com/docs/reference/api/ilp/overview/.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

from ..core.forwards import is_loopback
from ..core.httpclient import Answer
from ..core.secrets import MASK
from ..core.sections import Section

_MAX_TOLD = 200
_OF_LINES = re.compile(
    r"unable to parse|cannot parse|could not parse|line protocol|partial write|in line [0-9]|field type|column type|cast error|"
    r"tag value|field value|no fields were provided|points? beyond|max-values-per-tag|max key length",
    re.IGNORECASE,
)
_CREDENTIALS = MappingProxyType(
    {
        "influxdb1": "user and password",
        "influxdb2": "token, which must be allowed to write into the bucket",
        "influxdb3": "token",
        "victoriametrics": "token, or user and password",
        "questdb": "token, or user and password",
    }
)
_PLACES = MappingProxyType(
    {
        "influxdb1": "create the database there, or check database and url",
        "influxdb2": "create the bucket there, or check org, bucket and url",
        "influxdb3": "check database and url, and whether kind is right",
        "victoriametrics": "check url, and whether kind is right",
        "questdb": "check url, whether kind is right, and that line.http.enabled is on there",
    }
)


class Outcome(Enum):
    """What became of a request."""

    TAKEN = "taken"
    """It has the lines, but for those that it refuses for good."""
    REFUSED = "refused"
    """It took none, because of a line among them."""
    SMALLER = "smaller"
    """They were too many at once."""
    PLAIN = "plain"
    """It does not read what is compressed."""
    AGAIN = "again"
    """It may take the same lines later."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means.

    Attributes:
        outcome: what became of the lines.
        refused: with TAKEN, how many of them it did not take and never will.
        why: a sentence for people on what is wrong, and what to do; empty where nothing is.
        wait_s: how long it asks to be left alone.
    """

    outcome: Outcome
    refused: int = 0
    why: str = ""
    wait_s: float = 0.0


_TAKEN = Verdict(Outcome.TAKEN)


@dataclass(frozen=True, slots=True)
class Target:
    """A database to write to.

    Attributes:
        kind: which, as the ini has it.
        place: scheme, host, port and path: what of its address may be shown.
        url: where lines are posted.
        headers: that go with them.
        compressed: whether lines are worth compressing, and it can read them.
    """

    kind: str
    place: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    compressed: bool
    _secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, section: Section) -> Target:
        """Read a section of the ini."""
        kind, base = section["kind"], section["url"]
        path, query = _endpoint(section)
        authorization = _authorization(section)
        near = is_loopback(urlsplit(base).hostname or "")
        return cls(
            kind=kind,
            place=base,
            url=f"{base}{path}?{urlencode(query)}",
            headers={"Content-Type": "text/plain; charset=utf-8", **authorization},
            compressed=not near and kind != "questdb",  # QuestDB refuses what is compressed
            _secrets=tuple(
                each
                for each in (section["token"], section["password"], *(value.split()[-1] for value in authorization.values()))
                if each
            ),
        )

    def judge(self, answer: Answer) -> Verdict:
        """Say what an answer means for the lines that were sent."""
        if answer.taken:
            return _TAKEN
        told = self._told(answer.body)
        status, said = answer.status, f"HTTP {answer.status}" + (f": {told}" if told else "")
        if status == 413:
            return Verdict(Outcome.SMALLER, why=f"it does not take so much at once ({said})")
        if status == 415:
            return Verdict(Outcome.PLAIN, why=f"it does not read what we send ({said}); check url and kind")
        if status in (400, 422):
            refused = _refused(answer.body)
            if refused is not None:
                return Verdict(Outcome.TAKEN, refused, told)
            if _OF_LINES.search(told):
                return Verdict(Outcome.REFUSED, why=told)
            return Verdict(Outcome.AGAIN, why=f"it does not answer as {self.kind} does ({said}); check url and kind")
        return Verdict(Outcome.AGAIN, why=self._advice(status, said), wait_s=answer.retry_after_s)

    def _advice(self, status: int, said: str) -> str:
        if status in (401, 403, 407):
            return f"it does not let us in ({said}); check {_CREDENTIALS[self.kind]}"
        if status == 404:
            return f"it does not know where to write ({said}); {_PLACES[self.kind]}"
        if status == 429:
            return f"it asks us to come less often ({said})"
        if status >= 500 or status in (408, 425):
            return f"it is busy or broken ({said})"
        if 300 <= status < 400:
            return f"it sends us elsewhere ({said}), where we do not go with a secret; set url to the place itself"
        return f"it does not answer as {self.kind} does ({said}); check url and kind"

    def _told(self, body: bytes) -> str:
        """What an answer says, as one short line that can be shown."""
        text = body[:4000].decode("utf-8", "replace")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            found = [document.get(name) for name in ("error", "message")]
            details = document.get("data")
            if isinstance(details, list) and details and isinstance(details[0], dict):
                found.append(details[0].get("error_message"))
            text = ": ".join(each for each in found if isinstance(each, str)) or text
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
        return shown if len(shown) <= _MAX_TOLD else f"{shown[:_MAX_TOLD]}..."


def _endpoint(section: Section) -> tuple[str, dict[str, str]]:
    """Path and parameters of a kind's address for lines with times in microseconds."""
    kind, database = section["kind"], section["database"]
    if kind == "influxdb1":
        return "/write", {"db": database, "precision": "u"}
    if kind == "influxdb2":
        return "/api/v2/write", {"org": section["org"], "bucket": section["bucket"], "precision": "us"}
    if kind == "influxdb3":
        return "/api/v3/write_lp", {"db": database, "precision": "microsecond", "accept_partial": "true"}
    if kind == "victoriametrics":
        return "/write", {**({"db": database} if database else {}), "precision": "u"}
    return "/write", {"precision": "u"}


def _authorization(section: Section) -> dict[str, str]:
    token, user = section["token"], section["user"]
    if token:
        return {"Authorization": f"{'Token' if section['kind'] == 'influxdb2' else 'Bearer'} {token}"}
    if user:
        given = base64.b64encode(f"{user}:{section['password']}".encode()).decode()
        return {"Authorization": f"Basic {given}"}
    return {}


def _refused(body: bytes) -> int | None:
    """How many lines were refused while the others were taken; None where that is not what an answer says.

    InfluxDB 1 and 2 tell how many points were dropped, and name the lines that were none; InfluxDB 3 lists all of them.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    told = document.get("error") or document.get("message")
    if not isinstance(told, str):
        return None
    listed = document.get("data")
    if told.startswith("partial write of line protocol") and isinstance(listed, list):
        return len(listed)
    head, mark, dropped = told.rstrip().rpartition(" dropped=")
    if not mark or "partial write: " not in head or not dropped.isdecimal() or len(dropped) > 9:
        return None
    return int(dropped) + head.count("unable to parse '")
