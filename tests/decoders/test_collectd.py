"""collectd's value lists: times, unknown values, rates and counts, types, labels."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.collectd import make_decoder
from janitoo_datalog_rrd.decoders.collectd_types import Source, sources_of

LOAD = "collectd/nas/load/load"
OCTETS = "collectd/nas/interface-eth0/if_octets"
NOW = b"1706955630.123"


def values(readings: list[Reading]) -> list[tuple[str, float, str]]:
    return [(reading.key[1], reading.value, reading.meta.ds_type) for reading in readings]


def test_a_type_of_several_sources_is_read_with_its_time() -> None:
    readings = make_decoder(Section("")).decode(LOAD, NOW + b":0.15:0.1:0.05\0")
    assert [(each.key, each.value, each.timestamp) for each in readings] == [
        ((LOAD, "shortterm"), 0.15, 1706955630.123),
        ((LOAD, "midterm"), 0.1, 1706955630.123),
        ((LOAD, "longterm"), 0.05, 1706955630.123),
    ]
    assert readings[0].meta == Meta("load shortterm", "", "collectd/nas", "GAUGE")


def test_n_is_now_and_u_is_unknown() -> None:
    (reading,) = make_decoder(Section("")).decode("collectd/nas/ping/ping-router", b"N:U")
    assert reading.timestamp is None
    assert math.isnan(reading.value)
    for unknown in (b"nan", b"-nan", b"inf"):
        (reading,) = make_decoder(Section("")).decode("collectd/nas/ping/ping-router", NOW + b":" + unknown)
        assert math.isnan(reading.value)


def test_a_fraction_says_that_a_host_sends_rates() -> None:
    decoder = make_decoder(Section(""))
    assert decoder.decode(OCTETS, NOW + b":0:0") == []
    readings = decoder.decode(OCTETS, NOW + b":12.5:0")
    assert values(readings) == [("rx", 12.5, "GAUGE"), ("tx", 0.0, "GAUGE")]
    assert readings[0].meta.units == "B/s"
    assert values(decoder.decode("collectd/nas/irq/irq-17", NOW + b":12")) == [("", 12.0, "GAUGE")], "a rate may be whole, too"


@pytest.mark.parametrize("payload", [NOW + b":nan:nan\0", b'[{"values":[null,0],"time":1706955630.1}]'])
def test_a_rate_that_is_not_known_yet_says_it_too(payload: bytes) -> None:
    decoder = make_decoder(Section(""))
    decoder.decode(OCTETS, payload)
    assert values(decoder.decode(OCTETS, NOW + b":12:0")) == [("rx", 12.0, "GAUGE"), ("tx", 0.0, "GAUGE")]
    scripted = make_decoder(Section(""))
    assert scripted.decode(OCTETS, b"N:U:U") == []
    assert scripted.decode(OCTETS, b"N:12:0") == [], "a script's U says nothing"


def test_whole_numbers_say_that_a_host_sends_counts() -> None:
    decoder = make_decoder(Section(""))
    assert decoder.decode(OCTETS, NOW + b":0:0") == []
    assert decoder.decode(OCTETS, NOW + b":100:7") == []
    readings = decoder.decode(OCTETS, NOW + b":200:9")
    assert values(readings) == [("rx", 200.0, "DERIVE"), ("tx", 9.0, "DERIVE")]
    assert readings[0].meta.units == "B"
    assert values(decoder.decode("collectd/other/irq/irq-17", NOW + b":12")) == [], "another host may do it otherwise"


def test_a_fraction_after_whole_numbers_is_believed() -> None:
    decoder = make_decoder(Section(""))
    for _ in range(3):
        decoder.decode(OCTETS, NOW + b":100:7")
    assert values(decoder.decode(OCTETS, NOW + b":100.5:7")) == [("rx", 100.5, "GAUGE"), ("tx", 7.0, "GAUGE")]


def test_levels_do_not_wait_for_counts() -> None:
    decoder = make_decoder(Section(""))
    readings = decoder.decode("collectd/db/mysql-main/mysql_threads", NOW + b":1:2:3:4")
    assert values(readings) == [("running", 1.0, "GAUGE"), ("connected", 2.0, "GAUGE"), ("cached", 3.0, "GAUGE")]


@pytest.mark.parametrize(
    ("name", "count", "sources"),
    [
        ("if_octets", 2, (Source("rx", "DERIVE", "B"), Source("tx", "DERIVE", "B"))),
        ("temperature", 1, (Source("value", "GAUGE", "°C"),)),
        ("cpu", 1, (Source("value", "DERIVE", ""),)),
        ("counter", 1, (Source("value", "COUNTER", ""),)),
        ("absolute", 1, (Source("value", "ABSOLUTE", ""),)),
        ("my_own", 1, (Source("value", "GAUGE", ""),)),
        ("my_own", 2, (Source("0", "GAUGE", ""), Source("1", "GAUGE", ""))),
        ("if_octets", 3, (Source("0", "GAUGE", ""), Source("1", "GAUGE", ""), Source("2", "GAUGE", ""))),
    ],
)
def test_a_type_has_the_sources_of_the_table(name: str, count: int, sources: tuple[Source, ...]) -> None:
    assert sources_of(name, count) == sources


@pytest.mark.parametrize(
    ("topic", "label"),
    [
        ("collectd/h/cpu-0/cpu-idle", "cpu 0 idle"),
        ("collectd/h/df-var-log/df_complex-free", "df var-log free"),
        ("collectd/h/interface-eth0/if_rx_octets", "interface eth0 rx octets"),
        ("collectd/h/processes/ps_state-sleeping", "processes state sleeping"),
        ("collectd/h/apcups/timeleft", "apcups timeleft"),
        ("home/collectd/h/tail-web/gauge-hits", "tail web hits"),
        ("h/users/users", "users"),
    ],
)
def test_a_label_has_no_word_twice(topic: str, label: str) -> None:
    decoder = make_decoder(Section(""))
    decoder.decode(topic, NOW + b":1.5")
    (reading,) = decoder.decode(topic, NOW + b":1.5")
    assert (reading.meta.label, reading.meta.node) == (label, "collectd/h")


def test_the_form_in_json_brings_its_own_types() -> None:
    decoder = make_decoder(Section(""))
    message = {"values": [1.5, None], "dstypes": ["derive", "gauge"], "dsnames": ["a.b", "c"], "time": 1706955630.123}
    readings = decoder.decode("collectd/h/own/own", json.dumps([message]).encode())
    assert [(each.key[1], each.timestamp, each.meta.ds_type) for each in readings] == [
        ("a\\.b", 1706955630.123, "GAUGE"),
        ("c", 1706955630.123, "GAUGE"),
    ]


def test_one_meta_is_made_for_a_value(tmp_path: Path) -> None:
    decoder = make_decoder(Section(""))
    first, second = (decoder.decode(LOAD, NOW + b":1:2:3")[0].meta for _ in range(2))
    assert first is second


def test_the_host_stands_in_the_directory() -> None:
    directory = Directory(NodeRegistry())
    decoder = make_decoder(Section(""))
    decoder.join(directory)  # type: ignore[attr-defined]
    decoder.decode(LOAD, NOW + b":1:2:3")
    node = directory.nodes.get("collectd/nas")
    assert node is not None
    assert node.name == "nas"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("collectd/nas", NOW + b":1"),
        ("collectd//load/load", NOW + b":1"),
        (LOAD, b""),
        (LOAD, b"\0"),
        (LOAD, b"21.5"),
        (LOAD, b"online"),
        (LOAD, b"Severity: WARNING"),
        (LOAD, b'{"temperature": 21.5}'),
        (LOAD, b"[]"),
        (LOAD, b"[1, 2]"),
    ],
)
def test_what_is_no_value_list_logs_nothing(topic: str, payload: bytes) -> None:
    assert make_decoder(Section("")).decode(topic, payload) == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (NOW + b":abc", "no_number"),
        (NOW + b":1_0", "no_number"),
        (NOW + b":", "no_number"),
        (b'[{"values": ["x"]}]', "no_number"),
        (b"-5:1", "bad_time"),
        (b"nan:1", "bad_time"),
        (b'[{"values": [1], "time": "x"}]', "bad_time"),
        (NOW + b":1" * 65, "too_many"),
        (NOW + b":1" + b" " * 10_000, "too_large"),
        (b'[{"values"', "not_json"),
    ],
)
def test_a_broken_value_list_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        make_decoder(Section("")).decode(LOAD, payload)
    assert caught.value.reason == reason
