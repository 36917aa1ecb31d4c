"""A server that runs as it does in a house reads its ini again when Explore asks it to."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from support import CommandLine, Mosquitto, fetch_json, free_port, wait_until

INI = """[system]
home_dir = home
broker_ip = {broker.host}
broker_port = {broker.port}
broker_mode = external

[http]
http_port_0 = {port}

[schema__default]
pattern = .*
step = 1
retention = 1s:1d
"""
BAD_LOG = """
[loggers]
keys = root
[handlers]
keys = bad
[formatters]
keys =
[logger_root]
level = INFO
handlers = bad
[handler_bad]
class = NoSuchHandler
args = ()
"""


@pytest.fixture
def ask(command_line: CommandLine, mosquitto: Mosquitto) -> Callable[..., Any]:
    """Start a server; asks a path below its API, with a body where one is given."""
    port = free_port()
    (command_line.folder / "house.conf").write_text(INI.format(broker=mosquitto, port=port))
    command_line.start("-c", "house.conf", "front")
    url = f"http://127.0.0.1:{port}/api/v1/explore"

    def ask(path: str = "", **body: Any) -> Any:
        if not body:
            return fetch_json(url + path)
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url + path, json.dumps(body).encode(), headers), timeout=60) as answer:
            return json.loads(answer.read())

    wait_until(lambda: (ask() or {}).get("hearing", {}).get("connected"), what="Explore to listen")
    mosquitto.publish(("shed/temp", "21.5"))
    wait_until(lambda: ask("/topic?topic=shed/temp"), what="the message")
    return ask


def test_what_is_saved_is_in_force_when_the_answer_says_so(
    ask: Callable[..., Any], mosquitto: Mosquitto, command_line: CommandLine
) -> None:
    shown = ask("/log", topic="shed/temp")
    saved = ask("/log", topic="shed/temp", save=True, hash=shown["hash"])
    assert (saved["in_force"], saved["sentence"]) == (True, "It is in force: what comes from now on is logged.")
    mosquitto.publish(("shed/temp", "22"))
    wait_until(lambda: ask("/topic?topic=shed/temp")["verdict"]["numbers"][0]["series"] == ["shed.temp"], what="the series")
    assert ask("/topic?topic=shed/temp")["verdict"]["place"] == "house.conf:16"


def test_an_ini_that_is_not_taken_over_is_told(ask: Callable[..., Any], command_line: CommandLine) -> None:
    ini = command_line.folder / "house.conf"
    ini.write_text(ini.read_text() + BAD_LOG)
    shown = ask("/log", topic="shed/temp")
    assert shown["notes"] == ["The ini was changed since the server has read it: those changes come into force too."]
    saved = ask("/log", topic="shed/temp", save=True, hash=shown["hash"])
    assert saved["in_force"] is False
    assert "It is written, but the ini was not taken over" in saved["sentence"]
    assert "handler_bad" in saved["sentence"]
