"""`script/bench speed`: its statistics and table, what it sends and how it reads files, and a short run without peers."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import rrdtool
from rich.console import Console
from support import Mosquitto, wait_until

from benchmarks.load import Plan, load, send
from benchmarks.report import Goal, Line, Spread, print_lines, shorten, write_json
from benchmarks.speed.command import ROWS
from benchmarks.speed.contents import count_rows, holds, last_update
from benchmarks.speed.intake import turn
from benchmarks.wire import remaining_length

FASTER = Line("fast", "how fast", "messages/s", [90.0, 120.0, 100.0], "peer", [50.0, 40.0, 60.0], Goal(True, 2.0))
BEGIN = 1_700_000_000


# -- the report --------------------------------------------------------------------------------------


def test_the_middle_figure_stands_for_all_and_the_outer_ones_are_told() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Spread.of([]) is None
    assert str(Spread.of([84_321.4, 1_000_000.0, 9_999.6])) == "84,321 (10,000 to 1,000,000)"
    assert str(Spread.of([7.0])) == "7"
    assert [shorten(each) for each in (0.8567, 12.34, 99.94, 100.4)] == ["0.857", "12.3", "99.9", "100"]


def test_a_ratio_is_that_of_the_middle_figures() -> None:
    assert FASTER.ratio == 2.0
    assert FASTER.ratios == [1.8, 3.0, 100 / 60]


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (Goal(True, 2.0), True),
        (Goal(True, 2.1), False),
        (Goal(False, 2.0), True),
        (Goal(False, 1.9), False),
        (Goal(True, 100.0, of_ratio=False), True),
        (Goal(False, 99.0, of_ratio=False), False),
        (None, None),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal | None, met: bool | None) -> None:
    assert replace(FASTER, goal=goal).met is met


def test_without_its_peer_a_line_is_neither_met_nor_missed() -> None:
    alone = replace(FASTER, peer=[])
    assert alone.ratio is None
    assert alone.met is None
    assert alone.document()["ratio"] is None


def test_the_table_says_what_was_reached_and_what_was_noted() -> None:
    missed = replace(FASTER, name="slow", ours=[10.0], notes=["the disk was [slow]"])
    text = io.StringIO()
    print_lines([FASTER, missed, replace(FASTER, name="alone", peer=[])], "a title", Console(file=text, width=150))
    told = text.getvalue()
    rows = {line.split("│")[1].strip(): line for line in told.splitlines() if line.startswith("│")}
    assert [cell.strip() for cell in rows["fast"].split("│")[3:9]] == [
        "messages/s",
        "100 (90 to 120)",
        "50 (40 to 60)",
        "2",
        "≥ 2",
        "met",
    ]
    assert "missed" in rows["slow"]
    assert "met" not in rows["alone"]
    assert "missed" not in rows["alone"]
    assert "slow: the disk was [slow]" in told


def test_the_document_has_every_figure(tmp_path: Path) -> None:
    line = replace(FASTER, runs=[{"ours": {"seconds": 1.5}}])
    write_json(tmp_path / "x.json", "speed", {"runs": 3}, lines=[line.document()])
    document = json.loads((tmp_path / "x.json").read_text())
    assert (document["command"], document["settings"]) == ("speed", {"runs": 3})
    assert {"cores", "cpu", "memory_mib"} <= set(document["machine"])
    [found] = document["lines"]
    assert found["ours"] == {"figures": [90.0, 120.0, 100.0], "median": 100.0, "min": 90.0, "max": 120.0}
    assert found["peer"]["figures"] == [50.0, 40.0, 60.0]
    assert (found["ratio"], found["goal"], found["goal_of"], found["met"]) == (2.0, "≥ 2", "ratio", True)
    assert found["runs"] == [{"ours": {"seconds": 1.5}}]


# -- what is sent ------------------------------------------------------------------------------------


def test_lengths_are_written_as_the_standard_has_them() -> None:
    assert [remaining_length(each) for each in (0, 127, 128, 16_383, 16_384)] == [
        b"\x00",
        b"\x7f",
        b"\x80\x01",
        b"\xff\x7f",
        b"\x80\x80\x01",
    ]


@pytest.mark.parametrize("qos", [0, 1])
def test_the_load_sends_what_its_plan_says(mosquitto: Mosquitto, qos: int) -> None:
    plan = Plan(mosquitto.port, "timed", 300, 7, qos=qos, window=100, first=5, begin=BEGIN, spacing_s=10)
    with mosquitto.listen("timed/#") as listener:
        times = send(plan)
        assert times["begun"] <= times["ended"] <= time.monotonic()
        wait_until(lambda: len(listener.messages) == plan.count, what="every message")
    assert listener.messages == [
        (f"timed/s{number % 7}", b'{"t":%d,"v":%d}' % (BEGIN + number // 7 * 10, 5 + number)) for number in range(300)
    ]
    for series in range(7):
        assert json.loads(listener.on(f"timed/s{series}")[-1]) == {"t": plan.last_time(series), "v": plan.last_value(series)}


def test_the_load_waits_until_it_is_told_and_keeps_its_pace(mosquitto: Mosquitto) -> None:
    plan = Plan(mosquitto.port, "plain", 300, 10, qos=1, per_s=500)
    with mosquitto.listen("plain/#") as listener:
        with load(plan) as helper:
            assert not listener.messages
            helper.go()
            times = helper.result()
        assert times["ended"] - times["begun"] >= 0.5  # the sixth portion of fifty goes out after half a second
        wait_until(lambda: len(listener.messages) == 300, what="every message")


def test_runs_follow_each_other_without_gap_or_overlap() -> None:
    plan = Plan(1, "timed", 100, 10, begin=BEGIN, spacing_s=10)
    first, second = turn(plan, 0), turn(plan, 1)
    assert (first.begin, first.first) == (BEGIN + 10, 10)  # the warm-up had one message for each series
    assert second.begin == first.last_time(9) + 10
    assert second.first == first.last_value(9) + 1


# -- what is read ------------------------------------------------------------------------------------


@pytest.fixture
def rrd_file(tmp_path: Path) -> Path:
    path = tmp_path / "x.rrd"
    rrdtool.create(
        str(path), "-b", str(BEGIN - 10), "-s", "10", "DS:v:GAUGE:3610:U:U", "RRA:AVERAGE:0.5:1:100", "RRA:MAX:0.5:6:9"
    )
    return path


def test_the_last_update_of_a_file_is_read_from_its_header(rrd_file: Path, tmp_path: Path) -> None:
    assert last_update(tmp_path / "none.rrd") == 0
    rrdtool.update(str(rrd_file), f"{BEGIN}:1", f"{BEGIN + 17}:2")
    assert last_update(rrd_file) == rrdtool.last(str(rrd_file)) == BEGIN + 17


def test_points_that_a_peer_lost_are_not_counted(rrd_file: Path) -> None:
    plan = Plan(1, "collectd", 20, 2, first=100, begin=BEGIN, spacing_s=10)
    numbers = {BEGIN + index * 10: 101 + index * 2 for index in range(10)}  # of series 1
    lost = (BEGIN + 20, BEGIN + 30)
    rrdtool.update(str(rrd_file), *[f"{time_s}:{number}" for time_s, number in numbers.items() if time_s not in lost])
    assert count_rows(rrd_file, plan, 1) == 8
    assert count_rows(rrd_file.with_name("none.rrd"), plan, 1) == 0


def test_a_point_of_a_whisper_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.wsp"
    base = BEGIN + 20
    points = [(base, 1.0), (base + 10, 2.0), (0, 0.0), (base - 20, 4.0), (base - 10, 5.0)]
    path.write_bytes(
        struct.pack("!2LfL", 1, 50, 0.5, 1)
        + struct.pack("!3L", 28, 10, 5)
        + b"".join(struct.pack("!Ld", *point) for point in points)
    )
    assert holds(path, 2.0, base + 10, base + 10)
    assert holds(path, 4.0, base - 20, base + 30)
    assert not holds(path, 2.0, base, base)
    assert not holds(path, 3.0, base - 20, base + 30)
    assert not holds(tmp_path / "none.wsp", 1.0, base, base)


# -- a run -------------------------------------------------------------------------------------------


def test_a_short_run_without_peers_goes_on_and_says_how_to_get_them(
    bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "speed.json"
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    done = bench("speed", "--quick", "--rows", "cpu,flush", "--json", str(path), PATH=str(nothing))
    assert done.returncode == 0, done.stderr
    assert "carbon-cache is not installed: sudo apt-get install --no-install-recommends graphite-carbon" in done.stderr
    document = json.loads(path.read_text())
    assert [advice for advice in document["missing"] if "graphite-carbon" in advice]
    assert document["faults"] == {}
    assert document["settings"]["rows"] == ["qos0", "flush"]
    assert {"cores", "cpu", "memory_mib"} <= set(document["machine"])
    assert document["peers"]["carbon-cache"] is None
    assert document["versions"]["librrd"]
    lines: dict[str, Any] = {line["name"]: line for line in document["lines"]}
    assert set(lines) == {"qos0", "qos0-cpu", "flush", "flush-rrdcached"}
    assert lines["qos0"]["runs"][0]["ours"]["lost"] == 0
    assert lines["qos0"]["peer"]["figures"] == []
    assert lines["qos0"]["met"] is None
    assert lines["flush"]["met"] in (True, False)
    assert lines["flush"]["ratio"] > 0
    for name in lines:
        assert name in done.stdout


def test_a_row_that_is_not_there_is_refused_with_those_that_are(
    bench: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = bench("speed", "--rows", "qos0,qos7")
    assert done.returncode == 2
    assert "qos7" in done.stderr
    assert "graphload" in done.stderr


def test_what_is_inside_the_clock_is_told(bench: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = bench("speed", "--explain")
    assert done.returncode == 0
    for row in ("qos0", "collectd", "qos1", "flush", "many", "memory", "house", "start", "forward", "graph", "graphload"):
        assert f"\n{row}\n" in "\n" + done.stdout
    assert done.stdout.count("nside the clock") >= 9


@pytest.mark.slow
def test_every_row_works(bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    groups = [list(ROWS)[start::3] for start in range(3)]  # at once, since they mostly wait

    def run(group: list[str]) -> list[dict[str, Any]]:
        path = tmp_path / f"{group[0]}.json"
        done = bench("speed", "--quick", "--rows", ",".join(group), "--json", str(path))
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(path.read_text())["lines"]
        return found

    with ThreadPoolExecutor(len(groups)) as pool:
        lines = [line for found in pool.map(run, groups) for line in found]
    assert len(lines) >= len(ROWS)
    assert all(line["ours"]["figures"] for line in lines)
    for line in lines:
        for each in line["runs"]:
            assert each["ours"].get("lost", 0) == 0, line["name"]


def test_plans_are_plain_data() -> None:
    plan = Plan(1, "plain", 10, 2)
    assert Plan(**json.loads(json.dumps(asdict(plan)))) == plan
