"""Shelly, second and later generations: messages by shelly-api-docs.shelly.cloud/gen2 and by people's logs of them."""

from __future__ import annotations

from typing import Any

from .cases import Case, Expected, document

DOCS = "https://shelly-api-docs.shelly.cloud/gen2/"
PLUS = "shellyplus1pm-a8032abe54dc"
PRO3EM = "shellypro3em-3494547a1b2c"
HT = "shellyplusht-b8d61a8b17cc"
BLU = "shellypro1pm-30c6f7850a64"
COVER = "shellyplus2pm-e465b8f3028c"
OTHER = "shellyplus2pm-e465b8f30300"
UNI = "shellyplusuni-08f9e0ea0b14"


def notify(source: str, ts: float | None, *, prefix: str = "", method: str = "NotifyStatus", **params: Any) -> tuple[str, str]:
    """A notification; `switch_0` is the component `switch:0`."""
    components = {name.replace("__", ":"): status for name, status in params.items()}
    prefix = prefix or source
    return f"{prefix}/events/rpc", document(src=source, dst=f"{prefix}/events", method=method, params={"ts": ts, **components})


CASES = [
    Case(
        "Shelly Plus 1PM, which sends its status in both ways",
        f"{DOCS}ComponentsAndServices/Switch",
        (
            (f"{PLUS}/online", "true"),
            notify(PLUS, 1631186545.04, switch__0={"id": 0, "output": True, "source": "button", "apower": 8.9}),
            notify(PLUS, 1631186546.5, switch__0={
                "id": 0, "aenergy": {"by_minute": [45.199, 47.141, 88.397], "minute_ts": 1631186545, "total": 6532.5},
            }),
            (f"{PLUS}/status/switch:0", document(
                id=0, source="init", output=True, apower=8.9, voltage=225.9, current=0.0, pf=0.0, freq=50.0,
                aenergy={"total": 6532.5, "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1626935779},
                temperature={"tC": 49.4, "tF": 121.0},
            )),
            (f"{PLUS}/status/input:0", document(id=0, state=True)),
            (f"{PLUS}/status/sys", document(mac="A8032ABE54DC", uptime=4521, ram_free=143444, unixtime=1631186545)),
            (f"{PLUS}/status/wifi", document(sta_ip="192.168.1.41", status="got ip", ssid="home", rssi=-67)),
            (f"{PLUS}/events/rpc", document(
                src=PLUS, dst=f"{PLUS}/events", method="NotifyEvent",
                params={"ts": 1631266595.44, "events": [{"component": "input:0", "id": 0, "event": "single_push"}]},
            )),
        ),
        (
            Expected(f"{PLUS}.status.switch_0.output", "Switch", "", 1.0, PLUS),
            Expected(f"{PLUS}.status.switch_0.apower", "Power", "W", 8.9, PLUS),
            Expected(f"{PLUS}.status.switch_0.voltage", "Voltage", "V", 225.9),
            Expected(f"{PLUS}.status.switch_0.current", "Current", "A", 0.0),
            Expected(f"{PLUS}.status.switch_0.pf", "Power factor", "", 0.0),
            Expected(f"{PLUS}.status.switch_0.freq", "Frequency", "Hz", 50.0),
            Expected(f"{PLUS}.status.switch_0.aenergy.total", "Energy", "Wh", 6532.5),
            Expected(f"{PLUS}.status.switch_0.aenergy.total.rate", "Energy rate", "Wh", 6532.5, ds_type="DERIVE"),
            Expected(f"{PLUS}.status.switch_0.temperature.tC", "Device temperature", "°C", 49.4),
            Expected(f"{PLUS}.status.input_0.state", "Input", "", 1.0),
            Expected(f"{PLUS}.status.wifi.rssi", "Wi-Fi signal", "dBm", -67.0),
        ),
    ),
    Case(
        "Shelly Plus H&T, which sleeps",
        "https://gist.github.com/NelsonMinar/494a0f53785c20290b395639548349fa",
        (
            (f"{HT}/online", "true"),
            notify(
                HT, 1680962879.62, method="NotifyFullStatus", ble={}, cloud={"connected": False},
                devicepower__0={"id": 0, "battery": {"V": 5.03, "percent": 62}, "external": {"present": False}},
                ht_ui={}, humidity__0={"id": 0, "rh": 42.2}, mqtt={"connected": True},
                sys={"mac": "B8D61A8B17CC", "uptime": 3, "ram_size": 235300, "wakeup_reason": {"boot": "deepsleep_wake"}},
                temperature__0={"id": 0, "tC": 19.8, "tF": 67.6},
                wifi={"sta_ip": "192.168.3.183", "status": "got ip", "ssid": "home", "rssi": -51},
            ),
            (f"{HT}/online", "false"),
        ),
        (
            Expected(f"{HT}.status.devicepower_0.battery.percent", "Battery", "%", 62.0, HT, 1680962879.62),
            Expected(f"{HT}.status.devicepower_0.battery.V", "Battery voltage", "V", 5.03),
            Expected(f"{HT}.status.humidity_0.rh", "Humidity", "%", 42.2),
            Expected(f"{HT}.status.temperature_0.tC", "Temperature", "°C", 19.8, HT, 1680962879.62),
            Expected(f"{HT}.status.wifi.rssi", "Wi-Fi signal", "dBm", -51.0),
        ),
    ),
    Case(
        "Shelly Pro 3EM",
        f"{DOCS}ComponentsAndServices/EM",
        (
            (f"{PRO3EM}/status/em:0", document(
                id=0, a_current=4.029, a_voltage=236.1, a_act_power=951.2, a_aprt_power=951.9, a_pf=1, a_freq=50,
                b_act_power=-12.5, n_current=None, total_current=11.083, total_act_power=2484.782,
                user_calibrated_phase=[],
            )),
            (f"{PRO3EM}/status/emdata:0", document(
                id=0, a_total_act_energy=450910.1, a_total_act_ret_energy=7.2, total_act=1213213.5, total_act_ret=21.6,
            )),
        ),
        (
            Expected(f"{PRO3EM}.status.em_0.a_current", "Phase A current", "A", 4.029, PRO3EM),
            Expected(f"{PRO3EM}.status.em_0.a_voltage", "Phase A voltage", "V", 236.1),
            Expected(f"{PRO3EM}.status.em_0.a_act_power", "Phase A power", "W", 951.2),
            Expected(f"{PRO3EM}.status.em_0.a_aprt_power", "Phase A apparent power", "VA", 951.9),
            Expected(f"{PRO3EM}.status.em_0.a_pf", "Phase A power factor", "", 1.0),
            Expected(f"{PRO3EM}.status.em_0.a_freq", "Phase A frequency", "Hz", 50.0),
            Expected(f"{PRO3EM}.status.em_0.b_act_power", "Phase B power", "W", -12.5),
            Expected(f"{PRO3EM}.status.em_0.total_current", "Total current", "A", 11.083),
            Expected(f"{PRO3EM}.status.em_0.total_act_power", "Total power", "W", 2484.782),
            *(
                Expected(f"{PRO3EM}.status.emdata_0.{name}{end}", f"{label}{' rate' if end else ''}", "Wh", value,
                         ds_type="DERIVE" if end else "GAUGE")
                for name, label, value in (
                    ("a_total_act_energy", "Phase A energy", 450910.1),
                    ("a_total_act_ret_energy", "Phase A returned energy", 7.2),
                    ("total_act", "Total energy", 1213213.5),
                    ("total_act_ret", "Total returned energy", 21.6),
                )
                for end in ("", ".rate")
            ),
        ),
    ),
    Case(
        "Shelly Pro 1PM with a BLU thermometer",
        "https://github.com/bieniu/ha-shellies-discovery-gen2/issues/691",
        (
            (f"{BLU}/status/bthomedevice:201", document(
                id=201, rssi=-49, battery=100, packet_id=137, last_updated_ts=1757758137, paired=False, rpc=False, rsv=-1,
                fw_ver=None,
            )),
            (f"{BLU}/status/bthomesensor:203", document(id=203, value=100, last_updated_ts=1757757999)),
            (f"{BLU}/status/bthomesensor:204", document(id=204, value=26.68, last_updated_ts=1757758187)),
            (f"{BLU}/status/bthomesensor:205", document(id=205, value=True, last_updated_ts=1757758187)),
        ),
        (
            Expected(f"{BLU}.status.bthomedevice_201.rssi", "Signal strength 201", "dBm", -49.0, BLU),
            Expected(f"{BLU}.status.bthomedevice_201.battery", "Battery 201", "%", 100.0),
            Expected(f"{BLU}.status.bthomesensor_203.value", "Sensor 203", "", 100.0),
            Expected(f"{BLU}.status.bthomesensor_204.value", "Sensor 204", "", 26.68),
            Expected(f"{BLU}.status.bthomesensor_205.value", "Sensor 205", "", 1.0),
        ),
    ),
    Case(
        "Shelly Plus 2PM as a cover, under a prefix of its owner's, and gone",
        f"{DOCS}ComponentsAndServices/Cover",
        (
            notify(
                COVER, 1656584077.32, prefix="shellies/blind", cover__0={
                    "id": 0, "source": "timeout", "state": "stopped", "apower": 0.0, "current_pos": 95,
                    "last_direction": "open", "move_timeout": True,
                },
            ),
            ("shellies/blind/online", "true"),
            ("blind/online", "true"),
            notify(OTHER, 1656584080.0, prefix="blind", cover__0={"id": 0, "current_pos": 40, "pos_control": True}),
            ("blind/online", "false"),
        ),
        (
            Expected("shellies.blind.status.cover_0.current_pos", "Position", "%", 95.0, "blind"),
            Expected("shellies.blind.status.cover_0.apower", "Power", "W", 0.0, "blind"),
            Expected("blind.status.cover_0.current_pos", "Position", "%", None, "blind"),
        ),
    ),
    Case(
        "Shelly Plus Uni, Wall Display and a stranger on such topics",
        f"{DOCS}ComponentsAndServices/Input",
        (
            ("shellyplusuni-08f9e0ea0b14/status/input:2", document(id=2, counts={"total": 71, "xtotal": 0.71}, freq=0.5)),
            ("shellyplusuni-08f9e0ea0b14/status/voltmeter:100", document(id=100, voltage=4.321, xvoltage=None)),
            ("shellywalldisplay-00a90b703e70/status/thermostat:0", document(
                id=0, target_C=21.5, current_C=20.9, output=True, schedules={"enable": False},
            )),
            ("shellywalldisplay-00a90b703e70/status/illuminance:0", document(id=0, lux=180, illumination="twilight")),
            ("washer/online", "true"),
            ("washer/status/temperature", "61"),
            ("washer/status/wifi", document(rssi=-50)),
            ("washer/status/switch:0", document(id=4, output=True)),
            ("washer/events/rpc", document(method="NotifyStatus", value=5)),
        ),
        (
            Expected(f"{UNI}.status.input_2.counts.total", "Input count 3", "", 71.0, UNI),
            Expected(f"{UNI}.status.input_2.counts.total.rate", "Input count 3 rate", "", 71.0, ds_type="DERIVE"),
            Expected(f"{UNI}.status.input_2.freq", "Input frequency 3", "Hz", 0.5),
            Expected(f"{UNI}.status.voltmeter_100.voltage", "Voltage 100", "V", 4.321),
            Expected("shellywalldisplay-00a90b703e70.status.thermostat_0.target_C", "Target temperature", "°C", 21.5),
            Expected("shellywalldisplay-00a90b703e70.status.thermostat_0.current_C", "Temperature", "°C", 20.9),
            Expected("shellywalldisplay-00a90b703e70.status.thermostat_0.output", "Heating", "", 1.0),
            Expected("shellywalldisplay-00a90b703e70.status.illuminance_0.lux", "Illuminance", "lx", 180.0),
        ),
    ),
]  # fmt: skip
