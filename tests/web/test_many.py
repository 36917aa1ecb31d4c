"""What pages and the API do where there are many series: they describe those that they show, and no others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from web.sites import Client, make_services

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schema, Schemas
from janitoo_datalog_rrd.store.series import Series
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.web.server import WebServer

MACHINES, EACH = 30, 20
SCHEMA = Schema("default", re.compile(".*"), 10, ((10, 60),), 3600.0, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:  # type: ignore[override]
    """A store with a small fleet."""
    settings = StoreSettings(tmp_path / "rrds", tmp_path / "data", Schemas([SCHEMA]), journal_sync="never")
    store, now = Store(settings, Counters(), Health()), time.time()
    store.open()
    for machine in range(MACHINES):
        topic, meta = f"devices/web{machine:02d}/monitoring", Meta("", "%", f"2001/{machine + 1:04d}")
        store.accept([Reading((topic, f"metrics.cpu.core.{at}"), float(at), now, meta) for at in range(EACH)])
    yield store
    store.close(flush=False)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 8 * MACHINES),
        ("/?q=web07", 8),
        ("/rrd/?q=web07", EACH),
        ("/nodes/2001/0008", EACH),
        ("/api/v1/nodes", 0),
        ("/api/v1/nodes/2001/0008", EACH),
        ("/api/v1/nodes/device?address=2001/0008", EACH),
        ("/api/v1/series?limit=5", 5),
        ("/api/v1/devices", 0),
        ("/rrd/rrds/index.txt", 0),
        ("/metrics/find?query=devices.*", 0),
    ],
)
def test_only_what_is_shown_is_described(
    tmp_path: Path, store: Store, serve: Callable[..., WebServer], monkeypatch: pytest.MonkeyPatch, path: str, most: int
) -> None:
    services = make_services(tmp_path, None)
    services.store = store
    client, described, describe = Client(serve(services).port), [], Series.info

    def info(series: Series) -> object:
        described.append(series.name)
        return describe(series)

    monkeypatch.setattr(Series, "info", info)
    assert client.get(path).status == 200
    assert len(described) == most < MACHINES * EACH
