"""The desk: what the explore paths of one web application share."""

from __future__ import annotations

import threading

from ...core.services import Services
from .heard import Heard
from .inihome import IniFile
from .listener import Listener
from .proposal import Proposal, Proposer, Wanted
from .verdict import Examiner

_IN_FORCE_S = 5.0
_PAUSE_S = 0.05


class Desk:
    """What the explore paths of one web application share.

    Args:
        services: what the threads of the server share.

    Attributes:
        heard: what was heard on the bus.
        listener: hears it.
        examiner: says what becomes of a message.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.heard = Heard()
        self.listener = Listener(services, self.heard)
        self.examiner = Examiner(services)
        self._proposer = Proposer(services, self.examiner)
        self._saving = threading.Lock()

    @property
    def ini(self) -> IniFile:
        """The ini that the server reads."""
        return IniFile(self._services.options.path)

    def propose(self, wanted: Wanted, payload: bytes) -> Proposal:
        """What would be written; see `Proposer.propose`."""
        return self._proposer.propose(wanted, self.ini, payload, self.heard.topics())

    def save(self, proposal: Proposal) -> tuple[bool, str]:
        """Write a proposal into the ini, and have the server read it.

        Returns:
            Whether it is in force already, and a sentence.

        Raises:
            IniFileError: it cannot be written, or the ini has changed.
        """
        with self._saving:
            self.ini.write(proposal.old, proposal.content)
        services = self._services
        if services.ask_reload is None:
            return False, "It is written. Have the server read it: jnt_datalog_rrd reload."
        services.health.forget("reload")
        link = services.link
        services.ask_reload()
        pause = threading.Event()
        for _ in range(int(_IN_FORCE_S / _PAUSE_S)):
            if services.link is not link and services.link is not None and services.link.connected:
                return True, "It is in force: what comes from now on is logged."
            refused = services.health.notes().get("reload")
            if refused:
                return False, f"It is written, but {refused}."
            pause.wait(_PAUSE_S)
        return False, "It is written, and the server is about to take it over."

    def close(self) -> None:
        """Listen no more."""
        self.listener.stop()
