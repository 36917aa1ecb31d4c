"""Graphite's HTTP API over the store, so that Grafana's Graphite data source works against this server."""
