"""Fuzzing, the decoders: every payload goes through each of them, and their answers are held against the oracles."""

from __future__ import annotations

import math
import re
from typing import Any

from janitoo_datalog_rrd.core.contracts import DS_TYPES, Decoder, Reading
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.parsers import SAFE_NAME
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders import (
    agent,
    collectd,
    esphome,
    homeassistant,
    homie,
    influx,
    janitoo,
    json,
    openmqttgateway,
    plain,
    senml,
    shelly,
    shelly2,
    sparkplug,
    tasmota,
    victron,
    zigbee2mqtt,
)
from janitoo_datalog_rrd.decoders.paths import look_up, parse_path
from janitoo_datalog_rrd.decoders.times import EARLIEST, LATEST
from janitoo_datalog_rrd.store.names import series_name

from . import oracles, seeds
from .promises import Check, expect

REASONS = (
    "bad_genre",
    "bad_hadd",
    "bad_index",
    "bad_line",
    "bad_name",
    "bad_record",
    "bad_shape",
    "bad_time",
    "bad_uuid",
    "new_version",
    "no_birth",
    "no_data",
    "no_number",
    "no_value",
    "not_finite",
    "not_json",
    "not_protobuf",
    "not_utf8",
    "path_too_long",
    "too_deep",
    "too_large",
    "too_many",
    "topic_too_long",
)
"""The words that the pages of the decoders have."""
LEARNING = (
    "zigbee2mqtt", "tasmota", "homie", "sparkplug", "victron", "homeassistant", "shelly", "shelly2", "esphome", "openmqttgateway",
    "agent",
)  # fmt: skip
"""Decoders that learn: what they answer depends on what came before, and a value has its key whatever topic it comes on."""
TIMED = ("influx", "senml")
"""Decoders of messages that may have several numbers of one value, each with its time."""
UNKNOWN = ("collectd",)
"""Decoders of messages that may say that a value is unknown."""
_BLANK_OR_BOM = b" \t\r\n\xef\xbb\xbf"
_HADD = re.compile(r"\d{4}/\d{4}", re.ASCII)


def make_decoders() -> dict[str, Decoder]:
    """Each decoder, and the one for JSON with its options too."""
    options = {"value": "a.0", "time": "t", "label": "l", "units": "u"}
    return {
        "plain": plain.make_decoder(Section("")),
        "json": json.make_decoder(Section("")),
        "json with options": json.make_decoder(Section("decoder__x", values=options)),
        "janitoo": janitoo.make_decoder(Section("")),
        "zigbee2mqtt": zigbee2mqtt.make_decoder(Section("")),
        "tasmota": tasmota.make_decoder(Section("")),
        "homie": homie.make_decoder(Section("")),
        "sparkplug": sparkplug.make_decoder(Section("")),
        "collectd": collectd.make_decoder(Section("")),
        "influx": influx.make_decoder(Section("")),
        "senml": senml.make_decoder(Section("")),
        "victron": victron.make_decoder(Section("")),
        "homeassistant": homeassistant.make_decoder(Section("")),
        "shelly": shelly.make_decoder(Section("")),
        "shelly2": shelly2.make_decoder(Section("")),
        "esphome": esphome.make_decoder(Section("")),
        "openmqttgateway": openmqttgateway.make_decoder(Section("")),
        "agent": agent.make_decoder(Section("")),
    }


def make_check() -> Check:
    """Make the check of one input: a byte that chooses the topic, and the payload."""
    decoders = make_decoders()

    def check(data: bytes) -> None:
        topic, payload = split(data)
        for name, decoder in decoders.items():
            check_answer(name, topic, payload, answer(decoder, topic, payload))

    return check


def split(data: bytes) -> tuple[str, bytes]:
    """The topic and the payload of an input."""
    return seeds.TOPICS[(data[0] if data else 0) % len(seeds.TOPICS)], data[1:]


def answer(decoder: Decoder, topic: str, payload: bytes) -> list[Reading] | DecodeError:
    """What a decoder answers; everything but readings and a DecodeError is a crash."""
    try:
        return decoder.decode(topic, payload)
    except DecodeError as error:
        return error


def check_answer(name: str, topic: str, payload: bytes, given: list[Reading] | DecodeError) -> None:
    """Check one answer, alone and against the oracle of its decoder. Raises BrokenPromiseError."""
    if isinstance(given, DecodeError):
        expect(given.reason in REASONS, "a refusal has a reason that is documented", given.reason)
        expect(0 < len(str(given)) < 700, "a refusal is a sentence", str(given))
    else:
        # a birth of Sparkplug has all metrics of a plant, each with its rate, and a message of an agent those of a machine
        expect(
            len(given) <= (40_000 if name in ("sparkplug", "agent") else 1000),
            "a message has at most so many readings",
            len(given),
        )
        for reading in given:
            check_reading(reading, payload, may_be_unknown=name == "janitoo", gone=name in (*LEARNING, *UNKNOWN))
        if name in LEARNING:
            # what waited for its datatype comes at once, each with its time; a metric may stand in a message more than once
            known = {(reading.key, reading.timestamp) for reading in given}
            expect(name in ("homie", "sparkplug") or len(known) == len(given), "no two readings share a key", payload)
        elif name != "janitoo":
            expect(all(reading.key[0] == topic for reading in given), "the key begins with the topic", topic)
            distinct = len({reading.key for reading in given}) == len(given)
            expect(distinct or name in TIMED, "no two readings share a key", payload)
    if name == "plain":
        _check_plain(payload, given)
    elif name == "json":
        _check_json(payload, given)


def check_reading(reading: Reading, payload: bytes, *, may_be_unknown: bool, gone: bool = False) -> None:
    """Check what every reading must be, of a message that may have unknown values, or say that a device has gone.

    Raises:
        BrokenPromiseError: it is not.
    """
    unknown = math.isnan(reading.value) and (gone or (may_be_unknown and b"null" in payload))
    expect(type(reading.value) is float and (math.isfinite(reading.value) or unknown), "a value is a finite float", reading)
    meta = reading.meta
    texts = (*reading.key, meta.label, meta.units, meta.node, meta.ds_type, meta.uid)
    expect(type(meta.hold) is float and 0 <= meta.hold < 1e9, "how long a number stands is a time", reading)
    expect(all(type(text) is str for text in texts), "keys and what is told beside them are texts", reading)
    expect(all(len(text) <= 1000 for text in texts), "texts are of bounded length", reading)
    expect(reading.meta.ds_type in ("", *DS_TYPES), "the type is one that there is", reading)
    if reading.timestamp is not None:
        in_range = type(reading.timestamp) is float and EARLIEST <= reading.timestamp < LATEST
        expect(in_range, "a time is a float between 1980 and 2099", reading)
    if may_be_unknown:
        expect(len(reading.key) == 3 and _HADD.fullmatch(reading.key[0]) is not None, "the key is (hadd, uuid, index)", reading)
    expect(SAFE_NAME.fullmatch(series_name(reading.key)) is not None, "the key makes a name that is safe", reading.key)


def _check_plain(payload: bytes, given: list[Reading] | DecodeError) -> None:
    wanted = oracles.plain(payload)
    if isinstance(given, DecodeError):
        expect(given.reason == wanted, "the decoder and the oracle agree", payload, given.reason, wanted)
        return
    have = [(reading.value, reading.meta.units) for reading in given]
    expect(have == ([] if wanted is None else [wanted]), "the decoder and the oracle agree", payload, have, wanted)


def _check_json(payload: bytes, given: list[Reading] | DecodeError) -> None:
    bare = payload.lstrip(_BLANK_OR_BOM)
    if bare[:1] not in (b"{", b"["):
        bare = bare.rstrip()
        if bare not in (b"", b"null"):
            _check_plain(bare, given)
        return
    document = _document(payload)
    if isinstance(given, DecodeError):
        _check_refusal(payload, document, given)
        return
    expect(document is not None, "what is read is JSON", payload)
    wanted = [(path, number) for path, number in oracles.numbers(document) if math.isfinite(number)]
    have = [(reading.key[1], reading.value) for reading in given]
    expect(have == wanted, "the decoder and the oracle agree", payload, have, wanted)
    for path, number in have[:5]:
        datum = look_up(document, parse_path(path))
        read = oracles.number_of_text(datum) if isinstance(datum, str) else datum
        expect(read == number or float(read or 0.0) == number, "a path leads to its number", payload, path)


def _check_refusal(payload: bytes, document: Any, error: DecodeError) -> None:
    if document is None or error.reason == "too_deep":
        return
    numbers = list(oracles.numbers(document))
    # Halves of surrogate pairs and NaN among a thousand brackets are JSON for the oracle, and too much for the decoder.
    beyond = b"\\ud" in payload.lower() or payload.count(b"{") + payload.count(b"[") > 1000
    expect(error.reason not in ("not_json", "not_utf8") or beyond, "what is JSON is read", payload, str(error))
    if error.reason == "not_finite":
        expect(not any(math.isfinite(number) for _, number in numbers), "a good number is not lost", payload)
    if error.reason == "too_many":
        expect(len(numbers) > 1000, "so many numbers there are", payload)


def _document(payload: bytes) -> Any:
    try:
        return oracles.document(payload)
    except (ValueError, RecursionError):
        return None
