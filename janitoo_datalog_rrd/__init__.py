"""Logs every number of a house from MQTT into RRD files, and shows them as graphs over HTTP."""

__version__ = "0.1.0"
