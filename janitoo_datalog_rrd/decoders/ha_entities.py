"""Decoders, `homeassistant`: a discovery message becomes the values that it announces.

Everything in a message may be of any type and size: what is not as documented is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

from ..core.topics import check_filter
from .documents import MAX_TOPIC
from .ha_words import ABBREVIATIONS, DEVICE_ABBREVIATIONS, NO_NUMBERS, QUANTITIES, SHARED, Quantity, Switched
from .units import class_units, is_count, normal_units

MAX_COMPONENTS = 500
"""How many components one message may announce."""
MAX_AVAILABILITY = 10
"""How many topics may say whether an entity is available."""
_MAX_NAME = 200
_MAX_HOLD_S = 10 * 366 * 86400.0
_MAX_IDENTIFIERS = 10
_Config = Mapping[str, Any]


class Device(NamedTuple):
    """What an announcement says of a device.

    Attributes:
        identifiers: its identifiers, and those of its connections; the first one names it.
        name, location: as people know it; empty where it is not said.
    """

    identifiers: tuple[str, ...] = ()
    name: str = ""
    location: str = ""


class Source(NamedTuple):
    """A topic that says whether an entity is available.

    Attributes:
        topic: the topic.
        available, gone: the texts that say so.
        template: where in its messages they stand.
    """

    topic: str
    available: str
    gone: str
    template: str


class Availability(NamedTuple):
    """Which topics say whether an entity is available.

    Attributes:
        mode: `all`, `any` or `latest` of them count.
        sources: the topics; none where the entity is always there.
    """

    mode: str = "latest"
    sources: tuple[Source, ...] = ()


class Announced(NamedTuple):
    """A value that was announced.

    Attributes:
        component: `sensor`, `light`, ...
        object_id: what the announcement calls its entity, and which of its values this is.
        topic: where it comes.
        template: where in the message it stands, and how it is worked out; empty for the message itself.
        words: the texts for 1 and 0; None for a number.
        label: what people call it, without its device.
        units: as `normal_units` writes them.
        uid: its identity; empty where the entity has none.
        hold: seconds that a number stands; 0 where that is not said.
        counts: whether it only grows, so that its rate is logged too.
        enabled: whether it is logged; one that is not by default is only described.
        availability: who says whether it is there.
        device: what it belongs to.
    """

    component: str
    object_id: str
    topic: str
    template: str
    words: tuple[str, str] | None
    label: str
    units: str
    uid: str
    hold: float
    counts: bool
    enabled: bool
    availability: Availability
    device: Device


def announced(config: _Config, component: str, object_id: str) -> list[Announced]:
    """The values of a discovery message.

    Args:
        config: the message, with its abbreviations.
        component: from its topic; `device` for several in one message.
        object_id: from its topic.
    """
    whole = _written_out(config)
    if component != "device":
        return list(_values(whole, component, object_id, _device(whole.get("device"))))
    device, base, parts = _device(whole.get("device")), whole.get("~"), whole.get("components")
    shared = {key: whole[key] for key in SHARED if key in whole}
    found: list[Announced] = []
    for name, given in list(parts.items())[:MAX_COMPONENTS] if isinstance(parts, dict) else ():
        if not isinstance(given, dict) or len(given) < 2:  # only its platform: it is taken back
            continue
        part = {**shared, **_written_out(given if "~" in given or base is None else {**given, "~": base})}
        found += _values(part, text_of(part.get("platform")), name, device)
    return found


def _written_out(config: _Config) -> dict[str, Any]:
    """A message with the full names of its options, and its topics with their base."""
    whole = {ABBREVIATIONS.get(key, key): given for key, given in config.items()}
    base = whole.get("~")
    if isinstance(base, str):
        for key, given in whole.items():
            if key.endswith("topic") and isinstance(given, str):
                whole[key] = _based(given, base)
    sources = whole.get("availability")
    if isinstance(sources, (list, dict)):
        whole["availability"] = [
            {
                ABBREVIATIONS.get(key, key): _based(given, base)
                if key in ("t", "topic") and isinstance(base, str) and isinstance(given, str)
                else given
                for key, given in source.items()
            }
            for source in (sources[:MAX_AVAILABILITY] if isinstance(sources, list) else [sources])
            if isinstance(source, dict)
        ]
    return whole


def _based(topic: str, base: str) -> str:
    if topic.startswith("~"):
        topic = base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def text_of(given: object) -> str:
    """A text as an option has it; numbers and booleans as Home Assistant writes them, anything else is empty."""
    if isinstance(given, str):
        return given
    return str(given) if isinstance(given, (int, float)) else ""


def _name(given: object) -> str:
    if not isinstance(given, str):
        return ""
    text = " ".join(given[: 2 * _MAX_NAME].split())
    return (text if text.isprintable() else "".join(filter(str.isprintable, text)))[:_MAX_NAME]


def _device(given: object) -> Device:
    if not isinstance(given, dict):
        return Device()
    said = {DEVICE_ABBREVIATIONS.get(key, key): what for key, what in given.items()}
    identifiers, connections = said.get("identifiers"), said.get("connections")
    found = identifiers if isinstance(identifiers, list) else [identifiers]
    if isinstance(connections, list):
        found = found + [each[1] for each in connections if isinstance(each, list) and len(each) == 2]
    names = (_name(text_of(each)) for each in found[:_MAX_IDENTIFIERS])
    return Device(tuple(dict.fromkeys(filter(None, names))), _name(said.get("name")), _name(said.get("suggested_area")))


def _kind(config: _Config, component: str) -> str:
    """Which quantities of `QUANTITIES` an entity has."""
    if component == "light" and config.get("schema") in ("json", "template"):
        return f"light {config['schema']}"
    if component == "cover":
        return "cover" if config.get("position_topic") else "cover state"
    return "valve position" if component == "valve" and config.get("reports_position") is True else component


def _values(config: _Config, component: str, object_id: str, device: Device) -> Iterator[Announced]:
    quantities = QUANTITIES.get(_kind(config, component), ())
    device_class, state_class = text_of(config.get("device_class")), text_of(config.get("state_class"))
    if not quantities or (component == "sensor" and device_class in NO_NUMBERS):
        return
    name = _without_device(_name(config.get("name")), device.name)
    identity, availability = _name(text_of(config.get("unique_id"))), _availability(config)
    for quantity in quantities:
        topic = _topic(config.get(quantity.topic))
        template = text_of(config.get(quantity.template)) or quantity.place
        if component in ("climate", "water_heater") and not template:
            template = text_of(config.get("value_template"))
        if not topic or template == "-":
            continue
        units = _units(config, component, device_class, quantity.units)
        yield Announced(
            component,
            "_".join([object_id[:_MAX_NAME], *quantity.name.split()]),
            topic,
            template,
            None if quantity.switched is None else _words(config, quantity.switched),
            _label(name, quantity, component, device_class, object_id),
            units,
            f"{identity}/{quantity.name}" if identity and quantity.name else identity,
            _hold(config),
            component == "sensor" and is_count(state_class, device_class, units),
            config.get("enabled_by_default") is not False,
            availability,
            device,
        )


def _without_device(name: str, device: str) -> str:
    """An entity's name without that of its device, which many put in front of it."""
    if device and name.lower().startswith(device.lower()) and not name[len(device) : len(device) + 1].isalnum():
        return name[len(device) :].strip(" -_:")
    return name


def _label(name: str, quantity: Quantity, component: str, device_class: str, object_id: str) -> str:
    if name:
        return f"{name} {quantity.name}".rstrip()
    own = (device_class or object_id) if component in ("sensor", "binary_sensor", "number") else component
    label = quantity.name or " ".join(own.replace("_", " ").split())[:_MAX_NAME]
    return label[:1].upper() + label[1:]


def _units(config: _Config, component: str, device_class: str, given: str) -> str:
    """The units of a quantity."""
    match given:
        case "":
            if component not in ("sensor", "number"):
                return ""
            return normal_units(text_of(config.get("unit_of_measurement"))) or class_units(device_class)
        case "temperature":
            return normal_units(text_of(config.get("temperature_unit"))) or class_units("temperature")
        case "color_temp":
            return "K" if config.get("color_temp_kelvin") is True else "mired"
        case "position":
            return _percent(config, ("position_closed", 0), ("position_open", 100))
        case "tilt":
            return _percent(config, ("tilt_min", 0), ("tilt_max", 100))
        case "speed":
            return _percent(config, ("speed_range_min", 1), ("speed_range_max", 100))
    return given


def _percent(config: _Config, *ends: tuple[str, int]) -> str:
    return "%" if all(config.get(option, usual) == usual for option, usual in ends) else ""


def _words(config: _Config, switched: Switched) -> tuple[str, str]:
    on = next((text_of(config[each]) for each in switched.on if config.get(each) is not None), switched.on_word)
    off = next((text_of(config[each]) for each in switched.off if config.get(each) is not None), switched.off_word)
    return on[:_MAX_NAME], off[:_MAX_NAME]


def _hold(config: _Config) -> float:
    """How long a number stands: as `expire_after` says, or `off_delay`, after which an entity is off without saying so."""
    for option in ("expire_after", "off_delay"):
        given = config.get(option)
        if isinstance(given, (int, float)) and not isinstance(given, bool) and isfinite(given) and 0 < given <= _MAX_HOLD_S:
            return float(given)
    return 0.0


def _topic(given: object) -> str:
    """A topic of messages; empty where there is none."""
    if not isinstance(given, str) or not 0 < len(given) <= MAX_TOPIC:
        return ""
    try:
        return check_filter(given)
    except ValueError:
        return ""


def _availability(config: _Config) -> Availability:
    given = config.get("availability")
    single = config.get("availability_topic")
    if single:
        template = config.get("availability_template")
        given = [{**config, "topic": single, "value_template": template}]
    sources = tuple(
        Source(
            topic,
            text_of(each.get("payload_available", "online"))[:_MAX_NAME],
            text_of(each.get("payload_not_available", "offline"))[:_MAX_NAME],
            text_of(each.get("value_template")),
        )
        for each in (given if isinstance(given, list) else ())
        if isinstance(each, dict) and (topic := _topic(each.get("topic")))
    )
    mode = config.get("availability_mode")
    return Availability(mode if mode in ("all", "any") else "latest", sources)
