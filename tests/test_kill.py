"""`kill -9` at any moment loses no acknowledged sample, and doubles none."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import rrdtool
from support import CommandLine, Mosquitto, Running, free_port, wait_until

INI = """
[system]
home_dir = {home}
broker_ip = 127.0.0.1
broker_port = {broker}
broker_mode = external

[datarrd]
hadd = 0014/0000
cache_rrd_ttl_0 = 2s
cache_pickle_ttl_0 = 1s

[http]
hadd = 0018/0000
http_port_0 = {http}

[schema__default]
pattern = .*
step = 1
retention = 1s:1d
reorder_window = 0

[decoder__numbered]
topics = numbered/#
kind = json
value = v
time = t
"""
SERIES, ROUNDS, BURST = 20, 5, 60


class Publisher(threading.Thread):
    """Publishes numbered samples with QoS 1, a second apart in each series, until it is told to stop."""

    def __init__(self, broker: Mosquitto, begin: int) -> None:
        super().__init__()
        self.broker = broker
        self.begin = begin
        self.published = 0
        self.enough = threading.Event()

    def run(self) -> None:
        with self.broker.client() as client:
            while not self.enough.is_set():
                number = self.published
                message = json.dumps({"t": self.begin + number, "v": number})
                for info in [client.publish(f"numbered/{series}", message, qos=1) for series in range(SERIES)]:
                    info.wait_for_publish(20)
                self.published += 1
                self.enough.wait(0.01)


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, make_mosquitto: Callable[..., Mosquitto], command_line: CommandLine
) -> None:
    broker = make_mosquitto(extra=("max_queued_messages 0",))
    ini = tmp_path / "kill.conf"
    ini.write_text(INI.format(home=tmp_path / "home", broker=broker.port, http=free_port()))
    rrds = tmp_path / "home" / "public" / "rrd" / "rrds"

    def start() -> Running:
        running = command_line.start("-c", str(ini), "front")
        wait_until(lambda: "is up" in running.stderr or not running.alive, 30, "the server to be up")
        assert running.alive, running.stderr
        return running

    running = start()
    begin = int(time.time()) - 50_000
    publisher = Publisher(broker, begin)
    publisher.start()
    try:
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            target = publisher.published + chance.randrange(10, BURST)
            wait_until(lambda target=target: publisher.published >= target or not publisher.is_alive(), 60, "the publisher")  # type: ignore[misc]
            running.kill()
            running = start()
    finally:
        publisher.enough.set()
        publisher.join()
    count = publisher.published
    wait_until(
        lambda: all(read_last(rrds, series) == begin + count - 1 for series in range(SERIES)) or flush(command_line, ini),
        60,
        "the rest",
    )
    assert running.stop() == 0
    for series in range(SERIES):
        (first, _, step), _, rows = rrdtool.fetch(
            str(rrds / f"numbered.{series}.v.rrd"), "AVERAGE", f"--start={begin}", f"--end={begin + count - 2}"
        )
        assert (first, step) == (begin, 1)
        assert [row[0] for row in rows][: count - 1] == [float(number) for number in range(1, count)], (
            f"series {series}, seed {seed}"
        )


def read_last(rrds: Path, series: int) -> int:
    path = rrds / f"numbered.{series}.v.rrd"
    return int(rrdtool.last(str(path))) if path.exists() else 0


def flush(command_line: CommandLine, ini: Path) -> None:
    command_line.run("-c", str(ini), "flush", check=True)
