"""The command `jnt_datalog_rrd agent`: reads the ini, and runs the agent until it is told to end."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from .. import __version__
from ..core.connection import BrokerSettings
from ..core.errors import ConfigError, JanitooError
from ..core.logs import configure_logging
from ..core.memory import use_one_arena
from ..core.metrics import Metrics
from ..core.options import Options, find_config
from ..core.outbox import Outbox
from ..core.plugins import METRICS, THREADS, Plugins
from ..core.sections import Section
from .agent import Agent
from .settings import CONFIG_NAME, AgentSections, AgentSettings

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    logging.getLogger().addHandler(logging.NullHandler())  # until logging is set up, errors are told here
    try:
        run = _Run(given.config)
        if given.check:
            sys.stdout.write(f"{run.options.path} is in order\n")
            return 0
        run.run()
    except ConfigError as error:
        count = len(error.problems)
        sys.stderr.write(f"The configuration has {count} fault{'s' if count > 1 else ''}:\n{error}\n")
    except JanitooError as error:
        sys.stderr.write(f"jnt_datalog_rrd: {error}\n")
    else:
        return 0
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jnt_datalog_rrd agent",
        description="Measure this machine and publish it on the broker, until Ctrl-C or SIGTERM; SIGHUP reads the ini again.",
    )
    default = "Default: $JNT_CONF, ./config/agent.conf, /etc/janitoo/agent.conf, the built-in one."
    parser.add_argument("-c", "--config", metavar="FILE", help=f"The ini. {default}")
    parser.add_argument("--check", action="store_true", help="Check the ini, tell every fault in one go, and end.")
    parser.add_argument("--version", action="version", version=f"jnt_datalog_rrd, version {__version__}")
    return parser


class _Run:
    """The agent with its ini, which may be read again.

    Args:
        config: the ini that was asked for.

    Raises:
        ConfigError: it has faults.
        StartError: it is not there.
    """

    def __init__(self, config: str | None) -> None:
        self._config = config
        self._plugins = Plugins()
        self._sections = AgentSections(self._plugins)
        self._stopping = False
        self._wake: Callable[[], None] = lambda: None
        self._read()

    def _read(self) -> None:
        path = find_config(self._config, os.environ, CONFIG_NAME)
        options = Options.load(path, self._sections, os.environ)
        system = options.system
        if "service" in system.places and not options.given.isdisjoint(self._plugins.names(THREADS)):
            # the ini is the server's too: each has a log file of its own, and a name of its own at the broker
            system.values["service"] = f"{system['service']}-agent"
        self.settings = AgentSettings.from_options(options, self._sections.names)
        self.broker = BrokerSettings.from_options(options)
        self.options = options

    def run(self) -> None:
        """Run until told to end. Raises JanitooError where it cannot begin."""
        use_one_arena()
        configure_logging(self.options, console=True)
        if "broker_client_id" in self.options.system.places and self.options.given.isdisjoint(self._plugins.names(THREADS)):
            logger.warning("%s: [system] broker_client_id is the server's; the agent has [agent] client_id", self.options.path)
        self._listen_to_signals()
        outbox = Outbox(self.settings.outbox, self.settings.outbox_bytes)
        try:
            agent = self._begin(outbox)
            while not self._stopping:
                agent.run()
                if not self._stopping and self._reload():
                    old = agent.settings
                    agent.goodbye(stays=(old.status, old.hadd) == (self.settings.status, self.settings.hadd))
                    outbox.max_bytes = self.settings.outbox_bytes
                    agent = self._begin(outbox)
            agent.goodbye()
        finally:
            outbox.close()
        logger.info("the agent has ended")

    def _listen_to_signals(self) -> None:
        def stop(*_: object) -> None:
            self._stopping = True
            self._wake()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGHUP, lambda *_: self._wake())

    def _begin(self, outbox: Outbox) -> Agent:
        agent = Agent(self.settings, self.broker, outbox, self._factories())
        agent.begin()
        self._wake = agent.end
        logger.info("the agent of %s is up, with %s", self.settings.device, ", ".join(self.settings.components) or "nothing")
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked through again
        return agent

    def _reload(self) -> bool:
        """Read the ini again; returns False where it has faults, and the old one stays."""
        before = self.options, self.settings, self.broker
        try:
            self._read()
            configure_logging(self.options, console=True)
        except JanitooError as error:
            self.options, self.settings, self.broker = before
            logger.error("the ini cannot be read again, and stays as it was:\n%s", error)
            return False
        if self.settings.outbox != before[1].outbox:
            logger.warning("[system] home_dir cannot change while the agent runs: restart it")
        logger.info("%s was read again", self.options.path)
        return True

    def _factories(self) -> dict[str, Callable[[], Metrics]]:
        return {name: partial(self._make, name, section) for name, section in self.settings.components.items()}

    def _make(self, name: str, section: Section) -> Metrics:
        made: Metrics = self._plugins.load(METRICS, name)(section)
        return made
