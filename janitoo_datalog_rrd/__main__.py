"""`python -m janitoo_datalog_rrd` and the console script `jnt_datalog_rrd`: commands that need few packages, or the rest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

_LIGHT = {"webhook": "webhook.command", "collector": "collector.main", "alarms": "collector.alarms"}
"""Commands that parse their own arguments, and the module of each."""


def main() -> None:
    """Run the command that was asked for."""
    try:
        sys.exit(_run(sys.argv[1:]))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package == __package__:
            raise
        sys.stderr.write(f"jnt_datalog_rrd: {_missing(package)}\n")
        sys.exit(1)


def _run(arguments: list[str]) -> int:
    """Run a command; returns the exit status."""
    position = _position(arguments)
    command = arguments[position] if position < len(arguments) else ""
    rest = [*arguments[:position], *arguments[position + 1 :]]
    if command == "agent":
        from .agent.main import main as run_agent

        return run_agent(rest)
    if command in _LIGHT:
        status: int = import_module(f".{_LIGHT[command]}", __package__).main(rest)
        return status
    from .cli import main as run_command

    run_command()
    return 0


def _position(arguments: Sequence[str]) -> int:
    """Where the name of the command stands: behind the options for all of them."""
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] in ("-c", "--config") else 1
    return position


def _missing(package: str) -> str:
    """What to do about a package that is not installed, as where only the agent is to run."""
    return (
        f"the Python package {package} is not installed, which this command needs. The command agent needs psutil and paho-mqtt; "
        "webhook, collector and alarms need psutil and urllib3; for all others install janitoo_datalog_rrd without --no-deps"
    )


if __name__ == "__main__":
    main()
