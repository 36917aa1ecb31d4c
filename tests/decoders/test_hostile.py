"""Whatever comes from the bus, a decoder answers with finite readings or a DecodeError, and soon."""

from __future__ import annotations

import json
import math
import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.plugins import DECODERS as DECODER_GROUP
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section

if TYPE_CHECKING:
    from janitoo_datalog_rrd.core.contracts import Decoder, Reading

MIB = 1024 * 1024
PLUGINS = Plugins()
DECODERS = {
    **{kind: partial(PLUGINS.load(DECODER_GROUP, kind), Section("")) for kind in PLUGINS.names(DECODER_GROUP)},
    "json with options": partial(
        PLUGINS.load(DECODER_GROUP, "json"),
        Section("decoder__x", values={"value": "a.0", "time": "t", "label": "l", "units": "u"}),
    ),
}
PAYLOADS = {
    "empty": b"",
    "one byte": b"\x00",
    "1 MiB of zero bytes": b"\x00" * MIB,
    "1 MiB of digits": b"1" * MIB,
    "1 MiB of digits in JSON": b"[" + b"1" * (MIB - 2) + b"]",
    "1 MiB of open brackets": b"[" * MIB,
    "1 MiB of nested arrays": b"[" * (MIB // 2) + b"]" * (MIB // 2),
    "1 MiB of nested objects": b'{"a":' * (MIB // 6) + b"1" + b"}" * (MIB // 6),
    "1 MiB of empty arrays": b"[" + b"[]," * (MIB // 3 - 1) + b"1]",
    "1 MiB of numbers": b"[" + b"1," * (MIB // 2 - 1) + b"1]",
    "1 MiB of texts": b"[" + b'"x",' * (MIB // 4 - 1) + b"1]",
    "1 MiB of NaN": b"[" + b"NaN," * (MIB // 4 - 1) + b"1]",
    "1 MiB of blanks": b" " * MIB,
    "1 MiB of quotes": b'"' * MIB,
    "1 MiB of pipes": b'{"hadd": "0001/0001", "uuid": "x", "genre": 2, "type": 22, "data": "' + b"|" * (MIB - 80) + b'"}',
    "2 MiB of JSON": b"[" + b"1," * MIB + b"1]",
    "invalid UTF-8": b"\xff\xfe\xfd",
    "invalid UTF-8 in JSON": b'{"a": "\xc3\x28", "b": 1}',
    "overlong UTF-8": b'{"\xc0\xae": 1}',
    "lone surrogate": b'{"a": "\\ud800", "\\udfff": 1}',
    "lone surrogate beside NaN": b'{"\\ud800": 1, "b": NaN}',
    "NaN": b"NaN",
    "NaN in JSON": b'{"a": [NaN], "data": NaN}',
    "1e400": b"1e400",
    "1e400 in JSON": b'{"a": [1e400], "data": 1e400}',
    "10**400": b"1" + b"0" * 400,
    "10**5000 in JSON": b'{"a": [1' + b"0" * 5000 + b"]}",
    "deep JSON": b"[" * 1000 + b"1" + b"]" * 1000,
    "deep JSON after NaN": b"[NaN," * 999 + b"1" + b"]" * 999,
    "very deep JSON after NaN": b"[NaN," + b"[" * 100_000 + b"]" * 100_000 + b"]",
    "duplicate keys": b'{"a": [1], "a": [2]}',
    "path in the keys": b'{"../../etc/passwd": 1, "a/b": 2, "\\u0000": 3}',
    "index as a list": b'{"hadd": "0001/0001", "uuid": "x", "index": [], "genre": 2, "data": 1}',
    "index as a boolean": b'{"hadd": "0001/0001", "uuid": "x", "index": true, "genre": 2, "data": 1}',
    "everything null": b'{"hadd": null, "uuid": null, "index": null, "genre": null, "type": null, "data": null}',
    "everything an object": b'{"hadd": {}, "uuid": {}, "index": {}, "genre": {}, "type": {}, "data": {}, "t": {}, "a": [1]}',
    "10,000 fields in a line": b"m " + b",".join(b"f%d=1" % number for number in range(10_000)),
    "10,000 tags in a line": b"m," + b",".join(b"t%d=1" % number for number in range(10_000)) + b" f=1",
    "1 MiB of lines": b"m f=t\n" * (MIB // 6),
    "1 MiB of lines of text": b'm f=""\n' * (MIB // 7),
    "1 MiB of escapes in a line": b"m,t=" + b"\\ " * (MIB // 2 - 8) + b" f=1",
    "1 MiB of backslashes in a string": b'm f="' + b"\\" * (MIB - 5),
    "1 MiB of strings": b"m " + b'f="\\"",' * (MIB // 7 - 2) + b"f=1",
    "1 MiB of commas in a line": b"m f=1" + b"," * (MIB - 5),
    "1 MiB of colons": b"1706955630:" + b"1:" * (MIB // 2 - 6),
    "bn of 1 MiB": b'[{"bn": "' + b"x" * (MIB - 40) + b'", "n": "a", "v": 1}]',
    "10,000 records of SenML": b'[{"bn": "x"}' + b',{"n":"a","v":1}' * 10_000 + b"]",
    "10,000 records without a number": b'[{"bn": "x", "n": "a", "vs": "x"}' + b',{"vs":"x"}' * 9_999 + b"]",
    "value of 1 MiB": b'{"value": "' + b"x" * (MIB - 20) + b'"}',
    "100 components of 9 trees": b'{"metrics": {%s}}'
    % b",".join(b'"c%d": {"a": {"b": [1, {"c": 2}]}}' % each for each in range(100)),
    "everything a list": b'{"hadd": [], "uuid": [], "index": [], "genre": [], "type": [], "data": [], "t": [], "a": [1]}',
}
# beside those above, which hold as much for every other decoder
PAYLOADS_OF_AGENTS = {
    "1 MiB of metrics": b'{"metrics": {"a": {' + b",".join(b'"%d":1' % each for each in range(MIB // 11)) + b"}}}",
    "1 MiB of lists in metrics": b'{"metrics": {"a": [' + b"[]," * (MIB // 3 - 10) + b"1]}}",
    "2,000 descriptions of 8 levels": b'{"hadd": "2000/0001", "metrics": {%s}}'
    % b",".join(b'"*.*.*.*.*.*.*.%d": {"label": "* * *"}' % each for each in range(2000)),
}
TOPICS = {
    "usual": "/values/user/0001/0001/x",
    "65,535 bytes": "x" * 65535,
    "65,535 bytes of Janitoo": "/values/user/0001/0001/" + "x" * (65535 - 23),
    "65,535 slashes": "/" * 65535,
    "of dots": "../../../etc/passwd",
    "Zigbee2MQTT": "zigbee2mqtt/kitchen",
    "Zigbee2MQTT's devices": "zigbee2mqtt/bridge/devices",
    "65,535 bytes of Zigbee2MQTT": "zigbee2mqtt/" + "x/" * 32761,
    "Tasmota": "tele/plug/SENSOR",
    "Tasmota's results": "stat/plug/RESULT",
    "Tasmota's discovery": "tasmota/discovery/D8BC38AABBCC/config",
    "Homie": "homie/kettle/pot/heat",
    "Homie's datatypes": "homie/kettle/pot/heat/$datatype",
    "Homie's descriptions": "homie/5/kettle/$description",
    "65,535 bytes of Homie": "homie/" + "x/" * 32764,
    "births of Sparkplug": "spBv1.0/G/NBIRTH/E",
    "data of Sparkplug": "spBv1.0/G/DDATA/E/d",
    "Home Assistant's discovery": "homeassistant/sensor/k/t/config",
    "Home Assistant's devices": "homeassistant/device/k/config",
    "65,535 bytes of Home Assistant's discovery": "homeassistant/sensor/" + "x" * (65535 - 28) + "/config",
    "65,535 bytes of Sparkplug": "spBv1.0/G/NDATA/" + "x" * (65535 - 16),
    "collectd": "collectd/nas/interface-eth0/if_octets",
    "Telegraf": "telegraf/nas/net",
    "Venus OS": "N/c0619ab12345/battery/256/Soc",
    "Venus OS, a name": "N/c0619ab12345/battery/256/ProductName",
    "Shelly": "shellies/plug/light/0/status",
    "Shelly's announcements": "shellies/announce",
    "Shelly's notifications": "shellyplus1-a8/events/rpc",
    "65,535 bytes of Shelly": "shellies/" + "x/" * 32763,
    "ESPHome": "attic/light/lamp/state",
    "65,535 bytes of ESPHome": "x" * 65520 + "/sensor/x/state",
    "OpenMQTTGateway": "home/gateway/BTtoMQTT/A4C138CF0156",
    "65,535 slashes of OpenMQTTGateway": "/" * 65526 + "BTtoMQTT/",
    "an agent": "devices/web01/monitoring",
    "an agent that tells of itself": "devices/web01/about",
    "empty": "",
}


def answer(decoder: Decoder, topic: str, payload: bytes) -> None:
    """Decode and check what every answer must keep to."""
    started = time.process_time()
    readings: list[Reading] = []
    refused: DecodeError | None = None
    try:
        readings = decoder.decode(topic, payload)
    except DecodeError as error:
        refused = error
    assert time.process_time() - started < 2.0  # seconds of CPU, ten times what the worst takes
    if refused is not None:
        assert refused.reason.isidentifier()
        assert 0 < len(str(refused)) < 400
    for reading in readings:
        assert math.isfinite(reading.value) or not payload or "null" in payload.decode()  # then it is unknown
        assert all(isinstance(part, str) for part in reading.key)
        assert sum(len(part.encode()) for part in reading.key) < 10_000
        assert reading.timestamp is None or math.isfinite(reading.timestamp)
    assert len(readings) <= 1000


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_no_payload_stops_a_decoder(name: str, payload: bytes) -> None:
    decoder = DECODERS[name]()
    for topic in TOPICS.values():
        answer(decoder, topic, payload)


@pytest.mark.parametrize("payload", PAYLOADS_OF_AGENTS.values(), ids=PAYLOADS_OF_AGENTS.keys())
def test_no_payload_of_an_agent_stops_its_decoder(payload: bytes) -> None:
    decoder = DECODERS["agent"]()
    for topic in TOPICS.values():
        answer(decoder, topic, payload)


@pytest.mark.parametrize("name", ["plain", "json"])
def test_a_topic_of_65535_bytes_makes_no_series(name: str) -> None:
    for payload in (b"1", b"[1]" if name == "json" else b"on"):
        with pytest.raises(DecodeError) as caught:
            DECODERS[name]().decode("x" * 65535, payload)
        assert caught.value.reason == "topic_too_long"
    assert len(DECODERS[name]().decode("x" * 1000, b"1")) == 1


@pytest.mark.parametrize("name", DECODERS)
def test_messages_with_bytes_changed_at_random_stop_no_decoder(name: str) -> None:
    chance = random.Random(20240203)
    value = {"hadd": "0001/0001", "uuid": "x", "index": 0, "genre": 2, "type": 3, "data": "21.5", "units": "°C", "label": None}
    seeds = [
        json.dumps(value).encode(),
        json.dumps({"x": {"0": value, "1": value}}).encode(),
        b'{"a": [1, 2.5, {"b": true}], "t": "2024-02-03T10:20:30+01:00", "l": "x", "u": "\xc2\xb0C", "n": NaN}',
        b"21.5 \xc2\xb0C",
        b'"ON"',
    ]
    decoder = DECODERS[name]()
    for round_number in range(4000):
        payload = bytearray(seeds[round_number % len(seeds)])
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(payload))
            match chance.randrange(3):
                case 0:
                    payload[place] = chance.randrange(256)
                case 1:
                    del payload[place : place + chance.randint(1, 5)]
                case _:
                    payload[place:place] = chance.choice([b"null", b"[", b"{", b"1e999", b"NaN", b'"', b",", b"\\u0000", b"true"])
            payload = payload or bytearray(b"0")
        answer(decoder, "/values/user/0001/0001/x", bytes(payload))
