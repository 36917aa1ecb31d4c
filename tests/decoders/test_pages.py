"""The page of each decoder: its sample loads, and its table of reasons is whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.sparkplug import metric, payload

import janitoo_datalog_rrd.decoders
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import DECODERS, Plugins
from janitoo_datalog_rrd.core.topics import topic_matches

ROOM = Path(janitoo_datalog_rrd.decoders.__file__).parent
PAGES = Path(__file__).parents[2] / "docs" / "decoders"
HEADINGS = ["What it reads", "Options", "Sample", "Series it makes", "What is rejected, and why"]
# The modules whose refusals can reach the user of a kind.
MODULES = {
    "plain": ["plain", "documents.check_topic"],
    "json": ["json", "plain", "times", "documents"],
    "janitoo": ["janitoo", "documents.load_document", "documents._load_leniently"],
    "zigbee2mqtt": ["zigbee2mqtt", "documents"],
    "tasmota": ["tasmota", "documents"],
    "homie": ["homie", "homie_values", "documents"],
    "sparkplug": ["sparkplug", "sparkplug_messages", "documents.check_topic"],
    "shelly": ["shelly", "documents"],
    "shelly2": ["shelly2", "documents"],
    "esphome": ["esphome", "documents"],
    "openmqttgateway": ["openmqttgateway", "documents"],
    "homeassistant": ["homeassistant", "documents.load_document", "documents._load_leniently"],
    "collectd": ["collectd", "times", "documents"],
    "influx": ["influx", "influx_lines", "times", "documents"],
    "senml": ["senml", "times", "documents"],
    "victron": ["victron", "documents.load_document", "documents._load_leniently"],
    "agent": ["agent", "agent_devices", "times", "documents"],
}
EXAMPLES = {
    "agent": (
        "fleet/berlin/web01/monitoring",
        b'{"timestamp": 1763800000, "metrics": {"cpu": {"percent": 56}}}',
        ("fleet/berlin/web01/monitoring", "metrics.cpu.percent"),
    ),
    "collectd": ("machines/collectd/nas/users/users", b"N:56", ("machines/collectd/nas/users/users", "")),
    "influx": ("garden/lines", b"soil moisture=56i", ("garden/lines", "soil.moisture")),
    "senml": ("gateway/7/up", b'[{"bn":"bed/","n":"moisture","v":56}]', ("gateway/7/up", "bed/moisture")),
    "victron": ("boat/N/c0619ab12345/battery/256/Soc", b'{"value":56}', ("boat/N/c0619ab12345/battery/256/Soc", "value")),
    "plain": ("shellies/plug-1/relay/0/power", b"56", ("shellies/plug-1/relay/0/power", "")),
    "json": (
        "tele/plug/SENSOR",
        b'{"Time": "2024-02-03T10:20:30", "ENERGY": {"Power": 56}}',
        ("tele/plug/SENSOR", "ENERGY.Power"),
    ),
    "zigbee2mqtt": ("garage2mqtt/heater/plug", b'{"power": 56}', ("garage2mqtt/heater/plug", "power")),
    "tasmota": ("workshop/saw/tele/SENSOR", b'{"ENERGY": {"Power": 56}}', ("workshop/saw/tele/SENSOR", "ENERGY.Power")),
    "homie": ("garage/door/$stats/signal", b"56", ("garage/door/$stats/signal", "")),
    "sparkplug": ("spBv1.0/Plant/NDATA/Edge", payload([metric("Level", "Float", 56.0)]), ("spBv1.0/Plant/Edge", "Level")),
    "shelly": ("summerhouse/shellies/plug/relay/0/power", b"56", ("summerhouse/shellies/plug/relay/0/power", "")),
    "shelly2": ("house/cellar/pump/status/pm1:0", b'{"id": 0, "apower": 56}', ("house/cellar/pump/status/pm1:0", "apower")),
    "esphome": ("esphome/kitchen/sensor/power/state", b"56", ("esphome/kitchen/sensor/power/state", "")),
    "openmqttgateway": (
        "house/cellar/gateway/BTtoMQTT/A4C138CF0156",
        b'{"id": "A4:C1:38:CF:01:56", "hum": 56}',
        ("house/cellar/BTtoMQTT/A4C138CF0156", "hum"),
    ),
    "homeassistant": ("k/state", b"56", ("k/state", "")),
    "janitoo": ("summerhouse/values/user/0124/0002/temperature", b'{"data": 56}', ("0124/0002", "temperature", "0")),
}
# Kinds that read what was announced: the announcement.
ANNOUNCED = {"homeassistant": ("ha/sensor/k/config", b'{"name": "Temperature", "stat_t": "k/state"}')}


def page(kind: str) -> str:
    return (PAGES / f"{kind}.md").read_text(encoding="utf-8")


def reasons_in_code(module: str) -> set[str]:
    """First arguments of every DecodeError in a module, or in one function of it."""
    name, _, function = module.partition(".")
    tree: ast.AST = ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))
    if function:
        tree = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "DecodeError"
        and isinstance(node.args[0], ast.Constant)
    }


@pytest.mark.parametrize("kind", MODULES)
def test_every_page_has_the_same_headings(kind: str) -> None:
    text = page(kind)
    assert text.startswith(f"# Decoder `{kind}`\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("kind", MODULES)
def test_the_sample_section_loads_and_logs(kind: str, tmp_path: Path) -> None:
    samples = re.findall(r"```ini\n(.*?)```", page(kind), re.DOTALL)
    assert len(samples) == 1
    ini = tmp_path / "sample.conf"
    ini.write_text(samples[0], encoding="utf-8")
    plugins = Plugins()
    (section,) = Options.load(ini, plugins).prefixed("decoder")
    assert section["kind"] == kind
    topic, payload, key = EXAMPLES[kind]
    decoder = plugins.load(DECODERS, kind)(section)
    announcement = ANNOUNCED.get(kind)
    if announcement is not None:
        assert decoder.decode(*announcement) == []
    assert any(topic_matches(each, (announcement or (topic,))[0]) for each in section["topics"])
    (reading,) = decoder.decode(topic, payload)
    assert (reading.key, reading.value) == (key, 56.0)


@pytest.mark.parametrize("kind", MODULES)
def test_every_reason_is_on_the_page_and_no_other(kind: str) -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", page(kind).partition("## What is rejected")[2], re.MULTILINE))
    assert told == set().union(*(reasons_in_code(module) for module in MODULES[kind]))


def test_every_decoder_of_ours_has_a_page() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} >= set(MODULES)
    assert set(Plugins().names(DECODERS)) >= set(MODULES)
