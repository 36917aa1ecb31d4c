"""The Raspberry Pi node, on a Raspberry Pi made of files and a script."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from janitoo_datalog_rrd.core.plugins import COMPONENTS, Plugins
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.nodes.picpu import PiCpuComponent, make_picpu

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = """
case "$*" in
measure_temp) echo "temp=48.3'C" ;;
"measure_clock arm") echo "frequency(48)=600000000" ;;
"measure_volts core") echo "volt=1.2000V" ;;
*) echo "unknown command"; exit 1 ;;
esac
"""
MakePi = Callable[..., PiCpuComponent]


@pytest.fixture(name="make_pi")
def make_pi_fixture(tmp_path: Path) -> MakePi:
    """Makes a machine: `model` is the board's, `script` the body of its vcgencmd; None where it has none."""

    def make(
        model: str | None = "Raspberry Pi 4 Model B Rev 1.4\0", script: str | None = ANSWERS, **kwargs: Any
    ) -> PiCpuComponent:
        model_file, vcgencmd, sys_root = tmp_path / "model", tmp_path / "vcgencmd", tmp_path / "sys"
        if model is not None:
            model_file.write_bytes(model.encode())
        if script is not None:
            vcgencmd.write_text(f"#!/bin/sh\n{script}", encoding="ascii")
            vcgencmd.chmod(0o755)
        return make_picpu(addr="0110/0002", vcgencmd=vcgencmd, sys_root=sys_root, model_file=model_file, **kwargs)

    return make


@pytest.fixture(name="sysfs")
def sysfs_fixture(tmp_path: Path) -> Path:
    """What the kernel of a Raspberry Pi tells in sysfs."""
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    scaling = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    zone.mkdir(parents=True)
    scaling.mkdir(parents=True)
    (zone / "temp").write_text("51540\n", encoding="ascii")
    (scaling / "scaling_cur_freq").write_text("1500000\n", encoding="ascii")
    return tmp_path / "sys"


def read(pi: PiCpuComponent) -> dict[str, dict[int | str, Any]]:
    return {uuid: value.read_all() for uuid, value in pi.values.items()}


def test_the_node_is_installed_under_its_key() -> None:
    plugins = Plugins()
    assert plugins.load(COMPONENTS, "hostsensor.picpu") is make_picpu
    specs = plugins.component_specs("hostsensor.picpu")
    assert specs is not None
    assert {spec.name: spec.default for spec in specs} == {"poll_delay": 300.0}


def test_the_firmware_tells_temperature_frequency_and_voltage(make_pi: MakePi) -> None:
    pi = make_pi()
    assert pi.start(None)
    assert read(pi) == {"temperature": {0: 48.3}, "frequency": {0: 600.0}, "voltage": {0: 1.2}}
    assert {uuid: value.units for uuid, value in pi.values.items()} == {"temperature": "°C", "frequency": "MHz", "voltage": "V"}


def test_the_older_clock_answer_and_frost_are_read_too(make_pi: MakePi) -> None:
    pi = make_pi(script="""[ "$1" = measure_temp ] && echo "temp=-3.2'C" || echo "frequency(45)=1200126000" """)
    assert read(pi)["temperature"] == {0: -3.2}
    assert read(pi)["frequency"] == {0: 1200.126}


@pytest.mark.usefixtures("sysfs")
def test_without_vcgencmd_the_kernel_tells_and_there_is_no_voltage(make_pi: MakePi) -> None:
    pi = make_pi(script=None)
    assert pi.start(None)
    assert read(pi) == {"temperature": {0: 51.54}, "frequency": {0: 1500.0}, "voltage": {}}


def test_what_nobody_tells_has_no_value(make_pi: MakePi) -> None:
    pi = make_pi(script=None)
    assert pi.start(None)
    assert read(pi) == {"temperature": {}, "frequency": {}, "voltage": {}}


@pytest.mark.usefixtures("sysfs")
@pytest.mark.parametrize(
    "script",
    [
        "echo 'VCHI initialization failed' >&2; exit 255",
        'echo "temp=20.0\'C"; exit 1',
        "echo garbage",
        'echo "temp=nan\'C"',
        "printf 'temp=\\377'",
        "exec sleep 60",
    ],
)
def test_when_vcgencmd_fails_the_kernel_tells_and_the_log_says_so_once(
    make_pi: MakePi, caplog: pytest.LogCaptureFixture, script: str
) -> None:
    pi = make_pi(script=script, timeout_s=0.2)
    assert pi.start(None)
    for _ in range(2):
        assert pi.values["temperature"].read_all() == {0: 51.54}
    assert len(caplog.records) == 1
    assert "vcgencmd measure_temp" in caplog.text


@pytest.mark.usefixtures("sysfs")
def test_a_vcgencmd_that_cannot_be_run_is_told_and_passed_over(
    make_pi: MakePi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pi = make_pi()
    (tmp_path / "vcgencmd").unlink()
    assert pi.values["temperature"].read_all() == {0: 51.54}
    assert "cannot be run" in caplog.text


def test_the_log_tells_again_when_vcgencmd_fails_anew(make_pi: MakePi, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    flag = tmp_path / "broken"
    pi = make_pi(script=f"[ -e '{flag}' ] && exit 1; {ANSWERS}")
    for broken in (True, False, True):
        if broken:
            flag.touch()
        else:
            flag.unlink()
        assert pi.values["voltage"].read_all() == ({} if broken else {0: 1.2})
    assert len(caplog.records) == 2


@pytest.mark.usefixtures("sysfs")
@pytest.mark.parametrize(
    ("model", "script"),
    [
        (None, None),
        ("Pine64 RockPro64 v2.1\0", None),
        ("Pine64 RockPro64 v2.1\0", ANSWERS),
        (None, "echo 'VCHI initialization failed'; exit 255"),
    ],
)
def test_on_another_machine_the_node_stays_away_without_an_error(
    make_pi: MakePi, caplog: pytest.LogCaptureFixture, model: str | None, script: str | None
) -> None:
    caplog.set_level(logging.INFO)
    assert make_pi(model, script).start(None) is False
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.INFO] == [
        "hostsensor.picpu at 0110/0002: this machine is no Raspberry Pi, so the node stays away"
    ]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_answer_of_vcgencmd_tells_a_raspberry_pi_where_there_is_no_device_tree(make_pi: MakePi) -> None:
    assert make_pi(model=None).start(None)


def test_it_is_polled_every_five_minutes_or_as_the_ini_says(make_pi: MakePi) -> None:
    assert {value.poll_delay for value in make_pi().polled()} == {300.0}
    section = Section("hostsensor__picpu", {"hadd": "0110/0002", "poll_delay": 30.0})
    assert {value.poll_delay for value in make_pi(section=section).polled()} == {30.0}


def test_the_wire_takes_every_value(make_pi: MakePi) -> None:
    pi = make_pi()
    for value in pi.values.values():
        messages = orjson.loads(orjson.dumps(value.wire_all(pi.hadd, pi.uuid)))
        assert list(messages) == ["0"]
        assert messages["0"]["genre"] == 2
        assert isinstance(messages["0"]["data"], float)
