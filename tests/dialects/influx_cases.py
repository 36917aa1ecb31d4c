"""What Telegraf and others publish as InfluxDB's line protocol; the lines are those of Telegraf's manuals."""

from __future__ import annotations

import json

from .cases import Case, Expected

_PLUGINS = "https://github.com/influxdata/telegraf/blob/master/plugins"
_LINES = "https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/"


_RAYNOR = {"host": "raynor"}


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _count(name: str, label: str, units: str, value: float, node: str, time: float) -> tuple[Expected, Expected]:
    return (
        Expected(name, label, units, value, node, time),
        Expected(f"{name}.rate", f"{label} rate", units, value, node, time, "DERIVE"),
    )


CASES = [
    Case(
        "Telegraf, input cpu",
        f"{_PLUGINS}/inputs/cpu/README.md",
        (
            (
                "telegraf/loaner/cpu",
                _lines(
                    "cpu,cpu=cpu0,host=loaner usage_idle=68.7500000181899,usage_user=25.000000002273737 1568760922000000000",
                    "cpu,cpu=total,host=loaner usage_idle=82.5 1568760922000000000",
                ),
            ),
        ),
        (
            Expected("telegraf.loaner.cpu.cpu.cpu0.loaner.usage_idle", "cpu cpu0 usage_idle", "%", 68.75, "loaner", 1568760922),
            Expected("telegraf.loaner.cpu.cpu.cpu0.loaner.usage_user", "cpu cpu0 usage_user", "%", 25, "loaner", 1568760922),
            Expected("telegraf.loaner.cpu.cpu.total.loaner.usage_idle", "cpu total usage_idle", "%", 82.5, "loaner", 1568760922),
        ),
    ),
    Case(
        "Telegraf, input net",
        f"{_PLUGINS}/inputs/net/README.md",
        (
            (
                "telegraf/HOST/net",
                "net,interface=eth0,host=HOST bytes_sent=451838509i,drop_in=4i,speed=1000i 1492834180000000000",
            ),
        ),
        (
            *_count("telegraf.HOST.net.net.HOST.eth0.bytes_sent", "net eth0 bytes_sent", "B", 451838509, "HOST", 1492834180),
            *_count("telegraf.HOST.net.net.HOST.eth0.drop_in", "net eth0 drop_in", "", 4, "HOST", 1492834180),
            Expected("telegraf.HOST.net.net.HOST.eth0.speed", "net eth0 speed", "", 1000, "HOST", 1492834180),
        ),
    ),
    Case(
        "Telegraf, input modbus, with blanks in names",
        f"{_PLUGINS}/outputs/mqtt/README.md",
        (
            (
                "telegraf/modbus/device 1",
                (
                    r"modbus,location=main\ building,source=device\ 1,status=ok,type=Machine\ A "
                    r'temperature=21.4,serial\ number="324nlk234r5u9834t",working\ hours=123i,supplied=true 1676522982000000000'
                ),
            ),
        ),
        tuple(
            Expected(
                f"telegraf.modbus.device_1.modbus.main_building.device_1.ok.Machine_A.{field.replace(' ', '_')}",
                f"modbus main building device 1 ok Machine A {field}",
                "",
                value,
                time=1676522982,
            )
            for field, value in (("temperature", 21.4), ("working hours", 123), ("supplied", 1))
        ),
    ),
    Case(
        "Telegraf, layout field",
        f"{_PLUGINS}/outputs/mqtt/README.md",
        (
            ("telegraf/modbus/device 2/temperature", "21.4"),
            ("telegraf/modbus/device 2/serial number", "324nlk234r5u9834t"),
            ("telegraf/modbus/device 2/supplied", "true"),
        ),
        (
            Expected("telegraf.modbus.device_2.temperature", "temperature", "", 21.4),
            Expected("telegraf.modbus.device_2.supplied", "supplied", "", 1),
        ),
    ),
    Case(
        "Telegraf, data_format json, one metric and a batch",
        f"{_PLUGINS}/serializers/json/README.md",
        (
            (
                "telegraf/raynor/docker",
                json.dumps({"fields": {"n_images": 660, "id": "x"}, "name": "docker", "tags": _RAYNOR, "timestamp": 1458229140}),
            ),
            (
                "telegraf/raynor/mem",
                json.dumps(
                    {"metrics": [{"fields": {"used_percent": 31.5}, "name": "mem", "tags": _RAYNOR, "timestamp": 1458229140000}]}
                ),
            ),
        ),
        (
            Expected("telegraf.raynor.docker.docker.raynor.n_images", "docker n_images", "", 660, "raynor", 1458229140),
            Expected("telegraf.raynor.mem.mem.raynor.used_percent", "mem used_percent", "%", 31.5, "raynor", 1458229140),
        ),
    ),
    Case(
        "a program that writes line protocol, without a time and in seconds",
        _LINES,
        (
            (
                "influx/garden",
                _lines(
                    "# soil",
                    r'soil,place=bed\ 1 moisture=31i,raw=812u,note="dry, or = not"',
                    r"soil,place=bed\ 2 moisture=44.5 1556813561",
                ),
            ),
        ),
        (
            Expected("influx.garden.soil.bed_1.moisture", "soil bed 1 moisture", "", 31),
            Expected("influx.garden.soil.bed_1.raw", "soil bed 1 raw", "", 812),
            Expected("influx.garden.soil.bed_2.moisture", "soil bed 2 moisture", "", 44.5, time=1556813561),
        ),
    ),
]  # fmt: skip
