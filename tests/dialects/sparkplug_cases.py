"""Sparkplug B edge nodes and devices: what they publish, and the series that it makes."""

from __future__ import annotations

from support.sparkplug import field, metric, payload

from .cases import Case, Expected

SPECIFICATION = "https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf"
CIRRUS = "https://docs.chariot.io/ (MQTT Transmission) and the tag properties of Ignition"
TAHU = "https://github.com/eclipse-tahu/tahu, python/examples/example.py"
OPTO = "https://developer.opto22.com/ (groov EPIC and RIO, MQTT with Sparkplug payloads)"
NEURON = "https://docs.emqx.com/en/neuron/latest/configuration/north-apps/sparkplugb/overview.html"
AT = 1486144502122
"""Milliseconds since the epoch: the time in the examples of the specification."""
S = AT / 1000.0


def told(name: str, kind: str, value: object, **more: object) -> bytes:
    """A metric at the time of the examples."""
    return metric(name, kind, value, time=AT, **more)  # type: ignore[arg-type]


CONTROLS = (
    told("bdSeq", "Int64", 0),
    told("Node Control/Reboot", "Boolean", False),
    told("Node Control/Rebirth", "Boolean", False),
    told("Node Control/Scan Rate", "Int64", 3000),
)
PI = "spBv1.0/Sparkplug B Devices/{}/Raspberry Pi"

CASES = [
    Case(
        "Raspberry Pi with a Pibrella (the example of the specification)",
        SPECIFICATION,
        (
            (
                PI.format("NBIRTH"),
                payload(
                    [
                        *CONTROLS,
                        told("Properties/Hardware Make", "String", "Raspberry Pi"),
                        told("Properties/OS Version", "String", "Jessie with PIXEL/11.01.2017"),
                        told("Supply Voltage", "Float", 12.1),
                    ],
                    time=AT,
                    seq=0,
                ),
            ),
            (
                f"{PI.format('DBIRTH')}/Pibrella",
                payload(
                    [
                        told("Inputs/A", "Boolean", False),
                        told("Inputs/C", "Boolean", False),
                        told("Outputs/LEDs/Green", "Boolean", False),
                        told("Properties/Hardware Make", "String", "Pibrella"),
                    ],
                    time=AT,
                    seq=1,
                ),
            ),
            (PI.format("NDATA"), payload([metric("Supply Voltage", "Float", 12.3, time=AT + 1000)], time=AT + 1000, seq=2)),
            (
                f"{PI.format('DDATA')}/Pibrella",
                payload([metric("Inputs/A", "Boolean", True, time=AT + 1500)], time=AT + 1500, seq=3),
            ),
            (f"{PI.format('DCMD')}/Pibrella", payload([told("Outputs/LEDs/Green", "Boolean", True)], time=AT)),
            (PI.format("NCMD"), payload([told("Node Control/Rebirth", "Boolean", True)], time=AT)),
            ("spBv1.0/STATE/scada", '{"online":true,"timestamp":1486144502122}'),
        ),
        (
            Expected(
                "spBv1.0.Sparkplug_B_Devices.Raspberry_Pi.Supply_Voltage", "Supply Voltage", "", 12.3, "Raspberry Pi", S + 1.0
            ),
            Expected("spBv1.0.Sparkplug_B_Devices.Raspberry_Pi.Pibrella.Inputs_A", "Inputs/A", "", 1.0, "Pibrella", S + 1.5),
            Expected("spBv1.0.Sparkplug_B_Devices.Raspberry_Pi.Pibrella.Inputs_C", "Inputs/C", "", 0.0, "Pibrella", S),
            Expected(
                "spBv1.0.Sparkplug_B_Devices.Raspberry_Pi.Pibrella.Outputs_LEDs_Green",
                "Outputs/LEDs/Green",
                "",
                0.0,
                "Pibrella",
                S,
            ),
        ),
    ),
    Case(
        "Ignition Edge: aliases, engineering units, qualities, a null, and a UDT",
        CIRRUS,
        (
            (
                "spBv1.0/Plant/NBIRTH/Edge 1",
                payload([*CONTROLS, told("Node Info/Transmission Version", "String", "4.0.22", alias=1)], time=AT, seq=0),
            ),
            (
                "spBv1.0/Plant/DBIRTH/Edge 1/PLC",
                payload(
                    [
                        told(
                            "Tank/Level", "Float", 55.5, alias=10, properties={"engUnit": "%", "Quality": 192, "engHigh": "100"}
                        ),
                        told("Tank/Temperature", "Double", 21.25, alias=11, properties={"Quality": 192, "engUnit": "C"}),
                        told("Meter/Energy", "Double", 1200.5, alias=12, properties={"engUnit": "kWh"}),
                        told("Tank/Recipe", "String", "42", alias=13),
                        told("Tank/Filled At", "DateTime", AT, alias=14),
                        told("Tank/Offset", "Int32", -5, alias=15),
                        told("Pump/Speed", "Int16", 1450, alias=16, properties={"engUnit": "rpm"}),
                        told("Pump/Torque", "Float", None, alias=17, null=True),
                        told("Pump/Motor", "Template", field(18, field(1, b"1.0") + field(2, told("Amps", "Float", 4.5)))),
                    ],
                    time=AT,
                    seq=1,
                ),
            ),
            (
                "spBv1.0/Plant/DDATA/Edge 1/PLC",
                payload(
                    [
                        metric(None, "Float", 60.25, alias=10, time=AT + 2000, typed=False),
                        metric(None, "Double", 22.5, alias=11, time=AT + 2000, typed=False),
                        metric(None, "Double", 1201.5, alias=12, time=AT + 2000, typed=False),
                        metric(None, "String", "43", alias=13, time=AT + 2000, typed=False),
                        metric(None, "Int32", -17, alias=15, time=AT + 2000, typed=False),
                        metric(None, "Int16", 0, alias=16, time=AT + 2000, typed=False, properties={"Quality": 500}),
                    ],
                    time=AT + 2100,
                    seq=2,
                ),
            ),
        ),
        (
            Expected("spBv1.0.Plant.Edge_1.PLC.Tank_Level", "Tank/Level", "%", 60.25, "PLC", S + 2.0),
            Expected("spBv1.0.Plant.Edge_1.PLC.Tank_Temperature", "Tank/Temperature", "°C", 22.5, "PLC", S + 2.0),
            Expected("spBv1.0.Plant.Edge_1.PLC.Meter_Energy", "Meter/Energy", "kWh", 1201.5, "PLC", S + 2.0),
            Expected("spBv1.0.Plant.Edge_1.PLC.Meter_Energy.rate", "Meter/Energy rate", "kWh", 1201.5, "PLC", S + 2.0, "DERIVE"),
            Expected("spBv1.0.Plant.Edge_1.PLC.Tank_Offset", "Tank/Offset", "", -17.0, "PLC", S + 2.0),
            Expected("spBv1.0.Plant.Edge_1.PLC.Pump_Speed", "Pump/Speed", "rpm", None, "PLC", S + 2.0),
        ),
    ),
    Case(
        "Tahu's Python example, with signed numbers of each size",
        TAHU,
        (
            (
                "spBv1.0/Sparkplug B Devices/NBIRTH/Python Edge Node 1",
                payload(
                    [
                        *CONTROLS,
                        told("Node Metric0", "String", "hello node"),
                        told("Node Metric1", "Boolean", True),
                        told("Node Metric2", "Int64", -1),
                        told("Node Metric3", "UInt64", 2**63),
                    ],
                    time=AT,
                    seq=0,
                ),
            ),
            (
                "spBv1.0/Sparkplug B Devices/DBIRTH/Python Edge Node 1/Emulated Device",
                payload(
                    [
                        told("input/Device Metric0", "String", "hello device"),
                        told("input/Device Metric1", "Boolean", True),
                        told("output/Device Metric2", "Int16", 16),
                        told("output/Device Metric3", "Int8", -128),
                        told("output/Device Metric4", "UInt32", 4294967295),
                        told("output/Device Metric5", "UInt16", 65535),
                    ],
                    time=AT,
                    seq=1,
                ),
            ),
            (
                "spBv1.0/Sparkplug B Devices/DDATA/Python Edge Node 1/Emulated Device",
                payload([metric("output/Device Metric2", "Int16", -7, time=AT + 5000)], time=AT + 5000, seq=2),
            ),
        ),
        (
            Expected(
                "spBv1.0.Sparkplug_B_Devices.Python_Edge_Node_1.Node_Metric1", "Node Metric1", "", 1.0, "Python Edge Node 1"
            ),
            Expected(
                "spBv1.0.Sparkplug_B_Devices.Python_Edge_Node_1.Node_Metric2", "Node Metric2", "", -1.0, "Python Edge Node 1"
            ),
            Expected(
                "spBv1.0.Sparkplug_B_Devices.Python_Edge_Node_1.Node_Metric3", "Node Metric3", "", 2.0**63, "Python Edge Node 1"
            ),
            *(
                Expected(
                    f"spBv1.0.Sparkplug_B_Devices.Python_Edge_Node_1.Emulated_Device.{name.replace('/', '_').replace(' ', '_')}",
                    name,
                    "",
                    value,
                    "Emulated Device",
                )
                for name, value in (
                    ("input/Device Metric1", 1.0),
                    ("output/Device Metric2", -7.0),
                    ("output/Device Metric3", -128.0),
                    ("output/Device Metric4", 4294967295.0),
                    ("output/Device Metric5", 65535.0),
                )
            ),
        ),
    ),
    Case(
        "Opto 22 groov EPIC: channels of its modules, whose device is unplugged",
        OPTO,
        (
            ("spBv1.0/Opto22/NBIRTH/groov-EPIC-7a", payload(CONTROLS, time=AT, seq=0)),
            (
                "spBv1.0/Opto22/DBIRTH/groov-EPIC-7a/Strategy",
                payload(
                    [
                        told("Tags/fBoiler.Temp", "Float", 71.5, alias=100, properties={"Engineering Units": "°F"}),
                        told("Tags/nCycles", "Int32", 12, alias=101),
                    ],
                    time=AT,
                    seq=1,
                ),
            ),
            (
                "spBv1.0/Opto22/DBIRTH/groov-EPIC-7a/IO",
                payload([told("Module 0/Channel 1", "Float", 4.5, alias=200, properties={"units": "mA"})], time=AT, seq=2),
            ),
            ("spBv1.0/Opto22/DDEATH/groov-EPIC-7a/IO", payload(time=AT + 4000, seq=3)),
            (
                "spBv1.0/Opto22/DDATA/groov-EPIC-7a/Strategy",
                payload([metric(alias=100, value=b"\x65\x00\x00\x92\x42", time=AT + 5000)], time=AT + 5000, seq=4),
            ),
        ),
        (
            Expected(
                "spBv1.0.Opto22.groov-EPIC-7a.Strategy.Tags_fBoiler_.Temp", "Tags/fBoiler.Temp", "°F", 73.0, "Strategy", S + 5.0
            ),
            Expected("spBv1.0.Opto22.groov-EPIC-7a.Strategy.Tags_nCycles", "Tags/nCycles", "", 12.0, "Strategy", S),
            Expected("spBv1.0.Opto22.groov-EPIC-7a.IO.Module_0_Channel_1", "Module 0/Channel 1", "mA", None, "IO", S + 4.0),
        ),
    ),
    Case(
        "EMQX Neuron: a Modbus device whose gateway is lost, and is not by a death of its life before",
        NEURON,
        (
            ("spBv1.0/group1/NBIRTH/neuron", payload([told("bdSeq", "UInt64", 7)], time=AT, seq=0)),
            ("spBv1.0/group1/NDEATH/neuron", payload([told("bdSeq", "UInt64", 6)])),
            ("spBv1.0/group1/DBIRTH/neuron/modbus", payload([told("grp/hr1", "UInt16", 123)], time=AT, seq=1)),
            ("spBv1.0/group1/NBIRTH/other", payload([told("bdSeq", "UInt64", 1)], time=AT, seq=0)),
            ("spBv1.0/group1/DBIRTH/other/modbus", payload([told("grp/hr1", "UInt16", 456)], time=AT, seq=1)),
            ("spBv1.0/group1/NDEATH/other", payload([told("bdSeq", "UInt64", 1)])),
        ),
        (
            Expected("spBv1.0.group1.neuron.modbus.grp_hr1", "grp/hr1", "", 123.0, "modbus", S),
            Expected("spBv1.0.group1.other.modbus.grp_hr1", "grp/hr1", "", None, "modbus"),
        ),
    ),
    Case(
        "Store and forward: what was measured while the connection was away comes with its own time",
        SPECIFICATION,
        (
            ("spBv1.0/Field/NBIRTH/pump-house", payload([*CONTROLS, told("Flow", "Double", 1.5, alias=3)], time=AT, seq=0)),
            (
                "spBv1.0/Field/NDATA/pump-house",
                payload(
                    [
                        metric(alias=3, kind="Double", value=2.5, time=AT + 10_000, typed=False, historical=True),
                        metric(alias=3, kind="Double", value=3.5, time=AT + 20_000, typed=False, historical=True),
                        metric(alias=3, kind="Double", value=4.5, time=AT + 30_000, typed=False),
                    ],
                    time=AT + 30_000,
                    seq=1,
                ),
            ),
        ),
        (Expected("spBv1.0.Field.pump-house.Flow", "Flow", "", 4.5, "pump-house", S + 30.0),),
    ),
]
