"""The console script `jnt_datalog_rrd`: runs the server, and asks it."""

from __future__ import annotations

import logging
import os
import signal
import sys

import click

from . import __version__
from .cli_access import token, user
from .cli_context import Context, tell_errors
from .cli_series import fetch, graph, list_
from .core.errors import StartError
from .core.forwards import warning_of
from .core.logs import configure_logging, logs_to_file

logger = logging.getLogger(__name__)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-c", "--config", metavar="FILE", help="The ini. Default: $JNT_CONF, ./config/, /etc/janitoo/, the built-in one.")
@click.version_option(__version__, prog_name="jnt_datalog_rrd")
@click.pass_context
def main(context: click.Context, config: str | None) -> None:
    """Log every number of a house from MQTT into RRD files, and show them as graphs over HTTP."""
    logging.getLogger().addHandler(logging.NullHandler())  # until logging is set up, errors are told by the commands
    context.obj = Context(config)


@main.command()
@click.option("--ready-fd", type=int, hidden=True, help="Write a line to this file descriptor once the server is up.")
@click.pass_obj
@tell_errors
def front(context: Context, ready_fd: int | None) -> None:
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
@tell_errors
def start(context: Context) -> None:
    """Start the server as a daemon, and wait until it is up."""
    pid = context.daemon().start()
    click.echo(f"started (pid {pid})")


@main.command()
@click.pass_obj
@tell_errors
def stop(context: Context) -> None:
    """Stop the daemon, and wait until everything is on disk."""
    daemon = context.daemon_anyway()
    click.echo("stopped" if daemon.stop() else f"it was not running (no server holds {daemon.pid_file})")


@main.command()
@click.pass_obj
@tell_errors
def restart(context: Context) -> None:
    """Stop the daemon where it runs, and start it."""
    daemon = context.daemon()  # the ini is checked before the running server is stopped
    daemon.stop()
    click.echo(f"started (pid {daemon.start()})")


@main.command()
@click.pass_obj
@tell_errors
def reload(context: Context) -> None:
    """Check the ini, and have the daemon take it over."""
    click.echo(f"told the server (pid {context.daemon().reload()}) to read the ini again")


@main.command()
@click.pass_obj
@tell_errors
def status(context: Context) -> None:
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
@tell_errors
def check(context: Context) -> None:
    """Check the ini, and tell every fault in one go."""
    options = context.options()
    for name, why in context.plugins.failed.items():
        click.echo(f"plugin {name} cannot be loaded, the rest would run: {why}", err=True)
    for section in options.prefixed("forward"):
        if warning := warning_of(section):
            click.echo(warning, err=True)
    click.echo(f"{options.path} is in order")


@main.command()
@click.argument("name", required=False)
@click.pass_obj
@tell_errors
def flush(context: Context, name: str | None) -> None:
    """Have the server write what it has cached, of one series or of all, to the RRD files."""
    daemon = context.daemon()
    if daemon.pid() is None:
        raise StartError("the server is not running, so nothing is cached")
    count = daemon.flush(name)
    click.echo(f"{count} sample{'' if count == 1 else 's'} written")


_passed_on = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@main.command(add_help_option=False, context_settings=_passed_on)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def webhook(arguments: tuple[str, ...]) -> None:
    """Send what this machine does to a web server, as Datacake."""
    from .webhook.command import main as run

    sys.exit(run(arguments))


@main.command(add_help_option=False, context_settings=_passed_on)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def collector(arguments: tuple[str, ...]) -> None:
    """Send what processes take to a server, by HTTP."""
    from .collector.main import main as collect

    sys.exit(collect(arguments))


@main.command(add_help_option=False, context_settings=_passed_on)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def alarms(arguments: tuple[str, ...]) -> None:
    """Show which processes take too much, as a server tells it."""
    from .collector.alarms import main as show

    sys.exit(show(arguments))


@main.command(add_help_option=False, context_settings=_passed_on)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def agent(context: Context, arguments: tuple[str, ...]) -> None:
    """Measure this machine and publish it; needs no server here."""
    from .agent.main import main as run_agent  # the way to it that loads nothing else is in __main__.py

    sys.exit(run_agent([*context.config_arguments, *arguments]))


main.add_command(list_)
main.add_command(fetch)
main.add_command(graph)
main.add_command(user)
main.add_command(token)


def _leave_terminal() -> None:
    """Send what still goes to stdout and stderr nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
