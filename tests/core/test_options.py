"""The ini: every fault told with its place in one go, overridden by the environment and by the bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core import parsers
from janitoo_datalog_rrd.core.errors import ConfigError, Problem, StartError
from janitoo_datalog_rrd.core.options import Options, find_config
from janitoo_datalog_rrd.core.plugins import DECODERS, Plugins

Load = Callable[..., Options]

WEATHER = """
[datarrd]
hadd = 0014/0000
components.weather = datarrd.datasource
[datarrd__weather]
hadd = 0014/0001
rrd_file_0 = weather
source_config_0 = 0131/0001|temperature|0|GAUGE|temperature
"""


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    return tmp_path / "house.conf"


@pytest.fixture
def load(ini: Path) -> Load:
    """Write a text as the ini and load it with the installed plugins; the environment is what is given."""

    def write_and_load(text: str | bytes, **environ: str) -> Options:
        ini.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Options.load(ini, Plugins(), environ)

    return write_and_load


def faults(load: Load, text: str | bytes, **environ: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(text, **environ)
    return caught.value.problems


def only_fault(load: Load, text: str | bytes, **environ: str) -> Problem:
    (problem,) = faults(load, text, **environ)
    return problem


# -- faults ------------------------------------------------------------------------------------------


def test_every_fault_is_told_in_one_go_with_file_line_section_option_and_what_was_expected(load: Load, ini: Path) -> None:
    text = """\
[system]
broker_port = 99999
broker_colour = blue
heartbeat_timeout = soon
broker_mode = magic
[sytem]
[schema__a]
pattern = (
retention = 10s
[decoder__tele]
kind = json
topics = tele/#/x
[http]
http_port_0 = many
hadd = 18/0
"""
    with pytest.raises(ConfigError) as caught:
        load(text)
    told = [(each.where, each.section, each.option) for each in caught.value.problems]
    assert told == [
        (f"{ini}:2", "system", "broker_port"),
        (f"{ini}:3", "system", "broker_colour"),
        (f"{ini}:4", "system", "heartbeat_timeout"),
        (f"{ini}:5", "system", "broker_mode"),
        (f"{ini}:6", "sytem", ""),
        (f"{ini}:8", "schema__a", "pattern"),
        (f"{ini}:9", "schema__a", "retention"),
        (f"{ini}:12", "decoder__tele", "topics"),
        (f"{ini}:14", "http", "http_port_0"),
        (f"{ini}:15", "http", "hadd"),
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{ini}:2: [system] broker_port: '99999' is not a whole number from 1 to 65535"
    wanted = [
        "1 to 65535",
        "broker_port",
        "10s",
        "embedded",
        "[datarrd]",
        "regular",
        "10s:1d",
        "'#' stands",
        "0 to 65535",
        "CCCC/NNNN",
    ]
    for line, words in zip(lines, wanted, strict=True):
        assert words in line


def test_an_unknown_option_is_told_with_the_options_there_are(load: Load) -> None:
    problem = only_fault(load, "[datarrd]\ncache_rd_ttl = 3\n")
    assert problem.option == "cache_rd_ttl"
    assert "cache_rrd_ttl" in problem.message


def test_an_unknown_section_is_told_with_the_sections_there_are(load: Load) -> None:
    message = only_fault(load, "[schemas]\npattern = .*\n").message
    assert "[schema__NAME]" in message
    assert "[datarrd__NAME]" in message
    assert "[system]" in message


def test_a_missing_option_is_told_at_its_section(load: Load, ini: Path) -> None:
    text = WEATHER.replace("rrd_file_0 = weather\n", "")
    assert str(only_fault(load, text)) == f"{ini}:5: [datarrd__weather] rrd_file: is missing"
    assert [each.option for each in faults(load, "[decoder__x]\n")] == ["topics", "kind"]


def test_two_nodes_with_one_address_are_told_with_both_places(load: Load, ini: Path) -> None:
    problem = only_fault(load, WEATHER.replace("0014/0001", "0014/0000"))
    assert (problem.where, problem.option) == (f"{ini}:6", "hadd")
    assert f"{ini}:3" in problem.message


def test_an_address_that_is_a_default_elsewhere_is_told_at_the_line_that_takes_it(load: Load, ini: Path) -> None:
    """[http] is not in the file, but has 0018/0000 all the same."""
    problem = only_fault(load, "[datarrd]\nhadd = 0018/0000\n")
    assert (problem.where, problem.section, problem.option) == (f"{ini}:2", "datarrd", "hadd")
    assert "0018/0000 is taken already, at the default of [http]" in problem.message


def test_two_datasources_with_one_file_are_told_with_both_places(load: Load, ini: Path) -> None:
    text = WEATHER.replace("[datarrd__weather]", "components.other = datarrd.datasource\n[datarrd__weather]") + (
        "[datarrd__other]\nhadd = 0014/0002\nrrd_file = weather\nsource_config = 0131/0001|x|0|GAUGE|x\n"
    )
    problem = only_fault(load, text)
    assert problem.section == "datarrd__other"
    assert f"{ini}:8" in problem.message


@pytest.mark.parametrize("name", ["../etc/passwd", ".hidden", "a/b", "a b", "x" * 201, "", "häuschen"])
def test_a_file_name_that_could_leave_its_folder_is_told(load: Load, name: str) -> None:
    assert "rrd_file_0" in only_fault(load, WEATHER.replace("= weather", f"= {name}")).option


@pytest.mark.parametrize(
    "source",
    [
        "0131/0001|temperature|0|GAUGE",
        "131/1|temperature|0|GAUGE|temperature",
        "0131/0001||0|GAUGE|temperature",
        "0131/0001|temperature|0|GUAGE|temperature",
        "0131/0001|temperature|0|GAUGE|a name that is far too long",
        "0131/0001|temperature|0|GAUGE|colon:name",
    ],
)
def test_a_bad_data_source_is_told_with_what_was_expected(load: Load, source: str) -> None:
    problem = only_fault(load, WEATHER.replace("0131/0001|temperature|0|GAUGE|temperature", source))
    assert problem.option == "source_config_0"
    assert "expected" in problem.message


def test_a_component_without_its_section_is_told(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[datarrd]\ncomponents.weather = datarrd.datasource\n")
    assert (problem.where, problem.option) == (f"{ini}:2", "components.weather")
    assert "[datarrd__weather]" in problem.message


def test_a_section_without_its_component_is_told(load: Load) -> None:
    problem = only_fault(load, "[datarrd__weather]\nhadd = 0014/0001\n")
    assert problem.section == "datarrd__weather"
    assert "components.weather" in problem.message


def test_a_component_that_is_not_installed_is_told_once(load: Load) -> None:
    problem = only_fault(load, WEATHER.replace("datarrd.datasource", "datarrd.datasauce"))
    assert (problem.section, problem.option) == ("datarrd", "components.weather")
    assert "datarrd.datasauce" in problem.message


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("pattern", "label = Attic"),
        ("pattern", "pattern = ("),
        ("log", "pattern = .*\nlog = perhaps"),
        ("step", "pattern = .*\nstep = 10"),
        ("retention", "pattern = .*\nstep = 20\nretention = 30s:1d"),
        ("hold", "pattern = .*\nhold = long"),
        ("heartbeat", "pattern = .*\nheartbeat = 5"),
    ],
)
def test_what_is_wrong_with_a_section_for_single_series_is_told(load: Load, option: str, text: str) -> None:
    problem = only_fault(load, f"[series__attic]\n{text}\n")
    assert (problem.section, problem.option) == ("series__attic", option)


def test_a_decoder_of_an_unknown_kind_is_told_with_the_kinds_there_are(load: Load) -> None:
    problem = only_fault(load, "[decoder__x]\ntopics = x/#\nkind = jason\n")
    assert (problem.option, problem.message) == (
        "kind",
        "'jason' is not known: expected one of " + ", ".join(Plugins().names(DECODERS)),
    )


def test_an_option_that_stands_twice_is_told_with_the_first_place(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[system]\nbroker_port = 1\nBroker_Port = 2\n")
    assert problem.where == f"{ini}:3"
    assert f"{ini}:2" in problem.message


def test_an_option_with_and_without_its_index_is_told(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[http]\nhttp_port = 1\nhttp_port_0 = 2\n")
    assert problem.where == f"{ini}:3"
    assert f"{ini}:2" in problem.message


def test_a_section_that_stands_twice_is_told(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[system]\n[http]\n[system]\n")
    assert (problem.where, problem.section) == (f"{ini}:3", "system")


def test_an_index_where_none_is_taken_is_told(load: Load) -> None:
    assert "takes no index" in only_fault(load, "[system]\nbroker_ip_1 = 127.0.0.1\n").message


def test_a_line_that_is_neither_section_nor_option_is_told_and_the_rest_is_checked(load: Load, ini: Path) -> None:
    problems = faults(load, "broker_ip = 127.0.0.1\n[system]\nhello\nbroker_port = x\n")
    assert [each.where for each in problems] == [f"{ini}:1", f"{ini}:3", f"{ini}:4"]


def test_a_controller_without_an_address_is_told(load: Load) -> None:
    assert only_fault(load, "[hostsensor]\nname = host\n").option == "hadd"


def test_rows_that_do_not_fit_the_step_are_told(load: Load) -> None:
    problem = only_fault(load, "[schema__power]\npattern = .*power\nstep = 60\nretention = 90s:1d\n")
    assert (problem.section, problem.option) == ("schema__power", "retention")
    assert "90s" in problem.message
    assert "60s" in problem.message
    assert only_fault(load, "[schema__power]\npattern = .*power\nstep = 7\n").option == "step"


def test_a_logger_that_is_named_and_not_described_is_told(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[loggers]\nkeys = root, ghost\n[logger_root]\nhandlers =\n")
    assert str(problem) == f"{ini}:2: [loggers] keys: 'ghost' has no section [logger_ghost]"


@pytest.mark.parametrize(
    "text",
    [
        "[system]\nbroker_password hunter2\n",
        "[system]\nbroker_password = hun\n  hunter2\n",
        "[system]\nbroker_passwort = hunter2\n",
        "[system]\nbroker_password = hunter2\nbroker_password = hunter2\n",
        "broker_password = hunter2\n",
    ],
)
def test_no_fault_shows_the_password(load: Load, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert "hunter2" not in str(caught.value)


# -- the file ----------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.conf: cannot be read: No such file"):
        Options.load(tmp_path / "none.conf")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        Options.load(tmp_path)


def test_a_file_that_is_not_utf_8_is_told(load: Load) -> None:
    assert "not UTF-8" in only_fault(load, "[datarrd]\nlocation = Küche\n".encode("latin-1")).message


def test_a_file_with_a_byte_order_mark_loads(load: Load) -> None:
    options = load(b"\xef\xbb\xbf[system]\nbroker_port = 1884\n[loggers]\nkeys = root\n[logger_root]\nhandlers =\n")
    assert options.system["broker_port"] == 1884
    assert options.logging_parser() is not None


def test_a_file_with_windows_line_ends_loads_and_tells_right_lines(load: Load, ini: Path) -> None:
    assert load(b"[system]\r\nbroker_ip = 10.0.0.1\r\n").system["broker_ip"] == "10.0.0.1"
    assert only_fault(load, b"[system]\r\n\r\nbroker_port = x\r\n").where == f"{ini}:3"


def test_separators_that_no_editor_counts_as_lines_do_not_shift_the_line_numbers(load: Load, ini: Path) -> None:
    text = "[datarrd]\nlocation = a\u2028b\x0cc\x85d\ncache_rrd_ttl = x\n"
    assert only_fault(load, text).where == f"{ini}:3"


def test_an_empty_file_is_a_whole_configuration(load: Load, ini: Path) -> None:
    options = load("")
    assert options.system["broker_port"] == 1883
    assert options.service == "jnt_datalog_rrd"
    assert (options.home_dir, options.log_dir) == (Path("rrd"), Path("rrd/log"))
    assert (options.pid_dir, options.conf_dir) == (Path("rrd/run"), Path("rrd/etc"))
    assert options.get_option("datarrd", "hadd") == "0014/0000"
    assert options.get_option("http", "http_port") == 8081
    (schema,) = options.prefixed("schema")
    assert (schema.name, schema["step"], schema["retention"][0]) == ("schema__default", 10, (10, 86400))
    assert options.prefixed("decoder") == []
    assert options.components("datarrd") == {}
    assert options.logging_parser() is None
    assert "hostsensor" not in options.given
    assert options.path == ini


def test_a_value_goes_on_in_an_indented_line(load: Load) -> None:
    options = load("[decoder__x]\nkind = plain\ntopics = a/#,\n  b/#,\n\t; a note\n\tc/+/d\n")
    assert options.section("decoder__x")["topics"] == ("a/#", "b/#", "c/+/d")


def test_an_option_that_is_indented_by_mistake_is_not_swallowed(load: Load, ini: Path) -> None:
    problem = only_fault(load, "[system]\nbroker_ip = 127.0.0.1\n  broker_port = 1884\n")
    assert (problem.where, problem.option) == (f"{ini}:2", "broker_ip")
    assert "broker_port = 1884" in problem.message


def test_percent_signs_and_signs_of_comments_stay_in_values(load: Load) -> None:
    options = load(
        "[system]\nbroker_password = 100%; #not a note %(x)s = :\nbroker_user: me\n"
        "[datarrd]\nlocation = room #3 ; left\n[formatters]\nkeys = f\n[formatter_f]\nformat = %(message)s 100%\n"
    )
    assert options.system["broker_password"] == "100%; #not a note %(x)s = :"
    assert options.system["broker_user"] == "me"
    assert options.get_option("datarrd", "location") == "room #3 ; left"


def test_the_answer_is_the_same_with_and_without_the_index(load: Load) -> None:
    section = load("[datarrd]\ncache_rrd_ttl = 10m\ncache_pickle_ttl_0 = 40\n").section("datarrd")
    assert section.get("cache_rrd_ttl") == section.get("cache_rrd_ttl_0") == 600.0
    assert section.get("cache_pickle_ttl") == section.get("cache_pickle_ttl_0") == 40.0
    assert section.get("nothing", "else") == "else"


def test_data_sources_come_in_the_order_of_their_numbers(load: Load) -> None:
    text = WEATHER + "source_config_10 = 0131/0001|c|0|GAUGE|c\nsource_config_2 = 0131/0001|b|0|COUNTER|b\n"
    assert list(load(text).section("datarrd__weather").indexed("source_config")) == [0, 2, 10]


# -- the environment ---------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file(load: Load) -> None:
    options = load("[system]\nbroker_ip = 10.0.0.1\n", JNT_SYSTEM_BROKER_IP="10.0.0.2", JNT_SYSTEM_BROKER_PORT="1884")
    assert (options.system["broker_ip"], options.system["broker_port"]) == ("10.0.0.2", 1884)
    assert options.data["broker_ip"] == "10.0.0.2"


@pytest.mark.parametrize("in_file", ["http_port", "http_port_0"])
@pytest.mark.parametrize("in_environment", ["JNT_HTTP_HTTP_PORT", "JNT_HTTP_HTTP_PORT_0"])
def test_the_environment_wins_with_and_without_the_index(load: Load, in_file: str, in_environment: str) -> None:
    assert load(f"[http]\n{in_file} = 1\n", **{in_environment: "2"}).get_option("http", "http_port") == 2


def test_the_environment_reaches_the_section_of_a_component(load: Load) -> None:
    options = load(WEATHER, JNT_DATARRD__WEATHER_RRD_STEP="60", JNT_DATARRD__WEATHER_SOURCE_CONFIG_1="0131/0001|h|0|GAUGE|h")
    section = options.section("datarrd__weather")
    assert section.get("rrd_step") == 60
    assert list(section.indexed("source_config")) == [0, 1]


def test_a_fault_in_the_environment_is_told_with_its_variable(load: Load) -> None:
    problem = only_fault(load, "", JNT_SYSTEM_BROKER_PORT="x")
    assert (problem.where, problem.option) == ("environment variable JNT_SYSTEM_BROKER_PORT", "broker_port")
    assert only_fault(load, "", JNT_SYSTEM_BROKER_COLOUR="x").option == "broker_colour"


def test_a_value_of_the_environment_is_taken_as_it_stands(load: Load) -> None:
    assert load("", JNT_SYSTEM_BROKER_PASSWORD=" a = b % c ; d ").system["broker_password"] == " a = b % c ; d "


def test_other_variables_of_the_environment_are_left_alone(load: Load) -> None:
    assert load("", PATH="/bin", JNT_CONF="x.conf").system["broker_port"] == 1883


# -- configuration over the bus ----------------------------------------------------------------------

REMOTE: dict[str, parsers.Parser] = {"name": parsers.text, "heartbeat": parsers.duration(1)}


@pytest.fixture
def in_home(tmp_path: Path) -> str:
    return f"[system]\nhome_dir = {tmp_path / 'home'}\n"


def test_what_is_set_over_the_bus_is_there_after_a_restart(load: Load, in_home: str) -> None:
    first = load(in_home + "[datarrd]\nname = Old\n")
    assert first.set_option("datarrd", "name", "New") == "New"
    first.set_option("datarrd", "heartbeat", "30s", parsers.duration(1))
    first.set_option("datarrd", "name", "Newer")
    again = load(in_home + "[datarrd]\nname = Old\n")
    assert again.apply_remote(REMOTE) == []
    assert again.get_option("datarrd", "name") == first.get_option("datarrd", "name") == "Newer"
    assert again.get_option("datarrd", "heartbeat") == 30.0
    again.set_option("datarrd", "name", "Newest")
    third = load(in_home + "[datarrd]\nname = Old\n")
    third.apply_remote(REMOTE)
    assert third.get_option("datarrd", "name") == "Newest"


def test_a_later_edit_of_the_ini_wins_over_the_bus_and_is_told(load: Load, in_home: str) -> None:
    load(in_home + "[datarrd]\nname = Old\n").set_option("datarrd", "name", "New")
    edited = load(in_home + "[datarrd]\nname = Edited\n")
    (note,) = edited.apply_remote(REMOTE)
    assert edited.get_option("datarrd", "name") == "Edited"
    assert "[datarrd] name" in note
    assert "the ini wins" in note


def test_a_wrong_value_over_the_bus_changes_nothing(load: Load, in_home: str) -> None:
    options = load(in_home)
    with pytest.raises(ValueError, match="expected seconds"):
        options.set_option("datarrd", "heartbeat", "soon", parsers.duration(1))
    assert options.get_option("datarrd", "heartbeat") == 60.0
    assert not options.conf_dir.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"datarrd": 5}', '{"datarrd": {"name": 5}}', "[" * 100_000, "\x00"])
def test_a_damaged_file_of_the_bus_is_told_and_passed_over(load: Load, in_home: str, content: str) -> None:
    options = load(in_home)
    options.conf_dir.mkdir(parents=True)
    (options.conf_dir / "remote_config.json").write_text(content)
    (note,) = options.apply_remote(REMOTE)
    assert "passed over" in note
    assert options.set_option("datarrd", "name", "New") == "New"


def test_entries_of_no_use_any_more_are_told_and_passed_over(load: Load, in_home: str) -> None:
    options = load(in_home)
    options.conf_dir.mkdir(parents=True)
    entry = {"value": "x", "base": ""}
    content = {"gone__x": {"name": entry}, "datarrd": {"home_dir": entry, "heartbeat": {"value": "x", "base": "60.0"}}}
    (options.conf_dir / "remote_config.json").write_text(json.dumps(content))
    assert len(options.apply_remote(REMOTE)) == 3
    assert options.get_option("datarrd", "heartbeat") == 60.0


# -- which file --------------------------------------------------------------------------------------


def test_the_ini_is_the_one_named_then_that_of_the_environment_then_that_of_the_folder_then_the_built_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("named.conf", "environment.conf", "config/house.conf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    environ = {"JNT_CONF": "environment.conf"}
    assert find_config("named.conf", environ, "house.conf") == Path("named.conf")
    assert find_config(None, environ, "house.conf") == Path("environment.conf")
    assert find_config(None, {"JNT_CONF": ""}, "house.conf") == Path("config/house.conf")
    (tmp_path / "config" / "house.conf").unlink()
    built_in = find_config(None, {})
    assert built_in.is_file()
    assert built_in.name == "janitoo_datalog_rrd.conf"


def test_etc_comes_before_the_built_in_ini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def is_file(path: Path) -> bool:
        asked.append(str(path))
        return str(path).startswith("/etc/janitoo/")

    monkeypatch.setattr(Path, "is_file", is_file)
    assert find_config(None, {}) == Path("/etc/janitoo/janitoo_datalog_rrd.conf")
    assert asked == ["config/janitoo_datalog_rrd.conf", "/etc/janitoo/janitoo_datalog_rrd.conf"]


def test_a_folder_that_may_not_be_looked_into_has_no_ini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    real = Path.is_file

    def is_file(path: Path) -> bool:
        if str(path).startswith("/etc/janitoo/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert find_config(None, {}).parent.name == "config"


@pytest.mark.parametrize(
    ("given", "environ", "how"), [("x.conf", {}, "-c x.conf"), (None, {"JNT_CONF": "y.conf"}, "JNT_CONF y.conf")]
)
def test_an_ini_that_is_named_and_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, environ: dict[str, str], how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StartError, match=how):
        find_config(given, environ)


def test_an_option_that_takes_one_value_takes_no_second_one(load: Load) -> None:
    problem = only_fault(load, WEATHER.replace("rrd_file_0 = weather\n", "rrd_file_0 = weather\nrrd_file_1 = more\n"))
    assert problem.option == "rrd_file_1"
    assert "takes no index" in problem.message


def test_the_environment_sets_the_built_in_schema_too(load: Load) -> None:
    assert load("", JNT_SCHEMA__DEFAULT_HOLD="30m").section("schema__default")["hold"] == 1800


def test_a_fault_that_only_the_decoder_finds_is_told_with_all_others(load: Load) -> None:
    text = "[system]\nbroker_port = x\n[decoder__a]\ntopics = a/#\nkind = json\nvalue = a..b\n"
    assert [each.option for each in faults(load, text)] == ["broker_port", "value"]


def test_two_sources_of_one_label_are_told(load: Load) -> None:
    problem = only_fault(
        load, WEATHER + "source_config_7 = 0131/0001|rain|0|DERIVE|temperature\nsource_config_8 = 0131/0002|x|0|GAUGE|x\n"
    )
    assert problem.option == "source_config_7"
    assert "each needs its own" in problem.message


def test_a_variable_that_names_no_section_is_told(load: Load) -> None:
    (problem,) = faults(load, "", JNT_SYSTM_BROKER_PORT="1")
    assert problem.where == "environment variable JNT_SYSTM_BROKER_PORT"
    assert "JNT_SYSTEM_..." in problem.message
    load("", JNT_CONF="x.conf")


def test_a_comment_behind_a_path_is_told(load: Load) -> None:
    assert "a comment stands on a line of its own" in only_fault(load, "[system]\nhome_dir = ./rrd  ; here\n").message
