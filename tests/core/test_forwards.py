"""The options of `[forward__NAME]`: every fault is told with its line and what is expected, and no secret is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.forwards import warning_of
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.shipped import ShippedNotes
from janitoo_datalog_rrd.core.shown import show_options

INFLUX2 = "kind = influxdb2\nurl = https://db.example.org\norg = home\nbucket = house\ntoken = s3cret"
VICTORIA = "kind = victoriametrics\nurl = http://127.0.0.1:8428"


def load(tmp_path: Path, lines: str, name: str = "x") -> Options:
    ini = tmp_path / "house.conf"
    ini.write_text(f"[forward__{name}]\n{lines}\n")
    return Options.load(ini, Plugins(), {})


def faults(tmp_path: Path, lines: str, name: str = "x") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, lines, name)
    return [str(each).removeprefix(f"{tmp_path}/house.conf:") for each in caught.value.problems]


def section(tmp_path: Path, lines: str) -> Section:
    return load(tmp_path, lines).section("forward__x")


@pytest.mark.parametrize(
    "lines",
    [
        INFLUX2,
        VICTORIA,
        f"{VICTORIA}\ndatabase = a",
        f"{VICTORIA}/insert/0/influx\nuser = me\npassword = s3cret",
        "kind = influxdb1\nurl = http://[::1]:8086/\ndatabase = house",
        "kind = influxdb3\nurl = http://localhost:8181\ndatabase = house",
        "kind = questdb\nurl = http://127.0.0.1:9000\ntoken = s3cret\nmeasurement = my house\ndescribe =\ntags = a=b, c=d e",
    ],
)
def test_what_each_kind_needs_is_enough(tmp_path: Path, lines: str) -> None:
    assert not section(tmp_path, lines)["url"].endswith("/")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", ["1: [forward__x] url: is missing", "1: [forward__x] kind: is missing"]),
        ("kind = influx\nurl = http://a", ["2: [forward__x] kind: 'influx' is not known: expected one of influxdb1"]),
        (
            "kind = influxdb2\nurl = http://a",
            [f"1: [forward__x] {name}: is missing: influxdb2 needs it" for name in ("org", "bucket", "token")],
        ),
        ("kind = influxdb1\nurl = http://a\ndatabase =", ["4: [forward__x] database: is missing: influxdb1 needs it"]),
        (
            "kind = influxdb1\nurl = http://a\ndatabase = a\nbucket = b",
            ["5: [forward__x] bucket: means nothing to influxdb1: expected database, user, password, token"],
        ),
        (f"{VICTORIA}\npassword = s3cret", ["4: [forward__x] password: stands without a user"]),
        (f"{VICTORIA}\nkey = a.key", ["4: [forward__x] key: stands without a cert"]),
        (f"{VICTORIA}\nuser = a\ntoken = s3cret", ["5: [forward__x] token: stands beside a user"]),
        ("kind = questdb\nurl = a.example.org", ["3: [forward__x] url: is not a URL: expected the address of the server alone"]),
        ("kind = questdb\nurl = ftp://a", ["3: [forward__x] url: is not a URL"]),
        ("kind = questdb\nurl = http://a:99999", ["3: [forward__x] url: is not a URL"]),
        ("kind = questdb\nurl = http://me:s3cret@a", ["3: [forward__x] url: has a user or password in it"]),
        ("kind = questdb\nurl = http://a?token=s3cret", ["3: [forward__x] url: has something after the path"]),
        ("kind = questdb\nurl = http://a/write", ["3: [forward__x] url: has the path for writing in it"]),
        (f"{VICTORIA}\ntags = a", ["4: [forward__x] tags: 'a' is not a tag: expected name=value, such as site=home"]),
        (f"{VICTORIA}\ntags = series=a", ["4: [forward__x] tags: 'series' is taken already"]),
        (f"{VICTORIA}\ntags = a=b, a=c", ["4: [forward__x] tags: 'a' stands twice"]),
        (f"{VICTORIA}\ntags = _a=b", ["4: [forward__x] tags: '_a=b' is not a tag"]),
        (f"{VICTORIA}\ndescribe = label", ["4: [forward__x] describe: 'label' is not known: expected node, units"]),
        (f"{VICTORIA}\nmeasurement = _a", ["4: [forward__x] measurement: '_a' is not a name"]),
        (f"{VICTORIA}\noutbox_bytes = 1k", ["4: [forward__x] outbox_bytes: '1k' is "]),
        (f"{VICTORIA}\nseries = (", ["4: [forward__x] series: '(' is not a regular expression"]),
        (f"{VICTORIA}\nsize = 3", ["4: [forward__x] size: unknown option: expected one of batch_size"]),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, lines: str, told: list[str]) -> None:
    found = faults(tmp_path, lines)
    assert len(found) == len(told), found
    for each, words in zip(found, told, strict=True):
        assert each.startswith(words), each
        assert "s3cret" not in each


def test_a_name_that_is_none_is_told(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, VICTORIA, "a/b")
    assert told.startswith("1: [forward__a/b]: is no name of a section"), told


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (INFLUX2, False),
        (INFLUX2.replace("https", "http"), True),
        (INFLUX2.replace("https://db.example.org", "http://127.0.0.1:1"), False),
        (INFLUX2.replace("https://db.example.org", "http://localhost"), False),
        (VICTORIA.replace("127.0.0.1", "10.0.0.1"), False),
        (f"{VICTORIA.replace('127.0.0.1', '10.0.0.1')}\nuser = a\npassword = s3cret", True),
    ],
)
def test_a_secret_that_goes_unencrypted_is_known(tmp_path: Path, lines: str, expected: bool) -> None:
    told = warning_of(section(tmp_path, lines))
    assert bool(told) is expected
    assert not told or told.startswith(f"{tmp_path}/house.conf:3: [forward__x] url: with http its secret goes")


def test_a_check_of_the_ini_tells_faults_and_what_goes_unencrypted(tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    ini = tmp_path / "house.conf"
    ini.write_text(f"[forward__x]\n{INFLUX2.replace('https', 'http')}\n")
    done = run_cli("-c", str(ini), "check")
    assert (done.returncode, "is in order" in done.stdout) == (0, True)
    assert "goes over the network for all to read; use https" in done.stderr
    ini.write_text(f"[forward__x]\n{VICTORIA}\norg = home\n")
    done = run_cli("-c", str(ini), "check")
    assert done.returncode != 0
    assert f"{ini}:4: [forward__x] org: means nothing to victoriametrics" in done.stderr


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    options = load(tmp_path, INFLUX2)
    assert "s3cret" not in repr(show_options(options, ShippedNotes()))
    assert "s3cret" not in repr(options.sections)


def test_every_option_is_shown_with_a_note_of_the_ini_that_comes_along(tmp_path: Path) -> None:
    (shown,) = [each for each in show_options(load(tmp_path, INFLUX2), ShippedNotes()) if each.name == "forward__x"]
    assert [each.name for each in shown.options if not each.told] == []
    values = {each.name: each.value for each in shown.options}
    assert (values["series"], values["describe"], values["token"]) == (".*", "node, units", "***")
