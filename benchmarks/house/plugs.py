"""The simulated house: devices on Wi-Fi: Tasmota, and Shelly of both kinds.

Source: https://tasmota.github.io/docs/MQTT/, https://shelly-api-docs.shelly.cloud/gen1/ and
https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch.
"""

from __future__ import annotations

import json
import time
from typing import Any

from .model import Device, Say


class Tasmota(Device):
    """A plug with Tasmota."""

    dialect = "Tasmota"
    every_s = 300.0

    def build(self) -> None:
        self.mac = f"{self.random.randrange(1 << 48):012X}"
        self.topic = f"tasmota_{self.mac[6:]}"
        self.measures("POWER", "power|relay|switch", "", switch=True)
        self.measures("Total", "total|energy", "kWh", 0.25, digits=3, counted="level")
        self.measures("Power", "power", "W", 80, 60, digits=0)
        self.measures("Voltage", "voltage", "V", 231, 3, digits=0)
        self.measures("Current", "current", "A", 0.4, 0.2, digits=3)
        for name, word in (("Heap", "heap"), ("LoadAvg", "load"), ("RSSI", "rssi"), ("Signal", "signal"), ("Factor", "factor")):
            self.measures(name, word, "", 40, 5, digits=0, optional=True)
        self.measures("Today", "today", "kWh", 0.25, digits=3, counted="level", optional=True, reset_s=86_400)

    def announce(self, say: Say) -> None:
        config: dict[str, Any] = {
            "ip": "192.168.1.20",
            "dn": self.title,
            "fn": [self.title, *[None] * 7],
            "hn": self.topic,
            "mac": self.mac,
            "md": "Sonoff POW R2",
            "ty": 0,
            "if": 0,
            "ofln": "Offline",
            "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "sw": "13.4.0",
            "t": self.topic,
            "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"],
            "rl": [1, *[0] * 7],
            "swc": [-1] * 8,
            "btn": [0] * 8,
            "so": {"4": 0, "11": 0, "30": 0},
            "ver": 1,
        }
        say(f"tasmota/discovery/{self.mac}/config", json.dumps(config), retain=True)
        energy = {"TotalStartTime": "2025-01-01T00:00:00", "Total": 1, "Power": 0, "Voltage": 230, "Current": 0}
        say(
            f"tasmota/discovery/{self.mac}/sensors", json.dumps({"sn": {"Time": _now(), "ENERGY": energy}, "ver": 1}), retain=True
        )
        say(f"tele/{self.topic}/LWT", "Online", retain=True)

    def report(self, now: float, say: Say) -> None:
        found: dict[str, Any] = self.take_all(now)
        state = {
            "Time": _now(),
            "Uptime": "3T02:14:11",
            "UptimeSec": 267_251,
            "Heap": found["Heap"],
            "SleepMode": "Dynamic",
            "Sleep": 50,
            "LoadAvg": found["LoadAvg"],
            "MqttCount": 1,
            "POWER": "ON" if found["POWER"] else "OFF",
            "Wifi": {"AP": 1, "SSId": "home", "BSSId": "AA:BB:CC:DD:EE:FF", "RSSI": found["RSSI"], "Signal": found["Signal"]},
        }
        names = ("Total", "Today", "Power", "Factor", "Voltage", "Current")
        energy = {"TotalStartTime": "2025-01-01T00:00:00", **{name: found[name] for name in names}}
        say(f"tele/{self.topic}/STATE", json.dumps(state))
        say(f"tele/{self.topic}/SENSOR", json.dumps({"Time": _now(), "ENERGY": energy}))

    def leave(self, say: Say) -> None:
        say(f"tele/{self.topic}/LWT", "Offline", retain=True)


class TasmotaClimate(Tasmota):
    """A thermometer with Tasmota."""

    def build(self) -> None:
        self.mac = f"{self.random.randrange(1 << 48):012X}"
        self.topic = f"tasmota_{self.mac[6:]}"
        self.measures("Temperature", "temperature", "°C", 20, 3, digits=1)
        self.measures("Humidity", "humidity", "%", 50, 5, digits=1)
        self.measures("DewPoint", "dew", "°C", 9, 2, digits=1)

    def report(self, now: float, say: Say) -> None:
        document = {"Time": _now(), "AM2301": self.take_all(now), "TempUnit": "C"}
        say(f"tele/{self.topic}/SENSOR", json.dumps(document))


class ShellyPlug(Device):
    """A Shelly plug of the first generation, which tells its energy in watt-minutes."""

    dialect = "Shelly"

    def build(self) -> None:
        self.title = f"shellyplug-s-{self.random.randrange(1 << 24):06X}"
        self.measures("relay", "relay", "", switch=True)
        self.measures("power", "power", "W", 50, 40)
        self.measures("energy", "energy", "Wh", 50, counted="level", digits=0, reset_s=50_000)
        self.measures("temperature", "temperature", "°C", 30, 4)
        self.measures("overtemperature", "over", "", 0, 0, digits=0)

    def announce(self, say: Say) -> None:
        document = {"id": self.title, "model": "SHPLG-S", "mac": "A4CF12F45978", "ip": "192.168.1.30", "new_fw": False}
        say("shellies/announce", json.dumps({**document, "fw_ver": "20230913-113610/v1.14.0-gcb84623"}))
        say(f"shellies/{self.title}/online", "true", retain=True)

    def report(self, now: float, say: Say) -> None:
        found, base = self.take_all(now), f"shellies/{self.title}"
        fahrenheit = round(found["temperature"] * 1.8 + 32, 2)
        say(f"{base}/relay/0", "on" if found["relay"] else "off")
        say(f"{base}/relay/0/power", str(found["power"]))
        say(f"{base}/relay/0/energy", str(int(found["energy"] * 60)))
        say(f"{base}/temperature", str(found["temperature"]))
        say(f"{base}/temperature_f", str(fahrenheit))
        say(f"{base}/overtemperature", "0")
        self.quantities["overtemperature"].number.value = 0.0

    def leave(self, say: Say) -> None:
        say(f"shellies/{self.title}/online", "false", retain=True)


class ShellyPlus(Device):
    """A Shelly plug of the second generation."""

    dialect = "Shelly 2"

    def build(self) -> None:
        self.title = f"shellyplusplugs-{self.random.randrange(1 << 48):012x}"
        self.measures("output", "switch|output", "", switch=True)
        self.measures("apower", "power", "W", 90, 60, digits=1)
        self.measures("voltage", "voltage", "V", 229, 3, digits=1)
        self.measures("current", "current", "A", 0.4, 0.3, digits=3)
        self.measures("total", "energy", "Wh", 90, digits=3, counted="level")
        self.measures("tC", "temperature", "°C", 35, 3, digits=1)

    def announce(self, say: Say) -> None:
        say(f"{self.title}/online", "true", retain=True)

    def report(self, now: float, say: Say) -> None:
        found: dict[str, Any] = self.take_all(now)
        total, celsius = found.pop("total"), found.pop("tC")
        component = {
            "id": 0,
            "source": "init",
            **found,
            "output": bool(found["output"]),
            "aenergy": {"total": total, "by_minute": [0.0, 0.0, 0.0], "minute_ts": int(time.time()) // 60 * 60},
            "temperature": {"tC": celsius, "tF": round(celsius * 1.8 + 32, 1)},
        }
        params = {"ts": round(time.time(), 2), "switch:0": component}
        notice = {"src": self.title, "dst": f"{self.title}/events", "method": "NotifyStatus", "params": params}
        say(f"{self.title}/events/rpc", json.dumps(notice))
        say(f"{self.title}/status/switch:0", json.dumps(component))

    def leave(self, say: Say) -> None:
        say(f"{self.title}/online", "false", retain=True)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")
