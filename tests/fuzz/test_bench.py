"""The long form: `script/bench fuzz` puts in what it is asked for, keeps what it finds, and ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.fuzz.command import command
from benchmarks.fuzz.findings import Findings, LastInput
from benchmarks.fuzz.promises import expect
from benchmarks.fuzz.targets import make_targets

ENGINES = ["random", pytest.param("atheris", marks=pytest.mark.slow)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_puts_in_what_it_is_asked_for_and_finds_nothing(tmp_path: Path, engine: str) -> None:
    if engine == "atheris":
        pytest.importorskip("atheris", reason="the extra `fuzz` is not installed")
    done = CliRunner().invoke(command, ["--inputs", "3000", "--engine", engine, "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    outcomes = {each["target"]: each for each in json.loads((tmp_path / "fuzz.json").read_text())["targets"]}
    wanted = {target.name: max(int(3000 * target.weight), 1) for target in make_targets().values()}
    assert {name: each["inputs"] for name, each in outcomes.items()} == wanted
    assert not any(each["findings"] for each in outcomes.values())
    assert all(name in done.output for name in wanted)


def test_a_finding_of_each_kind_is_kept_with_its_input_and_the_run_goes_on(tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        expect(b"a" not in data, "no a", data)
        expect(b"b" not in data, "no b", data)
        int(data)

    findings = Findings(tmp_path / "found", "x")
    watched = findings.watch(check)
    for data in (b"1", b"a", b"aa", b"b", b"c", b"d"):
        watched(data)
    assert sorted(path.read_bytes() for path in (tmp_path / "found").glob("*.input")) == [b"a", b"b", b"c"]
    assert len(findings.names()) == 3
    assert all("Traceback" in path.read_text() for path in (tmp_path / "found").glob("*.txt"))
    findings.clear()
    assert findings.names() == []


def test_the_input_of_a_crash_is_known_after_it(tmp_path: Path) -> None:
    program = "import os, sys, pathlib; from benchmarks.fuzz.findings import LastInput; "
    program += "last = LastInput(pathlib.Path(sys.argv[1])); last.note(b'longer than it'); last.note(b'this one'); os._exit(9)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "last"], cwd=root, check=False, timeout=60)
    assert done.returncode == 9
    assert LastInput.read(tmp_path / "last") == b"this one"
