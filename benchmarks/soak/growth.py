"""The verdict on a soak run: flat or growing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from .soaking import Look

MIB = 1 << 20


@dataclass(frozen=True)
class Rule:
    """How much something may grow from the second quarter of a run to its last.

    Attributes:
        name: attribute of a look.
        share: of what it was in the second quarter.
        amount: so much more in any case.
        typical: what stands for a quarter; the median, or the largest for what goes up and down like a saw.
    """

    name: str
    share: float
    amount: float
    typical: Callable[[Sequence[float]], float] = median


RULES = (
    # The least that a leak leaves of each message is a number in a list: 32 bytes. In the run of one minute at 6,000 a second
    # some 180,000 messages come between the middles of the two quarters, and leave 5.5 MiB. Without a leak it was up to
    # 2 MiB: fonts and graphs, and lists that have become as long as they ever get.
    Rule("rss", 0.02, 4.0 * MIB),
    # A leak of descriptors or threads comes with each connection, reader or graph: several in a quarter of any run.
    Rule("descriptors", 0.0, 4),
    Rule("threads", 0.0, 3),
    # The journal grows to a snapshot's size and 1 MiB at least, and falls; the RRD files are as large as they ever get.
    Rule("journal", 0.5, 1.0 * MIB, max),
    Rule("disk", 0.05, 0.5 * MIB, max),
)


@dataclass(frozen=True)
class Finding:
    """One line of the verdict.

    Attributes:
        name: what was looked at.
        before: its typical amount in the second quarter.
        after: the same in the last quarter.
        allowed: what `after` may be.
        per_message: growth divided by the messages between.
        slope: amount a second, the median of the slopes between all pairs of looks but those of the first quarter.
    """

    name: str
    before: float
    after: float
    allowed: float
    per_message: float
    slope: float

    @property
    def grows(self) -> bool:
        """True where it is more than it may be, and goes up all the time and not by one step."""
        return self.after > self.allowed and self.slope > 0


def judge(looks: Sequence[Look]) -> list[Finding]:
    """Compare the last quarter of a run with its second one; the first is for what is made once."""
    quarter = len(looks) // 4
    second, last = looks[quarter : 2 * quarter], looks[-quarter:]
    if not second:
        raise ValueError("a run of fewer than four looks cannot be judged")
    messages = median(look.taken for look in last) - median(look.taken for look in second)
    return [_judge(rule, second, last, looks[quarter:], max(messages, 1.0)) for rule in RULES]


def _judge(rule: Rule, second: Sequence[Look], last: Sequence[Look], settled: Sequence[Look], messages: float) -> Finding:
    def typical(looks: Sequence[Look]) -> float:
        return float(rule.typical([getattr(look, rule.name) for look in looks]))

    before, after = typical(second), typical(last)
    pairs = [
        (getattr(later, rule.name) - getattr(earlier, rule.name)) / (later.time_s - earlier.time_s)
        for earlier, later in combinations(settled, 2)
    ]
    allowed = before + max(rule.amount, rule.share * before)
    return Finding(rule.name, before, after, allowed, (after - before) / messages, median(pairs))
