"""The tails of a store: what of the journal is kept for them, and what is given up where it is too much."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ..core import seams
from ..core.errors import StoreError
from ..core.facts import TailState
from ..core.parsers import SAFE_NAME
from ..core.status import Health
from . import frames, safepickle
from .cache import Cache
from .journal import Journal
from .position import Place, Position, behind
from .tail import Tail

logger = logging.getLogger(__name__)

RESERVE_BYTES = 64 << 20
"""Room on the disk that is the logger's: where there is less, nothing is kept for tails. Of a small disk, a twentieth."""
STEP_BYTES = 8 << 20
"""How much is let go at once when something could not be written for want of room."""
_RESERVE_SHARE = 20
_LOOK_EVERY = 10  # ticks
_SUFFIX = ".position"


class Tails:
    """Every tail of a store, those included that nobody has asked for since the start.

    Args:
        directory: folder of their positions.
        journal: what they read.
        cache: knows what series are called.
        health: told what is given up.
        on_damage: called with the path of what could not be read, and the reason.
    """

    def __init__(
        self, directory: Path, journal: Journal, cache: Cache, health: Health, on_damage: Callable[[Path, str], None]
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._cache = cache
        self._health = health
        self._on_damage = on_damage
        self._lock = threading.RLock()
        self._places: dict[str, Place] = {}
        self._open: dict[str, Tail] = {}
        self._ticks = 0
        journal.is_wanted = self._is_wanted

    def load(self) -> None:
        """Read the positions, before the journal is replayed. Raises OSError."""
        if self._directory.is_dir():
            for path in sorted(self._directory.iterdir()):
                if path.suffix == _SUFFIX and SAFE_NAME.fullmatch(path.stem):
                    place = self._places[path.stem] = Place.load(path, self._on_damage)
                    segment, offset, skip = place.ahead
                    self._journal.begin_after(segment if offset or skip else segment - 1)

    def tail(self, name: str, limit_bytes: int) -> Tail:
        """Begin to read, where the last life of this tail has confirmed; a new one begins with what is accepted from now on.

        One of the same name that is still open is closed.

        Args:
            name: what it is called, of `[A-Za-z0-9_.-]`.
            limit_bytes: how much of the journal may be kept for it.

        Raises:
            StoreError: the name is not safe.
            OSError: its position cannot be written.
        """
        if SAFE_NAME.fullmatch(name) is None:
            raise StoreError(f"{name!r} is not a name for a reader of the journal")
        with self._lock:
            if name in self._open:
                self._open.pop(name).close()
            place = self._places.get(name)
            if place is None:
                segment, offset = self._journal.end
                path = self._directory / f"{name}{_SUFFIX}"
                place = self._places[name] = Place.make(path, Position(segment, offset, limit=limit_bytes))
            with place.lock:
                wanted = place.position.without_pending(limit_bytes)
                if place.position != wanted:
                    place.move(wanted)
                place.ahead = wanted.place
            tail = self._open[name] = Tail(
                name,
                self._journal,
                self._cache,
                place,
                self.settle,
                lambda what: self._tell(name, what),
                lambda error: self._tell_unkept(name, error),
            )
        self.settle()
        return tail

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the tails that have other names, and what is kept for them. Raises OSError."""
        with self._lock:
            for name in [each for each in self._places if each not in names]:
                if name in self._open:
                    self._open.pop(name).close()
                self._places.pop(name).path.unlink(missing_ok=True)
                self._health.ok(f"tail {name}")
                self._health.forget(f"tail {name}")
                self._health.forget(f"tail {name}: damage")
                logger.info("the tail %s is not asked for any more: what was kept for it is let go", name)
        self.settle()

    def close(self) -> None:
        """Close all of them; their positions stay."""
        with self._lock:
            for tail in self._open.values():
                tail.close()
            self._open.clear()

    def states(self) -> list[TailState]:
        """How each stands, by its name."""
        with self._lock:
            places = sorted((name, place.position) for name, place in self._places.items())
        sizes = self._journal.sizes()
        return [
            TailState(name, behind(position, sizes), position.dropped + position.pending, position.limit)
            for name, position in places
        ]

    def tick(self) -> None:
        """Let go of what is kept where the disk is short, the oldest first; called about once a second. Raises OSError."""
        self._ticks += 1
        full, self._journal.full = self._journal.full, False
        if not self._places or not (full or self._ticks % _LOOK_EVERY == 0):
            return
        with self._lock:
            room = STEP_BYTES if full else 0
            for number, size in self._journal.kept_sizes():
                if room <= 0 and not self._is_short():
                    break
                self._let_go(number)
                room -= size

    def settle(self) -> None:
        """Give up what is over a tail's limit, and delete the segments that no tail needs any more."""
        with self._lock:
            try:
                kept = self._journal.kept_sizes()
                for name, place in self._places.items():
                    with place.lock:
                        self._pass_over_what_was_read(place, kept)
                        self._fit(name, place, kept)
                self._delete_unneeded(kept)
            except OSError as error:
                logger.error("what of the journal is kept for its readers could not be looked at: %s", error)

    # -- what is needed ------------------------------------------------------------------------------

    def _is_wanted(self, segment: int) -> bool:
        with self._lock:
            return any(place.position.segment <= segment for place in self._places.values())

    def _pass_over_what_was_read(self, place: Place, kept: list[tuple[int, int]]) -> None:
        """Move a position from the end of a kept segment to the beginning of the next one, so that the file may go."""
        position = place.position
        size = dict(kept).get(position.segment)
        if size is not None and position.offset >= size:
            self._move(place, self._after(position.segment), 0)

    def _after(self, segment: int) -> int:
        following = (number for number in self._journal.all_segments() if number > segment)
        return min(next(following, self._journal.end[0]), self._journal.end[0])

    def _delete_unneeded(self, kept: list[tuple[int, int]]) -> None:
        unneeded = [number for number, _ in kept if not self._is_wanted(number)]
        if unneeded:
            if self._journal.sync_mode != "never":
                for place in self._places.values():
                    place.sync()  # or a power cut would leave a position in what is gone
            for number in unneeded:
                self._journal.kept_path_of(number).unlink(missing_ok=True)
                seams.reached("segment-removed")

    # -- what is given up ----------------------------------------------------------------------------

    def _fit(self, name: str, place: Place, kept: list[tuple[int, int]]) -> None:
        """Move a position forward until no more is kept for it than its limit."""
        position = place.position
        held = sum(size for number, size in kept if number >= position.segment)
        held -= position.offset if any(number == position.segment for number, _ in kept) else 0
        excess = held - position.limit
        if excess <= 0:
            return
        for number, size in kept:
            if number < place.position.segment or excess <= 0:
                continue
            begin = place.position.offset if number == place.position.segment else 0
            excess -= self._give_up(place, number, begin, begin + excess if begin + excess < size else None)
        self._tell_given_up(name, place, f"more than {position.limit} bytes of the journal wait for it")

    def _let_go(self, segment: int) -> None:
        """Delete the oldest kept segment, since the disk is short."""
        for name, place in self._places.items():
            with place.lock:
                if place.position.segment <= segment:
                    begin = place.position.offset if place.position.segment == segment else 0
                    self._give_up(place, segment, begin, None)
                    self._tell_given_up(name, place, "the disk is short")
        self._delete_unneeded(self._journal.kept_sizes())

    def _give_up(self, place: Place, segment: int, begin: int, until: int | None) -> int:
        """Move a position forward to the first frame at or after a byte, None for the next segment, and count what it passes.

        Returns:
            How many bytes were passed over.
        """
        dropped = pending = 0
        at = begin
        try:
            for first, behind, count in _counts(self._journal.kept_path_of(segment), begin):
                if until is not None and first >= until:
                    at = first
                    break
                had = place.position.skip if (segment, first) == (place.position.segment, place.position.offset) else 0
                ahead = place.ahead
                on_way = count if (segment, first) < ahead[:2] else ahead[2] if (segment, first) == ahead[:2] else 0
                pending += max(0, on_way - had)
                dropped += count - max(on_way, had)
                at = behind
            else:
                until = None
        except OSError as error:
            logger.error("what is given up of segment %d of the journal could not be counted: %s", segment, error)
            until = None
        goal = (segment, at) if until is not None else (self._after(segment), 0)
        self._move(place, *goal, dropped=dropped, pending=pending)
        return at - begin

    def _move(self, place: Place, segment: int, offset: int, dropped: int = 0, pending: int = 0) -> None:
        before = place.position
        moved = replace(
            before,
            segment=segment,
            offset=offset,
            skip=0,
            dropped=before.dropped + dropped,
            pending=before.pending + pending,
        )
        place.ahead = max(place.ahead, moved.place)
        try:
            place.move(moved)
        except OSError as error:
            logger.error("the position %s cannot be written: %s", place.path, error)

    def _is_short(self) -> bool:
        """Tell whether the disk has less room left than the logger should have."""
        found = os.statvfs(self._journal.directory)
        return found.f_bavail * found.f_frsize < min(RESERVE_BYTES, found.f_blocks * found.f_frsize // _RESERVE_SHARE)

    # -- telling -------------------------------------------------------------------------------------

    def _tell_given_up(self, name: str, place: Place, why: str) -> None:
        position = place.position
        if not place.is_told:
            place.is_told = True
            logger.error("%s: the oldest samples are given up for %s", why, name)
        self._health.note(f"tail {name}", f"{why}: {position.dropped + position.pending} samples were given up for it")

    def _tell(self, name: str, what: str) -> None:
        logger.error("%s: %s", name, what)
        self._health.note(f"tail {name}: damage", what)

    def _tell_unkept(self, name: str, error: OSError | None) -> None:
        if error is None:
            self._health.ok(f"tail {name}")
        else:
            self._health.fail(f"tail {name}", f"its position cannot be written: {error}")


def _counts(path: Path, begin: int) -> Iterator[tuple[int, int, int]]:
    """Where each frame begins and ends, and how many samples it has. Raises OSError."""
    run = frames.Run(path)
    try:
        for first, behind, data in run.walk(begin, lambda _: None):
            try:
                count = len(data[1])
            except safepickle.UNREADABLE:
                count = 0
            yield first, behind, count
    finally:
        run.close()
