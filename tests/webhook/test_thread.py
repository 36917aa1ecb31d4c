"""`[webhook]` in the server: off unless asked for, told where it cannot send, and its URL shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import live_in
from support import Mosquitto, fetch, free_port, wait_until
from support.webservers import WebServer
from webhook.sample import SAMPLE, shape

from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins

SECTION = """
[webhook]
url = {url}
device_id = web01
regular_interval = 1
emergency_interval = 1
cpu_average = 1
"""


@pytest.fixture
def receiver() -> Iterator[WebServer]:
    made = WebServer()
    made.start()
    yield made
    made.stop()


def test_the_server_forwards_and_tells_on_the_bus_how_it_stands(
    tmp_path: Path, mosquitto: Mosquitto, receiver: WebServer
) -> None:
    with live_in(tmp_path, mosquitto, more=SECTION.format(url=receiver.url)) as house:
        taken = receiver.wait_taken(2)
        assert shape(json.loads(taken[0].body)) == shape(SAMPLE)
        wait_until(lambda: "0024.0000.sent.0" in house.names())
        assert {"0024.0000.waiting.0", "0024.0000.dropped.0", "0024.0000.emergency.0"} <= set(house.names())
        assert "webhook" not in {**house.server.services.health.notes(), **house.server.services.health.problems()}


def test_without_its_section_there_is_none(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        assert house.server.get_thread("webhook") is None
        assert not (tmp_path / "home" / "webhook-outbox.sqlite").exists()


def test_a_receiver_that_is_away_is_told_and_its_url_is_nowhere(
    tmp_path: Path, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://me:p4ssw0rd@127.0.0.1:{free_port()}/t0ken?token=s3cret"
    with live_in(tmp_path, mosquitto, more=SECTION.format(url=url)) as house:
        told_now = wait_until(lambda: house.server.services.health.problems().get("webhook"))
        assert "cannot be reached" in told_now
        assert "are kept meanwhile" in told_now
        shown = [fetch(f"{house.url}{path}") for path in ("/api/v1/status", "/status", "/configuration")]
    assert None not in shown
    told = caplog.text + "".join(str(each) for each in shown)
    assert "webhook" in told
    assert not [secret for secret in ("t0ken", "s3cret", "p4ssw0rd") if secret in told]


def test_a_reload_takes_another_url_and_what_waits_goes_there(tmp_path: Path, mosquitto: Mosquitto, receiver: WebServer) -> None:
    away = f"http://127.0.0.1:{free_port()}/"
    with live_in(tmp_path, mosquitto, more=SECTION.format(url=away)) as house:
        wait_until(lambda: "2 payloads are kept" in house.server.services.health.problems().get("webhook", ""))
        ini = tmp_path / "house.conf"
        ini.write_text(ini.read_text().replace(away, receiver.url))
        house.server.reload()
        times = [each.headers["x-measured-at"] for each in receiver.wait_taken(3)]
        assert times == sorted(times)
        wait_until(lambda: "webhook" not in house.server.services.health.problems())


def test_payloads_that_are_refused_are_a_note(tmp_path: Path, mosquitto: Mosquitto, receiver: WebServer) -> None:
    receiver.status = 400
    with live_in(tmp_path, mosquitto, more=SECTION.format(url=receiver.url)) as house:
        health = house.server.services.health
        assert "dropped since the start" in wait_until(lambda: health.notes().get("webhook"))
        assert "webhook" not in health.problems()


def test_faults_are_told_with_their_option_and_without_the_url(tmp_path: Path) -> None:
    ini = tmp_path / "x.conf"
    ini.write_text("[webhook]\nurl = s3cret\ncpu_max = 300\nregular_interval = never\n")
    with pytest.raises(ConfigError) as error:
        Options.load(ini, Plugins())
    assert {problem.option for problem in error.value.problems} == {"url", "device_id", "cpu_max", "regular_interval"}
    assert "s3cret" not in str(error.value)
    assert "expected such as https://" in str(error.value)


def test_the_environment_overrides_it(tmp_path: Path) -> None:
    ini = tmp_path / "x.conf"
    ini.write_text("[system]\n")
    environ = {"JNT_WEBHOOK_URL": "https://example.org/", "JNT_WEBHOOK_DEVICE_ID": "a", "JNT_WEBHOOK_CPU_MAX": "50"}
    options = Options.load(ini, Plugins(), environ)
    assert options.section("webhook")["cpu_max"] == 50.0
    assert "webhook" in options.given
