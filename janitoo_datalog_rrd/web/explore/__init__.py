"""Explore: the bus as it is seen by one who looks, and numbers logged by a click."""
