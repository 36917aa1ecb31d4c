"""The command `script/bench`: one subcommand per kind of run."""

from __future__ import annotations

import importlib

import click

_RUNS = ("speed", "kill", "soak", "fuzz")
"""Modules beside this one; each has a click command `command`, whose name is the module's."""


@click.group()
def main() -> None:
    """Measure the server, beside its peers where they are installed."""


for _name in _RUNS:
    main.add_command(importlib.import_module(f"{__package__}.{_name}").command)

if __name__ == "__main__":
    main()
