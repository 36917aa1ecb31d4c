"""The forwarder: measures in its interval, at once when the mode changes, and has each payload sent."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from .. import __version__
from ..core.clock import UNSET_S, Clock, ClockFile
from ..core.delivery import Delivery, DeliveryState
from ..core.httpclient import HttpClient
from ..core.outbox import Entry, Outbox, OutboxError
from .load import Mode, SmoothedLoad
from .payload import Machine
from .settings import WebhookSettings

logger = logging.getLogger(__name__)

TIME_HEADER = "X-Measured-At"
"""Says when the payload was measured, which the payload itself does not: it may have waited. None while the clock is not set."""


class ForwarderState(NamedTuple):
    """How the forwarder stands.

    Attributes:
        emergency: the mode.
        cpu_percentage: the smoothed load; None until it is known.
        gone: payloads that never get there, since the start: refused, dropped from a full outbox, or not taken by the disk.
        delivery: how the sending stands.
    """

    emergency: bool
    cpu_percentage: float | None
    gone: int
    delivery: DeliveryState


class Forwarder:
    """Sends payloads of this machine to a webhook. Everything that waits is in a file.

    Args:
        settings: what is sent where, and when.
        outbox_path: where it is kept until it has arrived.
        machine: what is measured.
        load: how busy the processors are; None to look at this machine.
        clock: seconds on a clock that never falls.
        wall: the wall clock, looked after: when it is set, the times of what waits are set right.

    Raises:
        StartError: the file, or the certificates, cannot be used.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        outbox_path: Path,
        *,
        machine: Machine | None = None,
        load: SmoothedLoad | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._machine = machine or Machine()
        self._load = load or SmoothedLoad(settings.cpu_average_s)
        self._mode = Mode(settings.cpu_max, min(settings.emergency_s, settings.cpu_average_s))
        self._clock = clock
        self._cpu_percentage: float | None = None
        self._due: float | None = None
        self._lost = 0
        client = HttpClient(settings.ca)
        self._outbox = Outbox(outbox_path, settings.outbox_bytes)
        self._dropped_before = self._outbox.dropped
        self._wall = wall or Clock()
        self._clock_file = ClockFile(outbox_path.with_name(f"{outbox_path.name}.clock"), self._wall)
        self._delivery = Delivery(self._outbox, client, settings.address, what="webhook", headers=_headers)

    @property
    def state(self) -> ForwarderState:
        """How it stands; may be asked for from any thread."""
        delivery = self._delivery.state
        gone = self._lost + delivery.refused + delivery.dropped - self._dropped_before
        return ForwarderState(self._mode.emergency, self._cpu_percentage, gone, delivery)

    def start(self) -> None:
        """Begin to send what waits, and tell what is going to happen."""
        settings = self._settings
        logger.info(
            "webhook: %s to %s every %g s, every %g s while the load is above %g %%; what waits is in %s (%d waiting)",
            settings.device_id,
            settings.address.place,
            settings.regular_s,
            settings.emergency_s,
            settings.cpu_max,
            self._outbox.path,
            self._outbox.waiting,
        )
        if not settings.address.encrypted:
            logger.warning(
                "webhook: %s is not https: whoever is on the way can read and change what is sent", settings.address.place
            )
        try:
            self._set_right(self._clock_file.begin(self._outbox.next_number))
            self._clock_file.write()
        except OutboxError as error:
            logger.error("webhook: %s", error)
        self._delivery.start()

    def tick(self) -> float:
        """Do what is due, and return how many seconds may pass until the next call."""
        now = self._clock()
        percent = self._load.look(now)
        if percent is None:
            return self._load.look_every_s
        self._cpu_percentage = percent
        changed = self._mode.look(percent, now)
        if changed:
            logger.info(
                "webhook: %s at a load of %g %% (threshold %g %%)",
                "emergency" if self._mode.emergency else "back to regular",
                percent,
                self._settings.cpu_max,
            )
        if changed or self._due is None or now >= self._due:
            self._send(percent)
            self._due = self._next(now, anew=changed)
        return max(0.0, min(self._load.look_every_s, self._due - now))

    def stop(self) -> None:
        """End it; what waits stays on disk."""
        self._delivery.stop()
        self._outbox.close()

    def _next(self, now: float, *, anew: bool) -> float:
        """When the next payload is due: an interval after the last one was, so that small delays do not add up."""
        interval = self._settings.emergency_s if self._mode.emergency else self._settings.regular_s
        if anew or self._due is None or now - self._due >= interval:
            return now + interval
        return self._due + interval

    def _set_right(self, step: float) -> None:
        """Move the times of what waits, where the clock that they are from was set."""
        if step:
            logger.warning("webhook: the clock was set by %+.1f s; the times of what waits are set right", step)
            self._outbox.shift(step, self._clock_file.first)
            self._clock_file.write()

    def _send(self, percent: float) -> None:
        try:
            self._set_right(self._wall.look())
            payload = self._machine.payload(self._settings.device_id, emergency=self._mode.emergency, cpu_percentage=percent)
            self._delivery.put(encode(payload), self._wall.time_of(self._wall.now()))
        except (OutboxError, psutil.Error, OSError, RuntimeError) as error:
            if not self._lost:
                logger.error("webhook: a payload could not be made or kept: %s; others are counted", error)
            self._lost += 1


def encode(payload: dict[str, Any]) -> bytes:
    """A payload as it is sent."""
    return json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()


def _headers(entry: Entry) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": f"janitoo_datalog_rrd/{__version__}"}
    if entry.time_s >= UNSET_S:
        measured = datetime.fromtimestamp(entry.time_s, timezone.utc).isoformat(timespec="milliseconds")
        headers[TIME_HEADER] = measured.replace("+00:00", "Z")
    return headers
