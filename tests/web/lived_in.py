"""A house that has something of everything which the API's description gives as an example."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from house import House, janitoo, live_in
from support import Mosquitto, wait_until
from web.sites import Client

from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.routes import Role

SERIES, NODE = "0048.0002.load.0", "0048/0002"
BOARD = {"title": "Ground floor", "tiles": [{"kind": "chart", "series": [{"name": SERIES}]}]}
_LOGGED = """
[decoder__tele]
topics = tele/#
kind = json
"""


@contextmanager
def lived_in(tmp_path: Path, broker: Mosquitto, *, auth: str = "off") -> Iterator[tuple[House, Client, dict[str, str]]]:
    """Run a server that has logged a few numbers, and has a board.

    Args:
        tmp_path: its files go there.
        broker: its broker.
        auth: whether it asks who comes: `off` or `required`.

    Yields:
        The server, who asks it, and the headers that an administrator's program sends.
    """
    headers = {}
    if auth == "required":
        home = tmp_path / "home"
        home.mkdir()
        headers["Authorization"] = f"Bearer {Tokens(home, time.time).add('test', Role.ADMIN, 3600.0)[1]}"
    with live_in(tmp_path, broker, more=_LOGGED, http=f"http_auth = {auth}") as house:
        house.publish(
            (f"/dhcp/heartbeat/{NODE}", "ONLINE"),
            janitoo(NODE, "load", 0.42, label="Load"),
            janitoo("0049/0001", "energy", 17.0, label="Energy", units="Wh"),
            ("tele/kitchen", json.dumps({"t": 21.5, "h": 45})),
        )
        client = Client(urlsplit(house.url).port or 0)
        sent = {"Content_Type": "application/json", **headers}
        reply = client.ask("/api/v1/boards", "POST", json.dumps(BOARD).encode(), **sent)
        assert reply.status == 201, reply.text
        client.get("/api/v1/explore", **headers)  # from now on the bus is listened to for people
        wait_until(lambda: _is_heard(house, client, headers), what="a message to be heard")
        yield house, client, headers


def _is_heard(house: House, client: Client, headers: dict[str, str]) -> bool:
    house.publish(("tele/kitchen", json.dumps({"t": 21.5, "h": 45})))
    return client.get("/api/v1/explore/topic?topic=tele/kitchen", **headers).status == 200
