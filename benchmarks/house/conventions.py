"""The simulated house: devices that keep to a convention: Homie 4 and 5, Sparkplug B, and Janitoo.

Source: https://homieiot.github.io, and Eclipse Sparkplug 3.0.0, chapters 4 and 6 with the protobuf schema in it.
"""

from __future__ import annotations

import json
import struct
import time

from .model import Device, Say


class Homie4(Device):
    """A thermometer that speaks Homie 4: everything is a retained topic."""

    dialect = "Homie 4"

    def build(self) -> None:
        self.ident = f"homie{self.random.randrange(1 << 24):06x}"
        self.climate()

    def announce(self, say: Say) -> None:
        base = f"homie/{self.ident}"
        attributes = {
            "$homie": "4.0.0",
            "$name": self.title,
            "$state": "init",
            "$nodes": "climate",
            "climate/$name": "Climate",
            "climate/$type": "DHT22",
            "climate/$properties": ",".join(self.quantities),
        }
        for name, quantity in self.quantities.items():
            attributes[f"climate/{name}/$name"] = name.capitalize()
            attributes[f"climate/{name}/$datatype"] = "float"
            attributes[f"climate/{name}/$unit"] = quantity.number.units
        for topic, value in [*attributes.items(), ("$state", "ready")]:
            say(f"{base}/{topic}", value, retain=True)

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            say(f"homie/{self.ident}/climate/{name}", str(value), retain=True)

    def leave(self, say: Say) -> None:
        say(f"homie/{self.ident}/$state", "disconnected", retain=True)


class Homie5(Homie4):
    """A thermometer that speaks Homie 5: one document describes it."""

    dialect = "Homie 5"

    def announce(self, say: Say) -> None:
        properties = {
            name: {"name": name.capitalize(), "datatype": "float", "unit": quantity.number.units}
            for name, quantity in self.quantities.items()
        }
        node = {"name": "Climate", "type": "DHT22", "properties": properties}
        document = {"homie": "5.0", "version": 1, "name": self.title, "nodes": {"climate": node}}
        base = f"homie/5/{self.ident}"
        say(f"{base}/$state", "init", retain=True)
        say(f"{base}/$description", json.dumps(document), retain=True)
        say(f"{base}/$state", "ready", retain=True)

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            say(f"homie/5/{self.ident}/climate/{name}", str(value), retain=True)

    def leave(self, say: Say) -> None:
        say(f"homie/5/{self.ident}/$state", "disconnected", retain=True)


_INT64, _DOUBLE, _BOOLEAN, _STRING = 4, 10, 11, 12


class Sparkplug(Device):
    """An edge node of Sparkplug B with one device, whose data come by alias."""

    dialect = "Sparkplug B"

    def build(self) -> None:
        self.title = f"Press {self.random.randrange(1000)}"
        self.node = f"Edge{self.random.randrange(10_000)}"
        self.measures("Temperature", "temperature", "°C", 60, 5)
        self.measures("Pressure", "pressure", "bar", 3, 0.4, digits=3)
        self.measures("Running", "running", "", switch=True)
        self._seq = self._births = 0

    def announce(self, say: Say) -> None:
        self._births += 1
        self._seq = 0
        birth = _metric("bdSeq", None, _INT64, float(self._births))
        say(f"spBv1.0/House/NBIRTH/{self.node}", self._payload(birth + _metric("Node Control/Rebirth", None, _BOOLEAN, 0.0)))
        metrics = b""
        now = 0.0
        for alias, (name, quantity) in enumerate(self.quantities.items()):
            kind = _BOOLEAN if quantity.switch else _DOUBLE
            metrics += _metric(name, alias, kind, self.take(now, name), quantity.number.units)
        say(f"spBv1.0/House/DBIRTH/{self.node}/{self.title}", self._payload(metrics))

    def report(self, now: float, say: Say) -> None:
        metrics = b""
        for alias, (name, quantity) in enumerate(self.quantities.items()):
            metrics += _metric("", alias, _BOOLEAN if quantity.switch else _DOUBLE, self.take(now, name))
        say(f"spBv1.0/House/DDATA/{self.node}/{self.title}", self._payload(metrics))

    def leave(self, say: Say) -> None:
        body = _field(1, _milliseconds()) + _metric("bdSeq", None, _INT64, float(self._births))
        say(f"spBv1.0/House/NDEATH/{self.node}", body)

    def _payload(self, metrics: bytes) -> bytes:
        self._seq, seq = (self._seq + 1) % 256, self._seq
        return _field(1, _milliseconds()) + metrics + _field(3, seq)


class Janitoo(Device):
    """A node of Janitoo."""

    dialect = "Janitoo"

    def build(self) -> None:
        self.title = f"0990/{self.random.randrange(10_000):04d}"
        self.climate()

    def announce(self, say: Say) -> None:
        say(f"/dhcp/heartbeat/{self.title}", "ONLINE")

    def report(self, now: float, say: Say) -> None:
        for name, value in self.take_all(now).items():
            datum = {
                "hadd": self.title,
                "uuid": name,
                "index": 0,
                "data": value,
                "genre": 2,
                "type": 3,
                "label": name.capitalize(),
                "units": self.quantities[name].number.units,
            }
            say(f"/values/user/{self.title}/{name}", json.dumps({"0": datum}))
        say(f"/dhcp/heartbeat/{self.title}", "ONLINE")

    def leave(self, say: Say) -> None:
        say(f"/dhcp/heartbeat/{self.title}", "OFFLINE")


# -- protobuf, as far as it is needed: https://protobuf.dev/programming-guides/encoding/ --------------


def _varint(number: int) -> bytes:
    found = bytearray()
    while True:
        number, low = number >> 7, number & 127
        found.append(low | (128 if number else 0))
        if not number:
            return bytes(found)


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    return _varint(number << 3) + _varint(value)


def _metric(name: str, alias: int | None, kind: int, value: float, units: str = "") -> bytes:
    body = _field(1, name.encode()) if name else b""
    if alias is not None:
        body += _field(2, alias)
    body += _field(3, _milliseconds()) + _field(4, kind)
    if units:
        text = _field(1, _STRING) + _field(8, units.encode())
        body += _field(9, _field(1, b"engUnit") + _field(2, text))
    if kind == _DOUBLE:
        body += _varint(13 << 3 | 1) + struct.pack("<d", value)
    else:
        body += _field(14 if kind == _BOOLEAN else 11, int(value))
    return _field(2, body)


def _milliseconds() -> int:
    return int(time.time() * 1000)
