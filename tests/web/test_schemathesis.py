"""Whatever a client that believes the API's description asks, the server makes no mistake, and answers as it is described."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode
from support.hypotheses import SHORT
from web.lived_in import fill
from web.sites import Site

STREAMS = "/api/v1/events"  # its answer has no end
EXAMPLES = int(os.environ.get("JNT_TEST_EXAMPLES", "12"))
"""Requests per operation and kind."""


@pytest.fixture
def operations(site: Site) -> list[Any]:
    """The operations of a server that has something of everything, as Schemathesis sees them."""
    fill(site)
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{site.client.port}/api/v1/openapi.json")
    return [found.ok() for found in schema.exclude(path=STREAMS).get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_asked_is_answered_as_the_description_says(operations: list[Any], mode: GenerationMode) -> None:
    failures = []
    for operation in operations:
        strategy = operation.as_strategy(generation_mode=mode)

        @seed(1)
        @settings(SHORT, max_examples=EXAMPLES)
        @given(strategy)
        def ask(case: Any) -> None:
            case.call_and_validate()

        try:
            ask()
        except (Exception, BaseExceptionGroup) as failure:
            failures.append(f"{operation.label}: {failure!s}"[:1500])
    assert not failures, "\n\n".join(failures)
