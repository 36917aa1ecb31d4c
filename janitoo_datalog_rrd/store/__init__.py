"""Cache, journal, snapshot, RRD files and the catalogue of series; this room knows nothing of MQTT or HTTP."""
