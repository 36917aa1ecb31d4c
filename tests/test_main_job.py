"""From an MQTT broker to RRD files and HTTP, on a real broker."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import rrdtool
from house import janitoo, live_in, value
from support import Mosquitto, fetch_json, wait_until

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.server import DatalogServer

DOCUMENTS = """
[decoder__tele]
topics = tele/#
kind = json
time = t

[decoder__plain]
topics = house/+/temperature, house/+/door
kind = plain
"""


def test_the_values_published_are_the_values_in_the_file(tmp_path: Path, mosquitto: Mosquitto) -> None:
    numbers = [20.1, -3.25, 1 / 3, 1e-9, 123456.789, 0.0, 2.5e15]
    begin = int(time.time()) - 100
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(*[("tele/x", json.dumps({"t": begin + n, "v": number})) for n, number in enumerate(numbers)])
        assert house.rows("tele.x.v", begin, begin + len(numbers) - 1) == {
            begin + n: (number,) for n, number in enumerate(numbers)
        }


def test_all_three_shapes_of_a_janitoo_message_are_logged(tmp_path: Path, mosquitto: Mosquitto) -> None:
    topic = "/values/user/0048/0001/t"
    with live_in(tmp_path, mosquitto) as house:
        house.publish(
            (topic, json.dumps(value("0048/0001", "one", 0, 1.5))),
            (topic, json.dumps({"0": value("0048/0001", "two", 0, "2.5"), "1": value("0048/0001", "two", 1, True)})),
            (topic, json.dumps({"0048/0001": {"0": value("0048/0001", "three", 0, 3)}})),
            (topic, json.dumps({"0048/0001": {"0": value("0048/0001", "three", 0, None)}})),
            (topic, json.dumps({"0048/0001": {"0": value("0048/0001", "never", 0, None)}})),
            (
                "/values/basic/0048/0001/four",
                json.dumps({"0": value("0048/0001", "four", 0, 7, genre=1, units="W", label="Power")}),
            ),
        )
        found = {name: fetch_json(f"{house.url}/api/v1/series/{name}") for name in house.names() if name.startswith("0048")}
        assert sorted(found) == [f"0048.0001.{name}" for name in ("four.0", "one.0", "three.0", "two.0", "two.1")]
        assert found["0048.0001.two.1"]["columns"][0]["last_value"] == 1.0
        assert found["0048.0001.three.0"]["columns"][0]["last_value"] is None
        four = found["0048.0001.four.0"]["columns"][0]
        assert (four["label"], four["units"]) == ("Power", "W")


def test_plain_numbers_and_words_are_logged_on_any_topic(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(("house/attic/temperature", "21.5"), ("house/front/door", "OPEN"), ("house/attic/other", "1"))
        assert [name for name in house.names() if name.startswith("house")] == ["house.attic.temperature", "house.front.door"]
        assert fetch_json(f"{house.url}/api/v1/series/house.front.door")["columns"][0]["last_value"] == 1.0


def test_a_broker_that_comes_late_is_told_and_then_used(tmp_path: Path, make_mosquitto: Callable[..., Mosquitto]) -> None:
    broker = make_mosquitto()
    broker.stop()
    with live_in(tmp_path, broker, connected=False) as house:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{house.url}/healthz", timeout=10)
        with caught.value as answer:
            assert answer.code == 503
            assert str(broker.port) in json.loads(answer.read())["problems"]["broker"]
        with urllib.request.urlopen(f"{house.url}/", timeout=10) as shown:
            page = shown.read().decode()
        assert f"{broker.host}:{broker.port}" in page
        broker.start()
        house.wait_connected()
        house.publish(janitoo("0048/0001", "x", 1))
        assert "0048.0001.x.0" in house.names()


def test_what_is_published_during_a_restart_arrives(tmp_path: Path, mosquitto: Mosquitto) -> None:
    begin = int(time.time()) - 100
    messages = [("tele/x", json.dumps({"t": begin + n, "v": n})) for n in range(60)]
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(*messages[:20])
    mosquitto.publish(*messages[20:40])
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(*messages[40:])
        assert house.rows("tele.x.v", begin, begin + 59) == {begin + n: (float(n),) for n in range(60)}


def test_a_broker_restart_loses_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    begin = int(time.time()) - 100
    messages = [("tele/x", json.dumps({"t": begin + n, "v": n})) for n in range(40)]
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(*messages[:20])
        mosquitto.restart()
        mosquitto.publish(*messages[20:])
        expected = {begin + n: (float(n),) for n in range(40)}
        wait_until(lambda: house.rows("tele.x.v", begin, begin + 39) == expected, 60, "what was published to be in the file")


def test_a_full_cache_makes_the_broker_wait_and_nothing_is_lost(tmp_path: Path, mosquitto: Mosquitto) -> None:
    begin = int(time.time()) - 3000
    messages = [("tele/x", json.dumps({"t": begin + n, "v": n})) for n in range(2500)]
    with live_in(tmp_path, mosquitto, datarrd="cache_max_samples = 1000", more=DOCUMENTS) as house:
        mosquitto.publish(*messages)
        counters = house.server.services.counters
        store = house.server.services.store
        assert store is not None
        key = ("tele/x", "v")
        wait_until(lambda: store.series_of(key), what="the series")
        (name,) = store.series_of(key)
        wait_until(lambda: store.get_series(name).columns[0].last_value == 2499, 60, "everything to be taken in the end")
        assert counters.by_label("samples_dropped") == {}
        assert house.rows(name, begin, begin + 2499) == {begin + n: (float(n),) for n in range(2500)}


def test_an_ini_of_the_original_project_loads_and_logs(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ini = tmp_path / "original.conf"
    shutil.copyfile(Path(__file__).parent / "data" / "original_form.conf", ini)
    environ = {"JNT_SYSTEM_BROKER_PORT": str(mosquitto.port), "JNT_HTTP_HTTP_PORT": "0", "JNT_DATARRD__LOAD_RRD_STEP_0": "1"}
    server = DatalogServer(Options.load(ini, Plugins(), environ))
    server.start()
    try:
        services = server.services
        wait_until(lambda: not services.health.problems(), what="the server to be well")
        store = services.store
        assert store is not None
        assert [each.name for each in store.list_series() if each.configured] == ["cpu_raspi", "energy", "load", "memory_rss"]
        message = {str(index): value("0048/0002", "load", index, 0.5 + index) for index in range(3)}
        first = int(time.time()) + 1
        mosquitto.publish(("/values/user/0048/0002/load", json.dumps(message)))
        wait_until(lambda: services.counters.get("samples_accepted") >= 3, what="the samples")
        path = tmp_path / "home" / "public" / "rrd" / "rrds" / "load.rrd"
        wait_until(lambda: store.flush("load") and rrdtool.last(str(path)) > first, what="a row")
        (begin, _, _), names, rows = rrdtool.fetch(str(path), "AVERAGE", f"--start={first}", f"--end={first}")
        assert names == ("load1", "load5", "load15")
        assert (begin, rows[0]) == (first, (0.5, 1.5, 2.5))
        assert (tmp_path / "home" / "public" / "rrd" / "rrds" / "index.txt").read_text().split("|")[:2] == ["memory_rss", "load"]
    finally:
        server.stop()


def test_a_message_whose_time_cannot_be_is_listed_and_a_late_one_is_counted(tmp_path: Path, mosquitto: Mosquitto) -> None:
    now = int(time.time())
    with live_in(tmp_path, mosquitto, more=DOCUMENTS) as house:
        house.publish(
            ("tele/future", json.dumps({"t": now + 86400 * 365, "v": 1})), ("tele/x", json.dumps({"t": now - 50, "v": 1}))
        )
        store = house.server.services.store
        assert store is not None
        store.flush("tele.x.v")
        house.publish(("tele/x", json.dumps({"t": now - 60, "v": 1})))
        (listed,) = house.server.services.rejected.last()
        assert (listed.topic, listed.reason) == ("tele/future", "bad_time")
        counted = house.server.services.counters.by_label("messages")
        assert (counted["bad_time"], counted["late"]) == (1, 1)


def test_our_own_nodes_are_online_while_the_broker_is_away(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The web server serves: nobody is told that it is offline because its heartbeats do not come back."""
    mosquitto.stop()
    with live_in(tmp_path, mosquitto, connected=False) as house:
        nodes = house.server.services.nodes
        wait_until(lambda: (node := nodes.get("0018/0000")) and node.online, what="the web server's node to be online")
        mosquitto.start()
        house.wait_connected()
        node = nodes.get("0018/0000")
        assert node is not None
        assert [state for _, state in node.changes] == ["ONLINE"]
    node = nodes.get("0018/0000")
    assert node is not None
    assert not node.online
