"""Devices with Tasmota."""

from __future__ import annotations

from typing import Any

from .cases import Case, Expected, document

JSON = "https://tasmota.github.io/docs/JSON-Status-Responses/"
WIFI = {
    "AP": 1,
    "SSId": "home",
    "BSSId": "9C:05:D6:12:34:56",
    "Channel": 6,
    "Mode": "11n",
    "RSSI": 76,
    "Signal": -62,
    "LinkCount": 1,
}


def found(mac: str, topic: str, **more: Any) -> tuple[str, str]:
    """What a device says of itself."""
    config = {
        "ip": "192.168.15.10", "dn": "Tasmota", "fn": ["Tasmota", None, None, None], "hn": f"{topic}-1234",
        "mac": mac, "md": "Sonoff Basic", "ty": 0, "if": 0, "cam": 0, "ofln": "Offline", "onln": "Online",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "14.1.0", "t": topic, "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"], "rl": [1, 0, 0, 0, 0, 0, 0, 0], "swc": [-1, -1, -1, -1], "swn": [None, None, None, None],
        "btn": [0, 0, 0, 0], "so": {"4": 0, "11": 0, "30": 0, "73": 0}, "lk": 0, "lt_st": 0, "bat": 0, "dslp": 0,
        "sho": [0, 0, 0, 0], "sht": [[0, 0, 0]], "ver": 1,
    }  # fmt: skip
    return (f"tasmota/discovery/{mac}/config", document(**(config | more)))


def state(**more: Any) -> str:
    """A STATE message."""
    return document(
        Time="2024-02-03T10:20:30", Uptime="0T01:23:45", UptimeSec=5025, Heap=25, SleepMode="Dynamic", Sleep=50, LoadAvg=19,
        MqttCount=1, **more, Wifi=WIFI | {"Downtime": "0T00:00:03"},
    )  # fmt: skip


CASES = [
    Case(
        device="Nous A1T, plug that measures",
        source=JSON,
        messages=(
            found("D8BC38AABBCC", "washer", dn="Washing machine", fn=["Washing machine", None]),
            (
                "tasmota/discovery/D8BC38AABBCC/sensors",
                document(sn={"Time": "2024-02-03T10:20:30", "ENERGY": {"Total": 3.185, "Power": 41}}, ver=1),
            ),
            ("tele/washer/LWT", "Online"),
            ("tele/washer/INFO1", '{"Info1":{"Module":"NOUS A1T","Version":"14.1.0(tasmota)"}}'),
            ("tele/washer/STATE", state(POWER="OFF")),
            (
                "tele/washer/SENSOR",
                document(
                    Time="2024-02-03T10:20:30",
                    ENERGY={
                        "TotalStartTime": "2023-01-27T11:04:56", "Total": 3.185, "Yesterday": 3.058, "Today": 0.127, "Period": 1,
                        "Power": 41, "ApparentPower": 72, "ReactivePower": 59, "Factor": 0.57, "Voltage": 234, "Current": 0.31,
                    },
                ),
            ),
            ("stat/washer/RESULT", '{"POWER":"ON"}'),
            ("stat/washer/POWER", "ON"),
            ("stat/washer/RESULT", '{"TelePeriod":300}'),
            ("stat/washer/RESULT", '{"PowerDelta1":101}'),
        ),
        expected=(
            Expected("tele.washer.SENSOR.ENERGY.ApparentPower", "Apparent power", "VA", 72, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Current", "Current", "A", 0.31, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Factor", "Power factor", "", 0.57, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Period", "Energy of the period", "Wh", 1, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Power", "Power", "W", 41, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.ReactivePower", "Reactive power", "var", 59, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Today", "Energy today", "kWh", 0.127, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Total", "Total energy", "kWh", 3.185, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Total.rate", "Total energy rate", "kWh", 3.185, ds_type="DERIVE"),
            Expected("tele.washer.SENSOR.ENERGY.Voltage", "Voltage", "V", 234, "Washing machine"),
            Expected("tele.washer.SENSOR.ENERGY.Yesterday", "Energy yesterday", "kWh", 3.058, "Washing machine"),
            Expected("tele.washer.STATE.POWER", "Relay", "", 1, "Washing machine"),
            Expected("tele.washer.STATE.Wifi.Signal", "Wi-Fi signal", "dBm", -62, "Washing machine"),
        ),
    ),
    Case(
        device="Sonoff TH16 with AM2301, a firmware that does not announce itself",
        source="https://tasmota.github.io/docs/AM2301/",
        messages=(
            ("tele/cellar/LWT", "Online"),
            ("tele/cellar/STATE", document(Time="2019-01-05T22:45:12", Vcc=3.46, POWER="ON", Wifi={"AP": 1, "RSSI": 80})),
            (
                "tele/cellar/SENSOR",
                document(Time="2019-01-05T22:45:12", AM2301={"Temperature": 4.7, "Humidity": 93.7}, TempUnit="C"),
            ),
        ),
        expected=(
            Expected("tele.cellar.SENSOR.AM2301.Humidity", "AM2301 humidity", "%", 93.7, "cellar"),
            Expected("tele.cellar.SENSOR.AM2301.Temperature", "AM2301 temperature", "°C", 4.7, "cellar"),
            Expected("tele.cellar.STATE.POWER", "Relay", "", 1, "cellar"),
            Expected("tele.cellar.STATE.Vcc", "Supply voltage", "V", 3.46, "cellar"),
        ),
    ),
    Case(
        device="ESP8266 with two DS18B20, a switch and a pulse counter",
        source="https://tasmota.github.io/docs/DS18x20/",
        messages=(
            found("2CF432AABBCC", "boiler", dn="Boiler", fn=["Boiler"], rl=[0, 0], swn=["Burner", None]),
            (
                "tele/boiler/SENSOR",
                document(
                    **{
                        "Time": "2024-02-03T10:20:30",
                        "Switch1": "ON",
                        "Switch2": "OFF",
                        "COUNTER": {"C1": 1234},
                        "DS18B20-1": {"Id": "0119A1A2A3A4", "Temperature": 61.3},
                        "DS18B20-2": {"Id": "012345678901", "Temperature": None},
                        "TempUnit": "C",
                    }
                ),
            ),
            ("stat/boiler/RESULT", '{"Switch2":{"Action":"ON"}}'),
        ),
        expected=(
            Expected("tele.boiler.SENSOR.COUNTER.C1", "Counter 1", "", 1234, "Boiler"),
            Expected("tele.boiler.SENSOR.COUNTER.C1.rate", "Counter 1 rate", "", 1234, "Boiler", ds_type="DERIVE"),
            Expected("tele.boiler.SENSOR.DS18B20-1.Temperature", "DS18B20-1 temperature", "°C", 61.3, "Boiler"),
            Expected("tele.boiler.SENSOR.Switch1", "Burner", "", 1, "Boiler"),
            Expected("tele.boiler.SENSOR.Switch2", "Switch 2", "", 1, "Boiler"),
        ),
    ),
    Case(
        device="three-phase meter",
        source="https://tasmota.github.io/docs/Modbus-Bridge/",
        messages=(
            found("C45BBEAABBCC", "meter", dn="House meter", rl=[0]),
            (
                "tele/meter/SENSOR",
                document(
                    Time="2024-02-03T10:20:30",
                    ENERGY={
                        "TotalStartTime": "2021-01-01T00:00:00", "Total": [100.5, 200.25, 300.125], "TotalTariff": [400.1, 200.2],
                        "ExportActive": 12.58, "Power": [500, 0, 1500], "Frequency": 49.98, "Voltage": [230, 231, 232],
                    },
                ),
            ),
        ),
        expected=(
            *(
                each
                for number, total, power, voltage in ((0, 100.5, 500, 230), (1, 200.25, 0, 231), (2, 300.125, 1500, 232))
                for each in (
                    Expected(f"tele.meter.SENSOR.ENERGY.Total.{number}", f"Total energy {number + 1}", "kWh", total),
                    Expected(
                        f"tele.meter.SENSOR.ENERGY.Total.{number}.rate",
                        f"Total energy {number + 1} rate",
                        "kWh",
                        total,
                        ds_type="DERIVE",
                    ),
                    Expected(f"tele.meter.SENSOR.ENERGY.Power.{number}", f"Power {number + 1}", "W", power),
                    Expected(f"tele.meter.SENSOR.ENERGY.Voltage.{number}", f"Voltage {number + 1}", "V", voltage),
                )
            ),
            Expected("tele.meter.SENSOR.ENERGY.TotalTariff.0", "Energy tariff 1", "kWh", 400.1),
            Expected("tele.meter.SENSOR.ENERGY.TotalTariff.0.rate", "Energy tariff 1 rate", "kWh", 400.1, ds_type="DERIVE"),
            Expected("tele.meter.SENSOR.ENERGY.TotalTariff.1", "Energy tariff 2", "kWh", 200.2),
            Expected("tele.meter.SENSOR.ENERGY.TotalTariff.1.rate", "Energy tariff 2 rate", "kWh", 200.2, ds_type="DERIVE"),
            Expected("tele.meter.SENSOR.ENERGY.ExportActive", "Exported energy", "kWh", 12.58),
            Expected("tele.meter.SENSOR.ENERGY.ExportActive.rate", "Exported energy rate", "kWh", 12.58, ds_type="DERIVE"),
            Expected("tele.meter.SENSOR.ENERGY.Frequency", "Frequency", "Hz", 49.98, "House meter"),
        ),
    ),
    Case(
        device="shutter, with its own full topic",
        source="https://tasmota.github.io/docs/Blinds-and-Shutters/",
        messages=(
            found("E09806AABBCC", "blind", dn="South blind", ft="home/%topic%/%prefix%/", rl=[3, 3], sho=[0]),
            ("home/blind/tele/LWT", "Online"),
            ("home/blind/tele/STATE", state(POWER1="OFF")),
            (
                "home/blind/tele/SENSOR",
                document(Time="2024-02-03T10:20:30", Shutter1={"Position": 54, "Direction": 0, "Target": 54}),
            ),
            ("home/blind/stat/POWER2", "ON"),
            ("home/blind/stat/RESULT", '{"Shutter1":{"Position":54,"Direction":-1,"Target":0,"Tilt":0}}'),
        ),
        expected=(
            Expected("home.blind.tele.SENSOR.Shutter1.Position", "Shutter 1 position", "%", 54, "South blind"),
            Expected("home.blind.tele.SENSOR.Shutter1.Tilt", "Shutter 1 tilt", "", 0, "South blind"),
            Expected("home.blind.tele.STATE.POWER1", "Relay 1", "", 0, "South blind"),
            Expected("home.blind.tele.STATE.POWER2", "Relay 2", "", 1, "South blind"),
            Expected("home.blind.tele.STATE.Wifi.Signal", "Wi-Fi signal", "dBm", -62, "South blind"),
        ),
    ),
    Case(
        device="Sonoff Zigbee bridge",
        source="https://tasmota.github.io/docs/Zigbee/",
        messages=(
            found("E8DB84AABBCC", "zbbridge", dn="Zigbee bridge", rl=[0]),
            (
                "tele/zbbridge/SENSOR",
                '{"ZbReceived":{"0x329F":{"Device":"0x329F","Name":"Attic","Temperature":27.89,"Endpoint":1,"LinkQuality":94}}}',
            ),
            ("tele/zbbridge/SENSOR", '{"ZbReceived":{"0x329F":{"Device":"0x329F","Name":"Attic","Humidity":69.45,"EF00/01":1}}}'),
            ("tele/zbbridge/5ADF/SENSOR", '{"ZbReceived":{"0x5ADF":{"Device":"0x5ADF","Power":1,"LinkQuality":70}}}'),
        ),
        expected=(
            Expected("tele.zbbridge.SENSOR.ZbReceived.0x329F.Humidity", "Humidity", "%", 69.45, "Attic"),
            Expected("tele.zbbridge.SENSOR.ZbReceived.0x329F.LinkQuality", "Link quality", "lqi", 94, "Attic"),
            Expected("tele.zbbridge.SENSOR.ZbReceived.0x329F.Temperature", "Temperature", "°C", 27.89, "Attic"),
            Expected("tele.zbbridge.5ADF.SENSOR.ZbReceived.0x5ADF.LinkQuality", "Link quality", "lqi", 70, "0x5ADF"),
            Expected("tele.zbbridge.5ADF.SENSOR.ZbReceived.0x5ADF.Power", "State", "", 1, "0x5ADF"),
        ),
    ),
    Case(
        device="ESP32 with BME280, SGP30, PMS5003, BH1750 and TX23, in American units",
        source="https://tasmota.github.io/docs/BME280/",
        messages=(
            found("34AB95AABBCC", "weather", dn="Weather", rl=[0]),
            (
                "tele/weather/SENSOR",
                document(
                    Time="2024-02-03T10:20:30",
                    BME280={"Temperature": 73.4, "Humidity": 32.3, "DewPoint": 42.1, "Pressure": 29.9},
                    SGP30={"eCO2": 584, "TVOC": 263, "aHumidity": 6.5717},
                    PMS5003={"CF1": 12, "PM2.5": 14, "PB0.3": 2000},
                    BH1750={"Illuminance": 521},
                    TX23={"Speed": {"Act": "14.8", "Avg": 8.5}, "Dir": {"Card": "WSW", "Deg": 247.5}},
                    ESP32={"Temperature": 131.0},
                    PressureUnit="inHg",
                    TempUnit="F",
                    SpeedUnit="mph",
                ),
            ),
        ),
        expected=(
            Expected("tele.weather.SENSOR.BME280.DewPoint", "BME280 dew point", "°F", 42.1, "Weather"),
            Expected("tele.weather.SENSOR.BME280.Humidity", "BME280 humidity", "%", 32.3, "Weather"),
            Expected("tele.weather.SENSOR.BME280.Pressure", "BME280 pressure", "inHg", 29.9, "Weather"),
            Expected("tele.weather.SENSOR.BME280.Temperature", "BME280 temperature", "°F", 73.4, "Weather"),
            Expected("tele.weather.SENSOR.SGP30.TVOC", "SGP30 TVOC", "ppb", 263, "Weather"),
            Expected("tele.weather.SENSOR.SGP30.aHumidity", "SGP30 absolute humidity", "g/m³", 6.5717, "Weather"),
            Expected("tele.weather.SENSOR.SGP30.eCO2", "SGP30 eCO₂", "ppm", 584, "Weather"),
            Expected("tele.weather.SENSOR.PMS5003.CF1", "PMS5003 CF1", "µg/m³", 12, "Weather"),
            Expected("tele.weather.SENSOR.PMS5003.PM2_.5", "PMS5003 PM2.5", "µg/m³", 14, "Weather"),
            Expected("tele.weather.SENSOR.PMS5003.PB0_.3", "PMS5003 PB0.3", "", 2000, "Weather"),
            Expected("tele.weather.SENSOR.BH1750.Illuminance", "BH1750 illuminance", "lx", 521, "Weather"),
            Expected("tele.weather.SENSOR.TX23.Speed.Act", "TX23 speed act", "mph", 14.8, "Weather"),
            Expected("tele.weather.SENSOR.TX23.Speed.Avg", "TX23 speed avg", "mph", 8.5, "Weather"),
            Expected("tele.weather.SENSOR.TX23.Dir.Deg", "TX23 direction deg", "°", 247.5, "Weather"),
            Expected("tele.weather.SENSOR.ESP32.Temperature", "ESP32 temperature", "°F", 131.0, "Weather"),
        ),
    ),
    Case(
        device="light with two channels, gone since",
        source="https://tasmota.github.io/docs/Lights/",
        messages=(
            found("84F3EBAABBCC", "lamp", dn="Lamps", fn=["Ceiling", "Wall"], rl=[2, 1], lt_st=2, ofln="Gone", onln="Here"),
            ("tele/lamp/LWT", "Here"),
            ("tele/lamp/STATE", state(POWER1="ON", Dimmer=60, Color="99,99", White=60, CT=327, Channel=[60, 0], POWER2="OFF")),
            ("stat/lamp/RESULT", '{"POWER1":"ON","Dimmer":75,"White":75,"CT":327}'),
            ("tele/lamp/LWT", "Gone"),
        ),
        expected=(
            Expected("tele.lamp.STATE.CT", "Colour temperature", "mired", None, "Lamps"),
            Expected("tele.lamp.STATE.Dimmer", "Dimmer", "%", None, "Lamps"),
            Expected("tele.lamp.STATE.POWER1", "Ceiling", "", None, "Lamps"),
            Expected("tele.lamp.STATE.POWER2", "Wall", "", None, "Lamps"),
            Expected("tele.lamp.STATE.White", "White", "%", None, "Lamps"),
            Expected("tele.lamp.STATE.Wifi.Signal", "Wi-Fi signal", "dBm", None, "Lamps"),
        ),
    ),
    Case(
        device="smart meter interface",
        source="https://tasmota.github.io/docs/Smart-Meter-Interface/",
        messages=(
            found("A4CF12AABBCC", "sml", dn="Grid", rl=[0]),
            (
                "tele/sml/SENSOR",
                document(
                    Time="2024-02-03T10:20:30",
                    SML={"Total_in": 21234.5, "Power_curr": 512, "Meter_Number": "1234567890", "Server_ID": "0901454d48"},
                ),
            ),
        ),
        expected=(
            Expected("tele.sml.SENSOR.SML.Power_curr", "SML power curr", "", 512, "Grid"),
            Expected("tele.sml.SENSOR.SML.Total_in", "SML total in", "", 21234.5, "Grid"),
        ),
    ),
]  # fmt: skip
