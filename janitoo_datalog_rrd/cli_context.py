"""What the commands of the console script share: the ini, the server, the files, and how errors are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .core.errors import BadRequestError, ConfigError, JanitooError, StoreError
from .core.options import Options, find_config
from .core.plugins import Plugins

if TYPE_CHECKING:
    from .core.contracts import SeriesInfo
    from .daemon import Daemon
    from .store.reader import FileReader

Answer = TypeVar("Answer")
_BINDING = (
    "the RRDtool binding cannot be loaded ({}): install librrd (Debian: apt-get install librrd-dev gcc python3-dev), "
    "then: pip install --force-reinstall rrdtool-bindings"
)


def tell_errors(command: Callable[..., Any]) -> Callable[..., Any]:
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


class Context:
    """What the commands share: the ini, found and read when it is asked for."""

    def __init__(self, config: str | None) -> None:
        self._config = config
        self.plugins = Plugins()

    @property
    def config_arguments(self) -> list[str]:
        """The ini as it was asked for, for a command that reads it by itself."""
        return ["-c", self._config] if self._config else []

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
