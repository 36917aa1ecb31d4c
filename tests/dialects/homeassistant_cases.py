"""Devices that announce themselves as Home Assistant's MQTT discovery has it."""

from __future__ import annotations

from .cases import Case, Expected, document


def thermostat(topic: str) -> str:
    """Zigbee2MQTT's announcement of a thermostat."""
    return document(
        action_template="{% set values = {None:None,'idle':'idle','heat':'heating','cool':'cooling','fan_only':'fan'} %}"
        "{{ values[value_json.running_state] }}",
        action_topic=topic,
        availability=[
            {"topic": "zigbee/bridge/state", "value_template": "{{ value_json.state }}"},
            {"topic": f"{topic}/availability", "value_template": "{{ value_json.state }}"},
        ],
        availability_mode="all",
        current_temperature_template="{{ value_json.local_temperature }}",
        current_temperature_topic=topic,
        device={
            "identifiers": ["zigbee2mqtt_0x0017882104a44559"],
            "manufacturer": "Tuya",
            "model": "Radiator valve with thermostat (TS0601_thermostat)",
            "name": "Bathroom radiator",
            "sw_version": None,
            "via_device": "zigbee2mqtt_bridge_0x00124b00120144ae",
        },
        max_temp="35",
        min_temp="5",
        mode_state_template="{{ value_json.system_mode }}",
        mode_state_topic=topic,
        modes=["heat"],
        name=None,
        object_id="bathroom_radiator",
        temp_step=0.5,
        temperature_state_template="{{ value_json.current_heating_setpoint }}",
        temperature_state_topic=topic,
        temperature_unit="C",
        unique_id="0x0017882104a44559_climate_zigbee2mqtt",
    )


POW = "VLADI/Cucina/Switch/SonOffPowForno"


def tasmota(name: str, key: str, **more: str) -> tuple[str, str]:
    """An announcement of a Sonoff POW R2 with SetOption19, Tasmota 8."""
    return (
        f"homeassistant/sensor/7FFFF9_ENERGY_{key}/config",
        document(
            name=f"SonOffPowForno ENERGY {name}",
            stat_t=f"{POW}/tele/SENSOR",
            avty_t=f"{POW}/tele/LWT",
            pl_avail="Online",
            pl_not_avail="Offline",
            uniq_id=f"7FFFF9_ENERGY_{key}",
            dev={"ids": ["7FFFF9"], "name": "SonOffPowForno"},
            frc_upd=True,
            val_tpl=f"{{{{value_json['ENERGY']['{key}']}}}}",
            **more,
        ),
    )


def ems_esp(uuid: str, name: str, key: str, **more: object) -> tuple[str, str]:
    """An announcement of EMS-ESP, which reads boilers."""
    return (
        f"homeassistant/sensor/ems-esp/{uuid}/config",
        document(
            uniq_id=uuid,
            obj_id=uuid,
            stat_t="ems-esp/boiler_data_ww",
            name=name,
            val_tpl=f"{{{{value_json['{key}'] if value_json['{key}'] is defined else 0}}}}",
            dev={"ids": ["ems-esp-boiler"], "name": "EMS-ESP Boiler"},
            **more,
        ),
    )


def rtl_433(suffix: str, key: str, **config: object) -> tuple[str, str]:
    """An announcement of rtl_433's script for Home Assistant."""
    device = "Acurite-Tower-A-11910"
    return (
        f"homeassistant/sensor/{device}/{device}-{suffix}/config",
        document(
            **config,
            state_topic=f"rtl_433/attic/devices/Acurite-Tower/A/11910/{key}",
            unique_id=f"{device}-{suffix}",
            device={"identifiers": [device], "name": device, "model": "Acurite-Tower", "manufacturer": "rtl_433"},
        ),
    )


ESPHOME_DEVICE = {
    "ids": "6055f97b55e0",
    "name": "c3-debug",
    "sw": "2023.6.2 (Jun 28 2023, 07:57:41)",
    "mdl": "airm2m_core_esp32c3",
    "mf": "espressif",
    "sa": "Lab",
}
SHELLY = {
    "ids": ["a8032ab1234"],
    "cns": [["mac", "a8032ab1234"]],
    "name": "Boiler plug",
    "mf": "Allterco Robotics",
    "mdl": "Shelly Plus 1PM",
}
SHELLY_SHARED = {"avty_t": "boiler-plug/online", "pl_avail": "true", "pl_not_avail": "false", "dev": SHELLY}
BLE = "eb:44:c1:71:2e:89"

CASES = [
    Case(
        "ESPHome, a sensor and a switch",
        "https://esphome.io/components/mqtt.html, https://github.com/esphome/issues/issues/4632",
        (
            (
                "homeassistant/sensor/c3-debug-7b55e0/pressure_voltage/config",
                document(
                    dev_cla="voltage",
                    unit_of_meas="V",
                    stat_cla="measurement",
                    name="Pressure voltage",
                    stat_t="c3-debug/sensor/pressure_voltage/state",
                    avty_t="c3-debug/status",
                    uniq_id="ESPsensorpressure_voltage",
                    dev=ESPHOME_DEVICE,
                ),
            ),
            (
                "homeassistant/switch/c3-debug-7b55e0/pump/config",
                document(
                    name="Pump",
                    stat_t="c3-debug/switch/pump/state",
                    cmd_t="c3-debug/switch/pump/command",
                    avty_t="c3-debug/status",
                    uniq_id="ESPswitchpump",
                    dev=ESPHOME_DEVICE,
                ),
            ),
            ("c3-debug/status", "online"),
            ("c3-debug/sensor/pressure_voltage/state", "1.234"),
            ("c3-debug/switch/pump/state", "ON"),
        ),
        (
            Expected("c3-debug.sensor.pressure_voltage.state", "Pressure voltage", "V", 1.234, "c3-debug"),
            Expected("c3-debug.switch.pump.state", "Pump", "", 1.0, "c3-debug"),
        ),
    ),
    Case(
        "Zigbee2MQTT, a thermostat TS0601 under another base topic",
        "https://github.com/Koenkk/zigbee2mqtt/blob/master/test/extensions/homeassistant.test.ts",
        (
            ("homeassistant/climate/0x0017882104a44559/climate/config", thermostat("zigbee/bathroom")),
            ("zigbee/bridge/state", '{"state":"online"}'),
            ("zigbee/bathroom/availability", '{"state":"online"}'),
            (
                "zigbee/bathroom",
                document(current_heating_setpoint=20.5, local_temperature=21.7, running_state="idle", system_mode="heat"),
            ),
        ),
        (
            Expected("zigbee.bathroom.local_temperature", "Current temperature", "°C", 21.7, "Bathroom radiator"),
            Expected("zigbee.bathroom.current_heating_setpoint", "Target temperature", "°C", 20.5, "Bathroom radiator"),
        ),
    ),
    Case(
        "Sonoff POW R2, Tasmota 8 with SetOption19",
        "https://github.com/emontnemery/domoticz_mqtt_discovery/issues/38",
        (
            tasmota("Power", "Power", unit_of_meas="W", dev_cla="power"),
            tasmota("ApparentPower", "ApparentPower", unit_of_meas="VA", dev_cla="power"),
            tasmota("Total", "Total", unit_of_meas="kWh", dev_cla="energy"),
            tasmota("TotalStartTime", "TotalStartTime", ic="mdi:progress-clock"),
            (f"{POW}/tele/LWT", "Online"),
            (
                f"{POW}/tele/SENSOR",
                document(
                    Time="2021-02-12T14:44:36",
                    ENERGY={"TotalStartTime": "2019-01-02T19:53:40", "Total": 0.018, "Power": 55, "ApparentPower": 61},
                ),
            ),
        ),
        tuple(
            Expected(f"{POW.replace('/', '.')}.tele.SENSOR.ENERGY.{path}", label, units, number, "SonOffPowForno", None, ds)
            for path, label, units, number, ds in (
                ("Power", "ENERGY Power", "W", 55.0, "GAUGE"),
                ("ApparentPower", "ENERGY ApparentPower", "VA", 61.0, "GAUGE"),
                ("Total", "ENERGY Total", "kWh", 0.018, "GAUGE"),
                ("Total.rate", "ENERGY Total rate", "kWh", 0.018, "DERIVE"),
            )
        ),
    ),
    Case(
        "Valetudo, a vacuum robot's battery",
        "https://github.com/Hypfer/Valetudo/issues/2084, https://valetudo.cloud/pages/integrations/mqtt.html",
        (
            (
                "homeassistant/sensor/GlossyHardToFindNarwhal/GlossyHardToFindNarwhal_battery_level/config",
                document(
                    name="Battery level",
                    unique_id="GlossyHardToFindNarwhal_BatteryStateAttribute_level",
                    state_topic="valetudo/GlossyHardToFindNarwhal/BatteryStateAttribute/level",
                    device_class="battery",
                    unit_of_measurement="%",
                    state_class="measurement",
                    entity_category="diagnostic",
                    availability_topic="valetudo/GlossyHardToFindNarwhal/$state",
                    payload_available="ready",
                    payload_not_available="lost",
                    device={
                        "manufacturer": "Roborock",
                        "model": "S5",
                        "name": "Valetudo S5 GlossyHardToFindNarwhal",
                        "identifiers": ["GlossyHardToFindNarwhal"],
                    },
                ),
            ),
            (
                "homeassistant/vacuum/GlossyHardToFindNarwhal/GlossyHardToFindNarwhal_vacuum/config",
                document(
                    name="Robot",
                    unique_id="GlossyHardToFindNarwhal_vacuum",
                    schema="state",
                    state_topic="valetudo/GlossyHardToFindNarwhal/hass/state",
                    device={"identifiers": ["GlossyHardToFindNarwhal"]},
                ),
            ),
            ("valetudo/GlossyHardToFindNarwhal/$state", "ready"),
            ("valetudo/GlossyHardToFindNarwhal/hass/state", '{"state":"docked","fan_speed":"max"}'),
            ("valetudo/GlossyHardToFindNarwhal/BatteryStateAttribute/level", "100"),
        ),
        (
            Expected(
                "valetudo.GlossyHardToFindNarwhal.BatteryStateAttribute.level",
                "Battery level",
                "%",
                100.0,
                "Valetudo S5 GlossyHardToFindNarwhal",
            ),
        ),
    ),
    Case(
        "EMS-ESP, hot water of a boiler",
        "https://github.com/emsesp/EMS-ESP32/issues/1360, https://docs.emsesp.org/Home-Assistant/",
        (
            ems_esp("boiler_dhw_curtemp", "dhw current temperature", "curtemp", unit_of_meas="°C", dev_cla="temperature"),
            ems_esp("boiler_dhw_starts", "dhw starts", "starts", stat_cla="total_increasing"),
            (
                "homeassistant/binary_sensor/ems-esp/boiler_dhw_3-way_valve_active/config",
                document(
                    uniq_id="boiler_dhw_3-way_valve_active",
                    stat_t="ems-esp/boiler_data_ww",
                    name="dhw 3-way valve active",
                    val_tpl="{{value_json.ww3wayvalve}}",
                    pl_on="on",
                    pl_off="off",
                    dev={"ids": ["ems-esp-boiler"]},
                ),
            ),
            ("ems-esp/boiler_data_ww", document(curtemp=48.2, starts=17651, ww3wayvalve="off", circ="on")),
        ),
        (
            Expected("ems-esp.boiler_data_ww.curtemp", "dhw current temperature", "°C", 48.2, "EMS-ESP Boiler"),
            Expected("ems-esp.boiler_data_ww.starts", "dhw starts", "", 17651.0, "EMS-ESP Boiler"),
            Expected("ems-esp.boiler_data_ww.starts.rate", "dhw starts rate", "", 17651.0, "EMS-ESP Boiler", None, "DERIVE"),
            Expected("ems-esp.boiler_data_ww.ww3wayvalve", "dhw 3-way valve active", "", 0.0, "EMS-ESP Boiler"),
        ),
    ),
    Case(
        "Acurite Tower, by rtl_433 and its script",
        "https://github.com/merbanan/rtl_433/blob/master/examples/rtl_433_mqtt_hass.py",
        (
            rtl_433(
                "T",
                "temperature_C",
                device_class="temperature",
                name="Temperature",
                unit_of_measurement="°C",
                value_template="{{ value|float|round(1) }}",
                state_class="measurement",
            ),
            rtl_433(
                "B",
                "battery_ok",
                device_class="battery",
                name="Battery",
                unit_of_measurement="%",
                value_template="{{ ((float(value) * 99)|round(0)) + 1 }}",
                state_class="measurement",
                entity_category="diagnostic",
            ),
            rtl_433("UTC", "time", device_class="timestamp", name="Timestamp", value_template="{{ value }}"),
            ("rtl_433/attic/devices/Acurite-Tower/A/11910/time", "2024-02-03 10:20:30"),
            ("rtl_433/attic/devices/Acurite-Tower/A/11910/temperature_C", "4.27"),
            ("rtl_433/attic/devices/Acurite-Tower/A/11910/battery_ok", "1"),
        ),
        (
            Expected(
                "rtl_433.attic.devices.Acurite-Tower.A.11910.temperature_C", "Temperature", "°C", 4.3, "Acurite-Tower-A-11910"
            ),
            Expected("rtl_433.attic.devices.Acurite-Tower.A.11910.battery_ok", "Battery", "%", 100.0, "Acurite-Tower-A-11910"),
        ),
    ),
    Case(
        "EspruinoHub, a Bluetooth thermometer with two availability topics",
        "https://github.com/espruino/EspruinoHub/issues/79",
        (
            (
                "homeassistant/sensor/eb44c1712e89/1809_temp/config",
                document(
                    unit_of_measurement="°C",
                    device_class="temperature",
                    state_topic=f"/ble/json/{BLE}/1809",
                    value_template="{{ value_json.temp}}",
                    json_attributes_topic=f"/ble/json/{BLE}/1809",
                    name=f"{BLE}_temp",
                    unique_id=f"{BLE}_1809_temp",
                    device={"identifiers": [BLE], "name": "Espruino 2e89", "sw_version": "EspruinoHub 0.0.1", "model": "-"},
                    availability=[
                        {"topic": f"/ble/presence/{BLE}", "payload_available": "1", "payload_not_available": "0"},
                        {"topic": "/ble/state"},
                    ],
                ),
            ),
            (f"/ble/presence/{BLE}", "1"),
            (f"/ble/json/{BLE}/1809", '{"temp":16.75,"rssi":-71}'),
        ),
        (Expected("ble.json.eb_44_c1_71_2e_89.1809.temp", f"{BLE}_temp", "°C", 16.75, "Espruino 2e89"),),
    ),
    Case(
        "MPP Solar inverter, with its numbers beside its announcements",
        "https://github.com/stuartpittaway/diyBMSv4ESP32/issues/49, https://github.com/jblance/mpp-solar",
        (
            (
                "homeassistant/sensor/Inverter_100177/Battery_voltage/config",
                document(
                    name="Battery_voltage_Inverter",
                    uniq_id="100177_Battery_voltage",
                    device={"ids": "100177", "mf": "MPPSolar", "mdl": "PIP3048LV-MK", "name": "Inverter", "sw": "61.01"},
                    state_topic="homeassistant/sensor/Inverter_100177/Battery_voltage",
                    state_class="measurement",
                    unit_of_meas="V",
                    icon="mdi:battery-outline",
                ),
            ),
            ("homeassistant/sensor/Inverter_100177/Battery_voltage", "52.4"),
        ),
        (Expected("homeassistant.sensor.Inverter_100177.Battery_voltage", "Battery_voltage_Inverter", "V", 52.4, "Inverter"),),
    ),
    Case(
        "Shelly Plus 1PM, by the discovery script of its second generation",
        "https://github.com/bieniu/ha-shellies-discovery-gen2",
        (
            (
                "homeassistant/switch/shellyplus1pm-a8032ab1234/switch-0/config",
                document(
                    name="Relay 0",
                    stat_t="boiler-plug/status/switch:0",
                    val_tpl="{%if value_json.output%}on{%else%}off{%endif%}",
                    stat_on="on",
                    stat_off="off",
                    uniq_id="shellyplus1pm-a8032ab1234-switch-0",
                    **SHELLY_SHARED,
                ),
            ),
            (
                "homeassistant/sensor/shellyplus1pm-a8032ab1234/switch-0-power/config",
                document(
                    name="Power",
                    stat_t="boiler-plug/status/switch:0",
                    val_tpl="{{value_json.apower|round(1)}}",
                    dev_cla="power",
                    unit_of_meas="W",
                    stat_cla="measurement",
                    uniq_id="shellyplus1pm-a8032ab1234-switch-0-power",
                    **SHELLY_SHARED,
                ),
            ),
            (
                "homeassistant/sensor/shellyplus1pm-a8032ab1234/switch-0-energy/config",
                document(
                    name="Energy",
                    stat_t="boiler-plug/status/switch:0",
                    val_tpl="{{value_json.aenergy.total|round(2)}}",
                    dev_cla="energy",
                    unit_of_meas="Wh",
                    stat_cla="total_increasing",
                    uniq_id="shellyplus1pm-a8032ab1234-switch-0-energy",
                    **SHELLY_SHARED,
                ),
            ),
            ("boiler-plug/online", "true"),
            (
                "boiler-plug/status/switch:0",
                document(id=0, output=True, apower=8.96, voltage=237.5, aenergy={"total": 6532.1}, temperature={"tC": 23.5}),
            ),
        ),
        (
            Expected("boiler-plug.status.switch_0.output", "Relay 0", "", 1.0, "Boiler plug"),
            Expected("boiler-plug.status.switch_0.apower", "Power", "W", 9.0, "Boiler plug"),
            Expected("boiler-plug.status.switch_0.aenergy.total", "Energy", "Wh", 6532.1, "Boiler plug"),
            Expected("boiler-plug.status.switch_0.aenergy.total.rate", "Energy rate", "Wh", 6532.1, ds_type="DERIVE"),
        ),
    ),
    Case(
        "A device in one announcement, as Home Assistant's documentation has it",
        "https://www.home-assistant.io/integrations/mqtt/#discovery-payload",
        (
            (
                "homeassistant/device/0AFFD2/config",
                document(
                    dev={
                        "ids": "ea334450945afc",
                        "name": "Kitchen",
                        "mf": "Bla electronics",
                        "mdl": "xya",
                        "sw": "1.0",
                        "sn": "ea334450945afc",
                        "hw": "1.0rev2",
                    },
                    o={"name": "bla2mqtt", "sw": "2.1", "url": "https://bla2mqtt.example.com/support"},
                    cmps={
                        "some_unique_component_id1": {
                            "p": "sensor",
                            "device_class": "temperature",
                            "unit_of_measurement": "°C",
                            "value_template": "{{ value_json.temperature }}",
                            "unique_id": "temp01ae_t",
                        },
                        "some_unique_id2": {
                            "p": "sensor",
                            "device_class": "humidity",
                            "unit_of_measurement": "%",
                            "value_template": "{{ value_json.humidity }}",
                            "unique_id": "temp01ae_h",
                        },
                        "some_unique_id3": {"p": "sensor"},
                    },
                    state_topic="sensorBedroom/state",
                    qos=2,
                ),
            ),
            ("sensorBedroom/state", '{"temperature": 23.20, "humidity": 43.70}'),
        ),
        (
            Expected("sensorBedroom.state.temperature", "Temperature", "°C", 23.2, "Kitchen"),
            Expected("sensorBedroom.state.humidity", "Humidity", "%", 43.7, "Kitchen"),
        ),
    ),
    Case(
        "A lamp with JSON, a roller shutter and a fan",
        "https://www.home-assistant.io/integrations/light.mqtt/#json-schema, /cover.mqtt/, /fan.mqtt/",
        (
            (
                "homeassistant/light/rgb1/config",
                document(
                    schema="json",
                    name="mqtt_json_light_1",
                    state_topic="home/rgb1",
                    command_topic="home/rgb1/set",
                    brightness=True,
                    supported_color_modes=["color_temp"],
                    color_temp_kelvin=True,
                ),
            ),
            (
                "homeassistant/cover/shutter/config",
                document(
                    name="MQTT Cover",
                    state_topic="home-assistant/cover/state",
                    position_topic="home-assistant/cover/position",
                    tilt_status_topic="home-assistant/cover/tilt-state",
                    tilt_max=180,
                ),
            ),
            (
                "homeassistant/fan/bedroom/config",
                document(
                    name="Bedroom Fan",
                    state_topic="bedroom_fan/on/state",
                    oscillation_state_topic="bedroom_fan/oscillation/state",
                    percentage_state_topic="bedroom_fan/speed/percentage_state",
                    payload_on="true",
                    payload_off="false",
                    payload_oscillation_on="true",
                    payload_oscillation_off="false",
                    speed_range_min=1,
                    speed_range_max=10,
                ),
            ),
            ("home/rgb1", document(brightness=255, color_mode="color_temp", color_temp=2700, state="ON")),
            ("home-assistant/cover/state", "open"),
            ("home-assistant/cover/position", "60"),
            ("home-assistant/cover/tilt-state", "90"),
            ("bedroom_fan/on/state", "true"),
            ("bedroom_fan/oscillation/state", "false"),
            ("bedroom_fan/speed/percentage_state", "7"),
        ),
        (
            Expected("home.rgb1.state", "mqtt_json_light_1", "", 1.0),
            Expected("home.rgb1.brightness", "mqtt_json_light_1 brightness", "", 255.0),
            Expected("home.rgb1.color_temp", "mqtt_json_light_1 color temperature", "K", 2700.0),
            Expected("home-assistant.cover.position", "MQTT Cover position", "%", 60.0),
            Expected("home-assistant.cover.tilt-state", "MQTT Cover tilt", "", 90.0),
            Expected("bedroom_fan.on.state", "Bedroom Fan", "", 1.0),
            Expected("bedroom_fan.oscillation.state", "Bedroom Fan oscillation", "", 0.0),
            Expected("bedroom_fan.speed.percentage_state", "Bedroom Fan speed", "", 7.0),
        ),
    ),
]
