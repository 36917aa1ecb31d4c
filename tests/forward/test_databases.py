"""Real databases: every sample of the house is in them, once, whatever is killed in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from house import House, live_in
from support import Mosquitto, wait_until
from support.databases import InfluxDB1, Stored, VictoriaMetrics

NOW = 1763800000

INFLUXDB = """
[forward__influx]
kind = influxdb1
url = {url}
database = house
interval = 0.1
timeout = 5
series = telegraf.*
"""
VICTORIA = """
[forward__victoria]
kind = victoriametrics
url = {url}
interval = 0.1
timeout = 5
series = telegraf.*
"""


def send(house: House, first: int, last: int, sensors: int = 5) -> Stored:
    """Publish a number a second for each of some sensors; what a database has to have of it."""
    sent: Stored = {}
    messages = []
    for second in range(first, last):
        for sensor in range(sensors):
            time, value = NOW + second + sensor / 1000, second + sensor / 10
            messages.append((f"telegraf/{sensor}/x", f"room,sensor=s{sensor} t={value} {round(time * 1000)}000000"))
            sent[f"telegraf.{sensor}.x.room.s{sensor}.t", round(time * 1e6)] = value
    house.publish(*messages)
    return sent


def wait_stored(stored: Callable[[], Stored], sent: Stored) -> None:
    """Wait until a database has what was sent, and nothing else."""

    found: Stored = {}

    def same() -> bool:
        found.clear()
        found.update(stored())
        return found == sent

    try:
        wait_until(same, 60, "everything to be stored")
    except AssertionError:
        missing, odd = sent.keys() - found.keys(), found.keys() - sent.keys()
        print(f"{len(missing)} missing: {sorted(missing)[:3]}, {len(odd)} too many: {sorted(odd)[:3]}")  # noqa: T201
        raise


def behind(house: House) -> int:
    assert house.server.services.forwards is not None
    return sum(each.behind_bytes for each in house.server.services.forwards())


def test_influxdb_has_every_sample_although_it_was_killed_in_between(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with InfluxDB1(tmp_path / "influxdb") as database:
        database.create("house")
        with live_in(tmp_path, mosquitto, more=INFLUXDB.format(url=database.url)) as house:
            sent = send(house, 0, 40)
            wait_until(database.stored, what="the first samples")
            sent |= send(house, 40, 60)
            database.kill()
            sent |= send(house, 60, 80)
            wait_until(lambda: "forward influx" in house.server.services.health.problems(), what="the trouble to be told")
            database.start()
            sent |= send(house, 80, 120)
            wait_stored(database.stored, sent)
            wait_until(lambda: "forward influx" not in house.server.services.health.problems(), what="all to be well again")
            assert behind(house) == 0


def test_victoriametrics_has_every_sample_although_it_went_away_in_between(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with (
        VictoriaMetrics(tmp_path / "victoria") as database,
        live_in(tmp_path, mosquitto, more=VICTORIA.format(url=database.url)) as house,
    ):
        sent = send(house, 0, 40)
        wait_until(database.stored, what="the first samples")
        sent |= send(house, 40, 60)
        database.stop()  # when it is killed, it loses seconds that it has acknowledged: it writes them to disk later
        sent |= send(house, 60, 80)
        wait_until(lambda: "forward victoria" in house.server.services.health.problems(), what="the trouble to be told")
        database.start()
        sent |= send(house, 80, 120)
        wait_stored(database.stored, sent)
