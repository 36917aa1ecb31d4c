"""The inis that people start from: the shipped one, and one of the original project."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rrdtool
from house import value
from support import CommandLine, Mosquitto, fetch_json, free_port, wait_until

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import COMPONENT, SCHEMA, SYSTEM, THREAD, OptionSpec

ORIGINAL = Path(__file__).parent / "data" / "original_form.conf"
TEXTS = {"name", "location"}  # what things are called in the example is its own affair


@pytest.fixture
def shipped(root: Path) -> Path:
    return root / "config" / "janitoo_datalog_rrd.conf"


def off_and_on(text: str) -> str:
    """The text with every option that is off switched on: `;` without a blank after it."""
    return "\n".join(line[1:] if line.startswith(";") and line[1:2].strip() else line for line in text.splitlines())


def test_the_shipped_ini_says_what_is_so_without_it(shipped: Path, tmp_path: Path) -> None:
    """Every option that the shipped ini switches on has its default there, so that deleting a line changes nothing."""
    given = Options.load(shipped, Plugins(), {})
    plugins = Plugins()
    specs: dict[str, tuple[OptionSpec, ...]] = {"system": SYSTEM, "schema__default": SCHEMA}
    for thread in plugins.thread_names():
        specs[thread] = (*THREAD, *(plugins.thread_specs(thread) or ()))
        for name, key in given.components(thread).items():
            specs[f"{thread}__{name}"] = (*COMPONENT, *(plugins.component_specs(key) or ()))
    assert set(given.sections) - {"decoder__sensors", "dialects", "privacy"} == set(specs)
    for section, known in specs.items():
        for spec in known:
            if spec.name not in TEXTS and spec.default is not None:
                assert given.get_option(section, spec.name) == spec.default, f"[{section}] {spec.name}"


def test_the_shipped_ini_names_no_option_that_there_is_not(shipped: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.conf"
    path.write_text(off_and_on(shipped.read_text()))
    options = Options.load(path, Plugins(), {})
    assert options.system["broker_user"] == "house"


@pytest.mark.parametrize("prefix", ["schema__", "series__", "decoder__", "datarrd__", "forward__"])
def test_the_shipped_ini_has_an_example_of_each_kind_of_section(shipped: Path, prefix: str) -> None:
    assert f";[{prefix}" in shipped.read_text()


def test_an_ini_of_the_original_project_loads_unchanged() -> None:
    options = Options.load(ORIGINAL, Plugins(), {})
    assert list(options.components("datarrd")) == ["memory_rss", "load", "cpu_raspi", "energy"]
    assert options.components("http") == {"rrd": "http.rrd"}
    load = options.section("datarrd__load")
    assert (load.get("rrd_file"), load.get("rrd_step")) == ("load", 60)
    assert load.indexed("source_config")[2] == ("0048/0002", "load", "2", "GAUGE", "load15")
    assert options.section("datarrd__memory_rss").get("rrd_step") == 300
    assert options.get_option("datarrd", "cache_pickle_ttl") == 40.0
    assert options.get_option("datarrd", "heartbeat") == 30.0
    assert (options.system["gc_delay"], options.home_dir) == (900.0, Path("home"))
    assert "hostsensor" not in options.given


def test_an_ini_of_the_original_project_logs(
    command_line: CommandLine, make_mosquitto: Callable[..., Mosquitto], run_cli: Callable[..., Any]
) -> None:
    broker = make_mosquitto(user="myuser", password="mypassword")
    shutil.copy(ORIGINAL, command_line.folder / "original.conf")
    port = free_port()
    command_line.environ = {"JNT_SYSTEM_BROKER_PORT": str(broker.port), "JNT_HTTP_HTTP_PORT": str(port)}
    assert run_cli("-c", "original.conf", "check", check=True).stdout == "original.conf is in order\n"
    server = command_line.start("-c", "original.conf", "front")
    wait_until(lambda: (fetch_json(f"http://127.0.0.1:{port}/healthz") or {}).get("status") == "ok", what="a healthy server")
    names = {each["name"] for each in fetch_json(f"http://127.0.0.1:{port}/api/v1/series")["series"]}
    assert {"memory_rss", "load", "cpu_raspi", "energy"} <= names

    series = f"http://127.0.0.1:{port}/api/v1/series/load"
    loads = {str(index): value("0048/0002", "load", index, number) for index, number in enumerate((0.5, 0.25, 0.125))}
    broker.publish(("/values/user/0048/0002/load", json.dumps(loads)))
    wait_until(lambda: [each["last_value"] for each in fetch_json(series)["columns"]] == [0.5, 0.25, 0.125], what="three loads")
    assert server.stop() == 0
    info = rrdtool.info(str(command_line.folder / "home" / "public" / "rrd" / "rrds" / "load.rrd"))
    assert info["step"] == 60
    assert info["ds[load1].minimal_heartbeat"] == 120
    assert [info[f"ds[{name}].index"] for name in ("load1", "load5", "load15")] == [0, 1, 2]
    assert [(info[f"rra[{n}].cf"], info[f"rra[{n}].pdp_per_row"], info[f"rra[{n}].rows"]) for n in range(12)] == [
        (cf, steps, 1440) for cf in ("AVERAGE", "MAX", "MIN") for steps in (1, 12, 144, 288)
    ]
    assert abs(info["last_update"] - time.time()) < 120
    assert "mypassword" not in (command_line.folder / "home" / "log" / "jnt_datalog_rrd.log").read_text()
