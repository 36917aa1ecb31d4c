"""What was heard on the bus is kept within bounds, and read as a tree."""

from __future__ import annotations

import random
import threading

from hypothesis import given
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.packets import Publish
from janitoo_datalog_rrd.web.explore.heard import KEPT, KEPT_WATCHED, WATCHED_MAX, Heard

TOPICS = st.text(alphabet="ab/\x01é ", min_size=1, max_size=8)


def messages(*pairs: tuple[str, bytes]) -> list[Publish]:
    return [(topic.encode(), payload, b"") for topic, payload in pairs]


def heard(*topics: str, **bounds: int) -> Heard:
    made = Heard(**bounds)
    made.take(messages(*((topic, b"1") for topic in topics)), [], 1000.0)
    return made


def levels(made: Heard, prefix: str = "") -> list[tuple[str, int, bool]]:
    rows, more = made.children(prefix, 1000, None, 1000.0)
    assert not more
    return [(row.level, row.below, row.told is not None) for row in rows]


def test_topics_are_a_tree_of_levels() -> None:
    made = heard("a/b/c", "a", "a-b", "a/b", "/values/user", "x//y", "x/")
    assert levels(made) == [("", 1, False), ("a", 2, True), ("a-b", 0, True), ("x", 2, False)]
    assert levels(made, "a/") == [("b", 1, True)]
    assert levels(made, "a/b/") == [("c", 0, True)]
    assert levels(made, "/") == [("values", 1, False)]
    assert levels(made, "x/") == [("", 1, True)]
    assert levels(made, "nobody/") == []


@given(topics=st.lists(TOPICS, max_size=30, unique=True))
@SHORT
def test_every_topic_is_found_in_the_tree_once(topics: list[str]) -> None:
    made = heard(*topics)

    def walk(prefix: str) -> list[str]:
        rows, _ = made.children(prefix, 1000, None, 1000.0)
        found = []
        for row in rows:
            assert row.topic == prefix + row.level
            below = walk(f"{row.topic}/") if row.below else []
            assert len(below) == row.below
            found += [*([row.topic] if row.told else []), *below]
        return found

    assert sorted(walk("")) == sorted(topics)
    assert sorted(made.topics()) == sorted(topics)


@given(names=st.lists(TOPICS, min_size=1, max_size=30, unique=True), limit=st.integers(1, 5))
@SHORT
def test_pages_of_a_branch_put_together_are_the_branch(names: list[str], limit: int) -> None:
    made = heard(*names)
    whole, _ = made.children("", 1000, None, 1000.0)
    paged, after, more = [], None, True
    while more:
        rows, more = made.children("", limit, after, 1000.0)
        assert 1 <= len(rows) <= limit
        paged += rows
        after = rows[-1].level
    assert paged == whole


def test_only_so_many_topics_are_kept_and_the_rest_is_counted() -> None:
    made = heard("a", "b", "c", "d", topics_max=2)
    assert made.topics() == ["a", "b"]
    assert (len(made), made.beyond, made.messages) == (2, 2, 4)
    made.take(messages(("a", b"2"), ("d", b"2")), [], 1001.0)
    assert made.beyond == 3
    found = made.get("a", 1001.0)
    assert found is not None
    assert found.payload == b"2"


def test_bytes_are_bounded_whatever_comes() -> None:
    made = Heard(topics_max=500, bytes_max=20_000)
    chance = random.Random(4)
    for turn in range(3000):
        topic = "/".join(chance.choice("abcdefgh") * chance.randint(0, 40) for _ in range(chance.randint(1, 6)))
        made.take(messages((topic or "x", bytes(chance.randint(0, 5000)))), [], float(turn))
        if turn % 7 == 0 and made.topics():
            made.get(chance.choice(made.topics()), float(turn))
        assert made.size <= 20_000
    assert made.size == sum(
        len(topic.encode()) + len(found.payload) for topic in made.topics() if (found := made.get(topic, 0.0)) is not None
    )
    assert made.beyond > 0


def test_a_long_payload_is_cut_unless_somebody_looks_at_its_topic() -> None:
    made = heard("a", "b")
    long = bytes(KEPT_WATCHED + 10)
    made.take(messages(("a", long)), [], 1000.0)
    first = made.get("a", 1000.0)
    made.take(messages(("a", long), ("b", long)), [], 1000.0)
    second, other = made.get("a", 1000.0), made.get("b", 1000.0)
    assert first is not None
    assert second is not None
    assert other is not None
    assert [(len(each.payload), each.size) for each in (first, second, other)] == [
        (KEPT, len(long)),
        (KEPT_WATCHED, len(long)),
        (KEPT, len(long)),
    ]


def test_only_the_topics_that_were_looked_at_last_are_kept_at_length() -> None:
    topics = [f"t{number}" for number in range(WATCHED_MAX + 1)]
    made = heard(*topics)
    for topic in topics:
        made.get(topic, 1000.0)
    made.take(messages(*((topic, bytes(5000)) for topic in topics)), [], 1000.0)
    rows, _ = made.children("", 100, None, 1000.0)
    assert [len(row.told.payload) for row in rows if row.told] == [KEPT, *[5000] * WATCHED_MAX]


def test_counts_rates_and_what_the_broker_had_kept_are_told() -> None:
    made = Heard()
    made.take(messages(("a", b"1"), ("b", b"1")), [1], 1000.0)
    for second in range(100):
        made.take(messages(("a", b"1"), ("a", b"2")), [], 1000.0 + second)
    (a, b), _ = made.children("", 10, None, 1100.0)
    assert a.told is not None
    assert b.told is not None
    assert (a.told.count, a.told.time, a.told.retained) == (201, 1099.0, False)
    assert 1.5 < a.told.rate < 2.5
    assert (b.told.count, b.told.retained) == (1, True)
    assert b.told.rate < 0.05


def test_topics_that_are_no_text_are_counted_and_not_kept() -> None:
    made = Heard()
    made.take([(b"\xff\xfe", b"1", b""), (b"a\0b", b"1", b"")], [], 1000.0)
    assert (len(made), made.unreadable) == (0, 2)


def test_a_topic_of_sixty_thousand_levels_is_one_row_at_a_time() -> None:
    made = heard("/" * 65_535)
    assert levels(made) == [("", 1, False)]
    assert levels(made, "//") == [("", 1, False)]


def test_search_finds_topics_by_words_in_any_case() -> None:
    made = heard("Kitchen/temp", "kitchen/hum", "hall/TEMP", "x")
    rows, found = made.search(["TEMP"], 1, 1000.0)
    assert ([row.topic for row in rows], found) == (["Kitchen/temp"], 2)
    rows, found = made.search(["kit", "hum"], 10, 1000.0)
    assert ([row.topic for row in rows], found) == (["kitchen/hum"], 1)


def test_it_can_be_read_while_it_is_told() -> None:
    made = Heard(topics_max=300)
    end = threading.Event()

    def tell() -> None:
        number = 0
        while not end.is_set():
            number += 1
            made.take(messages((f"a/{number % 400}", b"1")), [], float(number))
            if number % 5000 == 0:
                made.clear()

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        for _ in range(300):
            rows, _ = made.children("a/", 1000, None, 1.0)
            assert all(row.told is not None for row in rows)
            assert len(made.topics()) <= 300
    finally:
        end.set()
        teller.join()
