"""The simulated house: its sixty devices."""

from __future__ import annotations

from .announced import Announced, DeviceForm, EspHome
from .conventions import Homie4, Homie5, Janitoo, Sparkplug
from .lines import Collectd, Plain, PlainDocument, Senml, Telegraf, Victron
from .model import Device
from .plugs import ShellyPlug, ShellyPlus, Tasmota, TasmotaClimate
from .radio import Beacon, Bridge, Zigbee, ZigbeePlug

_ROOMS = ("Kitchen", "Bedroom", "Bath", "Hall", "Attic", "Cellar", "Office", "Garage", "Garden", "Porch", "Pantry", "Loft")


def furnish() -> list[Device]:
    """All devices, each with a seed of its own: the same house each time."""
    bridge = Bridge()
    made: list[Device] = [Announced(f"{_ROOMS[each]} multi", 100 + each) for each in range(5)]
    made += [EspHome(f"{_ROOMS[each]} air", 200 + each) for each in range(4)]
    made += [DeviceForm(f"{_ROOMS[each]} form", 300 + each) for each in range(3)]
    made += [Zigbee(f"{_ROOMS[each]} weather", 400 + each, bridge) for each in range(7)]
    made += [ZigbeePlug(f"{_ROOMS[each]} plug", 500 + each, bridge) for each in range(3)]
    made += [Tasmota(f"{_ROOMS[each]} meter", 600 + each) for each in range(3)]
    made += [TasmotaClimate(f"{_ROOMS[each]} am2301", 650 + each) for each in range(3)]
    made += [ShellyPlug("", 700 + each) for each in range(4)]
    made += [ShellyPlus("", 750 + each) for each in range(4)]
    made += [Homie4(f"{_ROOMS[each]} homie", 800 + each) for each in range(3)]
    made += [Homie5(f"{_ROOMS[each]} homie five", 850 + each) for each in range(2)]
    made += [Sparkplug("", 900 + each) for each in range(3)]
    made += [Collectd(f"host{each}", 1000 + each) for each in range(2)]
    made += [Telegraf(f"box{each}", 1100 + each) for each in range(2)]
    made += [Senml("", 1200 + each) for each in range(2)]
    made += [Beacon("", 1300 + each) for each in range(3)]
    made += [Victron(f"Battery {each}", 1400 + each) for each in range(2)]
    made += [Janitoo("", 1500 + each) for each in range(2)]
    made += [Plain("pond", 1600), Plain("shed", 1601), PlainDocument("greenhouse", 1602)]
    return made
