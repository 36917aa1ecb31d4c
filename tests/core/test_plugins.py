"""Plugins of any installed package, found by entry point; one that is broken is named and stops nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.errors import ConfigError, PluginError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import COMPONENTS, DECODERS, THREADS, Plugins, takes_options

ENTRY_POINTS = """
[janitoo.threads]
attic = attic_plugin:make_thread
[janitoo.components]
attic.lamp = attic_plugin:make_lamp
attic.broken = attic_plugin:nothing_of_that_name
attic.number = attic_plugin:NUMBER
[janitoo_datalog_rrd.decoders]
attic = attic_broken
"""
MODULE = """
from janitoo_datalog_rrd.core import parsers
from janitoo_datalog_rrd.core.sections import OptionSpec
from janitoo_datalog_rrd.core.plugins import takes_options

NUMBER = 5


@takes_options(OptionSpec("hadd", parsers.hadd, "0500/0000"), OptionSpec("watts", parsers.integer(1, 100), 40))
def make_thread(options, force=False):
    return None


def make_lamp(**kwargs):
    return kwargs
"""


@pytest.fixture
def attic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another package with plugins, as pip would install it."""
    folder = tmp_path / "site-packages"
    (folder / "attic_plugin-1.0.dist-info").mkdir(parents=True)
    (folder / "attic_plugin-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: attic-plugin\nVersion: 1.0\n")
    (folder / "attic_plugin-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "attic_plugin.py").write_text(MODULE)
    (folder / "attic_broken.py").write_text("raise RuntimeError('the attic is dark')\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("attic_plugin", None)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Options]:
    def write_and_load(text: str) -> Options:
        path = tmp_path / "house.conf"
        path.write_text(text)
        return Options.load(path, Plugins(), {})

    return write_and_load


def test_the_plugins_of_this_package_are_found_and_load() -> None:
    plugins = Plugins()
    assert {"datarrd", "http", "hostsensor"} <= set(plugins.names(THREADS))
    assert {"datarrd.datasource", "http.rrd", "hostsensor.psutil", "hostsensor.picpu"} <= set(plugins.names(COMPONENTS))
    assert {"janitoo", "plain", "json"} <= set(plugins.names(DECODERS))
    for group in (THREADS, COMPONENTS, DECODERS):
        for name in plugins.names(group):
            assert callable(plugins.load(group, name))
    assert plugins.failed == {}


@pytest.mark.usefixtures("attic")
def test_a_plugin_of_another_package_is_found_beside_ours() -> None:
    plugins = Plugins()
    assert {"attic", "datarrd"} <= set(plugins.thread_names())
    assert plugins.has_component("attic.lamp")
    assert plugins.load(COMPONENTS, "attic.lamp")(a=1) == {"a": 1}
    assert plugins.component_specs("attic.lamp") is None


@pytest.mark.usefixtures("attic")
def test_options_of_another_packages_plugin_are_checked_as_ours(load: Callable[[str], Options]) -> None:
    text = "[attic]\ncomponents.lamp = attic.lamp\n[attic__lamp]\nhadd = 0500/0001\nanything = goes here\n"
    options = load(text)
    assert options.section("attic")["watts"] == 40
    assert options.section("attic__lamp")["anything"] == "goes here"
    with pytest.raises(ConfigError, match=r"\[attic\] watts: '200' is not a whole number from 1 to 100"):
        load("[attic]\nwatts = 200\n")


@pytest.mark.usefixtures("attic")
@pytest.mark.parametrize(
    ("group", "name", "why"),
    [
        (COMPONENTS, "attic.broken", "AttributeError"),
        (COMPONENTS, "attic.number", "not a factory"),
        (DECODERS, "attic", "the attic is dark"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_with_the_reason(group: str, name: str, why: str) -> None:
    plugins = Plugins()
    with pytest.raises(PluginError, match=f"plugin '{name}' of group {group} cannot be loaded: .*{why}"):
        plugins.load(group, name)
    assert why in plugins.failed[f"{group}: {name}"]
    assert callable(plugins.load(DECODERS, "json"))


def test_a_plugin_that_is_mended_is_named_no_more(attic: Path) -> None:
    plugins = Plugins()
    with pytest.raises(PluginError):
        plugins.load(DECODERS, "attic")
    (attic / "attic_broken.py").write_text("MENDED = True  # and longer than before\ndef __call__(): ...\n")
    with pytest.raises(PluginError, match="not a factory"):
        plugins.load(DECODERS, "attic")
    assert list(plugins.failed) == [f"{DECODERS}: attic"]
    sys.modules.pop("attic_broken", None)


def test_a_plugin_that_is_not_installed_is_told_with_those_that_are() -> None:
    with pytest.raises(PluginError, match=r"no plugin 'yaml' .* installed are .*janitoo, json, .*plain"):
        Plugins().load(DECODERS, "yaml")


def test_a_list_of_entry_points_can_stand_for_the_installed_ones() -> None:
    point = EntryPoint("upper", "builtins:str", DECODERS)
    plugins = Plugins([point])
    assert plugins.decoder_kinds() == ["upper"]
    assert plugins.load(DECODERS, "upper") is str
    assert list(plugins.thread_names()) == []


def test_a_factory_says_what_its_section_takes() -> None:
    @takes_options("one", "two")
    def factory() -> None: ...

    assert factory.options == ("one", "two")  # type: ignore[attr-defined]
