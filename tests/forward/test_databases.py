"""Real databases: every sample of the house is in them, once, whatever is killed in between."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forward.forwarding import Forwarding
from forward.waiting import Number, Of, Waiting
from house import INI, SECONDS, House, live_in
from support import CommandLine, Mosquitto, fetch, fetch_json, free_port, wait_until
from support.databases import InfluxDB1, Stored, VictoriaMetrics

from janitoo_datalog_rrd.core.facts import ForwardState
from janitoo_datalog_rrd.core.httpclient import HttpClient

NOW = 1763800000

INFLUXDB = """
[forward__influx]
kind = influxdb1
url = {url}
database = house
interval = 0.1
timeout = 5
series = telegraf.*
"""
VICTORIA = """
[forward__victoria]
kind = victoriametrics
url = {url}
interval = 0.1
timeout = 5
series = telegraf.*
"""


def messages_of(first: int, last: int, sensors: int = 5) -> tuple[list[tuple[str, str | bytes]], Stored]:
    """A number a second for each of some sensors: the messages, and what a database has to have of them."""
    sent: Stored = {}
    messages: list[tuple[str, str | bytes]] = []
    for second in range(first, last):
        for sensor in range(sensors):
            moment, value = NOW + second + sensor / 1000, second + sensor / 10
            messages.append((f"telegraf/{sensor}/x", f"room,sensor=s{sensor} t={value} {round(moment * 1000)}000000"))
            sent[f"telegraf.{sensor}.x.room.s{sensor}.t", round(moment * 1e6)] = value
    return messages, sent


def send(house: House, first: int, last: int) -> Stored:
    """Publish such messages; what a database has to have of them."""
    messages, sent = messages_of(first, last)
    house.publish(*messages)
    return sent


def wait_stored(stored: Callable[[], Stored], sent: Stored) -> None:
    """Wait until a database has what was sent, and nothing else."""

    found: Stored = {}

    def same() -> bool:
        found.clear()
        found.update(stored())
        return found == sent

    try:
        wait_until(same, 60, "everything to be stored")
    except AssertionError:
        missing, odd = sent.keys() - found.keys(), found.keys() - sent.keys()
        print(f"{len(missing)} missing: {sorted(missing)[:3]}, {len(odd)} too many: {sorted(odd)[:3]}")  # noqa: T201
        raise


def behind(house: House) -> int:
    assert house.server.services.forwards is not None
    return sum(each.behind_bytes for each in house.server.services.forwards())


def victoria(house: House) -> ForwardState:
    assert house.server.services.forwards is not None
    (found,) = [each for each in house.server.services.forwards() if each.name == "victoria"]
    return found


def names_of(house: House) -> list[str]:
    assert house.server.services.forwards is not None
    return [each.name for each in house.server.services.forwards()]


def test_influxdb_has_every_sample_although_it_was_killed_in_between(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with InfluxDB1(tmp_path / "influxdb") as database:
        database.create("house")
        with live_in(tmp_path, mosquitto, more=INFLUXDB.format(url=database.url)) as house:
            sent = send(house, 0, 40)
            wait_until(database.stored, what="the first samples")
            sent |= send(house, 40, 60)
            database.kill()
            sent |= send(house, 60, 80)
            wait_until(lambda: "forward influx" in house.server.services.health.problems(), what="the trouble to be told")
            database.start()
            sent |= send(house, 80, 120)
            wait_stored(database.stored, sent)
            wait_until(lambda: "forward influx" not in house.server.services.health.problems(), what="all to be well again")
            wait_until(lambda: behind(house) == 0, what="everything to be confirmed")


def test_victoriametrics_has_every_sample_although_it_went_away_in_between(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with (
        VictoriaMetrics(tmp_path / "victoria") as database,
        live_in(tmp_path, mosquitto, more=VICTORIA.format(url=database.url)) as house,
    ):
        sent = send(house, 0, 40)
        wait_until(database.stored, what="the first samples")
        sent |= send(house, 40, 60)
        database.stop()  # when it is killed, it loses seconds that it has acknowledged: it writes them to disk later
        sent |= send(house, 60, 80)
        wait_until(lambda: "forward victoria" in house.server.services.health.problems(), what="the trouble to be told")
        database.start()
        sent |= send(house, 80, 120)
        wait_stored(database.stored, sent)


@pytest.mark.slow
def test_a_killed_server_goes_on_where_it_was(mosquitto: Mosquitto, tmp_path: Path, command_line: CommandLine) -> None:
    with InfluxDB1(tmp_path / "influxdb") as database:
        database.create("house")
        ini = tmp_path / "house.conf"
        more = INFLUXDB.format(url=database.url)
        ini.write_text(
            INI.format(home=tmp_path / "home", broker=mosquitto, system="", datarrd="", http="", more=more, schema=SECONDS)
        )
        sent: Stored = {}
        for life in range(4):
            server = command_line.start("-c", str(ini), "front")
            server.wait_for_text("-store: connected to")
            for part in range(5):
                messages, stored = messages_of(life * 100 + part * 20, life * 100 + part * 20 + 20)
                mosquitto.publish(*messages)
                sent |= stored
            if life < 3:
                server.kill()
        wait_stored(database.stored, sent)


def test_what_is_compressed_arrives_too(tmp_path: Path, forward: Callable[..., Forwarding]) -> None:
    samples = [Number(Of(f"telegraf.{index % 9}"), NOW + index, index / 7) for index in range(3000)]
    sent = {(each.origin.series, round(each.time * 1e6)): each.value for each in samples}
    with InfluxDB1(tmp_path / "influxdb") as influxdb, VictoriaMetrics(tmp_path / "victoria") as victoria:
        influxdb.create("house")
        for lines in (INFLUXDB.format(url=influxdb.url), VICTORIA.format(url=victoria.url)):
            options = "\n".join(
                line for line in lines.splitlines() if line[:1] not in ("[", "") and not line.startswith("interval")
            )
            forward(options, Waiting(samples), compressed=True)
        wait_stored(influxdb.stored, sent)
        wait_until(lambda: len(victoria.stored()) == len(sent), what="everything to be stored")
        # it keeps fifteen digits or so of a number
        assert victoria.stored() == {key: pytest.approx(value, rel=1e-12) for key, value in sent.items()}


def test_influxdb_says_what_it_does_not_want_and_the_rest_is_there(
    tmp_path: Path, forward: Callable[..., Forwarding], caplog: pytest.LogCaptureFixture
) -> None:
    old, new = Number(Of("telegraf.a"), NOW - 86400 * 365, 1.0), Number(Of("telegraf.a"), time.time(), 2.0)
    with InfluxDB1(tmp_path / "influxdb") as database:
        database.create("house", "WITH DURATION 1d")
        options = f"kind = influxdb1\nurl = {database.url}\ndatabase = house"
        forwarding = forward(options, Waiting([old, new, old]))
        wait_until(lambda: forwarding.count("refused") == 2, what="the old ones to be refused")
        assert database.stored() == {("telegraf.a", round(new.time * 1e6)): 2.0}
        assert forwarding.count("sent") == 1
        assert "points beyond retention policy" in caplog.text
        lines = b"other value=1i"
        HttpClient().send("POST", f"{database.url}/write?db=house", lines, {})
        conflict = forward(f"{options}\nmeasurement = other", Waiting([new]))
        wait_until(lambda: conflict.count("refused") == 1, what="the conflict to be told")
        assert "field type conflict" in caplog.text


def test_a_database_that_is_made_later_gets_everything(tmp_path: Path, forward: Callable[..., Forwarding]) -> None:
    with InfluxDB1(tmp_path / "influxdb") as database:
        forwarding = forward(f"kind = influxdb1\nurl = {database.url}\ndatabase = house", Waiting([Number(Of("a"), NOW, 1.0)]))
        told = wait_until(lambda: forwarding.trouble, what="the trouble to be told")
        assert 'database not found: "house"); create the database there' in told
        database.create("house")
        wait_stored(database.stored, {("a", NOW * 10**6): 1.0})


def test_one_that_is_dead_holds_up_nobody(mosquitto: Mosquitto, tmp_path: Path) -> None:
    dead = INFLUXDB.format(url=f"http://127.0.0.1:{free_port()}").replace("influx]", "dead]")
    with VictoriaMetrics(tmp_path / "victoria") as database, socket.create_server(("127.0.0.1", 0)) as hole:
        silent = (
            INFLUXDB.format(url=f"http://127.0.0.1:{hole.getsockname()[1]}")
            .replace("influx]", "silent]")
            .replace("timeout = 5", "timeout = 0.5")
        )
        more = dead + VICTORIA.format(url=database.url) + silent
        with live_in(tmp_path, mosquitto, more=more) as house:
            sent = send(house, 0, 60)
            wait_stored(database.stored, sent)
            assert set(house.names()) >= {series for series, _ in sent}
            health = house.server.services.health
            wait_until(lambda: {"forward dead", "forward silent"} <= health.problems().keys(), what="the troubles to be told")
            assert "forward victoria" not in health.problems()
            wait_until(lambda: victoria(house).sent == len(sent), what="everything to be counted")
            wait_until(lambda: victoria(house).behind_bytes == 0, what="everything to be confirmed")
            metrics = fetch(f"{house.url}/metrics").decode()
            assert f'jnt_forward_samples_total{{target="victoria",result="sent"}} {len(sent)}\n' in metrics
            assert 'jnt_forward_up{target="dead"} 0\n' in metrics
            assert 'jnt_forward_up{target="victoria"} 1\n' in metrics
            assert 'jnt_forward_behind_bytes{target="victoria"} ' in metrics
            (row,) = [each for each in fetch_json(f"{house.url}/api/v1/status")["forwards"] if each["name"] == "dead"]
            assert row["behind_bytes"] > 0
            assert "cannot be reached" in row["trouble"]
            page = fetch(f"{house.url}/status").decode()
            assert "waits" in page
            assert "sends" in page


def test_a_reload_takes_over_another_database_and_lets_go_what_a_removed_one_left(mosquitto: Mosquitto, tmp_path: Path) -> None:
    dead = INFLUXDB.format(url=f"http://127.0.0.1:{free_port()}").replace("influx]", "dead]")
    with VictoriaMetrics(tmp_path / "victoria") as database, live_in(tmp_path, mosquitto, more=dead) as house:
        ini = house.server.options.path
        sent = send(house, 0, 20)
        wait_until(lambda: behind(house), what="samples to wait")
        # the database is another one now: what waits for the section goes there
        changed = VICTORIA.format(url=database.url).replace("victoria]", "dead]")
        ini.write_text(ini.read_text().replace(dead, changed))
        house.server.reload()
        sent |= send(house, 20, 40)
        wait_stored(database.stored, sent)
        ini.write_text(ini.read_text().replace(changed, dead.replace("dead]", "dead2]")))
        house.server.reload()
        wait_until(lambda: names_of(house) == ["dead2"], what="the other one to be gone")
        house.wait_connected()
        send(house, 40, 60)
        wait_until(lambda: behind(house), what="samples to wait")
        wait_until(
            lambda: [path.stem for path in house.home.rglob("forward.*")] == ["forward.dead2"], what="its place to be kept"
        )
        ini.write_text(ini.read_text().replace(dead.replace("dead]", "dead2]"), ""))
        house.server.reload()
        wait_until(lambda: names_of(house) == [], what="nothing to be forwarded")
        house.wait_connected()
        problems = house.server.services.health.problems
        wait_until(lambda: not [part for part in problems() if part.startswith("forward")], what="its problem to be gone")
        wait_until(lambda: not list(house.home.rglob("forward.*")), what="what was kept to be let go")
        assert b"jnt_forward" not in fetch(f"{house.url}/metrics")


def test_one_that_cannot_start_is_told_and_the_others_go_on(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with VictoriaMetrics(tmp_path / "victoria") as database:
        more = VICTORIA.format(url=database.url)
        broken = more.replace("victoria]", "broken]") + f"ca = {tmp_path}/nowhere.pem\n"
        with live_in(tmp_path, mosquitto, more=broken + more) as house:
            sent = send(house, 0, 5)
            wait_stored(database.stored, sent)
            told = house.server.services.health.problems()["forward broken"]
            assert "it cannot start: the certificates in" in told
            ini = house.server.options.path
            ini.write_text(ini.read_text().replace(f"ca = {tmp_path}/nowhere.pem\n", "tags = second=yes\n"))
            house.server.reload()
            wait_until(lambda: names_of(house) == ["broken", "victoria"], what="it to start")
            wait_until(lambda: database.lines('janitoo_value{second="yes"}'), what="what has waited for it")


# -- what the page says ----------------------------------------------------------------------------------


def questions(language: str) -> list[str]:
    """The questions of docs/forward.md in a language."""
    page = (Path(__file__).parents[2] / "docs" / "forward.md").read_text()
    return [text.strip() for text in re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]


@pytest.fixture
def kitchen() -> list[Number]:
    """Two hours of the series that the questions are about, until now."""
    now = time.time() // 60 * 60
    of = (
        Of("sensors.kitchen.temperature", units="°C"),
        Of("0120.0001.cpu_percent.0", node="0120/0001"),
        Of("meter.energy.total"),
    )
    return [Number(each, now - 60 * minute, 1000.0 - minute) for minute in range(120) for each in of]


def test_the_questions_of_the_page_are_answered_by_influxdb(
    tmp_path: Path, forward: Callable[..., Forwarding], kitchen: list[Number]
) -> None:
    with InfluxDB1(tmp_path / "influxdb") as database:
        database.create("house")
        forward(f"kind = influxdb1\nurl = {database.url}\ndatabase = house", Waiting(kitchen))
        wait_until(lambda: len(database.stored()) == len(kitchen), what="everything to be stored")
        asked = questions("sql")
        assert len(asked) == 3
        for question in asked:
            assert len(database.rows("house", question)) > 5, question


def test_the_questions_of_the_page_are_answered_by_victoriametrics(
    tmp_path: Path, forward: Callable[..., Forwarding], kitchen: list[Number]
) -> None:
    with VictoriaMetrics(tmp_path / "victoria") as database:
        forward(f"kind = victoriametrics\nurl = {database.url}", Waiting(kitchen))
        wait_until(lambda: len(database.stored()) == len(kitchen), what="everything to be stored")
        asked = questions("promql")
        assert len(asked) == 3
        for question in asked:
            answer = json.loads(database.ask("/api/v1/query_range", query=question, start="-2h", step="10m"))
            (found,) = answer["data"]["result"]
            assert len(found["values"]) > 5, question
