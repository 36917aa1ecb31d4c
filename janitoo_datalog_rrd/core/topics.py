"""Janitoo addresses and MQTT topics: how they are written, read and matched."""

from __future__ import annotations

import re

VALUES_FILTER = "/values/#"
HEARTBEAT_FILTER = "/dhcp/heartbeat/#"
BROADCAST_REQUEST = "/broadcast/request"

_HADD = re.compile(r"([0-9]{4})/([0-9]{4})", re.ASCII)


def parse_hadd(text: str) -> tuple[int, int]:
    """Split a Home ADDress `CCCC/NNNN` into controller and node numbers.

    Args:
        text: two zero-padded four-digit decimal numbers with a slash between them.

    Returns:
        (controller, node), each 0 to 9999; node 0 is the controller itself.

    Raises:
        ValueError: the text has another form.
    """
    match = _HADD.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an HADD: expected CCCC/NNNN, four digits each, such as 0014/0001")
    return int(match[1]), int(match[2])


def is_hadd(text: str) -> bool:
    """Whether a text is a Home ADDress `CCCC/NNNN`."""
    return _HADD.fullmatch(text) is not None


def format_hadd(controller: int, node: int) -> str:
    """Write an HADD from its controller and node numbers (0 to 9999 each)."""
    return f"{controller:04d}/{node:04d}"


def value_topic(genre: str, hadd: str, uuid: str) -> str:
    """Topic on which a value is published; genre is `user`, `basic`, `config`, `system` or `command`."""
    return f"/values/{genre}/{hadd}/{uuid}"


def heartbeat_topic(hadd: str) -> str:
    """Topic on which a node says that it is alive."""
    return f"/dhcp/heartbeat/{hadd}"


def request_topic(hadd: str) -> str:
    """Topic on which a node takes requests."""
    return f"/nodes/{hadd}/request"


def reply_topic(hadd: str, *, broadcast: bool = False) -> str:
    """Topic on which the asker at `hadd` gets its reply."""
    return f"/broadcast/reply/{hadd}" if broadcast else f"/nodes/{hadd}/reply"


def check_filter(text: str) -> str:
    """Check an MQTT topic filter (MQTT 5.0, section 4.7) and return it.

    Raises:
        ValueError: empty, longer than 65,535 bytes, or a wildcard in a wrong place.
    """
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        size = 0
    if not 1 <= size <= 65535 or "\0" in text:
        raise ValueError(f"{text[:80]!r} is not an MQTT topic filter: expected 1 to 65535 bytes of UTF-8 without NUL")
    levels = text.split("/")
    for position, level in enumerate(levels):
        if "#" in level and (level != "#" or position != len(levels) - 1):
            raise ValueError(f"{text!r} is not an MQTT topic filter: '#' stands alone, as the last level")
        if "+" in level and level != "+":
            raise ValueError(f"{text!r} is not an MQTT topic filter: '+' stands alone in its level")
    return text


def topic_matches(topic_filter: str, topic: str) -> bool:
    """Tell whether a topic matches a filter (MQTT 5.0, section 4.7; `$`-topics never match a leading wildcard).

    The topic may be a filter itself: it matches when every topic that it stands for does.
    """
    if topic.startswith("$") and topic_filter[:1] in "#+":
        return False
    wanted = topic_filter.split("/")
    levels = topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(levels) or levels[position] == "#" or level not in ("+", levels[position]):
            return False
    return len(levels) == len(wanted)


MAX_TOPIC = 1000
"""Characters of the longest topic that may be subscribed by what a device says."""
_MAX_LEVELS = 100
_SAFE_TOPIC = re.compile("[^\x00-\x1f\x7f-\x9f+#\ud800-\udfff\ufdd0-\ufdef]{1,1000}")


def is_safe_topic(topic: str) -> bool:
    """Whether a topic that came in a message may be subscribed.

    It is one topic and no filter, none of the broker's own, and brokers take it: Mosquitto ends the connection of whoever
    subscribes control characters, what is no character (Unicode 15, section 23.7), or more than 200 levels.
    """
    return (
        _SAFE_TOPIC.fullmatch(topic) is not None
        and not topic.startswith("$")
        and topic.count("/") < _MAX_LEVELS
        and (topic.isascii() or not any(ord(each) & 0xFFFE == 0xFFFE for each in topic))
    )
