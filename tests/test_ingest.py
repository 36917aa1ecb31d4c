"""A message is acknowledged once it is in the journal, and not before."""

from __future__ import annotations

import math
import resource
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, janitoo, live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.bus import RrdBus
from janitoo_datalog_rrd.core.announcements import Announcements
from janitoo_datalog_rrd.core.contracts import Decoder, Meta, Reading
from janitoo_datalog_rrd.core.decoding import Readers, Route
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.privacy import Privacy
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.decoders.plain import make_decoder
from janitoo_datalog_rrd.ingest import Ingest
from janitoo_datalog_rrd.store.intake import Intake
from janitoo_datalog_rrd.store.names import series_name
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import SourceConfig, StoreSettings
from janitoo_datalog_rrd.store.store import Store


@pytest.fixture
def full_disk() -> Iterator[Callable[[bool], None]]:
    """Makes every file of this process unable to grow past 100 bytes, as a full disk does; False gives the room back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(full: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100 if full else soft, hard))

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    ini = tmp_path / "x.conf"
    ini.write_text("")
    return Services.build(Options.load(ini, Plugins()))


class Intaking:
    """An ingest on a store of its own, and what it has acknowledged.

    Args:
        room: how many samples the store's cache takes.
        decoder: what reads `t/#`; the plain one where none is given.
    """

    def __init__(self, home: Path, services: Services, room: int = 1000, decoder: Decoder | None = None) -> None:
        settings = StoreSettings(
            home / "rrds", home / "data", Schemas.from_options(Options.load(home / "x.conf")), cache_max_samples=room
        )
        self.store = Store(settings, services.counters, services.health)
        self.store.open()
        self.acknowledged: list[int] = []
        route = Route(("t/#",), decoder or make_decoder(Section("decoder__t")), "plain")
        self.readers = readers = Readers([route], Directory(services.nodes), Privacy())
        announcements = Announcements(home / "data" / "announcements.json")
        self.ingest = Ingest(self.store, readers, announcements, services, self.acknowledge, waiting_max=3)

    def acknowledge(self, mids: list[bytes]) -> None:
        self.acknowledged += [int.from_bytes(mid, "big") for mid in mids]

    def take(self, *messages: tuple[str, str, int]) -> None:
        """Take messages of one read: topic, payload, identifier or 0 for QoS 0."""
        self.ingest.on_packets(
            [(topic.encode(), payload.encode(), mid.to_bytes(2, "big") if mid else b"") for topic, payload, mid in messages]
        )

    def values(self, name: str = "t.x") -> list[float]:
        """The numbers cached for a series."""
        return list(self.store.cache.series[name].columns[0].values)

    def make_room(self) -> None:
        self.store.flush_all(everything=True)


@pytest.fixture
def intaking(tmp_path: Path, services: Services) -> Iterator[Callable[..., Intaking]]:
    made: list[Intaking] = []

    def make(**changes: Any) -> Intaking:
        made.append(Intaking(tmp_path, services, **changes))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


def test_messages_wait_unacknowledged_while_the_store_is_full_and_go_in_order(
    services: Services, intaking: Callable[..., Intaking]
) -> None:
    house = intaking(room=3)
    house.take(("t/a", "0", 1), ("t/b", "1", 2), ("t/a", "2", 3), ("t/c", "3", 4), ("t/d", "4", 5))
    assert house.acknowledged == [1, 2, 3]
    assert "the cache is full" in services.health.problems()["store"]
    house.take(("t/c", "5", 6))
    assert house.ingest.waiting == 3
    assert house.ingest.oldest_waiting < time.time()
    house.ingest.retry()
    assert house.acknowledged == [1, 2, 3], "there is no room yet"
    house.make_room()
    house.take(("t/e", "6", 7))
    assert house.acknowledged == [1, 2, 3], "the last one may not overtake those that wait"
    house.ingest.retry()
    assert house.acknowledged == [1, 2, 3, 4, 5, 6]
    assert house.values("t.c") == [3, 5]
    house.make_room()
    house.ingest.retry()
    assert house.acknowledged == [1, 2, 3, 4, 5, 6, 7]
    assert services.health.problems() == {}
    assert services.counters.by_label("messages") == {"accepted": 7}
    assert services.counters.get("samples_accepted") == 7


def test_messages_of_qos_0_are_bounded_and_counted(services: Services, intaking: Callable[..., Intaking]) -> None:
    house = intaking(room=1)
    house.take(("t/x", "0", 0))
    for _ in range(10):
        house.take(("t/x", "1", 0))
    assert house.ingest.waiting == 3
    assert services.counters.by_label("samples_dropped") == {"store_failing": 7}


def test_what_the_broker_sends_again_does_not_wait_twice(intaking: Callable[..., Intaking]) -> None:
    house = intaking(room=1)
    house.take(("t/x", "0", 1), ("t/x", "1", 2), ("t/x", "2", 0))
    house.ingest.forget_waiting()
    assert house.ingest.waiting == 1


def test_a_heartbeat_does_not_wait(services: Services, intaking: Callable[..., Intaking]) -> None:
    house = intaking(room=1)
    house.take(("t/x", "0", 1), ("t/x", "1", 2))
    house.take(("/dhcp/heartbeat/0048/0001", "ONLINE", 3), ("/dhcp/heartbeat/nonsense", "ONLINE", 4))
    assert services.nodes.get("0048/0001") is not None
    assert house.acknowledged == [1, 3, 4]


def test_what_cannot_be_decoded_is_acknowledged_so_that_it_does_not_come_for_ever(
    services: Services, intaking: Callable[..., Intaking]
) -> None:
    house = intaking()
    house.take(("t/x", "warm", 7), ("elsewhere", "1", 8), ("t/x", "1", 9))
    assert house.acknowledged == [7, 8, 9]
    assert [each.reason for each in services.rejected.last()] == ["no_decoder", "no_number"]
    assert services.counters.by_label("messages") == {"no_decoder": 1, "no_number": 1, "accepted": 1}


@pytest.mark.parametrize("payload", ["21.5", " 21.5 ", "1e3", "-0", "1_0", "nan", "inf", "1e301", "21.5 °C", "on", "", "0" * 40])
def test_a_known_topic_is_read_as_an_unknown_one_is(services: Services, intaking: Callable[..., Intaking], payload: str) -> None:
    """Bare numbers of a known series take a short way past the decoder; it may not read anything otherwise."""
    house = intaking()
    house.take(("t/known", "7", 1))
    before = services.counters.by_label("messages")
    house.take(("t/new", payload, 2))
    first = services.counters.by_label("messages")
    house.take(("t/known", payload, 3))
    second = services.counters.by_label("messages")
    assert {key: first[key] - before.get(key, 0) for key in first} == {key: second[key] - first.get(key, 0) for key in second}
    new = house.store.cache.series.get("t.new")
    assert house.values("t.known")[1:] == (list(new.columns[0].values) if new is not None else [])


def test_a_value_that_a_datasource_asks_for_goes_there_from_the_next_message_on(intaking: Callable[..., Intaking]) -> None:
    house = intaking()
    house.take(("t/x", "1", 1), ("t/x", "2", 2))
    house.store.configure("asked", 10, [SourceConfig(("t/x", ""), "GAUGE", "x")])
    house.take(("t/x", "3", 3))
    assert house.values("t.x") == [1, 2]
    assert house.values("asked") == [3]
    house.store.forget("asked")
    house.take(("t/x", "4", 4))
    assert house.values("t.x") == [1, 2, 4]


def test_a_series_that_was_removed_begins_anew(intaking: Callable[..., Intaking]) -> None:
    house = intaking()
    house.take(("t/x", "1", 1), ("t/x", "2", 2))
    house.store.remove("t.x")
    house.take(("t/x", "3", 3))
    assert house.values("t.x") == [3]


def test_after_a_jump_back_of_the_clock_numbers_are_late(services: Services, intaking: Callable[..., Intaking]) -> None:
    house = intaking()
    house.take(("t/x", "1", 1), ("t/x", "2", 2))
    house.make_room()
    house.ingest._clock = lambda: time.time() - 3600
    house.take(("t/x", "3", 3))
    assert services.counters.get("samples_late") == 1
    assert services.counters.by_label("messages") == {"accepted": 2, "late": 1}
    assert house.acknowledged == [1, 2, 3]


def test_a_clock_set_back_within_the_second_makes_numbers_late(services: Services, intaking: Callable[..., Intaking]) -> None:
    """The file has that second: librrd would pass over what is said to be stored."""
    house = intaking()
    house.take(("t/x", "1", 1), ("t/x", "2", 2))
    house.make_room()
    written = house.store.cache.series["t.x"].written
    assert written is not None
    house.ingest._clock = lambda: written + 0.9
    house.take(("t/x", "3", 3))
    assert services.counters.by_label("messages") == {"accepted": 2, "late": 1}


@pytest.mark.parametrize("wrong_s", [-1_600_000_000.0, 3600.0])
def test_what_waits_while_the_clock_is_set_is_stored(
    services: Services, intaking: Callable[..., Intaking], wrong_s: float
) -> None:
    """A machine without a clock of its own begins in 1970; what came then is of no use at its time, and is not lost."""
    house = intaking(room=1)
    house.take(("t/a", "0", 1))
    house.ingest._clock = house.store.clock = lambda: time.time() + wrong_s
    house.take(("t/b", "1", 2), ("t/c", "2", 0))
    assert house.acknowledged == [1]
    house.ingest._clock = house.store.clock = time.time
    for _ in range(2):
        house.make_room()
        house.ingest.retry()
    house.make_room()
    assert house.acknowledged == [1, 2]
    assert services.counters.by_label("messages") == {"accepted": 3}
    assert services.counters.by_label("samples_dropped") == {}


def test_a_reader_that_comes_first_does_not_make_a_message_late(services: Services, intaking: Callable[..., Intaking]) -> None:
    """The message came while the cache was held, for a snapshot; a reader flushes in the next second, before it is taken."""
    house = intaking()
    now = [math.floor(time.time()) + 0.5]
    house.ingest._clock = house.store.clock = house.store.flusher.clock = lambda: now[0]
    house.store.flusher.taken_in_until = lambda: house.ingest.oldest_waiting
    house.take(("t/x", "1", 1))
    taking = threading.Thread(target=house.take, args=[("t/x", "2", 2)])
    with house.store.cache.lock:
        taking.start()
        wait_until(house.ingest._lock.locked, what="the message to come")
        now[0] += 1
        house.store.flush("t.x")
    taking.join()
    assert house.ingest.oldest_waiting == math.inf
    assert house.values() == [1, 2]
    assert services.counters.get("samples_late") == 0


def ingest_of(house: House) -> Ingest:
    thread = house.server.get_thread("datarrd")
    assert thread is not None
    assert isinstance(thread.bus, RrdBus)
    assert thread.bus.store is not None
    assert thread.bus.store.listening is not None
    return thread.bus.store.listening.ingest


def test_a_full_disk_stops_the_acknowledgements_and_loses_nothing(
    tmp_path: Path, mosquitto: Mosquitto, full_disk: Callable[[bool], None]
) -> None:
    with live_in(tmp_path, mosquitto) as house:
        house.publish(janitoo("0048/0001", "before", 1))
        full_disk(True)
        mosquitto.publish(janitoo("0048/0001", "x", 21.5), janitoo("0048/0001", "y", 22.5))
        wait_until(lambda: ingest_of(house).waiting >= 2, what="the messages to wait")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{house.url}/healthz", timeout=10)
        with caught.value as answer:
            assert "File too large" in answer.read().decode()
        full_disk(False)
        wait_until(lambda: "store" not in house.server.services.health.problems(), what="the server to go on by itself")
        wait_until(lambda: ingest_of(house).waiting == 0, what="everything to be stored")
        assert {"0048.0001.x.0", "0048.0001.y.0"} <= set(house.names())
        begin = time.time()
        wait_until(lambda: time.time() > int(begin) + 1, what="the second to be over")
        store = house.server.services.store
        assert store is not None
        assert store.flush("0048.0001.x.0") == 1


def test_a_decoder_with_a_bug_is_told_once_and_the_rest_goes_on(
    services: Services, intaking: Callable[..., Intaking], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def decode(self, topic: str, payload: bytes) -> list[Reading]:
            raise ZeroDivisionError("a bug")

    house = intaking(decoder=Broken())
    house.take(*[("t/x", "1", number) for number in range(1, 6)])
    assert house.acknowledged == [1, 2, 3, 4, 5]
    assert services.counters.get("messages", "decoder_failed") == 5
    assert caplog.text.count("Traceback") == 1


def test_a_bug_of_the_store_met_by_one_message_does_not_hold_up_the_others(
    services: Services, intaking: Callable[..., Intaking], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = intaking()
    take = Intake.add

    def fail(self: Intake, readings: list[Reading], arrival: float) -> str:
        if readings[0].value == 13:
            raise ZeroDivisionError("a bug")
        return take(self, readings, arrival)

    monkeypatch.setattr(Intake, "add", fail)
    house.take(*[(f"t/{number}", str(number), number) for number in range(10, 20)])
    assert house.acknowledged == list(range(10, 20))
    assert services.counters.by_label("messages") == {"accepted": 9, "store_failed": 1}
    assert services.counters.get("samples_accepted") == 9
    assert caplog.text.count("Traceback") == 1


def test_what_becomes_known_of_a_value_reaches_a_series_that_takes_the_short_way(intaking: Callable[..., Intaking]) -> None:
    house = intaking()
    for number in range(3):
        house.take(("t/x", str(number), 1 + number))
    house.readers.directory.describe(("t/x", ""), Meta("Power", "W", "homeassistant/x", uid="x"), "homeassistant")
    house.take(("t/x", "4", 4), ("t/x", "5", 5))
    info = house.store.get_series("t.x")
    assert (info.label, info.columns[0].units, info.node) == ("Power", "W", "homeassistant/x")
    house.readers.directory.withdraw(("t/x", ""), "homeassistant")
    house.readers.directory.describe(("t/y", ""), Meta("Power", "W", "homeassistant/x", uid="x"), "homeassistant")
    house.take(("t/y", "6", 6), ("t/x", "7", 7))
    assert house.values() == [0, 1, 2, 4, 5, 6], "the device has got another topic"
    assert [each.name for each in house.store.list_series()] == ["t.x", series_name(("t/x", ""), ("t.x",))]
