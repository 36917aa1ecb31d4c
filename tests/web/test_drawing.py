"""Drawing processes: what happens to pictures and processes when one of them, or the server, comes to an end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import rrdtool
from support import wait_until
from web.sites import Client, RrdStore, Site, column, make_services

from janitoo_datalog_rrd.core.contracts import SeriesInfo
from janitoo_datalog_rrd.core.errors import BadRequestError, StoreError
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.drawing.artists import MOST, Artists
from janitoo_datalog_rrd.web.drawing.graph import GraphRenderer
from janitoo_datalog_rrd.web.drawing.graphquery import GraphQuery
from janitoo_datalog_rrd.web.drawing.painter import paint
from janitoo_datalog_rrd.web.drawing.shelf import Shelf
from janitoo_datalog_rrd.web.drawing.timespan import Span
from janitoo_datalog_rrd.web.room import room
from janitoo_datalog_rrd.web.server import WebServer

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def make_artists() -> Iterator[Callable[..., Artists]]:
    """Make pools of drawing processes that are closed at the end of the test."""
    made: list[Artists] = []

    def make(**arguments: float) -> Artists:
        made.append(Artists(**arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def info(store: RrdStore) -> SeriesInfo:
    return store.add("s", column("a", "Läbel", "°C"), column("b", '"two"'), label="A series")


@pytest.fixture
def span() -> Span:
    now = int(time.time())
    return Span(now - 3600, now)


def is_gone(pid: int) -> bool:
    """True when there is no such process, not even a zombie."""
    return not psutil.pid_exists(pid)


def is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


def stop_the_only(artists: Artists) -> int:
    """Have the one process that there is hang."""
    (pid,) = artists.pids
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(pid))
    return pid


def begin(pool: ThreadPoolExecutor, artists: Artists, info: SeriesInfo, span: Span) -> Future[bytes]:
    """Ask for a picture of the one process that there is, and return when it has been asked."""
    asked = pool.submit(artists.paint, info, GraphQuery(), span)
    wait_until(lambda: not artists._idle)
    return asked


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_that_of_librrd_in_this_process(
    make_artists: Callable[..., Artists], info: SeriesInfo, span: Span, theme: str
) -> None:
    query = GraphQuery(theme=theme, width=400)
    assert make_artists().paint(info, query, span) == paint(info, query, span)


def test_what_cannot_be_drawn_is_told_as_in_this_process(
    make_artists: Callable[..., Artists], store: RrdStore, span: Span
) -> None:
    artists = make_artists()
    coarse = store.add("coarse", file=False)
    rrdtool.create(str(coarse.path), "--step", "10", "DS:value:GAUGE:30:U:U", "RRA:AVERAGE:0.5:6:100")
    with pytest.raises(BadRequestError, match="cf is MIN") as refused:
        artists.paint(coarse, GraphQuery(cf="MIN"), span)
    assert refused.value.parameter == "cf"
    broken = store.add("broken", file=False)
    broken.path.write_bytes(b"no rrd at all")
    with pytest.raises(StoreError, match=r"broken\.rrd is damaged"):
        artists.paint(broken, GraphQuery(), span)
    assert artists.paint(store.add("fine"), GraphQuery(), span)[:8] == PNG
    assert len(artists.pids) == 1


def test_a_process_killed_between_two_pictures_costs_none(site: Site) -> None:
    site.store.add("s")
    before = set(psutil.Process().children())
    assert site.client.get("/rrd/graph/s.png").status == 200
    (child,) = [each for each in psutil.Process().children() if each not in before]
    child.kill()
    assert site.client.get("/rrd/graph/s.png?width=601").body[:8] == PNG


def test_a_process_killed_in_the_middle_of_a_picture_costs_none(
    make_artists: Callable[..., Artists], info: SeriesInfo, span: Span
) -> None:
    artists = make_artists()
    picture = artists.paint(info, GraphQuery(), span)
    pid = stop_the_only(artists)
    with ThreadPoolExecutor(1) as pool:
        asked = begin(pool, artists, info, span)
        os.kill(pid, signal.SIGKILL)
        assert asked.result(20) == picture
    assert is_gone(pid)


def test_a_process_that_hangs_is_ended_and_told(make_artists: Callable[..., Artists], info: SeriesInfo, span: Span) -> None:
    artists = make_artists(limit_s=30)
    artists.paint(info, GraphQuery(), span)
    pid = stop_the_only(artists)
    artists._limit_s = 0.2
    with pytest.raises(StoreError, match=r"its process was lost, it took longer than 0\.2 s"):
        artists.paint(info, GraphQuery(), span)
    assert is_gone(pid)
    artists._limit_s = 30
    assert artists.paint(info, GraphQuery(), span)[:8] == PNG


def test_a_process_that_crashes_on_a_file_is_told_and_the_next_picture_is_drawn(
    make_artists: Callable[..., Artists], info: SeriesInfo, span: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    artists = make_artists()
    with monkeypatch.context() as patch:
        # A child without its libraries stands for one that librrd takes down each time it is asked.
        patch.setenv("PYTHONHOME", "/nowhere")
        with pytest.raises(StoreError, match="its process was lost, it ended with status"):
            artists.paint(info, GraphQuery(), span)
    assert artists.pids == []
    assert artists.paint(info, GraphQuery(), span)[:8] == PNG


def test_a_graph_that_needs_gigabytes_is_refused(site: Site) -> None:
    info = site.store.add("s", file=False)
    begun = int(time.time()) - 100
    rrdtool.create(str(info.path), "--start", str(begun), "--step", "1", "DS:value:GAUGE:3:U:U", "RRA:AVERAGE:0.5:1:100")
    reply = site.client.get("/rrd/graph/s.png?start=-10y")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert "cannot be drawn" in reply.text
    assert site.client.get("/rrd/graph/s.png?start=-90s").status == 200


def test_no_process_outlives_a_server_that_is_killed(tmp_path: Path, info: SeriesInfo) -> None:
    script = f"""
import sys, time, pathlib
from janitoo_datalog_rrd.core.contracts import SeriesInfo
from janitoo_datalog_rrd.web.drawing.artists import Artists
from janitoo_datalog_rrd.web.drawing.graphquery import GraphQuery
from janitoo_datalog_rrd.web.drawing.timespan import Span
artists = Artists()
info = SeriesInfo("n", "n", "", 10, False, (), pathlib.Path({str(tmp_path)!r}) / "none.rrd", 0)
artists.paint(info, GraphQuery(), Span(1700000000, 1700003600))
print(*artists.pids, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pids = [int(word) for word in server.stdout.readline().split()]
        assert len(pids) == 1
        server.kill()
    wait_until(lambda: all(is_gone(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE for pid in pids))


def test_an_idle_process_ends_and_leaves_nothing(make_artists: Callable[..., Artists], info: SeriesInfo, span: Span) -> None:
    paint(info, GraphQuery(), span)  # what this process opens once stays open
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208
    artists = make_artists(idle_s=0.05, look_s=0.02)
    for _ in range(3):
        artists.paint(info, GraphQuery(), span)
        pids = artists.pids
        wait_until(lambda: not artists.pids)
        assert all(is_gone(pid) for pid in pids)
    wait_until(lambda: threading.active_count() == threads)
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


def test_a_process_killed_while_idle_is_no_zombie_for_long(
    make_artists: Callable[..., Artists], info: SeriesInfo, span: Span
) -> None:
    artists = make_artists(look_s=0.02)
    artists.paint(info, GraphQuery(), span)
    (pid,) = artists.pids
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
    assert artists.pids == []


def test_a_process_is_replaced_after_many_pictures(make_artists: Callable[..., Artists], info: SeriesInfo, span: Span) -> None:
    artists = make_artists(worn_after=2)
    seen = []
    for _ in range(4):
        seen += artists.pids
        assert artists.paint(info, GraphQuery(), span)[:8] == PNG
    assert len(seen) == len(set(seen)) == 2
    assert artists.pids == []
    assert all(is_gone(pid) for pid in seen)


def test_processes_give_way_to_the_server_and_ctrl_c_is_not_for_them(
    make_artists: Callable[..., Artists], info: SeriesInfo, span: Span, capfd: pytest.CaptureFixture[str]
) -> None:
    artists = make_artists()
    artists.paint(info, GraphQuery(), span)
    (pid,) = artists.pids
    assert psutil.Process(pid).nice() > psutil.Process().nice()
    os.kill(pid, signal.SIGINT)
    assert artists.paint(info, GraphQuery(), span)[:8] == PNG
    assert artists.pids == [pid]
    assert capfd.readouterr().err == ""


def test_many_askers_share_a_few_processes(make_artists: Callable[..., Artists], info: SeriesInfo, span: Span) -> None:
    artists = make_artists()
    with ThreadPoolExecutor(12) as pool:
        pictures = list(pool.map(lambda width: artists.paint(info, GraphQuery(width=width), span), range(300, 340)))
    assert {picture[:8] for picture in pictures} == {PNG}
    assert 1 <= len(artists.pids) <= MOST


def test_a_server_that_stops_ends_its_processes_and_draws_again_when_it_is_started(tmp_path: Path, store: RrdStore) -> None:
    store.add("s")
    app = create_app(make_services(tmp_path, store))
    server = WebServer(app, "127.0.0.1", 0)
    for width in (300, 301):
        server.start()
        assert Client(server.port).get(f"/rrd/graph/s.png?width={width}").status == 200
        pids = room(app).artists.pids
        server.stop()
        assert len(pids) == 1
        assert all(is_gone(pid) for pid in pids)


def test_a_picture_under_way_does_not_hold_up_the_end(make_artists: Callable[..., Artists], info: SeriesInfo, span: Span) -> None:
    artists = make_artists()
    artists.paint(info, GraphQuery(), span)
    pid = stop_the_only(artists)
    with ThreadPoolExecutor(1) as pool:
        asked = begin(pool, artists, info, span)
        artists.close()
        with pytest.raises(StoreError, match="the server is stopping"):
            asked.result(20)
    assert is_gone(pid)
    with pytest.raises(StoreError, match="the server is stopping"):
        artists.paint(info, GraphQuery(), span)


def test_the_same_graph_asked_for_by_many_at_once_is_drawn_once(info: SeriesInfo) -> None:
    many, inside, release = 6, threading.Event(), threading.Event()

    def slow(*arguments: object) -> bytes:
        inside.set()
        release.wait(20)
        return b"picture"

    renderer = GraphRenderer(time.time, slow)
    query = GraphQuery(start="1700000000", end="1700086400")
    with ThreadPoolExecutor(many) as pool:
        asked = [pool.submit(renderer.picture, info, query) for _ in range(many)]
        assert inside.wait(20)
        release.set()
        assert {each.result(20).content for each in asked} == {b"picture"}
    assert renderer.drawn == 1


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    shelf, outcomes = Shelf(), [StoreError("no"), None]

    def draw() -> bytes:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return b"yes"

    with pytest.raises(StoreError, match="no"):
        shelf.picture("one", draw)
    assert [shelf.picture("one", draw) for _ in range(2)] == [b"yes", b"yes"]


def test_pictures_are_kept_as_long_as_there_is_room() -> None:
    shelf, drawn = Shelf(most_bytes=1000), []

    def ask(etag: str, size: int = 200) -> None:
        shelf.picture(etag, lambda: drawn.append(etag) or bytes(size))

    for number in range(20):
        ask("liked")
        ask(str(number))
        assert shelf.bytes_kept <= 1000
    assert drawn.count("liked") == 1
    ask("18")
    ask("1")
    ask("large", 600)
    ask("large", 600)
    assert [drawn.count(each) for each in ("18", "1", "large")] == [1, 2, 2]
    assert shelf.bytes_kept <= 1000
