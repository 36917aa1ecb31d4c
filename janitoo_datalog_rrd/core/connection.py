"""How the broker is reached: its address, what is tried when it is away, and the sentences that tell of it."""

from __future__ import annotations

import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from .errors import StartError
from .options import Options

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S = 7 * 86400
"""How long the broker keeps a persistent session while we are away (MQTT 5; MQTT 3.1.1 brokers decide themselves)."""
MAXIMUM_PACKET = 4 << 20
"""Bytes of the longest message that the broker may send us (MQTT 5): no number needs as many, and memory is bounded."""
GOODBYE_S = 2.0
"""How long a connection that ends waits for the broker."""
LEAVE_S = 0.2
"""How long it waits for its own thread while the broker is away: that may be deep in a look-up or a connect."""
_LONGEST_WAIT_S = 40.0
_HANGS_UP = "hangs up before it takes us; check [system] broker_tls, broker_tls_cert and broker_protocol"

StateHandler = Callable[[bool, str], None]
"""Called with (connected, sentence) when a connection comes or goes."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is and how it is spoken to.

    Attributes:
        host, port: its address.
        user, password: credentials; an empty user means none.
        keepalive: seconds between two signs of life.
        protocol: `3.1.1` or `5`.
        tls: the TLS context, or None for plain TCP.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    keepalive: int = 60
    protocol: str = "5"
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"BrokerSettings({self.host}:{self.port})"

    @classmethod
    def from_options(cls, options: Options) -> BrokerSettings:
        """Read the `broker_*` options of `[system]`.

        Raises:
            StartError: a certificate or key cannot be loaded.
        """
        system = options.system
        return cls(
            host=system["broker_ip"],
            port=system["broker_port"],
            user=system["broker_user"],
            password=system["broker_password"],
            keepalive=system["broker_keepalive"],
            protocol=system["broker_protocol"],
            tls=_tls_context(options),
        )


def _tls_context(options: Options) -> ssl.SSLContext | None:
    system = options.system
    if not (system["broker_tls"] or system["broker_tls_ca"] or system["broker_tls_cert"]):
        return None
    option = "broker_tls_ca"
    try:
        context = ssl.create_default_context(cafile=system["broker_tls_ca"] or None)
        option = "broker_tls_cert / broker_tls_key"
        if system["broker_tls_alpn"]:
            context.set_alpn_protocols(list(system["broker_tls_alpn"]))
        if system["broker_tls_cert"]:
            context.load_cert_chain(system["broker_tls_cert"], system["broker_tls_key"] or None)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"{options.path}: [system] {option} cannot be loaded: {error}") from error
    return context


class Backoff:
    """How long to wait before the next try: longer each time, and at random, so that a fleet does not come at once.

    Args:
        first_s, longest_s: the first wait, and the longest one, at most.
    """

    def __init__(self, first_s: float = 1.5, longest_s: float = _LONGEST_WAIT_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._tries = 0

    def reset(self) -> None:
        """It was reached."""
        self._tries = 0

    def draw(self) -> float:
        """Seconds to wait before the next try."""
        longest = min(self._longest_s, self._first_s * 2**self._tries)
        self._tries = min(self._tries + 1, 10)
        return random.uniform(longest / 3, longest)  # noqa: S311 - spreads load, no secret


class Teller:
    """Tells how a connection stands, in sentences that name what to do; the same one twice is no second line in the log.

    Args:
        settings: where the broker is.
        client_id: whose connection it is.
        on_state: told too; None for the log only.
        told: what was said last, of an earlier connection.

    Attributes:
        told: what was said last.
    """

    def __init__(self, settings: BrokerSettings, client_id: str, on_state: StateHandler | None, told: str = "") -> None:
        self._place = f"the MQTT broker at {settings.host}:{settings.port}"
        self._client_id = client_id
        self._on_state = on_state
        self.told = told
        self.silent = False

    def connected(self) -> None:
        """The broker has taken us."""
        self._tell(True, f"connected to {self._place}")

    def refused(self, reason: str) -> None:
        """The broker does not take us."""
        of_user = "uthori" in reason or "user" in reason
        options = "broker_user and broker_password" if of_user else "broker_protocol and broker_client_id"
        self._tell(False, f"{self._place} refuses us: {reason}; check [system] {options}")

    def unreachable(self, error: BaseException | None) -> None:
        """There is no connection."""
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"shows a certificate that is not trusted ({error.verify_message}); check [system] broker_tls_ca and broker_ip"
        elif isinstance(error, ssl.SSLError):
            why = f"does not speak TLS with us ({error.reason or error}); check [system] broker_tls and broker_port"
        elif isinstance(error, ConnectionResetError):
            why = _HANGS_UP
        else:
            reason = getattr(error, "strerror", None) or error
            why = f"does not answer ({reason})" if reason else "does not answer"
        self._tell(False, f"{self._place} {why}; it is tried again until it does")

    def strange(self, what: str) -> None:
        """Somebody answers, but not as a broker does."""
        self._tell(False, f"{self._place} does not speak MQTT with us: {what}; check [system] broker_port and broker_tls")

    def lost(self, reason: str, *, accepted: bool) -> None:
        """The connection is gone; `accepted` says whether the broker had taken us."""
        if accepted:
            self._tell(False, f"{self._place} is gone ({reason}); it is tried again until it is back")
        elif "refuses us" not in self.told:
            self._tell(False, f"{self._place} {_HANGS_UP}; it is tried again until it does")

    def deaf(self, topic_filter: str, reason: str) -> None:
        """The broker does not let us listen to a filter."""
        logger.error(
            "%s: %s does not let us subscribe %s: %s; allow it in the broker's access rules, or take it out of the ini",
            *(self._client_id, self._place, topic_filter, reason),
        )

    def _tell(self, connected: bool, what: str) -> None:
        if self.silent:
            return
        level = logging.INFO if connected else logging.WARNING
        logger.log(level if what != self.told else logging.DEBUG, "%s: %s", self._client_id, what)  # no line at each new try
        self.told = what
        if self._on_state is not None:
            self._on_state(connected, what)
