"""What the webhook forwarder is told: by a section of the ini, or by the environment variables of the original service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..core import parsers
from ..core.errors import ConfigError, Problem
from ..core.httpclient import HttpAddress
from ..core.outbox import MAX_BYTES, state_file
from ..core.sections import OptionSpec, Section

_DAY_S = 86400.0


def web_address(raw: str) -> str:
    """The URL of a web server; what is told of a wrong one has nothing of it."""
    try:
        HttpAddress.parse(raw)
    except ValueError as error:
        raise parsers.DiscreetError(str(error)) from None
    return raw


def device_name(raw: str) -> str:
    """What the receiver calls this machine."""
    if len(raw) > 200:
        raise ValueError(f"is {len(raw)} characters long: expected at most 200")
    return parsers.line(parsers.word(raw))


def percentage(raw: str) -> float:
    """A number from 0 to 100."""
    try:
        number = float(raw)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 100.0:
        raise ValueError(f"{raw!r} is not a percentage: expected a number from 0 to 100")
    return number


OPTIONS = (
    OptionSpec("url", web_address, None, secret=True, required=True),
    OptionSpec("device_id", device_name, None, required=True),
    OptionSpec("regular_interval", parsers.duration(1, _DAY_S), 60.0),
    OptionSpec("emergency_interval", parsers.duration(1, _DAY_S), 10.0),
    OptionSpec("cpu_max", percentage, 70.0),
    OptionSpec("cpu_average", parsers.duration(0, 3600), 10.0),
    OptionSpec("ca", parsers.text, ""),
    OptionSpec("outbox_bytes", parsers.size(1 << 16, 1 << 36), MAX_BYTES),
)
"""The options of `[webhook]`."""


class Variable(NamedTuple):
    """An environment variable of the command.

    Attributes:
        name: of the variable.
        option: which option of `[webhook]` it is.
        what: what it has, for who left it out.
    """

    name: str
    option: str
    what: str = ""


VARIABLES = (
    Variable("WEBHOOK_DESTINATION_URL", "url", "the URL that the payload is sent to"),
    Variable("DEVICE_ID", "device_id", "what the receiver calls this machine"),
    Variable("REGULAR_TRANSMISSION_INTERVAL", "regular_interval"),
    Variable("EMERGENCY_TRANSMISSION_INTERVAL", "emergency_interval"),
    Variable("CPU_PERCENTAGE_MAX", "cpu_max"),
    Variable("CPU_PERCENTAGE_AVERAGE_TIME", "cpu_average"),
    Variable("WEBHOOK_CA_FILE", "ca"),
    Variable("WEBHOOK_OUTBOX_BYTES", "outbox_bytes"),
)
"""The first six are those of the original service."""
OUTBOX_NAME = "webhook-outbox.sqlite"
OUTBOX_VARIABLE = "WEBHOOK_OUTBOX"
"""Where the command keeps what waits: the path of a file."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What is sent where, and when.

    Attributes:
        address: where to.
        device_id: who we are.
        regular_s, emergency_s: seconds between two payloads, in each mode.
        cpu_max: the load above which it is an emergency, percent.
        cpu_average_s: seconds that the load is averaged over.
        ca: file of the authorities that are trusted; empty for the system's.
        outbox_bytes: how much waits at most.
    """

    address: HttpAddress
    device_id: str
    regular_s: float
    emergency_s: float
    cpu_max: float
    cpu_average_s: float
    ca: str
    outbox_bytes: int

    @classmethod
    def from_section(cls, section: Section) -> WebhookSettings:
        """Take them from `[webhook]`."""
        return cls._of(section.values)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> WebhookSettings:
        """Take them from the environment; a variable that is empty is as good as none.

        Raises:
            ConfigError: with every variable that is missing or wrong.
        """
        specs = {spec.name: spec for spec in OPTIONS}
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for variable in VARIABLES:
            spec, raw = specs[variable.option], environ.get(variable.name, "").strip()
            values[spec.name] = spec.default
            try:
                if raw:
                    values[spec.name] = spec.parse(raw)
                elif spec.required:
                    problems.append(Problem(variable.name, "", "", f"is missing: expected {variable.what}"))
            except ValueError as error:
                problems.append(Problem(variable.name, "", "", str(error)))
        if problems:
            raise ConfigError(problems)
        return cls._of(values)

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> WebhookSettings:
        return cls(
            address=HttpAddress.parse(values["url"]),
            device_id=values["device_id"],
            regular_s=values["regular_interval"],
            emergency_s=values["emergency_interval"],
            cpu_max=values["cpu_max"],
            cpu_average_s=max(values["cpu_average"], 1.0),
            ca=values["ca"],
            outbox_bytes=values["outbox_bytes"],
        )


def outbox_path(environ: Mapping[str, str]) -> Path:
    """Where the command keeps what waits: `WEBHOOK_OUTBOX`, else a file in the folder for states.

    Raises:
        StartError: this user has no home.
    """
    given = environ.get(OUTBOX_VARIABLE, "").strip()
    return Path(given) if given else state_file(OUTBOX_NAME, environ, OUTBOX_VARIABLE)
