"""All components of the agent: installed, described, documented, and light."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import MAX_NUMBERS, AbsentError, Described, Metrics, describe
from janitoo_datalog_rrd.core.plugins import METRICS, Plugins
from janitoo_datalog_rrd.core.sections import OptionSpec
from janitoo_datalog_rrd.core.units import RATES

NAMES = ["cpu", "disk", "docker", "gpu", "load", "memory", "network", "picpu", "processes", "sensors", "smart", "uptime"]
EVERYWHERE = ["cpu", "disk", "load", "memory", "network", "processes", "uptime"]
UNITS = {"", "%", "B", "ms", "s", "h", "°C", "MHz", "V", "W", "r/min"}
LEVEL = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def factory(name: str) -> Callable[..., Metrics]:
    return Plugins().load(METRICS, name)


def made(name: str, *, detail: bool = True) -> Metrics:
    return factory(name)(section(name, detail=detail))


def described(name: str) -> dict[str, Described]:
    module = sys.modules[factory(name).__module__]
    return dict(module.DESCRIBED)


def test_every_component_is_installed() -> None:
    assert Plugins().names(METRICS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_component_is_there_or_says_why_not(name: str) -> None:
    why = ""
    try:
        made(name).read()
    except AbsentError as error:
        why = str(error)
    assert why == "" or name not in EVERYWHERE
    assert re.search(r"^$|there is no|not installed|no Raspberry Pi|no sensors|rights|no disks|driver|GPU", why)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_number_is_described_safe_and_fit_for_json(name: str) -> None:
    metrics = made(name)
    metrics.read()
    numbers = flat(metrics.read())
    assert 0 < len(numbers) <= MAX_NUMBERS
    for path, number in numbers.items():
        assert all(LEVEL.fullmatch(level) for level in path.split(".")), path
        plain = path.replace(".", " ").replace("_", " ")
        assert describe(path, metrics.described) != Described(plain) or plain in {
            each.label for each in metrics.described.values()
        }
        assert number is None or type(number) in (int, float), path
    json.dumps(numbers, allow_nan=False)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_what_is_described_without_a_star_is_told_on_every_machine(name: str) -> None:
    """But for what only some have: swap, clocks, and shares that take time."""
    told = set(flat(made(name).read()))
    some = re.compile(r"(swap\..*|frequency|percent|time\..*)")
    for path in described(name):
        assert "*" in path or path in told or (some.fullmatch(path) and name in ("cpu", "memory")), path


@pytest.mark.parametrize("name", EVERYWHERE)
def test_details_are_told_and_announced_only_where_they_are_asked_for(name: str) -> None:
    lean, full = made(name, detail=False), made(name)
    assert dict(lean.described) == {path: each for path, each in described(name).items() if not each.detail}
    assert dict(full.described) == described(name)
    told = flat(lean.read())
    assert not {path for path in told if describe(path, full.described).detail}
    assert all(describe(path, lean.described) == describe(path, full.described) for path in told)


@pytest.mark.parametrize("name", NAMES)
def test_labels_and_units_are_those_that_people_know(name: str) -> None:
    labels = [each.label for each in described(name).values()]
    for path, each in described(name).items():
        assert each.units in UNITS, path
        assert path.count("*") == each.label.count("*"), path
        assert each.label[0] in "*ABCDEFGHIJKLMNOPQRSTUVWXYZ", path
        assert not (each.counter and each.units in RATES and each.units != "ms"), path
        assert not (each.counter and each.shown), path
        assert not (each.detail and each.shown), path
    assert len({(each.label, each.units) for each in described(name).values()}) == len(labels)


def test_only_a_handful_is_shown() -> None:
    assert sum(each.shown for name in NAMES for each in described(name).values()) <= 25


def test_components_import_nothing_but_the_standard_library_and_psutil() -> None:
    """And none of our modules that needs more: each is loaded, in a process of its own, and asked where that can be."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from janitoo_datalog_rrd.core.plugins import METRICS, Plugins\n"
        "from janitoo_datalog_rrd.core.metrics import AbsentError\n"
        "from janitoo_datalog_rrd.core.sections import Section\n"
        "plugins = Plugins()\n"
        "for name in plugins.names(METRICS):\n"
        "    try:\n"
        "        plugins.load(METRICS, name)(Section(name)).read()\n"
        "    except AbsentError:\n"
        "        pass\n"
        "found = {name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "print(*sorted(each for each in found if not each.startswith('__')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"janitoo_datalog_rrd", "psutil", "pynvml"}, done.stdout


# -- the page ----------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[3] / "docs" / "agent-metrics.md"


def tables(name: str) -> list[list[list[str]]]:
    """The tables of a component's part of the page, without their head lines: lists of rows of cells."""
    part = PAGE.read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^\|.*\n?)+", part, re.MULTILINE)
    return [[[cell.strip() for cell in row.strip().strip("|").split("|")] for row in text.splitlines()[2:]] for text in found]


def test_the_page_has_every_component_and_no_other() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_number_stands_in_the_page(name: str) -> None:
    told = {cells[0].strip("`"): cells[1:] for cells in tables(name)[-1]}
    expected = {
        path: [
            each.label,
            each.units,
            ", ".join(
                word for word, is_so in (("counter", each.counter), ("shown", each.shown), ("detail", each.detail)) if is_so
            ),
        ]
        for path, each in described(name).items()
    }
    assert told == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_option_stands_in_the_page_with_its_default(name: str) -> None:
    specs: tuple[Any, ...] = getattr(factory(name), "options", None) or ()
    found = tables(name)
    told = {cells[0].strip("`"): cells[1].strip("`") for cells in found[0]} if len(found) > 1 else {}
    assert all(isinstance(spec, OptionSpec) for spec in specs)
    assert {spec.name: spec.default for spec in specs} == {spec.name: spec.parse(told[spec.name]) for spec in specs}
    assert set(told) == {spec.name for spec in specs}
