"""The ini file: read, checked in one go with file and line, overridden by the environment and by the bus."""

from __future__ import annotations

import configparser
import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from . import parsers
from .errors import ConfigError, Problem, StartError
from .files import write_atomically

CONFIG_NAME = "janitoo_datalog_rrd.conf"
_LOGGING_SECTION = re.compile(r"(loggers|handlers|formatters|(logger|handler|formatter)_.+)")
_SUFFIX = re.compile(r"(.+?)_([0-9]+)")


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option of a section.

    Attributes:
        name: as it stands in the ini, without an index.
        parse: turns its text into a value, raising ValueError with what was expected.
        default: the value where the ini has none.
        indexed: True when `name_0`, `name_1` ... are taken beside `name` (which is `name_0`).
        secret: True when its value must never be shown.
        required: True when there is no default.
    """

    name: str
    parse: parsers.Parser = parsers.text
    default: Any = None
    indexed: bool = False
    secret: bool = False
    required: bool = False


Specs = tuple[OptionSpec, ...]

SYSTEM: Specs = (
    OptionSpec("service", parsers.word, "jnt_datalog_rrd"),
    OptionSpec("home_dir", parsers.word, "./rrd"),
    OptionSpec("log_dir", parsers.text, ""),
    OptionSpec("pid_dir", parsers.text, ""),
    OptionSpec("conf_dir", parsers.text, ""),
    OptionSpec("broker_ip", parsers.word, "127.0.0.1"),
    OptionSpec("broker_port", parsers.integer(1, 65535), 1883),
    OptionSpec("broker_user", parsers.text, ""),
    OptionSpec("broker_password", parsers.text, "", secret=True),
    OptionSpec("broker_keepalive", parsers.integer(5, 65535), 60),
    OptionSpec("broker_mode", parsers.choice("auto", "external", "embedded"), "auto"),
    OptionSpec("broker_protocol", parsers.choice("3.1.1", "5"), "5"),
    OptionSpec("broker_client_id", parsers.text, ""),
    OptionSpec("broker_tls", parsers.boolean, False),
    OptionSpec("broker_tls_ca", parsers.text, ""),
    OptionSpec("broker_tls_cert", parsers.text, ""),
    OptionSpec("broker_tls_key", parsers.text, ""),
    OptionSpec("heartbeat_timeout", parsers.duration(1), 60.0),
    OptionSpec("heartbeat_count", parsers.integer(1, 1000), 3),
    OptionSpec("gc_delay", parsers.duration(0), 0.0),
)
THREAD: Specs = (
    OptionSpec("auto_start", parsers.boolean, True),
    OptionSpec("hadd", parsers.hadd, None),
    OptionSpec("name", parsers.text, ""),
    OptionSpec("location", parsers.text, ""),
    OptionSpec("heartbeat", parsers.duration(1), 60.0, indexed=True),
    OptionSpec("uuid", parsers.text, ""),
)
COMPONENT: Specs = (
    OptionSpec("hadd", parsers.hadd, None, required=True),
    OptionSpec("name", parsers.text, ""),
    OptionSpec("location", parsers.text, ""),
    OptionSpec("heartbeat", parsers.duration(1), 60.0, indexed=True),
    OptionSpec("uuid", parsers.text, ""),
)
SCHEMA: Specs = (
    OptionSpec("pattern", parsers.pattern, None, required=True),
    OptionSpec("step", parsers.whole_seconds(1, 86400), 10),
    OptionSpec("retention", parsers.retention, parsers.retention("10s:1d, 1m:7d, 10m:90d, 1h:5y")),
    OptionSpec("hold", parsers.duration(0), 3600.0),
    OptionSpec("reorder_window", parsers.duration(0), 10.0),
)
DECODER: Specs = (
    OptionSpec("topics", parsers.topic_filters, None, required=True),
    OptionSpec("kind", parsers.word, None, required=True),
    OptionSpec("value", parsers.text, ""),
    OptionSpec("time", parsers.text, ""),
    OptionSpec("label", parsers.text, ""),
    OptionSpec("units", parsers.text, ""),
)
DEFAULT_SCHEMA_NAME = "schema__default"


@dataclass(slots=True)
class _Given:
    """An option's text with the place where it was given."""

    raw: str
    where: str


@dataclass(slots=True)
class Section:
    """One section of the configuration, parsed.

    Attributes:
        name: without brackets.
        values: option name → value, defaults included; indexed options as `name_N`.
        places: option name → where it was given; options at their default are not in it.
        secrets: names of options whose values must not be shown.
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    def __getitem__(self, option: str) -> Any:
        return self.values[option]

    def get(self, option: str, default: Any = None) -> Any:
        """The value of an option, `name` standing for `name_0`; default where there is none."""
        if option in self.values:
            return self.values[option]
        return self.values.get(f"{option}_0", default)

    def indexed(self, option: str) -> dict[int, Any]:
        """Every value of an indexed option by its index, in the order of the indexes."""
        found = {}
        for name, value in self.values.items():
            match = _SUFFIX.fullmatch(name)
            if match is not None and match[1] == option:
                found[int(match[2])] = value
        return dict(sorted(found.items()))


class PluginSpecs:
    """What the plugins say of their sections; the empty one knows none.

    `core.plugins.Plugins` is the one that asks the installed packages.
    """

    def thread_names(self) -> Iterable[str]:
        """Names of the threads, which are names of sections."""
        return ()

    def thread_specs(self, name: str) -> Specs | None:
        """Options that a thread takes beside the common ones; None when it does not say."""
        return None

    def component_specs(self, key: str) -> Specs | None:
        """Options that a component takes beside the common ones; None when it does not say."""
        return None

    def has_component(self, key: str) -> bool:
        """Tell whether a component of that key is installed."""
        return False

    def decoder_kinds(self) -> Iterable[str]:
        """Names of the dialects."""
        return ()


class Options:
    """Every option of the server, checked.

    Attributes:
        path: the ini file that was read.
        sections: name → Section.
        given: names of the sections that the file or the environment really has.
    """

    def __init__(
        self,
        path: Path,
        sections: dict[str, Section],
        components: dict[str, dict[str, str]],
        raw: str,
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.given = given
        self.sections = sections
        self._components = components
        self._raw = raw
        self._remote_lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, plugins: PluginSpecs | None = None, environ: Mapping[str, str] | None = None) -> Options:
        """Read and check an ini file.

        Args:
            path: the file.
            plugins: what the installed plugins say of their sections.
            environ: the environment, whose `JNT_<SECTION>_<OPTION>` override the file.

        Raises:
            ConfigError: with every fault that was found.
        """
        try:
            raw = path.read_text(encoding="utf-8-sig")  # editors of other systems put a mark before the text
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigError([Problem(str(path), "", "", f"cannot be read: {reason}")]) from error
        return _Loader(path, raw, plugins or PluginSpecs(), {} if environ is None else environ).load()

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


class _Loader:
    """Reads one ini file and collects every fault in it."""

    def __init__(self, path: Path, raw: str, plugins: PluginSpecs, environ: Mapping[str, str]) -> None:
        self.path = path
        self.raw = raw
        self.plugins = plugins
        self.environ = environ
        self.problems: list[Problem] = []
        self.given: dict[str, dict[str, _Given]] = {}
        self.section_places: dict[str, str] = {}
        self.components: dict[str, dict[str, str]] = {}

    def load(self) -> Options:
        self._scan()
        self._override()
        threads = list(self.plugins.thread_names())
        for thread in threads:
            self._take_components(thread)
        sections: dict[str, Section] = {}
        for name in ["system", *threads, *self.given]:
            if name in sections or _LOGGING_SECTION.fullmatch(name):
                continue
            specs = self._specs_of(name, threads)
            if specs is not None:
                sections[name] = self._parse_section(name, specs)
        sections.setdefault("system", Section("system"))
        if DEFAULT_SCHEMA_NAME not in sections:
            self.given.setdefault(DEFAULT_SCHEMA_NAME, {})["pattern"] = _Given(".*", "built in")
            sections[DEFAULT_SCHEMA_NAME] = self._parse_section(DEFAULT_SCHEMA_NAME, _Open(SCHEMA))
        self._check_between(sections)
        self._check_logging()
        if self.problems:
            raise ConfigError(sorted(self.problems, key=_line_of))
        return Options(self.path, sections, self.components, self.raw, frozenset(self.given))

    # -- reading -------------------------------------------------------------------------------------

    def _fault(self, where: str, section: str, option: str, message: str) -> None:
        self.problems.append(Problem(where, section, option, message))

    def _scan(self) -> None:
        """Find each option with its line; configparser's rules, without its silence about places."""
        section = ""
        last: _Given | None = None
        for number, line in enumerate(self.raw.split("\n"), start=1):
            where = f"{self.path}:{number}"
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            if line[0] in " \t" and last is not None:
                last.raw = f"{last.raw}\n{stripped}".strip()
                continue
            if stripped[0] == "[" and stripped[-1] == "]":
                section, last = stripped[1:-1].strip(), None
                if section in self.given:
                    self._fault(where, section, "", f"the section stands twice; first at {self.section_places[section]}")
                self.given.setdefault(section, {})
                self.section_places.setdefault(section, where)
                continue
            name, separator, value = _split_option(stripped)
            if not separator or not name:
                # only the first word is shown: the rest may be a password whose `=` was forgotten
                self._fault(where, section, "", f"{stripped.split()[0][:60]!r} begins neither a [section] nor `option = value`")
                last = None
                continue
            if not section:
                self._fault(where, "", name, "stands before the first [section]")
                continue
            if not name.startswith("components."):
                name = name.lower()
            if name in self.given[section]:
                self._fault(where, section, name, f"stands twice; first at {self.given[section][name].where}")
            last = self.given[section][name] = _Given(value, where)

    def _override(self) -> None:
        names = sorted({"system", *self.given, *self.plugins.thread_names()}, key=len, reverse=True)
        for variable, value in self.environ.items():
            for section in names:
                prefix = f"JNT_{section.upper()}_"
                if variable.startswith(prefix) and len(variable) > len(prefix):
                    option = variable[len(prefix) :].lower()
                    given = self.given.setdefault(section, {})
                    base = option.removesuffix("_0")
                    given.pop(f"{base}_0", None)
                    given.pop(base, None)
                    given[option] = _Given(value, f"environment variable {variable}")
                    break

    def _take_components(self, thread: str) -> None:
        options = self.given.get(thread, {})
        taken: dict[str, str] = {}
        for option in [name for name in options if name.startswith("components.")]:
            given = options.pop(option)
            name = option.removeprefix("components.")
            if not self.plugins.has_component(given.raw):
                self._fault(given.where, thread, option, f"{given.raw!r} is not an installed component")
                self.given.pop(f"{thread}__{name}", None)
            elif f"{thread}__{name}" not in self.given:
                self._fault(given.where, thread, option, f"has no section [{thread}__{name}]: add it, with at least its hadd")
            else:
                taken[name] = given.raw
        self.components[thread] = taken

    # -- checking ------------------------------------------------------------------------------------

    def _specs_of(self, name: str, threads: list[str]) -> _Open | None:
        if name == "system":
            return _Open(SYSTEM)
        if name in threads:
            extra = self.plugins.thread_specs(name)
            return _Open(self._with_address(name, _merge(THREAD, extra)), anything=extra is None)
        prefix, _, rest = name.partition("__")
        if rest and prefix == "schema":
            return _Open(SCHEMA)
        if rest and prefix == "decoder":
            return _Open(DECODER)
        if rest and prefix in threads:
            key = self.components[prefix].get(rest)
            if key is not None:
                extra = self.plugins.component_specs(key)
                return _Open(_merge(COMPONENT, extra), anything=extra is None)
            self._fault(
                self.section_places.get(name, "environment"),
                name,
                "",
                f"no component of that name: add `components.{rest} = ...` to [{prefix}], or remove the section",
            )
            return None
        forms = ["system", *threads, *(f"{thread}__NAME" for thread in threads), "schema__NAME", "decoder__NAME"]
        known = ", ".join(f"[{form}]" for form in forms)
        self._fault(self.section_places.get(name, "environment"), name, "", f"unknown section: expected one of {known}")
        return None

    def _with_address(self, name: str, specs: Specs) -> Specs:
        """The options of a thread; one that the ini has a section for needs an address, its own or its default."""
        if name not in self.given or self.plugins.thread_specs(name) is None:
            return specs
        return tuple(replace(spec, required=spec.default is None) if spec.name == "hadd" else spec for spec in specs)

    def _parse_section(self, name: str, specs: _Open) -> Section:
        section = Section(name, secrets=frozenset(spec.name for spec in specs.specs if spec.secret))
        by_name = {spec.name: spec for spec in specs.specs}
        for option, given in self.given.get(name, {}).items():
            spec = by_name.get(option)
            stored = option
            if spec is not None and spec.indexed:
                stored = f"{option}_0"
            elif spec is None and (match := _SUFFIX.fullmatch(option)) is not None:
                spec = by_name.get(match[1])
                if spec is not None and not spec.indexed:
                    if match[2] != "0":
                        self._fault(given.where, name, option, "takes no index: write it without the number")
                        continue
                    stored = spec.name
                elif spec is not None:
                    stored = f"{match[1]}_{int(match[2])}"
            if spec is None:
                if specs.anything:
                    section.values[option] = given.raw
                    section.places[option] = given.where
                else:
                    near = ", ".join(sorted(each + ("_N" if by_name[each].indexed else "") for each in by_name))
                    self._fault(given.where, name, option, f"unknown option: expected one of {near}")
                continue
            if stored in section.places:
                self._fault(given.where, name, option, f"says the same as the option at {section.places[stored]}")
                continue
            section.places[stored] = given.where
            try:
                section.values[stored] = spec.parse(given.raw)
            except ValueError as error:
                message = "is not what it takes" if spec.secret else str(error)
                self._fault(given.where, name, option, message)
        for spec in specs.specs:
            stored = f"{spec.name}_0" if spec.indexed else spec.name
            given_any = stored in section.places or (spec.indexed and bool(section.indexed(spec.name)))
            if spec.required and not given_any:
                where = self.section_places.get(name, str(self.path))
                self._fault(where, name, stored, "is missing")
            if spec.default is not None:
                section.values.setdefault(stored, spec.default)
        return section

    def _check_between(self, sections: dict[str, Section]) -> None:
        """Faults that no section has by itself: addresses, files and kinds that clash."""
        addresses: dict[str, str] = {}
        files: dict[str, str] = {}
        for name, section in sections.items():
            if (address := section.get("hadd")) is not None:
                place = section.places.get("hadd", f"the default of [{name}]")
                if address in addresses:
                    taken = f"{address} is taken already, at {addresses[address]}"
                    self._fault(place, name, "hadd", f"{taken}: each node needs its own")
                addresses.setdefault(address, place)
            file_place = section.places.get("rrd_file_0")
            rrd_file = section.get("rrd_file")
            if file_place is not None and rrd_file is not None:
                if rrd_file in files:
                    self._fault(file_place, name, "rrd_file_0", f"{rrd_file} is written already, at {files[rrd_file]}")
                files.setdefault(rrd_file, file_place)
        self._check_schemas(sections)
        kinds = set(self.plugins.decoder_kinds())
        for name, section in sections.items():
            kind = section.get("kind")
            if name.startswith("decoder__") and kind is not None and kinds and kind not in kinds:
                expected = ", ".join(sorted(kinds))
                self._fault(section.places.get("kind", ""), name, "kind", f"{kind!r} is not known: expected one of {expected}")

    def _check_schemas(self, sections: dict[str, Section]) -> None:
        for name, section in sections.items():
            step, retention = section.get("step"), section.get("retention")
            if not name.startswith("schema__") or step is None or retention is None:
                continue
            unfit = next((precision for precision, _ in retention if precision % step), None)
            if unfit is not None:
                option = "retention" if "retention" in section.places else "step"
                where = section.places.get(option, str(self.path))
                message = f"rows of {unfit}s cannot be made of steps of {step}s: expected multiples of step"
                self._fault(where, name, option, message)

    def _check_logging(self) -> None:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(self.raw)
        except configparser.Error:
            return  # the scan has told the same fault with its line
        for group in ("loggers", "handlers", "formatters"):
            if group not in self.given:
                continue
            keys = self.given[group].get("keys")
            for key in [part.strip() for part in keys.raw.split(",")] if keys and keys.raw else []:
                if f"{group[:-1]}_{key}" not in self.given:
                    where = keys.where if keys else str(self.path)
                    self._fault(where, group, "keys", f"{key!r} has no section [{group[:-1]}_{key}]")


@dataclass(frozen=True, slots=True)
class _Open:
    """The options of a section, and whether others are taken too (a plugin that does not say)."""

    specs: Specs
    anything: bool = False


def _merge(common: Specs, extra: Specs | None) -> Specs:
    """The common options with a plugin's own, which may say otherwise of a common one."""
    own = {spec.name for spec in extra or ()}
    return tuple(spec for spec in common if spec.name not in own) + (extra or ())


def _split_option(line: str) -> tuple[str, str, str]:
    """Split `option = value` or `option: value` at the first separator."""
    positions = [position for position in (line.find("="), line.find(":")) if position >= 0]
    if not positions:
        return line, "", ""
    cut = min(positions)
    return line[:cut].strip(), line[cut], line[cut + 1 :].strip()


def _is_entries(found: Any) -> bool:
    """Tell whether it is a section of the file of what was configured over the bus: option → entry."""
    return isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values())


def _line_of(problem: Problem) -> tuple[str, int, str]:
    path, _, line = problem.where.rpartition(":")
    return (path, int(line), "") if line.isdigit() else ("", 0, problem.where)


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
