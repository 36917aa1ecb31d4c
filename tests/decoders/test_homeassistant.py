"""What devices announce for Home Assistant is learnt, and the messages that it leads to are read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.contracts import Key, Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders import ha_values
from janitoo_datalog_rrd.decoders.ha_words import ABBREVIATIONS, QUANTITIES, SHARED
from janitoo_datalog_rrd.decoders.homeassistant import MAX_CONFIG, MAX_MESSAGE, HomeAssistantDecoder, make_decoder

DEVICE = {"ids": ["k1"], "name": "Kitchen", "sa": "Ground floor"}
SENSOR = {"name": "Temperature", "stat_t": "k/state", "val_tpl": "{{ value_json.t }}", "uniq_id": "k1_t", "dev": DEVICE}


class Bus:
    """A decoder with its directory, spoken to as the bus does."""

    def __init__(self, *topics: str) -> None:
        self.directory = Directory(NodeRegistry())
        decoder = make_decoder(Section("decoder__x", {"topics": topics}))
        assert isinstance(decoder, HomeAssistantDecoder)
        self.decoder = decoder
        self.decoder.join(self.directory)

    def announce(self, place: str, config: Any = b"", **more: object) -> None:
        payload = config if isinstance(config, bytes) else json.dumps({**config, **more}).encode()
        assert self.decoder.decode(f"homeassistant/{place}/config", payload) == []

    def hear(self, topic: str, payload: Any) -> list[Reading]:
        raw = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        return self.decoder.decode(topic, raw)

    def numbers(self, topic: str, payload: Any) -> dict[Key, float]:
        readings = self.hear(topic, payload)
        assert len({each.key for each in readings}) == len(readings)
        return {each.key: each.value for each in readings}

    @property
    def notes(self) -> dict[str, str]:
        return {note.place: note.what for note in self.directory.notes}

    @property
    def described(self) -> set[Key]:
        return set(self.directory._described)


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    decoder, directory = bus.decoder, bus.directory
    for topic in list(decoder._announced) + list(decoder._noted):
        decoder.decode(topic, b"")
    # whatever a test has announced, nothing is left of it when it is taken back
    assert dict(decoder.counts()) | {"values left out": 0} == dict.fromkeys(dict(decoder.counts()), 0)
    assert not directory.claimed
    assert not bus.described
    assert not directory.nodes.all()
    assert not directory.notes
    for part in (decoder._values, decoder._house):
        assert not [name for name, held in vars(part).items() if isinstance(held, dict) and held]
    assert not decoder._announced
    assert not decoder._noted


def test_an_entity_has_name_units_device_and_identity(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, dev_cla="temperature", exp_aft=300, name="Kitchen temperature")
    (reading,) = bus.hear("k/state", {"t": 21.5, "other": 3})
    assert reading.key == ("k/state", "t")
    assert reading.value == 21.5
    meta = reading.meta
    assert (meta.label, meta.units, meta.node, meta.uid, meta.hold) == ("temperature", "°C", "homeassistant/k1", "k1_t", 300.0)
    (again,) = bus.hear("k/state", {"t": 22})
    assert again.meta is meta
    (node,) = bus.directory.nodes.all()
    assert (node.name, node.location) == ("Kitchen", "Ground floor")
    assert list(bus.directory.claimed) == ["k/state"]
    assert bus.directory.reader_of("k/state") is bus.decoder


def test_who_else_reads_the_topic_gets_names_and_units(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, unit_of_meas="C")
    dressed = bus.directory.dress(Reading(("k/state", "t"), 21.5))
    assert (dressed.meta.label, dressed.meta.units, dressed.meta.uid, dressed.meta.node) == ("Temperature", "°C", "k1_t", "")
    assert not bus.directory.nodes.all()  # the other dialect knows the device, or nobody has to


def test_a_device_stands_on_the_dashboard_once_it_has_a_number(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.hear("k/state", {"t": "warm"})
    assert not bus.directory.nodes.all()
    bus.hear("k/state", {"t": 1})
    assert [node.hadd for node in bus.directory.nodes.all()] == ["homeassistant/k1"]


def test_all_entities_of_a_topic_are_read_from_one_message(bus: Bus) -> None:
    for name in ("a", "b", "c"):
        bus.announce(f"sensor/k1/{name}", SENSOR, val_tpl=f"{{{{ value_json.{name} }}}}", uniq_id=name)
    assert bus.numbers("k/state", {"a": 1, "b": "2.5", "c": "on"}) == {
        ("k/state", "a"): 1.0,
        ("k/state", "b"): 2.5,
        ("k/state", "c"): 1.0,
    }


@pytest.mark.parametrize("state_class", ["total", "total_increasing"])
def test_a_count_has_its_rate_beside_it(bus: Bus, state_class: str) -> None:
    bus.announce("sensor/k1/e", SENSOR, stat_cla=state_class, unit_of_meas="kWh", lrst_val_tpl="{{ value_json.since }}")
    level, rate = bus.hear("k/state", {"t": 5, "since": "2024-01-01T00:00:00"})
    assert (level.key, level.meta.ds_type) == (("k/state", "t"), "GAUGE")
    assert (rate.key, rate.meta.ds_type) == (("k/state", "t.rate"), "DERIVE")
    assert rate.meta.uid == "k1_t/rate"
    assert bus.hear("k/state", {"t": 6})[1].meta is rate.meta


def test_base_topic_and_abbreviations_are_written_out(bus: Bus) -> None:
    bus.announce("sensor/x", {"~": "deep/er", "stat_t": "~/state", "name": "a"})
    bus.announce("sensor/y", {"~": "deep/er", "state_topic": "before/~", "name": "b", "avty": {"t": "~/lwt"}})
    bus.announce("sensor/z", {"state_topic": "~/literally", "name": "c", "avty": [{"topic": "~"}]})
    assert set(bus.directory.claimed) == {"deep/er/state", "before/deep/er", "deep/er/lwt", "~/literally", "~"}


def test_every_option_that_is_read_is_known_by_its_short_name() -> None:
    read = {option for quantities in QUANTITIES.values() for each in quantities for option in (each.topic, each.template)}
    # as in the documentation: these have none
    unabbreviated = {"", "position_template", "color_temp_template"} - set(ABBREVIATIONS.values())
    assert read - set(ABBREVIATIONS.values()) <= unabbreviated
    assert set(SHARED) <= set(ABBREVIATIONS.values())


@pytest.mark.parametrize("base", [{}, {"~": "k"}])
def test_a_device_announces_its_components_at_once(bus: Bus, base: dict[str, str]) -> None:
    topic = "~/state" if base else "k/state"
    parts: dict[str, Any] = {
        "t": {"p": "sensor", "val_tpl": "{{ value_json.t }}", "uniq_id": "k_t", "dev_cla": "temperature"},
        "relay": {"platform": "switch", "value_template": "{{ value_json.r }}", "unique_id": "k_r", "name": "Relay"},
        "own": {"p": "sensor", "stat_t": topic.replace("state", "own"), "uniq_id": "k_o", "name": "Own"},
        "button": {"p": "button", "cmd_t": "k/press", "uniq_id": "k_b"},
    }
    config = {**base, "dev": DEVICE, "o": {"name": "x"}, "cmps": parts, "stat_t": topic, "avty_t": "k/lwt"}
    bus.announce("device/k1", config)
    assert bus.numbers("k/state", {"t": 20, "r": "ON"}) == {("k/state", "t"): 20.0, ("k/state", "r"): 1.0}
    assert bus.numbers("k/own", "7") == {("k/own", ""): 7.0}
    bus.announce("device/k1", {**config, "cmps": {**parts, "t": {"p": "sensor"}}})
    assert bus.numbers("k/state", {"t": 20, "r": "OFF"}) == {("k/state", "r"): 0.0}


def test_entities_that_have_no_numbers_are_left_alone(bus: Bus) -> None:
    for component in ("button", "update", "lock", "select", "text", "event", "device_tracker", "camera", "tag", "nonsense"):
        bus.announce(f"{component}/x", SENSOR)
    for device_class in ("timestamp", "date", "enum"):
        bus.announce(f"sensor/{device_class}", SENSOR, dev_cla=device_class)
    bus.announce("sensor/none", {"name": "no topic"})
    assert not bus.directory.claimed
    assert not bus.notes


def test_one_that_is_disabled_is_described_and_not_read(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, en=False)
    assert not bus.directory.claimed
    assert bus.described == {("k/state", "t")}
    bus.announce("sensor/k1/u", SENSOR, val_tpl="{{ value_json.u }}", uniq_id="u")
    assert bus.numbers("k/state", {"t": 1, "u": 2}) == {("k/state", "u"): 2.0}


@pytest.mark.parametrize(
    ("component", "config", "message", "number"),
    [
        ("binary_sensor", {}, "ON", 1.0),
        ("binary_sensor", {}, "on", None),
        ("binary_sensor", {"pl_on": "open", "pl_off": "shut"}, "shut", 0.0),
        ("binary_sensor", {"pl_on": True, "pl_off": False, "val_tpl": "{{ value_json.t }}"}, {"t": True}, 1.0),
        ("binary_sensor", {"pl_on": False, "pl_off": True, "val_tpl": "{{ value_json.t }}"}, {"t": True}, 0.0),
        ("binary_sensor", {"pl_on": 1, "pl_off": 0, "val_tpl": "{{ value_json.t | int }}"}, {"t": 0}, 0.0),
        ("switch", {"pl_on": "TURN_ON", "stat_on": "is_on", "stat_off": "is_off"}, "is_off", 0.0),
        ("switch", {"pl_on": "yes", "pl_off": "no"}, "yes", 1.0),
        ("sensor", {}, "unavailable", None),
        ("sensor", {}, "", None),
        ("sensor", {}, "nan", None),
        ("number", {}, "12", 12.0),
        ("cover", {}, "open", 1.0),
        ("cover", {"stat_clsd": "down"}, "down", 0.0),
        ("cover", {}, "opening", None),
        ("valve", {}, "closed", 0.0),
        ("valve", {"pos": True}, "40", 40.0),
        ("siren", {}, "ON", 1.0),
        ("vacuum", {}, {"battery_level": 61, "state": "docked"}, 61.0),
    ],
)
def test_each_kind_of_entity_is_read_as_it_says(
    bus: Bus, component: str, config: Any, message: Any, number: float | None
) -> None:
    bus.announce(f"{component}/x", {"stat_t": "x", "name": "x", **config})
    readings = bus.hear("x", message)
    assert [each.value for each in readings] == ([] if number is None else [number])


def test_what_says_that_it_is_unknown_is_so(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    assert bus.hear("k/state", {"t": None}) == []  # it never had a number
    bus.hear("k/state", {"t": 4})
    (reading,) = bus.hear("k/state", {"t": None})
    assert math.isnan(reading.value)
    assert bus.hear("k/state", {"t": None}) == []


# -- keys ------------------------------------------------------------------------------------------------


def test_a_template_that_computes_takes_the_place_of_its_number(bus: Bus) -> None:
    bus.announce("sensor/k1/f", SENSOR, val_tpl="{{ (value_json.t * 1.8 + 32) | round(1) }}")
    assert bus.numbers("k/state", {"t": 20}) == {("k/state", "t"): 68.0}
    assert not bus.described  # others would read another number there


def test_two_numbers_of_one_place_have_two_names(bus: Bus) -> None:
    bus.announce("sensor/k1/c", SENSOR)
    bus.announce("sensor/k1/temp_f", SENSOR, val_tpl="{{ (value_json.t * 1.8 + 32) | round(1) }}", uniq_id="f")
    bus.announce("binary_sensor/k1/temp_f", SENSOR, val_tpl="{{ value_json.t > 10 }}", uniq_id="h", pl_on="True", pl_off="False")
    assert bus.numbers("k/state", {"t": 20}) == {
        ("k/state", "t"): 20.0,
        ("k/state", "temp_f"): 68.0,
        ("k/state", "binary_sensor.temp_f"): 1.0,
    }


def test_one_that_computes_from_several_places_has_its_object_id(bus: Bus) -> None:
    bus.announce("sensor/k1/power", SENSOR, val_tpl="{{ value_json.u * value_json.i }}")
    assert bus.numbers("k/state", {"u": 230, "i": 2}) == {("k/state", "power"): 460.0}


def test_one_number_of_two_devices_is_logged_once_and_told(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.announce("sensor/k2/t", SENSOR, uniq_id="other", dev={"ids": ["k2"]}, name="Stolen")
    assert bus.numbers("k/state", {"t": 20}) == {("k/state", "t"): 20.0}
    assert "logged once" in bus.notes["homeassistant/sensor/k2/t/config Stolen"]
    bus.announce("sensor/k1/t")
    (reading,) = bus.hear("k/state", {"t": 21})
    assert reading.meta.uid == "other"


def test_the_same_number_of_one_device_is_no_trouble(bus: Bus) -> None:
    climate = {"curr_temp_t": "k/state", "curr_temp_tpl": "{{ value_json['t'] }}", "uniq_id": "k1_c", "dev": DEVICE}
    bus.announce("climate/k1/c", climate)
    bus.announce("sensor/k1/t", SENSOR)
    assert bus.numbers("k/state", {"t": 20}) == {("k/state", "t"): 20.0}
    assert not bus.notes


# -- identity --------------------------------------------------------------------------------------------


def test_an_entity_that_moves_takes_its_identity_along(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.announce("sensor/kitchen/t", SENSOR, stat_t="kitchen/state")
    assert list(bus.directory.claimed) == ["kitchen/state"]
    assert bus.hear("k/state", {"t": 1}) == []
    assert bus.hear("kitchen/state", {"t": 1})[0].meta.uid == "k1_t"
    bus.announce("sensor/k1/t")  # its old announcement is cleared only now
    assert bus.numbers("kitchen/state", {"t": 2}) == {("kitchen/state", "t"): 2.0}
    assert not bus.notes


def test_another_announcement_of_the_same_entity_changes_nothing(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    version = bus.directory.version
    bus.announce("sensor/k1_t", SENSOR)
    bus.announce("sensor/k1/t")
    assert bus.directory.version == version
    assert bus.numbers("k/state", {"t": 2}) == {("k/state", "t"): 2.0}


def test_two_devices_with_one_identity_are_logged_both(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.announce("sensor/k2/t", SENSOR, stat_t="k2/state", dev={"ids": ["k2"]})
    assert bus.hear("k/state", {"t": 1})[0].meta.uid == "k1_t"
    assert bus.hear("k2/state", {"t": 1})[0].meta.uid == ""
    assert "unique_id" in bus.notes["homeassistant/sensor/k2/t/config Temperature"]


def test_entities_of_one_device_know_each_other_by_any_identifier(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, dev={"ids": ["k1", "serial"], "cns": [["mac", "aa:bb"]], "name": "Kitchen"})
    bus.announce("sensor/k1/u", SENSOR, uniq_id="u", val_tpl="{{ value_json.u }}", dev={"cns": [["mac", "aa:bb"]]})
    assert {each.meta.node for each in bus.hear("k/state", {"t": 1, "u": 2})} == {"homeassistant/k1"}
    assert [node.name for node in bus.directory.nodes.all()] == ["Kitchen"]


def test_a_migration_leaves_no_gap(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.announce("sensor/k1/t", {"migrate_discovery": True})
    assert bus.numbers("k/state", {"t": 1}) == {("k/state", "t"): 1.0}
    bus.announce("device/k1", {"dev": DEVICE, "cmps": {"t": {**SENSOR, "p": "sensor"}}})
    bus.announce("sensor/k1/t")
    assert bus.numbers("k/state", {"t": 2}) == {("k/state", "t"): 2.0}
    assert not bus.notes


def test_an_announcement_that_changes_is_taken_over(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    bus.announce("sensor/k1/t", SENSOR, val_tpl="{{ value_json.u }}", name="Other")
    (reading,) = bus.hear("k/state", {"t": 1, "u": 2})
    assert (reading.key, reading.meta.label) == (("k/state", "u"), "Other")
    version = bus.directory.version
    bus.announce("sensor/k1/t", SENSOR, val_tpl="{{ value_json.u }}", name="Other")
    assert bus.directory.version == version


# -- availability ----------------------------------------------------------------------------------------


def test_what_is_gone_is_unknown_and_not_logged(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, avty_t="k/lwt", stat_cla="total", unit_of_meas="l")
    bus.announce("sensor/k1/u", SENSOR, avty_t="k/lwt", uniq_id="u", val_tpl="{{ value_json.u }}")
    assert set(bus.directory.claimed) == {"k/state", "k/lwt"}
    bus.hear("k/state", {"t": 1})
    gone = bus.hear("k/lwt", "offline")
    assert [(each.key[1], math.isnan(each.value)) for each in gone] == [("t", True), ("t.rate", True)]
    assert not bus.directory.nodes.all()[0].online
    assert bus.hear("k/lwt", "offline") == []
    assert bus.hear("k/state", {"t": 2}) == []
    assert bus.hear("k/lwt", "online") == []
    assert bus.directory.nodes.all()[0].state == "ONLINE"
    assert len(bus.hear("k/state", {"t": 3, "u": 1})) == 3


@pytest.mark.parametrize(
    ("mode", "said", "there"),
    [
        ("latest", "a+ b-", False),
        ("latest", "b- a+", True),
        ("all", "a+", True),
        ("all", "a+ b-", False),
        ("all", "b- a+", False),
        ("all", "b- a+ b+", True),
        ("any", "a- b+", True),
        ("any", "a-", True),  # of the other one nothing is known yet
        ("any", "a- b-", False),
        ("nonsense", "a+ b-", False),
    ],
)
def test_several_topics_say_together_whether_it_is_there(bus: Bus, mode: str, said: str, there: bool) -> None:
    topics = [{"t": "a", "pl_avail": "+", "pl_not_avail": "-"}, {"topic": "b", "val_tpl": "{{ value_json.s }}"}]
    bus.announce("sensor/k1/t", SENSOR, avty=topics, avty_mode=mode)
    for each in said.split():
        if each[0] == "a":
            bus.hear("a", each[1])
        else:
            bus.hear("b", {"s": "online" if each[1] == "+" else "offline"})
    assert bool(bus.hear("k/state", {"t": 1})) is there


def test_a_device_is_there_while_any_of_its_entities_is(bus: Bus) -> None:
    for name in ("a", "b"):
        config = {**SENSOR, "uniq_id": name, "avty_t": f"k/{name}", "val_tpl": f"{{{{ value_json.{name} }}}}"}
        bus.announce(f"sensor/k1/{name}", config)
    bus.hear("k/state", {"a": 1, "b": 2})
    bus.hear("k/a", "online")
    bus.hear("k/b", "offline")
    assert bus.directory.nodes.all()[0].online
    assert bus.numbers("k/state", {"a": 1, "b": 2}) == {("k/state", "a"): 1.0}
    bus.hear("k/a", "offline")
    assert not bus.directory.nodes.all()[0].online


def test_off_delay_says_how_long_on_stands(bus: Bus) -> None:
    bus.announce("binary_sensor/k1/m", SENSOR, val_tpl="", off_dly=30)
    (reading,) = bus.hear("k/state", "ON")
    assert (reading.value, reading.meta.hold) == (1.0, 30.0)


# -- trouble ---------------------------------------------------------------------------------------------


def test_a_template_that_is_not_supported_is_told(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, val_tpl="{{ states('sensor.x') }}")
    assert "states()" in bus.notes["homeassistant/sensor/k1/t/config Temperature"]
    assert dict(bus.decoder.counts())["values left out"] == 1
    assert not bus.directory.claimed
    bus.announce("sensor/k1/t", SENSOR)
    assert not bus.notes


def test_a_template_for_what_another_dialect_reads_is_no_trouble(bus: Bus) -> None:
    bus.directory.forms = ("zigbee2mqtt/#",)
    bus.announce("sensor/k1/t", SENSOR, stat_t="zigbee2mqtt/k", val_tpl="{{ as_timestamp(value_json.last_seen) }}")
    assert not bus.notes


def test_a_topic_that_cannot_be_subscribed_is_told(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.directory, "claim", lambda topic, decoder: False)
    bus.announce("sensor/k1/t", SENSOR)
    assert "k/state cannot be subscribed" in bus.notes["homeassistant/sensor/k1/t/config Temperature"]


def test_topics_with_wildcards_are_told_once(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, stat_t="+/+/BTtoMQTT/AABBCC")
    bus.announce("sensor/k2/t", SENSOR, stat_t="+/+/BTtoMQTT/DDEEFF")
    assert list(bus.notes) == ["topics with wildcards"]
    assert not bus.directory.claimed
    bus.announce("sensor/k1/t")
    assert bus.notes
    bus.announce("sensor/k2/t")
    assert not bus.notes


def test_whether_it_is_there_is_asked_for_first(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR, avty=[{"t": "z"}, {"t": "a"}])
    assert list(bus.directory.claimed) == ["z", "a", "k/state"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"[1]", "bad_shape"),
        (b"1", "bad_shape"),
        (b"{", "not_json"),
        (b"\xff", "not_utf8"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep"),
        (b'{"a": "' + b"x" * MAX_CONFIG + b'"}', "too_large"),
    ],
)
def test_an_announcement_that_is_none_changes_nothing(bus: Bus, payload: bytes, reason: str) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    with pytest.raises(DecodeError) as caught:
        bus.decoder.decode("homeassistant/sensor/k1/t/config", payload)
    assert caught.value.reason == reason
    assert bus.numbers("k/state", {"t": 1}) == {("k/state", "t"): 1.0}


def test_messages_that_are_none_of_ours_have_no_numbers(bus: Bus) -> None:
    bus.announce("sensor/k1/t", SENSOR)
    assert bus.decoder.decode("k/state", b"\xff\xd8\xff") == []
    assert bus.decoder.decode("k/state", b"{") == []
    assert bus.decoder.decode("k/state", b"[1]") == []
    assert bus.decoder.decode("k/other", b"1") == []
    assert bus.decoder.decode("k/other/config", b"{") == []
    assert bus.decoder.decode("homeassistant/status", b"online") == []
    with pytest.raises(DecodeError) as caught:
        bus.decoder.decode("k/state", b" " * (MAX_MESSAGE + 1))
    assert caught.value.reason == "too_large"


def test_the_prefix_is_that_of_the_topics() -> None:
    bus = Bus("ha/deep/+/+/config", "ha/deep/+/+/+/config", "other/#")
    assert bus.decoder.announcements == (
        "ha/deep/+/+/config",
        "ha/deep/+/+/+/config",
        "other/+/+/config",
        "other/+/+/+/config",
    )
    payload = json.dumps(SENSOR).encode()
    bus.decoder.decode("homeassistant/sensor/x/config", payload)
    assert not bus.directory.claimed
    bus.decoder.decode("ha/deep/sensor/x/config", payload)
    bus.decoder.decode("other/sensor/n/x/config", payload.replace(b"k/state", b"n/state").replace(b"k1_t", b"n_t"))
    assert set(bus.directory.claimed) == {"k/state", "n/state"}


def test_there_are_only_so_many(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ha_values, "MAX_ON_TOPIC", 3)
    for number in range(5):
        bus.announce(f"sensor/k1/s{number}", SENSOR, uniq_id=number, val_tpl=f"{{{{ value_json.s{number} }}}}")
    assert len(bus.numbers("k/state", {f"s{number}": number for number in range(5)})) == 3
    assert len(bus.notes) == 2


words = st.text(max_size=8) | st.sampled_from(["a", "b/c", "~", "+", "#", "{{ value }}"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ABBREVIATIONS, "~", "x"]), inner, max_size=4),
    max_leaves=8,
)
configs = st.dictionaries(
    st.sampled_from([*ABBREVIATIONS, *ABBREVIATIONS.values(), "~", "schema", "device", "ids"]), anything, max_size=10
)


components = st.sampled_from([*sorted(QUANTITIES), "device"])


@settings(SHORT, max_examples=200)
@given(st.lists(st.tuples(components, st.sampled_from("xyz"), configs | anything), max_size=6))
def test_whatever_is_announced_is_bounded_and_can_be_taken_back(announced: list[tuple[str, str, Any]]) -> None:
    bus = Bus()
    for component, object_id, config in announced:
        topic = f"homeassistant/{component.split()[0]}/{object_id}/config"
        try:
            assert bus.decoder.decode(topic, json.dumps(config).encode()) == []
        except DecodeError as error:
            assert error.reason in ("bad_shape", "not_json")  # noqa: PT017 - a refusal is as good an answer as another
    for topic in list(bus.directory.claimed):
        for payload in (b"1", b"on", b"", b'{"x": 1, "state": "ON"}', b"None", b"[1]"):
            for reading in bus.decoder.decode(topic, payload):
                assert type(reading.value) is float
                assert all(type(part) is str for part in (*reading.key, *reading.meta[:5]))
    for topic in list(bus.decoder._announced):
        bus.decoder.decode(topic, b"")
    assert not bus.directory.claimed
    assert not bus.described
    assert len(bus.decoder._values) == 0
