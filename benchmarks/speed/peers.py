"""The peers, in the foreground, with configurations that hold nothing back."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from ..load import Plan
from ..machine import CARBON, COLLECTD, COLLECTD_PLUGINS, COLLECTD_TYPES, MOSQUITTO_SUB, RRDCACHED
from ..processes import HOST, Child, SocketFolder, free_port, listens, wait_progress
from ..servers import RETENTION
from .contents import holds, last_update

_CARBON = """\
[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
USER =
DATABASE = whisper
ENABLE_LOGROTATION = False
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = {host}
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = {host}
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = {host}
CACHE_QUERY_PORT = {query}
USE_FLOW_CONTROL = True
LOG_UPDATES = False
LOG_CREATES = False
LOG_CACHE_HITS = False
LOG_LISTENER_CONN_SUCCESS = False
CACHE_WRITE_STRATEGY = sorted
WHISPER_AUTOFLUSH = False
WHISPER_FALLOCATE_CREATE = True
CARBON_METRIC_INTERVAL = 0
MIN_TIMESTAMP_RESOLUTION = 1
ENABLE_TAGS = False
"""

_COLLECTD = """\
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
PluginDir "{plugins}"
TypesDB "{types}"
Hostname "bench"
FQDNLookup false
Interval 10
WriteThreads {threads}
LoadPlugin logfile
<Plugin logfile>
  LogLevel warning
  File "{folder}/messages.log"
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{socket}"
  DeleteSocket true
</Plugin>
LoadPlugin mqtt
<Plugin mqtt>
  <Subscribe "bench">
    Host "{host}"
    Port {broker}
    ClientId "collectd-bench"
    QoS 0
    Topic "collectd/#"
  </Subscribe>
</Plugin>
LoadPlugin rrdtool
<Plugin rrdtool>
  DataDir "{folder}/rrd"
  CreateFilesAsync false
  StepSize 10
  HeartBeat 3610
  RRARows 10080
  RRATimespan 86400
  RRATimespan 604800
  RRATimespan 7776000
  RRATimespan 157680000
  CacheTimeout 600
  CacheFlush 3600
</Plugin>
"""


class Carbon(Child):
    """Debian's carbon-cache with every limit off: line protocol over TCP to whisper files.

    As in Debian's own configuration, times count in whole seconds, and of points of one second the last one counts.

    Args:
        folder: everything of it goes there.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [CARBON.require(), "--nodaemon", f"--config={folder}/carbon.conf", f"--pidfile={folder}/carbon.pid", "start"]
        super().__init__(command, folder)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = _CARBON.format(folder=self.folder, host=HOST, line=self.port, pickle=free_port(), query=free_port())
        (self.folder / "carbon.conf").write_text(config)
        retention = RETENTION.replace(" ", "")
        (self.folder / "storage-schemas.conf").write_text(f"[all]\npattern = .*\nretentions = {retention}\n")
        self.launch()
        self.wait_ready(lambda: listens(self.port))

    def path_of(self, metric: str) -> Path:
        """Whisper file of a metric."""
        return self.folder / "whisper" / f"{metric.replace('.', '/')}.wsp"

    def wait_written(self, plan: Plan, since: int) -> int:
        """Wait until the last point of every series of a plan is in its file; how many series' is, where no more come.

        Carbon takes all points of a series at once from its cache, in the order they came, so with the last one all are there.

        Args:
            plan: what was sent.
            since: for points without a time of their own, when sending began, seconds since the epoch UTC.
        """
        done = 0

        def progress() -> int:
            nonlocal done
            while done < plan.topics:
                times = (plan.last_time(done),) * 2 if plan.begin else (since, int(time.time()))
                if not holds(self.path_of(plan.topic(done)), plan.last_value(done), *times):
                    break
                done += 1
            return done

        return wait_progress(progress, plan.topics)


class Collectd(Child):
    """Debian's collectd, whose MQTT plugin subscribes and whose rrdtool plugin writes.

    Samples stay in the rrdtool plugin's cache until `FLUSH`, so that it writes many at once too. One write thread: with more
    of them samples of one series overtake each other, and are refused as too old.

    Args:
        folder: everything of it goes there.
        broker: port of the broker.
    """

    def __init__(self, folder: Path, broker: int) -> None:
        self._broker = broker
        program = COLLECTD.require()
        folder.mkdir(parents=True)
        self._sockets = SocketFolder(folder)
        super().__init__([program, "-f", "-C", f"{folder}/collectd.conf"], folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = _COLLECTD.format(
            folder=self.folder,
            socket=self._sockets.name("s"),
            host=HOST,
            broker=self._broker,
            plugins=COLLECTD_PLUGINS,
            types=COLLECTD_TYPES,
            threads=1,
        )
        (self.folder / "collectd.conf").write_text(config)
        self.launch()
        self.wait_ready((self.folder / "s").is_socket)

    def stop(self) -> None:
        """Ask it to end."""
        super().stop()
        self._sockets.close()

    def ask(self, command: str) -> list[str]:
        """Send a command to its socket and return the lines of its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(self._sockets.name("s"))
            connection.sendall(f"{command}\n".encode())
            with connection.makefile("r") as stream:
                first = stream.readline()
                count = int(first.split()[0])
                return [first, *(stream.readline() for _ in range(count))]

    def wait_taken(self, plan: Plan) -> int:
        """Wait until it knows the last number of every series of a plan; how many series' it does, where no more come."""
        done = 0

        def progress() -> int:
            nonlocal done
            while done < plan.topics:
                answer = self.ask(f'GETVAL "house/bench-{done}/gauge-value"')
                if len(answer) < 2 or float(answer[1].split("=")[1]) != plan.last_value(done):
                    break
                done += 1
            return done

        return wait_progress(progress, plan.topics)

    def flush(self, plan: Plan) -> int:
        """Have it write everything, and wait until the files have it; how many series are up to the last point."""
        self.ask("FLUSH plugin=rrdtool")
        done = 0

        def progress() -> int:
            nonlocal done
            while done < plan.topics and last_update(self.path_of(done)) >= plan.last_time(done):
                done += 1
            return done

        return wait_progress(progress, plan.topics)

    def path_of(self, series: int) -> Path:
        """RRD file of a series."""
        return self.folder / "rrd" / "house" / f"bench-{series}" / "gauge-value.rrd"


class Rrdcached(Child):
    """Debian's rrdcached without a journal: BATCH over its unix socket.

    Args:
        folder: its socket goes there.
        files: where the RRD files are.
    """

    def __init__(self, folder: Path, files: Path) -> None:
        program = RRDCACHED.require()
        folder.mkdir(parents=True)
        self._sockets = SocketFolder(folder)
        self.socket = self._sockets.name("s")
        options = ["-g", "-l", f"unix:{self.socket}", "-b", str(files), "-p", f"{folder}/pid", "-w", "3600", "-f", "7200"]
        super().__init__([program, *options], folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait_ready((self.folder / "s").is_socket)

    def stop(self) -> None:
        """Ask it to end."""
        super().stop()
        self._sockets.close()


class Subscriber(Child):
    """`mosquitto_sub`, which throws away what it receives, and ends after a number of messages.

    Args:
        folder: its log goes there.
        broker: port of the broker.
        count: after how many messages it ends.
        qos: of its subscription.
        topics: its topic filter.
    """

    def __init__(self, folder: Path, broker: int, count: int, qos: int, topics: str = "plain/#") -> None:
        where = ["-h", HOST, "-p", str(broker), "-i", "bench-sub", "-t", topics]
        super().__init__([MOSQUITTO_SUB.require(), *where, "-q", str(qos), "-C", str(count)], folder, quiet=True)
