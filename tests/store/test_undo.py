"""A kill in the middle of librrd's own writing: the file is put back to what it was before, and written once more."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import rrdtool
from store.conftest import START, rows
from store.torn import POINTS, settings_in

from janitoo_datalog_rrd.store import rrdfile
from janitoo_datalog_rrd.store.undo import Undo

BEGIN = int(START)
TORN = Path(__file__).with_name("torn.py")
# an update that was cut off: the rows of the second file's header are there, and the first one's time of its last update
CUT_OFF = """
import os, sys
from pathlib import Path
from janitoo_datalog_rrd.core import rrdcheck
from janitoo_datalog_rrd.store import rrdfile
from janitoo_datalog_rrd.store.undo import Undo
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
folder, begin = Path(sys.argv[1]), int(sys.argv[2])
path = folder / "torn.rrd"
before = path.read_bytes()
at = rrdcheck.definitions_size(before)
undo = Undo(StoreSettings(folder, folder, Schemas([])), 4)
undo.begin(3, str(path))
rrdfile.update(str(path), ["value"], [f"{begin + number}:{number}" for number in range(10, 15)])
with path.open("r+b") as stream:
    stream.seek(at)
    stream.write(before[at:at + 16])
if sys.argv[3:] == ["over"]:
    undo.end(3)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with ten rows."""
    path = tmp_path / "torn.rrd"
    rrdfile.create(path, 1, BEGIN - 1, [rrdfile.DataSource("value", "GAUGE", 100)], [f"RRA:AVERAGE:0:1:{POINTS + 10}"])
    update(path, range(10))
    return path


def update(path: Path, numbers: range) -> None:
    rrdfile.update(str(path), ["value"], [f"{BEGIN + number}:{number}" for number in numbers])


def read(path: Path, count: int) -> list[float | None]:
    found = rows(path, BEGIN - 1, BEGIN + count)
    return [found[BEGIN + number][0] for number in range(count)]


def cut_off(path: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", CUT_OFF, path.parent, str(BEGIN), *arguments], check=True, timeout=60)


def test_an_update_that_was_cut_off_is_undone_at_the_start(path: Path) -> None:
    cut_off(path)
    Undo(settings_in(path.parent), 4).open()
    update(path, range(10, 20))
    assert read(path, 20) == list(range(20))


def test_without_that_older_rows_would_stand_too_early(path: Path) -> None:
    cut_off(path)
    update(path, range(10, 20))
    assert read(path, 10) != list(range(10))


def test_an_update_that_is_over_is_not_undone(path: Path) -> None:
    cut_off(path, "over")
    content = path.read_bytes()
    Undo(settings_in(path.parent), 4).open()
    assert path.read_bytes() == content


def test_a_record_is_used_once_and_not_for_another_file(path: Path) -> None:
    cut_off(path)
    path.unlink()
    rrdfile.create(path, 1, BEGIN - 1, [rrdfile.DataSource("value", "GAUGE", 100)], ["RRA:AVERAGE:0:1:77"])
    content = path.read_bytes()
    Undo(settings_in(path.parent), 4).open()
    assert path.read_bytes() == content
    assert Undo(settings_in(path.parent), 4).open() is None
    assert (path.parent / "rrd_undo").read_bytes()[3 << 16] == 0


@pytest.mark.parametrize("place", [0, 5, 20, 50, 100, 300])
def test_a_damaged_record_is_no_record(path: Path, place: int) -> None:
    cut_off(path)
    undo = settings_in(path.parent).undo_path
    record = bytearray(undo.read_bytes())
    record[(3 << 16) + place] ^= 0xFF
    undo.write_bytes(record)
    content = path.read_bytes()
    Undo(settings_in(path.parent), 4).open()
    assert path.read_bytes() == content


def test_an_update_of_this_process_is_not_undone(path: Path) -> None:
    first = Undo(settings_in(path.parent), 4)
    first.begin(0, str(path))
    update(path, range(10, 15))
    content = path.read_bytes()
    Undo(settings_in(path.parent), 4).open()
    assert path.read_bytes() == content


@pytest.mark.slow
def test_killed_in_the_middle_of_writing_a_file_has_each_row_once(root: Path, path: Path) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for _ in range(int(os.environ.get("KILL_ROUNDS", "10"))):
        with subprocess.Popen(
            [sys.executable, TORN, path.parent, str(BEGIN)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}
        ) as process:
            assert process.stdout
            assert process.stdout.readline()
            threading.Event().wait(chance.uniform(0, 0.03))  # any moment will do
            process.kill()
        Undo(settings_in(path.parent), 1).open()
        written = rrdtool.last(str(path)) - BEGIN + 1
        update(path, range(max(0, written), min(written + 20, POINTS)))
        count = min(written + 20, POINTS)
        assert read(path, count) == list(range(count)), f"seed {seed}"
        path.unlink()
        rrdfile.create(path, 1, BEGIN - 1, [rrdfile.DataSource("value", "GAUGE", 100)], [f"RRA:AVERAGE:0:1:{POINTS + 10}"])
