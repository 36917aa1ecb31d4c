"""How hypothesis runs in the suite: the same examples each time, no clock, and nothing written into the tree."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

SHORT = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    # the examples of a property share its folder, and write over what the one before has left there
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For properties that take a millisecond; others take fewer examples: `settings(SHORT, max_examples=50)`."""
