"""A file that gets other archives says what it said before, and goes on as if it had had them from the beginning."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import rrdtool
from store.conftest import START, rows

from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.store import rrdfile
from janitoo_datalog_rrd.store.rebuild import rebuild
from janitoo_datalog_rrd.store.rrdfile import DataSource, RrdError

BEGIN = int(START) + 3
DAY = 86_400
GAUGE = DataSource("value", "GAUGE", 3610)


def archives(text: str, step: int = 10) -> list[str]:
    return [
        f"RRA:{cf}:0.5:{grain // step}:{kept // grain}"
        for grain, kept in retention(text)
        for cf in (("AVERAGE",) if grain == step else ("AVERAGE", "MIN", "MAX"))
    ]


def make(path: Path, text: str, source: DataSource = GAUGE) -> Path:
    rrdfile.create(path, 10, BEGIN - 1, [source], archives(text))
    return path


def samples(chance: random.Random, begin: int, seconds: int) -> list[str]:
    """Updates of a sensor that is now and then silent, or says that it does not know."""
    found, time_s = [], begin
    while time_s < begin + seconds:
        found.append(f"{time_s}:{'U' if chance.random() < 0.02 else repr(chance.uniform(-50, 50))}")
        time_s += 5000 if chance.random() < 0.003 else chance.choice((3, 7, 10, 10, 13, 40))
    return found


def write(texts: list[str], *paths: Path) -> None:
    for path in paths:
        rrdfile.update(str(path), ["value"], texts)


def grain(path: Path, cf: str, step: int, seconds: int) -> list[float | None]:
    """The last rows of one grain that are whole."""
    end = rrdtool.last(str(path)) // step * step
    (_, _, found_step), _, found = rrdtool.fetch(
        str(path), cf, f"--start={end - seconds}", f"--end={end - step}", f"--resolution={step}"
    )
    assert found_step == step
    return [row[0] for row in found]


def same(one: list[float | None], other: list[float | None]) -> bool:
    """Whether rows are the same, but for the last digits of an average that was made in another order."""
    return len(one) == len(other) and all(
        (a is None) == (b is None) and (a is None or b is None or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for a, b in zip(one, other, strict=True)
    )


NEW = "10s:2d, 20s:1d, 1m:3d, 5m:5d, 1h:30d"
OLD = "10s:2d, 1m:3d, 1h:10d"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ds_type", ["GAUGE", "DDERIVE"])
def test_a_rebuilt_file_is_as_one_that_had_these_archives_from_the_beginning(tmp_path: Path, seed: int, ds_type: str) -> None:
    chance = random.Random(seed)
    source = DataSource("value", ds_type, 3610)
    path, wanted = make(tmp_path / "a.rrd", OLD, source), make(tmp_path / "b.rrd", NEW, source)
    first = samples(chance, BEGIN, DAY + chance.randrange(4000))
    write(first, path, wanted)
    before = rrdfile.read_header(path)
    rebuild(path, source, archives(NEW))
    after = rrdfile.read_header(path)
    assert (after.last_update, after.last_texts) == (before.last_update, before.last_texts)
    for step in (10, 20, 60, 300, 3600):
        for cf in ("AVERAGE",) if step == 10 else ("AVERAGE", "MIN", "MAX"):
            assert same(grain(path, cf, step, DAY // 2), grain(wanted, cf, step, DAY // 2)), (cf, step)
    write(samples(chance, before.last_update + 7, 8000), path, wanted)
    for step in (10, 20, 60, 300, 3600):
        for cf in ("AVERAGE",) if step == 10 else ("AVERAGE", "MIN", "MAX"):
            assert same(grain(path, cf, step, DAY // 2), grain(wanted, cf, step, DAY // 2)), (cf, step, "later")


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_grain_that_stays_are_the_same_bit_by_bit(tmp_path: Path, seed: int) -> None:
    path = make(tmp_path / "a.rrd", OLD)
    write(samples(random.Random(seed), BEGIN, 2 * DAY), path)
    before = {(cf, step): grain(path, cf, step, DAY) for cf in ("AVERAGE", "MIN", "MAX") for step in (60, 3600)}
    fine = grain(path, "AVERAGE", 10, DAY)
    for text in (NEW, "10s:2d, 1m:2d, 1h:20d, 1d:1y", OLD, "10s:3d, 1m:3d, 1h:10d"):
        rebuild(path, GAUGE, archives(text))
        assert grain(path, "AVERAGE", 10, DAY) == fine
        assert {each: grain(path, each[0], each[1], DAY) for each in before} == before


def test_history_that_only_coarser_rows_have_is_shown_by_the_finer_ones_too(tmp_path: Path) -> None:
    path = make(tmp_path / "a.rrd", "10s:1h, 1m:2d")
    write([f"{BEGIN + 10 * number}:{number}" for number in range(2000)], path)
    coarse = rows(path, BEGIN + 600, BEGIN + 3600)
    rebuild(path, GAUGE, archives("10s:2d, 1m:2d"))
    fine = rows(path, BEGIN + 600, BEGIN + 3600)
    shown = {time_s: row for time_s, row in coarse.items() if time_s in fine}
    assert len(shown) >= 50
    assert {time_s: fine[time_s] for time_s in shown} == shown
    assert None not in {row[0] for row in fine.values()}


def test_what_is_unknown_stays_unknown(tmp_path: Path) -> None:
    path = make(tmp_path / "a.rrd", "10s:1d, 1m:2d")
    write([f"{BEGIN + 10 * number}:{'U' if 100 < number < 250 else number}" for number in range(500)], path)
    rebuild(path, GAUGE, archives("10s:2d, 30s:2d, 1m:2d"))
    assert {row[0] for row in rows(path, BEGIN + 1100, BEGIN + 2400).values()} == {None}


def test_a_grain_that_is_no_multiple_of_the_old_one_has_each_step_at_its_weight(tmp_path: Path) -> None:
    path = make(tmp_path / "a.rrd", "20s:1d")
    write([f"{BEGIN + 10 * number}:{number}" for number in range(2000)], path)
    rebuild(path, GAUGE, archives("30s:1d"))
    found = [row for row in grain(path, "AVERAGE", 30, 3600) if row is not None]
    assert all(later - earlier == pytest.approx(3.0, abs=1.1) for earlier, later in pairwise(found))


@pytest.mark.parametrize("fault", ["another type", "another name", "two sources", "another function"])
def test_a_file_of_another_kind_is_left_as_it_is(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "a.rrd"
    sources = [DataSource("other" if fault == "another name" else "value", "DERIVE" if fault == "another type" else "GAUGE", 10)]
    sources += [DataSource("second", "GAUGE", 10)] if fault == "two sources" else []
    rras = ["RRA:LAST:0.5:1:100"] if fault == "another function" else archives("10s:1h")
    rrdfile.create(path, 10, BEGIN - 1, sources, rras)
    content = path.read_bytes()
    with pytest.raises(RrdError):
        rebuild(path, GAUGE, archives("10s:1d"))
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["a.rrd"]


KILLED = """
import os, signal, sys
from pathlib import Path
from janitoo_datalog_rrd.core.seams import EVENT
from janitoo_datalog_rrd.store.rebuild import rebuild
from janitoo_datalog_rrd.store.rrdfile import DataSource
def die(event, what):
    if event == EVENT and what[0] == "file-rebuilt":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
rebuild(Path(sys.argv[1]), DataSource("value", "GAUGE", 3610), ["RRA:AVERAGE:0.5:1:999"])
"""


def test_a_kill_before_the_new_file_is_in_place_leaves_the_old_one(tmp_path: Path, root: Path) -> None:
    path = make(tmp_path / "a.rrd", OLD)
    write(samples(random.Random(1), BEGIN, DAY), path)
    content = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, path], cwd=root, check=False, timeout=60)
    assert done.returncode == -9
    assert path.read_bytes() == content
    rebuild(path, GAUGE, archives(NEW))
    assert [each.name for each in tmp_path.iterdir()] == ["a.rrd"]
