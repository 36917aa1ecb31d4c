"""Fuzzing, the topics: filters and topics, held against the oracles, and addresses there and back."""

from __future__ import annotations

import contextlib

from janitoo_datalog_rrd.core.topics import check_filter, format_hadd, parse_hadd, topic_matches

from . import oracles
from .promises import expect


def check(data: bytes) -> None:
    """Check one input: a filter and a topic with a pipe between them."""
    topic_filter, _, topic = data.decode("utf-8", "surrogateescape").partition("|")
    taken = is_taken(topic_filter)
    expect(taken == oracles.is_filter(topic_filter), "the check of filters and the oracle agree", topic_filter)
    if taken and "#" not in topic and "+" not in topic:
        wanted = oracles.topic_matches(topic_filter.split("/"), topic.split("/"))
        expect(topic_matches(topic_filter, topic) == wanted, "topic_matches and the oracle agree", topic_filter, topic)
    elif taken and topic_matches(topic_filter, topic):
        # a filter that is matched by another stands for topics that match both
        for filling in ("x", "$x", ""):
            one = topic.replace("+", filling).replace("#", filling)
            if oracles.topic_matches(topic.split("/"), one.split("/")):
                matches = oracles.topic_matches(topic_filter.split("/"), one.split("/"))
                expect(matches, "every topic of the inner filter matches the outer one", topic_filter, topic, one)
    with contextlib.suppress(ValueError):
        expect(format_hadd(*parse_hadd(topic_filter)) == topic_filter, "an address is the same there and back", topic_filter)


def is_taken(text: str) -> bool:
    """Whether the package takes a text as a topic filter."""
    try:
        return check_filter(text) == text
    except ValueError:
        return False
