"""The nodes heard of on the bus, and devices of other dialects, and whether they are alive."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .errors import DecodeError
from .topics import format_hadd, is_hadd, parse_hadd

MAX_NODES = 10_000
MAX_DEVICES = 10_000
MAX_ADDRESS = 200
"""Characters of a device's address."""
MAX_NAME = 200
"""Characters that are kept of a device's name, and of its place."""
MAX_CHANGES = 10
"""How many changes of a node's state are remembered."""
_LONGEST_GAP_S = 3600.0
_PREFIX = "/dhcp/heartbeat/"


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is known of a node from its heartbeats, or of a device from what its dialect says.

    Attributes:
        hadd: its address.
        state: the word it sent last (`ONLINE`, `OFFLINE`, ...), or `OFFLINE` when it fell silent; empty for a device of which
            nobody says whether it is there.
        since: when this state began, seconds since the epoch UTC.
        last_seen: its last heartbeat, seconds since the epoch UTC; 0 where there was none.
        name: what it is called; empty when nobody said.
        location: where it is; empty when nobody said.
        heartbeat: seconds between its heartbeats where it is known, else 0.
        gap: seconds between its last two heartbeats.
        silent: True when it is OFFLINE because it fell silent, not because it said so.
        changes: (when, state) of its last changes, the youngest last; times in seconds since the epoch UTC.
        ours: True for a node of this server, which says itself how it is, whether the broker is there or not.
        device: True for a device of another dialect, which sends no heartbeats.
        machine: True for one with an agent, which has told of itself; its address says nothing to people.
    """

    hadd: str
    state: str
    since: float
    last_seen: float
    name: str = ""
    location: str = ""
    heartbeat: float = 0.0
    gap: float = 0.0
    silent: bool = False
    changes: tuple[tuple[float, str], ...] = ()
    ours: bool = False
    device: bool = False
    machine: bool = False

    @property
    def online(self) -> bool:
        """True unless the node said that it goes, or fell silent: what nothing is known of is not called gone."""
        return self.state != "OFFLINE"


class NodeRegistry:
    """Tracks heartbeats: a node is online until it says OFFLINE or misses `count` heartbeats.

    How our own nodes are is told by themselves (`report`), not by what comes back of their heartbeats from the broker. Devices
    of other dialects (`device`) send none: they are online or offline where their dialect says so, and never for their silence.

    Args:
        timeout: seconds between two heartbeats.
        count: how many may be missed.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, timeout: float = 60.0, count: int = 3, clock: Callable[[], float] = time.time) -> None:
        self.timeout = timeout
        self.count = count
        self._clock = clock
        self._nodes: dict[str, NodeState] = {}
        self._devices = 0
        self._reserved: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def on_heartbeat(self, topic: str, payload: bytes) -> None:
        """Take a heartbeat message of either form.

        Raises:
            DecodeError: it is no heartbeat.
        """
        address = topic.removeprefix(_PREFIX)
        if address:
            try:
                parse_hadd(address)
            except ValueError as error:
                raise DecodeError("bad_heartbeat", str(error)) from None
            self.seen(address, _state_word(payload))
            return
        try:
            message = json.loads(payload)
            controller, node = int(message["add_ctrl"]), int(message["add_node"])
            state = _state_word(str(message["state"]).encode())
            if not (0 <= controller <= 9999 and -1 <= node <= 9999):
                raise ValueError("address out of range")
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise DecodeError("bad_heartbeat", f"expected add_ctrl, add_node and state in JSON: {error}") from None
        if node >= 0:
            self.seen(format_hadd(controller, node), state)
            return
        prefix = f"{controller:04d}/"
        known = [hadd for hadd in list(self._nodes) if hadd.startswith(prefix)]
        for hadd in known or [format_hadd(controller, 0)]:
            self.seen(hadd, state)

    def seen(self, hadd: str, state: str = "ONLINE") -> None:
        """Note a sign of life of a node that came over the bus; without effect for one of ours."""
        with self._lock:
            old = self._nodes.get(hadd)
            if old is None or not old.ours:
                self._note(old, hadd, state)

    def reserve(self, hadds: Iterable[str]) -> None:
        """Note which addresses this server's own nodes have, before they say so themselves."""
        self._reserved = frozenset(hadds)

    def is_ours(self, hadd: str) -> bool:
        """Whether an address is that of a node of this server."""
        node = self._nodes.get(hadd)
        return hadd in self._reserved or (node is not None and node.ours)

    def report(self, hadd: str, state: str) -> None:
        """Note how a node of ours is; from now on it alone says so."""
        with self._lock:
            self._note(self._nodes.get(hadd), hadd, state, ours=True)

    def release(self, hadd: str) -> None:
        """A node of ours has gone: it is OFFLINE, until somebody heartbeats under its address."""
        with self._lock:
            old = self._nodes.get(hadd)
            if old is not None and old.ours:
                self._note(old, hadd, "OFFLINE")

    def device(self, address: str, *, name: str = "", location: str = "", online: bool | None = None) -> None:
        """Note what the dialect of a device says of it.

        Args:
            address: any text but a HADD.
            name, location: what it is called, and where it is; empty where nothing new is said.
            online: whether it is there; None where nothing new is said.
        """
        if is_hadd(address) or not 0 < len(address) <= MAX_ADDRESS:
            return
        now = self._clock()
        with self._lock:
            node = self._nodes.get(address)
            if node is None:
                if self._devices >= MAX_DEVICES:
                    return
                self._devices += 1
                node = NodeState(address, "", now, 0.0, device=True)
            if online is not None:
                node = replace(_turned(node, "ONLINE" if online else "OFFLINE", now), last_seen=now)
            if name or location:
                node = replace(node, name=name[:MAX_NAME] or node.name, location=location[:MAX_NAME] or node.location)
            self._nodes[address] = node

    def forget_device(self, address: str) -> None:
        """A device has been taken out of the house; what it has sent stays."""
        with self._lock:
            node = self._nodes.get(address)
            if node is not None and node.device:
                del self._nodes[address]
                self._devices -= 1

    def forget_node(self, hadd: str) -> None:
        """What had this address has been taken out of the house; without effect for a node of ours."""
        with self._lock:
            node = self._nodes.get(hadd)
            if node is not None and not node.ours and not node.device:
                del self._nodes[hadd]

    def _note(self, old: NodeState | None, hadd: str, state: str, *, ours: bool = False) -> None:
        now = self._clock()
        if old is None:
            if len(self._nodes) - self._devices < MAX_NODES:
                self._nodes[hadd] = NodeState(hadd, state, now, now, changes=((now, state),), ours=ours)
            return
        # a node that heartbeats seldom is not offline in between: the last gap says how seldom
        goes_on = old.last_seen and (old.online or old.silent)
        gap = min(now - old.last_seen, _LONGEST_GAP_S) if goes_on else 0.0
        changed = _turned(old, state, now)
        self._nodes[hadd] = replace(changed, last_seen=now, gap=gap, silent=False, ours=ours)

    def describe(self, hadd: str, name: str, location: str, heartbeat: float = 0.0, *, machine: bool = False) -> None:
        """Note what a node is called, where it is, how often it heartbeats (seconds), and whether it is one with an agent."""
        now = self._clock()
        with self._lock:
            old = self._nodes.get(hadd) or NodeState(hadd, "OFFLINE", now, 0.0)
            if hadd in self._nodes or len(self._nodes) - self._devices < MAX_NODES:
                self._nodes[hadd] = replace(old, name=name, location=location, heartbeat=heartbeat, machine=machine)

    def check(self) -> list[str]:
        """Set nodes that fell silent to OFFLINE and return their addresses."""
        now = self._clock()
        gone = []
        with self._lock:
            for hadd, node in self._nodes.items():
                if not node.online or node.device:
                    continue
                if now - node.last_seen > max(self.timeout, node.gap, node.heartbeat) * self.count:
                    self._nodes[hadd] = replace(_turned(node, "OFFLINE", now), silent=True)
                    gone.append(hadd)
        return gone

    def get(self, hadd: str) -> NodeState | None:
        """One node, or None when it was never heard of."""
        return self._nodes.get(hadd)

    def all(self) -> list[NodeState]:
        """Every node, sorted by address."""
        with self._lock:
            return sorted(self._nodes.values(), key=lambda node: node.hadd)


def _turned(node: NodeState, state: str, now: float) -> NodeState:
    """A node in another state than before, which is remembered; itself where the state is the same."""
    if node.state == state and node.changes:
        return node
    since = node.since if node.state == state else now
    return replace(node, state=state, since=since, changes=(*node.changes, (now, state))[-MAX_CHANGES:])


def _state_word(payload: bytes) -> str:
    word: Any = payload[:32].decode("utf-8", "replace").strip().strip('"').upper()
    if not word.isascii() or not word.replace("_", "").isalnum():
        raise DecodeError("bad_heartbeat", "the state is not a word, such as ONLINE")
    return str(word)
