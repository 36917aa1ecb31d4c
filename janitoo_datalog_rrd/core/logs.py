"""Logging as the ini's own sections have it, with folders made, secrets masked, and faults told with their section."""

from __future__ import annotations

import ast
import configparser
import json
import logging
import logging.config
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import ConfigError, JanitooError, Problem, StartError
from .flood import FloodFilter
from .options import Options
from .secrets import MASK, is_secret

_DEFAULT_FORMAT = "%(levelname)-7s %(name)s: %(message)s"
# Characters that could forge or hide a line: controls but tab and line feed, and what turns the direction of writing.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
# What Python's logging.config, and the words of the ini that it evaluates, raise on a fault.
_FAULTS = (
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    configparser.Error,
)


class SecretFilter(logging.Filter):
    """Takes secrets out of log records: out of the message, the traceback and the stack; escapes what moves a terminal's cursor.

    Args:
        secrets: texts that may not appear; their quoted forms are masked too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; every record passes."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler tells of the broken call itself
        masked = _CONTROLS.sub(_escaped, self.mask(message))
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self.mask(record.stack_info)
        return True

    def mask(self, text: str) -> str:
        """The text with every secret masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def configure_logging(options: Options, *, console: bool) -> None:
    """Set logging up from the ini; earlier handlers are closed, so it may be called again at a reload.

    Args:
        options: the configuration.
        console: a person looks at stderr: warnings go there even when the ini logs to files only.

    Raises:
        ConfigError: a logging section has a fault; logging goes to stderr then.
        StartError: a log file cannot be written; logging goes to stderr then.
    """
    _close_all()
    parser = options.logging_parser()
    try:
        if parser is None:
            _install_default()
        else:
            _fill_in(parser, options)
            _make_folders(parser, options)
            _apply(parser, options)
    except JanitooError:
        _install_default()
        raise
    finally:
        root = logging.getLogger()
        if console and not any(_is_console(handler) for handler in root.handlers):
            root.addHandler(_console_handler(logging.WARNING))
        masking = SecretFilter(_secrets(options))
        for handler in _handlers():
            handler.addFilter(FloodFilter())
            handler.addFilter(masking)


def logs_to_file() -> bool:
    """Tell whether what is logged goes to a file too."""
    return any(isinstance(handler, logging.FileHandler) for handler in logging.getLogger().handlers)


# -- reading the sections --------------------------------------------------------------------------------


def _fill_in(parser: configparser.RawConfigParser, options: Options) -> None:
    """Put the options of `[system]` where the handlers' arguments name them."""
    known = {"log_dir": str(options.log_dir), "home_dir": str(options.home_dir), "service": options.service}
    for section, option in _arguments(parser):
        raw = parser.get(section, option)
        for name, value in known.items():
            raw = raw.replace(f"%({name})s", re.sub(r"([\\'\"])", r"\\\1", value))  # it stands between quotes
        parser.set(section, option, raw)


def _make_folders(parser: configparser.RawConfigParser, options: Options) -> None:
    folders = {options.log_dir: "system"}
    for section, option in _arguments(parser):
        if "FileHandler" in parser.get(section, "class", fallback="") and (name := _file_name(parser.get(section, option))):
            folders[Path(name).parent] = section
    for folder, section in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _not_writable(options, section, folder, error) from error


def _arguments(parser: configparser.RawConfigParser) -> Iterator[tuple[str, str]]:
    for section in parser.sections():
        if section.startswith("handler_"):
            for option in ("args", "kwargs"):
                if parser.has_option(section, option):
                    yield section, option


def _file_name(raw: str) -> str | None:
    """The file that a handler's arguments name, where they are plain words."""
    try:
        given: Any = ast.literal_eval(raw)
    except (ValueError, SyntaxError):
        return None
    found = given.get("filename") if isinstance(given, dict) else given[0] if isinstance(given, tuple) and given else None
    return found if isinstance(found, str) else None


# -- laying it over Python's logging -----------------------------------------------------------------------


def _apply(parser: configparser.RawConfigParser, options: Options) -> None:
    try:
        _file_config(parser)
    except (*_FAULTS, OSError) as error:
        section, cause = _find_culprit(parser, error)
        logging.shutdown()  # closes the files of handlers that no logger ever had
        if isinstance(cause, OSError):
            raise _not_writable(options, section, cause.filename or options.log_dir, cause) from error
        fault = f"it names {cause}, which is nowhere" if isinstance(cause, KeyError) else f"{type(cause).__name__}: {cause}"
        what = f"cannot be used: {fault}; expected the form of Python's logging.config"
        raise ConfigError([Problem(_place(options, section), section, "", what)]) from error


def _file_config(parser: configparser.RawConfigParser) -> None:
    logging.config.fileConfig(parser, disable_existing_loggers=False)


def _find_culprit(parser: configparser.RawConfigParser, error: Exception) -> tuple[str, Exception]:
    """Name the section at fault, by trying each formatter, handler and logger alone."""
    for kind in ("formatter", "handler", "logger"):
        for key in _keys(parser, f"{kind}s"):
            section = f"{kind}_{key}"
            if not parser.has_section(section):
                return f"{kind}s", KeyError(f"no section [{section}]")
            try:
                _file_config(_alone(parser, kind, section))
            except (*_FAULTS, OSError) as cause:
                return section, cause
            finally:
                _close_all()
    return "loggers", error


def _alone(parser: configparser.RawConfigParser, kind: str, section: str) -> configparser.RawConfigParser:
    """A configuration of what the section needs, and no more."""
    small = configparser.RawConfigParser()
    formatters = _keys(parser, "formatters") if kind != "formatter" else [section.removeprefix("formatter_")]
    handlers = {"formatter": [], "handler": [section.removeprefix("handler_")]}.get(kind, _keys(parser, "handlers"))
    for group, keys in (("formatters", formatters), ("handlers", handlers)):
        small[group] = {"keys": ",".join(keys)}
        for key in keys:
            small[f"{group[:-1]}_{key}"] = dict(parser[f"{group[:-1]}_{key}"])
    loggers = ["root"]
    small["logger_root"] = {"level": "INFO", "handlers": ",".join(handlers)}
    if kind == "logger":
        small[section] = dict(parser[section])
        loggers = list(dict.fromkeys([*loggers, section.removeprefix("logger_")]))
    small["loggers"] = {"keys": ",".join(loggers)}
    return small


def _keys(parser: configparser.RawConfigParser, group: str) -> list[str]:
    return [key.strip() for key in parser.get(group, "keys", fallback="").split(",") if key.strip()]


def _install_default() -> None:
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(_console_handler(logging.INFO))


def _console_handler(level: int) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(_DEFAULT_FORMAT))
    return handler


def _close_all() -> None:
    """Take every handler that an earlier configuration installed from its logger, and close it."""
    for logger in _loggers():
        for handler in logger.handlers[:]:
            if logger.name == "root" or any(isinstance(each, SecretFilter) for each in handler.filters):
                logger.removeHandler(handler)
                handler.close()


def _loggers() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    yield root
    yield from (each for each in list(root.manager.loggerDict.values()) if isinstance(each, logging.Logger))


def _handlers() -> set[logging.Handler]:
    return {handler for logger in _loggers() for handler in logger.handlers}


def _is_console(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)


# -- telling of faults and keeping secrets -----------------------------------------------------------------


def _not_writable(options: Options, section: str, path: object, error: OSError) -> StartError:
    advice = "set log_dir in [system]" if section == "system" else "set its file in args, or log_dir in [system],"
    where = f"{_place(options, section)}: [{section}]"
    return StartError(f"{where} {path} cannot be written: {error.strerror}; {advice} to a place that can")


def _place(options: Options, section: str) -> str:
    """File and line of a section."""
    try:
        lines = options.path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return str(options.path)
    return next((f"{options.path}:{n}" for n, line in enumerate(lines, 1) if line.strip() == f"[{section}]"), str(options.path))


def _secrets(options: Options) -> list[str]:
    values = [
        section.values[name] for section in options.sections.values() for name in section.values if is_secret(section, name)
    ]
    return [value for value in values if isinstance(value, str)]


def _forms(secret: str) -> set[str]:
    """A secret as it may stand in a text: plain, or quoted for Python, JSON or a URL."""
    plain = {secret, repr(secret)[1:-1], repr(secret.encode())[2:-1], json.dumps(secret)[1:-1]}
    return plain | {quote(secret), quote(secret, safe="")}
