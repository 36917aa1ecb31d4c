"""The exceptions of this package: one small tree under `JanitooError`."""

from __future__ import annotations

from dataclasses import dataclass


class JanitooError(Exception):
    """Base of every error this package raises on purpose.

    The message is one sentence for the person who runs the server: what was wrong, where, and what to do.
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault found in the configuration.

    Attributes:
        where: file and line (`config/x.conf:12`), or the environment variable.
        section: the ini section, without brackets; empty when the fault is in the whole file.
        option: the option's name; empty when the fault is in the whole section.
        message: what was found and what was expected.
    """

    where: str
    section: str
    option: str
    message: str

    def __str__(self) -> str:
        place = self.where
        if self.section:
            place += f": [{self.section}]"
        if self.option:
            place += f" {self.option}"
        return f"{place}: {self.message}"


class ConfigError(JanitooError):
    """The configuration has faults; `problems` lists all of them, found in one go."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class StartError(JanitooError):
    """The server cannot start: port taken, home not writable, another server running, no binding."""


class BrokerError(JanitooError):
    """The MQTT broker refused or cannot be started."""


class PluginError(JanitooError):
    """A plugin cannot be found or loaded."""


class DecodeError(JanitooError):
    """A message cannot be turned into readings.

    Attributes:
        reason: one short word for the counters, such as `not_json` or `no_number`.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class StoreError(JanitooError):
    """The store cannot do what was asked."""


class UnknownSeriesError(StoreError):
    """No series of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no series named {name!r}.")


class BadRequestError(JanitooError):
    """An argument from outside (HTTP, command line, bus) is wrong.

    Attributes:
        parameter: the argument's name.
    """

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)
