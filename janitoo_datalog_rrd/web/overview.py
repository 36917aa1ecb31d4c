"""The house at a glance: its nodes, those that fail or are silent first, with a tile for each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..core.contracts import Column, Glance, SeriesInfo
from .rates import Stored, stored
from .telling import high_ones, telling_first
from .view import NodeView, label_of, value_units

SILENT_S = 86400.0
"""A node that sends no heartbeats is called silent when its youngest value is older."""
TILES_PER_NODE = 8
FEWEST_TILES = 3
MOST_TILES = 1600
"""On a dashboard of many nodes, each has fewer tiles."""
MOST_NODES = 500
_WORST_FIRST = {"bad": 0, "warn": 1, "good": 2, "none": 3}


@dataclass(frozen=True, slots=True)
class Tile:
    """One value of a node.

    Attributes:
        info: its series.
        column: its column.
    """

    info: SeriesInfo
    column: Column

    @property
    def label(self) -> str:
        """What people call it."""
        return label_of(self.info, self.column)

    @property
    def is_counter(self) -> bool:
        """Whether its last value is a count, and what the files keep its rate."""
        return self.column.ds_type != "GAUGE"

    @property
    def units(self) -> str:
        """Units of its last value."""
        return value_units(self.column)

    @property
    def stored(self) -> Stored:
        """How the numbers in its file are shown."""
        return stored(self.column)


@dataclass(frozen=True, slots=True)
class NodeCard:
    """A node as the dashboard shows it.

    Attributes:
        view: the node.
        tone: `bad` when it is gone, `warn` when it is silent or not in order, `good`, or `none` when nothing is known.
        words: its state in words; empty where there is nothing to say.
        since: when that began, seconds since the epoch UTC, or None where that is of no interest.
        tiles: the first of its values.
        values: how many it has.
        high: those of a machine that are nearly full or busy now, the highest first.
    """

    view: NodeView
    tone: str
    words: str
    since: float | None
    tiles: Sequence[Tile]
    values: int
    high: Sequence[Tile] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """The dashboard.

    Attributes:
        cards: the nodes that are shown, the worst first.
        others: nodes that are in order and have no values.
        nodes: how many there are.
        tones: how many there are of each tone.
        high: how many machines have something that is nearly full or busy.
        machines: whether there are machines at all.
    """

    cards: Sequence[NodeCard]
    others: Sequence[NodeCard]
    nodes: int
    tones: dict[str, int]
    high: int = 0
    machines: bool = False


def make_overview(views: Iterable[NodeView], tell: Callable[[Iterable[str]], Iterable[SeriesInfo]], now: float) -> Overview:
    """Lay out nodes.

    Args:
        views: the nodes with their series.
        tell: gives what is known of the series of some names; it is asked once, for those that are shown.
        now: seconds since the epoch UTC.
    """
    views = list(views)
    most = max(FEWEST_TILES, min(TILES_PER_NODE, MOST_TILES // max(len(views), 1)))
    cards = [_card(view, now) for view in views]
    high = {card.view.address: found for card in cards if card.tone != "bad" and (found := high_ones(card.view.series, now))}
    cards.sort(key=lambda card: (_WORST_FIRST[card.tone], card.view.address not in high, _order(card.view)))
    tones = dict.fromkeys(_WORST_FIRST, 0)
    for card in cards:
        tones[card.tone] += 1
    shown = [card for card in cards if card.values or card.tone in ("bad", "warn")]
    others = [card for card in cards if not card.values and card.tone not in ("bad", "warn")]
    machines = any(view.heard is not None and view.heard.machine for view in views)
    told = _with_tiles(shown[:MOST_NODES], high, tell, most)
    return Overview(told, others[:MOST_NODES], len(cards), tones, len(high), machines)


def _order(view: NodeView) -> tuple[str, str]:
    """Nodes by their address, which has their controller; devices and machines by what people call them."""
    by_name = view.heard is not None and (view.heard.device or view.heard.machine)
    return view.title.casefold() if by_name else view.address, view.address


def _card(view: NodeView, now: float) -> NodeCard:
    tone, words, since = _state(view, now)
    return NodeCard(view, tone, words, since, (), sum([len(each.columns) for each in view.series]))


def _with_tiles(
    cards: Sequence[NodeCard],
    high: Mapping[str, Sequence[Glance]],
    tell: Callable[[Iterable[str]], Iterable[SeriesInfo]],
    most: int,
) -> list[NodeCard]:
    """Cards with so many tiles each, and with what is high by address."""
    chosen = [(_first(card.view.series, most), high.get(card.view.address, ())) for card in cards]
    known = {info.name: info for info in tell({each.name for some in chosen for series in some for each in series})}
    return [
        replace(card, tiles=_tiles(first, known)[:most], high=_tiles(highest, known))
        for card, (first, highest) in zip(cards, chosen, strict=True)
    ]


def _first(series: Sequence[Glance], most: int) -> Sequence[Glance]:
    return (telling_first(series) if len(series) > most else series)[:most]


def _tiles(series: Iterable[Glance], known: Mapping[str, SeriesInfo]) -> list[Tile]:
    """A tile for each value of some series; of one that went after it was listed there is none."""
    return [Tile(known[each.name], column) for each in series if each.name in known for column in known[each.name].columns]


def _state(view: NodeView, now: float) -> tuple[str, str, float | None]:
    if view.heard is not None and view.heard.state:
        return view.tone, view.heard.state.lower(), view.heard.since if view.tone != "good" else None
    last = max((info.last_time for info in view.series if info.last_time is not None), default=None)
    if last is not None and now - last > SILENT_S:
        return "warn", "silent", last
    return view.tone, "", None
