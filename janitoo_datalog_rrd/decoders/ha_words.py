"""Decoders, `homeassistant`: the words of discovery: abbreviations, and which numbers each kind of entity has.

Source: https://www.home-assistant.io/integrations/mqtt/ and the pages of its platforms. Of the abbreviations, those of options
that say how a state is read; what a device can be told to do is of no use to a logger.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_SHORT = """
avty availability                   avty_mode availability_mode         avty_t availability_topic
avty_tpl availability_template      bri_scl brightness_scale            bri_stat_t brightness_state_topic
bri_tpl brightness_template         bri_val_tpl brightness_value_template
clr_temp_k color_temp_kelvin        clr_temp_stat_t color_temp_state_topic
clr_temp_tpl color_temp_template    clr_temp_val_tpl color_temp_value_template
cmps components                     curr_hum_t current_humidity_topic   curr_hum_tpl current_humidity_template
curr_temp_t current_temperature_topic                                   curr_temp_tpl current_temperature_template
dev device                          dev_cla device_class                en enabled_by_default
ent_cat entity_category             exp_aft expire_after
hum_stat_t target_humidity_state_topic                                  hum_state_tpl target_humidity_state_template
hum_stat_tpl target_humidity_state_template
lrst_t last_reset_topic             lrst_val_tpl last_reset_value_template
migr_discvry migrate_discovery      name name                           o origin
off_dly off_delay                   ops options                         osc_stat_t oscillation_state_topic
osc_val_tpl oscillation_value_template
p platform                          pct_stat_t percentage_state_topic   pct_val_tpl percentage_value_template
pl_avail payload_available          pl_not_avail payload_not_available  pl_off payload_off
pl_on payload_on                    pl_osc_off payload_oscillation_off  pl_osc_on payload_oscillation_on
pl_rst payload_reset                pos reports_position                pos_clsd position_closed
pos_open position_open              pos_t position_topic                pos_tpl position_template
spd_rng_max speed_range_max         spd_rng_min speed_range_min
stat_cla state_class                stat_clsd state_closed              stat_off state_off
stat_on state_on                    stat_open state_open                stat_t state_topic
stat_tpl state_template             stat_val_tpl state_value_template
sug_dsp_prc suggested_display_precision                                 t topic
temp_hi_stat_t temperature_high_state_topic                             temp_hi_stat_tpl temperature_high_state_template
temp_lo_stat_t temperature_low_state_topic                              temp_lo_stat_tpl temperature_low_state_template
temp_stat_t temperature_state_topic temp_stat_tpl temperature_state_template
temp_unit temperature_unit          tilt_clsd_val tilt_closed_value     tilt_max tilt_max
tilt_min tilt_min                   tilt_opnd_val tilt_opened_value
tilt_status_t tilt_status_topic     tilt_status_tpl tilt_status_template
uniq_id unique_id                   unit_of_meas unit_of_measurement    val_tpl value_template
whit_val_stat_t white_value_state_topic                                 whit_val_tpl white_value_template
"""
_PAIRS = _SHORT.split()
ABBREVIATIONS: Mapping[str, str] = MappingProxyType(dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)))
"""Option as it may be abbreviated → its name."""
DEVICE_ABBREVIATIONS: Mapping[str, str] = MappingProxyType(
    {"cns": "connections", "ids": "identifiers", "sa": "suggested_area", "mf": "manufacturer", "mdl": "model"}
)
"""The same, of what is said of a device."""
SHARED = (
    "availability", "availability_mode", "availability_template", "availability_topic", "payload_available",
    "payload_not_available", "state_topic",
)  # fmt: skip
"""Options that the components of a device may have in common."""
NO_NUMBERS = frozenset(("date", "timestamp", "enum", "uptime"))
"""Device classes of sensors that are no quantity."""


class Switched(NamedTuple):
    """The texts that stand for 1 and 0.

    Attributes:
        on, off: options that may hold them; the first one that is there counts.
        on_word, off_word: the text where none is there.
    """

    on: tuple[str, ...] = ("payload_on",)
    off: tuple[str, ...] = ("payload_off",)
    on_word: str = "ON"
    off_word: str = "OFF"


class Quantity(NamedTuple):
    """Something of an entity that may be logged.

    Attributes:
        name: what it is called beside the others of its entity; empty for the entity's own state.
        topic: option with the topic that it comes on.
        template: option with its template.
        place: template where the option says nothing.
        units: as `normal_units` writes them; `temperature` for those of the option `temperature_unit`.
        switched: the texts for 1 and 0; None for a number.
    """

    name: str
    topic: str
    template: str
    place: str = ""
    units: str = ""
    switched: Switched | None = None


_STATE = Quantity("", "state_topic", "value_template")
_ON_OFF = Quantity("", "state_topic", "state_value_template", switched=Switched())
_CLIMATE = (
    Quantity("current temperature", "current_temperature_topic", "current_temperature_template", units="temperature"),
    Quantity("target temperature", "temperature_state_topic", "temperature_state_template", units="temperature"),
    Quantity("target temperature high", "temperature_high_state_topic", "temperature_high_state_template", units="temperature"),
    Quantity("target temperature low", "temperature_low_state_topic", "temperature_low_state_template", units="temperature"),
    Quantity("current humidity", "current_humidity_topic", "current_humidity_template", units="%"),
    Quantity("target humidity", "target_humidity_state_topic", "target_humidity_state_template", units="%"),
)
_LIGHT = (
    _ON_OFF,
    Quantity("brightness", "brightness_state_topic", "brightness_value_template"),
    Quantity("color temperature", "color_temp_state_topic", "color_temp_value_template", units="color_temp"),
    Quantity("white", "white_value_state_topic", "white_value_template"),
)
_LIGHT_JSON = (
    Quantity("", "state_topic", "", "{{ value_json.state }}", switched=Switched((), ())),
    Quantity("brightness", "state_topic", "", "{{ value_json.brightness }}"),
    Quantity("color temperature", "state_topic", "", "{{ value_json.color_temp }}", units="color_temp"),
)
_LIGHT_TEMPLATE = (
    Quantity("", "state_topic", "state_template", "-", switched=Switched((), (), "on", "off")),
    Quantity("brightness", "state_topic", "brightness_template", "-"),
    Quantity("color temperature", "state_topic", "color_temp_template", "-", units="color_temp"),
)
_OPEN = Switched(("state_open",), ("state_closed",), "open", "closed")
_OSCILLATION = Switched(("payload_oscillation_on",), ("payload_oscillation_off",), "oscillate_on", "oscillate_off")
QUANTITIES: Mapping[str, tuple[Quantity, ...]] = MappingProxyType(
    {
        "sensor": (_STATE,),
        "number": (_STATE,),
        "binary_sensor": (_STATE._replace(switched=Switched()),),
        "switch": (_STATE._replace(switched=Switched(("state_on", "payload_on"), ("state_off", "payload_off"))),),
        "siren": (_ON_OFF._replace(switched=Switched(("state_on", "payload_on"), ("state_off", "payload_off"))),),
        "climate": _CLIMATE,
        "water_heater": _CLIMATE,
        "light": _LIGHT,
        "light json": _LIGHT_JSON,
        "light template": _LIGHT_TEMPLATE,
        "humidifier": (_ON_OFF, *_CLIMATE[4:]),
        "fan": (
            _ON_OFF,
            Quantity("speed", "percentage_state_topic", "percentage_value_template", units="speed"),
            Quantity("oscillation", "oscillation_state_topic", "oscillation_value_template", switched=_OSCILLATION),
        ),
        "cover": (
            Quantity("position", "position_topic", "position_template", units="position"),
            Quantity("tilt", "tilt_status_topic", "tilt_status_template", units="tilt"),
        ),
        "cover state": (
            _STATE._replace(switched=_OPEN),
            Quantity("tilt", "tilt_status_topic", "tilt_status_template", units="tilt"),
        ),
        "valve": (_STATE._replace(switched=_OPEN),),
        "valve position": (_STATE._replace(name="position", units="position"),),
        "vacuum": (Quantity("battery", "state_topic", "", "{{ value_json.battery_level }}", units="%"),),
    }
)
"""Kind of entity → what is logged of it. Those that are not here have no numbers."""
