"""Home Assistant's discovery through a whole server: devices that move, go and come back, and some that mean no good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from house import House, live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.contracts import SeriesInfo

SENSOR = {"name": "Heat", "stat_t": "k/state", "uniq_id": "k_t", "unit_of_meas": "°C", "dev": {"ids": ["k"], "name": "Kitchen"}}


def config(**changes: Any) -> str:
    return json.dumps({**SENSOR, **changes})


def series_of(house: House) -> dict[str, SeriesInfo]:
    store = house.server.services.store
    assert store is not None
    return {info.name: info for info in store.list_series() if len(info.columns[0].key) == 2}


def last_of(house: House) -> dict[str, float | None]:
    return {name: info.columns[0].last_value for name, info in series_of(house).items()}


def test_a_device_under_another_topic_goes_on_with_its_series(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        mosquitto.publish(("homeassistant/sensor/k/t/config", config()), ("k/state", "20"), retain=True)
        wait_until(lambda: last_of(house) == {"k.state": 20.0})
        mosquitto.publish(("homeassistant/sensor/kitchen/t/config", config(stat_t="kitchen/state")), retain=True)
        mosquitto.publish(("homeassistant/sensor/k/t/config", ""), ("kitchen/state", "21"), retain=True)
        wait_until(lambda: list(last_of(house).values()) == [21.0])
        readers = house.server.services.readers
        assert readers is not None
        assert list(readers.directory.claimed) == ["kitchen/state"]
        house.publish(("k/state", "99"))  # nobody listens there now
        assert list(last_of(house).values()) == [21.0]


def test_what_is_announced_is_known_again_after_a_start(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        house.publish(("homeassistant/sensor/k/t/config", config()))  # not retained: the broker has it no more
        wait_until(lambda: "k/state" in house.server.services.link.filters)  # type: ignore[union-attr]
        mosquitto.publish(("k/state", "20"), retain=True)
        wait_until(lambda: last_of(house) == {"k.state": 20.0})
    with live_in(tmp_path, mosquitto) as house:
        # a number in the second of the last one, which is in its file by now, is late
        wait_until(lambda: house.publish(("k/state", "22")) or last_of(house) == {"k.state": 22.0})
        (column,) = series_of(house)["k.state"].columns
        assert (column.label, column.units) == ("Heat", "°C")


def test_hostile_announcements_are_told_and_the_rest_goes_on(tmp_path: Path, mosquitto: Mosquitto) -> None:
    hostile = {
        "loop": config(uniq_id="1", val_tpl="{% for x in range(10**9) %}{{ value }}{% endfor %}"),
        "reach": config(uniq_id="2", val_tpl="{{ value.__class__.__mro__ }}"),
        "bomb": config(uniq_id="3", stat_t="bomb", val_tpl="{{ 'x' * 999999999 * (value | int) }}"),
        "thief": config(uniq_id="4", dev={"ids": ["thief"]}, name="Thief"),
        "twin": config(dev={"ids": ["twin"]}, stat_t="twin"),
        "large": json.dumps({**SENSOR, "icon": "x" * 2**20}),
        "deep": '{"a":' * 2000 + "1" + "}" * 2000,
        "lists": json.dumps({key: [{}] for key in SENSOR}),
        "everything": json.dumps({**SENSOR, "stat_t": "#", "avty": [[]] * 99, "exp_aft": 1e308, "uniq_id": {}}),
    }
    with live_in(tmp_path, mosquitto) as house:
        mosquitto.publish(("homeassistant/sensor/k/t/config", config()), retain=True)
        mosquitto.publish(*((f"homeassistant/sensor/x/{name}/config", payload) for name, payload in hostile.items()), retain=True)
        mosquitto.publish(("k/state", "20"), ("bomb", "7"), ("twin", "5"), retain=True)
        wait_until(lambda: last_of(house) == {"k.state": 20.0, "twin": 5.0})
        house.publish()
        services = house.server.services
        assert services.readers is not None
        told = " ".join(f"{note.place}: {note.what}\n" for note in services.readers.directory.notes)
        for name, word in (("loop", "for"), ("reach", "__class__"), ("thief", "logged once"), ("twin", "unique_id")):
            assert f"sensor/x/{name}/config" in told
            assert word in told
        assert "wildcards" in told
        assert {entry.reason for entry in services.rejected.last()} == {"too_large", "too_deep"}
        assert series_of(house)["k.state"].columns[0].label == "Heat"
