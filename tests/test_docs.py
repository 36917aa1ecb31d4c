"""The documentation: its samples load, its links lead somewhere, and what it says of options and tests is so."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click
import pytest

from janitoo_datalog_rrd.agent.settings import AGENT, AgentSections
from janitoo_datalog_rrd.agent.settings import COMPONENT as AGENT_COMPONENT
from janitoo_datalog_rrd.cli import main
from janitoo_datalog_rrd.core import sections as spec
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.forwards import FORWARD
from janitoo_datalog_rrd.core.metrics import AbsentError, describe
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import COMPONENTS, DECODERS, METRICS, THREADS, Plugins
from janitoo_datalog_rrd.core.sections import OptionSpec
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.store.schema import ORIGINAL_RRAS, Schemas

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = "janitoo_datalog_rrd"
EXAMPLE = "house_plugins"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [text for _, name, text in _FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def page_id(page: Any) -> str:
    return str(page.relative_to(ROOT)) if isinstance(page, Path) else str(page)


def ini_blocks() -> Iterator[Any]:
    for page in PAGES:
        for number, text in enumerate(blocks(page, "ini")):
            if not text.startswith(("[Service]", "[Unit]")):  # a systemd unit
                yield pytest.param(text, id=f"{page_id(page)}-{number}")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    """The installed plugins and those of docs/plugins.md, put together from its examples."""
    page = ROOT / "docs" / "plugins.md"
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / f"{EXAMPLE}.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    found = re.findall(r'^"?([\w.]+)"? = "(house_plugins:\w+)"$', blocks(page, "toml")[0], re.MULTILINE)
    groups = re.findall(r'entry-points\."([\w.]+)"', blocks(page, "toml")[0])
    assert len(found) == len(groups) == 4
    more = [EntryPoint(name, value, group) for group, (name, value) in zip(groups, found, strict=True)]
    installed = [point for group in groups for point in entry_points(group=group)]
    yield Plugins([*installed, *more])
    sys.modules.pop(EXAMPLE, None)


# -- samples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", list(ini_blocks()))
def test_every_ini_sample_loads(text: str, tmp_path: Path, plugins: Plugins) -> None:
    ini = tmp_path / "sample.conf"
    ini.write_text(text, encoding="utf-8")
    Options.load(ini, plugins)
    if "[agent" in text:
        Options.load(ini, AgentSections(plugins))


def test_the_readme_shows_the_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = _FENCE.search(text)
    assert first is not None
    assert [line.partition("#")[0].strip() for line in first[3].splitlines()] == ["script/server", "script/test"]
    assert "## " not in text[: first.start()]


def test_every_picture_that_a_page_shows_is_there_in_both_themes() -> None:
    pattern = re.compile(r'(?:src|srcset)="([^"]+\.png)"')
    shown = {(page.parent / name).resolve() for page in PAGES for name in pattern.findall(prose(page))}
    assert shown == set((ROOT / "docs" / "pictures").iterdir())
    assert ROOT / "docs" / "pictures" / "dashboard-dark.png" in shown
    for picture in shown:
        other = {"light": "dark", "dark": "light"}[picture.stem.rpartition("-")[2]]
        assert picture.with_stem(f"{picture.stem.rpartition('-')[0]}-{other}") in shown
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert 20_000 < len(content) < 150_000, picture


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_the_commands_for_certificates_make_some_that_the_strictest_python_takes(tmp_path: Path) -> None:
    (commands,) = (block for block in blocks(ROOT / "docs" / "agent.md", "sh") if "openssl" in block)
    done = subprocess.run(["bash", "-e"], input=commands, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default since Python 3.13
    context.load_cert_chain(tmp_path / "web01.cert.pem", tmp_path / "web01.private.key")
    asked = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.pem")
    asked.verify_flags |= ssl.VERIFY_X509_STRICT
    asked.verify_mode = ssl.CERT_REQUIRED
    asked.load_cert_chain(tmp_path / "broker.pem", tmp_path / "broker.key")
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="broker.example.org")
    server = asked.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert (server.getpeercert() or {})["subject"] == ((("commonName", "web01"),),)


# -- links -------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = prose(page)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in re.findall(r"\]\(([^)\s]+)\)", prose(index))}
    assert set(PAGES) - {index, ROOT / "CHANGELOG.md"} <= linked


# -- options -----------------------------------------------------------------------------------------


def sections_of_options() -> Iterator[Any]:
    """Headings of docs/configuration.md, and the options that stand under each."""
    yield pytest.param("[system]", spec.SYSTEM, id="system")
    yield pytest.param("[schema__NAME]", spec.SCHEMA, id="schema")
    yield pytest.param("[series__NAME]", spec.SERIES, id="series")
    yield pytest.param("[decoder__NAME]", spec.DECODER, id="decoder")
    yield pytest.param("[forward__NAME]", FORWARD, id="forward")
    yield pytest.param("[dialects]", spec.DIALECTS, id="dialects")
    yield pytest.param("[privacy]", spec.PRIVACY, id="privacy")
    yield pytest.param("[agent]", AGENT, id="agent")
    yield pytest.param("[agent__NAME]", AGENT_COMPONENT, id="agent component")
    yield pytest.param("Every thread", tuple(each for each in spec.THREAD if each.name != "hadd"), id="thread")
    yield pytest.param("Every component", spec.COMPONENT, id="component")
    plugins = Plugins()
    for group in (THREADS, COMPONENTS):
        ours = {point.name for point in entry_points(group=group) if point.value.startswith(OURS)}
        for name in sorted(ours):
            heading = f"[{name}]" if group == THREADS else name
            yield pytest.param(heading, getattr(plugins.load(group, name), "options", ()), id=name)


def table_under(heading: str) -> dict[str, str]:
    """Option → default of the first table under a heading."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    match = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"no heading {heading}"
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", match[1], re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize(("heading", "options"), list(sections_of_options()))
def test_every_option_is_documented_with_its_default(heading: str, options: tuple[OptionSpec, ...]) -> None:
    documented = table_under(heading) if options else {}
    for option in options:
        shown = documented[option.name]
        literal = re.fullmatch(r"`([^`]+)`", shown)
        if option.required:
            assert shown == "required", option.name
        elif option.default in ("", None, ()):
            assert literal is None, option.name
        else:
            assert literal is not None, option.name
            assert option.parse(literal[1]) == option.default, option.name


def test_no_option_is_documented_that_is_not_there() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    known = {option.name for case in sections_of_options() for option in case.values[1]} | {"hadd"}
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    assert documented <= known


def test_the_disk_arithmetic_is_that_of_real_files(tmp_path: Path) -> None:
    import rrdtool

    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\dsmhdy:, ]+)` (.*?) \| .*?= ([\d,]+) \| ([\d,]+) \| (\d+) MB \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for number, (retention, remark, numbers, size, hundred) in enumerate(rows):
        step = match[1] if (match := re.search(r"with step (\w+)", remark)) else "10"
        ini = tmp_path / f"{number}.conf"
        ini.write_text(f"[schema__default]\npattern = .*\nstep = {step}\nretention = {retention}\n")
        schema = Schemas.from_options(Options.load(ini)).match("x")
        assert sum(int(rra.split(":")[-1]) for rra in schema.rras()) == int(numbers.replace(",", ""))
        path = tmp_path / f"{number}.rrd"
        rrdtool.create(str(path), "--step", str(schema.step), "DS:value:GAUGE:7200:U:U", *schema.rras())
        assert path.stat().st_size == int(size.replace(",", ""))
        assert round(path.stat().st_size / 1e4) == int(hundred)
        if "default" in remark:
            assert size in (ROOT / "README.md").read_text(encoding="utf-8")
    datasource = tmp_path / "datasource.rrd"
    rrdtool.create(str(datasource), "--step", "300", *(f"DS:{name}:GAUGE:600:U:U" for name in "abc"), *ORIGINAL_RRAS)
    assert f"{round(datasource.stat().st_size / 1000)} kB" in (ROOT / "docs" / "datasources.md").read_text(encoding="utf-8")


# -- commands and tests ------------------------------------------------------------------------------


def test_every_command_is_documented_with_its_options() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert re.search(rf"^## .*\b{name}\b", text, re.MULTILINE), name
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert f"`{parameter.opts[-1]}`" in text, f"{name} {parameter.opts}"
        for under, each in getattr(command, "commands", {}).items():
            assert f"| `{name} {under} " in text or f"| `{name} {under}` " in text, f"{name} {under}"
            for parameter in each.params:
                if isinstance(parameter, click.Option):
                    assert f"| `{parameter.opts[-1]}` |" in text, f"{name} {under} {parameter.opts}"


def test_every_test_that_the_durability_page_names_is_there() -> None:
    text = (ROOT / "docs" / "durability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", text)
    assert len(named) > 15
    for path, tests in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        for test in re.findall(r"`(\w+)`", tests):
            assert f"def {test}(" in source, f"{path}: {test}"
    rules = re.findall(r"^\| (\*\*.+)$", text, re.MULTILINE)
    assert all("`test_" in rule for rule in rules)


def test_every_module_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = dict(re.findall(r"^\| (?:`([\w/]+)/`|front rooms) \|.*\n\| ---.*\n((?:\|.*\n)+)", text, re.MULTILINE))
    for path in (ROOT / OURS).rglob("*.py"):
        room = path.parent.relative_to(ROOT / OURS).as_posix().strip(".")
        if not path.name.startswith("__"):
            assert f"`{path.name}`" in rooms[room], path
    for room, rows in rooms.items():
        for name in re.findall(r"`(\w+\.py)`", rows):
            assert (ROOT / OURS / room / name).exists(), f"{room}/{name}"


def test_every_script_of_the_pages_is_in_the_architecture() -> None:
    scripts = ROOT / "public" / "static" / "js"
    there = {path.relative_to(scripts).as_posix() for path in scripts.rglob("*.js")}
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`((?:boards/)?[\w-]+\.js)`", text)) == there


# -- the plugins of the page ---------------------------------------------------------------------------


@pytest.fixture
def page_options(tmp_path: Path, plugins: Plugins) -> Callable[[], Options]:
    """Loads the ini of docs/plugins.md, with a file of ours for the tank."""

    def load() -> Options:
        tank = tmp_path / "tank"
        tank.write_text("812.5\n")
        ini = tmp_path / "house.conf"
        sample = blocks(ROOT / "docs" / "plugins.md", "ini")[0]
        ini.write_text(re.sub(r"^file = .*$", f"file = {tank}", sample, flags=re.MULTILINE))
        return Options.load(ini, plugins)

    return load


def test_the_decoder_of_the_page_decodes(plugins: Plugins, page_options: Callable[[], Options]) -> None:
    (section,) = page_options().prefixed("decoder")
    decoder = plugins.load(DECODERS, section["kind"])(section)
    readings = decoder.decode("weather/roof", b"temperature=21.5;humidity=45")
    assert [(each.key, each.value) for each in readings] == [
        (("weather/roof", "temperature"), 21.5),
        (("weather/roof", "humidity"), 45.0),
    ]
    for payload in (b"warm", b"\xff", b"a=b=c", b"a=b"):
        with pytest.raises(DecodeError):
            decoder.decode("weather/roof", payload)


def test_the_component_and_the_thread_of_the_page_work(plugins: Plugins, page_options: Callable[[], Options]) -> None:
    options = page_options()
    thread = plugins.load(THREADS, "house")(options)
    thread.bind(Services.build(options, plugins))
    section = options.section("house__tank")
    tank = plugins.load(COMPONENTS, options.components("house")["tank"])(bus=thread.init_bus(), addr="0200/0001", section=section)
    assert tank.start(None) is True
    assert (tank.name, tank.values["level"].read_all(), tank.values["level"].poll_delay) == ("Rain tank", {0: 812.5}, 60.0)
    tank.file.unlink()
    assert tank.start(None) is False


def test_the_agents_component_of_the_page_measures_what_is_there(plugins: Plugins, tmp_path: Path) -> None:
    factory = plugins.load(METRICS, "mails")
    section = spec.Section("agent__mails", {"folder": str(tmp_path / "mails")})
    with pytest.raises(AbsentError, match="there is no"):
        factory(section)
    (tmp_path / "mails" / "out").mkdir(parents=True)
    (tmp_path / "mails" / "out" / "1").touch()
    mails = factory(section)
    assert mails.read() == {"waiting": 1, "queue": {"out": 1}}
    assert describe("queue.out", mails.described).label == "Mails in out"
