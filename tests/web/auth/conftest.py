"""Fixtures of log-in: a server that asks who comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from web.auth.visitors import Gate
from web.sites import RrdStore, make_services

from janitoo_datalog_rrd.web.server import WebServer


@pytest.fixture
def gate(tmp_path: Path, serve: Callable[..., WebServer]) -> Gate:
    """A running server that asks for a log-in, with a user and a token of each role."""
    store = RrdStore(tmp_path)
    made = Gate(make_services(tmp_path, store, http_auth="required"), store, tmp_path)
    made.server = serve(made.services)
    return made
