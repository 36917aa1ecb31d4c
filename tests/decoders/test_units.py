"""One label for each unit, and the rates of counts."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core.contracts import Meta
from janitoo_datalog_rrd.core.units import LARGE, RATES, rate_of
from janitoo_datalog_rrd.decoders.units import class_units, is_count, normal_units, with_rate


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("C", "°C"),
        (" °c ", "°C"),
        ("\N{DEGREE CELSIUS}", "°C"),
        ("Cel", "°C"),
        ("KWH", "kWh"),
        ("\N{GREEK SMALL LETTER MU}g/m3", "\N{MICRO SIGN}g/m³"),
        ("\N{OHM SIGN}", "\N{GREEK CAPITAL LETTER OMEGA}"),
        ("lux", "lx"),
        ("L/min", "l/min"),
        ("mbar", "hPa"),
        ("VAr", "var"),
        ("#", ""),
        ("None", ""),
        ("EUR", "€"),
        ("lqi", "lqi"),
        ("", ""),
    ],
)
def test_each_unit_has_one_label(given: str, label: str) -> None:
    assert normal_units(given) == label


@pytest.mark.parametrize("units", ["mW", "MW", "mWh", "MWh", "s", "S", "m", "h", "H", "B", "kB", "kbit", "MB", "Mbit", "d", "g"])
def test_units_that_differ_in_their_capitals_only_stay_apart(units: str) -> None:
    assert normal_units(units) == units


def test_what_may_be_either_of_two_units_stays_as_it_was_written() -> None:
    assert normal_units("mw") == "mw"


def test_units_that_nobody_knows_are_bounded() -> None:
    assert normal_units("x" * 500) == "x" * 40


def test_the_units_of_a_device_class_are_its_sensors() -> None:
    assert class_units("battery") == class_units("battery", "number") == "%"
    assert class_units("battery", "binary_sensor") == ""
    assert class_units("aqi") == class_units("nothing") == ""


def test_every_table_is_in_labels() -> None:
    devices = [class_units(each) for each in ("temperature", "pm25", "gas", "water", "wind_speed", "volume_flow_rate")]
    for label in [*devices, *LARGE - {"b/s", "bps", "Sv", "Sv/h", "Bq", "F", "H", "S", "N"}]:
        assert normal_units(label) == label, label
    for rate in RATES.values():
        assert normal_units(rate.units) in (rate.units, rate.units.lower()), rate


@pytest.mark.parametrize(
    ("state_class", "device_class", "units", "counted"),
    [
        ("total_increasing", "", "", True),
        ("total", "energy", "kWh", True),
        ("measurement", "energy", "kWh", False),
        ("total", "monetary", "€", False),
        ("", "energy", "", True),
        ("", "power", "W", False),
        ("", "", "kWh", True),
        ("", "", "m³", False),
    ],
)
def test_counts_are_known_by_what_is_said_of_them(state_class: str, device_class: str, units: str, counted: bool) -> None:
    assert is_count(state_class, device_class, units) is counted


@pytest.mark.parametrize(
    ("units", "shown", "factor"),
    [
        ("kWh", "W", 3.6e6),
        ("l", "l/min", 60),
        ("m³", "m³/h", 3600),
        ("mm", "mm/h", 3600),
        ("€", "€/h", 3600),
        ("s", "%", 100),
        ("", "/s", 1),
        ("drops", "drops/s", 1),
    ],
)
def test_a_rate_is_shown_in_what_people_call_it(units: str, shown: str, factor: float) -> None:
    assert (rate_of(units).units, rate_of(units).factor) == (shown, factor)


def test_a_count_has_its_level_and_its_rate() -> None:
    meta = Meta("Energy", "kWh", "plugs/1", uid="1/energy", hold=60.0)
    level, rate = with_rate(("plugs/1", "ENERGY.Total"), 12.5, 1e9, meta)
    assert level == (("plugs/1", "ENERGY.Total"), 12.5, 1e9, meta)
    assert rate.key == ("plugs/1", "ENERGY.Total.rate")
    assert rate.meta == Meta("Energy rate", "kWh", "plugs/1", "DERIVE", "1/energy/rate", 60.0)
    again = with_rate(("plugs/1", "ENERGY.Total"), 13.0, None, meta)[1]
    assert again.meta is rate.meta, "the store looks closer only at what is new"
    assert with_rate(("plugs/1", ""), 1.0, None, Meta())[1].key == ("plugs/1", "rate")
