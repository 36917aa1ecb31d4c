"""The API of the original text: every class and method is there under its name and does what the text says."""

from __future__ import annotations

import inspect
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as paho
import pytest
import rrdtool
from support import Mosquitto, wait_until

from janitoo_datalog_rrd import bus, components, server, thread
from janitoo_datalog_rrd.bus import RrdBus, RrdStoreThread
from janitoo_datalog_rrd.components import make_datasource, make_http_resource
from janitoo_datalog_rrd.core.bus import JNTBus
from janitoo_datalog_rrd.core.component import JNTComponent
from janitoo_datalog_rrd.core.errors import JanitooError, UnknownSeriesError
from janitoo_datalog_rrd.core.mqtt import BrokerSettings, MqttClient
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.server import JNTServer
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.core.thread import BaseThread, JNTBusThread

INI = """
[system]
home_dir = {home}
broker_ip = 127.0.0.1
broker_port = {port}
broker_mode = external

[datarrd]
hadd = 0014/0000
cache_pickle_ttl_0 = 40
components.load = datarrd.datasource

[datarrd__load]
hadd = 0014/0002
name = Load
rrd_file_0 = load
rrd_step_0 = 1
source_config_0 = 0048/0002|load|0|GAUGE|load1
source_config_1 = 0048/0002|load|1|GAUGE|load5

[http]
hadd = 0018/0000
components.rrd = http.rrd

[http__rrd]
hadd = 0018/0001

[schema__default]
pattern = .*
step = 1
retention = 1s:1d
"""
LOAD = {"0": "0048/0002|load|0|GAUGE|load1", "1": "0048/0002|load|1|GAUGE|load5"}
METHODS = {
    bus.RrdBus: "check_heartbeat get_count_series get_count_values get_package_name set_action start stop",
    bus.RrdStoreThread: (
        "add_config add_rrd_to_list config_thread create_store_index dump flush flush_all get_count_series get_count_values "
        "get_list_filename get_pickle_filename get_rrd_directory get_rrd_file get_rrd_filename get_rrd_httpname get_rrd_label "
        "get_rrd_public_directory get_values_to_dump loop on_value post_loop pre_loop remove_config remove_rrd_from_list restore "
        "rrd_rotate run start_timer_dead start_timer_pickle stop_timer_dead stop_timer_pickle timer_add_config timer_dead "
        "timer_flush timer_flush_all timer_pickle timer_rrd_rotate update_last"
    ),
    components.RrdDatasource: "check_heartbeat get_http_rrd_file get_package_name get_rrd_label start stop",
    components.RrdResourceComponent: "check_heartbeat get_package_name",
    thread.RrdThread: "init_bus",
}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = float(int(time.time()) - 1000)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def options(tmp_path: Path, mosquitto: Mosquitto) -> Options:
    ini = tmp_path / "test.conf"
    ini.write_text(INI.format(home=tmp_path / "home", port=mosquitto.port))
    return Options.load(ini, Plugins())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(options: Options, clock: Clock) -> Iterator[Services]:
    built = Services.build(options, clock=clock)
    built.scheduler.start()
    yield built
    built.scheduler.stop()


@pytest.fixture
def store_thread(options: Options, services: Services) -> Iterator[RrdStoreThread]:
    """The store thread, running and connected."""
    made = RrdStoreThread("datarrd", options, services)
    made.start()
    made.wait_settled(20)
    wait_until(lambda: not services.health.problems(), what="the store thread to be connected")
    yield made
    made.stop()
    made.join()


@pytest.fixture
def rrd_bus(options: Options, services: Services) -> Iterator[RrdBus]:
    made = RrdBus(options=options, services=services, section=options.section("datarrd"), oid="datarrd")
    made.start(None)
    yield made
    made.stop()


@pytest.fixture
def publish(mosquitto: Mosquitto) -> Iterator[Callable[[str, Any], None]]:
    """Publish JSON with QoS 1 and wait until the broker has it."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()

    def send(topic: str, data: Any) -> None:
        client.publish(topic, json.dumps(data), 1).wait_for_publish(10)

    yield send
    client.disconnect()
    client.loop_stop()


def value(index: int, data: Any, **changes: Any) -> dict[str, Any]:
    return {"hadd": "0048/0002", "uuid": "load", "index": index, "data": data, "genre": 2, "type": 3, "label": "Load", **changes}


def test_every_class_and_method_of_the_text_is_there() -> None:
    for owner, names in METHODS.items():
        for name in names.split():
            assert callable(getattr(owner, name)), f"{owner.__name__}.{name}"
            assert getattr(owner, name).__doc__, f"{owner.__name__}.{name} has no docstring"
    for made in (components.make_datasource, components.make_http_resource, thread.make_thread):
        assert callable(made)
    assert issubclass(RrdBus, JNTBus)
    assert issubclass(RrdStoreThread, BaseThread)
    assert issubclass(components.RrdDatasource, JNTComponent)
    assert issubclass(server.DatalogServer, JNTServer)
    assert issubclass(thread.RrdThread, JNTBusThread)
    assert list(inspect.signature(RrdStoreThread.add_config).parameters) == ["self", "rrd_file", "step", "config"]
    parameters = inspect.signature(RrdStoreThread.config_thread).parameters
    assert [(name, parameters[name].default) for name in list(parameters)[1:]] == [
        ("cache_rrd_ttl", None),
        ("cache_pickle_ttl", None),
        ("cache_dead_ttl", None),
        ("dirmask", "rrd"),
        ("filemask", "%(rrd_file)s.rrd"),
    ]


def test_values_from_the_broker_are_in_the_rrd_file(
    store_thread: RrdStoreThread, services: Services, clock: Clock, publish: Callable[[str, Any], None]
) -> None:
    begin = clock.now
    for second in range(10):
        clock.now = begin + second
        publish("/values/user/0048/0002/load", {"0": value(0, second + 0.5), "1": value(1, str(second * 2))})
        wait_until(lambda n=2 * second + 2: services.counters.get("samples_accepted") == n, what="the samples")  # type: ignore[misc]
    clock.now += 1
    # A row for each second, up to the one that has just begun; the last one waits for the end of the batch that is counted.
    written = itertools.accumulate(iter(lambda: store_thread.flush("load"), None))
    wait_until(lambda: next(written) == 11, what="the rows to be written")
    path = store_thread.get_rrd_filename("load")
    (first, _, step), names, rows = rrdtool.fetch(path, "AVERAGE", f"--start={int(begin)}", f"--end={int(begin) + 8}")
    assert names == ("load1", "load5")
    assert step == 1
    found = {first + index + 1 - int(begin): row for index, row in enumerate(rows)}
    assert {second: found[second] for second in range(1, 10)} == {second: (second + 0.5, second * 2.0) for second in range(1, 10)}


def test_on_value_takes_a_message_as_paho_hands_it(store_thread: RrdStoreThread, services: Services) -> None:
    payload = json.dumps(value(0, 1.5)).encode()
    message = SimpleNamespace(topic="/values/user/0048/0002/load", payload=payload, qos=0, retain=False, mid=0)
    store_thread.on_value(None, None, message)
    assert services.counters.get("samples_accepted") == 1


def test_on_value_before_the_start_says_so(options: Options) -> None:
    with pytest.raises(JanitooError, match="start it first"):
        RrdStoreThread("datarrd", options).on_value(
            None, None, SimpleNamespace(topic="t", payload=b"1", qos=0, retain=False, mid=0)
        )


def test_update_last_takes_one_datum(store_thread: RrdStoreThread) -> None:
    assert store_thread.update_last("0048/0002", "load", 0, "2.5") == 1
    assert store_thread.store.get_series("load").columns[0].last_value == 2.5
    assert store_thread.update_last("0048/0002", "load", 1, None) == 1
    with pytest.raises(ValueError, match="not a number"):
        store_thread.update_last("0048/0002", "load", 0, "warm")


def test_counts_and_index_of_the_cache(store_thread: RrdStoreThread) -> None:
    assert store_thread.get_count_series() == 1
    assert store_thread.get_count_values() == 2
    store_thread.update_last("0050/0001", "temperature", 0, 20)
    assert store_thread.get_count_series() == 2
    assert store_thread.get_count_values() == 3
    assert sorted(store_thread.create_store_index()) == [
        ("0048/0002", "load", "0"),
        ("0048/0002", "load", "1"),
        ("0050/0001", "temperature", "0"),
    ]


def test_values_to_dump_are_those_whose_time_has_come(store_thread: RrdStoreThread, services: Services) -> None:
    store_thread.config_thread(cache_rrd_ttl=0)
    store_thread.store.flusher.monotonic = lambda: 0.0  # the loop must not write them before we look
    store_thread.update_last("0048/0002", "load", 0, 1)
    assert store_thread.get_values_to_dump() == [("0048/0002", "load", "0"), ("0048/0002", "load", "1")]


def test_add_config_makes_the_file_and_remove_config_deletes_it(store_thread: RrdStoreThread, services: Services) -> None:
    path = Path(store_thread.get_rrd_filename("more"))
    assert store_thread.add_config("more", 30, {"0": "0048/0007|x|0|COUNTER|pulses", "1": "0048/0007|y||DERIVE|watts"})
    info = rrdtool.info(str(path))
    assert (info["step"], info["ds[pulses].type"], info["ds[watts].type"]) == (30, "COUNTER", "DERIVE")
    assert "more" in store_thread.store.cache.series
    store_thread.update_last("0048/0007", "y", 0, 5)
    assert store_thread.remove_config("more")
    assert not path.exists()
    assert "more" not in store_thread.store.cache.series
    assert store_thread.store.count_cached() == 0
    assert not store_thread.remove_config("more")


def test_add_config_that_cannot_be_is_told(store_thread: RrdStoreThread, services: Services) -> None:
    assert not store_thread.add_config("bad", 30, {"0": "0048/0007|x|0|GUAGE|pulses"})
    assert "GUAGE" in services.health.problems()["datasource bad"]
    assert not store_thread.add_config("../evil", 30, LOAD)
    assert not store_thread.add_config("load", 60, LOAD)
    assert "rrd_step_0" in services.health.problems()["datasource load"]


def test_timers_do_the_same_in_a_thread_of_their_own(store_thread: RrdStoreThread, services: Services, clock: Clock) -> None:
    store_thread.timer_add_config("later", 1, {"0": "0048/0009|x|0|GAUGE|x"})
    wait_until(lambda: "later" in store_thread.store.cache.series, what="the datasource")
    store_thread.update_last("0048/0009", "x", 0, 1)
    clock.now += 2
    store_thread.timer_rrd_rotate("later", clock.now)
    wait_until(lambda: store_thread.store.cache.series["later"].ready, what="the rows")
    store_thread.timer_flush("later")
    wait_until(lambda: not store_thread.store.cache.series["later"].cached(), what="the flush")
    store_thread.update_last("0048/0009", "x", 0, 2)
    store_thread.update_last("0048/0002", "load", 0, 2)
    clock.now += 2
    store_thread.timer_flush_all()
    wait_until(lambda: store_thread.store.count_cached() == 0, what="the flush of all")
    assert services.counters.get("samples_written") > 0


def test_flush_writes_one_series_and_flush_all_every(store_thread: RrdStoreThread, clock: Clock) -> None:
    store_thread.update_last("0050/0001", "a", 0, 1)
    store_thread.update_last("0050/0001", "b", 0, 1)
    clock.now += 2
    assert store_thread.flush("0050.0001.a.0") == 1
    assert not Path(store_thread.get_rrd_filename("0050.0001.b.0")).exists()
    assert store_thread.flush_all() == 1
    assert Path(store_thread.get_rrd_filename("0050.0001.b.0")).exists()
    with pytest.raises(UnknownSeriesError):
        store_thread.flush("nobody")


def test_rotate_closes_rows_up_to_a_time(store_thread: RrdStoreThread, clock: Clock) -> None:
    store_thread.update_last("0048/0002", "load", 0, 1)
    begin = clock.now
    clock.now += 10
    assert store_thread.rrd_rotate("load", begin + 3) == 4
    assert store_thread.rrd_rotate("load") == 7
    with pytest.raises(UnknownSeriesError):
        store_thread.rrd_rotate("nobody")


def test_file_names_stay_within_the_home(store_thread: RrdStoreThread, options: Options) -> None:
    home = str(options.home_dir)
    assert store_thread.get_rrd_public_directory({}) == f"{home}/public/rrd/rrds"
    assert store_thread.get_rrd_directory({}) == f"{home}/rrd"
    assert store_thread.get_rrd_file({"rrd_file": "load"}) == "load.rrd"
    assert store_thread.get_rrd_filename("load") == f"{home}/public/rrd/rrds/load.rrd"
    assert store_thread.get_rrd_httpname("load") == "rrd/rrds/load.rrd"
    assert store_thread.get_pickle_filename() == f"{home}/rrd/rrd_cache.pickle"
    assert store_thread.get_list_filename() == f"{home}/public/rrd/rrds/index.txt"
    for evil in ("../load", "a/b", ".hidden", "", "a\0b", "x" * 201):
        with pytest.raises(ValueError, match="not a series name"):
            store_thread.get_rrd_filename(evil)


def test_labels_come_from_the_configuration_or_the_series(store_thread: RrdStoreThread) -> None:
    assert store_thread.get_rrd_label(0, "load", LOAD["1"]) == "load5"
    assert store_thread.get_rrd_label(1, "load", None) == "load5"
    assert store_thread.get_rrd_label(2, "load", None) is None
    assert store_thread.get_rrd_label(0, "nobody", None) is None
    assert store_thread.get_rrd_label(0, "load", "nonsense") is None


def test_the_list_takes_and_loses_names(store_thread: RrdStoreThread) -> None:
    store_thread.add_rrd_to_list("one")
    store_thread.add_rrd_to_list("one")
    store_thread.add_rrd_to_list("two")
    assert Path(store_thread.get_list_filename()).read_text() == "load|one|two"
    store_thread.remove_rrd_from_list("one")
    assert Path(store_thread.get_list_filename()).read_text() == "load|two"


def test_config_thread_sets_times_and_file_names(options: Options, services: Services) -> None:
    made = RrdStoreThread("datarrd", options, services)
    made.config_thread(cache_rrd_ttl=7, cache_pickle_ttl=8, cache_dead_ttl=9, dirmask="cache", filemask="jnt_%(rrd_file)s.rrd")
    assert made.settings.cache_rrd_ttl == 7
    assert made.settings.cache_dead_ttl == 9
    assert made.get_pickle_filename() == f"{options.home_dir}/cache/rrd_cache.pickle"
    assert made.add_config("load", 1, LOAD)
    assert (options.home_dir / "public" / "rrd" / "rrds" / "jnt_load.rrd").exists()
    with pytest.raises(ValueError, match="filemask"):
        made.config_thread(filemask="../x")


def test_dump_and_restore_keep_the_cache(options: Options, services: Services, clock: Clock) -> None:
    made = RrdStoreThread("datarrd", options, services)
    made.restore()
    made.update_last("0050/0001", "a", 0, 1.25)
    made.dump()
    assert Path(made.get_pickle_filename()).stat().st_mode & 0o777 == 0o600
    made.store.close(flush=False)
    again = RrdStoreThread("datarrd", options, services)
    again.restore()
    assert again.store.count_cached() == 1
    assert again.store.get_series("0050.0001.a.0").columns[0].last_value == 1.25
    again.store.close()


def test_pickle_and_dead_timers_start_and_stop(store_thread: RrdStoreThread, services: Services, clock: Clock) -> None:
    names = services.scheduler.names
    assert {"datarrd.pickle", "datarrd.dead"} <= set(names())
    store_thread.stop_timer_pickle()
    store_thread.stop_timer_dead()
    assert not {"datarrd.pickle", "datarrd.dead"} & set(names())
    store_thread.config_thread(cache_pickle_ttl=0.05)
    store_thread.update_last("0050/0001", "a", 0, 1)
    wait_until(store_thread.settings.catalogue_path.exists, what="the catalogue to be written in time")
    store_thread.start_timer_dead()
    assert "datarrd.dead" in names()


def test_the_pickle_timer_writes_a_snapshot_once_the_journal_has_outgrown_it(store_thread: RrdStoreThread) -> None:
    snapshot = Path(store_thread.get_pickle_filename())
    store_thread.stop_timer_pickle()
    store_thread.update_last("0050/0001", "a", 0, 1)
    store_thread.timer_pickle()
    assert not snapshot.exists()
    assert store_thread.store._journal is not None
    store_thread.store._journal.size += 2 << 20
    store_thread.timer_pickle()
    assert snapshot.exists()


def test_dead_entries_leave_the_cache_and_their_files_stay(store_thread: RrdStoreThread, clock: Clock) -> None:
    store_thread.update_last("0050/0001", "a", 0, 1)
    clock.now += 2
    store_thread.flush_all()
    store_thread.config_thread(cache_dead_ttl=0)
    assert "0050.0001.a.0" in store_thread.timer_dead()
    assert store_thread.get_count_series() == 0
    assert Path(store_thread.get_rrd_filename("0050.0001.a.0")).exists()


def test_the_life_of_the_thread(options: Options, services: Services, clock: Clock) -> None:
    made = RrdStoreThread("datarrd", options, services)
    made.pre_loop()
    assert services.store is made.store
    made.update_last("0050/0001", "a", 0, 1)
    made.loop_sleep = 0
    made.config_thread(cache_rrd_ttl=0)
    clock.now += 60
    made.loop()
    made.post_loop()
    assert Path(made.get_rrd_filename("0050.0001.a.0")).exists()
    assert Path(made.get_list_filename()).read_text() == "load|0050.0001.a.0"


def test_the_bus_tells_counts_and_takes_actions(rrd_bus: RrdBus, services: Services, clock: Clock) -> None:
    assert rrd_bus.check_heartbeat()
    assert rrd_bus.get_package_name() == "janitoo_datalog_rrd"
    assert rrd_bus.store is not None
    rrd_bus.store.update_last("0050/0001", "a", 0, 1)
    assert rrd_bus.get_count_values(rrd_bus.uuid, 0) == 3
    assert rrd_bus.get_count_series(rrd_bus.uuid, 0) == 2
    clock.now += 2
    store = rrd_bus.store.store
    rrd_bus.set_action(rrd_bus.uuid, 0, "flush")
    wait_until(lambda: store.count_cached() == 0, what="the flush")
    with pytest.raises(ValueError, match="expected flush"):
        rrd_bus.set_action(rrd_bus.uuid, 0, "format")
    rrd_bus.stop()
    assert not rrd_bus.check_heartbeat()
    assert rrd_bus.get_count_values(rrd_bus.uuid, 0) is None


def test_a_datasource_component_makes_its_file_and_tells_about_it(rrd_bus: RrdBus, options: Options, services: Services) -> None:
    source = make_datasource(bus=rrd_bus, addr="0014/0002", section=options.section("datarrd__load"), oid="datarrd.datasource")
    client = MqttClient(BrokerSettings.from_options(options), "test")
    assert not make_datasource(bus=rrd_bus, addr="0014/0009").check_heartbeat()
    assert source.start(client)
    assert source.check_heartbeat()
    assert source.get_package_name() == "janitoo_datalog_rrd"
    assert source.get_http_rrd_file(source.uuid, 0) == "rrd/rrds/load.rrd"
    assert source.get_rrd_label(source.uuid, 0) == "load1"
    assert source.get_rrd_label(source.uuid, 1) == "load5"
    assert source.get_rrd_label(source.uuid, 7) is None
    assert source.values["source"].read_all() == {0: "load1", 1: "load5"}
    assert source.values["rrd_step"].read_all() == {0: 1}
    assert services.store is not None
    assert services.store.get_series("load").label == "Load"
    assert source.stop()


def test_a_data_source_set_over_the_bus_is_added_to_the_file_and_stays(
    rrd_bus: RrdBus, options: Options, services: Services
) -> None:
    source = make_datasource(bus=rrd_bus, addr="0014/0002", section=options.section("datarrd__load"), oid="datarrd.datasource")
    source.start(None)
    write = source.values["source_config"].write
    assert write is not None
    write(2, "0048/0002|load|2|GAUGE|load15")
    assert rrd_bus.store is not None
    assert "ds[load15].index" in rrdtool.info(rrd_bus.store.get_rrd_filename("load"))
    again = Options.load(options.path, services.plugins)
    assert again.apply_remote(bus.REMOTE_OPTIONS) == []
    assert again.section("datarrd__load").indexed("source_config")[2][4] == "load15"
    with pytest.raises(ValueError, match="has 1 parts"):
        write(3, "nonsense")


def test_the_web_resource_tells_where_the_files_are(options: Options) -> None:
    resource = make_http_resource(bus=None, addr="0018/0001", section=options.section("http__rrd"), oid="http.rrd")
    assert resource.get_package_name() == "janitoo_datalog_rrd"
    assert not resource.check_heartbeat()
    assert resource.values["resource"].read_all() == {0: "rrd"}


def test_the_thread_builds_its_bus_and_starts_by_itself_or_by_force(options: Options, services: Services, tmp_path: Path) -> None:
    made = thread.make_thread(options)
    assert made is not None
    made.bind(services)
    built = made.init_bus()
    assert isinstance(built, RrdBus)
    assert built.hadd == "0014/0000"
    options.section("datarrd").values["auto_start"] = False
    assert thread.make_thread(options) is None
    assert thread.make_thread(options, force=True) is not None


def test_the_server_is_built_from_its_options(options: Options) -> None:
    options.section("http").values["http_port"] = 0
    made = server.DatalogServer(options)
    made.start()
    try:
        assert [each.section for each in made.threads][:2] == ["datarrd", "http"]
        wait_until(lambda: not made.services.health.problems(), what="the server to be well")
    finally:
        made.stop()
    assert made.threads == []
