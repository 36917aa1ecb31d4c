"""A wall clock that is set: which times are wrong then, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.clock import UNSET_S, Clock, ClockFile, is_synchronised, since_boot

NOW = 1_800_000_000.0

ODD = ((1, "NaN"), (1, "1e300"), ("1e400", 0), (-5, 0), ("[]", 0), (1, "null"))


@dataclass
class Machine:
    """Its clocks, and whether somebody looks after them."""

    wall: float = 100.0
    boot: float = 10.0
    synchronised: bool | None = False

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.boot, lambda: self.synchronised)


def test_a_clock_that_is_set_moves_the_times_that_were_told_before() -> None:
    machine = Machine()
    clock = machine.clock()
    measured = clock.now()
    assert (clock.is_set, clock.time_of(measured), clock.look()) == (False, 100.0, 0.0)
    machine.wall, machine.boot = NOW + 5.0, 15.0
    assert clock.look() == pytest.approx(NOW - 100.0)
    assert clock.time_of(measured) == NOW
    assert (clock.is_set, clock.look()) == (True, 0.0)
    assert UNSET_S < NOW


@pytest.mark.parametrize(("synchronised", "step"), [(True, 0.0), (False, 3600.0), (None, 3600.0)])
def test_a_jump_of_a_clock_that_is_looked_after_is_a_machine_that_stood_still(synchronised: bool | None, step: float) -> None:
    machine = Machine(NOW, synchronised=synchronised)
    clock = machine.clock()
    machine.wall += 3600.0
    machine.synchronised = False  # what sets the clock ends that, until it is looked after again
    assert clock.look() == pytest.approx(step)
    assert clock.time_of(machine.boot) == machine.wall


def test_a_restart_in_the_same_boot_sets_right_what_waited_before(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    machine = Machine()
    first = ClockFile(path, machine.clock(), "boot 1")
    assert (first.begin(7), first.first) == (0.0, 7)
    first.write()
    machine.wall += 1000.0
    again = ClockFile(path, machine.clock(), "boot 1")
    assert (again.begin(12), again.first) == (pytest.approx(1000.0), 7)
    other = ClockFile(path, machine.clock(), "boot 2")
    assert (other.begin(12), other.first) == (0.0, 12)
    anew = ClockFile(path, machine.clock(), "boot 1")
    assert (anew.begin(3), anew.first) == (0.0, 3), "an outbox that was begun anew counts anew"
    for content in ("", "[]", '{"boot_id": "boot 1", "first": "x"}', "[" * 5000):
        path.write_text(content)
        broken = ClockFile(path, machine.clock(), "boot 1")
        assert (broken.begin(5), broken.first) == (0.0, 5)


def test_the_machine_s_own_clocks() -> None:
    assert since_boot() <= since_boot()
    assert is_synchronised() in (True, False, None)
    assert Clock().look() == 0.0


@pytest.mark.parametrize(
    "damaged",
    ["[]", '{"boot_id": "x"}', *(f'{{"boot_id": "x", "first": {first}, "offset": {offset}}}' for first, offset in ODD)],
)
def test_a_damaged_note_of_the_clock_moves_no_times(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(damaged)
    file = ClockFile(path, Clock(), "x")
    assert (file.begin(10), file.first) == (0.0, 10)
