"""Devices behind Zigbee2MQTT."""

from __future__ import annotations

import json
from typing import Any

from .cases import Case, Expected, document

TOPICS = "https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html"
LINK = {"name": "linkquality", "label": "Linkquality", "property": "linkquality", "type": "numeric", "unit": "lqi", "access": 1}


def numeric(name: str, label: str, unit: str = "", access: int = 1, **more: Any) -> dict[str, Any]:
    """A number among the exposes."""
    found = {"name": name, "label": label, "property": name, "type": "numeric", "access": access, **more}
    return {**found, "unit": unit} if unit else found


def binary(name: str, label: str, on: Any = True, off: Any = False, access: int = 1, **more: Any) -> dict[str, Any]:
    """A binary among the exposes."""
    kind = {"name": name, "label": label, "property": name, "type": "binary", "access": access}
    return {**kind, "value_on": on, "value_off": off, **more}


def choice(name: str, *values: str) -> dict[str, Any]:
    """An enum among the exposes."""
    return {"name": name, "label": name.title(), "property": name, "type": "enum", "access": 7, "values": values}


def switch(endpoint: str = "") -> dict[str, Any]:
    """A switch among the exposes."""
    state = binary("state", "State", "ON", "OFF", 7, value_toggle="TOGGLE")
    if endpoint:
        state |= {"property": f"state_{endpoint}", "endpoint": endpoint}
    return {"type": "switch", "features": [state]} | ({"endpoint": endpoint} if endpoint else {})


def bridge(
    address: str, name: str, vendor: str, model: str, *exposes: dict[str, Any], base: str = "zigbee2mqtt"
) -> tuple[str, str]:
    """The announcement of a device, beside the coordinator's."""
    coordinator = {
        "ieee_address": "0x00124b0012345678", "type": "Coordinator", "network_address": 0, "supported": True,
        "friendly_name": "Coordinator", "disabled": False, "definition": None, "interview_completed": True,
        "endpoints": {"1": {"bindings": [], "clusters": {"input": [], "output": []}, "configured_reportings": [], "scenes": []}},
    }  # fmt: skip
    device = {
        "ieee_address": address, "type": "EndDevice", "network_address": 6538, "supported": True, "friendly_name": name,
        "disabled": False, "power_source": "Battery", "date_code": "20161129", "model_id": model, "manufacturer": vendor,
        "definition": {"model": model, "vendor": vendor, "exposes": [*exposes, LINK], "options": [], "supports_ota": False},
        "endpoints": {}, "interview_completed": True, "interviewing": False,
    }  # fmt: skip
    return (f"{base}/bridge/devices", json.dumps([coordinator, device]))


CASES = [
    Case(
        device="Aqara WSDCGQ11LM, temperature and humidity",
        source="https://www.zigbee2mqtt.io/devices/WSDCGQ11LM.html",
        messages=(
            ("zigbee2mqtt/bridge/state", '{"state":"online"}'),
            ("zigbee2mqtt/bridge/info", document(version="2.1.0", network={"channel": 11, "pan_id": 6754})),
            bridge(
                "0x00158d0001a2b3c4",
                "bedroom climate",
                "Aqara",
                "WSDCGQ11LM",
                numeric("battery", "Battery", "%"),
                numeric("temperature", "Temperature", "°C"),
                numeric("humidity", "Humidity", "%"),
                numeric("pressure", "Pressure", "hPa"),
                numeric("voltage", "Voltage", "mV"),
            ),
            (
                "zigbee2mqtt/bedroom climate",
                document(
                    battery=97, humidity=43.21, last_seen="2024-02-03T10:20:30+01:00", linkquality=120, pressure=1002.3,
                    temperature=21.35, voltage=2995,
                ),
            ),
            ("zigbee2mqtt/bridge/logging", '{"level":"info","message":"1 device"}'),
        ),
        expected=(
            Expected("zigbee2mqtt.bedroom_climate.battery", "Battery", "%", 97, "bedroom climate"),
            Expected("zigbee2mqtt.bedroom_climate.humidity", "Humidity", "%", 43.21, "bedroom climate"),
            Expected("zigbee2mqtt.bedroom_climate.linkquality", "Linkquality", "lqi", 120, "bedroom climate"),
            Expected("zigbee2mqtt.bedroom_climate.pressure", "Pressure", "hPa", 1002.3, "bedroom climate"),
            Expected("zigbee2mqtt.bedroom_climate.temperature", "Temperature", "°C", 21.35, "bedroom climate"),
            Expected("zigbee2mqtt.bedroom_climate.voltage", "Voltage", "mV", 2995, "bedroom climate"),
        ),
    ),
    Case(
        device="Aqara MCCGQ11LM, door, its name with slashes",
        source="https://www.zigbee2mqtt.io/devices/MCCGQ11LM.html",
        messages=(
            bridge(
                "0x00158d0002b3c4d5",
                "hall/front/door",
                "Aqara",
                "MCCGQ11LM",
                numeric("battery", "Battery", "%"),
                binary("contact", "Contact", False, True),
                numeric("device_temperature", "Device temperature", "°C"),
                numeric("trigger_count", "Trigger count"),
            ),
            ("zigbee2mqtt/hall/front/door/availability", '{"state":"online"}'),
            (
                "zigbee2mqtt/hall/front/door",
                document(battery=100, contact=False, device_temperature=23, linkquality=87, trigger_count=5),
            ),
        ),
        expected=(
            Expected("zigbee2mqtt.hall.front.door.battery", "Battery", "%", 100, "hall/front/door"),
            Expected("zigbee2mqtt.hall.front.door.contact", "Contact", "", 0, "hall/front/door"),
            Expected("zigbee2mqtt.hall.front.door.device_temperature", "Device temperature", "°C", 23, "hall/front/door"),
            Expected("zigbee2mqtt.hall.front.door.linkquality", "Linkquality", "lqi", 87, "hall/front/door"),
            Expected("zigbee2mqtt.hall.front.door.trigger_count", "Trigger count", "", 5, "hall/front/door"),
        ),
    ),
    Case(
        device="IKEA LED1545G12, light with colour temperature",
        source="https://www.zigbee2mqtt.io/devices/LED1545G12.html",
        messages=(
            bridge(
                "0x000b57fffec6a5b2",
                "desk lamp",
                "IKEA",
                "LED1545G12",
                {
                    "type": "light",
                    "features": [
                        binary("state", "State", "ON", "OFF", 7),
                        numeric("brightness", "Brightness", access=7, value_min=0, value_max=254),
                        numeric("color_temp", "Color temp", "mired", 7, value_min=250, value_max=454),
                        {
                            "type": "composite",
                            "name": "level_config",
                            "label": "Level config",
                            "property": "level_config",
                            "access": 7,
                            "features": [
                                binary("execute_if_off", "Execute if off", access=7),
                                numeric("on_level", "On level", access=7),
                            ],
                        },
                        {
                            "type": "composite",
                            "name": "color_xy",
                            "label": "Color (X/Y)",
                            "property": "color",
                            "access": 7,
                            "features": [numeric("x", "X", access=7), numeric("y", "Y", access=7)],
                        },
                    ],
                },
                choice("effect", "blink", "breathe"),
                choice("power_on_behavior", "off", "on", "toggle", "previous"),
            ),
            (
                "zigbee2mqtt/desk lamp",
                document(
                    brightness=128, color={"x": 0.4599, "y": 0.4106}, color_mode="color_temp", color_temp=370,
                    level_config={"execute_if_off": True, "on_level": "previous", "other": 3}, linkquality=54,
                    power_on_behavior="on", state="ON", update={"installed_version": 587814449, "state": "idle"},
                    update_available=False,
                ),
            ),
            ("zigbee2mqtt/desk lamp/set", '{"state":"OFF","brightness":7}'),
            ("zigbee2mqtt/desk lamp/set/brightness", "9"),
            ("zigbee2mqtt/desk lamp/get", '{"state":""}'),
        ),
        expected=(
            Expected("zigbee2mqtt.desk_lamp.brightness", "Brightness", "", 128, "desk lamp"),
            Expected("zigbee2mqtt.desk_lamp.color_temp", "Color temp", "mired", 370, "desk lamp"),
            Expected("zigbee2mqtt.desk_lamp.level_config.execute_if_off", "Level config: Execute if off", "", 1, "desk lamp"),
            Expected("zigbee2mqtt.desk_lamp.linkquality", "Linkquality", "lqi", 54, "desk lamp"),
            Expected("zigbee2mqtt.desk_lamp.state", "State", "", 1, "desk lamp"),
        ),
    ),
    Case(
        device="Tuya TS011F_plug_1, plug that measures",
        source="https://www.zigbee2mqtt.io/devices/TS011F_plug_1.html",
        messages=(
            bridge(
                "0xa4c1380011223344",
                "washing machine",
                "Tuya",
                "TS011F_plug_1",
                switch(),
                numeric("countdown", "Countdown", "s", 3),
                choice("power_outage_memory", "on", "off", "restore"),
                numeric("power", "Power", "W", 5),
                numeric("current", "Current", "A", 5),
                numeric("voltage", "Voltage", "V", 5),
                numeric("energy", "Energy", "kWh"),
                {"type": "lock", "features": [binary("state", "State", "LOCK", "UNLOCK", 3, property="child_lock")]},
            ),
            (
                "zigbee2mqtt/washing machine",
                document(
                    child_lock="UNLOCK", countdown=0, current=0.31, energy=12.34, linkquality=99, power=71,
                    power_outage_memory="on", state="ON", voltage=231,
                ),
            ),
        ),
        expected=(
            Expected("zigbee2mqtt.washing_machine.child_lock", "State", "", 0, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.countdown", "Countdown", "s", 0, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.current", "Current", "A", 0.31, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.energy", "Energy", "kWh", 12.34, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.energy.rate", "Energy rate", "kWh", 12.34, "washing machine", ds_type="DERIVE"),
            Expected("zigbee2mqtt.washing_machine.linkquality", "Linkquality", "lqi", 99, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.power", "Power", "W", 71, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.state", "State", "", 1, "washing machine"),
            Expected("zigbee2mqtt.washing_machine.voltage", "Voltage", "V", 231, "washing machine"),
        ),
    ),
    Case(
        device="Danfoss 014G2461, radiator valve, heard of before it is announced",
        source="https://www.zigbee2mqtt.io/devices/014G2461.html",
        messages=(
            (
                "zigbee2mqtt/bathroom valve",
                document(battery=80, local_temperature=20.1, occupied_heating_setpoint=21, system_mode="heat", update={"x": 1}),
            ),
            bridge(
                "0x14b457fffe123456",
                "bathroom valve",
                "Danfoss",
                "014G2461",
                numeric("battery", "Battery", "%"),
                {
                    "type": "climate",
                    "features": [
                        numeric("occupied_heating_setpoint", "Occupied heating setpoint", "°C", 7),
                        numeric("local_temperature", "Local temperature", "°C", 5),
                        choice("system_mode", "heat"),
                        choice("running_state", "idle", "heat"),
                        numeric("pi_heating_demand", "PI heating demand", "%", 5),
                    ],
                },
                binary("window_open_external", "Window open external", True, False, 7),
            ),
            (
                "zigbee2mqtt/bathroom valve",
                document(
                    battery=80, linkquality=60, local_temperature=20.3, occupied_heating_setpoint=21.5, pi_heating_demand=35,
                    running_state="heat", system_mode="heat", window_open_external=False,
                ),
            ),
        ),
        expected=(
            Expected("zigbee2mqtt.bathroom_valve.battery", "Battery", "%", 80),
            Expected("zigbee2mqtt.bathroom_valve.linkquality", "Linkquality", "lqi", 60, "bathroom valve"),
            Expected("zigbee2mqtt.bathroom_valve.local_temperature", "Local temperature", "°C", 20.3),
            Expected("zigbee2mqtt.bathroom_valve.occupied_heating_setpoint", "Occupied heating setpoint", "°C", 21.5),
            Expected("zigbee2mqtt.bathroom_valve.pi_heating_demand", "PI heating demand", "%", 35, "bathroom valve"),
            Expected("zigbee2mqtt.bathroom_valve.window_open_external", "Window open external", "", 0, "bathroom valve"),
        ),
    ),
    Case(
        device="Aqara QBKG03LM, two switches, output of attributes and JSON",
        source="https://www.zigbee2mqtt.io/devices/QBKG03LM.html",
        messages=(
            bridge(
                "0x00158d0003c4d5e6",
                "kitchen",
                "Aqara",
                "QBKG03LM",
                switch("left"),
                switch("right"),
                numeric("device_temperature", "Device temperature", "°C"),
                choice("action", "single_left", "single_right"),
            ),
            ("zigbee2mqtt/kitchen/state_left", "ON"),
            ("zigbee2mqtt/kitchen/state_right", "OFF"),
            ("zigbee2mqtt/kitchen/device_temperature", "31"),
            ("zigbee2mqtt/kitchen/action", "single_left"),
            ("zigbee2mqtt/kitchen/update-installed_version", "24"),
            ("zigbee2mqtt/kitchen", document(action="", device_temperature=32, state_left="OFF", state_right="ON")),
        ),
        expected=(
            Expected("zigbee2mqtt.kitchen.device_temperature", "Device temperature", "°C", 32, "kitchen"),
            Expected("zigbee2mqtt.kitchen.state_left", "State left", "", 0, "kitchen"),
            Expected("zigbee2mqtt.kitchen.state_right", "State right", "", 1, "kitchen"),
        ),
    ),
    Case(
        device="Aqara RTCGQ11LM, motion, gone since",
        source="https://www.zigbee2mqtt.io/devices/RTCGQ11LM.html",
        messages=(
            bridge(
                "0x00158d0004d5e6f7",
                "stairs",
                "Aqara",
                "RTCGQ11LM",
                binary("occupancy", "Occupancy"),
                numeric("illuminance", "Illuminance", "lx"),
            ),
            ("zigbee2mqtt/stairs", document(illuminance=12, linkquality=33, occupancy=True)),
            ("zigbee2mqtt/stairs/availability", '{"state":"offline"}'),
        ),
        expected=(
            Expected("zigbee2mqtt.stairs.illuminance", "Illuminance", "lx", None, "stairs"),
            Expected("zigbee2mqtt.stairs.linkquality", "Linkquality", "lqi", None, "stairs"),
            Expected("zigbee2mqtt.stairs.occupancy", "Occupancy", "", None, "stairs"),
        ),
    ),
    Case(
        device="a group of lights",
        source=TOPICS,
        messages=(
            (
                "zigbee2mqtt/bridge/groups",
                json.dumps([{
                    "id": 1, "friendly_name": "living room", "scenes": [],
                    "members": [{"ieee_address": "0x000b57fffec6a5b2", "endpoint": 1}],
                }]),
            ),
            ("zigbee2mqtt/living room", document(brightness=200, color_mode="xy", color={"x": 0.1, "y": 0.2}, state="OFF")),
        ),
        expected=(
            Expected("zigbee2mqtt.living_room.brightness", "Brightness", "", 200, "living room"),
            Expected("zigbee2mqtt.living_room.state", "State", "", 0, "living room"),
        ),
    ),
]  # fmt: skip
