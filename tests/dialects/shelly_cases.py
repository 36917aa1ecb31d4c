"""Shelly, first generation: messages by shelly-api-docs.shelly.cloud/gen1 and by people's logs of them."""

from __future__ import annotations

from .cases import Case, Expected, document

DOCS = "https://shelly-api-docs.shelly.cloud/gen1/"


def announce(device: str, mac: str, model: str, **more: object) -> tuple[tuple[str, str], ...]:
    """The two announcements that a device makes when it connects."""
    firmware = "20230913-112003/v1.14.0-gcb84623"
    text = document(id=device, model=model, mac=mac, ip="192.168.1.40", new_fw=False, fw_ver=firmware, **more)
    return (("shellies/announce", text), (f"shellies/{device}/announce", text), (f"shellies/{device}/online", "true"))


PLUG = "shellies/shellyplug-s-C18B12"
EM3 = "shellies/shellyem3-68C63AFAF952"
HT = "shellies/shellyht-F3B2A1"
DIMMER = "shellies/shellydimmer2-E868E7EA6333"
ROLLER = "shellies/shellyswitch25-B929CC"
DOOR = "shellies/shellydw2-3CE90ED7A3B2"
MOTION = "shellies/shellymotionsensor-60A423976594"
RGBW = "shellies/shellyrgbw2-32B6C1"
PM = "shellies/shelly1pm-84CCA8A1B2C3"

CASES = [
    Case(
        "Shelly Plug S",
        f"{DOCS}#shelly-plug-plugs-mqtt",
        (
            *announce("shellyplug-s-C18B12", "4C7525C18B12", "SHPLG-S"),
            (f"{PLUG}/relay/0", "on"),
            (f"{PLUG}/relay/0/power", "56.31"),
            (f"{PLUG}/relay/0/energy", "71943"),
            (f"{PLUG}/temperature", "27.44"),
            (f"{PLUG}/temperature_f", "81.39"),
            (f"{PLUG}/overtemperature", "0"),
            (f"{PLUG}/relay/0/command", "update"),
            (
                f"{PLUG}/info",
                document(
                    wifi_sta={"connected": True, "ssid": "home", "ip": "192.168.1.40", "rssi": -61},
                    mac="4C7525C18B12",
                    relays=[{"ison": True, "has_timer": False, "overpower": False}],
                    meters=[{"power": 56.31, "is_valid": True, "timestamp": 1706955630, "total": 71943}],
                    temperature=27.44,
                    tmp={"tC": 27.44, "tF": 81.39, "is_valid": True},
                    uptime=87123,
                ),
            ),
        ),
        (
            Expected("shellies.shellyplug-s-C18B12.relay.0", "Relay", "", 1.0, "shellyplug-s-C18B12"),
            Expected("shellies.shellyplug-s-C18B12.relay.0.power", "Power", "W", 56.31, "shellyplug-s-C18B12"),
            Expected("shellies.shellyplug-s-C18B12.relay.0.energy", "Energy", "Wh", 1199.05),
            Expected("shellies.shellyplug-s-C18B12.relay.0.energy.rate", "Energy rate", "Wh", 1199.05, ds_type="DERIVE"),
            Expected("shellies.shellyplug-s-C18B12.temperature", "Device temperature", "°C", 27.44),
            Expected("shellies.shellyplug-s-C18B12.overtemperature", "Overheated", "", 0.0),
            Expected("shellies.shellyplug-s-C18B12.info.wifi_sta.rssi", "Wi-Fi signal", "dBm", -61.0, "shellyplug-s-C18B12"),
        ),
    ),
    Case(
        "Shelly 1PM with add-on, relay off after overpower, and gone",
        f"{DOCS}#shelly1-shelly1pm-mqtt",
        (
            *announce("shelly1pm-84CCA8A1B2C3", "84CCA8A1B2C3", "SHSW-PM"),
            (f"{PM}/relay/0", "overpower"),
            (f"{PM}/relay/0/overpower_value", "2600"),
            (f"{PM}/input/0", "1"),
            (f"{PM}/longpush/0", "0"),
            (f"{PM}/input_event/0", document(event="S", event_cnt=2)),
            (f"{PM}/ext_temperature/0", "22.5"),
            (f"{PM}/ext_temperature/1", "999"),
            (f"{PM}/ext_temperature_f/0", "72.5"),
            (f"{PM}/ext_temperatures", document(**{"0": {"hwID": "2882379497020381", "tC": 22.5}})),
            (f"{PM}/online", "false"),
        ),
        (
            Expected("shellies.shelly1pm-84CCA8A1B2C3.relay.0", "Relay", "", None, "shelly1pm-84CCA8A1B2C3"),
            Expected("shellies.shelly1pm-84CCA8A1B2C3.input.0", "Input", "", None),
            Expected("shellies.shelly1pm-84CCA8A1B2C3.ext_temperature.0", "External temperature", "°C", None),
        ),
    ),
    Case(
        "Shelly 3EM",
        "https://github.com/enesbcs/Shelly_MQTT/pull/64",
        (
            *announce("shellyem3-68C63AFAF952", "68C63AFAF952", "SHEM-3"),
            (f"{EM3}/relay/0", "off"),
            (f"{EM3}/emeter/0/power", "120.11"),
            (f"{EM3}/emeter/0/pf", "0.71"),
            (f"{EM3}/emeter/0/current", "0.71"),
            (f"{EM3}/emeter/0/voltage", "239.03"),
            (f"{EM3}/emeter/0/energy", "2543"),
            (f"{EM3}/emeter/0/returned_energy", "0"),
            (f"{EM3}/emeter/0/total", "226923.9"),
            (f"{EM3}/emeter/0/total_returned", "517029.3"),
            (f"{EM3}/emeter/1/power", "-458.43"),
            (f"{EM3}/emeter_n/current", "0.33"),
        ),
        (
            Expected("shellies.shellyem3-68C63AFAF952.relay.0", "Relay", "", 0.0, "shellyem3-68C63AFAF952"),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.power", "Power", "W", 120.11),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.pf", "Power factor", "", 0.71),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.current", "Current", "A", 0.71),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.voltage", "Voltage", "V", 239.03),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.total", "Energy", "Wh", 226923.9),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.total.rate", "Energy rate", "Wh", 226923.9, ds_type="DERIVE"),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.0.total_returned", "Returned energy", "Wh", 517029.3),
            Expected(
                "shellies.shellyem3-68C63AFAF952.emeter.0.total_returned.rate",
                "Returned energy rate", "Wh", 517029.3, ds_type="DERIVE",
            ),
            Expected("shellies.shellyem3-68C63AFAF952.emeter.1.power", "Power 2", "W", -458.43),
            Expected("shellies.shellyem3-68C63AFAF952.emeter_n.current", "Neutral current", "A", 0.33),
        ),
    ),
    Case(
        "Shelly H&T, which sleeps",
        f"{DOCS}#shelly-h-amp-t-mqtt",
        (
            *announce("shellyht-F3B2A1", "E8DB84F3B2A1", "SHHT-1"),
            (f"{HT}/sensor/temperature", "21.88"),
            (f"{HT}/sensor/humidity", "47.5"),
            (f"{HT}/sensor/battery", "88"),
            (f"{HT}/sensor/ext_power", "false"),
            (f"{HT}/sensor/error", "0"),
            (f"{HT}/sensor/act_reasons", '["sensor"]'),
            (f"{HT}/info", document(
                tmp={"value": 21.88, "units": "C", "tC": 21.88, "tF": 71.38, "is_valid": True},
                hum={"value": 47.5, "is_valid": True}, bat={"value": 88, "voltage": 2.9},
            )),
            (f"{HT}/online", "false"),
        ),
        (
            Expected("shellies.shellyht-F3B2A1.sensor.temperature", "Temperature", "°C", 21.88, "shellyht-F3B2A1"),
            Expected("shellies.shellyht-F3B2A1.sensor.humidity", "Humidity", "%", 47.5),
            Expected("shellies.shellyht-F3B2A1.sensor.battery", "Battery", "%", 88.0),
            Expected("shellies.shellyht-F3B2A1.sensor.ext_power", "External power", "", 0.0),
        ),
    ),
    Case(
        "Shelly Dimmer 2",
        f"{DOCS}#shelly-dimmer-2-mqtt",
        (
            *announce("shellydimmer2-E868E7EA6333", "E868E7EA6333", "SHDM-2", mode="white"),
            (f"{DIMMER}/light/0", "on"),
            (f"{DIMMER}/light/0/status", document(
                ison=True, source="http", has_timer=False, timer_started=0, timer_duration=0, timer_remaining=0,
                mode="white", brightness=36, transition=0,
            )),
            (f"{DIMMER}/light/0/power", "14.2"),
            (f"{DIMMER}/light/0/energy", "360"),
            (f"{DIMMER}/loaderror", "0"),
            (f"{DIMMER}/overload", "0"),
        ),
        (
            Expected("shellies.shellydimmer2-E868E7EA6333.light.0", "Light", "", 1.0, "shellydimmer2-E868E7EA6333"),
            Expected("shellies.shellydimmer2-E868E7EA6333.light.0.status.brightness", "Brightness", "%", 36.0),
            Expected("shellies.shellydimmer2-E868E7EA6333.light.0.power", "Power", "W", 14.2),
            Expected("shellies.shellydimmer2-E868E7EA6333.light.0.energy", "Energy", "Wh", 6.0),
            Expected("shellies.shellydimmer2-E868E7EA6333.light.0.energy.rate", "Energy rate", "Wh", 6.0, ds_type="DERIVE"),
            Expected("shellies.shellydimmer2-E868E7EA6333.loaderror", "Load error", "", 0.0),
            Expected("shellies.shellydimmer2-E868E7EA6333.overload", "Overload", "", 0.0),
        ),
    ),
    Case(
        "Shelly RGBW2 in colour",
        f"{DOCS}#shelly-rgbw2-color-mqtt",
        (
            *announce("shellyrgbw2-32B6C1", "98CDAC32B6C1", "SHRGBW2", mode="color"),
            (f"{RGBW}/color/0", "on"),
            (f"{RGBW}/color/0/power", "5.6"),
            (f"{RGBW}/color/0/status", document(
                ison=True, has_timer=False, mode="color", red=255, green=128, blue=0, white=12, gain=80, effect=0,
                power=5.6, overpower=False,
            )),
        ),
        (
            Expected("shellies.shellyrgbw2-32B6C1.color.0", "Light", "", 1.0, "shellyrgbw2-32B6C1"),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.power", "Power", "W", 5.6),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.status.red", "Red", "", 255.0),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.status.green", "Green", "", 128.0),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.status.blue", "Blue", "", 0.0),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.status.white", "White", "", 12.0),
            Expected("shellies.shellyrgbw2-32B6C1.color.0.status.gain", "Gain", "%", 80.0),
        ),
    ),
    Case(
        "Shelly 2.5 as a roller shutter",
        f"{DOCS}#shelly2-5-mqtt",
        (
            *announce("shellyswitch25-B929CC", "84F3EBB929CC", "SHSW-25", mode="roller"),
            (f"{ROLLER}/roller/0", "stop"),
            (f"{ROLLER}/roller/0/pos", "75"),
            (f"{ROLLER}/roller/0/power", "0.00"),
            (f"{ROLLER}/roller/0/energy", "240"),
            (f"{ROLLER}/roller/0/stop_reason", "normal"),
            (f"{ROLLER}/voltage", "231.7"),
            (f"{ROLLER}/input/0", "0"),
            (f"{ROLLER}/input/1", "0"),
        ),
        (
            Expected("shellies.shellyswitch25-B929CC.roller.0.pos", "Position", "%", 75.0, "shellyswitch25-B929CC"),
            Expected("shellies.shellyswitch25-B929CC.roller.0.power", "Power", "W", 0.0),
            Expected("shellies.shellyswitch25-B929CC.roller.0.energy", "Energy", "Wh", 4.0),
            Expected("shellies.shellyswitch25-B929CC.roller.0.energy.rate", "Energy rate", "Wh", 4.0, ds_type="DERIVE"),
            Expected("shellies.shellyswitch25-B929CC.voltage", "Voltage", "V", 231.7),
            Expected("shellies.shellyswitch25-B929CC.input.0", "Input", "", 0.0),
            Expected("shellies.shellyswitch25-B929CC.input.1", "Input 2", "", 0.0),
        ),
    ),
    Case(
        "Shelly Door/Window 2",
        f"{DOCS}#shelly-door-window-2-mqtt",
        (
            (f"{DOOR}/sensor/state", "open"),
            (f"{DOOR}/sensor/tilt", "-1"),
            (f"{DOOR}/sensor/vibration", "0"),
            (f"{DOOR}/sensor/temperature", "19.4"),
            (f"{DOOR}/sensor/lux", "423"),
            (f"{DOOR}/sensor/illumination", "bright"),
            (f"{DOOR}/sensor/battery", "97"),
        ),
        (
            Expected("shellies.shellydw2-3CE90ED7A3B2.sensor.state", "Open", "", 1.0, "shellydw2-3CE90ED7A3B2"),
            Expected("shellies.shellydw2-3CE90ED7A3B2.sensor.vibration", "Vibration", "", 0.0),
            Expected("shellies.shellydw2-3CE90ED7A3B2.sensor.temperature", "Temperature", "°C", 19.4),
            Expected("shellies.shellydw2-3CE90ED7A3B2.sensor.lux", "Illuminance", "lx", 423.0),
            Expected("shellies.shellydw2-3CE90ED7A3B2.sensor.battery", "Battery", "%", 97.0),
        ),
    ),
    Case(
        "Shelly Motion",
        f"{DOCS}#shelly-motion-mqtt",
        (
            (f"{MOTION}/status", document(motion=True, timestamp=1611842183, active=True, vibration=False, lux=51, bat=98)),
            (f"{MOTION}/info", document(
                wifi_sta={"rssi": -55}, lux={"value": 51, "illumination": "twilight", "is_valid": True},
                sensor={"motion": True, "vibration": False, "timestamp": 1611842183, "active": True, "is_valid": True},
                bat={"value": 98, "voltage": 4.126}, tmp={"value": 22.9, "units": "C", "is_valid": True},
            )),
        ),
        (
            Expected(
                "shellies.shellymotionsensor-60A423976594.status.motion", "Motion", "", 1.0, "shellymotionsensor-60A423976594"
            ),
            Expected("shellies.shellymotionsensor-60A423976594.status.vibration", "Vibration", "", 0.0),
            Expected("shellies.shellymotionsensor-60A423976594.status.lux", "Illuminance", "lx", 51.0),
            Expected("shellies.shellymotionsensor-60A423976594.status.bat", "Battery", "%", 98.0),
            Expected("shellies.shellymotionsensor-60A423976594.status.tmp.value", "Temperature", "°C", 22.9),
            Expected("shellies.shellymotionsensor-60A423976594.info.wifi_sta.rssi", "Wi-Fi signal", "dBm", -55.0),
        ),
    ),
]  # fmt: skip
