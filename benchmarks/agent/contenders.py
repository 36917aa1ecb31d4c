"""Our agent, and the peers: each measures the same things of this machine at the same interval, in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

from ..machine import COLLECTD_AGENT, COLLECTD_PLUGINS, COLLECTD_TYPES, NETDATA, NETDATA_PLUGINS, NETDATA_STOCK
from ..processes import HOST, Child, free_port

_AGENT = """\
[system]
home_dir = {folder}/home
broker_ip = {host}
broker_port = {broker}

[agent]
device = bench
poll_delay = {interval}
"""

_COLLECTD = """\
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
PluginDir "{plugins}"
TypesDB "{types}"
Hostname "bench"
FQDNLookup false
Interval {interval}
LoadPlugin logfile
<Plugin logfile>
  LogLevel warning
  File "{folder}/messages.log"
</Plugin>
LoadPlugin cpu
LoadPlugin load
LoadPlugin memory
LoadPlugin swap
LoadPlugin df
LoadPlugin disk
LoadPlugin interface
LoadPlugin thermal
LoadPlugin battery
LoadPlugin processes
LoadPlugin uptime
LoadPlugin mqtt
<Plugin mqtt>
  <Publish "bench">
    Host "{host}"
    Port {broker}
    ClientId "collectd-bench"
    QoS 1
    Prefix "collectd"
  </Publish>
</Plugin>
"""

_NETDATA = """\
[global]
    run as user = {user}
    hostname = bench
[directories]
    config = {folder}/etc
    stock config = {stock}
    cache = {folder}/cache
    lib = {folder}/lib
    log = {folder}/log
    plugins = "{plugins}"
[db]
    mode = dbengine
    update every = {interval}
"""
_NETDATA_LEAN = """\
[web]
    mode = none
[health]
    enabled = no
[ml]
    enabled = no
[statsd]
    enabled = no
[plugins]
    timex = no
    idlejitter = no
    tc = no
    cgroups = no
    checks = no
    perf = no
    slabinfo = no
    nfacct = no
    ioping = no
    statsd = no
    python.d = no
    go.d = no
    charts.d = no
    fping = no
    proc = yes
    diskspace = yes
    apps = yes
"""
_NETDATA_WEB = """\
[web]
    bind to = 127.0.0.1
    default port = {port}
[statsd]
    enabled = no
"""


class Agent(Child):
    """Our agent with the components that are on by default.

    Args:
        folder: everything of it goes there.
        broker: port of the broker.
        interval_s: seconds between two measurements.
    """

    def __init__(self, folder: Path, broker: int, interval_s: int) -> None:
        folder.mkdir(parents=True)
        ini = folder / "agent.conf"
        ini.write_text(_AGENT.format(folder=folder, host=HOST, broker=broker, interval=interval_s), encoding="utf-8")
        super().__init__([sys.executable, "-m", "janitoo_datalog_rrd", "-c", str(ini), "agent"], folder, "agent")


class Collectd(Child):
    """Debian's collectd, with the plugins of the same metrics, which publishes over MQTT with QoS 1.

    Args:
        folder, broker, interval_s: as `Agent` has them.
    """

    def __init__(self, folder: Path, broker: int, interval_s: int) -> None:
        program = COLLECTD_AGENT.require()
        folder.mkdir(parents=True)
        config = _COLLECTD.format(
            folder=folder, plugins=COLLECTD_PLUGINS, types=COLLECTD_TYPES, host=HOST, broker=broker, interval=interval_s
        )
        (folder / "collectd.conf").write_text(config, encoding="utf-8")
        super().__init__([program, "-f", "-C", f"{folder}/collectd.conf"], folder)


class Netdata(Child):
    """Debian's netdata with its own database, and nothing sent anywhere.

    Args:
        folder, interval_s: as `Agent` has them.
        lean: only the plugins of the same metrics, no web server and no alarms; else everything that Debian's package turns on.
    """

    def __init__(self, folder: Path, interval_s: int, *, lean: bool = True) -> None:
        program = NETDATA.require()
        for name in ("etc", "cache", "lib/cloud.d", "log"):
            (folder / name).mkdir(parents=True)
        (folder / "etc" / ".opt-out-from-anonymous-statistics").touch()
        (folder / "lib" / "cloud.d" / "cloud.conf").write_text("[global]\n    enabled = no\n", encoding="utf-8")
        user = Path.home().owner()
        config = (_NETDATA + (_NETDATA_LEAN if lean else _NETDATA_WEB)).format(
            folder=folder, stock=NETDATA_STOCK, plugins=NETDATA_PLUGINS, interval=interval_s, user=user, port=free_port()
        )
        path = folder / "etc" / "netdata.conf"
        path.write_text(config, encoding="utf-8")
        super().__init__([program, "-D", "-c", str(path), "-u", user], folder)
