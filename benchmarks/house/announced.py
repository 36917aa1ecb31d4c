"""The simulated house: devices that announce themselves as Home Assistant's MQTT discovery has it.

Source: https://www.home-assistant.io/integrations/mqtt/ and, for the topics of ESPHome, https://esphome.io/components/mqtt.html.
"""

from __future__ import annotations

import json

from .model import Device, Say

_PREFIX = "homeassistant"


class Announced(Device):
    """A device whose entities are announced one by one, with one JSON document of its numbers."""

    dialect = "Home Assistant"

    def build(self) -> None:
        self.ident = f"node{self.random.randrange(1 << 24):06x}"
        self.climate()
        self.measures("power", "power", "W", 120, 100, digits=1)
        self.measures("energy", "energy", "kWh", 0.3, digits=3, counted="level", reset_s=36_000)
        self.measures("door", "door", "", switch=True)

    def entity(self, component: str, name: str, **more: object) -> tuple[str, dict[str, object]]:
        """Topic and document of an entity."""
        return f"{_PREFIX}/{component}/{self.ident}/{name}/config", {
            "name": name.capitalize(),
            "unique_id": f"{self.ident}_{name}",
            "state_topic": f"rooms/{self.ident}",
            "availability_topic": f"rooms/{self.ident}/there",
            "value_template": f"{{{{ value_json.{name} }}}}",
            "device": {"identifiers": [self.ident], "name": self.title, "manufacturer": "Somebody", "model": "Sensor 1"},
            **more,
        }

    def announce(self, say: Say) -> None:
        measured = {"state_class": "measurement"}
        for topic, config in (
            self.entity("sensor", "temperature", unit_of_measurement="°C", device_class="temperature", **measured),
            self.entity("sensor", "humidity", unit_of_measurement="%", device_class="humidity", **measured),
            self.entity(
                "sensor", "power", unit_of_measurement="W", device_class="power", **measured,
                value_template="{{ (value_json.milliwatts | float / 1000) | round(1) }}",
            ),
            self.entity("sensor", "energy", unit_of_measurement="kWh", device_class="energy", state_class="total_increasing"),
            self.entity("binary_sensor", "door", device_class="door", value_template="{{ value_json['door'] }}"),
        ):  # fmt: skip
            say(topic, json.dumps(config), retain=True)
        say(f"rooms/{self.ident}/there", "online", retain=True)

    def report(self, now: float, say: Say) -> None:
        found: dict[str, object] = dict(self.take_all(now))
        found["milliwatts"] = round(float(str(found.pop("power"))) * 1000)
        found["door"] = "ON" if found["door"] else "OFF"
        found["note"] = "this is no number"
        say(f"rooms/{self.ident}", json.dumps(found))

    def leave(self, say: Say) -> None:
        say(f"rooms/{self.ident}/there", "offline", retain=True)


class EspHome(Device):
    """A device with ESPHome: a topic for each number, announced in abbreviations."""

    dialect = "ESPHome"

    def build(self) -> None:
        self.ident = f"esp-{self.random.randrange(1 << 24):06x}"
        self.climate()
        self.measures("pressure", "pressure", "hPa", 1013, 8, digits=1)

    def announce(self, say: Say) -> None:
        units = {"temperature": "°C", "humidity": "%", "pressure": "hPa"}
        for name in self.quantities:
            config = {
                "dev_cla": name,
                "unit_of_meas": units[name],
                "stat_cla": "measurement",
                "name": name.capitalize(),
                "stat_t": f"{self.ident}/sensor/{name}/state",
                "avty_t": f"{self.ident}/status",
                "uniq_id": f"{self.ident}-sensor-{name}",
                "dev": {"ids": self.ident, "name": self.title, "sw": "esphome v2024.6.1", "mdl": "esp32dev", "mf": "espressif"},
            }
            say(f"{_PREFIX}/sensor/{self.ident}/{name}/config", json.dumps(config), retain=True)
        say(f"{self.ident}/status", "online", retain=True)

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            say(f"{self.ident}/sensor/{name}/state", str(value), retain=True)
        say(f"{self.ident}/debug", "[I][sensor:094]: Sending state")

    def leave(self, say: Say) -> None:
        say(f"{self.ident}/status", "offline", retain=True)


class DeviceForm(Device):
    """A device that announces all its entities in one document."""

    dialect = "Home Assistant, device form"

    def build(self) -> None:
        self.ident = f"dev{self.random.randrange(1 << 24):06x}"
        self.climate()
        self.measures("battery", "battery", "%", 80, 5, digits=0)

    def announce(self, say: Say) -> None:
        units = {"temperature": "°C", "humidity": "%", "battery": "%"}
        components = {
            name: {
                "p": "sensor",
                "device_class": name,
                "unit_of_measurement": units[name],
                "value_template": f"{{{{ value_json.{name} }}}}",
                "unique_id": f"{self.ident}{name}",
            }
            for name in self.quantities
        }
        config = {
            "dev": {"ids": [self.ident], "name": self.title},
            "o": {"name": "somebody2mqtt", "sw": "2.1"},
            "cmps": components,
            "state_topic": f"forms/{self.ident}/state",
        }
        say(f"{_PREFIX}/device/{self.ident}/config", json.dumps(config), retain=True)

    def report(self, now: float, say: Say) -> None:
        say(f"forms/{self.ident}/state", json.dumps(self.take_all(now)))
