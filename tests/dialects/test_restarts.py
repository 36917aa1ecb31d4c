"""What devices have announced is known after a restart, although the broker has it no more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from house import House, live_in
from support import Mosquitto, wait_until
from support.sparkplug import metric, payload


def last(house: House, name: str) -> float | None:
    """The last number of a series; None where there is none."""
    store = house.server.services.store
    assert store is not None
    return next((info.columns[0].last_value for info in store.list_series() if info.name == name), None)


def test_data_under_aliases_are_understood_after_a_restart(tmp_path: Path, mosquitto: Mosquitto) -> None:
    now = int(time.time() * 1000) - 10_000  # the file takes nothing of a second that is in it
    level = "spBv1.0.Plant.Edge.PLC.Level"
    birth = payload([metric("Level", "Int16", -3, alias=7, time=now, properties={"engUnit": "cm"})], time=now, seq=1)
    with live_in(tmp_path, mosquitto) as house:
        mosquitto.publish(("spBv1.0/Plant/NBIRTH/Edge", payload([metric("bdSeq", "Int64", 1)], time=now, seq=0)))
        house.publish(("spBv1.0/Plant/DBIRTH/Edge/PLC", birth))
        assert last(house, level) == -3.0
    data = payload([metric(None, "Int16", -4, alias=7, time=now + 5000, typed=False)], time=now + 5000, seq=2)
    with live_in(tmp_path, mosquitto) as house:
        house.publish(("spBv1.0/Plant/DDATA/Edge/PLC", data))
        assert last(house, level) == -4.0
        death = payload([metric("bdSeq", "Int64", 1)])
        house.publish(("spBv1.0/Plant/NDEATH/Edge", death))
        value = last(house, level)
        assert value is not None
        assert value != value  # unknown
        assert not house.server.services.rejected.last()


@pytest.mark.parametrize("first", [True, False])
def test_values_of_homie_are_logged_whichever_way_round_they_come(tmp_path: Path, mosquitto: Mosquitto, first: bool) -> None:
    value = ("homie/kettle/pot/heat", "21.5")
    attributes = (
        ("homie/kettle/$state", "ready"),
        ("homie/kettle/$nodes", "pot"),
        ("homie/kettle/pot/heat/$datatype", "float"),
        ("homie/kettle/pot/heat/$unit", "°C"),
        ("homie/kettle/pot/heat/$name", "Water"),
    )
    mosquitto.publish(*((value, *attributes) if first else (*attributes, value)), retain=True)
    with live_in(tmp_path, mosquitto) as house:  # and the broker sends them in an order of its own
        wait_until(lambda: last(house, "homie.kettle.pot.heat") == 21.5, what="the value")
        house.publish()
        store = house.server.services.store
        assert store is not None
        (column,) = store.get_series("homie.kettle.pot.heat").columns
        assert (column.label, column.units) == ("Water", "°C")
