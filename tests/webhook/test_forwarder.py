"""When payloads are made: on a clock of the test, with nobody there to take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import free_port
from webhook.test_load import Processors

from janitoo_datalog_rrd.core.clock import Clock
from janitoo_datalog_rrd.core.outbox import Entry, Outbox
from janitoo_datalog_rrd.webhook.forwarder import Forwarder, _headers
from janitoo_datalog_rrd.webhook.load import SmoothedLoad
from janitoo_datalog_rrd.webhook.settings import WebhookSettings


@pytest.fixture
def cpu() -> Processors:
    return Processors()


@pytest.fixture
def free_url() -> str:
    """Where nobody listens."""
    return f"http://127.0.0.1:{free_port()}/"


@pytest.fixture
def forwarder(tmp_path: Path, cpu: Processors, free_url: str) -> Iterator[Forwarder]:
    """One with an interval of 60 s, 10 s in an emergency, and a load averaged over 10 s."""
    environ = {"WEBHOOK_DESTINATION_URL": free_url, "DEVICE_ID": "a"}
    made = Forwarder(
        WebhookSettings.from_environment(environ),
        tmp_path / "outbox.db",
        load=SmoothedLoad(10.0, lambda: cpu.times),
        clock=lambda: cpu.now,
    )
    yield made
    made.stop()


def drive(forwarder: Forwarder, cpu: Processors, seconds: float, percent: float) -> list[float]:
    """Tick as the callers do, for so long under such a load; returns when payloads were made."""
    made = []
    end = cpu.now + seconds
    while cpu.now < end:
        before = forwarder.state.delivery.waiting
        wait_s = forwarder.tick()
        if forwarder.state.delivery.waiting > before:
            made.append(round(cpu.now, 3))
        assert 0 < wait_s <= 1.0
        cpu.run(wait_s, percent)
    return made


def test_the_interval_is_kept_and_the_first_one_comes_once_the_load_is_known(forwarder: Forwarder, cpu: Processors) -> None:
    assert drive(forwarder, cpu, 200, 5) == [10, 70, 130, 190]


def test_both_changes_are_sent_at_once_and_begin_the_interval_anew(forwarder: Forwarder, cpu: Processors) -> None:
    assert drive(forwarder, cpu, 30, 0) == [10]
    assert drive(forwarder, cpu, 30, 100) == [38, 48, 58], "above 70 % on average after 8 s"
    assert forwarder.state.emergency
    assert drive(forwarder, cpu, 90, 0) == [64, 124]
    assert not forwarder.state.emergency


def test_a_load_about_the_threshold_makes_no_storm(forwarder: Forwarder, cpu: Processors) -> None:
    made = []
    for turn in range(100):
        made += drive(forwarder, cpu, 5, 100 if turn % 2 else 41)
    assert len(made) <= 500 / 10 * 2


def test_a_pause_is_not_made_up_for(forwarder: Forwarder, cpu: Processors) -> None:
    drive(forwarder, cpu, 20, 0)
    cpu.run(1000, 0)
    assert drive(forwarder, cpu, 60, 0) == [1020]


def test_a_disk_that_does_not_take_it_is_told_once_and_counted(
    forwarder: Forwarder, cpu: Processors, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    drive(forwarder, cpu, 20, 0)
    assert forwarder.state.gone == 0
    forwarder.stop()
    drive(forwarder, cpu, 200, 0)
    assert forwarder.state.gone == 3
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_a_full_outbox_drops_the_oldest_and_says_how_many(tmp_path: Path, cpu: Processors) -> None:
    environ = {"WEBHOOK_DESTINATION_URL": "http://127.0.0.1:1/", "DEVICE_ID": "a" * 200, "WEBHOOK_OUTBOX_BYTES": "64KiB"}
    path = tmp_path / "full.db"
    made = Forwarder(
        WebhookSettings.from_environment(environ), path, load=SmoothedLoad(10.0, lambda: cpu.times), clock=lambda: cpu.now
    )
    drive(made, cpu, 200 * 60, 0)
    state = made.state
    made.stop()
    assert state.gone == 200 - state.delivery.waiting > 0
    kept = Outbox(path)
    assert kept.peek(1)[0].number == state.gone + 1
    kept.close()


def test_a_clock_that_is_set_sets_the_times_of_what_waits_right(tmp_path: Path, cpu: Processors, free_url: str) -> None:
    """A machine without a clock of its own: it begins in 1970, and is set later, here while the forwarder does not even run."""
    settings = WebhookSettings.from_environment({"WEBHOOK_DESTINATION_URL": free_url, "DEVICE_ID": "a"})
    path = tmp_path / "outbox.db"
    set_by = 0.0

    def begin() -> Forwarder:
        wall = Clock(lambda: set_by + cpu.now, lambda: cpu.now, lambda: False)
        made = Forwarder(settings, path, load=SmoothedLoad(10.0, lambda: cpu.times), clock=lambda: cpu.now, wall=wall)
        made.start()
        return made

    first = begin()
    assert drive(first, cpu, 100, 0) == [10, 70]
    first.stop()
    set_by = 1_795_000_000.0
    second = begin()
    assert drive(second, cpu, 100, 0) == [110, 170]
    set_by += 3600
    assert drive(second, cpu, 60, 0) == [230]
    second.stop()
    kept = Outbox(path)
    times = [entry.time_s - set_by for entry in kept.peek(10)]
    kept.close()
    assert times == pytest.approx([10, 70, 110, 170, 230], abs=0.01)


@pytest.mark.parametrize(("time_s", "told"), [(100.0, None), (1_795_336_200.5, "2026-11-22T08:30:00.500Z")])
def test_a_time_of_a_clock_that_is_not_set_is_not_told(time_s: float, told: str | None) -> None:
    assert _headers(Entry(1, time_s, "", b"")).get("X-Measured-At") == told
