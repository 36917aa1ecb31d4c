"""A whole server: its options of TLS and exposure, and new values on their way from the broker to who listens."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest
from house import House, janitoo, live_in
from support import Certificates, Mosquitto, make_certificates, wait_until
from web.listening import Listening

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.daemon import Daemon
from janitoo_datalog_rrd.web.thread import HttpThread


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Certificate and key, where a server looks for them."""
    folder = tmp_path / "tls"
    folder.mkdir()
    made = make_certificates(folder)
    made.server_key.chmod(0o600)
    return made


def tls_options(certificates: Certificates) -> str:
    return f"http_tls_cert = {certificates.server_cert}\nhttp_tls_key = {certificates.server_key}"


def port_of(house: House) -> int:
    thread = house.server.get_thread("http")
    assert isinstance(thread, HttpThread)
    assert thread.port is not None
    return thread.port


def test_a_value_on_the_bus_is_heard_by_who_listens(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house, Listening(port_of(house)) as listening:
        listening.wait_for(1)
        house.publish(janitoo("0131/0001", "temperature", 21.5))
        listening.wait_for_value("0131.0001.temperature.0", 21.5)
        house.publish(janitoo("0131/0001", "temperature", 22.5))
        listening.wait_for_value("0131.0001.temperature.0", 22.5)


def test_commands_reach_a_server_under_tls(tmp_path: Path, mosquitto: Mosquitto, certificates: Certificates) -> None:
    ini = tmp_path / "house.conf"
    with live_in(tmp_path, mosquitto, http=tls_options(certificates)) as house:
        ini.write_text(ini.read_text().replace("http_port_0 = 0", f"http_port_0 = {port_of(house)}"))
        daemon = Daemon(Options.load(ini, Plugins()), None)
        assert daemon.url.startswith("https://localhost:")
        assert daemon.health()["status"] == "ok"
        house.publish(janitoo("0131/0001", "temperature", 21.5))
        assert "0131.0001.temperature.0" in [each.name for each in daemon.list_series()]
        # a server that shows another certificate is not ours
        shutil.copyfile(certificates.client_cert, certificates.server_cert)
        assert "CERTIFICATE_VERIFY_FAILED" in daemon.health()["problems"]["http"]


def test_a_renewed_certificate_is_taken_over_at_a_reload_and_who_listens_goes_on(
    tmp_path: Path, mosquitto: Mosquitto, certificates: Certificates
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    with live_in(tmp_path, mosquitto, http=tls_options(certificates)) as house:
        port = port_of(house)

        def shown() -> str:
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=20).strip()

        with Listening(port, tls=trusting) as listening:
            listening.wait_for(1)
            assert shown() == certificates.server_cert.read_text().strip()
            new = tmp_path / "new"
            new.mkdir()
            made = make_certificates(new)
            shutil.copyfile(made.server_cert, certificates.server_cert)
            shutil.copyfile(made.server_key, certificates.server_key)
            house.server.reload()
            wait_until(lambda: shown() == made.server_cert.read_text().strip(), what="the new certificate")
            certificates.server_key.chmod(0o644)
            certificates.server_cert.write_text("junk")
            house.server.reload()
            assert "certificate" in house.server.services.health.problems()
            assert shown() == made.server_cert.read_text().strip()
            house.publish(janitoo("0131/0001", "temperature", 21.5))
            listening.wait_for_value("0131.0001.temperature.0", 21.5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("http_tls_cert = /none.pem", "http_tls_cert is set, and http_tls_key is not"),
        ("http_tls_cert = /none.pem\nhttp_tls_key = /none.key", "http_tls_cert = /none.pem: it cannot be read"),
        ("http_host = 0.0.0.0", "there is no user and no token"),
        ("trusted_proxies = 127.0.0.1", "there is no user and no token"),
    ],
)
def test_a_server_that_cannot_be_served_safely_does_not_start_and_says_why(
    tmp_path: Path, mosquitto: Mosquitto, options: str, told: str
) -> None:
    with pytest.raises(StartError, match=told), live_in(tmp_path, mosquitto, http=options):
        pass
