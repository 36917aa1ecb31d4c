"""The alarms of a server, for people and for scripts."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest
from house import live_in
from support import CommandLine, Mosquitto, wait_until
from web.sites import Client

from janitoo_datalog_rrd.collector.alarms import _read

DOCS = Path(__file__).parents[2] / "docs"


def hand_in(client: Client, name: str, values: list[float]) -> None:
    """A process that took so much, up to now."""
    now = time.time()
    moments = [{"timestamp": now - len(values) + at, "cpu": {name: value}} for at, value in enumerate(values, 1)]
    body = json.dumps({"ipaddress": "10.3.0.1", "every": 1, "moments": moments}).encode()
    reply = client.ask("/ressources-usage/save-all", "PUT", body, Content_Type="application/json")
    assert reply.json["accepted"] == len(values), reply.text


def test_the_exit_status_tells_the_worst(tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        client = Client(int(house.url.rpartition(":")[2]))

        def alarms() -> tuple[int, str]:
            done = command_line.run("alarms", house.url)
            assert done.stderr == ""
            return done.returncode, done.stdout

        assert alarms() == (0, "green\n")
        hand_in(client, "calm", [5.0] * 20)
        assert alarms() == (0, "green\n")
        hand_in(client, "growing", [float(each) for each in range(20, 60)])
        assert alarms() == (1, "AMBER growing (10.3.0.1)\n")
        watching = command_line.start("alarms", house.url, "--watch", "--every", "1s")
        wait_until(lambda: "growing" in watching.stdout, what="the first look")
        hand_in(client, "busy", [99.0] * 20)
        assert alarms() == (2, "RED   busy (10.3.0.1)\nAMBER growing (10.3.0.1)\n")
        wait_until(lambda: "busy" in watching.stdout, what="another look")
        watching.send(signal.SIGINT)
        assert watching.wait() == 2
        away = command_line.start("alarms", house.url, "--watch", "--every", "1s")
        wait_until(lambda: "busy" in away.stdout, what="a look")
    wait_until(lambda: "it is asked again" in away.stderr, what="the server to be missed")
    away.send(signal.SIGTERM)
    assert away.wait() == 3


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"color": "blue", "processes": {}},
        {"color": [], "processes": {}},
        {"color": "red"},
        {"color": "red", "processes": []},
    ],
)
def test_what_is_no_alarm_is_none(document: object) -> None:
    with pytest.raises(ValueError, match="no alarm"):
        _read(document)


def test_what_a_server_says_does_not_move_the_cursor() -> None:
    document = {
        "color": "red",
        "processes": {"\x1b[2Jx\u202e": "red", "y": [], "z": "green"},
        "machines": {"\x1b[2Jx\u202e": ["\x1b", 1]},
    }
    assert _read(document).lines == ("RED   ?[2Jx? (?, 1)",)


@pytest.mark.parametrize("command", ["collector", "alarms"])
def test_every_option_is_documented(command_line: CommandLine, command: str) -> None:
    help_text = command_line.run(command, "--help", check=True).stdout
    documented = (DOCS / "collector.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z-]+", help_text)) - {"--help"}
    assert len(options) > 3
    assert {each for each in options if not re.search(rf"^\| `{each}[ `]", documented, re.MULTILINE)} == set()


@pytest.mark.parametrize("module", ["main", "alarms"])
def test_it_needs_few_packages(command_line: CommandLine, module: str) -> None:
    code = f"import sys, janitoo_datalog_rrd.collector.{module}; print(*(each.partition('.')[0] for each in sys.modules))"
    program = command_line.program
    command_line.program = (program[0], "-c", code)
    loaded = set(command_line.run(check=True).stdout.split())
    assert loaded & {"click", "flask", "orjson", "rrdtool", "apscheduler", "paho", "regex", "jinja2", "waitress"} == set()
