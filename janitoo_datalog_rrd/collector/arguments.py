"""What the commands `collector` and `alarms` share: their arguments, and how they speak."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from ..core.logs import SecretFilter
from ..core.parsers import Parser
from .target import TOKEN, Token

USAGE_FAULT = 2
"""Exit status where an argument is wrong."""


class Arguments(argparse.ArgumentParser):
    """A parser that ends the command with a status of its own where an argument is wrong."""

    fault = USAGE_FAULT

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(self.fault, f"{self.prog}: error: {message}\n")


def make_arguments(command: str, told: str, fault: int = USAGE_FAULT) -> Arguments:
    """A parser with the arguments that both commands take; `fault` is the exit status where one is wrong."""
    parser = Arguments(prog=f"jnt_datalog_rrd {command}", description=told)
    parser.fault = fault
    parser.add_argument("url", metavar="URL", help="The server, such as https://house:8081.")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"Has the token, where the server asks for one. Default: the variable {TOKEN}.",
    )
    parser.add_argument(
        "--ca", default="", metavar="FILE", help="The authority of the server's certificate. Default: the system's."
    )
    parser.add_argument("--plain-token", action="store_true", help="Send the token without encryption, to other machines too.")
    return parser


def read_by(parser: Parser) -> Callable[[str], Any]:
    """A parser of an option of the ini, as argparse takes it."""

    def read(raw: str) -> Any:
        try:
            return parser(raw)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def speak(token: Token) -> None:
    """Have the log go to the standard error, without the token."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)-7s %(name)s: %(message)s"))
    handler.addFilter(SecretFilter([each.removeprefix("Bearer ") for each in token.headers().values()]))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def token_of(path: Path | None) -> Token:
    """The token that is to be used. Raises StartError."""
    return Token(path, os.environ)


def on_end(end: Callable[[], None]) -> None:
    """Call something at SIGTERM and at Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end())
