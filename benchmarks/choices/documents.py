"""JSON libraries, which read what devices publish.

A helper process. Its argument: `library` (`orjson`, `json`, `msgspec`); `count`, how often each document is read.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from ..helper import serve

DOCUMENTS = {
    "janitoo": b'{"0": {"hadd": "0048/0001", "uuid": "temperature", "index": 0, "data": 21.375, "genre": 2, "type": 3, '
    b'"label": "Temperature", "units": "\xc2\xb0C", "help": "The temperature of the room", "is_readonly": true, '
    b'"is_writeonly": false, "cmd_class": 49, "node_uuid": "living_room", "voice_uuid": null, "poll_delay": 300, '
    b'"entry_name": "sensor_temperature"}}',
    "zigbee2mqtt": b'{"battery":87,"humidity":48.21,"last_seen":"2024-03-01T12:34:56+01:00","linkquality":102,"pressure":1013.4,'
    b'"temperature":21.37,"update":{"installed_version":16777244,"latest_version":16777244,"state":"idle"},"voltage":2985}',
    "tasmota": b'{"Time":"2024-03-01T12:34:56","DS18B20":{"Id":"01193D2B7C4E","Temperature":21.4},"ENERGY":{"TotalStartTime":'
    b'"2023-01-01T00:00:00","Total":1234.567,"Yesterday":2.345,"Today":1.234,"Period":3,"Power":57,"ApparentPower":71,'
    b'"ReactivePower":42,"Factor":0.80,"Voltage":231,"Current":0.307},"TempUnit":"C"}',
}
"""What a Janitoo node, Zigbee2MQTT and Tasmota (`tele/…/SENSOR`) publish, by the dialect."""


def reader(library: str) -> Callable[[bytes], Any]:
    """The function of a library that reads a document."""
    module = importlib.import_module("msgspec.json" if library == "msgspec" else library)
    found: Callable[[bytes], Any] = module.decode if library == "msgspec" else module.loads
    return found


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, float]]:
    """Load the library; what is returned reads, and tells the µs of processor time that each document takes."""
    read = reader(argument["library"])
    count = argument["count"]

    def run() -> dict[str, float]:
        found = {}
        for name, document in DOCUMENTS.items():
            begun = time.process_time()
            for _ in range(count):
                read(document)
            found[name] = (time.process_time() - begun) / count * 1e6
        return found

    return run


if __name__ == "__main__":
    serve(prepare)
