"""The words of the ini: what each option takes, and what it says of anything else."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core import parsers


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("10", 10),
        ("10s", 10),
        ("1.5", 1.5),
        ("2m", 120),
        ("2 min", 120),
        ("1h", 3600),
        ("1D", 86400),
        ("1w", 604800),
        ("1y", 31536000),
    ],
)
def test_durations_have_units(raw: str, seconds: float) -> None:
    assert parsers.duration(0)(raw) == seconds


@pytest.mark.parametrize("raw", ["", "-1", "1e3", "nan", "inf", "1 month", "h", "10s 5s", "9" * 400, "9" * 5000, "\u0661"])
def test_other_durations_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parsers.duration(0)(raw)


def test_durations_out_of_range_are_refused_with_the_range() -> None:
    with pytest.raises(ValueError, match="expected 1 to 10 seconds"):
        parsers.duration(1, 10)("11")


def test_a_step_is_whole_seconds() -> None:
    assert parsers.whole_seconds(1)("1m") == 60
    with pytest.raises(ValueError, match="whole number of seconds"):
        parsers.whole_seconds(1)("1.5")


@pytest.mark.parametrize(
    ("raw", "value"), [("True", True), ("yes", True), ("ON", True), ("1", True), ("false", False), ("off", False)]
)
def test_truth_values_have_the_words_of_ini_files(raw: str, value: bool) -> None:
    assert parsers.boolean(raw) is value


@pytest.mark.parametrize("raw", ["", "2", "maybe", "nein"])
def test_other_truth_values_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="expected True or False"):
        parsers.boolean(raw)


@pytest.mark.parametrize("raw", ["", "x", "0", "11", "1.0", "1e1", "9" * 5000])
def test_whole_numbers_are_within_their_range(raw: str) -> None:
    assert parsers.integer(1, 10)("10") == 10
    with pytest.raises(ValueError, match="from 1 to 10"):
        parsers.integer(1, 10)(raw)


def test_a_retention_is_sorted_from_fine_to_coarse() -> None:
    assert parsers.retention("1h:5y, 10s:1d,1m:7d") == ((10, 86400), (60, 604800), (3600, 157680000))


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("", "expected PRECISION:DURATION"),
        ("10s", "expected PRECISION:DURATION"),
        ("10s:1d,", "expected PRECISION:DURATION"),
        ("x:1d", "not a duration"),
        ("0:1d", "out of range"),
        ("10s:5s", "less than one row"),
        ("1s:100y", "rows"),
        ("10s:1d, 15s:7d", "multiple of the one before"),
        ("10s:1d, 10s:7d", "multiple of the one before"),
    ],
)
def test_other_retentions_are_refused_with_the_reason(raw: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parsers.retention(raw)


@pytest.mark.parametrize("raw", ["(", "[", "*", "a{99999999999999999999}", "(?P<1>x)", "\\"])
def test_a_pattern_is_a_regular_expression(raw: str) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        parsers.pattern(raw)


def test_topics_are_a_list_of_filters() -> None:
    assert parsers.topic_filters("tele/#, sensors/+/t ,/x,") == ("tele/#", "sensors/+/t", "/x")
    with pytest.raises(ValueError, match="is empty"):
        parsers.topic_filters(" , ")


def test_a_data_source_has_five_parts() -> None:
    expected = ("0131/0001", "temperature", "0", "GAUGE", "temp-1_a")
    assert parsers.source_config(" 0131/0001 | temperature | 0 | GAUGE | temp-1_a ") == expected
    assert parsers.source_config("0131/0001|temperature||GAUGE|t")[2] == "0"


def test_a_series_name_is_safe_in_files_and_addresses() -> None:
    assert parsers.series_name("0014.0001.load.0") == "0014.0001.load.0"
    for raw in ("", ".", "..", ".a", "a/b", "a\\b", "a b", "a\n", "a" * 201, "é"):
        with pytest.raises(ValueError, match="not a series name"):
            parsers.series_name(raw)


def test_text_is_one_line() -> None:
    assert parsers.text("") == ""
    for parse in (parsers.text, parsers.word):
        with pytest.raises(ValueError, match="goes on in the next line"):
            parse("one\ntwo")
    with pytest.raises(ValueError, match="is empty"):
        parsers.word("")


def test_a_host_is_a_name_or_an_address() -> None:
    for raw in ("localhost", "broker.lan", "192.168.1.2", "::1", "küche.lan", "raspberry_pi", "broker.lan."):
        assert parsers.host(raw) == raw
    for raw in ("a..b", ".lan", f"{'x' * 70}.lan"):
        with pytest.raises(ValueError, match="no name of a host"):
            parsers.host(raw)


def test_a_choice_is_told_with_the_words_there_are() -> None:
    assert parsers.choice("auto", "external")("auto") == "auto"
    with pytest.raises(ValueError, match="expected one of auto, external"):
        parsers.choice("auto", "external")("Auto")
