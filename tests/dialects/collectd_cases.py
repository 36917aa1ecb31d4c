"""What collectd's MQTT plugin publishes.

Sources are named in each case; payloads are written down as facts, with the NUL that the plugin of collectd 5 puts behind them.
"""

from __future__ import annotations

from .cases import Case, Expected, document

_MANUAL = "https://collectd.org/documentation/manpages/collectd.conf.html#plugin_mqtt"
_WIKI = "https://collectd.org/wiki/index.php/Plugin:MQTT"
_TYPES = "https://github.com/collectd/collectd/blob/main/src/types.db"
_NOW = 1706955630.123


def _message(topic: str, *values: str) -> tuple[str, bytes]:
    return topic, f"{_NOW:.3f}:{':'.join(values)}".encode() + b"\0"


def _expected(name: str, label: str, units: str, value: float | None, node: str, ds_type: str = "GAUGE") -> Expected:
    return Expected(name, label, units, value, node, None if value is None else _NOW, ds_type)


CASES = [
    Case(
        "collectd on a Mac, memory",
        _WIKI,
        (
            ("collectd/bob/memory/memory-wired", b"1448840558.555:1714962432\0"),
            ("collectd/bob/memory/memory-active", b"1448840558.555:9526575104\0"),
            ("collectd/bob/memory/memory-wired", b"1448840568.206:1888133120\0"),
        ),
        (
            Expected("collectd.bob.memory.memory-wired", "memory wired", "B", 1888133120, "bob", 1448840568.206),
            Expected("collectd.bob.memory.memory-active", "memory active", "B", 9526575104, "bob", 1448840558.555),
        ),
    ),
    Case(
        "collectd on a NAS, rates (StoreRates true, the default)",
        _TYPES,
        (
            _message("collectd/nas/load/load", "0.15", "0.1", "0.05"),
            _message("collectd/nas/interface-lo/if_packets", "0", "0"),  # says nothing: rates or counts
            _message("collectd/nas/cpu-0/cpu-idle", "97.4999523166"),
            _message("collectd/nas/interface-eth0/if_octets", "1523.80279110354", "0"),
            _message("collectd/nas/disk-sda/disk_octets", "0", "49152.3"),
            _message("collectd/nas/df-root/df_complex-free", "21474836480"),
            _message("collectd/nas/sensors-pi-0/temperature-temp1", "41"),
            _message("collectd/nas/ping/ping-192.168.1.1", "nan"),
            ("collectd/event/nas/df-root/df_complex-free", b"Severity: WARNING\nMessage: less than it was\n"),
        ),
        (
            _expected("collectd.nas.load.load.shortterm", "load shortterm", "", 0.15, "nas"),
            _expected("collectd.nas.load.load.midterm", "load midterm", "", 0.1, "nas"),
            _expected("collectd.nas.load.load.longterm", "load longterm", "", 0.05, "nas"),
            _expected("collectd.nas.cpu-0.cpu-idle", "cpu 0 idle", "1/s", 97.4999523166, "nas"),
            _expected("collectd.nas.interface-eth0.if_octets.rx", "interface eth0 octets rx", "B/s", 1523.80279110354, "nas"),
            _expected("collectd.nas.interface-eth0.if_octets.tx", "interface eth0 octets tx", "B/s", 0, "nas"),
            _expected("collectd.nas.disk-sda.disk_octets.read", "disk sda octets read", "B/s", 0, "nas"),
            _expected("collectd.nas.disk-sda.disk_octets.write", "disk sda octets write", "B/s", 49152.3, "nas"),
            _expected("collectd.nas.df-root.df_complex-free", "df root free", "B", 21474836480, "nas"),
            _expected("collectd.nas.sensors-pi-0.temperature-temp1", "sensors pi-0 temperature temp1", "°C", 41, "nas"),
        ),
    ),
    Case(
        "collectd on a router, counts (StoreRates false)",
        _MANUAL,
        (
            _message("collectd/router/interface-wan/if_octets", "81263712", "5521873"),  # two whole numbers may be chance
            _message("collectd/router/interface-wan/if_octets", "81264823", "5522000"),
            _message("collectd/router/irq/irq-17", "12"),
            _message("collectd/router/conntrack/conntrack", "131"),
            _message("collectd/router/tail-web/counter-hits", "5"),
        ),
        (
            _expected("collectd.router.interface-wan.if_octets.rx", "interface wan octets rx", "B", 81264823, "router", "DERIVE"),
            _expected("collectd.router.interface-wan.if_octets.tx", "interface wan octets tx", "B", 5522000, "router", "DERIVE"),
            _expected("collectd.router.irq.irq-17", "irq 17", "", 12, "router", "DERIVE"),
            _expected("collectd.router.conntrack.conntrack", "conntrack", "", 131, "router"),
            _expected("collectd.router.tail-web.counter-hits", "tail web hits", "", 5, "router", "COUNTER"),
        ),
    ),
    Case(
        "a script that sends value lists, with types of its own",
        _WIKI,
        (
            ("collectd/shed/exec-solar/power-panel", "N:182.5"),
            ("collectd/shed/exec-solar/voltage-battery", "N:U"),
            ("collectd/shed/exec-solar/panels", "N:18.1:17.9"),
        ),
        (
            Expected("collectd.shed.exec-solar.power-panel", "exec solar power panel", "W", 182.5, "shed"),
            Expected("collectd.shed.exec-solar.panels.0", "exec solar panels 0", "", 18.1, "shed"),
            Expected("collectd.shed.exec-solar.panels.1", "exec solar panels 1", "", 17.9, "shed"),
        ),
    ),
    Case(
        "collectd with Format JSON",
        "https://github.com/collectd/collectd/blob/main/src/utils/format_json/format_json.c",
        (
            (
                "collectd/pi/swap/swap_io-in",
                "["
                + document(
                    values=[1.9], dstypes=["derive"], dsnames=["value"], time=_NOW, interval=10.0, host="pi", plugin="swap",
                    plugin_instance="", type="swap_io", type_instance="in",
                )
                + "]",
            ),
            (
                "collectd/pi/weather/rain",
                "["
                + document(
                    values=[0.2, None], dstypes=["gauge", "gauge"], dsnames=["now", "today"], time=_NOW, interval=10.0, host="pi",
                    plugin="weather", plugin_instance="", type="rain", type_instance="",
                )
                + "]",
            ),
        ),
        (
            _expected("collectd.pi.swap.swap_io-in", "swap io in", "1/s", 1.9, "pi"),
            _expected("collectd.pi.weather.rain.now", "weather rain now", "", 0.2, "pi"),
        ),
    ),
]  # fmt: skip
