"""Plain topics: one number or one boolean word per message."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.plain import make_decoder

TOPIC = "sensors/kitchen/temperature"


@pytest.mark.parametrize(
    ("topic", "payload", "number"),
    [
        ("shellies/shelly1pm-B8B0D6/relay/0/power", b"63.41", 63.41),
        ("shellies/shelly1pm-B8B0D6/relay/0/energy", b"1238", 1238.0),
        ("shellies/shelly1pm-B8B0D6/relay/0", b"on", 1.0),
        ("shellies/shelly1pm-B8B0D6/relay/0", b"off", 0.0),
        ("shellies/shelly1pm-B8B0D6/online", b"true", 1.0),
        ("shellies/shelly1pm-B8B0D6/online", b"false", 0.0),
        ("shellies/shellydw2-73E52A/sensor/state", b"open", 1.0),
        ("tele/plug/LWT", b"Online", 1.0),
        ("tele/plug/LWT", b"Offline", 0.0),
        ("stat/plug/POWER", b"ON", 1.0),
        ("esphome/door/status", b"offline", 0.0),
        (TOPIC, b"21.5", 21.5),
        (TOPIC, b"-3", -3.0),
        (TOPIC, b"+4", 4.0),
        (TOPIC, b".5", 0.5),
        (TOPIC, b"5.", 5.0),
        (TOPIC, b"1e3", 1000.0),
        (TOPIC, b"0", 0.0),
        (TOPIC, b"  21.5\r\n", 21.5),
        (TOPIC, b'"21.5"', 21.5),
        (TOPIC, b' "ON" ', 1.0),
        (TOPIC, b"CLOSED\n", 0.0),
        (TOPIC, b"0.1234567890123456789", 0.12345678901234568),
        (TOPIC, b"1e-400", 0.0),
    ],
)
def test_a_number_or_a_word_becomes_one_reading(topic: str, payload: bytes, number: float) -> None:
    assert make_decoder(Section("")).decode(topic, payload) == [Reading((topic, ""), number)]


@pytest.mark.parametrize(
    ("payload", "number", "units"),
    [
        ("21.5 °C", 21.5, "°C"),
        ("21.5°C", 21.5, "°C"),
        ("45%", 45.0, "%"),
        ("45 %", 45.0, "%"),
        ("-1013.2 hPa", -1013.2, "hPa"),
        ("1.2e3 kWh/m²", 1200.0, "kWh/m²"),
        ("5 l/min", 5.0, "l/min"),
        ('"7 µg/m³"', 7.0, "µg/m³"),
        ("3\tW\n", 3.0, "W"),
    ],
)
def test_a_unit_behind_the_number_is_kept(payload: str, number: float, units: str) -> None:
    assert make_decoder(Section("")).decode(TOPIC, payload.encode()) == [Reading((TOPIC, ""), number, None, Meta(units=units))]


def test_clearing_a_retained_message_logs_nothing() -> None:
    assert make_decoder(Section("")).decode(TOPIC, b"") == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"hello", "no_number"),
        (b" ", "no_number"),
        (b'""', "no_number"),
        (b'"', "no_number"),
        (b'""1""', "no_number"),
        (b"21,5", "no_number"),
        (b"1_000", "no_number"),
        (b"1_0 W", "no_number"),
        (b'"1_000"', "no_number"),
        (b"0x10", "no_number"),
        (b"1.2.3", "no_number"),
        (b"12:30", "no_number"),
        (b"2024-05-01", "no_number"),
        (b"192.168.1.2", "no_number"),
        (b"21.5 degrees Celsius", "no_number"),
        (b"21.5 <script>", "no_number"),
        (b"21.5 averyveryverylongunit", "no_number"),
        (b"1 2", "no_number"),
        (b"1\x00", "no_number"),
        (b"\x1c5", "no_number"),
        (b"\x1con", "no_number"),
        (b'"\x1fon"', "no_number"),
        (b"null", "no_number"),
        (b'{"a": 1}', "no_number"),
        ("٣".encode(), "no_number"),
        ("\uff11\uff12".encode(), "no_number"),
        ("\u00a04".encode(), "no_number"),
        (b"nan", "not_finite"),
        (b"NaN", "not_finite"),
        (b"-inf", "not_finite"),
        (b"Infinity", "not_finite"),
        (b"1e400", "not_finite"),
        (b"1e400 W", "not_finite"),
        (b"9" * 400, "not_finite"),
        (b"\xff\xfe", "not_utf8"),
        (b"1" * 1001, "too_large"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        make_decoder(Section("")).decode(TOPIC, payload)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 250


def test_options_for_json_are_refused_by_name() -> None:
    section = Section("decoder__bad", values={"value": "a.b", "time": "", "units": "u"}, places={"value": "x.conf:4"})
    with pytest.raises(ConfigError) as caught:
        make_decoder(section)
    assert [problem.option for problem in caught.value.problems] == ["value", "units"]
    assert "x.conf:4: [decoder__bad] value: is of no use with kind = plain" in str(caught.value)
