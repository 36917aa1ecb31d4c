"""The agent on a Raspberry Pi that is made of files and a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.picpu import PiCpuMetrics, make_picpu

ANSWERS = """
case "$*" in
measure_temp) echo "temp=48.3'C" ;;
"measure_clock arm") echo "frequency(48)=600000000" ;;
"measure_volts core") echo "volt=1.2000V" ;;
get_throttled) echo "throttled=THROTTLED" ;;
*) exit 1 ;;
esac
"""
MakePi = Callable[..., PiCpuMetrics]
NAMES = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")


@pytest.fixture(name="make_pi")
def make_pi_fixture(tmp_path: Path) -> MakePi:
    def make(
        throttled: str = "0x0", *, model: str = "Raspberry Pi 5 Model B Rev 1.0\0", script: str | None = ANSWERS
    ) -> PiCpuMetrics:
        (tmp_path / "model").write_text(model)
        if script is not None:
            (tmp_path / "vcgencmd").write_text("#!/bin/sh\n" + script.replace("THROTTLED", throttled))
            (tmp_path / "vcgencmd").chmod(0o755)
        return make_picpu(
            section("picpu"), vcgencmd=tmp_path / "vcgencmd", sys_root=tmp_path / "sys", model_file=tmp_path / "model"
        )

    return make


def test_temperature_frequency_and_voltage_are_told(make_pi: MakePi) -> None:
    numbers = flat(make_pi().read())
    assert (numbers["temperature"], numbers["frequency"], numbers["voltage"]) == (48.3, 600.0, 1.2)


@pytest.mark.parametrize(
    ("throttled", "now", "since_boot"),
    [
        ("0x0", [0, 0, 0, 0], [0, 0, 0, 0]),
        ("0x50000", [0, 0, 0, 0], [1, 0, 1, 0]),
        ("0x50005", [1, 0, 1, 0], [1, 0, 1, 0]),
        ("0xE0008", [0, 0, 0, 1], [0, 1, 1, 1]),
        ("0x20002", [0, 1, 0, 0], [0, 1, 0, 0]),
    ],
)
def test_throttling_is_told_now_and_since_the_boot(
    make_pi: MakePi, throttled: str, now: list[int], since_boot: list[int]
) -> None:
    numbers = flat(make_pi(throttled).read())
    assert [numbers[f"now.{name}"] for name in NAMES] == now
    assert [numbers[f"since_boot.{name}"] for name in NAMES] == since_boot


@pytest.mark.parametrize("script", ["exit 255", "echo throttled=yes", None])
def test_what_the_firmware_does_not_tell_is_unknown(make_pi: MakePi, script: str | None) -> None:
    numbers = flat(make_pi(script=script).read())
    assert set(numbers.values()) == {None}
    assert len(numbers) == 11


def test_on_another_machine_it_is_absent(make_pi: MakePi) -> None:
    with pytest.raises(AbsentError, match="no Raspberry Pi"):
        make_pi(model="Pine64 RockPro64 v2.1\0")
