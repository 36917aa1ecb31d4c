"""Programs that have no MQTT hand in what the processes of their machine take."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from house import House, live_in
from support import Mosquitto
from web.sites import Client, Reply

PATH = "/ressources-usage/save-all"
ADDRESS = "192.168.1.5"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running server; each test has machines of its own."""
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    try:
        with live_in(tmp_path_factory.mktemp("house"), broker) as found:
            yield found
    finally:
        broker.stop()


def put(house: House, document: Any, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    sent = {"Content_Type": "application/json", **headers}
    return Client(urlsplit(house.url).port or 0).ask(PATH, "PUT", body, **sent)


def ask(house: House, path: str) -> Any:
    reply = Client(urlsplit(house.url).port or 0).get(f"/ressources-usage/{path}")
    assert reply.status == 200, reply.text
    return reply.json


def entry(name: str | None, kind: str, value: float, time_s: float) -> dict[str, Any]:
    """A number as the first server's client sends it."""
    return {"timestamp": time_s, "value": value, "process_name": name, "type_data": kind}


def moment(time_s: float, memory: dict[str, Any], cpu: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"timestamp": time_s, "memory": memory, "cpu": cpu or {}}


def test_what_the_first_servers_client_sends_is_logged(house: House) -> None:
    """Processes of one name are sent one by one, with times of their own; together they are what the name takes."""
    begin = time.time() - 25
    for at in (0.0, 10.0, 20.0):
        look = [
            entry(name, kind, value, begin + at + index / 100)
            for index, (name, value) in enumerate([("chrome.exe", 10.0), ("chrome.exe", 5.0), ("Web Content", 1.0), (None, 2.0)])
            for kind in ("mem", "cpu")
        ]
        reply = put(house, {"data": look, "ipaddress": "10.1.0.1"})
        assert (reply.status, reply.json) == (200, {"Response": "Ok", "accepted": 6, "late": 0, "dropped": {}})
    means = ask(house, "get-all/10-1-0-1")
    assert means == {"?": [2.0, 2.0], "Web Content": [1.0, 1.0], "chrome.exe": [15.0, 15.0]}
    names = [
        f"ressources-usage.10-1-0-1.{kind}.{name}" for kind in ("cpu", "memory") for name in ("Web_Content", "_", "chrome.exe")
    ]
    assert [each for each in house.names() if "10-1-0-1" in each] == names
    store = house.server.services.store
    assert store is not None
    found = store.get_series("ressources-usage.10-1-0-1.memory.chrome.exe").columns[0]
    assert (found.label, found.units, found.last_value) == ("chrome.exe memory, 10.1.0.1", "%", 15.0)
    assert found.last_time == pytest.approx(begin + 20.03, abs=0.001)


def test_many_moments_at_once_keep_their_times(house: House) -> None:
    begin = int(time.time()) - 60
    moments = [moment(begin + at, {"db": 10.0 + at}, {"db": 1.0}) for at in range(0, 50, 10)]
    reply = put(house, {"ipaddress": "10.1.0.2", "every": 10, "moments": moments[::-1]})
    assert reply.json == {"Response": "Ok", "accepted": 10, "late": 0, "dropped": {}}
    rows = house.rows("ressources-usage.10-1-0-2.memory.db", begin + 1, begin + 40)
    assert {at: row for at, row in rows.items() if (at - begin) % 10 == 0} == {
        begin + at: (10.0 + at,) for at in (10, 20, 30, 40)
    }
    again = put(house, {"ipaddress": "10.1.0.2", "every": 10, "moments": moments})
    assert again.json["late"] == 5  # those of the memory are in the file by now; of the others, the last one of a second counts
    assert house.rows("ressources-usage.10-1-0-2.memory.db", begin + 1, begin + 40) == rows


def test_a_process_that_has_ended_is_none_that_takes_too_much(house: House) -> None:
    now = time.time()
    busy = [moment(now - age, {"job": 95.0}) for age in (40, 30, 20)]
    put(house, {"ipaddress": "10.1.0.3", "every": 10, "moments": busy})
    assert ask(house, "query-alarm/")["processes"].get("job") == "red"
    put(house, {"ipaddress": "10.1.0.3", "every": 10, "moments": [moment(now - 10, {"job": None})]})
    assert "job" not in ask(house, "query-alarm/")["processes"]
    assert ask(house, "get-all/10-1-0-3") == {"job": [95.0, None]}


def test_one_busy_machine_is_not_hidden_by_idle_ones(house: House) -> None:
    now = time.time()
    for last, value in ((4, 99.0), (5, 1.0), (6, 1.0)):
        moments = [moment(now - age, {"worker": value}) for age in (20, 10)]
        put(house, {"ipaddress": f"10.1.1.{last}", "every": 10, "moments": moments})
    told = ask(house, "query-alarm/")
    assert (told["color"], told["processes"]["worker"], told["machines"]["worker"]) == ("red", "red", ["10.1.1.4"])


@pytest.mark.parametrize("said", [None, "0.0.0.0", "::"])
def test_without_an_address_that_of_who_sends_counts(house: House, said: str | None) -> None:
    document = {"moments": [moment(time.time(), {f"own {said}": 1.0})], **({"ipaddress": said} if said else {})}
    assert put(house, document).json["accepted"] == 1
    assert f"ressources-usage.127-0-0-1.memory.own_{str(said).replace(':', '_')}" in house.names()


@pytest.mark.parametrize("said", ["2001:db8::5", "::ffff:10.1.2.7", "fe80::5%eth0"])
def test_newer_addresses(house: House, said: str) -> None:
    put(house, {"ipaddress": said, "moments": [moment(time.time() - age, {"six": 3.0}) for age in (20, 10, 5)]})
    plain = said.partition("%")[0].removeprefix("::ffff:")
    assert ask(house, f"get-all/{plain.replace(':', '-').replace('.', '-')}") == {"six": [3.0, None]}


NOW = 1_700_000_000.0
BAD: list[tuple[Any, int, str]] = [
    (b"", 400, "body"),
    (b"\xff\xfe", 400, "body"),
    (b"[" * 100_000, 400, "body"),
    (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "body"),
    (b'{"data": [], "moments": []}', 400, "body"),
    (b"{}", 400, "body"),
    (b"[]", 400, "body"),
    (b'{"data": {}}', 400, "data"),
    (b'{"data": [1]}', 400, "data[0]"),
    (b'{"data": [{}]}', 400, "data[0].timestamp"),
    (b'{"moments": [{"timestamp": NaN}]}', 400, "body"),
    (b'{"moments": [{"timestamp": 1e999}]}', 400, "body"),
    (b'{"moments": [{"timestamp": 1, "memory": {"\\ud800": 1}}]}', 400, "body"),
    ({"data": [entry("p", "disk", 1.0, NOW)]}, 400, "data[0].type_data"),
    ({"data": [entry("p", "mem", -1.0, NOW)]}, 400, "data[0].value"),
    ({"data": [entry("p", "mem", 10**30, NOW)]}, 400, "data[0].value"),
    ({"data": [{**entry("p", "mem", 1.0, NOW), "value": True}]}, 400, "data[0].value"),
    ({"data": [{**entry("p", "mem", 1.0, NOW), "value": "1"}]}, 400, "data[0].value"),
    ({"data": [{**entry("p", "mem", 1.0, NOW), "process_name": 7}]}, 400, "data[0].process_name"),
    ({"data": [{**entry("p", "mem", 1.0, NOW), "type_data": ["mem"]}]}, 400, "data[0].type_data"),
    ({"data": [entry("p", "mem", 1.0, NOW)], "ipaddress": "house"}, 400, "ipaddress"),
    ({"data": [entry("p", "mem", 1.0, NOW)], "ipaddress": 7}, 400, "ipaddress"),
    ({"moments": [moment(NOW, {"p": 1.0})], "ipaddress": "1" * 5000}, 400, "ipaddress"),
    ({"moments": [moment(NOW, {"p": 1.0})], "every": 0}, 400, "every"),
    ({"moments": [moment(NOW, {str(each): 1.0 for each in range(501)})]}, 400, "moments[0].memory"),
    ({"moments": [{"timestamp": NOW}] * 501}, 400, "moments"),
    ({"moments": [{"timestamp": NOW, "cpu": [1]}]}, 400, "moments[0].cpu"),
    ({"data": [{}] * 10_001}, 400, "data"),
    ({"moments": [moment(0, {"p": 1.0})]}, 400, "timestamp"),
    ({"moments": [moment(1e308, {"p": 1.0})]}, 400, "timestamp"),
]


@pytest.mark.parametrize(("document", "status", "parameter"), BAD, ids=range(len(BAD)))
def test_a_fault_is_told_with_its_place(house: House, document: Any, status: int, parameter: str) -> None:
    before = house.names()
    reply = put(house, document)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert reply.json["parameter"] == parameter
    assert len(reply.json["detail"]) < 400
    assert house.names() == before


def test_a_clock_that_is_ahead_is_told(house: House) -> None:
    reply = put(house, {"moments": [moment(time.time() + 3600, {"p": 1.0})]})
    assert reply.status == 400
    assert "set the clock of that machine" in reply.json["detail"]
    mixed = put(house, {"ipaddress": "10.1.0.9", "moments": [moment(time.time() + age, {"p": 1.0}) for age in (3600, 0)]})
    assert mixed.json == {"Response": "Ok", "accepted": 1, "late": 0, "dropped": {"bad_time": 1}}


def test_what_is_not_sent_as_json_is_refused(house: House) -> None:
    assert put(house, b"{}", Content_Type="text/plain").status == 415


def test_a_page_of_another_site_hands_nothing_in(house: House) -> None:
    document = {"moments": [moment(time.time(), {"p": 1.0})]}
    assert put(house, document, Sec_Fetch_Site="cross-site").status == 403


def test_a_body_may_be_larger_than_elsewhere_and_has_an_end(house: House) -> None:
    now = time.time()
    large = {"ipaddress": "10.1.0.10", "data": [entry(f"process {at % 200}", "mem", 0.5, now) for at in range(3000)]}
    assert len(json.dumps(large)) > 200_000
    assert put(house, large).json["accepted"] == 200
    reply = put(house, b"", Content_Length=str(600 << 10))  # it is refused before it has come
    assert (reply.status, reply.headers["Content-Type"]) == (413, "application/problem+json")
    assert "524288" in reply.json["detail"]


def test_names_are_made_safe_and_short(house: House) -> None:
    names = {"<b>\x00\u202e": 1.0, "x" * 500: 2.0, "a  b": 3.0, " a b ": 4.0, "../../etc": 5.0, "": 6.0}
    assert put(house, {"ipaddress": "10.1.0.11", "moments": [moment(time.time(), names)]}).json["accepted"] == 5
    found = [each.rpartition("memory.")[2] for each in house.names() if "10-1-0-11" in each]
    assert sorted(found) == [".._.._etc", "_", "_b___", "a_b", "x" * 40]


def test_private_names_are_kept_back(house: House) -> None:
    reply = put(house, {"ipaddress": "10.1.0.12", "moments": [moment(time.time(), {"wifi_password": 1.0, "fine": 1.0})]})
    assert reply.json == {"Response": "Ok", "accepted": 1, "late": 0, "dropped": {"private": 1}}
    assert house.server.services.counters.get("samples_dropped", "private") == 1


def test_a_store_that_takes_nothing_asks_to_come_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    services = house.server.services
    document = {"ipaddress": "10.1.0.13", "moments": [moment(time.time(), {"p": 1.0})]}
    journal = services.store._journal  # type: ignore[union-attr]

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(type(journal), "append", lambda _, frame: full(frame))
        reply = put(house, document)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert "No space left on device" in reply.json["detail"]
        assert "No space left on device" in services.health.problems()["store, by HTTP"]
    assert put(house, document).json["accepted"] == 1
    assert "store, by HTTP" not in services.health.problems()


def test_too_many_series_are_told(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, datarrd="max_series = 3") as house:
        room = 3 - len(house.names())
        names = {f"p{at}": 1.0 for at in range(5)}
        reply = put(house, {"moments": [moment(time.time(), names)]})
        assert reply.json == {"Response": "Ok", "accepted": room, "late": 0, "dropped": {"max_series": 5 - room}}


def test_before_the_store_is_up_nothing_is_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"moments": [moment(time.time(), {"p": 1.0})]}
    monkeypatch.setattr(house.server.services, "taker", None)
    reply = put(house, document)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
