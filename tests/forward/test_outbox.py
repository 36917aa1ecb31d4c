"""A database that is away for longer than there is room: the oldest samples go and are counted, the disk stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from house import House, live_in
from support import Mosquitto, fetch, fetch_json, wait_until
from support.standins import InfluxDB2, read_line

from janitoo_datalog_rrd.store.store import Store

MIB = 1 << 20
NOW = 1763800000
BATCH = 2000
SERIES, LINES, PORTIONS = 50, 1000, 2
PORTION = 50 * LINES
"""Samples that make somewhat more than 1 MiB of the journal."""


def messages_of(portion: int) -> list[tuple[str, str | bytes]]:
    """The messages of a portion, many lines in each; the value of a sample is its number, in all portions."""
    found: list[tuple[str, str | bytes]] = []
    for first in range(portion * PORTION, (portion + 1) * PORTION, LINES):
        lines = [f"a,n=s{number % SERIES} v={number} {NOW + number // SERIES}000000000" for number in range(first, first + LINES)]
        found.append(("telegraf/house/x", "\n".join(lines)))
    return found


def numbers_of(database: InfluxDB2) -> list[int]:
    """The numbers that came in by forwarding, in their order."""
    return [int(read_line(line)[2]) for body in database.bodies for line in body.decode().splitlines()]


def waiting_state(house: House) -> dict[str, float]:
    (found,) = fetch_json(f"{house.url}/api/v1/status")["forwards"]
    return dict(found)


def kept_bytes(house: House) -> list[int]:
    """Bytes of each file of the journal that is there for the database alone."""
    return [path.stat().st_size for path in house.home.rglob("kept-*")]


@pytest.fixture
def database() -> Iterator[InfluxDB2]:
    made = InfluxDB2()
    yield made
    made.stop()


def test_more_than_there_is_room_for(mosquitto: Mosquitto, tmp_path: Path, database: InfluxDB2) -> None:
    more = f"""
        [forward__away]
        {database.ini}
        describe =
        series = telegraf.*
        interval = 0.05
        batch_size = {BATCH}
        outbox_bytes = 1MiB
        """.replace("  ", "")
    with live_in(tmp_path, mosquitto, more=more, datarrd="cache_pickle_ttl = 1d") as house:
        store = house.server.services.store
        assert isinstance(store, Store)
        dropped = 0
        for portion in range(PORTIONS):
            house.publish(*messages_of(portion))
            store.dump()
            sizes = kept_bytes(house)
            # what waits, and what of the oldest file was given up already
            assert 0 < sum(sizes) <= MIB + max(sizes), sizes
            state = waiting_state(house)
            assert state["behind_bytes"] <= MIB
            assert state["dropped"] > dropped, "it is not counted while the database is away"
            dropped = int(state["dropped"])
        metrics = fetch(f"{house.url}/metrics").decode()
        assert f'jnt_forward_samples_total{{target="away",result="dropped"}} {dropped}\n' in metrics
        assert "samples were given up" in house.server.services.health.notes()["tail forward.away"]
        assert "forward away" in house.server.services.health.problems()

        database.start()
        wait_until(lambda: waiting_state(house)["behind_bytes"] == 0, 60, "everything to be confirmed")
        total = PORTIONS * PORTION
        state = waiting_state(house)
        assert (state["dropped"], state["sent"], state["trouble"]) == (dropped, total - dropped, "")
        on_its_way = len(database.bodies[0].splitlines())  # when it was given up
        assert numbers_of(database) == [*range(on_its_way), *range(dropped + on_its_way, total)], "it is not in order"
        assert total - dropped - on_its_way > PORTION // 2, "too much was given up"
        store.dump()
        assert kept_bytes(house) == []
