"""Connections to a broker that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients import Client, Listener

from janitoo_datalog_rrd.core.connection import BrokerSettings


@pytest.fixture
def made() -> Iterator[list[Client | Listener]]:
    """Clients to be stopped after the test."""
    clients: list[Client | Listener] = []
    yield clients
    for client in clients:
        client.stop()
        if isinstance(client, Client):
            client._client.loop_stop()


@pytest.fixture
def connect(made: list[Client | Listener]) -> Callable[..., Client]:
    """Make clients of nodes, with short pauses between two tries."""
    return _maker(Client, made)


@pytest.fixture
def listen(made: list[Client | Listener]) -> Callable[..., Listener]:
    """Make receivers, with short pauses between two tries."""
    return _maker(Listener, made)


@pytest.fixture(params=[Client, Listener], ids=["client", "receiver"])
def reach(request: pytest.FixtureRequest, made: list[Client | Listener]) -> Callable[..., Client | Listener]:
    """Make connections of either kind, with short pauses between two tries."""
    return _maker(request.param, made)


def _maker(kind: Any, made: list[Client | Listener]) -> Callable[..., Any]:
    def make(settings: BrokerSettings, *filters: str, begin: bool = True, **kwargs: Any) -> Client | Listener:
        client: Client | Listener = kind(settings, *filters, **kwargs)
        made.append(client)
        if begin:
            client.start()
        return client

    return make
