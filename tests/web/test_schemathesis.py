"""Whatever a client that believes the API's description asks, the server makes no mistake, and answers as it is described."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support import Mosquitto
from support.hypotheses import SHORT
from web.lived_in import lived_in

STREAMS = "/api/v1/events"  # its answer has no end
EXAMPLES = int(os.environ.get("JNT_TEST_EXAMPLES", "5"))
"""Requests per operation and kind."""
# A schema cannot tell which texts are times or targets, nor that a start comes before an end.
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": ["400", "404", "406", "409", "413", "415", "431"]}}}
NOT_ASKED = [positive_data_acceptance]
RUN = settings(SHORT, max_examples=EXAMPLES, report_multiple_bugs=False)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_is_asked_is_answered_as_the_description_says(
    tmp_path: Path, mosquitto: Mosquitto, mode: GenerationMode
) -> None:
    with lived_in(tmp_path, mosquitto, auth="required") as (house, _, may):
        config = schemathesis.Config.from_dict(CONFIG)
        schema = schemathesis.openapi.from_url(f"{house.url}/api/v1/openapi.json", headers=may, config=config)
        every = [found.ok() for found in schema.exclude(path=STREAMS).get_all_operations()]
        assert len(every) > 20
        failures = [failure for operation in every if (failure := ask(operation, mode, may))]
    assert not failures, "\n\n".join(failures)


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> str:
    """Ask an operation as its description allows, or as it does not; what was wrong, or empty."""

    @RUN
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=NOT_ASKED, timeout=20)

    try:
        check()
    except Unsatisfiable:  # there is nothing that could be wrong with it
        return ""
    except (Failure, FailureGroup, AssertionError) as failure:
        return f"{operation.label}: {failure!s} {getattr(failure, 'exceptions', '')}"[:2000]
    return ""
