"""The decoders room: one file per dialect, each turns one MQTT message into readings."""
