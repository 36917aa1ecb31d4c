"""x"""

from __future__ import annotations

import click


@click.command("choices")
def command() -> None:
    """x"""
