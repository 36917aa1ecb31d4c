"""The thread of the webhook forwarder in the server, with a controller that tells how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import parsers
from ..core.bus import JNTBus
from ..core.options import Options
from ..core.plugins import takes_options
from ..core.sections import OptionSpec
from ..core.thread import JNTBusThread
from ..core.values import TYPE_INT, NodeValue
from .forwarder import Forwarder, ForwarderState
from .settings import OPTIONS, OUTBOX_NAME, WebhookSettings

SECTION = "webhook"
POLL_DELAY_S = 60.0


class WebhookBus(JNTBus):
    """The controller `webhook`: tells how the sending stands."""

    def __init__(self, *, state: Callable[[], ForwarderState], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tell("sent", lambda: state().delivery.sent, "Payloads sent")
        self._tell("waiting", lambda: state().delivery.waiting, "Payloads waiting")
        self._tell("dropped", lambda: state().gone, "Payloads dropped")
        self._tell("emergency", lambda: int(state().emergency), "Emergency")

    def _tell(self, uuid: str, read: Callable[[], int], label: str) -> None:
        self.add_value(NodeValue(uuid, read, type=TYPE_INT, label=label, poll_delay=POLL_DELAY_S))


class WebhookThread(JNTBusThread):
    """Sends what this machine does to a webhook."""

    section = SECTION

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._forwarder: Forwarder | None = None

    def init_bus(self) -> WebhookBus:
        section = self.options.section(SECTION)
        forwarder = Forwarder(WebhookSettings.from_section(section), self.options.home_dir / OUTBOX_NAME)
        self._forwarder = forwarder
        return WebhookBus(state=lambda: forwarder.state, services=self.services, section=section, oid=SECTION)

    def pre_loop(self) -> None:
        super().pre_loop()
        if self._forwarder is not None:
            self._forwarder.start()

    def loop(self) -> None:
        if self._forwarder is not None:
            wait_s = self._forwarder.tick()
            self._tell(self._forwarder.state)
            self._reloadevent.wait(wait_s)

    def post_loop(self) -> None:
        super().post_loop()
        if self._forwarder is not None:
            self._forwarder.stop()
            self._forwarder = None
        self.services.health.ok(SECTION)
        self.services.health.forget(SECTION)

    def _tell(self, state: ForwarderState) -> None:
        """Say on the status page what is wrong now, and what never gets there."""
        health = self.services.health
        if state.delivery.trouble:
            health.fail(SECTION, f"{state.delivery.trouble}; {state.delivery.waiting} payloads are kept meanwhile")
        else:
            health.ok(SECTION)
        if state.gone:
            health.note(SECTION, f"{state.gone} payloads were dropped since the start; the log says why")


@takes_options(OptionSpec("hadd", parsers.hadd, "0024/0000"), *OPTIONS)
def make_thread(options: Options, force: bool = False) -> WebhookThread | None:
    """Make the thread where the ini has its section with `auto_start` on, or with force; else None."""
    if force or (SECTION in options.given and options.get_option(SECTION, "auto_start")):
        return WebhookThread(options)
    return None
