"""Fixtures of Explore: a whole server that reads its ini again when it is asked to, and somebody who looks."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from house import House, live_in
from support import Mosquitto, fetch_json, wait_until


@dataclass
class Looker:
    """Somebody who looks at the bus.

    Attributes:
        house: the server.
        ini: its ini.
    """

    house: House
    ini: Path

    def tree(self, **query: Any) -> Any:
        """The tree, or what is found."""
        return fetch_json(f"{self.house.url}/api/v1/explore?{urllib.parse.urlencode(query, doseq=True)}")

    def topic(self, topic: str) -> Any:
        """One topic; None where it was not heard."""
        return fetch_json(f"{self.house.url}/api/v1/explore/topic?{urllib.parse.urlencode({'topic': topic})}")

    def number(self, topic: str, path: str = "") -> Any:
        """One number of a topic."""
        return next(each for each in self.topic(topic)["verdict"]["numbers"] if each["path"] == path)

    def listen(self) -> None:
        """Begin to look, and wait until the broker lets us."""
        wait_until(lambda: self.tree()["hearing"]["connected"], what="Explore to listen")

    def hear(self, *messages: tuple[str, str | bytes], **more: Any) -> None:
        """Publish messages and wait until they were heard."""
        self.listen()
        self.house.broker.publish(*messages, **more)
        wait_until(lambda: all(self.topic(topic) for topic, _ in messages), what="the messages to be heard")

    def ask(self, **body: Any) -> tuple[int, Any]:
        """Ask for a number to be logged; the answer has status and document."""
        request = urllib.request.Request(
            f"{self.house.url}/api/v1/explore/log", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def log(self, **body: Any) -> Any:
        """Have a number logged, as the dialog does: look at the change, then save it."""
        status, shown = self.ask(**body)
        assert status == 200, shown
        status, saved = self.ask(**body, save=True, hash=shown["hash"])
        assert status == 200, saved
        return saved


@pytest.fixture
def look_in(tmp_path: Path) -> Iterator[Callable[..., Looker]]:
    """A function that starts a server on a broker; it takes what `live_in` takes."""
    with ExitStack() as stack:

        def start(broker: Mosquitto, **more: Any) -> Looker:
            house = stack.enter_context(live_in(tmp_path, broker, **more))
            server = house.server
            server.services.ask_reload = lambda: server.services.scheduler.once(server.reload, name="reload")
            return Looker(house, tmp_path / "house.conf")

        yield start


@pytest.fixture
def looker(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> Looker:
    """Somebody who looks at a server with two decoders."""
    more = """
; Sensors of the garden.
[decoder__garden]
topics = garden/#
kind = plain

[decoder__meter]
topics = meter/#
kind = json
value = ENERGY.Power
"""
    return look_in(mosquitto, more=more)
