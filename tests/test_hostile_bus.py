"""Everything from the bus is hostile: nothing of it stops the thread, leaves the home, or goes uncounted."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from house import House, janitoo, live_in
from support import Mosquitto, fetch, fetch_json, wait_until

DECODERS = """
[decoder__all]
topics = plain/#
kind = plain

[decoder__documents]
topics = doc/#
kind = json
time = time
"""


@pytest.fixture
def big_broker(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return make_mosquitto()


def outside(tmp_path: Path) -> set[Path]:
    """Files outside the server's home and its broker's folder."""
    ours = ("home", "house.conf")
    return {
        path for path in tmp_path.rglob("*") if path.relative_to(tmp_path).parts[0] not in ours and "mosquitto" not in str(path)
    }


HOSTILE = [
    ("/values/user/0001/0001/x", b"{"),
    ("/values/user/0001/0001/x", b""),
    ("/values/user/0001/0001/x", b"\xff\xfe\x00\x80"),
    ("/values/user/0001/0001/x", b"[" * 100_000),
    ("/values/user/0001/0001/x", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    ("/values/user/0001/0001/x", b"9" * (1 << 20)),
    ("/values/user/0001/0001/x", json.dumps({"0": {"hadd": "../..", "uuid": "x", "data": 1, "genre": 2}}).encode()),
    ("/values/user/0001/0001/x", json.dumps({"0": {"hadd": "0001/0001", "uuid": ["x"], "data": 1, "genre": 2}}).encode()),
    ("/values/user/0001/0001/x", json.dumps({"0": {"hadd": "0001/0001", "uuid": "x", "data": {"$gt": 1}, "genre": 2}}).encode()),
    ("/values/user/0001/0001/x", json.dumps({"0": {"hadd": "0001/0001", "uuid": "x", "data": "1e400", "genre": 2}}).encode()),
    ("/values/user/0001/0001/x", b'{"hadd":"0001/0001","uuid":"x","index":0,"data":NaN,"genre":2}'),
    ("/values/user/0001/0001/x", b'{"hadd":"0001/0001","uuid":"x","index":0,"data":1e400,"genre":2}'),
    ("/dhcp/heartbeat/0001/0001", b"\xff\xff"),
    ("/dhcp/heartbeat/", b'{"add_ctrl": 1e99, "add_node": -1, "state": "ONLINE"}'),
    ("/dhcp/heartbeat/9", b"ONLINE"),
    ("plain/x", b"nan"),
    ("plain/x", b"1e400"),
    ("plain/x", b"warm"),
    ("plain/" + "t" * 65_529, b"1"),
    ("doc/x", b'{"time": 99999999999999, "v": 1}'),
    ("doc/x", b'{"time": "yesterday", "v": 1}'),
]


def test_no_message_stops_the_thread_and_every_one_is_counted(tmp_path: Path, big_broker: Mosquitto) -> None:
    before = outside(tmp_path)
    with live_in(tmp_path, big_broker, more=DECODERS) as house:
        house.publish(*HOSTILE)
        counted = house.server.services.counters.by_label("messages")
        assert sum(counted.values()) >= len(HOSTILE)
        assert {name for name in house.names() if not name.startswith(("0014.", "0018."))} == set()
        house.publish(janitoo("0001/0001", "good", 21.5), ("plain/good", "4"), ("doc/good", '{"a": [1, {"b": 2}]}'))
        names = house.names()
        assert {"0001.0001.good.0", "plain.good", "doc.good.a.0", "doc.good.a.1.b"} <= set(names)
        rejected = house.server.services.rejected.last()
        assert {each.reason for each in rejected} >= {
            "not_json",
            "not_finite",
            "too_deep",
            "bad_hadd",
            "bad_time",
            "bad_heartbeat",
        }
        assert all(len(each.payload) <= 200 and len(each.topic) <= 200 for each in rejected)
        assert house.server.services.health.problems() == {}
    assert outside(tmp_path) == before


EVIL_NAMES = [
    "../../evil",
    "..",
    ".hidden",
    "/etc/shadow",
    "a\\b",
    "DS:x",
    "--start",
    "x" * 100,
    "<script>alert(1)</script>",
    "%s%n",
    "a:b\"c'",
]


@pytest.mark.parametrize("uuid", EVIL_NAMES)
def test_an_evil_name_becomes_a_safe_series(tmp_path: Path, mosquitto: Mosquitto, uuid: str) -> None:
    before = outside(tmp_path)
    with live_in(tmp_path, mosquitto) as house:
        topic = "/values/user/0001/0001/x"
        house.publish(
            (topic, json.dumps({"0": {"hadd": "0001/0001", "uuid": uuid, "data": 1, "genre": 2, "label": uuid, "units": uuid}}))
        )
        own = [name for name in house.names() if name.startswith("0001.")]
        assert len(own) == 1
        graph = f"{house.url}/rrd/graph/{own[0]}.png?start=-1h"
        picture = wait_until(lambda: fetch(graph), what="the first point to be in the file")
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        with urllib.request.urlopen(f"{house.url}/rrd/", timeout=20) as answer:
            page = answer.read().decode()
        assert "<script>alert" not in page
        assert fetch_json(f"{house.url}/api/v1/series/{own[0]}")["columns"][0]["label"] == uuid
    assert outside(tmp_path) == before


def test_a_flood_of_new_names_stops_at_max_series(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, datarrd="max_series = 50", more=DECODERS) as house:
        flood: list[tuple[str, str | bytes]] = [(f"plain/{number}", "1") for number in range(200)]
        house.publish(*flood)
        assert house.server.services.counters.get("samples_dropped", "max_series") >= 150
        assert sum(name.startswith("plain.") for name in house.names()) <= 50


def lives(house: House) -> bool:
    """Whether a good value still gets in."""
    house.publish(janitoo("0001/0002", "alive", 1))
    return "0001.0002.alive.0" in house.names()


def test_values_that_are_no_measurement_are_never_logged(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        for genre in (3, 4, 5):
            house.publish(janitoo("0001/0001", f"genre{genre}", 1, genre=genre))
        house.publish(janitoo("0001/0001", "secret", "1234", type=0x14))
        assert lives(house)
        assert not [name for name in house.names() if name.startswith("0001.0001")]
