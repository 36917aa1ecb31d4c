"""What the server says of itself."""

from __future__ import annotations

from janitoo_datalog_rrd.core.status import Counters, Health, RejectedLog


def test_counts_are_kept_by_name_and_label() -> None:
    counters = Counters()
    counters.add("messages", "accepted")
    counters.add("messages", "accepted", 2)
    counters.add("messages", "not_json")
    counters.add("samples")
    assert (counters.get("messages", "accepted"), counters.get("samples"), counters.get("nothing")) == (3, 1, 0)
    assert counters.by_label("messages") == {"accepted": 3, "not_json": 1}


def test_a_problem_is_told_until_it_is_over() -> None:
    health = Health()
    health.fail("broker", "it is away")
    health.fail("broker", "it is still away")
    assert health.problems() == {"broker": "it is still away"}
    health.ok("broker")
    health.ok("broker")
    assert health.problems() == {}


def test_notes_are_bounded_and_the_newest_text_of_a_part_is_shown() -> None:
    health = Health()
    for number in range(150):
        health.note(f"part {number}", "first")
    health.note("part 0", "second")
    assert len(health.notes()) == 100
    assert health.notes()["part 0"] == "second"
    health.forget("part 0")
    health.forget("never there")
    assert "part 0" not in health.notes()
    assert health.problems() == {}


def test_the_last_hundred_refused_messages_are_shown_with_their_beginning() -> None:
    counters = Counters()
    rejected = RejectedLog(counters, clock=lambda: 1_700_000_000.0)
    for number in range(150):
        rejected.add(f"topic/{number}/" + "x" * 65_000, bytes(300), "not_json", "y" * 1000)
    last = rejected.last()
    assert len(last) == 100
    assert last[0].topic.startswith("topic/149/")
    assert (len(last[0].topic), len(last[0].payload), len(last[0].detail)) == (200, 200, 200)
    assert last[0].time == 1_700_000_000.0
    assert counters.by_label("messages") == {"not_json": 150}
