"""`script/bench choices`: the layouts of a frame that it compares, and a short run of it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.choices import layouts
from benchmarks.processes import BenchError
from janitoo_datalog_rrd.store import frames


@pytest.mark.parametrize("name", layouts.LAYOUTS)
@pytest.mark.parametrize("size", layouts.BATCHES)
def test_each_layout_reads_what_it_writes_and_refuses_what_is_damaged(name: str, size: int) -> None:
    layout, batch = layouts.LAYOUTS[name], layouts.make_batch(size)
    frame = layouts.write(layout, batch)
    assert layouts.read(layout, frame) == batch
    with pytest.raises(BenchError):
        layouts.read(layout, frame[:-1] + bytes([frame[-1] ^ 1]))


def test_the_layout_that_stands_for_the_journal_has_the_bytes_of_the_journal() -> None:
    batch = layouts.make_batch(20)
    assert layouts.LAYOUTS["lists"].write(batch) in frames.pack(([], *batch))


@pytest.mark.slow
def test_a_short_run_measures_every_choice_and_says_what_is_missing(
    bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    path = tmp_path / "choices.json"
    done = bench("choices", "--quick", "--json", str(path))
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    lines = {line["name"]: line for line in document["lines"]}
    assert {"qos0-rate-paho-mqtt", "qos1-cpu-paho-mqtt", "json-tasmota-json", "frames-20-write-struct"} <= set(lines)
    assert {"writers-rate-2-threads", "writers-rate-3-threads"} <= set(lines)
    assert all(line["ratio"] > 0 for line in lines.values())
    for name in ("gmqtt", "msgspec"):
        missing = importlib.util.find_spec(name) is None
        assert missing is (f"{name} is not installed: .venv/bin/pip install {name}" in done.stderr)
        assert missing is (document["libraries"][name] is None)
        assert missing is not any(each.endswith(name) for each in lines)
