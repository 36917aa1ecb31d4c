"""A server whose disk is full: a board that cannot be saved is refused, and the boards stay as they were."""

from __future__ import annotations

import errno
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from numbered import Numbered
from support import CommandLine, Mosquitto, fetch_json
from support.faults import FULL, Faults


def post(url: str, title: str) -> int:
    body = json.dumps({"title": title}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.slow
def test_boards_stay_as_they_were_on_a_full_disk_and_can_be_saved_again_after(
    mosquitto: Mosquitto, command_line: CommandLine, tmp_path: Path
) -> None:
    faults = Faults(tmp_path / "faults")
    server = Numbered(tmp_path, mosquitto, command_line, environ=faults.environ())
    server.start()
    boards = f"{server.url}/api/v1/boards"
    assert post(boards, "Kitchen") == 201
    with faults.fail(errno.ENOSPC, FULL, server.home / ".boards.json"):
        assert post(boards, "Cellar") == 503
        server.wait_for_problem("boards", "No space left on device")
        assert [each["title"] for each in fetch_json(boards)["boards"]] == ["Kitchen"]
    assert post(boards, "Cellar") == 201
    server.wait_well()
