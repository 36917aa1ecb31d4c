"""The page of all dialects tells what is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.plugins import DECODERS, Plugins

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"
ROW = re.compile(r"^\| (?:\[(\w+)\]\(([^)]+)\)|`(\w+)`) \| (.*) \| (.+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """The page's table: dialect → its cell of topics, and what is taken."""
    return {linked or plain: (topics, taken) for linked, _, plain, topics, taken in ROW.findall(PAGE.read_text())}


def known() -> dict[str, tuple[str, ...]]:
    """Dialects that are known by their topics."""
    plugins = Plugins()
    found = {kind: getattr(plugins.load(DECODERS, kind), "topics", ()) for kind in plugins.names(DECODERS)}
    return {kind: topics for kind, topics in found.items() if topics}


@pytest.mark.parametrize("kind", sorted(known()))
def test_each_dialect_stands_there_with_its_topics(kind: str) -> None:
    told = {re.sub(r"\d$", "", topic) for topic in re.findall(r"`([^`]+)`", rows()[kind][0])}
    assert told == {re.sub(r"\d$", "", topic) for topic in known()[kind]}  # POWER, POWER1, ... are told once


def test_those_whose_topics_others_use_too_are_named() -> None:
    plugins = Plugins()
    loose = {kind for kind in known() if plugins.load(DECODERS, kind).loose}  # type: ignore[attr-defined]
    (said,) = re.findall(r"Last those whose topics others use too: (.*?)\.", PAGE.read_text(), re.DOTALL)
    assert loose <= set(re.findall(r"`(\w+)`", said))


def test_each_dialect_with_a_page_of_its_own_is_linked_to_it() -> None:
    for linked, address, plain, _, _ in ROW.findall(PAGE.read_text()):
        page = PAGE.parent / "decoders" / f"{linked or plain}.md"
        assert page.exists() == bool(linked), linked or plain
        if linked:
            assert (PAGE.parent / address) == page
