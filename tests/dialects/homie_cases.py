"""Homie devices: what they publish, and the series that it makes."""

from __future__ import annotations

import json

from .cases import Case, Expected

ESP8266 = "https://homieiot.github.io/specification/spec-core-v3_0_1/ and the examples of homie-esp8266"
HOMIE_4 = "https://homieiot.github.io/specification/spec-core-v4_0_0/"
HOMIE_5 = "https://homieiot.github.io/specification/"


def attributes(topic: str, **words: str) -> list[tuple[str, str]]:
    """Attributes below a topic."""
    return [(f"{topic}/${word}", text) for word, text in words.items()]


def prop(topic: str, value: str, **words: str) -> list[tuple[str, str]]:
    """A property of Homie 3 or 4: its attributes and its value."""
    return [*attributes(topic, **words), (topic, value)]


def described(device: str, state: str, document: dict[str, object], **values: str) -> list[tuple[str, str]]:
    """A device of Homie 5; `__` in the name of a value stands for the slash between node and property."""
    base = f"homie/5/{device}"
    told = [(f"{base}/$state", state), (f"{base}/$description", json.dumps({"homie": "5.0", "version": 7, **document}))]
    return [*told, *((f"{base}/{name.replace('__', '/').replace('_', '-')}", text) for name, text in values.items())]


CASES = [
    Case(
        "homie-esp8266 temperature and humidity sensor (Homie 3)",
        ESP8266,
        (
            *attributes("homie/686f6d6965", homie="3.0.1", name="Bedroom climate", state="init"),
            *attributes(
                "homie/686f6d6965", localip="192.168.0.10", mac="DE:AD:BE:EF:FE:ED", nodes="climate", implementation="esp8266"
            ),
            ("homie/686f6d6965/$fw/name", "weatherstation-firmware"),
            ("homie/686f6d6965/$fw/version", "1.0.0"),
            ("homie/686f6d6965/$stats", "uptime,signal,interval"),
            ("homie/686f6d6965/$stats/interval", "60"),
            ("homie/686f6d6965/$stats/uptime", "120"),
            ("homie/686f6d6965/$stats/signal", "72"),
            *attributes("homie/686f6d6965/climate", name="Climate", type="DHT22", properties="temperature,humidity"),
            *prop(
                "homie/686f6d6965/climate/temperature", "21.38", name="Temperature", datatype="float", unit="ºC", settable="false"
            ),
            *prop("homie/686f6d6965/climate/humidity", "48.20", name="Humidity", datatype="float", unit="%"),
            ("homie/686f6d6965/$state", "ready"),
        ),
        (
            Expected("homie.686f6d6965._stats.signal", "Signal", "%", 72.0, "Bedroom climate"),
            Expected("homie.686f6d6965.climate.humidity", "Humidity", "%", 48.2, "Bedroom climate"),
            Expected("homie.686f6d6965.climate.temperature", "Temperature", "°C", 21.38, "Bedroom climate"),
        ),
    ),
    Case(
        "Super car (the example of Homie 4), values before what describes them",
        HOMIE_4,
        (
            ("homie/super-car/engine/speed", "88.5"),
            ("homie/super-car/engine/temperature", "21.5"),
            ("homie/super-car/engine/direction", "1"),
            ("homie/super-car/lights/power", "true"),
            ("homie/super-car/lights/color", "100,100,100"),
            ("homie/super-car/lights/left", "PT1H30M5S"),
            ("homie/super-car/lights/brightness/set", "55"),
            ("homie/super-car/lights/brightness", "50"),
            *attributes("homie/super-car", homie="4.0.0", name="Super car", nodes="engine,lights", extensions="", state="ready"),
            *attributes("homie/super-car/engine", name="Car engine", type="V8", properties="speed,direction,temperature"),
            *attributes("homie/super-car/engine/speed", name="Speed", datatype="float", unit="km/h"),
            *attributes("homie/super-car/engine/direction", name="Direction", datatype="enum", format="1,2"),
            *attributes("homie/super-car/engine/temperature", name="Temperature", datatype="float", unit="°C", format="-20:120"),
            *attributes("homie/super-car/lights", name="Lights", type="LED", properties="power,color,left,brightness"),
            *attributes("homie/super-car/lights/power", name="Power", datatype="boolean", settable="true"),
            *attributes("homie/super-car/lights/color", name="Color", datatype="color", format="rgb", settable="true"),
            *attributes("homie/super-car/lights/left", name="Time left", datatype="duration"),
            *attributes("homie/super-car/lights/brightness", name="Brightness", datatype="percent", settable="true"),
        ),
        (
            Expected("homie.super-car.engine.speed", "Car engine Speed", "km/h", 88.5, "Super car"),
            Expected("homie.super-car.engine.temperature", "Car engine Temperature", "°C", 21.5, "Super car"),
            Expected("homie.super-car.lights.brightness", "Lights Brightness", "%", 50.0, "Super car"),
            Expected("homie.super-car.lights.left", "Lights Time left", "s", 5405.0, "Super car"),
            Expected("homie.super-car.lights.power", "Lights Power", "", 1.0, "Super car"),
        ),
    ),
    Case(
        "ebusd-like gateway to a heat pump (Homie 4): two circuits, a counted energy, and a state",
        HOMIE_4,
        (
            *attributes("homie/heatpump", homie="4.0.0", name="Heat pump", nodes="flow,meter", extensions="", state="ready"),
            *attributes("homie/heatpump/flow", name="Flow", type="sensor", properties="temp,target,mode"),
            *prop("homie/heatpump/flow/temp", "34.2", name="Temperature", datatype="float", unit="°C"),
            *prop("homie/heatpump/flow/target", "35", name="Setpoint", datatype="integer", unit="°C", settable="true"),
            *prop("homie/heatpump/flow/mode", "heating", name="Mode", datatype="enum", format="off,heating,cooling"),
            *attributes("homie/heatpump/meter", name="Meter", type="sensor", properties="energy,power"),
            *prop("homie/heatpump/meter/energy", "1234.5", name="Energy", datatype="float", unit="kWh"),
            *prop("homie/heatpump/meter/power", "1250", name="Power", datatype="integer", unit="W"),
        ),
        (
            Expected("homie.heatpump.flow.target", "Flow Setpoint", "°C", 35.0, "Heat pump"),
            Expected("homie.heatpump.flow.temp", "Flow Temperature", "°C", 34.2, "Heat pump"),
            Expected("homie.heatpump.meter.energy", "Meter Energy", "kWh", 1234.5, "Heat pump"),
            Expected("homie.heatpump.meter.energy.rate", "Meter Energy rate", "kWh", 1234.5, "Heat pump", ds_type="DERIVE"),
            Expected("homie.heatpump.meter.power", "Meter Power", "W", 1250.0, "Heat pump"),
        ),
    ),
    Case(
        "Sensor that was lost (Homie 4)",
        HOMIE_4,
        (
            *attributes("homie/cellar", homie="4.0.0", name="Cellar", nodes="climate", extensions="", state="ready"),
            *attributes("homie/cellar/climate", name="Climate", type="BME280", properties="pressure"),
            *prop("homie/cellar/climate/pressure", "101325", name="Pressure", datatype="float", unit="Pa"),
            ("homie/cellar/$state", "lost"),
        ),
        (Expected("homie.cellar.climate.pressure", "Pressure", "Pa", None, "Cellar"),),
    ),
    Case(
        "Z-Wave bridge with a relay and a light below it (Homie 5)",
        HOMIE_5,
        (
            *described("bridge", "ready", {"name": "Z-Wave bridge", "children": ["dualrelay"], "nodes": {}}),
            *described(
                "dualrelay",
                "ready",
                {
                    "name": "Dual relay",
                    "root": "bridge",
                    "children": ["light1"],
                    "nodes": {
                        "relay-1": {
                            "name": "Relay 1",
                            "properties": {
                                "power": {"name": "Power", "datatype": "float", "unit": "W"},
                                "energy": {"name": "Energy", "datatype": "float", "unit": "kWh"},
                            },
                        },
                        "relay-2": {
                            "name": "Relay 2",
                            "properties": {"power": {"name": "Power", "datatype": "float", "unit": "W"}},
                        },
                    },
                },
                relay_1__power="12.5",
                relay_1__energy="0.25",
                relay_2__power="0",
            ),
            *described(
                "light1",
                "ready",
                {
                    "name": "First light",
                    "root": "bridge",
                    "parent": "dualrelay",
                    "nodes": {
                        "light": {
                            "properties": {
                                "state": {"datatype": "boolean", "settable": True, "format": "off,on"},
                                "brightness": {"name": "Brightness", "datatype": "integer", "unit": "%", "format": "0:100"},
                                "effect": {"datatype": "enum", "format": "1,2,3"},
                            }
                        }
                    },
                },
                light__state="false",
                light__brightness="80",
                light__effect="2",
            ),
            ("homie/5/light1/light/brightness/$target", "100"),
            ("homie/5/light1/light/brightness/set", "100"),
            ("homie/5/light1/$log/warn", "42"),
            ("homie/5/light1/$alert/battery", "8"),
            ("homie/5/$broadcast/alert", "1"),
        ),
        (
            Expected("homie.5.dualrelay.relay-1.energy", "Relay 1 Energy", "kWh", 0.25, "Dual relay"),
            Expected("homie.5.dualrelay.relay-1.energy.rate", "Relay 1 Energy rate", "kWh", 0.25, "Dual relay", ds_type="DERIVE"),
            Expected("homie.5.dualrelay.relay-1.power", "Relay 1 Power", "W", 12.5, "Dual relay"),
            Expected("homie.5.dualrelay.relay-2.power", "Relay 2 Power", "W", 0.0, "Dual relay"),
            Expected("homie.5.light1.light.brightness", "Brightness", "%", 80.0, "First light"),
            Expected("homie.5.light1.light.state", "state", "", 0.0, "First light"),
        ),
    ),
    Case(
        "Z-Wave bridge that was lost, and its children with it (Homie 5)",
        HOMIE_5,
        (
            *described("hub", "ready", {"name": "Hub"}),
            *described(
                "plug",
                "ready",
                {"name": "Plug", "root": "hub", "nodes": {"meter": {"properties": {"v": {"datatype": "float", "unit": "V"}}}}},
                meter__v="230.1",
            ),
            *described(
                "door",
                "sleeping",
                {
                    "name": "Door",
                    "nodes": {"battery": {"name": "Battery", "properties": {"level": {"datatype": "integer", "unit": "%"}}}},
                },
                battery__level="77",
            ),
            ("homie/5/hub/$state", "lost"),
        ),
        (
            Expected("homie.5.door.battery.level", "level", "%", 77.0, "Door"),
            Expected("homie.5.plug.meter.v", "v", "V", None, "Plug"),
        ),
    ),
    Case(
        "openHAB-style thermostat (Homie 5) beside what it says in Homie 4, which is not logged twice",
        HOMIE_5,
        (
            *described(
                "thermostat",
                "ready",
                {
                    "name": "Thermostat",
                    "nodes": {
                        "climate": {
                            "name": "Climate",
                            "properties": {
                                "current": {"name": "Temperature", "datatype": "float", "unit": "°C"},
                                "valve": {"name": "Valve", "datatype": "integer", "unit": "%"},
                                "count": {"name": "Adjustments", "datatype": "integer", "unit": "#"},
                                "schedule": {"name": "Schedule", "datatype": "json"},
                                "since": {"name": "Since", "datatype": "datetime"},
                            },
                        }
                    },
                },
                climate__current="20.5",
                climate__valve="35",
                climate__count="12",
                climate__schedule='{"mo": [6, 22]}',
                climate__since="2024-02-03T10:20:30Z",
            ),
            *attributes("homie/thermostat", homie="4.0.0", name="Thermostat", nodes="climate", state="ready"),
            *attributes("homie/thermostat/climate", name="Climate", type="thermostat", properties="current"),
            *prop("homie/thermostat/climate/current", "20.5", name="Temperature", datatype="float", unit="°C"),
        ),
        (
            Expected("homie.5.thermostat.climate.count", "Adjustments", "", 12.0, "Thermostat"),
            Expected("homie.5.thermostat.climate.current", "Temperature", "°C", 20.5, "Thermostat"),
            Expected("homie.5.thermostat.climate.valve", "Valve", "%", 35.0, "Thermostat"),
        ),
    ),
]
