"""The status as one document, which the API gives as JSON and the page shows."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from functools import cached_property
from typing import Any

from ...core.contracts import SeriesReader
from ...core.facts import StoreState
from ...core.services import Services
from ...core.status import Rejected
from ..escape import clean
from ..forwarding import describe_forwards
from ..view import number, text
from .dialects import describe_dialects
from .process import ProcessWatch, describe_threads, versions


class Reporter:
    """Puts the status of a server together; keeps what takes long to find out.

    Args:
        services: what the threads of the server share.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(self, services: Services, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._process = ProcessWatch(monotonic)

    @cached_property
    def _versions(self) -> dict[str, str]:
        return versions()

    def document(self, problems: dict[str, str], *, payloads: bool) -> dict[str, Any]:
        """Everything, by part; times in seconds since the epoch UTC, sizes in bytes. It holds no secret, and no user's name.

        Args:
            problems: what is wrong, by part.
            payloads: whether messages that could not be used are told, and what dialects cannot log: they may be anything that
                somebody published.
        """
        services = self._services
        now = services.clock()
        state = None if services.store is None else services.store.state()
        return {
            "time": now,
            "started": services.started,
            "uptime": max(now - services.started, 0.0),
            "problems": _texts(problems),
            "notes": _texts(services.health.notes()),
            "broker": self._broker(),
            "dialects": describe_dialects(services, notes=payloads),
            "forwards": describe_forwards(services),
            "threads": [_texts(each) for each in describe_threads(services.threads, threading.enumerate())],
            "plugins": [_texts(each._asdict()) for each in services.plugins.all()],
            "cache": None if state is None else _cache(state),
            "journal": None if state is None else _journal(state),
            "disk": self._disk(state, services.store),
            "samples": {name: services.counters.get(f"samples_{name}") for name in ("accepted", "written", "late")},
            "dropped": _by_count(services.counters.by_label("samples_dropped")),
            "messages": _by_count(services.counters.by_label("messages")),
            "rejected": [_rejected(each) for each in services.rejected.last()] if payloads else [],
            "process": self._process.look(),
            "versions": {**self._versions, **self._broker_version()},
        }

    def _broker(self) -> dict[str, Any] | None:
        link = self._services.link
        if link is None:
            return None
        readers = self._services.readers
        claimed = readers.directory.claimed if readers is not None else ()
        filters = link.filters
        static = [text(each) for each in filters if each not in claimed]
        found = {each.name: getattr(link, each.name) for each in fields(link)}
        found = {**found, "filters": static, "claimed": len(filters) - len(static), "mode": self._mode()}
        return {**found, "version": clean(link.version, 60), "told": text(link.told)}

    def _mode(self) -> str:
        return str(self._services.options.get_option("system", "broker_mode", ""))

    def _broker_version(self) -> dict[str, str]:
        link = self._services.link
        return {"broker": clean(link.version, 60)} if link is not None and link.version else {}

    def _disk(self, state: StoreState | None, store: SeriesReader | None) -> dict[str, Any]:
        """The file system of the home directory, and what our files take of it at most.

        `most` is when every series that there is has its file; `limit` is when there are `max_series` of their size.
        """
        try:
            usage = shutil.disk_usage(self._services.options.home_dir)
            found: dict[str, Any] = {"total": usage.total, "free": usage.free}
        except OSError:
            found = {"total": None, "free": None}
        if state is None or store is None:
            return {**found, "files": 0, "size": 0, "used": 0, "most": 0, "limit": 0, "fits": True}
        files = state.files
        most = files.size + files.unmade
        limit = most if state.series >= state.max_series else round(most / max(state.series, 1) * state.max_series)
        free = found["free"]
        return {
            **found,
            "files": files.count,
            "size": files.size,
            "used": files.used,
            "most": most,
            "limit": limit,
            "fits": free is None or most - files.used <= free,
        }


def readable(payload: bytes) -> str:
    """Bytes as text; what is no text is written as `\\xNN`."""
    decoded = payload.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in decoded)


def _cache(state: StoreState) -> dict[str, Any]:
    return {
        "samples": state.cached,
        "most": state.cache_max,
        "oldest": number(state.oldest),
        "series": state.series,
        "max_series": state.max_series,
    }


def _journal(state: StoreState) -> dict[str, Any]:
    return {
        "segments": state.journal_segments,
        "size": state.journal_bytes,
        "kept": state.journal_kept_bytes,
        "sync": state.journal_sync,
        "synced": number(state.journal_synced),
        "pending": state.journal_pending,
        "snapshot_size": state.snapshot_bytes,
        "snapshot_time": number(state.snapshot_time),
    }


def _rejected(entry: Rejected) -> dict[str, Any]:
    return {
        "time": number(entry.time),
        "topic": text(entry.topic),
        "reason": text(entry.reason),
        "detail": text(entry.detail),
        "payload": readable(entry.payload),
    }


def _by_count(counts: dict[str, int]) -> dict[str, int]:
    return {text(reason): count for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """The same with every text such that JSON can have it."""
    return {text(key): text(value) if isinstance(value, str) else value for key, value in values.items()}
