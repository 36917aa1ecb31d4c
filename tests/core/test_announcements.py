"""Announcements: the last one of each topic comes back after a restart, a damaged file does no harm, and all is bounded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core import announcements as module
from janitoo_datalog_rrd.core.announcements import MAX_BYTES, Announcements


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "announcements.json"


def again(path: Path) -> list[tuple[str, bytes]]:
    """What another life finds in the file."""
    found = Announcements(path)
    found.load()
    return found.since(0)


def test_the_last_one_of_each_topic_comes_back_in_order(path: Path) -> None:
    kept = Announcements(path)
    for topic, payload in (("b", b"1"), ("a", b"\xff\x00"), ("b", b"2"), ("c", b"3"), ("c", b"")):
        kept.note(topic, payload)
    kept.save()
    assert again(path) == [("b", b"2"), ("a", b"\xff\x00")]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[", b"7", b"null", b"{}x", b'{"a": 1}', b"[[1]]", b'[["a", "%%%"]]', b'[["a", 1]]', b'[["a", "MQ==", 3]]'),
        *(b"\xff" * 100, b"[" * 10_000, b'["ab"]', b'[["a", "\\u00e9"]]'),
    ],
)
def test_a_damaged_file_is_moved_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    kept = Announcements(path)
    kept.load()
    kept.note("topic", b"payload")
    kept.save()
    assert ("topic", b"payload") in again(path)
    assert [each.read_bytes() for each in path.parent.glob("announcements.json.corrupt*")] == [content]


def test_a_file_that_was_cut_off_leaves_what_is_announced_again(path: Path) -> None:
    kept = Announcements(path)
    for number in range(100):
        kept.note(f"topic{number}", b"x" * 100)
    kept.save()
    path.write_bytes(path.read_bytes()[:-50])
    assert again(path) == [] or len(again(path)) < 100


def test_what_is_kept_is_bounded_in_number_and_size(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COUNT", 10)
    kept = Announcements(path)
    for number in range(20):
        assert kept.note(f"topic{number}", b"1")
    assert len(kept) == 10
    assert not kept.note("topic3", b"1")
    assert kept.note("topic19", b"1"), "one that is not kept is new each time"
    kept.note("topic3", b"")
    kept.note("topic19", b"1")
    assert len(kept) == 10


def test_sixty_four_mebibytes_are_the_most(path: Path) -> None:
    kept, payload = Announcements(path), b"x" * (1 << 20)
    for number in range(80):
        kept.note(f"topic{number}", payload)
    assert len(kept) == 63
    assert sum(len(topic) + len(each) for topic, each in kept.since(0)) <= MAX_BYTES
    for number in range(80):
        kept.note(f"topic{number}", b"")
    assert len(kept) == 0
    kept.note("again", payload)
    assert len(kept) == 1


def test_one_who_announces_much_all_the_time_does_not_wear_out_the_disk(path: Path) -> None:
    now = 0.0
    kept = Announcements(path, monotonic=lambda: now)
    written = 0
    for second in range(0, 600, 2):
        now = float(second)
        kept.note("topic", str(second).encode() * (1 << 18))
        before = path.stat().st_mtime_ns if path.exists() else 0
        kept.save(now=False)
        written += path.exists() and path.stat().st_mtime_ns != before
    assert 0 < written < 100
    kept.save()
    assert again(path) == [("topic", b"598" * (1 << 18))]


def test_nothing_is_written_where_nothing_is_new(path: Path) -> None:
    kept = Announcements(path)
    kept.note("topic", b"1")
    kept.save()
    path.unlink()
    kept.note("topic", b"1")
    kept.save()
    assert not path.exists()


def test_a_disk_that_is_full_is_tried_again(path: Path) -> None:
    kept = Announcements(path.parent / "not there" / "file.json")
    kept.note("topic", b"1")
    with pytest.raises(FileNotFoundError):
        kept.save()
    (path.parent / "not there").mkdir()
    kept.save()
    assert json.loads((path.parent / "not there" / "file.json").read_bytes()) == [["topic", "MQ=="]]
