"""Decoder `openmqttgateway`, its words: the properties of Theengs' decoder and the fields of rtl_433.

Sources: the `properties` of the devices in github.com/theengs/decoder; docs/DATA_FORMAT.md of github.com/merbanan/rtl_433;
docs/use of github.com/1technophile/OpenMQTTGateway. What is not here is not logged: identifiers, counters of packets, raw data,
distances, and temperatures in °F beside those in °C.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .quantities import Quantity

Words = Mapping[str, Quantity]

THEENGS: Words = MappingProxyType(
    {
        "tempc": Quantity("Temperature", "°C"),
        **{f"tempc{each}": Quantity(f"Temperature {each}", "°C") for each in range(1, 9)},
        "tempc_min": Quantity("Lowest temperature", "°C"),
        "tempc_max": Quantity("Highest temperature", "°C"),
        "tempc2_dp": Quantity("Dew point", "°C"),
        "hum": Quantity("Humidity", "%"),
        "hum2": Quantity("Humidity 2", "%"),
        "batt": Quantity("Battery", "%"),
        "lowbatt": Quantity("Battery low"),
        "volt": Quantity("Voltage", "V"),
        "pres": Quantity("Pressure", "hPa"),
        "lux": Quantity("Illuminance", "lx"),
        "lightlevel": Quantity("Light level"),
        "darkness": Quantity("Darkness", "lx"),
        "moi": Quantity("Moisture", "%"),
        "fer": Quantity("Fertility", "µS/cm"),
        "wcon": Quantity("Water content", "%"),
        "co2": Quantity("Carbon dioxide", "ppm"),
        "for": Quantity("Formaldehyde", "mg/m³"),
        "pm25": Quantity("PM2.5", "µg/m³"),
        "pm10": Quantity("PM10", "µg/m³"),
        "weight": Quantity("Weight", "kg"),
        "impedance": Quantity("Impedance", "Ω"),
        "bpm": Quantity("Heart rate", "bpm"),
        "act_bpm": Quantity("Heart rate while active", "bpm"),
        "steps": Quantity("Steps"),
        "accx": Quantity("Acceleration X", "m/s²"),
        "accy": Quantity("Acceleration Y", "m/s²"),
        "accz": Quantity("Acceleration Z", "m/s²"),
        "mov": Quantity("Movements"),
        "motion": Quantity("Motion"),
        "moving": Quantity("Moving"),
        "open": Quantity("Open"),
        "unlocked": Quantity("Unlocked"),
        "alarm": Quantity("Alarm"),
        "position": Quantity("Position", "%"),
        "rot": Quantity("Rotation", "°"),
        "level": Quantity("Level", "%"),
        "lvl_cm": Quantity("Level", "cm"),
        "litres": Quantity("Water", "l"),
        "energy": Quantity("Energy", "kWh"),
        "avg": Quantity("Average"),
        "sum": Quantity("Sum", counted=True),
        "gravity": Quantity("Specific gravity"),
        "extprobe": Quantity("External probe"),
    }
)
"""Property of a Bluetooth device → what it is."""

PRESSURE_OF_TYRES = Quantity("Pressure", "bar")
UNIT_PROPERTIES: Mapping[str, str] = MappingProxyType({"weight": "unit", "sum": "sumu", "avg": "avgu"})
"""Property → the one that has its units."""

RTL_433: Words = MappingProxyType(
    {
        "temperature_C": Quantity("Temperature", "°C"),
        "temperature_F": Quantity("Temperature", "°F"),
        **{f"temperature_{each}_C": Quantity(f"Temperature {each}", "°C") for each in range(1, 5)},
        "setpoint_C": Quantity("Target temperature", "°C"),
        "dewpoint_C": Quantity("Dew point", "°C"),
        "humidity": Quantity("Humidity", "%"),
        "moisture": Quantity("Moisture", "%"),
        "battery_ok": Quantity("Battery OK"),
        "battery_mV": Quantity("Battery voltage", "mV"),
        "battery_V": Quantity("Battery voltage", "V"),
        "supercap_V": Quantity("Capacitor voltage", "V"),
        "pressure_hPa": Quantity("Pressure", "hPa"),
        "pressure_kPa": Quantity("Pressure", "kPa"),
        "pressure_PSI": Quantity("Pressure", "psi"),
        "pressure_bar": Quantity("Pressure", "bar"),
        "wind_avg_km_h": Quantity("Wind speed", "km/h"),
        "wind_avg_m_s": Quantity("Wind speed", "m/s"),
        "wind_avg_mi_h": Quantity("Wind speed", "mph"),
        "wind_max_km_h": Quantity("Gust", "km/h"),
        "wind_max_m_s": Quantity("Gust", "m/s"),
        "wind_max_mi_h": Quantity("Gust", "mph"),
        "wind_dir_deg": Quantity("Wind direction", "°"),
        "rain_mm": Quantity("Rain", "mm", counted=True),
        "rain_in": Quantity("Rain", "in", counted=True),
        "rain_rate_mm_h": Quantity("Rain intensity", "mm/h"),
        "rain_rate_in_h": Quantity("Rain intensity", "in/h"),
        "light_lux": Quantity("Illuminance", "lx"),
        "light_klx": Quantity("Illuminance", "lx", 1000.0),
        "lux": Quantity("Illuminance", "lx"),
        "uv": Quantity("UV index"),
        "uvi": Quantity("UV index"),
        "uv_index": Quantity("UV index"),
        "power_W": Quantity("Power", "W"),
        "energy_kWh": Quantity("Energy", "kWh", counted=True),
        "current_A": Quantity("Current", "A"),
        "voltage_V": Quantity("Voltage", "V"),
        "volume_m3": Quantity("Volume", "m³", counted=True),
        "consumption_data": Quantity("Consumption", counted=True),
        "depth_cm": Quantity("Depth", "cm"),
        "strike_count": Quantity("Lightning strikes", counted=True),
        "storm_dist_km": Quantity("Distance of the storm", "km"),
        "pm2_5_ug_m3": Quantity("PM2.5", "µg/m³"),
        "pm10_ug_m3": Quantity("PM10", "µg/m³"),
        "pm10_0_ug_m3": Quantity("PM10", "µg/m³"),
        "co2_ppm": Quantity("Carbon dioxide", "ppm"),
        "detect_wet": Quantity("Wet"),
        "closed": Quantity("Closed"),
        "opened": Quantity("Open"),
        "reed_open": Quantity("Open"),
        "contact_open": Quantity("Open"),
        "tamper": Quantity("Tamper"),
        "alarm": Quantity("Alarm"),
        "motion": Quantity("Motion"),
    }
)
"""Field of a sensor on 433 or 868 MHz → what it is."""

WIRED: Words = MappingProxyType(
    {
        "tempc": Quantity("Temperature", "°C"),
        "temp": Quantity("Temperature", "°C"),
        "hum": Quantity("Humidity", "%"),
        "pa": Quantity("Pressure", "Pa"),
    }
)
"""What sensors at the gateway's own pins send."""

SYSTEM: Words = MappingProxyType(
    {
        "rssi": Quantity("Wi-Fi signal", "dBm"),
        "freemem": Quantity("Free memory", "B"),
        "tempc": Quantity("Device temperature", "°C"),
    }
)
"""What the gateway says of itself."""

SIGNAL: Words = MappingProxyType({"rssi": Quantity("Signal strength", "dBm"), "snr": Quantity("Signal to noise", "dB")})
"""How well a gateway hears a device."""
