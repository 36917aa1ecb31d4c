"""The configuration in force is shown with where each option comes from, and without a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from web.sites import Client, Reply, RrdStore

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.secrets import is_secret_name, mask_urls
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.core.shipped import ShippedNotes
from janitoo_datalog_rrd.core.shown import written
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer

INI = """[system]
home_dir = {home}
broker_user = house
broker_password = hunter2-of-the-house
[datarrd]
hadd = 0014/0000
components.weather = datarrd.datasource
[datarrd__weather]
hadd = 0014/0001
rrd_file_0 = weather
source_config_0 = 0131/0001|t|0|GAUGE|t
[decoder__odd]
topics = a/#, b
kind = json
[loggers]
keys = root
[handlers]
keys = mail, file
[formatters]
keys =
[logger_root]
level = INFO
handlers = mail
[handler_mail]
class = handlers.SMTPHandler
args = ('mail', 'a@b', ['c@d'], 'x', ('user', 'mail-secret'))
[handler_file]
class = FileHandler
args = ('x.log',)
"""


@pytest.fixture
def client(tmp_path: Path, request: pytest.FixtureRequest) -> Client:
    """Asks a server of that ini."""
    ini = tmp_path / "house.conf"
    ini.write_text(INI.format(home=tmp_path))
    environ = {"JNT_SYSTEM_BROKER_PORT": "1999", "JNT_SYSTEM_BROKER_IP": "broker.house"}
    options = Options.load(ini, Plugins(), environ)
    services = Services.build(options)
    services.store = RrdStore(tmp_path)
    server = WebServer(create_app(services), "127.0.0.1", 0, 2)
    server.start()
    request.addfinalizer(server.stop)  # noqa: PT021 - the client is what a test wants
    options.set_option("datarrd", "cache_rrd_ttl", "120", float)
    return Client(server.port)


def option(reply: Reply, section: str, name: str) -> dict[str, object]:
    found = next(each for each in reply.json["sections"] if each["name"] == section)
    return next(each for each in found["options"] if each["name"] == name)


def test_every_option_tells_its_value_and_where_it_comes_from(client: Client, tmp_path: Path) -> None:
    reply = client.get("/api/v1/configuration")
    ini = tmp_path / "house.conf"
    assert (reply.json["file"], reply.json["changed"]) == (str(ini), False)

    def told(section: str, name: str) -> tuple[object, object, object]:
        found = option(reply, section, name)
        return found["value"], found["source"], found["where"]

    assert told("system", "broker_user") == ("house", "file", f"{ini}:3")
    assert told("system", "broker_port") == ("1999", "environment", "JNT_SYSTEM_BROKER_PORT")
    assert told("system", "broker_keepalive") == ("60", "default", "")
    assert told("datarrd", "cache_rrd_ttl") == ("120", "bus", str(tmp_path / "etc" / "remote_config.json"))
    assert told("datarrd", "components.weather") == ("datarrd.datasource", "file", f"{ini}:7")
    assert told("datarrd__weather", "source_config_0") == ("0131/0001|t|0|GAUGE|t", "file", f"{ini}:11")
    assert told("decoder__odd", "topics") == ("a/#, b", "file", f"{ini}:13")
    assert told("schema__default", "retention") == ("10s:1d, 1m:1w, 10m:90d, 1h:5y".replace("1w", "7d"), "default", "")
    assert told("handler_file", "args") == ("('x.log',)", "file", f"{ini}:29")


def test_no_secret_is_shown(client: Client) -> None:
    reply, page = client.get("/api/v1/configuration"), client.get("/configuration")
    assert option(reply, "system", "broker_password")["value"] == "***"
    assert option(reply, "handler_mail", "args")["value"] == "***"
    for text in (reply.text, page.text):
        assert "hunter2" not in text
        assert "mail-secret" not in text


def test_options_say_what_they_mean_in_the_words_of_the_ini_that_comes_along(client: Client) -> None:
    reply = client.get("/api/v1/configuration")
    assert option(reply, "system", "broker_protocol")["told"] == "MQTT 5 or 3.1.1, for brokers that know nothing newer."
    assert str(option(reply, "system", "broker_mode")["told"]).splitlines()[1] == "external: connect, and never start one"
    assert str(option(reply, "datarrd__weather", "source_config_0")["told"]).startswith("hadd of the node | uuid")
    assert option(reply, "decoder__odd", "topics")["told"] == "MQTT topic filters, with commas between them."


def test_a_file_that_says_something_else_by_now_is_told(client: Client, tmp_path: Path) -> None:
    assert "something else by now" not in client.get("/configuration").text
    ini = tmp_path / "house.conf"
    ini.write_text(ini.read_text() + "; more\n")
    assert client.get("/api/v1/configuration").json["changed"] is True
    assert "something else by now" in client.get("/configuration").text
    ini.unlink()
    assert client.get("/api/v1/configuration").json["changed"] is True


def test_every_option_of_the_ini_that_comes_along_has_a_note() -> None:
    notes = ShippedNotes()
    root = Path(__file__).parents[2]
    options = Options.load(root / "config" / "janitoo_datalog_rrd.conf", Plugins())
    keys = {f"{thread}__{name}": key for thread in options.sections for name, key in options.components(thread).items()}
    silent = [
        f"[{section.name}] {name}"
        for section in options.sections.values()
        for name in section.values
        if not notes.of(section.name, name, keys.get(section.name, ""))
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["broker_password", "password", "api_key", "apikey", "http_secret_0", "my_token", "PASSWORD"])
def test_what_is_called_a_secret_is_one(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["broker_user", "token_expiry", "secretary", "broker_tls_key", "key", "passwords_file"])
def test_what_is_not_called_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


def test_passwords_in_urls_are_masked() -> None:
    assert mask_urls("mqtts://house:pa:ss@broker:1 http://x/y?a=b@c") == "mqtts://house:***@broker:1 http://x/y?a=b@c"


@pytest.mark.parametrize(
    ("value", "text"),
    [(3600.0, "3600"), (0.05, "0.05"), (True, "True"), (("a", "b"), "a, b"), (((60, 86400),), "1m:1d"), (None, "")],
)
def test_values_are_written_as_in_an_ini(value: object, text: str) -> None:
    assert written(value) == text
