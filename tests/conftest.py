"""Fixtures for every test: a real broker, alone or with password or TLS, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Certificates, CommandLine, Mosquitto, copy_checkout, make_certificates, offline_environ

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def wheelhouse() -> Path:
    """The wheels of everything that the package needs; `script/bootstrap --test` lays them there."""
    folder = Path(sys.prefix) / "wheelhouse"
    if not folder.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"{folder} is not there: run the tests by script/test")
    return folder


@pytest.fixture(scope="session")
def bare_environ(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user whose `python3` is this one's, and whose pip has no network but those wheels."""
    return offline_environ(wheelhouse, tmp_path_factory.mktemp("bin"))


@pytest.fixture(scope="session")
def bare_checkout(root: Path, bare_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, in which `script/bootstrap` was run once: what a newcomer has."""
    copy = copy_checkout(root, tmp_path_factory.mktemp("new") / "check out")
    command = [copy / "script" / "bootstrap"]
    done = subprocess.run(command, env=bare_environ, cwd="/", capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Paths of an authority's, a server's and a client's certificates and keys."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """A function that starts a broker; it takes the attributes of `Mosquitto`, and `started=False`."""
    made: list[Mosquitto] = []

    def make(*, started: bool = True, **attributes: Any) -> Mosquitto:
        broker = Mosquitto(tmp_path / f"mosquitto-{len(made)}", **attributes)
        made.append(broker)
        if started:
            broker.start()
        return broker

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that takes anybody."""
    return make_mosquitto()


@pytest.fixture
def mosquitto_with_password(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker that takes the user `house` with the password `s3cret:pass word`."""
    return make_mosquitto(user="house", password="s3cret:pass word")


@pytest.fixture
def mosquitto_tls(make_mosquitto: Callable[..., Mosquitto], certificates: Certificates) -> Mosquitto:
    """A running broker that speaks TLS and wants a client certificate."""
    return make_mosquitto(certificates=certificates, require_certificate=True)


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    """`jnt_datalog_rrd` in an empty folder: `run(...)` waits for its end, `start(...)` does not."""
    folder = tmp_path / "work"
    folder.mkdir()
    commands = CommandLine(folder)
    yield commands
    commands.close()


@pytest.fixture
def run_cli(command_line: CommandLine) -> Callable[..., Any]:
    """`command_line.run`, for tests that need no more."""
    return command_line.run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB, mounted for the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system; the same is shown by a fault in the calls")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
