"""Decoders, `homeassistant`: the devices that were announced, and whether they are there."""

from __future__ import annotations

from typing import Any, Protocol

from ..core.directory import Directory
from .ha_entities import Availability, Device, text_of
from .ha_templates import Template, Templates

MAX_FOLLOWERS = 2000
"""How many groups of entities may go by one topic; what it says of more is not followed."""
PREFIX = "homeassistant/"
"""How the addresses of devices begin."""
_MAX_ADDRESS = 150


class User(Protocol):
    """A value of a device."""

    @property
    def node(self) -> Node:
        """What it belongs to."""
        ...


class Node:
    """A device.

    Attributes:
        address: its address in the directory; empty for what belongs to no device.
        name, location: as people know it.
        users: how many values it has.
        shown: whether the directory has it: it does once a number of it has been read here.
        groups: what says whether its entities are there.
    """

    __slots__ = ("address", "groups", "identifiers", "location", "name", "shown", "users")

    def __init__(self, address: str) -> None:
        self.address = address
        self.name = self.location = ""
        self.users = 0
        self.shown = False
        self.groups: dict[Group, int] = {}
        self.identifiers: set[str] = set()

    @property
    def online(self) -> bool | None:
        """Whether any of its entities is there; None where nobody says so."""
        known = [group.online for group in self.groups if group.online is not None]
        return any(known) if known else None


class Group:
    """Entities that are there or gone together, since the same topics say so.

    Attributes:
        online: whether they are there; None while nobody has said so.
        users: the values that are in it, in their order.
    """

    __slots__ = ("_heard", "availability", "online", "templates", "users")

    def __init__(self, availability: Availability, templates: list[Template]) -> None:
        self.availability = availability
        self.templates = templates
        self.online: bool | None = None
        self.users: dict[User, None] = {}
        self._heard: dict[int, bool] = {}

    def hear(self, number: int, text: str) -> bool:
        """Hear what one of its topics says; the answer is whether that changes something."""
        source = self.availability.sources[number]
        if text not in (source.available, source.gone):
            return False
        self._heard[number] = text == source.available
        known, before = self._heard.values(), self.online
        if self.availability.mode == "latest":
            self.online = self._heard[number]
        elif self.availability.mode == "any":
            self.online = any(known) or (None if len(known) < len(self.templates) else False)
        else:
            self.online = all(known)
        return self.online is not before


class House:
    """The devices, and the topics that say whether they are there; its length is how many devices have numbers.

    Args:
        templates: takes templates in.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._nodes: dict[str, Node] = {}
        self._groups: dict[Availability, Group] = {}
        self._followers: dict[str, list[tuple[Group, int]]] = {}
        self._shown = 0

    def __len__(self) -> int:
        return self._shown

    def node_of(self, device: Device) -> Node:
        """The device that has one of these identifiers; a new one where there is none."""
        if not device.identifiers and not device.name:
            return Node("")
        identifiers = device.identifiers or (device.name,)
        node = next((self._nodes[each] for each in identifiers if each in self._nodes), None)
        if node is None:
            node = Node(PREFIX + identifiers[0][:_MAX_ADDRESS])
        for each in identifiers:
            if self._nodes.setdefault(each, node) is node:
                node.identifiers.add(each)
        return node

    def show(self, node: Node, device: Device, directory: Directory) -> None:
        """Tell the directory of a device, where there is news."""
        if node.address and (not node.shown or (device.name or node.name, device.location or node.location) != _said(node)):
            node.name, node.location = device.name or node.name, device.location or node.location
            directory.device(node.address, name=node.name, location=node.location, online=node.online)
            self._shown += not node.shown
            node.shown = True

    def group_of(self, availability: Availability) -> Group | None:
        """Who says whether an entity is there; None where nobody does. Raises TemplateError."""
        if not availability.sources:
            return None
        group = self._groups.get(availability)
        if group is None:
            templates = [self._templates.take(each.template) for each in availability.sources]
            group = self._groups[availability] = Group(availability, templates)
            for number, source in enumerate(availability.sources):
                followers = self._followers.setdefault(source.topic, [])
                if len(followers) < MAX_FOLLOWERS:
                    followers.append((group, number))
        return group

    def join(self, user: User, node: Node, group: Group | None) -> None:
        """Note that a value belongs to a device and a group."""
        node.users += 1
        if group is not None:
            group.users[user] = None
            node.groups[group] = node.groups.get(group, 0) + 1

    def leave(self, user: User, node: Node, group: Group | None, directory: Directory) -> None:
        """Note that a value is no more; a device or group without values is forgotten."""
        node.users -= 1
        if group is not None:
            del group.users[user]
            node.groups[group] -= 1
            if not node.groups[group]:
                del node.groups[group]
            if not group.users:
                self._forget(group)
        if not node.users:
            for each in node.identifiers:
                del self._nodes[each]
            if node.shown:
                self._shown -= 1
                directory.forget_device(node.address)

    def _forget(self, group: Group) -> None:
        del self._groups[group.availability]
        for source in group.availability.sources:
            left = [each for each in self._followers.pop(source.topic, ()) if each[0] is not group]
            if left:
                self._followers[source.topic] = left

    def follows(self, topic: str) -> bool:
        """Whether a topic says that something is there."""
        return topic in self._followers

    def followers(self, topic: str) -> int:
        """How many groups go by a topic."""
        return len(self._followers.get(topic, ()))

    def hear(self, topic: str, text: str, document: Any, directory: Directory) -> list[Group]:
        """Hear a message of a topic that says whether entities are there; the answer has the groups that it changes."""
        changed = []
        for group, number in self._followers.get(topic, ()):
            said = text_of(self._templates.read(group.templates[number], text, document))
            if group.hear(number, said.strip()):
                changed.append(group)
        for node in {user.node for group in changed for user in group.users}:
            if node.shown and node.online is not None:
                directory.device(node.address, online=node.online)
        return changed


def _said(node: Node) -> tuple[str, str]:
    return node.name, node.location
