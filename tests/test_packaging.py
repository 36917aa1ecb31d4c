"""Packaging: the wheel has what a server needs, and runs from an empty environment in an empty folder."""

from __future__ import annotations

import configparser
import importlib
import json
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import CommandLine, Mosquitto, copy_checkout, fetch_json, free_port, wait_until
from support.brokers import Listener

from janitoo_datalog_rrd.core.options import Options, find_config
from janitoo_datalog_rrd.core.plugins import COMPONENTS, THREADS, Plugins
from janitoo_datalog_rrd.core.sections import COMPONENT, DECODER, DIALECTS, PRIVACY, SCHEMA, SERIES, SYSTEM, THREAD, OptionSpec


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, so that nothing is left in the checkout."""
    source = copy_checkout(root, tmp_path_factory.mktemp("source"))
    target = tmp_path_factory.mktemp("wheel")
    command = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(target), str(source)]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, wheelhouse: Path, tmp_path: Path) -> Path:
    """The console script in a new environment that holds the wheel and what it needs, and no more."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    command = ["-m", "pip", "install", "--no-index", "--find-links", str(wheelhouse), str(wheel)]
    done = subprocess.run([environment / "bin" / "python", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return environment / "bin" / "jnt_datalog_rrd"


def test_the_wheel_holds_the_ini_the_pages_the_types_and_the_licence(root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        assert "License-Expression: MIT" in content.read(metadata).decode()
    assert "janitoo_datalog_rrd/config/janitoo_datalog_rrd.conf" in names
    assert "janitoo_datalog_rrd/config/janitoo_datalog_rrd.service" in names
    assert "janitoo_datalog_rrd/config/agent.conf" in names
    assert "janitoo_datalog_rrd/config/jnt_agent.service" in names
    assert "janitoo_datalog_rrd/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    for folder in ("public", "janitoo_datalog_rrd"):
        inside = "janitoo_datalog_rrd/" if folder == "janitoo_datalog_rrd" else "janitoo_datalog_rrd/public/"
        for path in (root / folder).rglob("*"):
            inner = path.relative_to(root / folder)
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inner.parts):
                assert inside + inner.as_posix() in names
    assert "janitoo_datalog_rrd/public/static/vendor/uPlot.iife.min.js" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "rrd/"))]


def test_the_wheel_starts_a_server_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    port = free_port()
    commands = CommandLine(tmp_path / "empty", (str(installed),))
    commands.environ = {"JNT_SYSTEM_BROKER_PORT": str(free_port()), "JNT_HTTP_HTTP_PORT_0": str(port)}
    try:
        assert commands.run("--help").returncode == 0
        server = commands.start("front")

        def healthy() -> Any:
            assert server.alive, server.stdout + server.stderr
            return fetch_json(f"http://127.0.0.1:{port}/healthz")

        wait_until(healthy, 30, "a healthy server")
        assert (tmp_path / "empty" / "rrd").is_dir()
        assert server.stop() == 0
    finally:
        commands.close()


AGENT = """
import sys
from janitoo_datalog_rrd.__main__ import main
try:
    main()
finally:
    told = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    print(*sorted(name for name in told if not name.startswith("__")))
"""


def bare(wheel: Path, folder: Path, packages: Sequence[str]) -> dict[str, str]:
    """The environment of a machine that has the wheel and these packages, and no other."""
    target = folder / "target"
    command = ["install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in packages:
        (package,) = importlib.import_module(name).__path__
        shutil.copytree(package, target / name)
    return {"PYTHONPATH": str(target)}


def measured(listener: Listener) -> set[str]:
    """The components that an agent has told of; on a busy machine one may come a message later."""
    return {name for payload in listener.on("devices/web01/monitoring") for name in json.loads(payload)["metrics"]}


def test_the_agent_runs_with_two_packages_beside_it(wheel: Path, mosquitto: Mosquitto, tmp_path: Path) -> None:
    environ = bare(wheel, tmp_path, ("psutil", "paho"))
    commands = CommandLine(tmp_path, (sys.executable, "-S", "-c", AGENT), environ)
    commands.environ["JNT_SYSTEM_BROKER_PORT"] = str(mosquitto.port)
    commands.environ["JNT_AGENT_DEVICE"] = "web01"
    everything = {"cpu", "load", "memory", "disk", "network", "processes", "uptime"}
    try:
        with mosquitto.listen("devices/#") as listener:
            agent = commands.start("agent")
            wait_until(lambda: everything <= measured(listener), what="readings of all components")
            assert psutil.Process(agent.process.pid).memory_info().rss < 35 << 20
            assert agent.stop() == 0
            assert listener.wait_for("devices/web01/status") == b"offline"
    finally:
        commands.close()
    assert agent.stdout.split() == ["janitoo_datalog_rrd", "paho", "psutil"]
    assert "cannot be" not in agent.stderr


def test_a_package_that_is_missing_is_named_in_one_sentence(wheel: Path, tmp_path: Path) -> None:
    commands = CommandLine(
        tmp_path, (sys.executable, "-S", "-m", "janitoo_datalog_rrd"), bare(wheel, tmp_path, ("psutil", "urllib3"))
    )
    try:
        for arguments, name in ((("status",), "click"), (("-c", "x.conf"), "click"), (("agent",), "paho")):
            done = commands.run(*arguments)
            assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
            assert f"the Python package {name} is not installed" in done.stderr
        for command in ("webhook", "collector", "alarms"):
            assert commands.run(command, "--help").returncode == 0
        refused = commands.run("-c", "x.conf", "collector", "http://localhost:1")
        assert (refused.returncode, "-c" in refused.stderr) == (2, True)
    finally:
        commands.close()


def test_the_checkout_finds_its_ini_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_config(None, {})
    assert found.read_text() == (root / "config" / "janitoo_datalog_rrd.conf").read_text()


def test_the_shipped_ini_loads_without_a_fault(root: Path) -> None:
    options = Options.load(root / "config" / "janitoo_datalog_rrd.conf", Plugins(), {})
    assert options.components("hostsensor") == {"host": "hostsensor.psutil", "picpu": "hostsensor.picpu"}
    assert options.logging_parser() is not None


def test_the_shipped_ini_loads_with_every_example_switched_on(root: Path, tmp_path: Path) -> None:
    """A line that begins with `;` and no blank is an option that is off; notes have a blank after it."""
    path = tmp_path / "all.conf"
    text = (root / "config" / "janitoo_datalog_rrd.conf").read_text()
    # Options of [datarrd] that stand after a commented section would fall into it, but none does.
    path.write_text("\n".join(line[1:] if line.startswith(";") and line[1:2].strip() else line for line in text.splitlines()))
    options = Options.load(path, Plugins(), {})
    assert options.components("datarrd") == {"weather": "datarrd.datasource"}
    assert {"decoder__meters", "decoder__plain", "schema__energy", "datarrd__weather"} <= set(options.sections)
    assert list(options.sections).index("schema__energy") < list(options.sections).index("schema__default")


def shipped_options(root: Path) -> dict[str, dict[str, str]]:
    """Every option of the shipped ini, those that are off included."""
    text = (root / "config" / "janitoo_datalog_rrd.conf").read_text()
    lines = (line[1:] if line.startswith(";") and line[1:2].strip() else line for line in text.splitlines())
    parser = configparser.RawConfigParser(comment_prefixes=(";",))
    parser.read_string("\n".join(lines))
    return {name: dict(parser[name]) for name in parser.sections()}


def documented() -> list[tuple[str, OptionSpec]]:
    """Every option that there is, with the section of the shipped ini where it must stand."""
    plugins = Plugins()
    wanted: list[tuple[str, OptionSpec]] = [("system", spec) for spec in SYSTEM]
    wanted += [("schema__default", spec) for spec in SCHEMA] + [("series__attic", spec) for spec in SERIES]
    wanted += [("decoder__meters", spec) for spec in DECODER]
    wanted += [("dialects", spec) for spec in DIALECTS] + [("privacy", spec) for spec in PRIVACY]
    for thread in plugins.names(THREADS):
        wanted += [(thread, spec) for spec in THREAD + (plugins.thread_specs(thread) or ())]
    sections = {
        "datarrd.datasource": "datarrd__weather",
        "http.rrd": "http__rrd",
        "hostsensor.psutil": "hostsensor__host",
        "hostsensor.picpu": "hostsensor__picpu",
        "hostsensor.processes": "hostsensor__processes",
    }
    assert set(sections) == set(plugins.names(COMPONENTS))
    for key, section in sections.items():
        wanted += [(section, spec) for spec in COMPONENT + (plugins.component_specs(key) or ())]
    assert not plugins.failed, plugins.failed
    return wanted


def test_the_shipped_ini_names_every_option_with_its_default(root: Path) -> None:
    shipped = shipped_options(root)
    missing, wrong = [], []
    for section, spec in documented():
        given = shipped.get(section, {})
        raw = given.get(f"{spec.name}_0", given.get(spec.name))
        if raw is None:
            missing.append(f"[{section}] {spec.name}")
        elif spec.default not in (None, "", ()) and spec.parse(raw) != spec.default:
            wrong.append(f"[{section}] {spec.name} = {raw}, but its default is {spec.default}")
    assert not missing
    assert not wrong
