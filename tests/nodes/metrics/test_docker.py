"""Containers, of a stand-in for the Docker engine that listens on a Unix socket: machines that run tests have none.

Its answers have the form of the Docker Engine API, `ContainerList` and `ContainerStats`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.dockersocket import MAX_ANSWER, DockerError
from janitoo_datalog_rrd.nodes.metrics.docker import MAX_CONNECTIONS, DockerMetrics, make_docker

GIB = 1 << 30
Answer = Callable[[BaseHTTPRequestHandler], None]


class Engine(ThreadingMixIn, UnixStreamServer):
    """An engine whose containers are the test's: identity → name and statistics.

    Attributes:
        asked: paths, in the order they came.
        connections: how many there were.
        instead: what it does with a path instead of answering.
    """

    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, path: Path) -> None:
        self.containers: dict[str, tuple[str, Any]] = {}
        self.asked: list[str] = []
        self.connections = 0
        self.instead: dict[str, Answer] = {}
        super().__init__(str(path), Handler)

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        request, _ = super().get_request()
        return request, ("", 0)


class Handler(BaseHTTPRequestHandler):
    """Answers as the engine does, and keeps the connection open."""

    protocol_version = "HTTP/1.1"
    server: Engine

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path.split("?")[0]
        if path in self.server.instead:
            self.server.instead[path](self)
        elif path == "/containers/json":
            self.send(200, [{"Id": each, "Names": [f"/{name}"]} for each, (name, _) in self.server.containers.items()])
        elif (identity := path.split("/")[2]) in self.server.containers:
            self.send(200, self.server.containers[identity][1])
        else:
            self.send(404, {"message": "No such container"})

    def send(self, status: int, document: Any) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(name="path")
def path_fixture(tmp_path: Path) -> Path:
    return tmp_path / "docker.sock"


@pytest.fixture(name="engine")
def engine_fixture(path: Path) -> Iterator[Engine]:
    engine = Engine(path)
    thread = threading.Thread(target=engine.serve_forever, args=(0.02,))
    thread.start()
    yield engine
    engine.shutdown()
    thread.join()
    engine.server_close()


def make(path: Path, **more: Any) -> DockerMetrics:
    return make_docker(section("docker", socket=str(path)), **more)


def stats(cpu_s: float = 1.0, machine_s: float = 100.0, **memory: int) -> dict[str, Any]:
    """Statistics of a container on four processors, with cgroups 2 where `inactive_file` is given."""
    usage, limit = memory.pop("usage", GIB), memory.pop("limit", 4 * GIB)
    return {
        "cpu_stats": {"cpu_usage": {"total_usage": int(cpu_s * 1e9)}, "system_cpu_usage": int(machine_s * 1e9), "online_cpus": 4},
        "precpu_stats": {"cpu_usage": {"total_usage": 0}},
        "memory_stats": {"usage": usage, "limit": limit, "stats": memory},
        "pids_stats": {"current": 7},
    }


def test_containers_are_told_by_name_as_docker_stats_has_them(engine: Engine, path: Path) -> None:
    engine.containers = {"c1": ("web", stats(1.0, 100.0)), "c2": ("my.db", stats(50.0, 100.0))}
    metrics = make(path)
    assert [name for name in flat(metrics.read()) if name.endswith("cpu")] == []  # nothing to compare with yet
    engine.containers = {"c1": ("web", stats(3.0, 140.0)), "c2": ("my.db", stats(70.0, 140.0))}
    assert flat(metrics.read()) == {
        "running": 2,
        "container.web.cpu": 20.0,  # 2 s in 10 s of four processors
        "container.web.memory.used": GIB,
        "container.web.memory.limit": 4 * GIB,
        "container.web.memory.percent": 25.0,
        "container.web.processes": 7,
        "container.my_db.cpu": 200.0,
        "container.my_db.memory.used": GIB,
        "container.my_db.memory.limit": 4 * GIB,
        "container.my_db.memory.percent": 25.0,
        "container.my_db.processes": 7,
    }


def test_containers_are_asked_for_at_the_same_time_over_a_few_connections(engine: Engine, path: Path) -> None:
    """Some engines answer once a second only: here none answers before a whole round of questions has come."""
    engine.containers = {f"c{number}": (f"web{number}", stats()) for number in range(3 * MAX_CONNECTIONS)}
    together = threading.Barrier(MAX_CONNECTIONS)

    def wait_and_answer(handler: BaseHTTPRequestHandler) -> None:
        together.wait(timeout=10)
        handler.send(200, stats())  # type: ignore[attr-defined]

    for identity in engine.containers:
        engine.instead[f"/containers/{identity}/stats"] = wait_and_answer
    tree = make(path).read()["container"]
    assert isinstance(tree, dict)
    assert len(tree) == 3 * MAX_CONNECTIONS
    assert engine.connections == MAX_CONNECTIONS


def test_an_engine_that_takes_few_connections_is_asked_over_those(engine: Engine, path: Path) -> None:
    engine.containers = {f"c{number}": (f"web{number}", stats()) for number in range(2 * MAX_CONNECTIONS)}
    engine.socket.listen(0)
    tree = make(path).read()["container"]
    assert isinstance(tree, dict)
    assert len(tree) == 2 * MAX_CONNECTIONS


def test_the_engine_need_not_measure_twice_for_an_answer(engine: Engine, path: Path) -> None:
    engine.containers = {f"c{number}": (f"web{number}", stats()) for number in range(5)}
    make(path).read()
    assert engine.asked[0] == "/containers/json"
    assert sorted(engine.asked[1:]) == [f"/containers/c{number}/stats?stream=false&one-shot=true" for number in range(5)]


@pytest.mark.parametrize(
    ("memory", "used"),
    [
        ({"inactive_file": GIB // 4}, 3 * GIB // 4),  # cgroups 2
        ({"total_inactive_file": GIB // 2, "inactive_file": 5}, GIB // 2),  # cgroups 1
        ({"inactive_file": 2 * GIB}, GIB),
        ({}, GIB),
    ],
)
def test_the_cache_that_could_be_dropped_is_no_memory_in_use(engine: Engine, path: Path, memory: Any, used: int) -> None:
    engine.containers = {"c1": ("web", stats(**memory))}
    assert flat(make(path).read())["container.web.memory.used"] == used


def test_old_engines_that_list_their_processors_are_understood(engine: Engine, path: Path) -> None:
    metrics = make(path)
    for cpu_s, machine_s in ((1.0, 100.0), (2.0, 108.0)):
        document = stats(cpu_s, machine_s)
        del document["cpu_stats"]["online_cpus"]
        document["cpu_stats"]["cpu_usage"]["percpu_usage"] = [0, 0]
        engine.containers = {"c1": ("web", document)}
        numbers = flat(metrics.read())
    assert numbers["container.web.cpu"] == 25.0


def test_a_container_that_ends_is_unknown_once_and_then_no_more(engine: Engine, path: Path) -> None:
    engine.containers = {"c1": ("web", stats()), "c2": ("db", stats())}
    metrics = make(path)
    metrics.read()
    del engine.containers["c2"]
    numbers = flat(metrics.read())
    assert (numbers["running"], numbers["container.db.memory.used"]) == (1, None)
    assert not [name for name in flat(metrics.read()) if name.startswith("container.db")]


def test_one_that_ends_while_it_is_asked_does_not_spoil_the_others(engine: Engine, path: Path) -> None:
    engine.containers = {"c1": ("web", stats()), "c2": ("db", stats())}
    engine.instead["/containers/c1/stats"] = lambda handler: handler.send(404, {})  # type: ignore[attr-defined]
    tree = make(path).read()["container"]
    assert isinstance(tree, dict)
    assert set(tree) == {"db"}


def test_a_container_that_is_made_anew_under_its_name_makes_no_spike(engine: Engine, path: Path) -> None:
    engine.containers = {"c1": ("web", stats(900.0, 100.0))}
    metrics = make(path)
    metrics.read()
    engine.containers = {"c2": ("web", stats(1.0, 140.0))}
    assert flat(metrics.read()).get("container.web.cpu") is None
    engine.containers = {"c2": ("web", stats(0.5, 180.0))}  # begun anew
    assert flat(metrics.read()).get("container.web.cpu") is None


def test_only_so_many_are_told_apart(engine: Engine, path: Path) -> None:
    engine.containers = {f"c{number}": (f"web{number}", stats()) for number in range(9)}
    tree = make_docker(section("docker", socket=str(path), most=3)).read()
    assert tree["running"] == 9
    assert isinstance(tree["container"], dict)
    assert len(tree["container"]) == 3
    assert len(engine.asked) == 4


def test_without_a_socket_it_is_absent(path: Path) -> None:
    with pytest.raises(AbsentError, match=r"there is no Docker engine: no .*docker\.sock"):
        make(path)
    path.touch()
    with pytest.raises(AbsentError, match="is no socket"):
        make(path)


def test_an_engine_that_has_ended_is_absent(engine: Engine, path: Path) -> None:
    metrics = make(path)
    metrics.read()
    path.unlink()
    with pytest.raises(AbsentError, match="there is no Docker engine"):
        metrics.read()


def test_a_socket_that_nobody_listens_at_is_absent(path: Path) -> None:
    Engine(path).server_close()
    with pytest.raises(AbsentError, match="no engine listens"):
        make(path).read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("folder_mode", "mode"), [(0o755, 0o600), (0o700, 0o666)])
def test_without_the_right_to_open_it_the_component_is_absent_and_says_who_may(
    path: Path, monkeypatch: pytest.MonkeyPatch, folder_mode: int, mode: int
) -> None:
    monkeypatch.chdir(path.parent)  # whose own parents may not be entered by others
    path.chmod(mode)
    path.parent.chmod(folder_mode)
    os.seteuid(65534)
    try:
        with pytest.raises(AbsentError, match="has to be in the socket's group, docker"):
            make(Path(path.name)).read()
    finally:
        os.seteuid(0)


def hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer without end, a little at a time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while not threading.Event().wait(0.02):
            handler.wfile.write(b" ")
    except OSError:
        handler.close_connection = True


def answer(status: int, document: Any) -> Answer:
    return lambda handler: handler.send(status, document)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        (hang, "too long"),
        (drip, "too long"),
        (answer(500, {"message": "no"}), "answered 500"),
        (answer(200, b"x" * (MAX_ANSWER + 1)), "answered 200 with"),
        (answer(200, b"[" * 100_000), "is not JSON"),
        (answer(200, b"hello"), "is not JSON"),
        (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "BadStatusLine"),
    ],
)
def test_an_engine_that_does_not_answer_as_it_should_is_told(engine: Engine, path: Path, instead: Answer, why: str) -> None:
    engine.containers = {"c1": ("web", stats())}
    engine.instead["/containers/c1/stats"] = instead
    with pytest.raises(DockerError, match=why):
        make(path, timeout_s=0.3).read()


@pytest.mark.parametrize(
    "listed",
    [
        {},
        [7, None, {}, {"Id": 5}, {"Id": "../x", "Names": ["/a"]}, {"Id": "c1", "Names": [5]}],
        None,
        [{"Id": "", "Names": None}],
    ],
)
def test_a_list_of_another_form_gives_no_numbers(engine: Engine, path: Path, listed: Any) -> None:
    engine.containers = {"c1": ("web", [])}
    engine.instead["/containers/json"] = answer(200, listed)
    assert set(flat(make(path).read())) == {"running"}


@pytest.mark.parametrize(
    "document", [[], {"cpu_stats": [], "memory_stats": 5}, {"memory_stats": {"usage": "much"}}, {"cpu_stats": {}}]
)
def test_statistics_of_another_form_give_no_numbers(engine: Engine, path: Path, document: Any) -> None:
    engine.containers = {"c1": ("web", document)}
    assert flat(make(path).read()) == {"running": 1}
