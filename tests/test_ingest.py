"""A message is acknowledged once it is in the journal, and not before."""

from __future__ import annotations

import resource
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house import House, janitoo, live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.bus import RrdBus
from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.core.mqtt import Message
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.decoders.plain import make_decoder
from janitoo_datalog_rrd.ingest import Ingest, Route


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


class Journal:
    """Stands for a store that may be full; it keeps what it takes in the order of taking."""

    def __init__(self) -> None:
        self.full = False
        self.taken: list[tuple[float, float]] = []

    def accept(self, readings: object, arrival: float, dropped: dict[str, int]) -> int:
        if self.full:
            raise StoreError("full")
        assert isinstance(readings, list)
        self.taken += [(reading.value, arrival) for reading in readings if isinstance(reading, Reading)]
        return len(readings)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    ini = tmp_path / "x.conf"
    ini.write_text("")
    return Services.build(Options.load(ini, Plugins()))


def make_ingest(store: Journal, services: Services, acknowledged: list[int], waiting_max: int = 3) -> Ingest:
    route = Route(("t/#",), make_decoder(Section("decoder__t")), "plain")
    return Ingest(store.accept, [route], services, lambda message: acknowledged.append(message.mid), waiting_max)


def test_messages_wait_unacknowledged_while_the_store_is_full_and_go_in_order(services: Services) -> None:
    store, acknowledged = Journal(), list[int]()
    ingest = make_ingest(store, services, acknowledged)
    ingest.on_message(Message("t/x", b"0", qos=1, mid=1))
    store.full = True
    for number in range(1, 5):
        ingest.on_message(Message("t/x", str(number).encode(), qos=1, mid=number + 1))
    assert acknowledged == [1]
    assert "full" in services.health.problems()["store"]
    store.full = False
    ingest.on_message(Message("t/x", b"5", qos=1, mid=6))
    assert [value for value, _ in store.taken] == [0.0], "the last one may not overtake those that wait"
    ingest.retry()
    assert [value for value, _ in store.taken] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert acknowledged == [1, 2, 3, 4, 5, 6]
    assert services.health.problems() == {}
    times = [arrival for _, arrival in store.taken]
    assert times == sorted(times)


def test_messages_of_qos_0_are_bounded_and_counted(services: Services) -> None:
    store = Journal()
    store.full = True
    ingest = make_ingest(store, services, [])
    for _ in range(10):
        ingest.on_message(Message("t/x", b"1"))
    assert ingest.waiting == 3
    assert services.counters.by_label("samples_dropped") == {"store_failing": 7}


def test_what_the_broker_sends_again_does_not_wait_twice(services: Services) -> None:
    store = Journal()
    store.full = True
    ingest = make_ingest(store, services, [])
    ingest.on_message(Message("t/x", b"1", qos=1, mid=1))
    ingest.on_message(Message("t/x", b"2", qos=0))
    ingest.forget_waiting()
    assert ingest.waiting == 1


def test_what_cannot_be_decoded_is_acknowledged_so_that_it_does_not_come_for_ever(services: Services) -> None:
    acknowledged: list[int] = []
    ingest = make_ingest(Journal(), services, acknowledged)
    ingest.on_message(Message("t/x", b"warm", qos=1, mid=7))
    ingest.on_message(Message("elsewhere", b"1", qos=1, mid=8))
    assert acknowledged == [7, 8]
    assert [each.reason for each in services.rejected.last()] == ["no_decoder", "no_number"]


def ingest_of(house: House) -> Ingest:
    thread = house.server.get_thread("datarrd")
    assert thread is not None
    assert isinstance(thread.bus, RrdBus)
    assert thread.bus.store is not None
    ingest = thread.bus.store._ingest
    assert ingest is not None
    return ingest


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


def test_a_decoder_with_a_bug_is_told_once_and_the_rest_goes_on(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def decode(self, topic: str, payload: bytes) -> list[Reading]:
            raise ZeroDivisionError("a bug")

    acknowledged: list[int] = []
    ingest = Ingest(Journal().accept, [Route(("#",), Broken(), "broken")], services, lambda m: acknowledged.append(m.mid), 10)
    for number in range(5):
        ingest.on_message(Message("t/x", b"1", qos=1, mid=number))
    assert acknowledged == [0, 1, 2, 3, 4]
    assert services.counters.get("messages", "decoder_failed") == 5
    assert caplog.text.count("Traceback") == 1
