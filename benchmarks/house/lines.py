"""The simulated house: devices that send lines and lists: collectd, Telegraf, SenML, Victron, and plain sensors.

Source: https://collectd.org/wiki/index.php/Plugin:MQTT, https://docs.influxdata.com/influxdb/v1/write_protocols/,
RFC 8428, and https://github.com/victronenergy/dbus-flashmq.
"""

from __future__ import annotations

import json
import time

from .model import Device, Say


class Collectd(Device):
    """A machine with collectd."""

    dialect = "collectd"
    every_s = 120.0

    def build(self) -> None:
        self.measures("memory/memory-used", "memory", "B", 4e9, 1e9, digits=0)
        self.measures("sensors-coretemp/temperature-temp1", "temp", "°C", 45, 8, digits=1)
        self.measures("uptime/uptime", "uptime", "", 1000, 10, digits=0, optional=True)
        self.measures("interface-eth0/rx", "", "B", 3e6, digits=0, counted="derive")
        self.measures("interface-eth0/tx", "", "B", 1e6, digits=0, counted="derive")
        for name in ("shortterm", "midterm", "longterm"):
            self.measures(name, "load", "", 0.6, 0.3)

    def report(self, now: float, say: Say) -> None:
        found, base, at = self.take_all(now), f"collectd/{self.title}", f"{time.time():.3f}"
        received, sent = found.pop("interface-eth0/rx"), found.pop("interface-eth0/tx")
        loads = ":".join(str(found.pop(name)) for name in ("shortterm", "midterm", "longterm"))
        for name, value in found.items():
            say(f"{base}/{name}", f"{at}:{value}\0")
        say(f"{base}/interface-eth0/if_octets", f"{at}:{received:.0f}:{sent:.0f}\0")
        say(f"{base}/load/load", f"{at}:{loads}\0")


class Telegraf(Device):
    """A machine with Telegraf, whose lines are InfluxDB's."""

    dialect = "Telegraf"
    every_s = 120.0

    def build(self) -> None:
        self.measures("usage_idle", "usage_idle", "%", 90, 8)
        self.measures("usage_user", "usage_user", "%", 6, 4)
        self.measures("used_percent", "used_percent", "%", 50, 9)

    def report(self, now: float, say: Say) -> None:
        found, at = self.take_all(now), time.time_ns()
        tags = f"cpu=cpu-total,host={self.title}"
        say(f"telegraf/{self.title}/cpu", f"cpu,{tags} usage_idle={found['usage_idle']},usage_user={found['usage_user']} {at}\n")
        say(f"telegraf/{self.title}/mem", f"mem,host={self.title} used_percent={found['used_percent']} {at}\n")


class Senml(Device):
    """A sensor that sends SenML."""

    dialect = "SenML"

    def build(self) -> None:
        self.title = f"mac:{self.random.randrange(1 << 64):016x}"
        self.climate()

    def report(self, now: float, say: Say) -> None:
        found = self.take_all(now)
        records = [
            {"bn": f"urn:dev:{self.title}_", "bt": time.time(), "n": "temperature", "u": "Cel", "v": found["temperature"]},
            {"n": "humidity", "u": "%RH", "v": found["humidity"]},
        ]
        say(f"senml/{self.title[4:]}", json.dumps(records))


class Victron(Device):
    """A battery monitor on a Victron GX device."""

    dialect = "Victron"

    def build(self) -> None:
        self.portal = f"{self.random.randrange(1 << 48):012x}"
        self.measures("Dc/0/Voltage", "voltage", "V", 26, 1)
        self.measures("Dc/0/Current", "current", "A", 0, 20, digits=1)
        self.measures("Dc/0/Power", "power", "W", 0, 500, digits=0)
        self.measures("Soc", "charge", "%", 75, 20, digits=1)

    def announce(self, say: Say) -> None:
        say(f"N/{self.portal}/system/0/Serial", json.dumps({"value": self.portal}))
        for name, value in (("ProductName", "BMV-712 Smart"), ("CustomName", self.title)):
            say(f"N/{self.portal}/battery/256/{name}", json.dumps({"value": value}))

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            say(f"N/{self.portal}/battery/256/{name}", json.dumps({"value": value}))


class Plain(Device):
    """Somebody's own sensor: a topic for each number, without names or units."""

    dialect = "plain"
    named = False

    def build(self) -> None:
        self.measures("temperature", "temperature", "", 19, 3)
        self.measures("humidity", "humidity", "", 50, 9)

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            say(f"sensors/{self.title}/{name}", str(value))


class PlainDocument(Plain):
    """Somebody's own sensor, with a JSON document."""

    def report(self, now: float, say: Say) -> None:
        say(f"sensors/{self.title}", json.dumps(self.take_all(now)))
