"""OpenMQTTGateway and Theengs Gateway: messages by their documentation, their decoder's tests and rtl_433's."""

from __future__ import annotations

from .cases import Case, Expected, document

THEENGS = "https://github.com/theengs/decoder/blob/development/tests/BLE/test_ble.cpp"
OMG = "https://docs.openmqttgateway.com/use/"
RTL_433 = "https://github.com/merbanan/rtl_433/blob/master/docs/DATA_FORMAT.md"

PVVX = {
    "brand": "Xiaomi", "model": "TH Sensor", "model_id": "LYWSD03MMC/MJWSD05MMC_PVVX", "type": "THB",
    "tempc": 21.12, "tempf": 70.016, "hum": 50.53, "batt": 100, "volt": 3.143,
}  # fmt: skip

CASES = [
    Case(
        "Xiaomi LYWSD03MMC, heard by two gateways",
        THEENGS,
        (
            ("home/OMG_ESP32_BLE/LWT", "online"),
            ("home/OMG_ESP32_BLE/BTtoMQTT/A4C138CF0156", document(id="A4:C1:38:CF:01:56", mac_type=0, rssi=-65, **PVVX)),
            ("home/TheengsGateway/BTtoMQTT/A4C138CF0156", document(id="A4:C1:38:CF:01:56", name="ATC_CF0156", rssi=-82, **PVVX)),
        ),
        (
            Expected("home.BTtoMQTT.A4C138CF0156.tempc", "Temperature", "°C", 21.12, "ATC_CF0156"),
            Expected("home.BTtoMQTT.A4C138CF0156.hum", "Humidity", "%", 50.53, "ATC_CF0156"),
            Expected("home.BTtoMQTT.A4C138CF0156.batt", "Battery", "%", 100.0),
            Expected("home.BTtoMQTT.A4C138CF0156.volt", "Voltage", "V", 3.143),
            Expected(
                "home.OMG_ESP32_BLE.BTtoMQTT.A4C138CF0156.rssi", "Signal strength at OMG_ESP32_BLE", "dBm", -65.0, "ATC_CF0156"
            ),
            Expected("home.TheengsGateway.BTtoMQTT.A4C138CF0156.rssi", "Signal strength at TheengsGateway", "dBm", -82.0),
        ),
    ),
    Case(
        "Mi Flora, a scale, a tyre, and phones passing by",
        f"{OMG}ble.html",
        (
            ("home/OpenMQTTGateway/BTtoMQTT/C47C8D6AAAAA", document(
                id="C4:7C:8D:6A:AA:AA", name="Flower care", rssi=-75, brand="Xiaomi/VegTrug", model="MiFlora",
                model_id="HHCCJCY01HHCC", lux=423,
            )),
            ("home/OpenMQTTGateway/BTtoMQTT/C47C8D6AAAAA", document(
                id="C4:7C:8D:6A:AA:AA", rssi=-75, brand="Xiaomi/VegTrug", model="MiFlora", model_id="HHCCJCY01HHCC",
                moi=30, fer=171,
            )),
            ("home/OpenMQTTGateway/BTtoMQTT/0CEFAF11AA11", document(
                id="0C:EF:AF:11:AA:11", brand="Xiaomi", model="Mi_Smart_Scale", model_id="XMTZC01HM/XMTZC04HM", type="SCALE",
                weighing_mode="person", unit="lb", weight=142.3,
            )),
            ("home/OpenMQTTGateway/BTtoMQTT/80EACA108A78", document(
                id="80:EA:CA:10:8A:78", brand="GENERIC", model="TPMS", model_id="TPMS", type="TIRE", count=1, alarm=False,
                tempc=21.38, tempf=70.484, pres=2.5, batt=95,
            )),
            ("home/OpenMQTTGateway/BTtoMQTT/5210A84690AC", document(
                id="52:10:A8:46:90:AC", mac_type=1, rssi=-77, distance=7.85288, brand="GENERIC", model="iBeacon",
                model_id="IBEACON", mfid="4c00", uuid="1de4b189115e45f6b44e509352269977", major=0, minor=0, txpower=-66,
            )),
            ("home/OpenMQTTGateway/BTtoMQTT/45E174126E00", document(
                id="45:e1:74:12:6e:00", rssi=-89, distance=21.51847, servicedata="fe0000000000000000000000000000000000000000",
            )),
            ("home/OpenMQTTGateway/undecoded/BTtoMQTT", document(id="45:e1:74:12:6e:00", rssi=-89, tempc=1)),
        ),
        (
            Expected("home.BTtoMQTT.C47C8D6AAAAA.lux", "Illuminance", "lx", 423.0, "Flower care 6AAAAA"),
            Expected("home.BTtoMQTT.C47C8D6AAAAA.moi", "Moisture", "%", 30.0, "Flower care 6AAAAA"),
            Expected("home.BTtoMQTT.C47C8D6AAAAA.fer", "Fertility", "µS/cm", 171.0),
            Expected("home.OpenMQTTGateway.BTtoMQTT.C47C8D6AAAAA.rssi", "Signal strength at OpenMQTTGateway", "dBm", -75.0),
            Expected("home.BTtoMQTT.0CEFAF11AA11.weight", "Weight", "lb", 142.3, "Xiaomi Mi_Smart_Scale 11AA11"),
            Expected("home.BTtoMQTT.80EACA108A78.alarm", "Alarm", "", 0.0),
            Expected("home.BTtoMQTT.80EACA108A78.tempc", "Temperature", "°C", 21.38),
            Expected("home.BTtoMQTT.80EACA108A78.pres", "Pressure", "bar", 2.5),
            Expected("home.BTtoMQTT.80EACA108A78.batt", "Battery", "%", 95.0),
        ),
    ),
    Case(
        "Acurite tower and a Fine Offset weather station on 433 MHz",
        RTL_433,
        (
            ("home/OMG_lilygo_rtl_433_ESP/RTL_433toMQTT/Acurite-Tower/A/8623", document(
                model="Acurite-Tower", id=8623, channel="A", battery_ok=1, temperature_C=21.3, humidity=44, mic="CHECKSUM",
                protocol="Acurite 592TXR Temp/Humidity, 5n1 Weather Station, 6045 Lightning", rssi=-81, duration=153000,
            )),
            ("home/OMG_lilygo_rtl_433_ESP/RTL_433toMQTT/Fineoffset-WHx080/0/169", document(
                model="Fineoffset-WHx080", subtype=0, id=169, battery_ok=0, temperature_C=7.4, humidity=81,
                wind_dir_deg=270, wind_avg_km_h=12.24, wind_max_km_h=19.584, rain_mm=123.6, mic="CRC", rssi=-70,
            )),
            ("home/OMG_lilygo_rtl_433_ESP/RTL_433toMQTT", document(model="status", protocol="debug", rssi=-38, freeMem=112880)),
        ),
        (
            Expected("home.RTL_433toMQTT.Acurite-Tower.A.8623.battery_ok", "Battery OK", "", 1.0, "Acurite-Tower A 8623"),
            Expected("home.RTL_433toMQTT.Acurite-Tower.A.8623.temperature_C", "Temperature", "°C", 21.3, "Acurite-Tower A 8623"),
            Expected("home.RTL_433toMQTT.Acurite-Tower.A.8623.humidity", "Humidity", "%", 44.0),
            Expected(
                "home.OMG_lilygo_rtl_433_ESP.RTL_433toMQTT.Acurite-Tower.A.8623.rssi",
                "Signal strength at OMG_lilygo_rtl_433_ESP", "dBm", -81.0,
            ),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.battery_ok", "Battery OK", "", 0.0, "Fineoffset-WHx080 0 169"),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.temperature_C", "Temperature", "°C", 7.4),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.humidity", "Humidity", "%", 81.0),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.wind_dir_deg", "Wind direction", "°", 270.0),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.wind_avg_km_h", "Wind speed", "km/h", 12.24),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.wind_max_km_h", "Gust", "km/h", 19.584),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.rain_mm", "Rain", "mm", 123.6),
            Expected("home.RTL_433toMQTT.Fineoffset-WHx080.0.169.rain_mm.rate", "Rain rate", "mm", 123.6, ds_type="DERIVE"),
            Expected(
                "home.OMG_lilygo_rtl_433_ESP.RTL_433toMQTT.Fineoffset-WHx080.0.169.rssi",
                "Signal strength at OMG_lilygo_rtl_433_ESP", "dBm", -70.0,
            ),
        ),
    ),
    Case(
        "A LoRa node with the example of the documentation, and a message without a number",
        f"{OMG}lora.html",
        (
            ("home/OpenMQTTGateway_ESP32_LORA_TEST/LORAtoMQTT/AABBCCDDEEFF", document(
                id="AA:BB:CC:DD:EE:FF", rssi=-16, snr=9.25, pferror=-3598, packetSize=9, tempc="55.3",
            )),
            ("home/OpenMQTTGateway_ESP32_LORA_TEST/LORAtoMQTT", document(
                rssi=-50, snr=9.25, pferror=20728, packetSize=30, to="000000", message="Hi from WiPhone", type="WiPhone",
            )),
        ),
        (
            Expected("home.LORAtoMQTT.AABBCCDDEEFF.tempc", "Temperature", "°C", 55.3, "Sensor DDEEFF"),
            Expected(
                "home.OpenMQTTGateway_ESP32_LORA_TEST.LORAtoMQTT.AABBCCDDEEFF.rssi",
                "Signal strength at OpenMQTTGateway_ESP32_LORA_TEST", "dBm", -16.0,
            ),
            Expected(
                "home.OpenMQTTGateway_ESP32_LORA_TEST.LORAtoMQTT.AABBCCDDEEFF.snr",
                "Signal to noise at OpenMQTTGateway_ESP32_LORA_TEST", "dB", 9.25,
            ),
        ),
    ),
    Case(
        "A gateway with sensors of its own, and gone",
        f"{OMG}sensors.html",
        (
            ("home/OpenMQTTGateway/SYStoMQTT", document(
                uptime=60405, version="v1.6.0", discovery=False, env="lilygo-rtl_433", freemem=115572, mqttport="1883",
                mqttsecure=True, minfreemem=76492, tempc=57.77778, freestack=6064, rssi=-39, SSID="home",
                ip="192.168.1.44", mac="AA:BB:CC:00:11:22", modules=["LilyGo_SSD1306", "WebUI", "rtl_433"],
            )),
            ("home/OpenMQTTGateway/CLIMAtoMQTT/htu", document(tempc=25.34064, tempf=77.61314, hum=56.53052)),
            ("home/OpenMQTTGateway/CLIMAtoMQTT/ds1820/0x28616411907650bc", document(
                temp=27.8, unit="C", type="DS18B20", res="12bit\n", addr="0x28616411907650bc",
            )),
            ("home/OpenMQTTGateway/433toMQTT", document(value=1315156, protocol=1, length=24, delay=317)),
            ("home/OpenMQTTGateway/LWT", "offline"),
        ),
        (
            Expected("home.OpenMQTTGateway.SYStoMQTT.rssi", "Wi-Fi signal", "dBm", None, "OpenMQTTGateway"),
            Expected("home.OpenMQTTGateway.SYStoMQTT.freemem", "Free memory", "B", None, "OpenMQTTGateway"),
            Expected("home.OpenMQTTGateway.SYStoMQTT.tempc", "Device temperature", "°C", None),
            Expected("home.OpenMQTTGateway.CLIMAtoMQTT.htu.tempc", "Temperature (htu)", "°C", None, "OpenMQTTGateway"),
            Expected("home.OpenMQTTGateway.CLIMAtoMQTT.htu.hum", "Humidity (htu)", "%", None),
            Expected(
                "home.OpenMQTTGateway.CLIMAtoMQTT.ds1820.0x28616411907650bc.temp",
                "Temperature (ds1820/0x28616411907650bc)", "°C", None,
            ),
        ),
    ),
]  # fmt: skip
