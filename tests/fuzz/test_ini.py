"""Whatever stands in the ini, it gives options, or one error that names file and line; and what was written is read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from benchmarks.fuzz import ini, mutate, seeds
from janitoo_datalog_rrd.core.errors import ConfigError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins

PLUGINS = Plugins()
TOKENS = seeds.as_bytes(seeds.INI_TOKENS)
# what Python says of a pattern that it may read in another way one day is for the log
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def load(folder: Path, content: bytes) -> Options | ConfigError:
    path = folder / "fuzz.conf"
    path.write_bytes(content)
    return ini.check_ini(path, PLUGINS)


@pytest.mark.parametrize("text", seeds.INIS)
def test_the_seeds_load(tmp_path: Path, text: str) -> None:
    assert isinstance(load(tmp_path, text.encode()), Options)


@settings(SHORT, max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes_are_options_or_an_error(tmp_path: Path, content: bytes) -> None:
    load(tmp_path, content)


@settings(SHORT, max_examples=300)
@given(
    st.lists(
        st.sampled_from([*seeds.INI_TOKENS, *(line + "\n" for text in seeds.INIS for line in text.splitlines())]), max_size=30
    )
)
@example(["[schema__]\n", "pattern = x\n"])
@example(["[a] b = c\n", "[loggers]\n", "keys = x"])
def test_any_lines_are_options_or_an_error(tmp_path: Path, lines: list[str]) -> None:
    load(tmp_path, "".join(lines).encode())


@settings(SHORT, max_examples=300)
@given(st.sampled_from(seeds.INIS), st.integers(1, 10), st.integers(0, 2**32))
def test_a_good_ini_that_was_changed_is_options_or_an_error(tmp_path: Path, text: str, times: int, seed: int) -> None:
    chance = random.Random(seed)
    content = text.encode()
    for _ in range(times):
        content = mutate.mutate(content, chance, TOKENS)
    load(tmp_path, content)


words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@settings(SHORT, max_examples=150)
@given(
    st.fixed_dictionaries(
        {
            "service": words,
            "home_dir": words,
            "broker_user": st.just("") | words,
            "broker_password": words,
            "broker_port": st.integers(1, 65535),
            "broker_tls": st.booleans(),
            "gc_delay": st.integers(0, 10**6).map(float),
        }
    ),
    st.sampled_from([" = ", "=", ": ", " : "]),
    st.sampled_from(["\n", "\r\n", "\n\n; x\n"]),
)
def test_what_was_written_is_read_the_same(tmp_path: Path, wanted: dict[str, object], separator: str, end: str) -> None:
    lines = ["[system]", *(f"{name}{separator}{value}" for name, value in wanted.items()), ""]
    options = load(tmp_path, end.join(lines).encode())
    assert isinstance(options, Options), str(options)
    assert {name: options.system[name] for name in wanted} == wanted


@settings(SHORT, max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(["JNT_SYSTEM_", "JNT_HTTP_", "JNT_", "JNT_SCHEMA__DEFAULT_"]).flatmap(
            lambda start: st.text("ABC_0HOMEDIRSTPN", max_size=10).map(start.__add__)
        ),
        st.text(max_size=20),
        max_size=4,
    )
)
def test_any_environment_is_options_or_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    path = tmp_path / "fuzz.conf"
    path.write_text(seeds.INIS[0], encoding="utf-8")
    try:
        Options.load(path, PLUGINS, environ)
    except ConfigError as error:
        assert all("environment variable JNT_" in problem.where for problem in error.problems)
