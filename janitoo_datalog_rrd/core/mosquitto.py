"""What a Mosquitto of our own needs: the program, its configuration and passwords, and whether one was left behind."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import os
import secrets
import select
import shutil
import signal
import subprocess
from pathlib import Path

from .files import write_atomically

logger = logging.getLogger(__name__)

HASH_ROUNDS = 10_000
END_TIMEOUT_S = 3.0
_PLACES = ("/usr/local/sbin", "/usr/sbin")

_CONFIG = """\
# Written by janitoo_datalog_rrd at each start of its own broker: what is changed here is lost.
listener {port} {host}
{user}{access}
persistence true
persistence_location {folder}/
autosave_interval 60
# A client that is away finds what it missed: up to a million messages or 128 MiB of payload each.
max_queued_messages 1000000
max_queued_bytes 134217728
max_inflight_messages 1000
set_tcp_nodelay true
log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
"""


def find_mosquitto() -> str | None:
    """Path of the Mosquitto program, or None where it is not installed."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))


def hash_password(user: str, password: str, salt: bytes | None = None) -> str:
    """One line of Mosquitto's password file: PBKDF2 with SHA-512, as `mosquitto_passwd` writes it.

    Args:
        user: without a colon.
        password: any text.
        salt: 12 bytes; random by default.
    """
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    encoded = "$".join(base64.b64encode(part).decode("ascii") for part in (salt, digest))
    return f"{user}:$7${HASH_ROUNDS}${encoded}\n"


class BrokerFolder:
    """The folder `home/broker`: configuration, passwords, database and pid file of the embedded broker.

    Args:
        home: the home directory.
    """

    def __init__(self, home: Path) -> None:
        self.path = home.resolve() / "broker"
        self.config = self.path / "mosquitto.conf"
        self.pid_file = self.path / "mosquitto.pid"
        self.passwords = self.path / "passwords"
        self.database = self.path / "mosquitto.db"

    def write(self, host: str, port: int, user: str, password: str) -> None:
        """Write configuration and passwords, for the owner's eyes only.

        Raises:
            OSError: they cannot be written.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        access = "allow_anonymous true"  # nobody but this machine can reach it
        if user:
            write_atomically(self.passwords, hash_password(user, password).encode())
            access = f"allow_anonymous false\npassword_file {self.passwords}"
        else:
            self.passwords.unlink(missing_ok=True)
        # Mosquitto would change from root to a user who may not write in our folder.
        runs_as = "user root\n" if os.geteuid() == 0 else ""
        text = _CONFIG.format(port=port, host=host, user=runs_as, access=access, folder=self.path)
        write_atomically(self.config, text.encode())

    def set_database_aside(self, now: float) -> Path | None:
        """Move a database that cannot be read out of the way.

        Args:
            now: seconds since the epoch UTC, for its new name.

        Returns:
            Its new path, or None when there is none.
        """
        aside = self.database.with_name(f"{self.database.name}.corrupt-{int(now)}")
        try:
            self.database.rename(aside)
        except FileNotFoundError:
            return None
        return aside

    def note_pid(self, pid: int | None) -> None:
        """Note the pid of the running broker, or with None that there is none; a full disk is only told."""
        try:
            if pid is None:
                self.pid_file.unlink(missing_ok=True)
            else:
                self.pid_file.write_text(f"{pid}\n", encoding="ascii")
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.pid_file, error.strerror)

    def orphan(self) -> int | None:
        """The pid of a living broker that runs on this folder's configuration, from the pid file; or None."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.config) in arguments else None

    def end_orphan(self) -> None:
        """End the broker that a killed server left behind; it keeps its sessions."""
        found = self.orphan()
        if found is None:
            return
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(found)  # stands for this process even when its number is given away
            try:
                if self.orphan() != found:
                    return
                logger.info("ending the broker (pid %d) that an earlier server left behind", found)
                for number in (signal.SIGTERM, signal.SIGKILL):
                    signal.pidfd_send_signal(descriptor, number)
                    if select.select([descriptor], [], [], END_TIMEOUT_S)[0]:
                        return
            finally:
                os.close(descriptor)


def words_that_tie() -> list[str]:
    """Words before the broker's command that end it when we are killed; none where util-linux has no such tool."""
    setpriv = shutil.which("setpriv")
    words = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    if words and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return words
    return []
