"""A real Mosquitto on a loopback port, to be stopped, started again and killed by a test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from .certificates import Certificates
from .waiting import free_port, wait_until

_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])


@dataclass
class Mosquitto:
    """A broker with persistence, on a port of its own that stays the same over restarts.

    Attributes:
        folder: where its configuration, database and log are.
        user, password: what clients must say; empty for anybody.
        certificates: speak TLS with these; None for plain TCP.
        require_certificate: with TLS, clients must show a certificate.
        extra: further lines of its configuration.
        saves_often: write sessions and messages to the disk whenever they change; else as it does by itself: when it ends.
        port: its port; 0 takes a free one at the first start.
    """

    folder: Path
    user: str = ""
    password: str = ""
    certificates: Certificates | None = None
    require_certificate: bool = False
    extra: tuple[str, ...] = ()
    saves_often: bool = True
    host: str = "127.0.0.1"
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it and wait until it listens."""
        chosen = self.port
        for _ in range(5):
            self.port = chosen or free_port(self.host)
            if self._start_once():
                return
        raise AssertionError(f"mosquitto does not start:\n{self.log()}")

    def stop(self) -> None:
        """Ask it to end, as an administrator does; it keeps its sessions."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._end(kill=True)

    def restart(self) -> None:
        """Stop and start it."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; it must be running."""
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        """What it has logged so far."""
        path = self.folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def environ(self) -> dict[str, str]:
        """Environment variables that point a server at this broker."""
        found = {"JNT_SYSTEM_BROKER_IP": self.host, "JNT_SYSTEM_BROKER_PORT": str(self.port)}
        if self.user:
            found |= {"JNT_SYSTEM_BROKER_USER": self.user, "JNT_SYSTEM_BROKER_PASSWORD": self.password}
        if self.certificates is not None:
            found |= {"JNT_SYSTEM_BROKER_TLS": "True", "JNT_SYSTEM_BROKER_TLS_CA": str(self.certificates.ca)}
            if self.require_certificate:
                found["JNT_SYSTEM_BROKER_TLS_CERT"] = str(self.certificates.client_cert)
                found["JNT_SYSTEM_BROKER_TLS_KEY"] = str(self.certificates.client_key)
        return found

    def publish(self, *messages: tuple[str, str | bytes], qos: int = 1, retain: bool = False) -> None:
        """Publish messages and wait until the broker has them all.

        Args:
            messages: (topic, payload) each.
            qos: quality of service of each.
            retain: whether the broker keeps them for those who come later.
        """
        with self.client() as client:
            for info in [client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages]:
                info.wait_for_publish(20)
                assert info.is_published()

    @contextmanager
    def client(
        self, client_id: str = "", *, clean_session: bool = True, on_message: Callable[..., Any] | None = None
    ) -> Iterator[mqtt.Client]:
        """A connected paho client (MQTT 3.1.1) with its loop running, for as long as the block lasts.

        Args:
            client_id: needed where the session is to be kept.
            clean_session: False keeps subscriptions and what comes for them while the client is away.
            on_message: takes (client, userdata, message), from before the connection on.
        """
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean_session)
        client.on_message = on_message
        client.max_inflight_messages_set(1000)
        if self.user:
            client.username_pw_set(self.user, self.password)
        if self.certificates is not None:
            shown = self.certificates if self.require_certificate else None
            client.tls_set(
                str(self.certificates.ca), str(shown.client_cert) if shown else None, str(shown.client_key) if shown else None
            )
        connected = threading.Event()
        client.on_connect = lambda _c, _u, _flags, reason, _p: None if reason.is_failure else connected.set()
        client.connect(self.host, self.port)
        client.loop_start()
        try:
            assert connected.wait(20), f"no connection to the broker:\n{self.log()}"
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    @contextmanager
    def listen(self, *filters: str) -> Iterator[Listener]:
        """Collect every message that matches the filters, for as long as the block lasts."""
        with self.client() as client:
            listener = Listener()
            subscribed = threading.Event()
            client.on_message = listener.take
            client.on_subscribe = lambda *_: subscribed.set()
            client.subscribe([(each, 1) for each in filters])
            assert subscribed.wait(20)
            yield listener

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(kill=False)

    # -- inside --------------------------------------------------------------------------------------

    def _start_once(self) -> bool:
        assert not self.running, "the broker runs already"
        binary = shutil.which("mosquitto", path=_PLACES)
        assert binary, "mosquitto is not installed: run script/bootstrap"
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join([*self._lines(), *self.extra, ""]))
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([binary, "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: not self.running or self._listens(), what="mosquitto listening")
        return self.running

    def _lines(self) -> Iterable[str]:
        yield f"listener {self.port} {self.host}"
        if os.geteuid() == 0:
            yield "user root"  # it could not write in a folder of root's otherwise
        yield from ("persistence true", f"persistence_location {self.folder}/")
        if self.saves_often:
            yield from ("autosave_interval 1", "autosave_on_changes true")
        yield from ("max_inflight_messages 1000", "max_queued_messages 1000000", "log_dest stderr", "log_type all")
        if self.user:
            passwords = self.folder / "passwords"
            passwords.touch(mode=0o600)
            subprocess.run(["mosquitto_passwd", "-b", str(passwords), self.user, self.password], check=True, capture_output=True)
            yield from ("allow_anonymous false", f"password_file {passwords}")
        else:
            yield "allow_anonymous true"
        if self.certificates is not None:
            yield f"cafile {self.certificates.ca}"
            yield f"certfile {self.certificates.server_cert}"
            yield f"keyfile {self.certificates.server_key}"
            yield f"require_certificate {str(self.require_certificate).lower()}"

    def _listens(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@dataclass
class Listener:
    """Messages that came, in their order.

    Attributes:
        messages: (topic, payload) each.
        retained: those of them that the broker had kept.
    """

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    retained: list[tuple[str, bytes]] = field(default_factory=list)

    def take(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        """Note a message."""
        came = (message.topic, bytes(message.payload))
        self.messages.append(came)
        if message.retain:
            self.retained.append(came)

    def on(self, topic: str) -> list[bytes]:
        """The payloads that came on a topic."""
        return [payload for each, payload in list(self.messages) if each == topic]

    def wait_for(self, topic: str, timeout: float = 20.0) -> bytes:
        """Wait until something came on a topic and return the last payload."""
        return wait_until(lambda: self.on(topic), timeout, f"a message on {topic}")[-1]
