"""The options of a server: those of the ini, with what was taken over the bus laid over them."""

from __future__ import annotations

import configparser
import json
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from . import parsers
from .errors import ConfigError, Problem, StartError
from .files import write_atomically
from .inifile import read_ini
from .sections import PluginSpecs, Section

CONFIG_NAME = "janitoo_datalog_rrd.conf"


class Options:
    """Every option of the server, checked.

    Attributes:
        path: the ini file that was read.
        sections: name → Section.
        given: names of the sections that the file or the environment really has.
        log: the sections of Python's logging by name, as texts.
    """

    def __init__(
        self,
        path: Path,
        sections: dict[str, Section],
        components: dict[str, dict[str, str]],
        raw: str,
        given: frozenset[str] = frozenset(),
        log: Mapping[str, Section] | None = None,
    ) -> None:
        self.path = path
        self.given = given
        self.log = dict(log or {})
        self.sections = sections
        self._components = components
        self._raw = raw
        self._remote_lock = threading.Lock()

    @classmethod
    def load(
        cls,
        path: Path,
        plugins: PluginSpecs | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        faulty: bool = False,
    ) -> Options:
        """Read and check an ini file.

        Args:
            path: the file.
            plugins: what the installed plugins say of their sections.
            environ: the environment, whose `JNT_<SECTION>_<OPTION>` override the file.
            faulty: take an ini with faults too, with the default of what is wrong; good enough to find its server.

        Raises:
            ConfigError: with every fault that was found.
        """
        try:
            raw = path.read_text(encoding="utf-8-sig")  # editors of other systems put a mark before the text
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigError([Problem(str(path), "", "", f"cannot be read: {reason}")]) from error
        return cls.from_text(path, raw, plugins, environ, faulty=faulty)

    @classmethod
    def from_text(
        cls,
        path: Path,
        raw: str,
        plugins: PluginSpecs | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        faulty: bool = False,
    ) -> Options:
        """Check the text of an ini as if it stood in its file; see `load`. Raises ConfigError."""
        content = read_ini(path, raw, plugins or PluginSpecs(), {} if environ is None else environ, faulty=faulty)
        return cls(path, content.sections, content.components, raw, content.given, content.log)

    @property
    def text(self) -> str:
        """The ini as it was read."""
        return self._raw

    @property
    def system(self) -> Section:
        """The `[system]` section."""
        return self.sections["system"]

    @property
    def data(self) -> dict[str, Any]:
        """The `[system]` section as a dictionary, as Janitoo has it."""
        return self.system.values

    @property
    def home_dir(self) -> Path:
        """Where everything that the server writes is."""
        return Path(self.system["home_dir"])

    @property
    def log_dir(self) -> Path:
        """Where log files go."""
        return Path(self.system["log_dir"] or self.home_dir / "log")

    @property
    def pid_dir(self) -> Path:
        """Where the pid file goes."""
        return Path(self.system["pid_dir"] or self.home_dir / "run")

    @property
    def conf_dir(self) -> Path:
        """Where configuration taken over the bus is kept."""
        return Path(self.system["conf_dir"] or self.home_dir / "etc")

    @property
    def service(self) -> str:
        """The service's name, used for the pid file and the MQTT client ids."""
        return str(self.system["service"])

    def section(self, name: str) -> Section:
        """A section; an empty one where the file has none of that name."""
        return self.sections.get(name) or Section(name)

    def get_option(self, section: str, option: str, default: Any = None) -> Any:
        """An option's value, or default."""
        return self.section(section).get(option, default)

    def components(self, thread: str) -> dict[str, str]:
        """Components of a thread: name → key in the entry-point group `janitoo.components`."""
        return dict(self._components.get(thread, {}))

    @property
    def addresses(self) -> set[str]:
        """The HADDs of this server's own nodes."""
        agent = ("agent", "agent__")  # one file may serve both
        return {str(each["hadd"]) for name, each in self.sections.items() if each.get("hadd") and not name.startswith(agent)}

    def prefixed(self, prefix: str) -> list[Section]:
        """Sections named `prefix__...`, in the file's order."""
        return [section for name, section in self.sections.items() if name.startswith(prefix + "__")]

    def logging_parser(self) -> configparser.RawConfigParser | None:
        """The logging sections for `logging.config.fileConfig`, or None where the file has none."""
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(self._raw)
        return parser if parser.has_section("loggers") else None

    # -- configuration taken over the bus ------------------------------------------------------------

    @property
    def _remote_path(self) -> Path:
        return self.conf_dir / "remote_config.json"

    def set_option(self, section: str, option: str, value: str, parse: parsers.Parser = parsers.text) -> Any:
        """Take an option over the bus, and keep it over a restart.

        It is kept beside the ini, which stays as its owner wrote it; a later edit of the same option in the ini wins.

        Returns:
            The parsed value.

        Raises:
            ValueError: the value is not what the option takes.
        """
        parsed = parse(value)
        with self._remote_lock:  # each thread of the server has nodes that are configured over the bus
            remote, _ = self._read_remote()
            base = remote.get(section, {}).get(option, {}).get("base") if self._is_remote(section, option) else None
            if base is None:
                base = str(self.get_option(section, option, ""))
            remote.setdefault(section, {})[option] = {"value": value, "base": base}
            self.conf_dir.mkdir(parents=True, exist_ok=True)
            write_atomically(self._remote_path, json.dumps(remote, indent=1, sort_keys=True).encode())
            target = self.sections.setdefault(section, Section(section))
            target.values[option] = parsed
            target.texts[option] = value
            target.places[option] = str(self._remote_path)
        return parsed

    def apply_remote(self, parse: Mapping[str, parsers.Parser]) -> list[str]:
        """Lay what was taken over the bus earlier over the ini's values.

        Args:
            parse: how each option that may be set over the bus is parsed.

        Returns:
            One sentence per entry that was passed over, for the log.
        """
        remote, fault = self._read_remote()
        notes = [f"{self._remote_path} {fault}; what was configured over the bus is passed over"] if fault else []
        for name, entries in remote.items():
            for option, entry in entries.items():
                section = self.sections.get(name)
                if section is None or option not in parse:
                    notes.append(f"{self._remote_path}: [{name}] {option} is of no use any more and is passed over")
                    continue
                if str(self.get_option(name, option, "")) != entry.get("base"):
                    notes.append(f"{self._remote_path}: [{name}] {option} was changed in {self.path} since; the ini wins")
                    continue
                try:
                    section.values[option] = parse[option](str(entry.get("value")))
                    section.texts[option] = str(entry.get("value"))
                except ValueError as error:
                    notes.append(f"{self._remote_path}: [{name}] {option} {error}; it is passed over")
                    continue
                section.places[option] = str(self._remote_path)
        return notes

    def _is_remote(self, section: str, option: str) -> bool:
        return self.section(section).places.get(option) == str(self._remote_path)

    def _read_remote(self) -> tuple[dict[str, dict[str, dict[str, Any]]], str]:
        """What was configured over the bus, section → option → entry; and what is wrong with the file."""
        try:
            loaded = json.loads(self._remote_path.read_bytes())
        except FileNotFoundError:
            return {}, ""
        except (OSError, ValueError, RecursionError) as error:
            return {}, f"cannot be read: {error}"
        if not (isinstance(loaded, dict) and all(_is_entries(entries) for entries in loaded.values())):
            return {}, "has another form than this server gave it"
        return loaded, ""


def _is_entries(found: Any) -> bool:
    """Tell whether it is a section of the file of what was configured over the bus: option → entry."""
    return isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values())


def find_config(given: str | None, environ: Mapping[str, str], name: str = CONFIG_NAME) -> Path:
    """Find the ini: the one given, `JNT_CONF`, `./config/`, `/etc/janitoo/`, and last the one in this package.

    Raises:
        StartError: the one that was asked for by name is not there.
    """
    for asked, how in ((given, "-c"), (environ.get("JNT_CONF"), "JNT_CONF")):
        if asked:
            path = Path(asked)
            if not _is_file(path):
                raise StartError(f"{how} {asked}: there is no such file; name an ini that is there")
            return path
    for path in (Path("config") / name, Path("/etc/janitoo") / name):
        if _is_file(path):
            return path
    return Path(str(resources.files("janitoo_datalog_rrd.config") / name))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder on the way that we may not look into
        return False
