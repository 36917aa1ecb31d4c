"""The simulated house: devices behind a bridge: Zigbee2MQTT and OpenMQTTGateway.

Source: https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html and https://docs.openmqttgateway.com/use/ble.html.
"""

from __future__ import annotations

import json
from typing import Any

from .model import Device, Say

_BASE = "zigbee2mqtt"


class Bridge:
    """The bridge of Zigbee devices: its list has all of them."""

    def __init__(self) -> None:
        self.devices: list[Zigbee] = []

    def announce(self, say: Say) -> None:
        """Publish the list of those that have joined."""
        coordinator: dict[str, Any] = {
            "ieee_address": "0x00124b0018ed1111",
            "type": "Coordinator",
            "friendly_name": "Coordinator",
            "supported": True,
            "definition": None,
        }
        say(f"{_BASE}/bridge/state", '{"state":"online"}', retain=True)
        say(
            f"{_BASE}/bridge/info",
            json.dumps({"version": "1.40.1", "log_level": "info", "network": {"channel": 11}}),
            retain=True,
        )
        entries = [coordinator, *(each.entry() for each in self.devices if each.joined)]
        say(f"{_BASE}/bridge/devices", json.dumps(entries), retain=True)


class Zigbee(Device):
    """A Zigbee sensor."""

    dialect = "Zigbee2MQTT"

    def __init__(self, title: str, seed: int, bridge: Bridge) -> None:
        self.bridge = bridge
        self.joined = False
        super().__init__(title, seed)
        bridge.devices.append(self)

    def build(self) -> None:
        self.ieee = f"0x00158d00{self.random.randrange(1 << 32):08x}"
        self.climate()
        self.measures("pressure", "pressure", "hPa", 1010, 6, digits=1)
        self.measures("battery", "battery", "%", 90, 5, digits=0)
        self.measures("voltage", "voltage", "mV", 2990, 20, digits=0)
        self.measures("linkquality", "link", "lqi", 120, 30, digits=0)

    def exposes(self) -> list[dict[str, Any]]:
        """What the bridge says of its numbers."""
        return [
            {
                "type": "numeric",
                "name": name,
                "label": "Linkquality" if name == "linkquality" else name.capitalize(),
                "property": name,
                "access": 1,
                "unit": quantity.number.units,
            }
            for name, quantity in self.quantities.items()
        ]

    def entry(self) -> dict[str, Any]:
        """Its entry in the bridge's list."""
        return {
            "ieee_address": self.ieee,
            "type": "EndDevice",
            "network_address": 40_000,
            "supported": True,
            "friendly_name": self.title,
            "model_id": "lumi.weather",
            "manufacturer": "LUMI",
            "interview_completed": True,
            "definition": {"model": "WSDCGQ11LM", "vendor": "Aqara", "description": "A sensor", "exposes": self.exposes()},
        }

    def announce(self, say: Say) -> None:
        self.joined = True
        self.bridge.announce(say)
        say(f"{_BASE}/{self.title}/availability", '{"state":"online"}', retain=True)

    def report(self, now: float, say: Say) -> None:
        say(f"{_BASE}/{self.title}", json.dumps({**self.take_all(now), "last_seen": "2026-01-01T00:00:00Z"}))

    def leave(self, say: Say) -> None:
        say(f"{_BASE}/{self.title}/availability", '{"state":"offline"}', retain=True)

    def move(self, title: str, say: Say) -> None:
        """Be renamed at the bridge: the topic is another one from now on."""
        say(f"{_BASE}/{self.title}/availability", "", retain=True)
        self.rename(title)
        self.announce(say)


class ZigbeePlug(Zigbee):
    """A Zigbee plug with a meter."""

    def build(self) -> None:
        self.ieee = f"0x00158d00{self.random.randrange(1 << 32):08x}"
        self.measures("state", "state", "", switch=True)
        self.measures("power", "power", "W", 60, 50, digits=1)
        self.measures("current", "current", "A", 0.3, 0.2)
        self.measures("energy", "energy", "kWh", 0.2, digits=3, counted="level")
        self.measures("linkquality", "link", "lqi", 120, 30, digits=0)

    def exposes(self) -> list[dict[str, Any]]:
        state = {"type": "binary", "name": "state", "label": "State", "property": "state", "value_on": "ON", "value_off": "OFF"}
        numbers = [each for each in super().exposes() if each["property"] != "state"]
        return [{"type": "switch", "features": [{**state, "access": 7}]}, *numbers]

    def report(self, now: float, say: Say) -> None:
        found: dict[str, Any] = {**self.take_all(now)}
        found["state"] = "ON" if found["state"] else "OFF"
        say(f"{_BASE}/{self.title}", json.dumps(found))


class Beacon(Device):
    """A Bluetooth thermometer that OpenMQTTGateway hears."""

    dialect = "OpenMQTTGateway"

    def build(self) -> None:
        self.mac = f"{self.random.randrange(1 << 48):012X}"
        self.title = f"LYWSD03MMC {self.mac[6:]}"
        self.measures("tempc", "temperature", "°C", 20, 3)
        self.measures("hum", "humidity", "%", 50, 8, digits=1)
        self.measures("batt", "battery", "%", 80, 4, digits=0)
        self.measures("volt", "voltage", "V", 2.9, 0.05, digits=3)
        self.measures("rssi", "signal", "dBm", -70, 8, digits=0)

    def report(self, now: float, say: Say) -> None:
        known = {
            "id": ":".join(self.mac[each : each + 2] for each in range(0, 12, 2)),
            "name": "LYWSD03MMC",
            "brand": "Xiaomi/Mijia",
            "model": "TH Sensor",
            "model_id": "LYWSD03MMC_PVVX",
            "type": "THB",
        }
        say(f"home/OMG_ESP32_BLE/BTtoMQTT/{self.mac}", json.dumps({**known, **self.take_all(now)}))
