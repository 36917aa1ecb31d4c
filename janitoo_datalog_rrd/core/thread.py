"""The threads of a server: BaseThread with its loop, and JNTBusThread with a controller and its nodes."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from .bus import JNTBus
from .component import JNTComponent
from .connection import BrokerSettings
from .errors import JanitooError, PluginError, StartError
from .mqtt import MqttClient
from .nodes import NodeManager
from .plugins import COMPONENTS
from .topics import heartbeat_topic

if TYPE_CHECKING:
    from .options import Options
    from .services import Services

logger = logging.getLogger(__name__)

RETRY_S = 30.0


class BaseThread(threading.Thread):
    """A thread with a life of its own: `pre_loop`, `loop` again and again, `post_loop`; begun anew by `trigger_reload`.

    A life that fails is logged and tried again after a pause. Only where the first one fails with StartError the thread
    ends: the server does not start then.

    Attributes:
        failure: why the thread could not begin, or None.
    """

    def __init__(self, options: Options, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.options = options
        self.failure: Exception | None = None
        self.retry_s = RETRY_S
        self._stopevent = threading.Event()
        self._reloadevent = threading.Event()
        self._settled = threading.Event()

    def pre_loop(self) -> None:
        """What is done before the loop."""

    def loop(self) -> None:
        """What is done again and again; it waits for `_reloadevent`, which `stop` sets too."""
        self._reloadevent.wait()

    def post_loop(self) -> None:
        """What is done after the loop, even when `pre_loop` failed halfway."""

    def run(self) -> None:
        """Live until stopped."""
        while not self._stopevent.is_set():
            self._reloadevent.clear()
            if self._stopevent.is_set():
                break
            pause = 0.0
            try:
                self.pre_loop()
                self.failure = None
                self.on_success()
                self._settled.set()
                while not self._reloadevent.is_set():
                    self.loop()
            except Exception as error:  # a thread that fails in any way is tried again, the others go on
                self.failure = error
                if isinstance(error, StartError) and not self._settled.is_set():
                    self._stopevent.set()
                else:
                    expected = isinstance(error, JanitooError)  # a sentence that says it all
                    logger.error(
                        "thread %s failed: %s; it is tried again in %g s", self.name, error, self.retry_s, exc_info=not expected
                    )
                    self.on_failure(error)
                    pause = self.retry_s
            self._end_life()
            self._settled.set()
            if pause:
                self._reloadevent.wait(pause)  # a new configuration is tried at once

    def _end_life(self) -> None:
        try:
            self.post_loop()
        except Exception:  # likewise: what cannot be tidied up is told
            logger.exception("thread %s could not be ended in order", self.name)

    def on_success(self) -> None:
        """Called when `pre_loop` went well."""

    def on_failure(self, error: Exception) -> None:
        """Called when the thread failed and is going to be tried again."""

    def wait_settled(self, timeout: float) -> None:
        """Wait until the thread is in its loop or has failed, for so many seconds at most."""
        self._settled.wait(timeout)

    def trigger_reload(self) -> None:
        """Begin life anew."""
        self._reloadevent.set()

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopevent.set()
        self._reloadevent.set()


class JNTBusThread(BaseThread):
    """A thread with a controller: connects it to the broker, loads its components, and brings their nodes onto the bus.

    Attributes:
        section: name of its section of the ini.
        services: what the threads of the server share; given by `bind` before `start`.
        bus: the controller; None before `pre_loop`.
    """

    section = ""

    def __init__(self, options: Options) -> None:
        super().__init__(options, name=self.section)
        self.services: Services
        self.bus: JNTBus | None = None
        self.mqttc: MqttClient | None = None
        self.nodeman: NodeManager | None = None
        self._absent: list[tuple[str, str]] = []

    def bind(self, services: Services) -> None:
        """Give the thread what it shares with the others."""
        self.services = services

    def init_bus(self) -> JNTBus:
        """Build the controller."""
        section = self.options.section(self.section)
        return JNTBus(services=self.services, section=section, oid=self.section)

    def reload(self, options: Options) -> None:
        """Go on with a new configuration; without effect when nothing changed that the thread looks at."""
        old = self.options
        self.options = options
        if self.failure is not None or self.relevant(old) != self.relevant(options):
            self.trigger_reload()
        elif self.bus is not None and self.nodeman is not None:
            self.bus.options = self.nodeman.options = options

    def relevant(self, options: Options) -> object:
        """What of a configuration the thread looks at, to compare."""
        names = [self.section, *(f"{self.section}__{name}" for name in options.components(self.section))]
        values = [(name, options.section(name).values) for name in names]
        broker = {name: value for name, value in options.data.items() if name.startswith("broker_")}
        return values, options.components(self.section), broker

    def pre_loop(self) -> None:
        self.bus = bus = self.init_bus()
        client = MqttClient(
            BrokerSettings.from_options(self.options),
            f"{self.options.service}-{bus.hadd.replace('/', '-')}",
            will=(heartbeat_topic(bus.hadd), b"OFFLINE"),
            on_state=self._on_state,
        )
        self.mqttc = client
        bus.start(client, self.trigger_reload)
        manager = NodeManager(client, self.services.scheduler, self.options, self.section, self._describe, self._note_state)
        self.nodeman = manager
        manager.start()
        self._bring_up(bus)
        for name, key in self.options.components(self.section).items():
            self._add_component(name, key)
        client.start()
        if self._absent:
            self.services.scheduler.every(RETRY_S, self._retry_components, name=f"{self.section}.components")

    def post_loop(self) -> None:
        self.services.scheduler.cancel(f"{self.section}.components")
        if self.nodeman is not None:
            self.nodeman.stop()
        if self.bus is not None:
            for component in reversed(list(self.bus.components.values())):
                component.stop()
            self.bus.components.clear()
            self.bus.stop(final=self._stopevent.is_set())
        if self.mqttc is not None:
            self.mqttc.stop()
        self.bus = self.mqttc = self.nodeman = None
        for name, _ in self._absent:
            self.services.health.ok(self._part(name))
        self._absent.clear()

    def on_success(self) -> None:
        self.services.health.ok(f"thread {self.section}")

    def on_failure(self, error: Exception) -> None:
        self.services.health.fail(f"thread {self.section}", f"{error}; it is tried again")

    def _on_state(self, connected: bool, _what: str) -> None:
        if connected and self.nodeman is not None:
            self.services.scheduler.once(self.nodeman.announce, name=f"{self.section}.announce")

    def _bring_up(self, node: JNTComponent) -> None:
        if self.nodeman is not None:
            self.nodeman.add(node)
        self._describe(node)

    def _describe(self, node: JNTComponent) -> None:
        self.services.nodes.describe(node.hadd, node.name, node.location, node.heartbeat)

    def _note_state(self, hadd: str, state: str) -> None:
        if state:
            self.services.nodes.report(hadd, state)
        else:
            self.services.nodes.release(hadd)

    def _add_component(self, name: str, key: str) -> None:
        """Build and start a component; one that fails is named and tried again, one that is not there stays away."""
        bus = self.bus
        if bus is None:
            return
        section = self.options.section(f"{self.section}__{name}")
        part = self._part(name)
        try:
            factory = self.services.plugins.load(COMPONENTS, key)
            component: JNTComponent = factory(bus=bus, addr=section.get("hadd"), section=section, oid=key)
            started = component.start(self.mqttc)
        except StartError:
            raise
        except Exception as error:  # a component may come from any package and fail in any way
            if not isinstance(error, PluginError):
                logger.exception("component %s (%s) failed; it is tried again", name, key)
            self.services.health.fail(part, f"{key}: {error}; it is tried again")
            if (name, key) not in self._absent:
                self._absent.append((name, key))
            return
        self.services.health.ok(part)
        if (name, key) in self._absent:
            self._absent.remove((name, key))
        if started is False:
            return
        bus.components[name] = component
        self._bring_up(component)

    def _part(self, name: str) -> str:
        """What the health calls a component."""
        return f"component {self.section}.{name}"

    def _retry_components(self) -> None:
        for name, key in list(self._absent):
            try:
                self._add_component(name, key)
            except JanitooError as error:
                logger.error("component %s cannot be started: %s", name, error)
        if not self._absent:
            self.services.scheduler.cancel(f"{self.section}.components")
