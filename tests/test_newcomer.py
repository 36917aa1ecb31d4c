"""A newcomer on a new machine: one command, a page, and graphs of that machine that move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import CommandLine, fetch, fetch_json, free_port, wait_until

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
def test_one_command_gives_a_moving_graph_of_this_machine(
    bare_checkout: Path, bare_environ: dict[str, str], tmp_path: Path
) -> None:
    """`script/server` with the ini as it is shipped, but other ports, and seconds instead of tens of them."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    commands = CommandLine(tmp_path, (str(bare_checkout / "script" / "server"),))
    commands.environ = {
        **bare_environ,
        "JNT_SYSTEM_HOME_DIR": str(tmp_path / "home"),
        "JNT_SYSTEM_BROKER_PORT": str(free_port()),
        "JNT_HTTP_HTTP_PORT_0": str(port),
        "JNT_HOSTSENSOR__HOST_POLL_DELAY": "1s",
        "JNT_SCHEMA__DEFAULT_STEP": "1",
        "JNT_SCHEMA__DEFAULT_RETENTION": "1s:1h, 1m:1d",
    }
    try:
        server = commands.start()

        def ask(path: str) -> Any:
            assert server.alive, server.stdout + server.stderr
            return fetch_json(address + path)

        def name_of_cpu() -> str | None:
            listed = ask("/api/v1/series?limit=1000")
            names = [series["name"] for series in listed["series"]] if listed else []
            return next((name for name in names if name.startswith("0120.0001.") and "cpu" in name), None)

        def known_rows(name: str) -> int:
            data = ask(f"/api/v1/series/{name}/data?start=-60s")
            return sum(1 for value in data["columns"][0]["values"] if value is not None) if data else 0

        name = wait_until(name_of_cpu, 30, "a series of the processor")
        wait_until(lambda: known_rows(name) >= 2, 30, "two rows")
        page = fetch(f"{address}/rrd/")
        assert page is not None
        assert name in page.decode()
        rows, graph = known_rows(name), fetch(f"{address}/rrd/graph/{name}.png?start=-60s")
        assert graph is not None
        assert graph.startswith(PNG)
        wait_until(lambda: known_rows(name) > rows, 30, "a new row")
        wait_until(lambda: fetch(f"{address}/rrd/graph/{name}.png?start=-60s") not in (None, graph), 30, "another graph")
        assert server.stop() == 0
    finally:
        commands.close()
