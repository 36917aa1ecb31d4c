"""What `[series__NAME]` sections say of series: names, units, hold, retention, and that some are not logged."""

from __future__ import annotations

import errno
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from store.conftest import START, Clock, abandon, rows, schema

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import UnknownSeriesError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.store.reader import FileReader
from janitoo_datalog_rrd.store.rrdfile import read_header
from janitoo_datalog_rrd.store.schema import Rule, Schemas
from janitoo_datalog_rrd.store.settings import SourceConfig
from janitoo_datalog_rrd.store.store import Store

MakeStore = Callable[..., Store]
KEY = ("attic/climate", "temperature")
NAME = "attic.climate.temperature"
SAID = Meta("Temperature", "°C", "zigbee2mqtt/0x01")


def ruled(*rules: tuple[str, dict[str, Any]], **changes: Any) -> Schemas:
    """Schemas with `[series__0]`, `[series__1]` and so on."""
    made = []
    for number, (pattern, given) in enumerate(rules):
        name = f"series__{number}"
        made.append(Rule(name, re.compile(pattern), {**given, **({} if given.get("log", True) else {"hidden_by": name})}))
    return Schemas([schema(**changes)], made)


def reopen(store: Store, make_store: MakeStore, *, killed: bool = False, **changes: Any) -> Store:
    """The next life, with another ini."""
    if killed:
        abandon(store)
    else:
        store.close(flush=False)
    return make_store(**changes)


def test_label_and_units_of_the_ini_win_and_those_of_the_device_come_back(make_store: MakeStore) -> None:
    store = make_store()
    store.accept([Reading(KEY, 20.0, meta=SAID)])
    for killed in (False, True):
        store = reopen(store, make_store, killed=killed, schemas=ruled((r"attic\..*", {"label": "Under the roof", "units": "K"})))
        store.accept([Reading(KEY, 21.0, meta=SAID._replace(label="Temp"))])
        info = store.get_series(NAME)
        assert (info.label, info.columns[0].label, info.columns[0].units) == ("Under the roof", "Under the roof", "K")
        assert store.list_series() == [store.get_series(NAME)]
        store = reopen(store, make_store, killed=killed)
        info = store.get_series(NAME)
        assert (info.label, info.columns[0].label) == ("Temp" if not killed else info.label,) * 2
        assert info.columns[0].units == "°C"


def test_the_first_section_that_matches_wins_for_each_option_that_it_gives() -> None:
    schemas = ruled(
        ("attic.*", {"label": "Attic"}), ("cellar.*", {"label": "Cellar"}), (".*", {"label": "Else", "units": "K", "hold": 9.0})
    )
    found = schemas.match("attic.x")
    assert (found.label, found.units, found.hold, found.hold_given) == ("Attic", "K", 9.0, True)
    assert schemas.match("attic.y") is found, "one object for all that are ruled alike"
    assert schemas.match("hall").label == "Else"
    assert schemas.layout("hall").label == ""


def test_a_section_that_logs_shields_from_a_later_one_that_does_not(make_store: MakeStore) -> None:
    store = make_store(schemas=ruled((r".*\.temperature", {"log": True}), ("attic.*", {"log": False})))
    assert store.accept([Reading(KEY, 1.0), Reading(("attic/climate", "linkquality"), 9.0)]) == 1
    assert [info.name for info in store.list_series()] == [NAME]


def test_what_is_not_to_be_logged_gets_no_series_and_is_counted(make_store: MakeStore, clock: Clock) -> None:
    store = make_store(schemas=ruled((".*linkquality", {"log": False})))
    hidden = ("attic/climate", "linkquality")
    for _ in range(3):
        with store.intake() as intake:
            assert intake.add([Reading(hidden, 80.0)], clock.now) == "ignored"
            assert intake.add([Reading(hidden, 80.0), Reading(KEY, 1.0)], clock.now) == "accepted"
            intake.commit()
    assert store.counters.get("samples_dropped", "hidden") == 6
    assert store.counters.get("samples_dropped", "max_series") == 0
    assert [info.name for info in store.list_series()] == [NAME]
    assert store.hider_of(hidden) == "series__0"
    assert store.hider_of(KEY) == ""


@pytest.mark.parametrize("killed", [False, True])
def test_a_series_that_is_hidden_keeps_what_was_acknowledged_and_comes_back(
    make_store: MakeStore, clock: Clock, killed: bool
) -> None:
    store = make_store()
    for number in range(10):
        clock.now = START + 10 * number
        store.accept([Reading(KEY, float(number), meta=SAID)])
    store.flush(NAME)
    clock.now += 10
    store.accept([Reading(KEY, 10.0, meta=SAID), Reading(("other", ""), 1.0)])
    if not killed:
        store.dump()
    store = reopen(store, make_store, killed=killed, schemas=ruled(("attic.*", {"log": False})))
    watch = store.watch()
    clock.now += 10
    assert store.accept([Reading(KEY, 11.0, meta=SAID)]) == 0
    assert [info.name for info in store.list_series()] == ["other"]
    assert store.count_series() == 1
    assert store.series_of(KEY) == []
    assert {value.series for value in watch.look().values} == {"other"}
    store.tick()
    assert store.settings.list_path.read_text() == "other"
    for ask in (store.get_series, store.flush, lambda name: store.fetch(name, "-1h", "now")):
        with pytest.raises(UnknownSeriesError):
            ask(NAME)
    store.flush_all()
    store = reopen(store, make_store, killed=killed)
    info = store.get_series(NAME)
    assert (info.label, info.columns[0].units, info.columns[0].last_value) == ("Temperature", "°C", 10.0)
    clock.now += 10
    assert store.accept([Reading(KEY, 12.0, meta=SAID)]) == 1
    store.flush_all(everything=True)
    found = rows(store.path_of(NAME), START, clock.now)
    assert [found[int(START) + 10 * number][0] for number in range(1, 11)] == [float(number) for number in range(1, 11)]


def test_a_datasource_is_asked_for_and_is_left_alone(make_store: MakeStore, clock: Clock) -> None:
    store = make_store(schemas=ruled((".*", {"log": False, "label": "None", "units": "K"})))
    store.configure("attic", 10, [SourceConfig(KEY, "GAUGE", "temp")], label="The attic")
    assert store.accept([Reading(KEY, 1.0, meta=SAID)]) == 1
    (info,) = store.list_series()
    assert (info.label, info.columns[0].label, info.columns[0].units) == ("The attic", "temp", "°C")
    assert store.count_series() == 1


def test_hold_of_the_device_wins_over_the_schema_and_that_of_the_section_over_both(make_store: MakeStore, clock: Clock) -> None:
    said = SAID._replace(hold=100.0)
    store = make_store(schemas=ruled((r"hall\..*", {"hold": 50.0})))
    hall = ("hall/climate", "temperature")
    for at in (0, 500):
        clock.now = START + at
        store.accept([Reading(KEY, 1.0, meta=said), Reading(hall, 1.0, meta=said), Reading(("plain", ""), 1.0)])
    store.flush_all(everything=True)
    for name, hold in ((NAME, 100), ("hall.climate.temperature", 50), ("plain", 3600)):
        found = rows(store.path_of(name), START + 10, START + 480)
        assert {time_s - START <= hold for time_s, row in found.items() if row[0] is not None} == {True}, name
        assert len([row for row in found.values() if row[0] is not None]) == min(hold // 10 - 1, len(found)), name
        assert read_header(store.path_of(name)).sources[0].heartbeat == hold + 10
    store = reopen(store, make_store)
    assert store.cache.series[NAME].hold == 100


@pytest.mark.parametrize("hold", [math.nan, math.inf, -1.0, 1e12])
def test_a_hold_that_cannot_be_is_passed_over(make_store: MakeStore, hold: float) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0, meta=SAID._replace(hold=hold))])
    assert store.cache.series[NAME].hold == 3600


# -- retention ----------------------------------------------------------------------------------------


def fill(store: Store, clock: Clock, count: int = 1000) -> None:
    for number in range(count):
        clock.now = START + 10 * number
        store.accept([Reading(KEY, number % 37 + 0.1, meta=SAID)])
    store.flush(NAME)


@pytest.mark.parametrize("where", ["section", "schema"])
def test_a_changed_retention_is_taken_over_with_the_history_kept(make_store: MakeStore, clock: Clock, where: str) -> None:
    store = make_store()
    fill(store, clock)
    path = store.path_of(NAME)
    before = rows(path, START, clock.now - 100)
    clock.now += 10
    store.accept([Reading(KEY, 99.0, meta=SAID)])
    kept = retention("10s:2d, 1m:30d, 1h:10y")
    schemas = ruled(("attic.*", {"retention": kept})) if where == "section" else Schemas([schema(retention=kept)])
    store = reopen(store, make_store, killed=True, schemas=schemas)
    store.tick()
    assert read_header(path).rras == schemas.match(NAME).rras()
    clock.now += 10
    store.accept([Reading(KEY, 98.0, meta=SAID)])
    store.flush_all(everything=True)
    assert rows(path, START, START + 9890) == before
    later = rows(path, START + 9990, START + 10009)
    assert [later[int(START) + 10 * number] for number in (1000, 1001)] == [(99.0,), (98.0,)]
    store = reopen(store, make_store)
    store.tick()
    assert read_header(path).rras == schema().rras()
    assert rows(path, START + 9000, START + 9890) == {time_s: row for time_s, row in before.items() if time_s > START + 9000}


def test_a_longer_hold_is_taken_over_by_a_file_that_is_there(make_store: MakeStore, clock: Clock) -> None:
    store = make_store(schemas=Schemas([schema(hold=60.0)]))
    fill(store, clock, 10)
    store = reopen(store, make_store)
    store.tick()
    clock.now += 1000
    store.accept([Reading(KEY, 50.0, meta=SAID)])
    store.flush_all(everything=True)
    assert read_header(store.path_of(NAME)).sources[0].heartbeat == 3610
    assert {row[0] for row in rows(store.path_of(NAME), START + 100, clock.now - 20).values()} == {9.1}


def test_a_retention_that_the_step_of_the_file_does_not_fit_is_told_and_the_file_kept(
    make_store: MakeStore, clock: Clock
) -> None:
    store = make_store()
    fill(store, clock, 10)
    content = store.path_of(NAME).read_bytes()
    store = reopen(store, make_store, schemas=ruled(("attic.*", {"step": 15, "retention": retention("15s:1d")})))
    store.tick()
    assert store.path_of(NAME).read_bytes() == content
    assert "attic.climate.temperature, whose step of 10 s" in store.health.notes()["retention"]
    store = reopen(store, make_store)
    store.tick()
    assert "retention" not in store.health.notes()


def test_a_disk_that_does_not_let_files_be_rebuilt_is_told_and_everything_goes_on(
    make_store: MakeStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store()
    fill(store, clock, 10)
    content = store.path_of(NAME).read_bytes()

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store.close(flush=False)
    monkeypatch.setattr(os, "fsync", fail)
    store = make_store(schemas=Schemas([schema(retention=retention("10s:9d"))]), journal_sync="never")
    store.tick()
    assert "No space left on device" in store.health.notes()["retention"]
    assert store.path_of(NAME).read_bytes() == content
    assert not list(store.settings.rrd_dir.glob(".*"))
    monkeypatch.undo()
    assert store.accept([Reading(KEY, 1.0, clock.now + 5)]) == 1


def test_files_of_datasources_and_of_nobody_keep_their_archives(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    store.configure("attic", 10, [SourceConfig(("1", "2", "3"), "GAUGE", "temp")])
    fill(store, clock, 10)
    store.close()
    store.settings.catalogue_path.unlink()
    contents = {path: path.read_bytes() for path in store.settings.rrd_dir.glob("*.rrd")}
    assert len(contents) == 2
    store = make_store(schemas=Schemas([schema(retention=retention("10s:9d"))]), opened=False)
    store.configure("attic", 10, [SourceConfig(("1", "2", "3"), "GAUGE", "temp")])
    store.open()
    store.tick()
    assert {path: path.read_bytes() for path in contents} == contents


KILLED = """
import os, signal, sys
from pathlib import Path
from store.conftest import Clock, schema
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.core.seams import EVENT
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store
def die(event, what):
    if event == EVENT and what[0] == "file-rebuilt":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
folder, clock = Path(sys.argv[1]), Clock()
settings = StoreSettings(folder / "rrds", folder / "data", Schemas([schema(retention=retention("10s:2d, 1m:9d"))]))
store = Store(settings, Counters(), Health(), clock, clock)
store.open()
store.tick()
"""


def test_a_kill_in_the_middle_of_a_refit_costs_nothing_and_the_next_start_does_it(
    make_store: MakeStore, clock: Clock, tmp_path: Path, root: Path
) -> None:
    store = make_store()
    fill(store, clock)
    path = store.path_of(NAME)
    before, content = rows(path, START, clock.now - 100), path.read_bytes()
    clock.now += 10
    store.accept([Reading(KEY, 99.0, meta=SAID)])
    abandon(store)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])}
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], env=environ, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == content
    assert (path.parent / f".{NAME}.rrd.fit").exists()
    store = make_store(schemas=Schemas([schema(retention=retention("10s:2d, 1m:9d"))]))
    store.tick()
    assert not list(path.parent.glob(".*"))
    store.flush_all(everything=True)
    assert rows(path, START, START + 9890) == before
    assert rows(path, START + 9990, START + 9999)[int(START) + 10_000] == (99.0,)


# -- the ini ------------------------------------------------------------------------------------------


def test_the_ini_of_these_sections_and_what_a_command_line_sees(make_store: MakeStore, tmp_path: Path) -> None:
    ini = tmp_path / "x.conf"
    ini.write_text(
        "[series__a]\npattern = attic.*\nlabel = Under the roof\nretention = 1m:1y\nhold = 2m\n"
        "[series__b]\npattern = .*\nlabel = All\nunits = K\nlog = yes\n[series__c]\npattern = hall\nlog = no\n"
        "[series__d]\npattern = cellar\nlog = False\n[schema__default]\npattern = .*\nstep = 10\n"
    )
    schemas = Schemas.from_options(Options.load(ini))
    attic = schemas.match("attic.x")
    assert (attic.label, attic.units, attic.step, attic.hold) == ("Under the roof", "K", 10, 120)
    assert attic.retention == ((60, 31536000),)
    assert schemas.match("cellar").log, "an earlier section says yes"
    store = make_store()
    store.accept([Reading(KEY, 1.0, meta=SAID), Reading(("hall", ""), 1.0)])
    store.flush_all(everything=True)
    store.dump()
    hidden = ruled(("hall", {"log": False}), (".*", {"label": "All", "units": "K"}))
    reader = FileReader(store.settings.rrd_dir, store.settings.catalogue_path, hidden)
    assert [(info.name, info.label, info.columns[0].units) for info in reader.list_series()] == [(NAME, "All", "K")]
    assert (reader.series_of(("hall", "")), reader.hider_of(("hall", ""))) == ([], "series__0")
    with pytest.raises(UnknownSeriesError):
        reader.get_series("hall")
    reader = FileReader(store.settings.rrd_dir, store.settings.catalogue_path, hidden, {"hall"})
    assert [info.name for info in reader.list_series()] == [NAME, "hall"]
