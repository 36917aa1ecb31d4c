"""The agent's ini: what follows from it, and that it says what is so."""

from __future__ import annotations

import configparser
import re
import socket
import ssl
import threading
from pathlib import Path

import pytest
from support import Certificates

from janitoo_datalog_rrd.agent.settings import AGENT, COMPONENT, AgentSections, AgentSettings, default_device, default_hadd
from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import METRICS, Plugins
from janitoo_datalog_rrd.core.sections import SYSTEM

UNUSED = {"pid_dir", "conf_dir", "broker_mode", "broker_client_id", "heartbeat_timeout", "heartbeat_count", "gc_delay"}


def read(path: Path, text: str, environ: dict[str, str] | None = None) -> AgentSettings:
    path.write_text(text)
    sections = AgentSections(Plugins())
    return AgentSettings.from_options(Options.load(path, sections, environ), sections.names)


def test_an_empty_ini_is_an_agent_with_every_component(tmp_path: Path) -> None:
    settings = read(tmp_path / "a.conf", "")
    assert set(settings.components) == set(Plugins().names(METRICS))
    assert settings.device == default_device(socket.gethostname())
    assert settings.client_id == f"jnt_agent-{settings.device}"
    assert settings.name == settings.device
    assert settings.hadd == default_hadd(settings.device)
    assert (settings.every("cpu"), settings.every("picpu"), settings.every("smart")) == (10.0, 60.0, 1800.0)
    assert settings.telemetry == f"devices/{settings.device}/monitoring"


def test_what_the_ini_and_the_environment_say_counts(tmp_path: Path) -> None:
    text = "[agent]\ndevice = web01\npoll_delay = 30\ntopic = fleet/berlin\n"
    text += "[agent__load]\nenabled = no\n[agent__cpu]\npoll_delay = 5\n"
    environ = {"JNT_AGENT__MEMORY_POLL_DELAY": "1m", "JNT_AGENT_NAME": "Web 1", "JNT_HTTP_HTTP_PORT_0": "8082"}
    settings = read(tmp_path / "a.conf", text, environ)
    assert "load" not in settings.components
    assert [settings.every(each) for each in ("cpu", "memory", "disk")] == [5.0, 60.0, 30.0]
    assert (settings.name, settings.telemetry) == ("Web 1", "fleet/berlin/web01/monitoring")


@pytest.mark.parametrize(
    "text",
    [
        "[agent]\ndevice = a/b\n",
        "[agent]\ndevice =\n",
        f"[agent]\ndevice = {'x' * 65}\n",
        "[agent]\ntopic = a/+\n",
        "[agent]\ntopic = /a\n",
        "[agent]\ntopic = $aws\n",
        "[agent]\ntopic = 1/2/3/4/5/6/7\n",
        "[agent]\npoll_delay = 0\n",
        "[agent]\noutbox_bytes = 1\n",
        "[agent__cpu]\nenabled = perhaps\n",
        "[agent__cpu]\ncroes = True\n",
        "[agent__nothing]\n",
        "[agents]\n",
        "[decoder]\n",
        "[schemas__x]\n",
    ],
)
def test_a_fault_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "a.conf", text)
    line = text.count("\n")
    assert f"a.conf:{line}: [" in str(caught.value)


def test_the_server_s_sections_are_passed_over_with_their_faults(tmp_path: Path) -> None:
    text = "[http]\nnonsense = 1\n[datarrd__weather]\n[schema__default]\nstep = x\n"
    text += "[decoder__a]\n[privacy]\nx = 1\n[forward__a]\n[webhook]\n"
    assert read(tmp_path / "a.conf", text).components


def test_names_and_addresses_are_made_of_the_host_s() -> None:
    assert [default_device(each) for each in ("web01", "web01.example.org", "ü", "-a b-", "x" * 80)] == [
        "web01",
        "web01_example_org",
        "device",
        "-a_b-",
        "x" * 64,
    ]
    addresses = {default_hadd(f"web{n}") for n in range(500)}
    assert len(addresses) == 500
    assert all(2000 <= int(each[:4]) <= 9999 and 1 <= int(each[5:]) <= 9999 for each in addresses)
    assert default_hadd("web01") == default_hadd("web01")


def shipped(root: Path) -> tuple[str, configparser.RawConfigParser]:
    """The agent's ini with what is off switched on, as text and parsed."""
    text = (root / "config" / "agent.conf").read_text()
    on = "\n".join(line[1:] if re.match(";[^ ]", line) else line for line in text.splitlines())
    parser = configparser.RawConfigParser(comment_prefixes=(";",))
    parser.read_string(on)
    return on, parser


def test_the_shipped_ini_has_every_option_with_its_default_and_no_other(root: Path, tmp_path: Path) -> None:
    on, parser = shipped(root)
    plugins = Plugins()
    sections = AgentSections(plugins)
    own = {"system": tuple(each for each in sections.own_specs("system")[0] if each.name not in UNUSED), "agent": AGENT}  # type: ignore[index]
    for name in plugins.names(METRICS):
        own[f"agent__{name}"] = sections.own_specs(f"agent__{name}")[0]  # type: ignore[index]
    assert {each.name for each in SYSTEM} > UNUSED
    for section, specs in own.items():
        assert set(parser[section]) == {each.name for each in specs}, section
        for each in specs:
            default = 10.0 if each is COMPONENT[1] else each.default
            if default not in (None, "", ()):
                assert each.parse(parser[section][each.name]) == default, f"[{section}] {each.name}"
    path = tmp_path / "on.conf"
    path.write_text(on)
    Options.load(path, sections)
    given = Options.load(root / "config" / "agent.conf", sections)
    assert given.logging_parser() is not None
    assert AgentSettings.from_options(given, sections.names).device == default_device(socket.gethostname())


def test_the_protocol_is_named_while_tls_is_agreed(tmp_path: Path, certificates: Certificates) -> None:
    path = tmp_path / "a.conf"
    path.write_text(f"[system]\nbroker_tls_ca = {certificates.ca}\nbroker_tls_alpn = x-amzn-mqtt-ca\n")
    context = BrokerSettings.from_options(Options.load(path, AgentSections(Plugins()))).tls
    assert context is not None
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificates.server_cert, certificates.server_key)
    server.set_alpn_protocols(["mqtt", "x-amzn-mqtt-ca"])
    agreed: list[str | None] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            connection, _ = listening.accept()
            with server.wrap_socket(connection, server_side=True) as wrapped:
                agreed.append(wrapped.selected_alpn_protocol())
                wrapped.recv(1)

        thread = threading.Thread(target=take)
        thread.start()
        with (
            socket.create_connection(listening.getsockname()) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            wrapped.sendall(b"x")
            thread.join()
    assert agreed == ["x-amzn-mqtt-ca"]
