"""The page of the webhook: its decoder for Datacake, its payload, its variables."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from webhook.sample import SAMPLE, shape

from janitoo_datalog_rrd.webhook.settings import OPTIONS, OUTBOX_VARIABLE, VARIABLES

NODE = shutil.which("node") or shutil.which("nodejs")


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "webhook.md").read_text(encoding="utf-8")


def block(page: str, language: str) -> str:
    match = re.search(rf"^( *)```{language}\n(.*?)^\1```$", page, re.MULTILINE | re.DOTALL)
    assert match is not None
    return textwrap.dedent(match[2])


def test_the_payload_of_the_page_has_the_form_of_the_sample(page: str) -> None:
    assert shape(json.loads(block(page, "json"))) == shape(SAMPLE)


def test_every_variable_is_on_the_page_with_its_default(page: str) -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]+)`? \|", page, re.MULTILINE))
    assert set(rows) == {*(variable.name for variable in VARIABLES), OUTBOX_VARIABLE}
    specs = {spec.name: spec for spec in OPTIONS}
    for variable in VARIABLES:
        spec = specs[variable.option]
        if spec.required:
            assert rows[variable.name].strip() == "required"
        elif spec.default:
            assert spec.parse(rows[variable.name]) == spec.default


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("headers", [{}, {"X-Measured-At": "2026-11-22T08:30:00.500Z"}])
def test_the_decoder_for_datacake_makes_the_fields_of_its_table(page: str, headers: dict[str, str]) -> None:
    request = {"body": json.dumps({**SAMPLE, "swap": {**SAMPLE["swap"], "percent": None}}), "headers": headers}
    script = f"{block(page, 'javascript')}\nconsole.log(JSON.stringify(Decoder({json.dumps(request)})));"
    done = subprocess.run([str(NODE), "-e", script], capture_output=True, text=True, check=True, timeout=60)
    fields: list[dict[str, Any]] = json.loads(done.stdout)
    table = re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^ +\| (`[A-Z].*?) \|", page, re.MULTILINE)))
    assert [field["field"] for field in fields] == [name for name in table if name != "SWAP_PERCENT"]
    assert {field["device"] for field in fields} == {SAMPLE["device_id"]}
    assert {field.get("timestamp") for field in fields} == {1795336200.5 if headers else None}
    values = {field["field"]: field["value"] for field in fields}
    assert values["EMERGENCY"] is False
    assert values["CPU_PERCENTAGE"] == SAMPLE["cpu_percentage"]
    assert values["DISK_READ"] == SAMPLE["disk_io"]["read_bytes"] / 1e6
