"""Logging: where the ini says, without the password, and with a clear sentence when it cannot."""

from __future__ import annotations

import io
import logging
import logging.handlers
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.errors import ConfigError, StartError
from janitoo_datalog_rrd.core.logs import SecretFilter, configure_logging
from janitoo_datalog_rrd.core.options import Options

SECRET = "p'ss wörd\\1"
FILE_ONLY = """
[loggers]
keys = root, janitoo
[handlers]
keys = file
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = file
[logger_janitoo]
level = DEBUG
handlers = file
qualname = janitoo
propagate = 0
[handler_file]
class = FileHandler
formatter = plain
args = ('%(log_dir)s/deep/%(service)s.log', 'w')
[formatter_plain]
format = %(levelname)s %(message)s
"""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Lay back what pytest had, and close what the test made."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    filters = [handler.filters[:] for handler in handlers]
    yield
    for logger in (root, logging.getLogger("janitoo")):
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            if handler not in handlers:
                handler.close()
    for handler, before in zip(handlers, filters, strict=True):
        handler.filters[:] = before  # or what a flood has too much of would be missing from what later tests look at
        root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("janitoo").setLevel(logging.NOTSET)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Options]:
    """Options from an ini with these logging sections, at home in a folder of the test."""

    def load(sections: str = "", **system: str) -> Options:
        ini = tmp_path / "test.conf"
        given = {"home_dir": str(tmp_path / "ho'me"), "broker_password": SECRET, **system}
        ini.write_text("[system]\n" + "".join(f"{name} = {value}\n" for name, value in given.items()) + sections)
        return Options.load(ini)

    return load


def test_an_ini_without_logging_sections_logs_to_stderr(load: Callable[..., Options], capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(load(), console=False)
    logging.getLogger("any").info("hello")
    logging.getLogger("any").debug("too much")
    assert capsys.readouterr().err == "INFO    any: hello\n"


def test_folders_of_log_files_are_made_and_log_dir_is_followed(load: Callable[..., Options], tmp_path: Path) -> None:
    configure_logging(load(FILE_ONLY, service="cellar"), console=False)
    logging.getLogger("any").info("hello")
    assert (tmp_path / "ho'me" / "log" / "deep" / "cellar.log").read_text() == "INFO hello\n"


def test_a_person_at_the_console_sees_warnings_though_the_ini_logs_to_files(
    load: Callable[..., Options], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(load(FILE_ONLY), console=True)
    logging.getLogger("any").info("quiet")
    logging.getLogger("any").warning("look")
    assert capsys.readouterr().err == "WARNING any: look\n"
    configure_logging(load(FILE_ONLY), console=False)
    logging.getLogger("any").warning("nobody looks")
    assert capsys.readouterr().err == ""


def test_an_ini_with_a_console_of_its_own_gets_no_second_one(
    load: Callable[..., Options], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = (root / "config" / "janitoo_datalog_rrd.conf").read_text()
    configure_logging(load(shipped[shipped.index("[loggers]") :]), console=True)
    logging.getLogger("any").warning("once")
    assert capsys.readouterr().err.count("once") == 1
    assert "once" in (tmp_path / "ho'me" / "log" / "jnt_datalog_rrd.log").read_text()


def test_the_original_projects_sections_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[..., Options]
) -> None:
    monkeypatch.chdir(tmp_path)
    sections = FILE_ONLY.replace("'%(log_dir)s/deep/%(service)s.log'", "'./home/log/jnt_datalog_rrd.log'")
    configure_logging(load(sections), console=False)
    logging.getLogger("janitoo.any").debug("hello")
    assert (tmp_path / "home" / "log" / "jnt_datalog_rrd.log").read_text() == "DEBUG hello\n"


def test_a_reload_writes_to_the_new_file_and_closes_the_old_one(load: Callable[..., Options], tmp_path: Path) -> None:
    configure_logging(load(FILE_ONLY, service="old"), console=True)
    old = logging.getLogger().handlers[0]
    assert isinstance(old, logging.FileHandler)
    configure_logging(load(FILE_ONLY, service="new"), console=True)
    logging.getLogger("any").warning("hello")
    assert old.stream is None
    log = tmp_path / "ho'me" / "log" / "deep"
    assert (log / "old.log").read_text() == ""
    assert (log / "new.log").read_text() == "WARNING hello\n"
    assert len(logging.getLogger().handlers) == 2


def test_a_logger_that_left_the_ini_logs_like_the_others_after_a_reload(load: Callable[..., Options]) -> None:
    configure_logging(load(FILE_ONLY), console=False)
    assert logging.getLogger("janitoo").handlers
    configure_logging(load(), console=False)
    assert not logging.getLogger("janitoo").handlers


@pytest.mark.parametrize(
    "log",
    [
        lambda logger: logger.warning("password is %s", SECRET),
        lambda logger: logger.warning("options %s", {"broker_password": SECRET}),
        lambda logger: logger.warning("sent %r", SECRET.encode()),
        lambda logger: logger.warning(SECRET),
        lambda logger: logger.error("refused", exc_info=ValueError(f"bad login {SECRET}")),
        lambda logger: logger.warning("mqtt://house:p%27ss%20w%C3%B6rd%5C1@localhost"),
        lambda logger: logger.warning("look", stack_info=True, extra={"stack": SECRET}),
    ],
)
@pytest.mark.parametrize("console", [True, False])
def test_the_password_never_stands_in_the_log(
    load: Callable[..., Options],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    log: Callable[[logging.Logger], None],
    console: bool,
) -> None:
    configure_logging(load(FILE_ONLY), console=console)
    log(logging.getLogger("any"))
    written = (tmp_path / "ho'me" / "log" / "deep" / "jnt_datalog_rrd.log").read_text() + capsys.readouterr().err
    for form in ("p'ss", "p%27ss", "wörd", "w\\xc3\\xb6rd", "w\\u00f6rd"):
        assert form not in written.replace(str(tmp_path), "")
    assert "WARNING" in written or "ERROR" in written


def test_a_broken_log_call_is_told_by_its_handler_and_not_by_the_filter() -> None:
    record = logging.LogRecord("any", logging.INFO, "", 0, "%d", ("no number",), None)
    assert SecretFilter(["secret"]).filter(record)
    assert record.args == ("no number",)


@pytest.mark.parametrize(
    ("was", "becomes", "section", "words"),
    [
        ("class = FileHandler", "class = NoSuchHandler", "handler_file", "NoSuchHandler"),
        ("args = (", "args = (((", "handler_file", "never closed"),
        ("args = (", "args = ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h',", "handler_file", "argument"),
        ("level = INFO\nhandlers = file", "level = INFO\nhandlers = fiel", "logger_root", "'fiel', which is nowhere"),
        ("formatter = plain", "formatter = palin", "handler_file", "'palin', which is nowhere"),
        ("format = %(levelname)s %(message)s", "format = no field", "formatter_plain", "no field"),
    ],
)
def test_a_fault_in_a_logging_section_is_told_with_its_section_and_line(
    load: Callable[..., Options], capsys: pytest.CaptureFixture[str], was: str, becomes: str, section: str, words: str
) -> None:
    assert was in FILE_ONLY
    with pytest.raises(ConfigError) as caught:
        configure_logging(load(FILE_ONLY.replace(was, becomes)), console=True)
    (problem,) = caught.value.problems
    assert problem.section == section
    assert words in problem.message
    lines = (problem.where.rpartition(":")[0], int(problem.where.rpartition(":")[2]))
    assert Path(lines[0]).read_text().splitlines()[lines[1] - 1] == f"[{section}]"
    logging.getLogger("any").info("still heard")
    assert "still heard" in capsys.readouterr().err


def test_a_log_file_that_cannot_be_written_is_told_with_what_to_set(load: Callable[..., Options], tmp_path: Path) -> None:
    (tmp_path / "ho'me" / "log" / "deep" / "jnt_datalog_rrd.log").mkdir(parents=True)
    with pytest.raises(StartError, match=r"\[handler_file\].*cannot be written.*log_dir"):
        configure_logging(load(FILE_ONLY), console=False)


def test_a_log_dir_that_cannot_be_made_is_told_with_its_option(load: Callable[..., Options], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"\[system\].*cannot be written.*set log_dir"):
        configure_logging(load(FILE_ONLY, log_dir=str(tmp_path / "file" / "log")), console=False)


def test_log_files_are_closed_at_the_end_without_a_warning(load: Callable[..., Options], tmp_path: Path) -> None:
    """Faults on the way may open files; none of them may be left to the garbage collector."""
    load(FILE_ONLY.replace("handlers = file\nqualname", "handlers = fiel\nqualname"))
    script = (
        "import sys; from pathlib import Path\n"
        "from janitoo_datalog_rrd.core.options import Options; from janitoo_datalog_rrd.core.logs import configure_logging\n"
        "try: configure_logging(Options.load(Path(sys.argv[1])), console=True)\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(tmp_path / "test.conf")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("ConfigError\n", "")


def test_short_lived_handlers_of_others_stay(load: Callable[..., Options]) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("elsewhere").addHandler(handler)
    configure_logging(load(), console=False)
    logging.getLogger("elsewhere").warning("hello")
    logging.getLogger("elsewhere").removeHandler(handler)
    assert stream.getvalue() == "hello\n"
