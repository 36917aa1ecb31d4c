"""Packs of SenML: the examples of RFC 8428, and a device at Magistrala."""

from __future__ import annotations

import json

from .cases import Case, Expected

_RFC = "https://www.rfc-editor.org/rfc/rfc8428.html#section-5.1"
_OW = "urn:dev:ow:10e2073a0108006:"
_ONE = "urn:dev:ow:10e2073a01080063"
_CHANNEL = "channels/bcafa7d1-2a5a-4b5c-a4cd-a1a8f4e5a5a5/messages"
_SERIES = _CHANNEL.replace("/", ".")


def _pack(*records: dict[str, object]) -> str:
    return json.dumps(records)


CASES = [
    Case(
        "RFC 8428 5.1.1, single datapoint",
        _RFC,
        (("senml/one", _pack({"n": _ONE, "u": "Cel", "v": 23.1})),),
        (Expected("senml.one.urn_dev_ow_10e2073a01080063", "Temperature", "°C", 23.1, "ow:10e2073a01080063"),),
    ),
    Case(
        "RFC 8428 5.1.2, multiple datapoints, and a pack of a minute later",
        _RFC,
        (
            (
                "senml/two",
                _pack(
                    {"bn": _OW, "bt": 1.276020076001e09, "bu": "A", "bver": 5, "n": "voltage", "u": "V", "v": 120.1},
                    {"n": "current", "t": -5, "v": 1.2},
                    {"n": "current", "t": -4, "v": 1.3},
                    {"n": "current", "t": -3, "v": 1.4},
                    {"n": "current", "v": 1.7},
                ),
            ),
        ),
        (
            Expected("senml.two.urn_dev_ow_10e2073a0108006_voltage", "voltage", "V", 120.1, "ow:10e2073a0108006", 1276020076.001),
            Expected("senml.two.urn_dev_ow_10e2073a0108006_current", "current", "A", 1.7, "ow:10e2073a0108006", 1276020076.001),
        ),
    ),
    Case(
        "RFC 8428 5.1.4, several quantities under one name, a position among them",
        _RFC,
        (
            (
                "senml/four",
                _pack(
                    {"bn": _ONE, "bt": 1.320067464e09, "bu": "%RH", "v": 20},
                    {"u": "lon", "v": 24.30621},
                    {"u": "lat", "v": 60.07965},
                    {"t": 60, "v": 20.3},
                    {"u": "lon", "t": 60, "v": 24.30622},
                    {"u": "lat", "t": 60, "v": 60.07965},
                    {"t": 120, "v": 20.7},
                    {"u": "%EL", "t": 150, "v": 98},
                    {"t": 180, "v": 21.2},
                ),
            ),
        ),
        (
            Expected("senml.four.urn_dev_ow_10e2073a01080063", "Humidity", "%", 21.2, "ow:10e2073a01080063", 1320067644),
            Expected("senml.four.urn_dev_ow_10e2073a01080063._EL", "Battery", "%", 98, "ow:10e2073a01080063", 1320067614),
        ),
    ),
    Case(
        "RFC 8428 5.1.5, collection of resources, and 5.1.6, texts and booleans",
        _RFC,
        (
            (
                "senml/home",
                _pack(
                    {"bn": "2001:db8::2/", "bt": 1.320078429e09, "n": "temperature", "u": "Cel", "v": 27.2},
                    {"n": "humidity", "u": "%RH", "v": 80},
                ),
            ),
            (
                "senml/lock",
                _pack(
                    {"bn": "urn:dev:ow:10e2073a01080063:", "n": "temp", "u": "Cel", "v": 23.1},
                    {"n": "label", "vs": "Machine Room"},
                    {"n": "open", "vb": False},
                    {"n": "nfc-reader", "vd": "aGkgCg"},
                ),
            ),
        ),
        (
            Expected("senml.home.2001_db8__2_temperature", "temperature", "°C", 27.2, "2001:db8::2", 1320078429),
            Expected("senml.home.2001_db8__2_humidity", "humidity", "%", 80, "2001:db8::2", 1320078429),
            Expected("senml.lock.urn_dev_ow_10e2073a01080063_temp", "temp", "°C", 23.1, "ow:10e2073a01080063"),
            Expected("senml.lock.urn_dev_ow_10e2073a01080063_open", "open", "", 0, "ow:10e2073a01080063"),
        ),
    ),
    Case(
        "a meter at Magistrala, with a sum",
        "https://docs.magistrala.abstractmachines.fr/messaging/",
        (
            (
                _CHANNEL,
                _pack(
                    {"bn": "meter-1:", "bt": 1709218556.0, "bu": "W", "n": "power", "v": 230.5, "s": 1200.0},
                    {"n": "humidity", "u": "%RH", "t": -2, "v": 41.5, "ut": 120},
                ),
            ),
        ),
        (
            Expected(f"{_SERIES}.meter-1_power", "power", "W", 230.5, "meter-1", 1709218556),
            Expected(f"{_SERIES}.meter-1_power.sum", "power sum", "J", 1200, "meter-1", 1709218556),
            Expected(f"{_SERIES}.meter-1_power.sum.rate", "power sum rate", "J", 1200, "meter-1", 1709218556, "DERIVE"),
            Expected(f"{_SERIES}.meter-1_humidity", "humidity", "%", 41.5, "meter-1", 1709218554),
        ),
    ),
]  # fmt: skip
