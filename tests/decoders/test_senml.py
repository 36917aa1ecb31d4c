"""SenML: base values, times, sums, units, devices, what is refused."""

from __future__ import annotations

import json

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.decoders.senml import SenmlDecoder

TOPIC = "senml/x"
NOW = 1_706_955_630.0


def read(*records: dict[str, object], decoder: SenmlDecoder | None = None) -> list[Reading]:
    return (decoder or SenmlDecoder(lambda: NOW)).decode(TOPIC, json.dumps(records).encode())


def values(readings: list[Reading]) -> list[tuple[str, float]]:
    return [(reading.key[1], reading.value) for reading in readings]


def test_base_fields_count_from_their_record_on() -> None:
    readings = read(
        {"bn": "dev/", "bu": "W", "bv": 100, "n": "a", "v": 1},
        {"n": "b", "u": "V", "v": 2},
        {"bn": "other/", "bv": 0, "n": "a", "v": 3},
    )
    assert values(readings) == [("dev/a", 101.0), ("dev/b", 102.0), ("other/a", 3.0)]
    assert [reading.meta.units for reading in readings] == ["W", "V", "W"]
    assert [reading.meta.node for reading in readings] == ["senml/dev", "senml/dev", "senml/other"]


@pytest.mark.parametrize(
    ("base", "own", "seconds"),
    [
        (None, None, None),
        (0, 0, None),
        (None, -10, NOW - 10),
        (-5, -10, NOW - 15),
        (1.5e9, None, 1.5e9),
        (1.5e9, -10, 1.5e9 - 10),
        (None, 1.5e9, 1.5e9),
        (None, 2**28, None),
    ],
)
def test_small_times_are_relative_to_now(base: float | None, own: float | None, seconds: float | None) -> None:
    record = {"n": "a", "v": 1, **({} if base is None else {"bt": base}), **({} if own is None else {"t": own})}
    if own == 2**28:  # it is of 1978, and no file takes that
        with pytest.raises(DecodeError) as caught:
            read(record)
        assert caught.value.reason == "bad_time"
        return
    (reading,) = read(record)
    assert reading.timestamp == seconds


def test_booleans_are_numbers_and_texts_and_data_are_not() -> None:
    assert values(read({"n": "a", "vb": True}, {"n": "b", "vb": False}, {"n": "c", "vs": "21"}, {"n": "d", "vd": "MQ"})) == [
        ("a", 1.0),
        ("b", 0.0),
    ]


def test_a_sum_has_a_level_and_a_rate_beside_the_value() -> None:
    readings = read({"bs": 1000, "n": "a", "u": "W", "v": 5, "s": 10})
    assert [(each.key[1], each.value, each.meta.units, each.meta.ds_type) for each in readings] == [
        ("a", 5.0, "W", ""),
        ("a.sum", 1010.0, "J", ""),
        ("a.sum.rate", 1010.0, "J", "DERIVE"),
    ]
    assert [each.meta.units for each in read({"n": "a", "u": "Cel", "s": 10})] == ["°C·s", "°C·s"]


def test_the_time_until_the_next_record_is_how_long_a_number_stands() -> None:
    decoder = SenmlDecoder(lambda: NOW)
    metas = [read({"n": "a", "v": 1, **said}, decoder=decoder)[0].meta for said in ({}, {"ut": 120}, {"ut": 90.5}, {})]
    assert [meta.hold for meta in metas] == [0.0, 128.0, 128.0, 128.0]
    assert metas[1] is metas[2]
    for said, hold in ((1e300, 2.0**25), (-5, 0.0), (0.001, 1.0)):
        (reading,) = read({"n": "a", "v": 1, "ut": said})
        assert reading.meta.hold == hold


@pytest.mark.parametrize(
    ("unit", "units"),
    [
        ("Cel", "°C"), ("%RH", "%"), ("%EL", "%"), ("/", ""), ("count", ""), ("lx", "lx"), ("Ohm", "Ω"), ("m3", "m³"),
        ("m3/s", "m³/s"), ("W/m2", "W/m²"), ("ug/m3", "µg/m³"), ("kWh", "kWh"), ("dBm", "dBm"), ("l", "l"), ("mm/h", "mm/h"),
    ],
)  # fmt: skip
def test_units_of_the_registry_are_shown_as_people_write_them(unit: str, units: str) -> None:
    (reading,) = read({"n": "a", "u": unit, "v": 1})
    assert reading.meta.units == units


@pytest.mark.parametrize(
    ("base", "name", "meta"),
    [
        ("", "temp", Meta("temp", "°C")),
        ("room/", "temp", Meta("temp", "°C", "senml/room")),
        ("room/temp", "", Meta("Temperature", "°C", "senml/room/temp")),
        (
            "",
            "urn:dev:mac:0024befffe804ff1",
            Meta("Temperature", "°C", "senml/urn:dev:mac:0024befffe804ff1", uid="urn:dev:mac:0024befffe804ff1"),
        ),
        (
            "urn:dev:mac:0024befffe804ff1_",
            "temp",
            Meta("temp", "°C", "senml/urn:dev:mac:0024befffe804ff1", uid="urn:dev:mac:0024befffe804ff1_temp"),
        ),
        (
            "urn:dev:ow:10e2073a01080063:",
            "temp",
            Meta("temp", "°C", "senml/urn:dev:ow:10e2073a01080063", uid="urn:dev:ow:10e2073a01080063:temp"),
        ),
    ],
)
def test_a_name_says_which_device_it_is_of(base: str, name: str, meta: Meta) -> None:
    record = {"n": name, "u": "Cel", "v": 1, **({"bn": base} if base else {})}
    (reading,) = read({key: each for key, each in record.items() if each != ""})
    assert reading.meta == meta
    (resolved,) = read({"n": base + name, "u": "Cel", "v": 1})
    assert resolved.key == reading.key


def test_several_quantities_of_one_name_are_not_mixed() -> None:
    decoder = SenmlDecoder(lambda: NOW)
    for _ in range(2):
        assert values(
            read({"bn": "x", "bu": "%RH", "v": 20}, {"u": "%EL", "v": 98}, {"u": "lat", "v": 60.1}, decoder=decoder)
        ) == [
            ("x", 20.0),
            ("x.%EL", 98.0),
        ]


def test_one_meta_is_made_for_a_value() -> None:
    decoder = SenmlDecoder(lambda: NOW)
    first, second = (read({"n": "a", "v": 1}, decoder=decoder)[0].meta for _ in range(2))
    assert first is second


def test_cbor_is_told_and_not_read() -> None:
    decoder, directory = SenmlDecoder(lambda: NOW), Directory(NodeRegistry())
    decoder.join(directory)
    assert decoder.decode(TOPIC, bytes.fromhex("81a20061740 2fa41bc0000".replace(" ", ""))) == []
    assert "CBOR" in directory.notes[0].what
    assert decoder.decode(TOPIC, b"\x81hello") == []
    assert len(directory.notes) == 1


@pytest.mark.parametrize(
    "payload", [b"", b"21.5", b"on", b"[]", b"[1, 2]", b'{"temperature": 21.5}', b'[{"n": "a"}]', b'{"value": 1}', b"null"]
)
def test_what_is_no_pack_logs_nothing(payload: bytes) -> None:
    assert SenmlDecoder().decode(TOPIC, payload) == []


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"v": 1}, "bad_name"),
        ({"bn": "x" * (1 << 20), "v": 1}, "too_large"),
        ({"bn": "x" * 301, "v": 1}, "bad_name"),
        ({"bn": "x" * 200, "n": "y" * 200, "v": 1}, "bad_name"),
        ({"n": 5, "v": 1}, "bad_record"),
        ({"n": "a", "v": "1"}, "bad_record"),
        ({"n": "a", "v": True}, "bad_record"),
        ({"n": "a", "v": 1, "new_": 1}, "bad_record"),
        ({"bver": 11, "n": "a", "v": 1}, "new_version"),
        ({"n": "a", "v": 1, "t": 1e300}, "bad_time"),
    ],
)
def test_a_broken_pack_is_refused_with_its_reason(record: dict[str, object], reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read(record)
    assert caught.value.reason == reason


def test_too_many_records_are_refused() -> None:
    for records, reason in ((1001, "too_many"), (10_001, "too_many")):
        with pytest.raises(DecodeError) as caught:
            read(*({"n": f"a{number}", "v": 1} for number in range(records)))
        assert caught.value.reason == reason


def test_numbers_that_are_too_large_are_left_out() -> None:
    assert values(read({"n": "a", "v": 10**400}, {"n": "b", "v": 1})) == [("b", 1.0)]
    assert values(read({"n": "a", "bv": 1.7e308, "v": 1.7e308}, {"n": "b", "bv": 0, "v": 1})) == [("b", 1.0)]
