"""ESPHome: messages by the state topics of its components, without Home Assistant's discovery."""

from __future__ import annotations

from .cases import Case, Expected, document

DOCS = "https://esphome.io/components/"

CASES = [
    Case(
        "ESP32 with a BME280, whose last reading failed",
        f"{DOCS}sensor/bme280",
        (
            ("living-room/status", "online"),
            ("living-room/sensor/living_room_temperature/state", "21.43"),
            ("living-room/sensor/living_room_humidity/state", "48.1"),
            ("living-room/sensor/living_room_pressure/state", "1013.2"),
            ("living-room/sensor/living_room_pressure/state", "nan"),
            ("living-room/sensor/esphome_version/state", "2024.6.1 (ESPHome)"),
            ("living-room/debug", "[D][sensor:093]: 'Living Room Temperature': Sending state 21.43000 °C"),
        ),
        (
            Expected("living-room.sensor.living_room_temperature.state", "Living room temperature", "", 21.43, "living-room"),
            Expected("living-room.sensor.living_room_humidity.state", "Living room humidity", "", 48.1, "living-room"),
            Expected("living-room.sensor.living_room_pressure.state", "Living room pressure", "", None, "living-room"),
        ),
    ),
    Case(
        "Sonoff S31 with ESPHome, and gone",
        f"{DOCS}sensor/cse7766",
        (
            ("sonoff-s31/switch/relay/state", "ON"),
            ("sonoff-s31/sensor/power/state", "56.3"),
            ("sonoff-s31/binary_sensor/button/state", "OFF"),
            ("sonoff-s31/switch/relay/command", "ON"),
            ("sonoff-s31/status", "offline"),
        ),
        (
            Expected("sonoff-s31.switch.relay.state", "Relay", "", None, "sonoff-s31"),
            Expected("sonoff-s31.sensor.power.state", "Power", "", None, "sonoff-s31"),
            Expected("sonoff-s31.binary_sensor.button.state", "Button", "", None, "sonoff-s31"),
        ),
    ),
    Case(
        "A light with colours",
        f"{DOCS}light/",
        (
            ("desk/light/strip/state", document(
                effect="None", state="ON", color_mode="rgb", brightness=204, color={"r": 255, "g": 128, "b": 0},
            )),
            ("desk/light/lamp/state", document(state="OFF", color_mode="color_temp", brightness=100, color_temp=370)),
            ("desk/light/other/state", "ON"),
        ),
        (
            Expected("desk.light.strip.state.state", "Strip", "", 1.0, "desk"),
            Expected("desk.light.strip.state.brightness", "Strip brightness", "", 204.0),
            Expected("desk.light.strip.state.color.r", "Strip red", "", 255.0),
            Expected("desk.light.strip.state.color.g", "Strip green", "", 128.0),
            Expected("desk.light.strip.state.color.b", "Strip blue", "", 0.0),
            Expected("desk.light.lamp.state.state", "Lamp", "", 0.0),
            Expected("desk.light.lamp.state.brightness", "Lamp brightness", "", 100.0),
            Expected("desk.light.lamp.state.color_temp", "Lamp colour temperature", "mired", 370.0),
        ),
    ),
    Case(
        "A thermostat",
        f"{DOCS}climate/thermostat",
        (
            ("hall/climate/heating/mode/state", "heat"),
            ("hall/climate/heating/action/state", "idle"),
            ("hall/climate/heating/current_temperature/state", "20.3"),
            ("hall/climate/heating/target_temperature_low/state", "19.5"),
            ("hall/climate/heating/preset/state", "home"),
            ("hall/number/hysteresis/state", "0.5"),
        ),
        (
            Expected("hall.climate.heating.current_temperature.state", "Heating temperature", "°C", 20.3, "hall"),
            Expected("hall.climate.heating.target_temperature_low.state", "Heating lowest target temperature", "°C", 19.5),
            Expected("hall.number.hysteresis.state", "Hysteresis", "", 0.5),
        ),
    ),
    Case(
        "A cover and a fan, and strangers on such topics",
        f"{DOCS}cover/",
        (
            ("garage/cover/gate/state", "open"),
            ("garage/cover/gate/position/state", "75"),
            ("garage/fan/vent/state", "ON"),
            ("garage/fan/vent/speed_level/state", "3"),
            ("garage/fan/vent/oscillation/state", "oscillate_off"),
            ("tractor/status", "offline"),
            ("tractor/sensor/gps/state", "52.1,4.2"),
            ("tractor/sensor/mode/state", "ON"),
        ),
        (
            Expected("garage.cover.gate.position.state", "Gate position", "%", 75.0, "garage"),
            Expected("garage.fan.vent.state", "Vent", "", 1.0, "garage"),
            Expected("garage.fan.vent.speed_level.state", "Vent speed", "", 3.0),
        ),
    ),
]  # fmt: skip
