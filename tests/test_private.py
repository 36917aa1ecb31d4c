"""What is private is not logged by a whole server, whatever its past: by its name, by `[privacy]`, after a reload too."""

from __future__ import annotations

import json
from pathlib import Path

from house import House, janitoo, live_in
from support import Mosquitto, wait_until

MORE = """
[decoder__all]
topics = house/#
kind = json

[privacy]
{privacy}
"""
ASKED = """
[datarrd__car]
hadd = 0014/0001
rrd_file_0 = car
rrd_step_0 = 1
source_config_0 = 0100/0001|latitude|0|GAUGE|north
"""


def names(house: House) -> list[str]:
    """Names of the series, without those of the server itself."""
    return [name for name in house.names() if not name.startswith("0014.")]


def last(house: House, name: str) -> float | None:
    """The last number of a series."""
    store = house.server.services.store
    assert store is not None
    return store.get_series(name).columns[0].last_value


def reload_with(house: House, tmp_path: Path, privacy: str) -> None:
    """Change `[privacy]` of the ini, and have the server read it."""
    ini = tmp_path / "house.conf"
    head, _, _ = ini.read_text().partition("[privacy]")
    ini.write_text(f"{head}[privacy]\n{privacy}\n")
    link = house.server.services.link
    house.server.reload()
    wait_until(lambda: house.server.services.link is not link, what="the new life")
    house.wait_connected()


def test_topics_that_become_private_are_logged_no_more_and_what_is_there_stays(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, more=MORE.format(privacy="")) as house:
        bed, hall = ("house/bed/co2", "400"), ("house/hall/co2", "500")
        house.publish(bed, hall)
        house.publish(bed, hall)  # the short way of plain numbers
        assert names(house) == ["house.bed.co2", "house.hall.co2"]
        reload_with(house, tmp_path, "topics = house/bed/#")
        house.publish(("house/bed/co2", "900"), ("house/hall/co2", "600"), ("house/bed/new", "1"))
        house.publish(("house/bed/co2", "901"), ("house/hall/co2", "601"))
        assert (last(house, "house.bed.co2"), last(house, "house.hall.co2")) == (400.0, 601.0)
        assert names(house) == ["house.bed.co2", "house.hall.co2"]
        assert house.server.services.counters.by_label("samples_dropped") == {"private": 3}
        reload_with(house, tmp_path, "")
        house.publish(("house/bed/co2", "950"))
        assert last(house, "house.bed.co2") == 950.0


def test_names_are_private_unless_their_topic_is_allowed(tmp_path: Path, mosquitto: Mosquitto) -> None:
    content = json.dumps({"lat": 48.1, "lon": 11.5, "battery": 80})
    with live_in(tmp_path, mosquitto, more=MORE.format(privacy="allow = house/balloon")) as house:
        house.publish(("house/balloon", content), ("house/ada", content), ("house/ada/latitude", "48"))
        expected = ["house.ada.battery", "house.balloon.battery", "house.balloon.lat", "house.balloon.lon"]
        assert names(house) == expected
        assert house.server.services.counters.by_label("samples_dropped") == {"private": 3}
        reload_with(house, tmp_path, "")
        house.publish(("house/balloon", json.dumps({"lat": 50.0, "lon": 12.0, "battery": 79})))
        assert (last(house, "house.balloon.lat"), last(house, "house.balloon.battery")) == (48.1, 79.0)


def test_a_value_that_a_datasource_asks_for_is_logged_and_the_one_beside_it_is_not(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, datarrd="components.car = datarrd.datasource", more=ASKED) as house:
        said = (("latitude", 48.1), ("longitude", 11.5), ("fuel", 40))
        house.publish(*(janitoo("0100/0001", uuid, number) for uuid, number in said))
        assert names(house) == ["0100.0001.fuel.0", "car"]
        assert last(house, "car") == 48.1
