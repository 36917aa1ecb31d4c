"""The scripts of a checkout: one command sets everything up, a second one does nothing, what broke is repaired."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from support import CommandLine, copy_checkout, fetch_json, free_port, wait_until

SCRIPTS = ("bootstrap", "charts", "server", "test", "check")


def run(command: list[str | Path], environ: dict[str, str], cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the programs that the scripts call, to be the whole PATH: no Python, no chromium, no sudo."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("bash", "cut", "dirname", "env", "flock", "head", "mv", "printf", "readlink", "rm", "sed"):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def write_program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", [*(f"script/{each}" for each in SCRIPTS), ".ci/run"])
def test_scripts_can_be_run_and_read(root: Path, name: str) -> None:
    assert os.access(root / name, os.X_OK)
    assert run(["bash", "-n", root / name], dict(os.environ)).returncode == 0
    assert "set -euo pipefail" in (root / name).read_text()


def test_a_wrong_argument_is_told_with_the_usage(root: Path) -> None:
    done = run([root / "script" / "bootstrap", "--tset"], dict(os.environ))
    assert done.returncode == 2
    assert "--tset" in done.stderr
    assert "Usage: script/bootstrap [--test] [--check] [--browser]" in done.stderr
    assert run([root / "script" / "bootstrap", "--help"], dict(os.environ)).stdout.startswith("Sets this checkout up")


def test_a_machine_without_a_new_enough_python_is_told_so(root: Path, tmp_path: Path, tools: Path) -> None:
    copy = copy_checkout(root, tmp_path / "copy")
    write_program(tools / "python3", "exit 1  # as Python 3.9 answers to the question for its age")
    done = run([copy / "script" / "bootstrap"], {"PATH": str(tools)})
    assert done.returncode == 1
    assert "Python 3.10 or newer is needed" in done.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="root installs system packages by itself; the next test is for others")
def test_root_gets_missing_system_packages_installed_and_a_stale_list_renewed(
    root: Path, tmp_path: Path, tools: Path, bare_environ: dict[str, str]
) -> None:
    copy = copy_checkout(root, tmp_path / "copy")
    calls = tmp_path / "calls"
    write_program(tools / "apt-get", f'echo "$*" >>"{calls}"; [ "$2" = update ]')
    python = shutil.which("python3", path=bare_environ["PATH"])
    assert python
    write_program(tools / "python3", f'exec "{python}" "$@"')
    done = run([copy / "script" / "bootstrap", "--browser"], {"PATH": str(tools)})
    assert done.returncode == 1
    assert "apt-get could not install" in done.stderr
    first, update, second = calls.read_text().splitlines()
    assert first == second
    assert update == "-q update"
    assert " install " in first
    assert "chromium" in first.split()


def test_others_without_sudo_are_told_the_one_line_to_run(root: Path, tools: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # where another user may enter, unlike `tmp_path`
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(tools, folder / "tools", symlinks=True)
        (folder / "tools").chmod(0o755)
        write_program(folder / "tools" / "apt-get", "exit 99")
        write_program(folder / "tools" / "python3", 'echo "$0"  # as one that is new enough, and has no headers')
        (folder / "script").mkdir()
        shutil.copy(root / "script" / "bootstrap", folder / "script")
        as_other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
        found = [shutil.which(as_other[0]) or "", *as_other[1:]] if as_other else []
        done = run([*found, folder / "script" / "bootstrap", "--browser"], {"PATH": str(folder / "tools")})
    assert done.returncode == 1
    (line,) = (each for each in done.stderr.splitlines() if each.startswith("sudo apt-get"))
    assert "chromium" in line.split()


def test_a_second_set_up_does_nothing_at_once(bare_checkout: Path, bare_environ: dict[str, str]) -> None:
    stamp = bare_checkout / ".venv" / "bootstrap-stamp"
    before = stamp.stat().st_mtime_ns
    began = time.monotonic()
    # With no pip and no package manager within reach, it can have done nothing.
    done = run([bare_checkout / "script" / "bootstrap"], {**bare_environ, "PIP_FIND_LINKS": "", "PYTHONPATH": "/nowhere"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 1.0
    assert stamp.stat().st_mtime_ns == before


def test_a_half_made_environment_is_repaired(root: Path, tmp_path: Path, bare_environ: dict[str, str]) -> None:
    """First nothing that pip needs is there, as when the network fails midway; then it is."""
    copy = copy_checkout(root, tmp_path / "copy")
    broken = run([copy / "script" / "bootstrap"], {**bare_environ, "PIP_FIND_LINKS": ""})
    assert broken.returncode == 1
    assert "pip could not install the package" in broken.stderr
    assert (copy / ".venv" / "bin" / "python").exists()
    assert not (copy / ".venv" / "bootstrap-stamp").exists()
    (copy / ".venv" / "bin" / "pip").unlink()
    mended = run([copy / "script" / "bootstrap"], bare_environ)
    assert mended.returncode == 0, mended.stderr
    assert (copy / "public" / "static" / "vendor" / "uPlot.iife.min.js").is_file()
    assert run([copy / ".venv" / "bin" / "jnt_datalog_rrd", "--help"], bare_environ).returncode == 0


def test_without_npm_or_network_the_set_up_goes_on_without_charts_and_says_so(
    root: Path, tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    copy = copy_checkout(root, tmp_path / "copy")
    shutil.rmtree(copy / "public" / "static" / "vendor", ignore_errors=True)
    environ = {**bare_environ, "npm_config_cache": str(tmp_path / "empty")}
    done = run([copy / "script" / "bootstrap"], environ)
    assert done.returncode == 0, done.stderr
    (line,) = (each for each in done.stderr.splitlines() if "charts" in each)
    assert "the pages show graphs that the server draws" in line
    again = run([copy / "script" / "bootstrap"], environ)
    assert (again.returncode, again.stderr) == (0, "")
    assert run([copy / "script" / "charts"], bare_environ).returncode == 0
    assert (copy / "public" / "static" / "vendor" / "uPlot.min.css").is_file()


def test_what_comes_from_npm_is_pinned_by_content_and_names_no_registry(root: Path) -> None:
    lock = json.loads((root / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert set(packages) == {"node_modules/uplot", "node_modules/axe-core"}
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "://" not in (root / "package-lock.json").read_text() + (root / ".npmrc").read_text()


def test_a_second_start_of_the_server_is_up_in_three_seconds(
    bare_checkout: Path, bare_environ: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    commands = CommandLine(tmp_path, (str(bare_checkout / "script" / "server"),), bare_environ)
    commands.environ = {
        **bare_environ,
        "PIP_FIND_LINKS": "",
        "JNT_SYSTEM_HOME_DIR": str(tmp_path / "home"),
        "JNT_SYSTEM_BROKER_PORT": str(free_port()),
        "JNT_HTTP_HTTP_PORT_0": str(port),
    }
    took = []
    try:
        for _ in range(3):  # other work of this machine may hold one up
            began = time.monotonic()
            server = commands.start()
            wait_until(lambda: not server.alive or fetch_json(f"http://127.0.0.1:{port}/healthz"), what="a healthy server")  # noqa: B023
            took.append(time.monotonic() - began)
            assert server.alive, server.stdout + server.stderr
            assert server.stop() == 0
            if took[-1] < 3.0:
                break
        assert min(took) < 3.0
    finally:
        commands.close()
