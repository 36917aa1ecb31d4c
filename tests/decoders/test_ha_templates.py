"""Templates of Home Assistant's discovery: those in use are evaluated, and none can do harm."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.decoders.ha_filters import MAX_TEXT, concat, formatted, replaced
from janitoo_datalog_rrd.decoders.ha_numbers import TooLargeError
from janitoo_datalog_rrd.decoders.ha_syntax import MAX_DEPTH, MAX_PARTS, TemplateError
from janitoo_datalog_rrd.decoders.ha_templates import LIMIT_S, MAX_COMPUTING, MAX_LENGTH, STRIKES, Template, Templates
from janitoo_datalog_rrd.decoders.numbers import number_of
from janitoo_datalog_rrd.decoders.paths import MISSING

DOCUMENT: dict[str, Any] = {
    "a": {"b": 21.57, "c d": 4, "x.y": 5},
    "state": "ON",
    "text": "3,14,15",
    "list": [7, 8.5, {"z": 9}],
    "none": None,
    "zero": 0,
    "hex": "1F",
    "0": 6,
    "long": "x" * 5000,
}
PLACES = [
    ("", (), "12.5"),
    ("{{ value }}", (), "12.5"),
    ("{{value|float}}", (), "12.5"),
    ("{{- value | float(0) -}}", (), "12.5"),
    ("{{ value_json.a.b }}", ("a", "b"), 21.57),
    ("  {{value_json['a']['b']}} ", ("a", "b"), 21.57),
    ('{{ value_json["a"]["c d"] | int }}', ("a", "c d"), 4),
    ("{{ value_json['a']['x.y'] | default(0) | float }}", ("a", "x.y"), 5),
    ("{{ value_json.list[1] | is_defined }}", ("list", "1"), 8.5),
    ("{{ value_json.list.0 }}", ("list", "0"), 7),
    ("{{ value_json.list[2].z | d('') }}", ("list", "2", "z"), 9),
    ("{{ value_json.none }}", ("none",), None),
    ("{{ value_json.missing.deeper }}", ("missing", "deeper"), MISSING),
    ("{{ value_json.missing | default(5) }}", ("missing",), MISSING),
]
COMPUTED = [
    ("{{ value_json.a.b | round(1) }}", ("a", "b"), 21.6),
    ("{{ value_json.a.b | float | round(0) | int }}", ("a", "b"), 22.0),
    ("{{ (value_json.a.b * 9 / 5 + 32) | round(2) }}", ("a", "b"), 70.83),
    ("{{ value_json.a.b | multiply(0.5) | add(1) }}", ("a", "b"), 11.785),
    ("{{ value_json.a.b if value_json.a is defined else 0 }}", ("a", "b"), 21.57),
    ("{{ value_json.missing if value_json.missing is defined }}", ("missing",), None),
    ("{{ value_json.missing | default(5) * 2 }}", ("missing",), 10.0),
    ("{% if value_json.state == 'ON' %}1{% else %}0{% endif %}", ("state",), 1.0),
    ("{{ 1 if value_json.state | lower == 'on' and value_json.zero == 0 else 0 }}", None, 1.0),
    ("{{ iif(value_json.state == 'ON', 1, 0) }}", ("state",), 1.0),
    ("{% set map = {'ON': 1, 'OFF': 0} %}{{ map[value_json.state] }}", ("state",), 1.0),
    ("{{ value_json.text.split(',')[1] | int + 1 }}", ("text",), 15.0),
    ("{{ value_json.text | replace(',', '.', 1) | float(default=-1) }}", ("text",), -1.0),
    ("{{ int(value_json.hex, 0, 16) }}", ("hex",), 31.0),
    ("{{ value_json.hex | int(base=16) }}", ("hex",), 31.0),
    ("{{ value[0:2] | int }}", (), 12.0),
    ("{{ value_json.list[0] ~ '.' ~ value_json.zero }}", None, 7.0),
    ("{{ [value_json.a.b, 3] | max }}", ("a", "b"), 21.57),
    ("{{ '%.1f' | format(value_json.a.b) }}", ("a", "b"), 21.6),
    ("{{ '%.1f' % value_json.a.b }}", ("a", "b"), 21.6),
    ("{{ value_json.list | length }}", ("list",), 3.0),
    ("{{ -(value_json.a.b | abs) }}", ("a", "b"), -21.57),
    ("{{ value_json.a.b ** 2 // 1 }}", ("a", "b"), 465.0),
    ("{{ 0 if value_json.none is none else 1 }}", ("none",), 0.0),
    ("{{ value_json.get('zero', 3) }}", None, 0.0),
    ("{{ 'x' in value_json.text }}", ("text",), 0.0),
    ("{{ not is_number(value_json.text) }}", ("text",), 1.0),
    ("{{ value_json.state }} W", ("state",), None),
    ("{{ value_json.zero / value_json.zero }}", ("zero",), None),
    ("{{ value_json.a * 2 }}", ("a",), None),
    ("{{ value_json.a.b.c + 1 }}", ("a", "b", "c"), None),
    ("{{ value_json }}{{ value }}", None, None),
]
REFUSED = [
    "{{ states('sensor.x') }}",
    "{{ now().year - value | int }}",
    "{{ as_timestamp(value_json.t) }}",
    "{{ value | timestamp_custom('%H') }}",
    "{{ this.state + value }}",
    "{{ value.__class__.__mro__ }}",
    "{{ value_json['__class__'] }}",
    "{{ value_json._secret }}",
    "{{ value | attr('__class__') }}",
    "{{ ''.__class__ }}{{ value }}",
    "{{ value.format(value_json) }}",
    "{{ value.join('x') }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ self._TemplateReference__context }}",
    "{% for x in range(10**9) %}{{ value }}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}{{ value }}",
    "{% include value %}",
    "{% import 'x' as y %}{{ value }}",
    "{% set ns = namespace(x=value) %}{{ ns.x }}",
    "{% set a, b = value, value %}{{ a }}",
    "{% set value = 1 %}{{ value }}",
    "{% set float = 1 %}{{ value }}",
    "{% set x %}{{ value }}{% endset %}{{ x }}",
    "{% filter upper %}{{ value }}{% endfilter %}",
    "{{ value | map('float') | list }}",
    "{{ value_json.items() | list }}",
    "{{ dict(x=value) }}",
    "{{ value | round(*[1, 2]) }}",
    "{{ value | round(**{'a': 1}) }}",
    "{{ value | tojson }}",
    "{{ (value | float)() }}",
    "{{ value",
    "{% if value %}",
    "21.5",
    "{{ 21.5 }}",
    "{{ " + "(" * 200 + "value" + ")" * 200 + " }}",
    "{{ " + "-" * 1500 + "1 + value }}",
    "{{ " + "not " * 450 + "value }}",
    "{{ value" + " | float | abs" * 100 + " }}",
    "{% if value %}" * 60 + "1" + "{% endif %}" * 60,
    "{{ value }}" + " " * MAX_LENGTH,
    "{{ value_json" + ".a" * 300 + " }}",
]
BOMBS = [
    "{{ 9 ** 9 ** 9 ** 9 + value | float }}",
    "{{ 2 ** 99999999 }}{{ value }}",
    "{{ 'x' * 999999999 }}{{ value }}",
    "{{ [value] * 999999999 }}",
    "{{ value_json.list * 999999999 }}",
    "{{ '%999999999d' % 1 }}{{ value }}",
    "{{ '%0.999999999f' | format(value | float) }}",
    "{{ '%*d' | format(999999999, 1) }}{{ value }}",
    "{{ value_json.long" + " | replace('x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')" * 20 + " }}",
    "{{ value_json.long | replace('', 'xxxxxxxxxxxxxxxxxxxxxxxxxxx') }}",
    "{% set a = value_json.long ~ value_json.long %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = value_json.long + value_json.long %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = 9999999999 + value | int %}" + "{% set a = a * a %}" * 60 + "{{ a }}",
    "{{ value_json.long }}{{ value }}",
    "{{ value" + " ~ value_json.long" * 100 + " }}",
    "{{ value_json['" + "a" * 1000 + "'] }}",
    "\ud800{{ value }}",
    "{{ 'nan' if value }}",
]


def take(text: str) -> tuple[Templates, Template]:
    templates = Templates()
    return templates, templates.take(text)


def read(text: str, value: str = "12.5", document: Any = DOCUMENT) -> Any:
    templates, template = take(text)
    return templates.read(template, value, document)


@pytest.mark.parametrize(("text", "path", "datum"), PLACES)
def test_a_template_that_names_a_place_is_read_as_it_stands(text: str, path: tuple[str, ...], datum: object) -> None:
    _, template = take(text)
    assert (template.plain, template.path) == (True, path)
    assert read(text) == datum


@pytest.mark.parametrize(("text", "path", "number"), COMPUTED)
def test_a_template_in_use_is_worked_out(text: str, path: tuple[str, ...] | None, number: float | None) -> None:
    _, template = take(text)
    assert (template.plain, template.path) == (False, path)
    assert number_of(read(text)) == (None if number is None else pytest.approx(number))


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_supported_is_refused_with_a_reason(text: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateError) as caught:
        take(text)
    assert str(caught.value).startswith(("it ", "its ", "there "))
    assert len(str(caught.value)) < 200
    assert time.process_time() - started < 1.0  # seconds of CPU, ten times what the worst takes


@pytest.mark.parametrize("text", BOMBS)
def test_nothing_large_is_made(text: str) -> None:
    started = time.process_time()
    try:
        found = read(text)
    except TemplateError:
        return
    assert found is MISSING or len(str(found)) <= 1000
    assert number_of(found) is None or found == "nan"
    assert time.process_time() - started < 1.0  # seconds of CPU, ten times what the worst takes


def test_the_bounds_of_texts_hold() -> None:
    assert len(concat("x" * (MAX_TEXT - 1), 1)) == MAX_TEXT
    for make in (
        lambda: concat("x" * MAX_TEXT, 1),
        lambda: replaced("x" * 1000, "x", "y" * 100),
        lambda: replaced("x" * 1000, "", "y" * 100),
        lambda: formatted("%s", "x" * (MAX_TEXT + 1)),
        lambda: formatted("%(a)s", {}),
    ):
        with pytest.raises((TooLargeError, TypeError)):
            make()


def test_a_template_is_looked_at_once_and_forgotten_with_its_last_user() -> None:
    templates, template = take("{{ value | round(1) }}")
    assert templates.take("{{ value | round(1) }}") is template
    assert len(templates) == 1
    del template
    assert len(templates) == 0


def test_there_are_only_so_many_that_compute() -> None:
    templates = Templates()
    known = [templates.take(f"{{{{ value + {number} }}}}") for number in range(MAX_COMPUTING)]
    with pytest.raises(TemplateError, match="already"):
        templates.take("{{ value * 2 }}")
    assert templates.take(f"{{{{ value + {MAX_COMPUTING - 1} }}}}") is known[-1]
    assert templates.take("{{ value_json.a }}").plain


def test_one_that_takes_too_long_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    templates, template = take("{{ value | float + 1 }}")
    clock = [0.0]

    def tick(each: float) -> float:
        clock[0] += each
        return clock[0]

    monkeypatch.setattr(time, "thread_time", lambda: tick(0.6 * LIMIT_S))
    assert templates.read(template, "1", MISSING) == "2.0"
    assert not template.given_up
    monkeypatch.setattr(time, "thread_time", lambda: tick(1.1 * LIMIT_S))
    for _ in range(STRIKES):
        assert templates.read(template, "1", MISSING) == "2.0"
    assert template.given_up
    assert templates.read(template, "1", MISSING) is MISSING


PIECES = [
    "value", "value_json", ".a", ".b", "['a']", "[0]", "[1:]", " | float", " | int", " | round(1)", " | default(0)",
    " | replace('x', 'yy')", " | is_defined", " + ", " * ", " ** ", " ~ ", " % ", "//", "-", "(", ")", "[", "]", "{", "}", ":",
    ",", "'", '"', "1", "99999", "1e308", " if ", " else ", " is defined", " is number", " in ", " not ", " and ", " or ",
    " == ", " > ", "{{ ", " }}", "{% set x = ", " %}", "x", "{% if ", "{% endif %}", "{% for i in ", "{% endfor %}",
    "__class__", ".__class__", "|attr('", "float(", "range(", "{#", "#}", "{%- raw %}", ".split(',')", ".get('a')", "none",
    "true", "'%s'", "'%9d'", "\\", "\n", "\xe9", "{{ value", " | abs }}",
]  # fmt: skip
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "x", "0"]), inner, max_size=4),
    max_leaves=10,
)


@settings(SHORT, max_examples=800)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), documents, st.text(max_size=20))
@example("{{ value_json.a ~ value_json.b }}", {"a": "x" * 60_000, "b": "y" * 60_000}, "")
def test_no_template_does_anything_but_answer_or_be_refused(text: str, document: Any, value: str) -> None:
    templates = Templates()
    try:
        template = templates.take(text)
    except TemplateError:
        return
    found = templates.read(template, value, document)
    if not template.plain:
        assert found is MISSING or (isinstance(found, str) and len(found) <= 1000)


@settings(SHORT, max_examples=300)
@given(
    st.sampled_from([text for text, _, _ in COMPUTED if len(text) < 200]),
    documents.map(lambda inner: {**DOCUMENT, "a": inner, "state": inner, "text": inner, "zero": inner}),
    st.text(max_size=30),
)
def test_no_message_makes_a_good_template_fail(text: str, document: Any, value: str) -> None:
    found = read(text, value, document)
    assert found is MISSING or isinstance(found, str)


@SHORT
@given(st.lists(st.text(min_size=1, max_size=8).filter(lambda key: "'" not in key and "\\" not in key), min_size=1, max_size=5))
def test_any_key_in_brackets_leads_to_what_stands_there(keys: list[str]) -> None:
    document: Any = 7
    for key in reversed(keys):
        document = {key: document}
    text = "{{ value_json" + "".join(f"['{key}']" for key in keys) + " }}"
    try:
        found = read(text, json.dumps(document), document)
    except TemplateError:
        assert any(key.startswith("__") or not key.isprintable() for key in keys)
    else:
        assert number_of(found) == 7.0


def test_the_limits_are_what_the_page_says() -> None:
    assert (MAX_LENGTH, STRIKES, LIMIT_S, MAX_COMPUTING) == (2000, 3, 0.02, 2000)
    assert MAX_DEPTH < 100
    assert MAX_PARTS < 1000
