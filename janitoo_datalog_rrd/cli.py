"""The console script `jnt_datalog_rrd`: runs the server, and asks it."""

from __future__ import annotations

import csv
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from . import __version__
from .core.errors import BadRequestError, ConfigError, JanitooError, StartError, StoreError
from .core.logs import configure_logging, logs_to_file
from .core.options import Options, find_config
from .core.plugins import Plugins

if TYPE_CHECKING:
    from .core.contracts import FetchResult, SeriesInfo
    from .daemon import Daemon
    from .store.reader import FileReader

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
_BINDING = (
    "the RRDtool binding cannot be loaded ({}): install librrd (Debian: apt-get install librrd-dev gcc python3-dev), "
    "then: pip install --force-reinstall rrdtool-bindings"
)


def _tell_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn our errors into one sentence on stderr and exit status 1, or 2 where an argument is wrong."""

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ConfigError as error:
            count = len(error.problems)
            click.echo(f"The configuration has {count} fault{'s' if count > 1 else ''}:\n{error}", err=True)
        except BadRequestError as error:
            raise click.UsageError(str(error)) from error
        except JanitooError as error:
            click.echo(f"jnt_datalog_rrd: {error}", err=True)
        except ImportError as error:
            if "rrd" not in str(error):
                raise
            click.echo(f"jnt_datalog_rrd: {_BINDING.format(error)}", err=True)
        except BrokenPipeError:
            sys.stderr.close()  # the reader has gone, as `head` does
        sys.exit(1)

    return call


class _Context:
    """What the commands share: the ini, found and read when it is asked for."""

    def __init__(self, config: str | None) -> None:
        self._config = config
        self.plugins = Plugins()

    def options(self) -> Options:
        """Read and check the ini."""
        return Options.load(find_config(self._config, os.environ), self.plugins, os.environ)

    def daemon(self, options: Options | None = None) -> Daemon:
        """The server as a process."""
        from .daemon import Daemon

        return Daemon(options or self.options(), self._config)

    def daemon_anyway(self) -> Daemon:
        """The server as a process, also when its ini has faults by now; they are told."""
        from .daemon import Daemon

        path = find_config(self._config, os.environ)
        try:
            options = Options.load(path, self.plugins, os.environ)
        except ConfigError as error:
            click.echo(f"{error}\nThe faults above do not hold this command up.", err=True)
            options = Options.load(path, self.plugins, os.environ, faulty=True)
        return Daemon(options, self._config)

    def reader(self) -> FileReader:
        """The files, flushed by the server where it runs."""
        return self._files(lambda daemon: daemon.flush())[0]

    def list_series(self) -> list[SeriesInfo]:
        """Every series: as the server tells, or where it does not run, as the files do."""
        reader, told = self._files(lambda daemon: daemon.list_series())
        return reader.list_series() if told is None else told

    def _files(self, ask: Callable[[Daemon], Answer]) -> tuple[FileReader, Answer | None]:
        """The files, after the server was asked for something; None is the answer where it does not run or answer."""
        from .store.reader import FileReader

        options = self.options()
        daemon = self.daemon(options)
        answer = None
        if daemon.pid() is not None:
            try:
                answer = ask(daemon)
            except StoreError as error:
                click.echo(f"jnt_datalog_rrd: {error}; what it has not written yet is missing here", err=True)
        return FileReader.from_options(options), answer


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-c", "--config", metavar="FILE", help="The ini. Default: $JNT_CONF, ./config/, /etc/janitoo/, the built-in one.")
@click.version_option(__version__, prog_name="jnt_datalog_rrd")
@click.pass_context
def main(context: click.Context, config: str | None) -> None:
    """Log every number of a house from MQTT into RRD files, and show them as graphs over HTTP."""
    logging.getLogger().addHandler(logging.NullHandler())  # until logging is set up, errors are told by the commands
    context.obj = _Context(config)


@main.command()
@click.option("--ready-fd", type=int, hidden=True, help="Write a line to this file descriptor once the server is up.")
@click.pass_obj
@_tell_errors
def front(context: _Context, ready_fd: int | None) -> None:
    """Run the server in the foreground, until Ctrl-C or SIGTERM; SIGHUP reads the ini again."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # one that comes before the server listens to it may not end it
    options = context.options()
    from .core.memory import use_one_arena
    from .core.server import make_folders
    from .core.services import Services
    from .server import DatalogServer

    use_one_arena()
    make_folders(options)
    configure_logging(options, console=True)
    for name, why in context.plugins.failed.items():
        logger.error("plugin %s cannot be loaded: %s", name, why)

    def on_ready() -> None:
        if ready_fd is not None:
            os.write(ready_fd, b"up\n")
            os.close(ready_fd)
            if logs_to_file():
                # the log file is bounded; the one that `start` gave us for its own first words is not
                _leave_terminal()

    DatalogServer(options, Services.build(options, context.plugins)).run(on_ready)


@main.command()
@click.pass_obj
@_tell_errors
def start(context: _Context) -> None:
    """Start the server as a daemon, and wait until it is up."""
    pid = context.daemon().start()
    click.echo(f"started (pid {pid})")


@main.command()
@click.pass_obj
@_tell_errors
def stop(context: _Context) -> None:
    """Stop the daemon, and wait until everything is on disk."""
    daemon = context.daemon_anyway()
    click.echo("stopped" if daemon.stop() else f"it was not running (no server holds {daemon.pid_file})")


@main.command()
@click.pass_obj
@_tell_errors
def restart(context: _Context) -> None:
    """Stop the daemon where it runs, and start it."""
    daemon = context.daemon()  # the ini is checked before the running server is stopped
    daemon.stop()
    click.echo(f"started (pid {daemon.start()})")


@main.command()
@click.pass_obj
@_tell_errors
def reload(context: _Context) -> None:
    """Check the ini, and have the daemon take it over."""
    click.echo(f"told the server (pid {context.daemon().reload()}) to read the ini again")


@main.command()
@click.pass_obj
@_tell_errors
def status(context: _Context) -> None:
    """Tell whether the server runs and is well; exit status 1 when not."""
    daemon = context.daemon_anyway()
    pid = daemon.pid()
    if pid is None:
        click.echo(f"not running (no server holds {daemon.pid_file})")
        sys.exit(1)
    click.echo(f"running (pid {pid})")
    health = daemon.health()
    problems = health.get("problems", {})
    for part, what in [*problems.items(), *health.get("notes", {}).items()]:
        click.echo(f"{part}: {what}")
    if not problems:
        click.echo(f"{health.get('status', 'unknown')}: {daemon.url}")
    sys.exit(1 if problems else 0)


@main.command()
@click.pass_obj
@_tell_errors
def check(context: _Context) -> None:
    """Check the ini, and tell every fault in one go."""
    options = context.options()
    for name, why in context.plugins.failed.items():
        click.echo(f"plugin {name} cannot be loaded, the rest would run: {why}", err=True)
    click.echo(f"{options.path} is in order")


@main.command()
@click.argument("name", required=False)
@click.pass_obj
@_tell_errors
def flush(context: _Context, name: str | None) -> None:
    """Have the server write what it has cached, of one series or of all, to the RRD files."""
    daemon = context.daemon()
    if daemon.pid() is None:
        raise StartError("the server is not running, so nothing is cached")
    count = daemon.flush(name)
    click.echo(f"{count} sample{'' if count == 1 else 's'} written")


@main.command("list")
@click.pass_obj
@_tell_errors
def list_(context: _Context) -> None:
    """List the series with their last values."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = context.list_series()
    if not sys.stdout.isatty():
        for info in found:
            click.echo(info.name)
        return
    table = Table(box=None, header_style="bold")
    table.add_column("series", no_wrap=True, overflow="ignore")  # it is what the other commands are given
    table.add_column("label", overflow="fold")
    table.add_column("last value", overflow="fold")
    table.add_column("at", no_wrap=True)
    for info in found:
        table.add_row(info.name, Text(info.label), Text(_last_values(info)), _local(info.last_time).partition("+")[0])
    Console(soft_wrap=True).print(table if found else "nothing is logged yet")


@main.command()
@click.argument("name")
@click.option("--start", default="-1h", show_default=True, help="AT-style time, such as -1d or 20260101.")
@click.option("--end", default="now", show_default=True, help="AT-style time.")
@click.option("--cf", type=click.Choice(["AVERAGE", "MIN", "MAX", "LAST"]), default="AVERAGE", show_default=True)
@click.option("--resolution", type=click.IntRange(1), help="Seconds that a row should stand for.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.pass_obj
@_tell_errors
def fetch(context: _Context, name: str, start: str, end: str, cf: str, resolution: int | None, form: str) -> None:
    """Print the rows of a series."""
    from .web.drawing.timespan import check_time

    span = check_time("start", start), check_time("end", end)
    reader = context.reader()
    info = reader.get_series(name)
    result = reader.fetch(name, *span, cf, resolution)
    {"table": _print_table, "csv": _print_csv, "json": _print_json}[form](info, result)


@main.command()
@click.argument("name")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .png or .svg file.")
@click.option("--start", default="-1d", show_default=True, help="AT-style time, such as -1d or 20260101.")
@click.option("--end", default="now", show_default=True, help="AT-style time.")
@click.option("--width", type=click.IntRange(50, 4000), default=800, show_default=True, help="Pixels of the plot.")
@click.option("--height", type=click.IntRange(30, 3000), default=300, show_default=True, help="Pixels of the plot.")
@click.pass_obj
@_tell_errors
def graph(context: _Context, name: str, output: str, start: str, end: str, width: int, height: int) -> None:
    """Draw a graph of a series into a file."""
    import time

    from .web.drawing.graph import GraphRenderer
    from .web.drawing.graphquery import GraphQuery
    from .web.drawing.painter import paint
    from .web.drawing.timespan import check_time

    form = Path(output).suffix.lstrip(".").lower()
    if form not in ("png", "svg"):
        raise click.UsageError(f"{output!r} should end in .png or .svg")
    query = GraphQuery(start=check_time("start", start), end=check_time("end", end), width=width, height=height, format=form)
    picture = GraphRenderer(time.time, paint).picture(context.reader().get_series(name), query)
    try:
        Path(output).write_bytes(picture.content or b"")
    except OSError as error:
        raise StartError(f"{output} cannot be written: {error.strerror}") from error


def _leave_terminal() -> None:
    """Send what still goes to stdout and stderr nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _last_values(info: SeriesInfo) -> str:
    several = len(info.columns) > 1
    parts = []
    for column in info.columns:
        number = "unknown" if column.last_value is None or column.last_value != column.last_value else f"{column.last_value:.10g}"
        parts.append(f"{column.label + ' ' if several else ''}{number} {column.units}".strip())
    return ", ".join(parts)


def _local(time_s: float | None) -> str:
    return "" if time_s is None else datetime.fromtimestamp(time_s).astimezone().isoformat(sep=" ", timespec="seconds")


def _rows(result: FetchResult) -> list[tuple[int, tuple[float | None, ...]]]:
    return [(result.start + (index + 1) * result.step, row) for index, row in enumerate(result.rows)]


def _print_table(_info: SeriesInfo, result: FetchResult) -> None:
    click.echo("  ".join(["time".ljust(25), *(column.rjust(20) for column in result.columns)]))
    for time_s, row in _rows(result):
        numbers = ("-" if number is None else f"{number:.10g}" for number in row)
        click.echo("  ".join([_local(time_s).ljust(25), *(number.rjust(20) for number in numbers)]))


def _print_csv(_info: SeriesInfo, result: FetchResult) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["time", *result.columns])
    for time_s, row in _rows(result):
        moment = datetime.fromtimestamp(time_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow([moment, *("" if number is None else repr(number) for number in row)])


def _print_json(info: SeriesInfo, result: FetchResult) -> None:
    rows = [[time_s, *row] for time_s, row in _rows(result)]
    json.dump({"series": info.name, "step": result.step, "columns": ["time", *result.columns], "rows": rows}, sys.stdout)
    click.echo()
