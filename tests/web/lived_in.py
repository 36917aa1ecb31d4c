"""A site that has something of everything which the API's description gives as an example."""

from __future__ import annotations

import json

from web.sites import Site, column

SERIES = "0048.0002.load.0"


def fill(site: Site) -> None:
    """Give a site series, nodes and a board."""
    site.store.add(SERIES, column("value", "Load", "", 0.42), node="0048/0002", label="Load", rows=60)
    site.store.add(
        "house.power", column("value", "Power", "W", 230.0), column("energy", "Energy", "Wh/s", 17.0, "COUNTER"), rows=60
    )
    site.store.add("new", column("value", last=None, last_time=None), file=False, node="tele/new")
    site.services.nodes.seen("0048/0002")
    site.services.nodes.describe("0048/0002", "Raspberry Pi", "Cupboard")
    board = {"title": "Ground floor", "tiles": [{"kind": "chart", "series": [{"name": SERIES}]}]}
    reply = site.client.ask("/api/v1/boards", "POST", json.dumps(board).encode(), Content_Type="application/json")
    assert reply.status == 201, reply.text
