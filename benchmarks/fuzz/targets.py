"""Fuzzing, the targets: a part of the package, what it is given, and what must come of it whatever it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import seeds
from .promises import Check


@dataclass(frozen=True, slots=True)
class Target:
    """A part of the package that takes what comes from outside.

    Attributes:
        name: as the command line has it.
        weight: how many inputs it gets of those that are asked for; slower targets get fewer.
        seeds: inputs to begin with.
        tokens: pieces that are put into them.
        make_check: takes an empty folder; returns a function that puts one input in, and raises when a promise is broken.
    """

    name: str
    weight: float
    seeds: list[bytes]
    tokens: list[bytes]
    make_check: Callable[[Path], Check]


def make_targets() -> dict[str, Target]:
    """Every target by its name."""
    made = (
        Target("decoders", 1.0, _decoder_seeds(), seeds.as_bytes(seeds.TOKENS), _decoders),
        Target("topics", 1.0, seeds.as_bytes(seeds.TOPIC_PAIRS), seeds.as_bytes(seeds.TOKENS), _topics),
        Target("ini", 0.05, seeds.as_bytes(seeds.INIS), seeds.as_bytes(seeds.INI_TOKENS), _ini),
        Target("http", 0.01, seeds.as_bytes(seeds.REQUESTS), seeds.as_bytes(seeds.REQUEST_TOKENS), _http),
    )
    return {target.name: target for target in made}


def _decoder_seeds() -> list[bytes]:
    payloads = seeds.as_bytes(seeds.PLAIN_PAYLOADS, seeds.JSON_PAYLOADS)
    found = [bytes([number % len(seeds.TOPICS)]) + payload for number, payload in enumerate(payloads)]
    for number, topic in enumerate(seeds.TOPICS):  # what makes sense on these topics only
        if topic.startswith("homie/"):
            found += [bytes([number]) + payload for payload in seeds.as_bytes(seeds.HOMIE_PAYLOADS)]
        elif topic.startswith("spBv1.0/"):
            found += [bytes([number]) + payload for payload in seeds.SPARKPLUG_PAYLOADS]
    return found


# What a target needs is imported when it is made: a run that is guided by coverage measures what is imported in it.


def _decoders(_: Path) -> Check:
    from .decoders import make_check

    return make_check()


def _topics(_: Path) -> Check:
    from .topics import check

    return check


def _ini(folder: Path) -> Check:
    from .ini import make_check

    return make_check(folder)


def _http(folder: Path) -> Check:
    from .http import make_check

    return make_check(folder)
