"""The run `fleet`: hundreds of agents on one server."""
