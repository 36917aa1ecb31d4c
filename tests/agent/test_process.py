"""The agent as a process, on a real broker: what it publishes, how it ends, and what it says when it cannot begin."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agents import AgentProcess, documents, numbers
from support import Certificates, CommandLine, CutProxy, Mosquitto, wait_until
from support.faults import FULL, Faults

from janitoo_datalog_rrd.agent.main import _Run

MONITORING = "devices/web01/monitoring"
STATUS = "devices/web01/status"
ABOUT = "devices/web01/about"
HOUR = 3600.0


@pytest.fixture
def agent(tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto) -> AgentProcess:
    return AgentProcess(tmp_path, command_line, mosquitto.port)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_readings_come_in_order_with_their_own_time_and_the_device_says_that_it_is_there(
    agent: AgentProcess, mosquitto: Mosquitto, protocol: str
) -> None:
    agent.components = ("one", "other")
    agent.system = f"broker_protocol = {protocol}"
    begun = time.time()
    with mosquitto.listen("#") as listener:
        running = agent.start()
        wait_until(lambda: len(documents(listener)) >= 5, what="readings")
        assert running.stop() == 0
        assert listener.wait_for(STATUS) == b"offline"
    found = documents(listener)
    assert listener.on(STATUS) == [b"online", b"offline"]
    topics = [topic for topic, _ in listener.messages]
    assert set(topics) == {STATUS, ABOUT, MONITORING}
    assert max(topics.index(STATUS), topics.index(ABOUT)) < topics.index(MONITORING), "first it says what it is"
    for component in agent.components:
        counted = numbers(found, component)
        assert counted == list(range(1, len(counted) + 1))
    assert any(len(each["metrics"]) == 2 for each in found), "what is due together comes together, but for what takes too long"
    times = [each["timestamp"] for each in found]
    assert times == sorted(set(times))
    assert begun - 1 <= times[0] <= times[-1] <= time.time()
    assert {each["device_id"] for each in found} == {"web01"}
    with mosquitto.listen(STATUS) as later:
        later.wait_for(STATUS)
    assert later.retained == [(STATUS, b"offline")]


def test_what_is_read_while_the_broker_is_away_arrives_with_its_own_time(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    agent.start()
    wait_until(lambda: agent.counted() >= 10, what="ten readings")
    back = time.time()
    mosquitto.start()
    with mosquitto.listen(MONITORING) as listener:
        wait_until(lambda: len(documents(listener)) >= 12, what="the readings")
    found = documents(listener)
    assert numbers(found) == list(range(1, len(found) + 1))
    assert found[8]["timestamp"] < back


def test_an_agent_that_is_killed_at_any_moment_loses_nothing_that_waited(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    agent.environ = {"JNT_AGENT__ONE_POLL_DELAY": "0.02"}
    last_of_runs = []
    with mosquitto.listen(MONITORING) as listener:
        for round_ in range(6):
            begun = agent.counted()
            running = agent.start()
            wait_until(lambda begun=begun, round_=round_: agent.counted() > begun + 5 + 7 * round_, what="readings")  # type: ignore[misc]
            running.kill()
            last_of_runs.append(agent.counted())
        running = agent.start()
        wait_until(lambda: agent.counted() > last_of_runs[-1] + 3, what="readings")
        assert running.stop() == 0
        last = agent.counted()
        wait_until(lambda: last in numbers(documents(listener)), what="the last reading")
    payloads = listener.on(MONITORING)
    missing = set(range(1, last)) - set(numbers(documents(listener)))
    assert missing <= set(last_of_runs), "the reading that was being taken in the moment of a kill, and no other"
    assert len(set(payloads)) == len(set(numbers(documents(listener)))), "what is sent twice is the same twice"
    first_ones = list(dict.fromkeys(numbers(documents(listener))))
    assert first_ones == sorted(first_ones)


def test_a_connection_that_breaks_before_the_broker_has_answered_doubles_no_more_than_was_on_its_way(
    agent: AgentProcess, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    running = agent.start()
    wait_until(lambda: agent.counted() >= 60, what="a backlog")
    running.kill()
    (agent.of("one") / "away").touch()
    mosquitto.start()
    with CutProxy(mosquitto.port) as proxy, mosquitto.listen(MONITORING) as listener:
        agent.port = proxy.port
        agent.start()
        proxy.cut_after(150, back=True)  # after some of the acknowledgements
        wait_until(lambda: 59 in numbers(documents(listener)), what="the backlog")
    came = numbers(documents(listener))
    assert proxy.resets
    assert list(dict.fromkeys(came)) == list(range(1, max(came) + 1))
    assert len(came) - max(came) <= 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_though_the_network_is_dead(agent: AgentProcess, mosquitto: Mosquitto, number: signal.Signals) -> None:
    with CutProxy(mosquitto.port) as proxy:
        agent.port = proxy.port
        running = agent.start()
        running.wait_for_text("connected to")
        wait_until(lambda: agent.counted() >= 3, what="readings")
        proxy.drop()
        counted = agent.counted()
        wait_until(lambda: agent.counted() >= counted + 3, what="readings")
        running.send(number)
        assert running.wait(5.0) == 0
        last = agent.counted()
    agent.port = mosquitto.port
    (agent.of("one") / "away").touch()
    with mosquitto.listen(MONITORING) as listener:
        agent.start()
        wait_until(lambda: last in numbers(documents(listener)), what="the last reading")


def test_it_vanishes_and_the_broker_says_so(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    with mosquitto.listen(STATUS) as listener:
        running = agent.start()
        listener.wait_for(STATUS)
        running.kill()
        wait_until(lambda: listener.on(STATUS) == [b"online", b"offline"], what="the last will")


def test_a_component_that_hangs_holds_up_no_other_and_comes_when_it_can(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    agent.components = ("one", "other")
    (agent.of("other") / "hangs").touch()
    with mosquitto.listen(MONITORING) as listener:
        running = agent.start()
        wait_until(lambda: len(numbers(documents(listener))) >= 15, what="readings of the one that is well")
        (agent.of("other") / "hangs").unlink()
        wait_until(lambda: len(numbers(documents(listener), "other")) >= 5, what="readings of the other")
        assert running.stop() == 0
    found = documents(listener)
    assert numbers(found) == list(range(1, len(numbers(found)) + 1))
    assert numbers(found, "other") == list(range(1, len(numbers(found, "other")) + 1))


def test_a_component_that_fails_is_told_once_and_the_others_go_on(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    agent.components = ("one", "other")
    (agent.of("other") / "fails").touch()
    with mosquitto.listen(MONITORING) as listener:
        running = agent.start()
        wait_until(lambda: len(numbers(documents(listener))) >= 5, what="readings of the one that is well")
        (agent.of("other") / "fails").unlink()
        wait_until(lambda: numbers(documents(listener), "other"), what="readings of the other")
        assert running.stop() == 0
    assert running.stderr.count("it is broken") == 1
    assert "component other is there again" in running.stderr


def test_a_component_that_is_away_is_told_once_and_the_ini_brings_it_back(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    (agent.of("one") / "away").touch()
    agent.components = ("one", "other")
    with mosquitto.listen(MONITORING, STATUS) as listener:
        running = agent.start()
        wait_until(lambda: len(numbers(documents(listener), "other")) >= 3, what="readings")
        assert running.stderr.count("there is nothing to count") == 1
        (agent.of("one") / "away").unlink()
        running.send(signal.SIGHUP)
        wait_until(lambda: numbers(documents(listener)), what="readings of the one that is back")
        assert running.stop() == 0
    assert listener.on(STATUS) == [b"online", b"online", b"offline"]


def test_a_new_name_is_taken_over_and_an_ini_with_faults_is_not(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    with mosquitto.listen("devices/#") as listener:
        running = agent.start()
        listener.wait_for(STATUS)
        text = agent.ini.read_text()
        agent.ini.write_text(text.replace("device = web01", "device = a b"))
        running.send(signal.SIGHUP)
        running.wait_for_text("'a b' is no name of a device")
        agent.ini.write_text(text.replace("device = web01", "device = web02"))
        running.send(signal.SIGHUP)
        listener.wait_for("devices/web02/monitoring")
        wait_until(lambda: listener.on(STATUS)[-1] == b"", what="the old name to be taken back")
        assert listener.on(STATUS) == [b"online", b"offline", b""], "what was said under the old name is taken back"
        assert running.stop() == 0
    everything = numbers(sorted((*documents(listener), *documents(listener, "web02")), key=lambda each: float(each["timestamp"])))
    assert everything == list(range(1, agent.counted() + 1))


def test_a_full_disk_stops_no_reading(agent: AgentProcess, mosquitto: Mosquitto, tmp_path: Path) -> None:
    faults = Faults(tmp_path / "faults")
    agent.environ = faults.environ()
    with mosquitto.listen(MONITORING) as listener:
        running = agent.start()
        listener.wait_for(MONITORING)
        with faults.fail(28, FULL, tmp_path / "home" / "agent-outbox") as fault:
            wait_until(lambda: fault.hits, what="the fault to be met")
            counted = agent.counted()
            wait_until(lambda: counted + 5 in numbers(documents(listener)), what="readings that the disk has not taken")
            mosquitto.stop()
            wait_until(lambda: agent.counted() > counted + 15, what="readings while both are away")
        running.wait_for_text("is written again")
        running.kill()
        mosquitto.start()
    with mosquitto.listen(MONITORING) as later:
        agent.start()
        wait_until(lambda: counted + 15 in numbers(documents(later)), what="what the disk has taken late")
    came = numbers([*documents(listener), *documents(later)])
    assert list(dict.fromkeys(came)) == list(range(1, max(came) + 1))
    assert running.stderr.count("kept in memory until") == 1


@pytest.mark.parametrize("killed", [False, True])
def test_a_clock_that_is_set_late_gives_readings_their_right_times(
    agent: AgentProcess, mosquitto: Mosquitto, tmp_path: Path, killed: bool
) -> None:
    faults = Faults(tmp_path / "faults")
    agent.environ = faults.environ()
    faults.set_clock(-time.time() + 1000.0)  # 1970
    begun = time.time()
    with mosquitto.listen(MONITORING) as listener:
        running = agent.start()
        running.wait_for_text("connected to")
        wait_until(lambda: agent.counted() >= 10, what="readings")
        assert not listener.messages, "nobody knows their times yet"
        if killed:
            running.kill()
        faults.set_clock(0.0)
        set_at = time.time()
        if killed:
            running = agent.start()
        wait_until(lambda: len(documents(listener)) >= 12, what="the readings")
        assert running.stop() == 0
    times = [each["timestamp"] for each in documents(listener)]
    assert times == sorted(times)
    assert begun - 1 <= times[0]
    assert times[8] <= set_at + 1


def test_a_wall_clock_that_is_set_back_by_an_hour_stops_nothing(
    agent: AgentProcess, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    faults = Faults(tmp_path / "faults")
    agent.environ = faults.environ()
    with mosquitto.listen(MONITORING) as listener:
        running = agent.start()
        listener.wait_for(MONITORING)
        faults.set_clock(-HOUR)
        running.wait_for_text("the clock was set by -3600")
        counted = agent.counted()
        wait_until(lambda: counted + 3 in numbers(documents(listener)), what="more readings")
    assert abs(documents(listener)[-1]["timestamp"] + HOUR - time.time()) < HOUR / 2


def test_a_certificate_of_its_own_opens_the_broker(
    agent: AgentProcess, mosquitto_tls: Mosquitto, certificates: Certificates
) -> None:
    agent.port = mosquitto_tls.port
    ours = f"broker_ip = localhost\nbroker_tls_ca = {certificates.ca}\n"
    agent.system = f"{ours}broker_tls_cert = {certificates.client_cert}\nbroker_tls_key = {certificates.client_key}"
    with mosquitto_tls.listen(MONITORING) as listener:
        running = agent.start()
        listener.wait_for(MONITORING)
        assert running.stop() == 0
    agent.system = ours.replace(str(certificates.ca), str(certificates.other_ca))
    running = agent.start()
    running.wait_for_text("broker_tls_ca")
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda agent: agent.ini.unlink(), ("there is no such file",)),
        (lambda agent: agent.ini.write_text("[agent]\npol_delay = 1\n[agnt]\n"), (":2:", "pol_delay", ":3:", "agnt")),
        (lambda agent: agent.ini.write_text("[agent__cpuu]\n"), (":1:", "agent__cpuu", "[agent__cpu]")),
        (lambda agent: agent.ini.write_text("[system]\nbroker_tls_ca = /nowhere\n"), ("broker_tls_ca", "No such file")),
        (lambda agent: agent.ini.write_text("[system]\nhome_dir = /proc/nowhere\n"), ("/proc/nowhere",)),
    ],
    ids=["no ini", "unknown words", "unknown component", "no certificate", "no folder"],
)
def test_what_is_wrong_is_one_sentence(
    agent: AgentProcess, spoil: Callable[[AgentProcess], object], words: tuple[str, ...]
) -> None:
    agent.write_ini()
    spoil(agent)
    done = agent.run()
    assert done.returncode == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_second_agent_of_the_same_home_is_refused(agent: AgentProcess, mosquitto: Mosquitto) -> None:
    running = agent.start()
    running.wait_for_text("connected to")
    done = agent.run()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "another process has it" in done.stderr


def test_two_machines_of_one_name_are_told(agent: AgentProcess, mosquitto: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = AgentProcess(tmp_path / "second", agent.command_line, mosquitto.port)
    first = agent.start()
    second.start()
    first.wait_for_text("another client may have the id jnt_agent-web01", 40)


def test_the_ini_may_stand_before_the_command_too_and_help_needs_none(agent: AgentProcess) -> None:
    agent.write_ini()
    done = agent.command_line.run("-c", str(agent.ini), "agent", "--check", env={"PYTHONPATH": str(agent.folder / "site")})
    assert (done.returncode, done.stdout) == (0, f"{agent.ini} is in order\n")
    for arguments in (["agent", "--help"], ["--help"]):
        assert "agent" in agent.command_line.run(*arguments, check=True).stdout
    assert agent.command_line.run("agent", "--nonsense").returncode == 2


def test_one_ini_serves_agent_and_server(agent: AgentProcess, root: Path) -> None:
    agent.write_ini()
    shared = f"{(root / 'config' / 'janitoo_datalog_rrd.conf').read_text()}\n[agent]\ndevice = web01\n"
    agent.ini.write_text(shared)
    assert agent.run("--check").stdout == f"{agent.ini} is in order\n"
    assert agent.command_line.run("-c", str(agent.ini), "check", check=True).stdout == f"{agent.ini} is in order\n"
    assert _Run(str(agent.ini)).settings.client_id == "jnt_datalog_rrd-agent-web01", "and so is its log file's"
    variables = {"JNT_AGENT_DEVICE": "web02", "JNT_HTTP_HTTP_PORT": "1", "JNT_AGENT__CPU_ENABLED": "False"}
    assert agent.command_line.run("-c", str(agent.ini), "check", env=variables, check=True)
