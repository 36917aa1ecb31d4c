"""Fixtures for every test: a real broker, alone or with password or TLS, and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Certificates, CommandLine, Mosquitto, make_certificates

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


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
