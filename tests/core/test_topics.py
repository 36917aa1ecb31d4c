"""Addresses and topics, as JANITOO and MQTT have them."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core import topics


def test_an_address_is_read_as_it_is_written() -> None:
    assert topics.parse_hadd("0014/0001") == (14, 1)
    assert topics.format_hadd(14, 1) == "0014/0001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14/1",
        "0014",
        "0014/0001/",
        "0014/00001",
        "+/0001",
        "0014/#",
        "../0001",
        "\u0660\u0660\u0661\u0664/0001",
        "0014/0001\n",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected CCCC/NNNN"):
        topics.parse_hadd(text)


def test_topics_are_those_of_the_protocol() -> None:
    assert topics.value_topic("user", "0014/0001", "load") == "/values/user/0014/0001/load"
    assert topics.heartbeat_topic("0014/0000") == "/dhcp/heartbeat/0014/0000"
    assert topics.request_topic("0014/0000") == "/nodes/0014/0000/request"
    assert topics.reply_topic("0999/0000") == "/nodes/0999/0000/reply"
    assert topics.reply_topic("0999/0000", broadcast=True) == "/broadcast/reply/0999/0000"


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matches"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b", "a", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("+/+", "/x", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "ab", False),
        ("#", "/a", True),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("/values/#", "/values/user/0014/0001/load", True),
        ("/values/#", "values/user", False),
    ],
)
def test_filters_match_as_the_standard_says(topic_filter: str, topic: str, matches: bool) -> None:
    assert topics.topic_matches(topic_filter, topic) is matches


@pytest.mark.parametrize(
    ("broad", "narrow", "covers"),
    [
        ("#", "a/+", True),
        ("a/#", "a/+/b", True),
        ("a/#", "a", True),
        ("a/#", "a/#", True),
        ("+/b", "a/b", True),
        ("+/+", "a/#", False),
        ("a/+", "#", False),
        ("a/b", "a/+", False),
        ("#", "$SYS/#", False),
    ],
)
def test_a_filter_matches_another_when_every_topic_of_it_does(broad: str, narrow: str, covers: bool) -> None:
    assert topics.topic_matches(broad, narrow) is covers


@pytest.mark.parametrize("text", ["", "a/#/b", "a#", "a/b+", "a\0b", "x" * 65536, "a/\udcff"])
def test_filters_that_a_broker_would_refuse_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an MQTT topic filter"):
        topics.check_filter(text)


@pytest.mark.parametrize("text", ["#", "+", "/", "a/+/b/#", "haus/küche", "x" * 65535])
def test_filters_that_a_broker_takes_are_taken(text: str) -> None:
    assert topics.check_filter(text) == text
