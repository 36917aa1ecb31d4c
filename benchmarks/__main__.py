"""The command `script/bench`: one subcommand per kind of run."""

from __future__ import annotations

import importlib

import click

_RUNS = ("speed", "choices", "http", "kill", "soak", "fuzz", "house", "agent", "fleet")
"""Packages beside this module; each has a click command `command` of its name in its module `command`."""


@click.group()
def main() -> None:
    """Measure the server, beside its peers where they are installed."""


for _name in _RUNS:
    main.add_command(importlib.import_module(f"{__package__}.{_name}.command").command)

if __name__ == "__main__":
    main()
