"""Reading the ini: every line looked at, and every fault found in one go with file, line, option and what was expected."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import ConfigError, Problem
from .forwards import FORWARD, forward_faults
from .parsers import DiscreetError
from .sections import (
    COMPONENT,
    DECODER,
    DEFAULT_SCHEMA_NAME,
    DIALECTS,
    INDEXED,
    PRIVACY,
    SCHEMA,
    SERIES,
    SYSTEM,
    THREAD,
    PluginSpecs,
    Section,
    Specs,
)

_SINGLE = {"system": SYSTEM, "dialects": DIALECTS, "privacy": PRIVACY}
_LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL")
_LOGGING_SECTION = re.compile(r"(loggers|handlers|formatters|(logger|handler|formatter)_.+)")


@dataclass(frozen=True, slots=True)
class IniContent:
    """What an ini holds.

    Attributes:
        sections: name → Section, those that only have defaults included.
        components: thread → component's name → key in the entry-point group `janitoo.components`.
        given: names of the sections that the file or the environment really has.
        log: the sections of Python's logging by name, as texts.
    """

    sections: dict[str, Section]
    components: dict[str, dict[str, str]]
    given: frozenset[str]
    log: dict[str, Section]


def read_ini(path: Path, raw: str, plugins: PluginSpecs, environ: Mapping[str, str], *, faulty: bool = False) -> IniContent:
    """Read and check the text of an ini.

    Args:
        path: its file, for the faults.
        raw: its text.
        plugins: what the installed plugins say of their sections.
        environ: the environment, whose `JNT_<SECTION>_<OPTION>` override the file.
        faulty: give what can be read although there are faults.

    Raises:
        ConfigError: with every fault that was found.
    """
    loader = _Loader(path, raw, plugins, environ)
    content = loader.load()
    if loader.problems and not faulty:
        raise ConfigError(sorted(loader.problems, key=_line_of))
    return content


@dataclass(slots=True)
class _Given:
    """An option's text with the place where it was given."""

    raw: str
    where: str


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
        self.component_places: dict[tuple[str, str], _Given] = {}

    def load(self) -> IniContent:
        self._scan()
        self._override()
        self.given.setdefault(DEFAULT_SCHEMA_NAME, {}).setdefault("pattern", _Given(".*", "built in"))
        threads = list(self.plugins.thread_names())
        for thread in threads:
            self._take_components(thread)
        sections: dict[str, Section] = {}
        for name in [*_SINGLE, *threads, *self.plugins.own_names(), *self.given]:
            if name in sections or self.plugins.passes_over(name) or _LOGGING_SECTION.fullmatch(name):
                continue
            specs = self._specs_of(name, threads)
            if specs is not None:
                sections[name] = self._parse_section(name, specs)
        sections.setdefault("system", Section("system"))
        for (thread, option), given in self.component_places.items():
            sections[thread].texts[option], sections[thread].places[option] = given.raw, given.where
        self._check_between(sections)
        self._check_logging()
        return IniContent(sections, self.components, frozenset(self.given), self._log())

    def _log(self) -> dict[str, Section]:
        found = {name: Section(name) for name in self.given if _LOGGING_SECTION.fullmatch(name)}
        for name, section in found.items():
            section.texts = {option: given.raw for option, given in self.given[name].items()}
            section.places = {option: given.where for option, given in self.given[name].items()}
        return found

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
        known_names = {*_SINGLE, DEFAULT_SCHEMA_NAME, *self.given, *self.plugins.thread_names(), *self.plugins.own_names()}
        names = sorted(known_names, key=len, reverse=True)
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
            else:
                if variable.startswith("JNT_") and variable != "JNT_CONF" and not self._is_anothers(variable):
                    known = ", ".join(f"JNT_{each.upper()}_..." for each in sorted(names))
                    self._fault(
                        f"environment variable {variable}", "", "", f"names no section of the ini: expected one of {known}"
                    )

    def _is_anothers(self, variable: str) -> bool:
        """Tell whether a variable is of a section that is passed over."""
        words = variable.lower().split("_")[1:]
        return any(self.plugins.passes_over("_".join(words[:count])) for count in range(1, len(words)))

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
                self.component_places[thread, option] = given
        self.components[thread] = taken

    # -- checking ------------------------------------------------------------------------------------

    def _specs_of(self, name: str, threads: list[str]) -> _Open | None:
        own = self.plugins.own_specs(name)
        if own is not None:
            return _Open(*own)
        if name in _SINGLE:
            return _Open(_SINGLE[name])
        if name in threads:
            extra = self.plugins.thread_specs(name)
            return _Open(self._with_address(name, _merge(THREAD, extra)), anything=extra is None)
        prefix, _, rest = name.partition("__")
        if rest and prefix == "schema":
            return _Open(SCHEMA)
        if rest and prefix == "series":
            return _Open(SERIES)
        if rest and prefix == "decoder":
            return _Open(DECODER)
        if rest and prefix == "forward":
            return _Open(FORWARD)
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
        of_threads = (*threads, *(f"{thread}__NAME" for thread in threads))
        forms = [
            *_SINGLE,
            *self.plugins.own_names(),
            *of_threads,
            "schema__NAME",
            "series__NAME",
            "decoder__NAME",
            "forward__NAME",
        ]
        known = ", ".join(f"[{form}]" for form in forms)
        self._fault(self.section_places.get(name, "environment"), name, "", f"unknown section: expected one of {known}")
        return None

    def _with_address(self, name: str, specs: Specs) -> Specs:
        """The options of a thread; only one that the ini has a section for needs some: an address, its own or its default."""
        if name not in self.given:
            return tuple(replace(spec, required=False) for spec in specs)
        if self.plugins.thread_specs(name) is None:
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
            elif spec is None and (match := INDEXED.fullmatch(option)) is not None:
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
                    section.values[option] = section.texts[option] = given.raw
                    section.places[option] = given.where
                else:
                    near = ", ".join(sorted(each + ("_N" if by_name[each].indexed else "") for each in by_name))
                    self._fault(given.where, name, option, f"unknown option: expected one of {near}")
                continue
            if stored in section.places:
                self._fault(given.where, name, option, f"says the same as the option at {section.places[stored]}")
                continue
            section.places[stored] = given.where
            section.texts[stored] = given.raw
            try:
                section.values[stored] = spec.parse(given.raw)
            except ValueError as error:
                discreet = not spec.secret or isinstance(error, DiscreetError)
                message = str(error) if discreet else "is not what it takes"
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
        addresses: dict[str, tuple[str, str]] = {}
        files: dict[str, str] = {}
        for name, section in sections.items():
            if (address := section.get("hadd")) is not None:
                self._check_address(address, name, section.places.get("hadd", ""), addresses)
            labels: dict[str, str] = {}
            for index, source in section.indexed("source_config").items():
                place = section.places.get(f"source_config_{index}", "")
                if isinstance(source, tuple) and source[4] in labels:
                    message = f"{source[4]} is the label of another source already, at {labels[source[4]]}: each needs its own"
                    self._fault(place, name, f"source_config_{index}", message)
                elif isinstance(source, tuple):
                    labels[source[4]] = place
            file_place = section.places.get("rrd_file")
            rrd_file = section.get("rrd_file")
            if file_place is not None and rrd_file is not None:
                if rrd_file in files:
                    self._fault(file_place, name, "rrd_file_0", f"{rrd_file} is written already, at {files[rrd_file]}")
                files.setdefault(rrd_file, file_place)
        self._check_schemas(sections)
        for name, section in sections.items():
            for option, message in forward_faults(section) if name.startswith("forward__") else ():
                where = section.places.get(option) or self.section_places.get(name, str(self.path))
                self._fault(where, name, option, message)
        kinds = set(self.plugins.decoder_kinds())
        for name, section in sections.items():
            kind = section.get("kind")
            if name.startswith("decoder__") and kind is not None and kinds and kind not in kinds:
                expected = ", ".join(sorted(kinds))
                self._fault(section.places.get("kind", ""), name, "kind", f"{kind!r} is not known: expected one of {expected}")
            elif name.startswith("decoder__") and kind is not None and section.get("topics"):
                self.problems += self.plugins.decoder_faults(kind, section)

    def _check_address(self, address: str, name: str, place: str, taken: dict[str, tuple[str, str]]) -> None:
        """Tell an address that two sections have, at the line that can be changed; an empty place is a default's."""
        if address in taken:
            other, other_place = taken[address]
            if not place:
                name, place, other, other_place = other, other_place, name, place
            where = other_place or f"the default of [{other}]"
            message = f"{address} is taken already, at {where}: each node needs its own"
            self._fault(place or str(self.path), name, "hadd", message)
        taken.setdefault(address, (name, place))

    def _check_schemas(self, sections: dict[str, Section]) -> None:
        for name, section in sections.items():
            step, retention = section.get("step"), section.get("retention")
            if name.startswith("series__") and step is not None and "retention" not in section.places:
                self._fault(section.places.get("step", str(self.path)), name, "step", "needs a retention beside it")
            if not name.startswith(("schema__", "series__")) or step is None or retention is None:
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
                level = self.given.get(f"{group[:-1]}_{key}", {}).get("level")
                if level is not None and level.raw not in _LEVELS:
                    expected = ", ".join(_LEVELS)
                    self._fault(
                        level.where, f"{group[:-1]}_{key}", "level", f"{level.raw!r} is no level: expected one of {expected}"
                    )
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


def _line_of(problem: Problem) -> tuple[str, int, str]:
    path, _, line = problem.where.rpartition(":")
    return (path, int(line), "") if line.isdigit() else ("", 0, problem.where)
