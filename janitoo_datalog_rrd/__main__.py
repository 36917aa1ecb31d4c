"""`python -m janitoo_datalog_rrd` and the console script `jnt_datalog_rrd`: commands that need few packages, or the rest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

_LIGHT = {"webhook": "webhook.command", "collector": "collector.main", "alarms": "collector.alarms"}
"""Commands that parse their own arguments, and the module of each."""


def main() -> None:
    """Run the command that was asked for."""
    agent = agent_arguments(sys.argv[1:])
    if agent is not None:
        from .agent.main import main as run_agent

        sys.exit(run_agent(agent))
    light = _LIGHT.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if light is not None:
        sys.exit(import_module(f".{light}", __package__).main(sys.argv[2:]))
    from .cli import main as run_command

    run_command()


def agent_arguments(arguments: Sequence[str]) -> list[str] | None:
    """The arguments of the command `agent`, those before its name included; None where another one is asked for."""
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] in ("-c", "--config") else 1
    if position >= len(arguments) or arguments[position] != "agent":
        return None
    return [*arguments[:position], *arguments[position + 1 :]]


if __name__ == "__main__":
    main()
