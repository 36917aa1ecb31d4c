"""Whether anybody takes what the agent publishes: a broker that was killed may have forgotten who does."""

from __future__ import annotations

import math

DOUBT_S = 60.0
"""So long after a connection, or after the last one has gone, those who took the readings are waited for."""
PAUSE_S = 1.0
"""Between two questions whether somebody is there."""


class Audience:
    """Decides whether a message that the broker has taken has arrived.

    A broker that was killed has often forgotten its sessions. Agents that are back before the server would then publish for
    nobody. Brokers of MQTT 5 tell so (reason 0x10, section 3.4.2.1 of the standard): for a minute such messages stay in the
    outbox, and one of them asks again and again. Where nobody has ever taken anything, as with a broker that only has rules,
    and where the minute is over, the broker's word is enough.
    """

    def __init__(self) -> None:
        self._seen = False
        self._doubt_until = -math.inf

    def begin(self, now: float) -> None:
        """There is a new connection; `now` is the clock of `time.monotonic`."""
        self._doubt_until = now + DOUBT_S if self._seen else -math.inf

    def has(self, nobody: bool, now: float) -> bool:
        """Whether a message has arrived that the broker has taken.

        Args:
            nobody: the broker said that nobody takes it.
            now: seconds on the clock of `time.monotonic`.
        """
        if not nobody:
            self._seen = True
            self._doubt_until = -math.inf
            return True
        if self._seen and self._doubt_until == -math.inf:
            self._doubt_until = now + DOUBT_S
        if now < self._doubt_until:
            return False
        self._seen = False
        return True

    def room(self, most: int) -> int:
        """How many messages may be on their way: one while it is not known whether somebody takes them, so that order is kept."""
        return most if self._doubt_until == -math.inf else min(most, 1)
