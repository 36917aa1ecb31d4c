"""InfluxDB's line protocol and Telegraf's JSON: escapes, numbers, times, tags, counts, what is refused."""

from __future__ import annotations

import json

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.influx import InfluxDecoder, make_decoder

TOPIC = "telegraf/nas/x"


def read(line: str) -> list[tuple[str, float]]:
    return [(reading.key[1], reading.value) for reading in make_decoder(Section("")).decode(TOPIC, line.encode())]


def joined() -> tuple[InfluxDecoder, Directory]:
    decoder, directory = InfluxDecoder(), Directory(NodeRegistry())
    decoder.join(directory)
    return decoder, directory


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("m f=1", [("m.f", 1.0)]),
        ("m f=1i", [("m.f", 1.0)]),
        ("m f=18446744073709551615u", [("m.f", 18446744073709551615.0)]),
        ("m f=-1.5e3", [("m.f", -1500.0)]),
        ("m a=t,b=T,c=true,d=True,e=TRUE", [("m.a", 1.0), ("m.b", 1.0), ("m.c", 1.0), ("m.d", 1.0), ("m.e", 1.0)]),
        ("m a=f,b=F,c=false,d=False,e=FALSE", [("m.a", 0.0), ("m.b", 0.0), ("m.c", 0.0), ("m.d", 0.0), ("m.e", 0.0)]),
        ('m f="1"', []),
        ('m f="",g=2', [("m.g", 2.0)]),
        ('m s="a, b=1 c",g=2', [("m.g", 2.0)]),
        ('m s="a \\" b=1",g=2', [("m.g", 2.0)]),
        ('m s="ends in \\\\",g=2', [("m.g", 2.0)]),
        ('m s="two\nlines",g=2\nm h=3', [("m.g", 2.0), ("m.h", 3.0)]),
        ("m,b=2,a=1 f=1", [("m.1.2.f", 1.0)]),
        (r"my\ m\,x,t\ a\=g=v\ a\,l\=ue f\ i\,e\=ld=1", [("my m,x.v a,l=ue.f i,e=ld", 1.0)]),
        (r"my\=m,t=a\\,b f=1", [(r"my\\=m.a\\,b.f", 1.0)]),
        (r"m,path=C:\dir f=1", [(r"m.C:\\dir.f", 1.0)]),
        ("m,site=a.b f=1", [(r"m.a\.b.f", 1.0)]),
        ('m,tag="quoted" f=1', [('m."quoted".f', 1.0)]),
        ('\n# a comment, with f=1 and "quote\n  m f=1  \r\n\n', [("m.f", 1.0)]),
        ("m f=1\nm g=2\nn f=3", [("m.f", 1.0), ("m.g", 2.0), ("n.f", 3.0)]),
    ],
)
def test_a_line_is_read_as_it_is_written(line: str, numbers: list[tuple[str, float]]) -> None:
    assert read(line) == numbers


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1465839830", 1465839830.0),
        ("1465839830100", 1465839830.1),
        ("1465839830100400", 1465839830.1004),
        ("1465839830100400200", 1465839830.1004002),
        ("315532801", 315532801.0),
        ("4102444799000000000", 4102444799.0),
    ],
)
def test_the_precision_of_a_time_is_seen_by_its_size(written: str, seconds: float) -> None:
    (reading,) = make_decoder(Section("")).decode(TOPIC, f"m f=1 {written}".encode())
    assert reading.timestamp == pytest.approx(seconds, abs=1e-5)
    (reading,) = make_decoder(Section("")).decode(
        TOPIC, json.dumps({"name": "m", "fields": {"f": 1}, "timestamp": int(written)}).encode()
    )
    assert reading.timestamp == pytest.approx(seconds, abs=1e-5)


def test_without_a_time_the_arrival_counts() -> None:
    (reading,) = make_decoder(Section("")).decode(TOPIC, b"m f=1")
    assert reading.timestamp is None


def test_json_and_lines_have_the_same_keys() -> None:
    decoder = make_decoder(Section(""))
    line = decoder.decode(TOPIC, b"mem,zone=a,host=nas used_percent=31.5,n=1i 1458229140000000000")
    metric = {
        "name": "mem",
        "tags": {"zone": "a", "host": "nas"},
        "fields": {"used_percent": 31.5, "n": 1, "s": "x", "none": None},
        "timestamp": 1458229140,
    }
    assert decoder.decode(TOPIC, json.dumps(metric).encode()) == line
    assert decoder.decode(TOPIC, json.dumps({"metrics": [metric]}).encode()) == line


def test_a_host_is_the_node_and_not_in_the_label() -> None:
    decoder, directory = joined()
    (reading,) = decoder.decode(TOPIC, b"cpu,cpu=cpu0,host=nas usage_idle=97")
    assert reading.meta == Meta("cpu cpu0 usage_idle", "%", "influx/nas")
    node = directory.nodes.get("influx/nas")
    assert node is not None
    assert node.name == "nas"
    (reading,) = decoder.decode(TOPIC, b"cpu,cpu=cpu0,host=nas usage_idle=98")
    again = decoder.decode(TOPIC, b"cpu,cpu=cpu0,host=nas usage_idle=99")[0]
    assert again.meta is reading.meta


def test_a_field_called_value_is_not_in_the_label() -> None:
    (reading,) = make_decoder(Section("")).decode(TOPIC, b"temperature,room=attic value=21")
    assert reading.meta == Meta("temperature attic")


def test_what_telegraf_calls_a_counter_has_a_rate_too() -> None:
    readings = make_decoder(Section("")).decode(TOPIC, b"diskio,name=sda reads=5i,iops_in_progress=1i")
    assert [(each.key[1], each.meta.ds_type) for each in readings] == [
        ("diskio.sda.reads", ""),
        ("diskio.sda.reads.rate", "DERIVE"),
        ("diskio.sda.iops_in_progress", ""),
    ]


def test_equal_values_under_other_tags_are_not_mixed() -> None:
    decoder, directory = joined()
    assert len(decoder.decode(TOPIC, b"m,from=attic f=1")) == 1
    assert decoder.decode(TOPIC, b"m,to=attic f=2") == []
    assert "other tags" in directory.notes[0].what


@pytest.mark.parametrize(("payload", "number"), [(b"21.4", 21.4), (b"true", 1.0), (b" 7 ", 7.0)])
def test_a_bare_number_is_read(payload: bytes, number: float) -> None:
    assert make_decoder(Section("")).decode(TOPIC, payload) == [Reading((TOPIC, ""), number)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello",
        b"nan",
        b"\xff\xfe",
        b"1" * 100,
        b"a = b",
        b"m =1",
        b"http_requests 1027",
        b'http_requests{method="post",code="200"} 1027 1395066363000',
        b'{"temperature": 21.5}',
        b'{"name": "m", "fields": {}}',
        b'{"metrics": 1}',
        b"[1, 2]",
    ],
)
def test_what_is_none_of_this_logs_nothing(payload: bytes) -> None:
    assert make_decoder(Section("")).decode(TOPIC, payload) == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"m f=abc", "bad_line"),
        (b"m f=1_0", "bad_line"),
        (b"m f=0x10", "bad_line"),
        (b"m f=nan", "bad_line"),
        (b"m f=1e400", "bad_line"),
        (b"m f=", "bad_line"),
        (b"m f=1,g", "bad_line"),
        (b"m,t f=1", "bad_line"),
        (b"m,t= f=1", "bad_line"),
        (b"m,t=a=b f=1", "bad_line"),
        (b",t=1 f=1", "bad_line"),
        (b"m f=1 2 3", "bad_line"),
        (b"m f=1 soon", "bad_line"),
        (b'm f="no end', "bad_line"),
        (b"m f=1 1", "bad_time"),
        (b"m f=1 -5", "bad_time"),
        (b"m f=1 99999999999999999999", "bad_time"),
        (b'{"name": "m", "fields": {"f": 1}, "timestamp": 1}', "bad_time"),
        (b"m f=1,g=\xff", "not_utf8"),
        (b"m," + b"t" * 600 + b"=1 f=1", "path_too_long"),
        (b"m,t=" + b"1" * 600 + b" f=1", "path_too_long"),
        (b"m " + b"f" * 600 + b"=1", "path_too_long"),
        (b"m " + b",".join(b"f%d=1" % number for number in range(10_000)), "too_many"),
        (b"m f=1 " * 200_000, "too_large"),
        (b'{"name"', "not_json"),
    ],
)
def test_a_broken_message_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        make_decoder(Section("")).decode(TOPIC, payload)
    assert caught.value.reason == reason


def test_a_bad_line_takes_none_of_the_good_ones_with_it() -> None:
    decoder, directory = joined()
    assert [reading.key[1] for reading in decoder.decode(TOPIC, b"m f=1\nm f=abc\nm g=2 1\nm h=3")] == ["m.f", "m.h"]
    assert "abc" in directory.notes[0].what
    decoder.decode(TOPIC, b"m f=1\nm f=2")
    assert directory.notes == []


def test_what_is_remembered_is_bounded() -> None:
    decoder, _ = joined()
    for number in range(30_000):
        decoder.decode(TOPIC, b"m,t=%d f%d=1" % (number, number))
        decoder.decode(TOPIC, b"n g%d=1" % number)
    assert dict(decoder.counts())["values"] <= 20_000
