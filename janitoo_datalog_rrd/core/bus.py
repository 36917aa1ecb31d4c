"""JNTBus: a controller, which is a node itself and has the components as nodes below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .component import JNTComponent

if TYPE_CHECKING:
    from .mqtt import MqttClient
    from .services import Services


class JNTBus(JNTComponent):
    """The controller of a thread: node 0000 of its address.

    Args:
        services: what the threads of the server share.
        **kwargs: as JNTComponent takes them.

    Attributes:
        components: the nodes below it, by name.
        options: the configuration in force; replaced at a reload.
    """

    def __init__(self, *, services: Services, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.services = services
        self.options = services.options
        self.components: dict[str, JNTComponent] = {}

    def start(
        self,
        mqttc: MqttClient | None,
        trigger_thread_reload_cb: Callable[[], None] | None = None,
        **kwargs: Any,
    ) -> bool:
        """Start the controller.

        Args:
            mqttc: the connection that its nodes use.
            trigger_thread_reload_cb: call it to have the thread started anew.
            kwargs: for subclasses.
        """
        return True

    def stop(self, **kwargs: Any) -> bool:
        """Stop the controller."""
        return True
