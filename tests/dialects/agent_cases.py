"""This package's agent, and other devices that send the same form."""

from __future__ import annotations

from .cases import Case, Expected, document

SOURCE = "docs/decoders/agent.md"
NOW = 1763800000.25

ABOUT = document(
    device_id="web01",
    name="Web server",
    location="Rack 2",
    hadd="2041/0007",
    version="1.0",
    address="192.0.2.7",
    poll_delay=10,
    metrics={
        "cpu.percent": {"label": "CPU", "units": "%", "counter": False, "every": 10},
        "cpu.core.*.percent": {"label": "Core *", "units": "%", "counter": False, "every": 10},
        "memory.used": {"label": "Memory used", "units": "B", "counter": False, "every": 10},
        "network.*.bytes_recv": {"label": "* received", "units": "B", "counter": True, "every": 10},
        "processes.memory.*": {"label": "* memory", "units": "%", "counter": False, "every": 60},
        "disk.usage.*.percent": {"label": "Disk * in use", "units": "%", "counter": False, "every": 60},
    },
)
NUMBERS = document(
    device_id="web01",
    timestamp=NOW,
    metrics={
        "cpu": {"percent": 4.5, "core": {"0": {"percent": 9.0}, "1": {"percent": 0.0}}},
        "memory": {"used": 8_000_000_000},
        "network": {"eth0": {"bytes_recv": 4711, "up": True}},
        "processes": {"memory": {"firefox": 12.5}},
        "sensors": {"temperature": {"acpitz_0": None}, "driver": "acpitz"},
    },
)
WEB01 = "devices.web01.monitoring.metrics"


CASES = [
    Case(
        "an agent that tells of itself",
        SOURCE,
        (("devices/web01/about", ABOUT), ("devices/web01/status", "online"), ("devices/web01/monitoring", NUMBERS)),
        (
            Expected(f"{WEB01}.cpu.percent", "CPU", "%", 4.5, "Web server", NOW),
            Expected(f"{WEB01}.cpu.core.0.percent", "Core 0", "%", 9.0, "Web server", NOW),
            Expected(f"{WEB01}.cpu.core.1.percent", "Core 1", "%", 0.0),
            Expected(f"{WEB01}.memory.used", "Memory used", "B", 8e9),
            Expected(f"{WEB01}.network.eth0.bytes_recv", "eth0 received", "B", 4711.0, "Web server", NOW, "DERIVE"),
            Expected(f"{WEB01}.network.eth0.up", "network eth0 up", "", 1.0),
            Expected(f"{WEB01}.processes.memory.firefox", "firefox memory, 192.0.2.7", "%", 12.5),
        ),
    ),
    Case(
        "a device monitoring tool's edge device, and one with times of other kinds",
        "docs/clients.md",
        (
            ("devices/edge_device_01/monitoring", document(
                device="edge_device_01", timestamp=1763800000,
                metrics={"cpuUsage": 3.5, "diskUsage": {"/": 80.0}, "gpu_usages": [{"temperature": 50}, {"temperature": 51}]},
            )),
            ("devices/ms/monitoring", document(timestamp=1763800000123, metrics={"a": {"b": {"c": {"d": 1}}}})),
            ("devices/iso/monitoring", document(timestamp="2025-11-22T08:26:40Z", metrics={"x.y": 2})),
            ("devices/lamp/status", '{"power": 5}'),
        ),
        (
            Expected("devices.edge_device_01.monitoring.metrics.cpuUsage", "cpuUsage", "", 3.5, "edge_device_01", 1763800000),
            Expected("devices.edge_device_01.monitoring.metrics.diskUsage._", "diskUsage /", "", 80.0),
            Expected("devices.edge_device_01.monitoring.metrics.gpu_usages.0.temperature", "gpu usages 0 temperature", "", 50.0),
            Expected("devices.edge_device_01.monitoring.metrics.gpu_usages.1.temperature", "gpu usages 1 temperature", "", 51.0),
            Expected("devices.ms.monitoring.metrics.a.b.c.d", "a b c d", "", 1.0, "ms", 1763800000.123),
            Expected("devices.iso.monitoring.metrics.x_.y", "x.y", "", 2.0, "iso", 1763800000),
        ),
    ),
]  # fmt: skip
