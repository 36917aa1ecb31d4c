"""`jnt_datalog_rrd webhook`: the forwarder as a process of its own, told by environment variables alone."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from ..core.errors import ConfigError, JanitooError
from .forwarder import Forwarder
from .settings import OUTBOX_VARIABLE, VARIABLES, WebhookSettings, outbox_path

_ENDING = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run until SIGTERM or Ctrl-C.

    Args:
        arguments: after the command's name.
        environ: the environment.

    Returns:
        The exit status: 1 where it could not begin.
    """
    names = ", ".join([*(variable.name for variable in VARIABLES), OUTBOX_VARIABLE])
    parser = argparse.ArgumentParser(
        prog="jnt_datalog_rrd webhook",
        description="Send what this machine does to a webhook, as JSON, until Ctrl-C or SIGTERM.",
        epilog=f"It is told by environment variables: {names}; see docs/webhook.md.",
    )
    parser.parse_args(arguments)
    try:
        settings = WebhookSettings.from_environment(environ)
        logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(name)s: %(message)s")
        forwarder = Forwarder(settings, outbox_path(environ))
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.where} {problem.message}\n" for problem in error.problems))
        return 1
    except JanitooError as error:
        sys.stderr.write(f"jnt_datalog_rrd: {error}\n")
        return 1
    _run(forwarder)
    return 0


def _run(forwarder: Forwarder) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # in the threads that are made from now on, too
    try:
        forwarder.start()
        while signal.sigtimedwait(_ENDING, forwarder.tick()) is None:
            pass
        forwarder.stop()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
