"""Changing an ini: what is meant is changed, and every other line stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.iniedit import add_section, mask, read_lines, set_option
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section

ROOT = Path(__file__).parents[2]
NEW = [("topics", "a/+/b"), ("kind", "json"), ("value", "x.y")]
NOTES = ["; a note", "# another", "", "   ", "\t; indented", ";off = 1"]
ENDS = ["\n", "\r\n"]


def options_of(text: str) -> Options:
    return Options.from_text(Path("x.conf"), text.replace("\r\n", "\n").replace("\r", "\n"), Plugins())


@st.composite
def inis(draw: st.DrawFn) -> str:
    """An ini that the server takes, with notes and empty lines anywhere, and line ends of either kind."""
    blocks = [["[system]", "service = x"], ["[datarrd]", "hadd = 0014/0000", "name = a", "auto_series = True"]]
    names = draw(st.lists(st.sampled_from(["one", "two", "three"]), unique=True))
    blocks += [[f"[decoder__{name}]", f"topics = {name}/#,", "  and/more", "kind = json"] for name in names]
    lines: list[str] = []
    for block in draw(st.permutations(blocks)):
        for line in block:
            lines += draw(st.lists(st.sampled_from(NOTES), max_size=2)) if not line.startswith("  ") else []
            lines.append(line)
    lines += draw(st.lists(st.sampled_from(NOTES), max_size=3))
    text = "".join(line + draw(st.sampled_from(ENDS)) for line in lines)
    return text.rstrip("\r\n") if draw(st.booleans()) else text


@given(text=inis())
@SHORT
def test_a_section_is_added_and_every_other_line_stays_as_it_was(text: str) -> None:
    changed = add_section(text, "decoder__new", NEW, kind="decoder__")
    rest = iter(changed.splitlines(keepends=True))
    for line in text.splitlines(keepends=True):
        assert any(each == line or (each.rstrip("\r\n") == line and line) for each in rest), line
    before, after = options_of(text), options_of(changed)
    assert after.section("decoder__new").values == {**after.section("decoder__new").values, "topics": ("a/+/b",), "value": "x.y"}
    for name, section in before.sections.items():
        assert after.section(name).values == section.values
    decoders = [section.name for section in after.prefixed("decoder")]
    assert decoders == [*(section.name for section in before.prefixed("decoder")), "decoder__new"]


@given(text=inis())
@SHORT
def test_an_option_is_changed_in_its_line_and_every_other_line_stays(text: str) -> None:
    changed = set_option(text, "datarrd", "name", "another")
    assert changed != text
    assert changed.replace("name = another", "name = a") == text
    assert options_of(changed).section("datarrd")["name"] == "another"
    assert "name = a" not in set_option(text, "datarrd", "name", "")


@given(text=st.text(alphabet="[]ab=:;# \t\r\n\ufeff_", max_size=60))
@SHORT
def test_lines_put_together_are_the_text(text: str) -> None:
    assert "".join(line.text for line in read_lines(text)) == text


@given(text=st.text(alphabet="[]ab=:;# \t\r\n_", max_size=60))
@SHORT
def test_lines_stand_in_the_section_that_the_server_sees(text: str) -> None:
    try:
        sections = options_of("[datarrd]\n" + text)
    except ConfigError:
        return
    seen = {(line.section, line.option) for line in read_lines("[datarrd]\n" + text) if line.option}
    for section in sections.sections.values():
        for option, place in section.places.items():
            assert place == "built in" or (section.name, option.removesuffix("_0")) in seen or (section.name, option) in seen


def test_the_new_section_stands_behind_the_last_decoder_and_before_the_notes_of_the_next_section() -> None:
    before, after = "[decoder__a]\ntopics = a\nkind = plain\n\n", "; ---- The pages ----\n[http]\nhadd = 0018/0000\n"
    changed = add_section(before + after, "decoder__b", [("topics", "b"), ("kind", "plain")], kind="decoder__")
    assert changed == f"{before}[decoder__b]\ntopics = b\nkind = plain\n\n{after}"


def test_notes_that_belong_to_a_section_stay_with_it() -> None:
    mine, theirs = "[decoder__a]\ntopics = a\n;kind = json\n; mine\n", "; theirs\n[http]\n"
    new = "[decoder__b]\ntopics = b\n"
    assert add_section(f"{mine}\n{theirs}", "decoder__b", [("topics", "b")], kind="decoder__") == f"{mine}\n{new}\n{theirs}"
    assert add_section(f"{mine}", "decoder__b", [("topics", "b")], kind="decoder__") == f"{mine}\n{new}"
    text = "[decoder__a]\ntopics = a\n; theirs\n[http]\n"
    assert add_section(text, "decoder__b", [("topics", "b")], kind="decoder__").endswith(f"\n{new}\n; theirs\n[http]\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_those_of_the_file(end: str) -> None:
    text = end.join(["[decoder__a]", "topics = a", "kind = plain"])
    changed = add_section(text, "decoder__b", [("topics", "b")], kind="decoder__")
    assert changed == text + end + end + "[decoder__b]" + end + "topics = b" + end


def test_an_empty_ini_and_one_with_a_mark_take_a_section() -> None:
    assert add_section("", "decoder__b", [("topics", "b")], kind="decoder__") == "[decoder__b]\ntopics = b\n"
    marked = add_section("\ufeff[system]\n", "decoder__b", [("topics", "b")], kind="decoder__")
    assert marked == "\ufeff[system]\n\n[decoder__b]\ntopics = b\n"


def test_the_ini_that_comes_along_takes_a_section_after_its_decoder() -> None:
    text = (ROOT / "config" / "janitoo_datalog_rrd.conf").read_text(encoding="utf-8")
    changed = add_section(text, "decoder__new", NEW, kind="decoder__")
    assert "kind = json\n\n[decoder__new]\ntopics = a/+/b\nkind = json\nvalue = x.y\n\n; Example: power meters" in changed
    assert changed.replace("[decoder__new]\ntopics = a/+/b\nkind = json\nvalue = x.y\n\n", "", 1) == text


@pytest.mark.parametrize("value", ["two\nlines", " blank", "blank ", "a\rb", "x\u202ey", "nul\0"])
def test_a_value_that_no_line_can_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        add_section("", "decoder__b", [("topics", value)], kind="decoder__")


def test_an_option_that_goes_on_in_the_next_line_is_replaced_as_a_whole() -> None:
    text = "[a]\nvalue = x\n  y\n; note\n  z\nother = 1\n"
    assert set_option(text, "a", "value", "w") == "[a]\nvalue = w\n; note\nother = 1\n"
    with pytest.raises(ValueError, match="has no units"):
        set_option(text, "a", "units", "w")


def test_secrets_of_an_ini_are_masked_to_be_shown() -> None:
    text = "[system]\nbroker_password = hunter2\n  and more\nother = mqtt://house:hunter2@broker/\n;broker_password = x\n"
    assert mask(text, {}) == "[system]\nbroker_password = ***\n***\nother = mqtt://house:***@broker/\n;broker_password = ***\n"


@pytest.mark.parametrize(
    "line",
    [
        "# broker_password = hunter2",
        "  ;  api_key: hunter2",
        "args = ('mail', 'a@house', ['b@house'], 'x', ('user', 'hunter2'))",
        "pin = hunter2",
        "url = https://house:hun/ter2@cloud/",
        "url = https://house:hunter2@x@cloud/",
        "url = https://cloud/?id=1&access_token=hunter2&x=y",
        "broker_password = a\n  # note\n  hunter2",
    ],
)
def test_no_secret_is_shown_wherever_it_stands(line: str) -> None:
    sections = {"handler_mail": Section("handler_mail", secrets=frozenset({"pin"}))}
    shown = mask(f"[handler_mail]\nclass = handlers.SMTPHandler\n{line}\n", sections)
    assert "ter2" not in shown
    assert "hunter2" not in shown
    assert "***" in shown


def test_what_is_no_secret_is_shown() -> None:
    text = "[handler_file]\nclass = FileHandler\nargs = ('log', 'a')\n# tokens are kept elsewhere\n# [note]\n\n[a]\nx = 1\n"
    assert mask(text, {}) == text
