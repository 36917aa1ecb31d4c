"""Fuzzing, the configuration: any bytes as an ini give options, or one error that names file and line."""

from __future__ import annotations

import re
from pathlib import Path

from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.store.schema import Schemas

from .promises import Check, expect


def make_check(folder: Path) -> Check:
    """Make the check of one input, the text of an ini; it is written to the folder."""
    plugins = Plugins()
    path = folder / "fuzz.conf"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        check_ini(path, plugins)

    return check


def check_ini(path: Path, plugins: Plugins) -> Options | ConfigError:
    """Load an ini and check what comes of it. Raises BrokenPromiseError."""
    try:
        options = Options.load(path, plugins)
    except ConfigError as error:
        _check_faults(path, error)
        if "cannot be read" not in str(error):
            # what is good enough to find the server is read in spite of the faults
            expect(Options.load(path, plugins, faulty=True).home_dir is not None, "the home is known")
        return error
    _use(options)
    options.logging_parser()
    return options


def _check_faults(path: Path, error: ConfigError) -> None:
    expect(bool(error.problems), "an error says what is wrong")
    lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1
    for problem in error.problems:
        expect(bool(problem.message), "a fault says what is wrong", problem)
        found = re.fullmatch(re.escape(str(path)) + r"(?::(\d+))?", problem.where)
        expect(found is not None, "a fault names the file", problem)
        if found is not None and found[1] is not None:
            expect(1 <= int(found[1]) <= lines, "a fault names a line of the file", problem)
        else:
            expect("cannot be read" in problem.message, "a fault names its line", problem)


def _use(options: Options) -> None:
    """Ask for everything that the start of a server asks for."""
    schemas = Schemas.from_options(options)
    for section in options.prefixed("schema"):
        expect(section["step"] >= 1 and section["hold"] >= 0, "numbers are in their range", section.name)
    schema = schemas.match("0014.0001.temperature.0")
    expect(len(schema.rras()) >= 1 and schema.heartbeat() >= 2, "a schema has archives", schema)
    expect(options.home_dir is not None and options.log_dir is not None and options.pid_dir is not None, "folders are named")
    for section in options.sections.values():
        section.indexed("source_config")
