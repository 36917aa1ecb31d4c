"""The file of the boards: whole after a crash, kept where it is damaged, and as it was where the disk is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.core.status import Health
from janitoo_datalog_rrd.web.boards.board import Board, Draft, Tile, TileSeries, make_id
from janitoo_datalog_rrd.web.boards.boards import MAX_BOARDS, Boards, ChangedError, TooManyBoardsError, UnknownBoardError

TILE = Tile(kind="chart", series=(TileSeries(name="a"), TileSeries(name="b", column="power", axis="right")), span="1w", width=2)
DRAFT = Draft(title="Küche", note="What counts", tiles=(TILE,))
WRITER = """
import sys
from pathlib import Path
from janitoo_datalog_rrd.core.status import Health
from janitoo_datalog_rrd.web.boards.board import Draft
from janitoo_datalog_rrd.web.boards.boards import Boards
boards = Boards(lambda: Path(sys.argv[1]), Health(), lambda: 1e9)
number = 0
while True:
    number += 1
    board = boards.change("kitchen", Draft(title=f"Kitchen {number}", note="x" * 290), lambda _: True)[0]
    print(number, flush=True)
"""


def always(_: Board | None) -> bool:
    return True


class Home:
    """A home directory, its boards, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_700_000_000.0
        self.open()

    @property
    def path(self) -> Path:
        return self.folder / "boards.json"

    def open(self) -> Boards:
        """Begin anew, as at a start of the server."""
        self.health = Health()
        self.boards = Boards(lambda: self.folder, self.health, lambda: self.now)
        self.boards.open()
        return self.boards

    def aside(self) -> list[Path]:
        return sorted(self.folder.glob("boards.json.corrupt-*"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_board_is_there_after_a_restart(home: Home) -> None:
    made = home.boards.add(DRAFT)
    assert home.open().get("kuche") == made
    assert made.tiles == (TILE,)
    assert home.health.problems() == home.health.notes() == {}
    assert home.path.stat().st_mode & 0o777 == 0o600


def test_the_id_stays_when_the_title_changes(home: Home) -> None:
    home.boards.add(DRAFT)
    changed, made = home.boards.change("kuche", Draft(title="Kitchen"), always)
    assert (changed.id, changed.title, made) == ("kuche", "Kitchen", False)


@pytest.mark.parametrize(
    ("title", "wanted"),
    [("Bed & Bath", "bed-bath"), ("Küche/Straße", "kuche-strasse"), ("厨房", "board"), ("--", "board"), ("a" * 99, "a" * 48)],
)
def test_an_id_reads_like_its_title(title: str, wanted: str) -> None:
    assert make_id(title, ()) == wanted
    assert make_id(title, {wanted, f"{wanted}-2"}) == f"{wanted}-3"


def test_versions_grow_over_everything_that_happens(home: Home) -> None:
    versions = [home.boards.add(DRAFT).version, home.boards.add(DRAFT).version]
    versions.append(home.boards.change("kuche", DRAFT, always)[0].version)
    home.boards.delete("kuche", always)
    versions.append(home.boards.change("kuche", DRAFT, always)[0].version)
    home.path.unlink()
    home.now += 60
    versions.append(home.open().add(DRAFT).version)
    assert versions == sorted(set(versions))


def test_a_change_for_another_version_is_refused(home: Home) -> None:
    board = home.boards.add(DRAFT)
    with pytest.raises(ChangedError):
        home.boards.change(board.id, Draft(title="late"), lambda now: now is None)
    with pytest.raises(ChangedError):
        home.boards.delete(board.id, lambda now: False)
    assert home.boards.get(board.id) == board


def test_there_are_so_many_boards_and_no_more(home: Home) -> None:
    for _ in range(MAX_BOARDS):
        home.boards.add(Draft(title="b"))
    with pytest.raises(TooManyBoardsError):
        home.boards.add(Draft(title="b"))
    with pytest.raises(TooManyBoardsError):
        home.boards.change("new", Draft(title="b"), always)
    assert len(home.open().all()) == MAX_BOARDS
    home.boards.delete("b", always)
    home.boards.add(Draft(title="one more"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\0" * 100, b"[]", b'{"format": 2, "boards": []}', b'{"format": 1}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "zeros", "a list", "of another format", "without boards", "no text", "deep"],
)
def test_a_damaged_file_is_kept_aside_and_told(home: Home, content: bytes) -> None:
    home.path.write_bytes(content)
    boards = home.open()
    assert boards.all() == []
    (kept,) = home.aside()
    assert kept.read_bytes() == content
    assert kept.name in home.health.notes()["boards"]
    boards.add(DRAFT)
    assert len(home.open().all()) == 1
    assert kept.read_bytes() == content


def test_of_a_file_with_one_bad_board_the_others_are_shown(home: Home) -> None:
    home.boards.add(Draft(title="Good"))
    home.boards.add(Draft(title="Bad"))
    document = orjson.loads(home.path.read_bytes())
    document["boards"][1]["tiles"] = [{"kind": "spinning", "series": []}]
    document["boards"].append(document["boards"][0])
    damaged = orjson.dumps(document)
    home.path.write_bytes(damaged)
    boards = home.open()
    assert [board.title for board in boards.all()] == ["Good"]
    (kept,) = home.aside()
    assert kept.read_bytes() == damaged
    assert "tiles[0].kind" in home.health.notes()["boards"]
    boards.add(DRAFT)
    assert kept.read_bytes() == damaged


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_kept_aside(home: Home, make: Callable[[Path], None]) -> None:
    make(home.path)
    assert home.open().all() == []
    assert len(home.aside()) == 1


def test_a_file_that_cannot_be_read_now_is_not_taken_for_an_empty_one(home: Home) -> None:
    home.boards.add(DRAFT)
    elsewhere = home.path.rename(home.folder / "elsewhere")
    home.path.symlink_to(home.path)  # a loop
    boards = home.open()
    assert "cannot be read" in home.health.problems()["boards"]
    with pytest.raises(StoreError, match="cannot be read"):
        boards.add(Draft(title="Kitchen"))
    home.path.unlink()
    elsewhere.rename(home.path)
    assert [board.id for board in boards.all()] == ["kuche"]
    assert home.health.problems() == {}
    assert home.aside() == []


def test_while_the_file_cannot_be_written_the_old_boards_stay(home: Home) -> None:
    home.boards.add(DRAFT)
    before = home.path.read_bytes()
    blocked = home.folder / ".boards.json.tmp"
    blocked.mkdir()  # stands where the new file is written first
    with pytest.raises(StoreError, match="cannot be written"):
        home.boards.add(Draft(title="One more"))
    with pytest.raises(StoreError, match="cannot be written"):
        home.boards.delete("kuche", always)
    assert [board.id for board in home.boards.all()] == ["kuche"]
    assert home.path.read_bytes() == before
    assert "cannot be written" in home.health.problems()["boards"]
    blocked.rmdir()
    home.boards.add(Draft(title="One more"))
    assert home.health.problems() == {}


def test_many_at_once_lose_nothing(home: Home) -> None:
    def work(number: int) -> None:
        for round_ in range(5):
            home.boards.add(Draft(title=f"{number} {round_}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(home.open().all()) == 40
    assert len({board.version for board in home.boards.all()}) == 40


def test_a_kill_between_two_writes_leaves_a_whole_board(home: Home) -> None:
    for rounds in (1, 7, 20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(home.folder)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        done = 0
        for _ in range(rounds):
            done = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        done = max([done, *map(int, filter(str.isdigit, writer.stdout.read().split()))])
        writer.wait()
        writer.stdout.close()
        board = home.open().get("kitchen")
        assert board.title in (f"Kitchen {done}", f"Kitchen {done + 1}")
        assert home.health.notes() == {}
        assert home.aside() == []


def test_a_board_that_is_not_there_is_told(home: Home) -> None:
    calls: list[Callable[[], object]] = [lambda: home.boards.get("x"), lambda: home.boards.delete("x", always)]
    for call in calls:
        with pytest.raises(UnknownBoardError):
            call()
