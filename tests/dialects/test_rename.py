"""A device that is given another name at its bridge goes on in its series, on a running server and over a restart."""

from __future__ import annotations

import json
from pathlib import Path

from house import live_in
from support import Mosquitto, wait_until

_ADDRESS = "0x00158d0001a2b3c4"


def bridge(name: str) -> tuple[str, str]:
    """What Zigbee2MQTT tells of its devices."""
    temperature = {"name": "temperature", "property": "temperature", "type": "numeric", "access": 1, "unit": "°C"}
    definition = {"model": "WSDCGQ11LM", "vendor": "Aqara", "exposes": [temperature]}
    device = {"ieee_address": _ADDRESS, "type": "EndDevice", "friendly_name": name, "definition": definition}
    return "zigbee2mqtt/bridge/devices", json.dumps([device])


def says(name: str, temperature: float) -> tuple[str, str]:
    return f"zigbee2mqtt/{name}", json.dumps({"temperature": temperature})


def test_a_device_that_is_renamed_goes_on_in_its_series(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        house.publish(bridge("porch"), says("porch", 1.0))
        house.publish(bridge("veranda"), says("veranda", 2.0))
        assert [name for name in house.names() if name.startswith("zigbee2mqtt")] == ["zigbee2mqtt.porch.temperature"]
    with live_in(tmp_path, mosquitto) as house:
        store = house.server.services.store
        assert store is not None
        name = "zigbee2mqtt.porch.temperature"

        def goes_on() -> bool:
            house.publish(bridge("shed"), says("shed", 3.0))  # in the second of the stop it would be late
            return store.get_series(name).columns[0].last_value == 3.0

        wait_until(goes_on, what="the device under its third name")
        (info,) = [each for each in store.list_series() if each.name.startswith("zigbee2mqtt")]
        assert info.columns[0].key == ("zigbee2mqtt/shed", "temperature")
        node = house.server.services.nodes.get(info.node)
        assert node is not None
        assert node.name == "shed"
