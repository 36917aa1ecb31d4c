"""The pages of the nodes say what the nodes do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import COMPONENTS, Plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from janitoo_datalog_rrd.core.component import JNTComponent

PAGES = Path(__file__).parents[2] / "docs" / "nodes"
NODES = [
    ("hostsensor-psutil.md", "hostsensor.psutil"),
    ("hostsensor-picpu.md", "hostsensor.picpu"),
    ("hostsensor-processes.md", "hostsensor.processes"),
]


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the table under a heading, without its two head lines."""
    part = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(name="page_and_factory", params=NODES, ids=[key for _, key in NODES])
def page_and_factory_fixture(request: pytest.FixtureRequest) -> tuple[str, str, Callable[..., JNTComponent]]:
    file_name, key = request.param
    return (PAGES / file_name).read_text(encoding="utf-8"), key, Plugins().load(COMPONENTS, key)


def test_the_sample_section_loads_and_makes_the_node(
    page_and_factory: tuple[str, str, Callable[..., JNTComponent]], tmp_path: Path
) -> None:
    page, key, factory = page_and_factory
    sample = re.search(r"```ini\n(.*?)```", page, re.DOTALL)
    assert sample is not None
    ini = tmp_path / "sample.conf"
    ini.write_text(sample[1], encoding="utf-8")
    options = Options.load(ini, Plugins())
    [(name, taken)] = options.components("hostsensor").items()
    assert taken == key
    node = factory(section=options.section(f"hostsensor__{name}"), oid=taken)
    assert node.hadd == options.get_option(f"hostsensor__{name}", "hadd")


def test_every_option_stands_in_the_page_with_its_default(page_and_factory: tuple[str, str, Callable[..., JNTComponent]]) -> None:
    page, key, _ = page_and_factory
    specs = Plugins().component_specs(key)
    assert specs is not None
    told = {name: default for name, default, _ in rows(page, "Options")}
    assert told.keys() == {spec.name for spec in specs}
    for spec in specs:
        if spec.default:  # others are told in words
            assert spec.parse(told[spec.name]) == spec.default, spec.name


def test_every_series_stands_in_the_page_with_its_unit_and_type(
    page_and_factory: tuple[str, str, Callable[..., JNTComponent]],
) -> None:
    page, _, factory = page_and_factory
    told = {(name.partition(".")[0], unit, kind) for name, _, unit, kind in rows(page, "Series it makes")}
    assert told == {(value.uuid, value.units or "", value.rrd_type) for value in factory().values.values()}
