"""Forwarding to databases that refuse, are busy, hang or are not set up: all arrives but what is refused for good."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from forward.forwarding import Forwarding
from forward.waiting import Number, Of, Waiting
from support import Certificates, wait_until
from support.cutproxy import CutProxy
from support.databases import Stored
from support.standins import InfluxDB2, InfluxDB2Whole, InfluxDB3, QuestDB, StandIn, VictoriaMetricsAsOne

Start = Callable[..., Forwarding]
NOW = 1763800000
KINDS = (InfluxDB2, InfluxDB2Whole, InfluxDB3, QuestDB, VictoriaMetricsAsOne)


def numbers(count: int, first: int = 0, series: str = "s") -> list[Number]:
    """Samples of seven series, a second apart."""
    names = [Of(f"{series}{index}") for index in range(7)]
    return [Number(names[index % 7], NOW + index, index / 3) for index in range(first, first + count)]


def stored_of(samples: list[Number]) -> Stored:
    return {(each.origin.series, round(each.time * 1e6)): each.value for each in samples}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def database(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    made: StandIn = request.param()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def influxdb() -> Iterator[InfluxDB2]:
    made = InfluxDB2()
    made.start()
    yield made
    made.stop()


def wait_confirmed(forwarding: Forwarding, count: int) -> None:
    wait_until(lambda: len(forwarding.waiting.confirmed) == count, what=f"{count} samples to be confirmed")


def test_everything_arrives_as_it_was(database: StandIn, forward: Start) -> None:
    samples = numbers(1000)
    forwarding = forward(f"{database.ini}\nbatch_size = 300", Waiting([*samples, Number(Of("s0"), NOW, math.nan)]))
    wait_confirmed(forwarding, 1001)
    assert database.stored == stored_of(samples)
    assert [len(each.body.splitlines()) for each in database.taken] == [300, 300, 300, 100]
    assert (forwarding.count("sent"), forwarding.count("unknown")) == (1000, 1)
    forwarding.waiting.add(*numbers(5, 1000))
    wait_confirmed(forwarding, 1006)
    assert database.stored == stored_of(numbers(1005))
    assert forwarding.trouble == ""
    assert forwarding.forwarder.state().trouble == ""


def test_bad_lines_are_left_out_counted_and_told_once(
    database: StandIn, forward: Start, caplog: pytest.LogCaptureFixture
) -> None:
    database.bad = "bad"
    good = numbers(200)
    samples = [*good[:50], *numbers(3, series="bad"), *good[50:199], *numbers(2, 3, series="bad"), good[199]]
    forwarding = forward(database.ini, Waiting(samples))
    wait_confirmed(forwarding, 205)
    assert database.stored == stored_of(good)
    assert (forwarding.count("sent"), forwarding.count("refused")) == (200, 5)
    (told,) = [each for each in caplog.messages if "refuses" in each]
    assert "dropped and counted" in told
    assert "refuses samples" in forwarding.health.notes()["forward test"]
    assert forwarding.trouble == ""


def test_a_wrong_token_is_told_and_nothing_is_lost_until_it_is_right(
    database: StandIn, forward: Start, caplog: pytest.LogCaptureFixture
) -> None:
    database.token = "an0ther"
    forwarding = forward(database.ini, Waiting(numbers(10)))
    told = wait_until(lambda: forwarding.trouble, what="the trouble to be told")
    assert "does not let us in (HTTP 401: unauthorized access); check token" in told
    wait_until(lambda: len(database.asked) > 3, what="it to be tried again")
    assert not forwarding.waiting.confirmed
    assert len([each for each in caplog.messages if "does not let us in" in each]) == 1
    database.token = "s3cret"
    wait_confirmed(forwarding, 10)
    assert database.stored == stored_of(numbers(10))
    assert forwarding.trouble == ""
    assert "s3cret" not in caplog.text + repr(forwarding.forwarder.target) + repr(forwarding.section)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (302, "sends us elsewhere"),
        (403, "check token, which must be allowed to write into the bucket"),
        (404, "create the bucket there, or check org, bucket and url"),
        (405, "check url and kind"),
        (500, "busy or broken"),
        (503, "busy or broken"),
        (400, "does not answer as influxdb2 does (HTTP 400: busy); check url and kind"),
    ],
)
def test_what_may_be_mended_is_told_and_kept(influxdb: InfluxDB2, forward: Start, status: int, words: str) -> None:
    influxdb.status = status
    forwarding = forward(influxdb.ini, Waiting(numbers(10)))
    wait_until(lambda: words in forwarding.trouble, what=f"{words} in {forwarding.trouble}")
    assert (forwarding.count("refused"), forwarding.waiting.confirmed) == (0, [])
    influxdb.status = 204
    wait_confirmed(forwarding, 10)
    assert influxdb.stored == stored_of(numbers(10))
    assert forwarding.trouble == ""


def test_a_server_that_is_not_the_database_at_all_gets_no_sample_dropped(influxdb: InfluxDB2, forward: Start) -> None:
    forwarding = forward(influxdb.ini.replace("my house", "another"), Waiting(numbers(3)))
    wait_until(lambda: "not found" in forwarding.trouble, what="the trouble to be told")
    assert (forwarding.count("refused"), forwarding.waiting.confirmed) == (0, [])


def test_what_is_too_much_at_once_is_sent_in_smaller_pieces(database: StandIn, forward: Start) -> None:
    database.most = 1000
    forwarding = forward(database.ini, Waiting(numbers(500)))
    wait_confirmed(forwarding, 500)
    assert database.stored == stored_of(numbers(500))
    asked = len(database.asked)
    forwarding.waiting.add(*numbers(100, 500))
    wait_confirmed(forwarding, 600)
    assert all(each.status == 204 for each in database.asked[asked:]), "what is too much was not remembered"


def test_a_line_that_is_too_much_alone_is_dropped(influxdb: InfluxDB2, forward: Start) -> None:
    influxdb.most = 200
    long = Number(Of("x" * 190), NOW, 1.0)
    forwarding = forward(influxdb.ini, Waiting([*numbers(3), long, *numbers(3, 3)]))
    wait_confirmed(forwarding, 7)
    assert influxdb.stored == stored_of(numbers(6))
    assert forwarding.count("refused") == 1


def test_a_busy_database_is_left_alone_as_long_as_it_asks(influxdb: InfluxDB2, forward: Start) -> None:
    influxdb.busy, influxdb.retry_after = 1, "1"
    forwarding = forward(influxdb.ini, Waiting(numbers(10)))
    wait_confirmed(forwarding, 10)
    first, second = influxdb.asked
    assert (first.status, second.status) == (429, 204)
    assert second.time_s - first.time_s >= 1.0


@pytest.mark.parametrize("kind", [InfluxDB2, QuestDB])
def test_lines_are_compressed_on_a_long_way_unless_they_are_refused_so(kind: type[StandIn], forward: Start) -> None:
    database = kind()
    database.start()
    try:
        forwarding = forward(f"{database.ini}\nbatch_size = 400", Waiting(), compressed=True)
        forwarding.waiting.add(*numbers(1000))
        wait_confirmed(forwarding, 1000)
        assert database.stored == stored_of(numbers(1000))
        encodings = ["gzip" if "content-encoding" in each.headers else "" for each in database.asked]
        assert encodings == (["gzip", "gzip", "gzip"] if kind is InfluxDB2 else ["gzip", "", "", ""])
    finally:
        database.stop()


# -- the way there -------------------------------------------------------------------------------------


@pytest.fixture
def network(influxdb: InfluxDB2) -> Iterator[CutProxy]:
    with CutProxy(influxdb.port) as proxy:
        yield proxy


def through(network: CutProxy, influxdb: InfluxDB2) -> str:
    return f"{influxdb.INI}\ntoken = s3cret\nurl = http://127.0.0.1:{network.port}\ntimeout = 0.4"


def test_a_black_hole_is_told_and_left(influxdb: InfluxDB2, network: CutProxy, forward: Start) -> None:
    network.drop()
    forwarding = forward(through(network, influxdb), Waiting(numbers(100)))
    wait_until(lambda: "does not answer in time" in forwarding.trouble, what="the trouble to be told")
    network.heal()
    wait_confirmed(forwarding, 100)
    assert influxdb.stored == stored_of(numbers(100))


def test_a_forwarder_in_a_black_hole_is_stopped_at_once(influxdb: InfluxDB2, network: CutProxy, forward: Start) -> None:
    network.drop()
    forwarding = forward(f"{through(network, influxdb)}0", Waiting(numbers(100)))
    wait_until(lambda: network.open, what="it to be on its way")
    forwarding.forwarder.stop(0.1)
    network.heal()
    wait_until(lambda: influxdb.stored, what="what was on its way to arrive")
    assert not forwarding.waiting.confirmed


def test_resets_refusals_and_lost_answers_cost_nothing(influxdb: InfluxDB2, network: CutProxy, forward: Start) -> None:
    forwarding = forward(f"{through(network, influxdb)}\nbatch_size = 50", Waiting())
    for round_, harm in enumerate(
        (network.reset, network.refuse, lambda: network.cut_after(300), lambda: network.cut_after(10, back=True))
    ):
        harm()
        forwarding.waiting.add(*numbers(200, 200 * round_))
        if harm == network.refuse:
            wait_until(lambda: "cannot be reached" in forwarding.trouble, what="the trouble to be told")
            network.heal()
        wait_confirmed(forwarding, 200 * (round_ + 1))
    assert influxdb.stored == stored_of(numbers(800))
    assert network.resets >= 2


def test_a_slow_way_only_takes_longer(influxdb: InfluxDB2, network: CutProxy, forward: Start) -> None:
    network.delay(0.1)
    forwarding = forward(f"{through(network, influxdb)}\nbatch_size = 100", Waiting(numbers(300)))
    wait_confirmed(forwarding, 300)
    assert influxdb.stored == stored_of(numbers(300))


def test_a_certificate_of_the_own_authority_is_trusted_where_the_ini_names_it(certificates: Certificates, forward: Start) -> None:
    database = InfluxDB2((certificates.server_cert, certificates.server_key))
    database.start()
    try:
        forwarding = forward(database.ini, Waiting(numbers(10)))
        wait_until(lambda: "its certificate is not trusted" in forwarding.trouble, what="the trouble to be told")
        wrong = forward(f"{database.ini}\nca = {certificates.other_ca}", Waiting(numbers(10)))
        wait_until(lambda: "its certificate is not trusted" in wrong.trouble, what="the trouble to be told")
        assert not database.asked
        right = forward(f"{database.ini}\nca = {certificates.ca}", Waiting(numbers(10)))
        wait_confirmed(right, 10)
        assert database.stored == stored_of(numbers(10))
    finally:
        database.stop()


def test_a_server_that_asks_for_a_certificate_is_shown_ours(certificates: Certificates, forward: Start) -> None:
    database = InfluxDB2((certificates.server_cert, certificates.server_key))
    database.authority = certificates.ca
    database.start()
    ours = f"cert = {certificates.client_cert}\nkey = {certificates.client_key}"
    try:
        without = forward(f"{database.ini}\nca = {certificates.ca}", Waiting(numbers(10)))
        wait_until(lambda: "it wants a certificate of ours" in without.trouble, what=f"the trouble: {without.trouble}")
        assert not database.asked
        right = forward(f"{database.ini}\nca = {certificates.ca}\n{ours}", Waiting(numbers(10)))
        wait_confirmed(right, 10)
        assert database.stored == stored_of(numbers(10))
    finally:
        database.stop()


# -- what it makes of answers ----------------------------------------------------------------------------


def test_a_secret_in_an_answer_is_not_shown(influxdb: InfluxDB2, forward: Start, caplog: pytest.LogCaptureFixture) -> None:
    influxdb.answer = lambda _: (403, b'{"message": "no s3cret\\u0000\\u202e<b>' + b"x" * 1000 + b'"}')  # type: ignore[method-assign]
    forwarding = forward(influxdb.ini, Waiting(numbers(3)))
    told = wait_until(lambda: forwarding.trouble, what="the trouble to be told")
    assert "no ***" in told
    assert len(told) < 500
    assert "\x00" not in told
    assert "s3cret" not in told + caplog.text


def test_a_password_is_not_shown_as_it_was_sent_either(
    influxdb: InfluxDB2, forward: Start, caplog: pytest.LogCaptureFixture
) -> None:
    sent = base64.b64encode(b"writer:s3cret").decode()
    influxdb.answer = lambda _: (403, f'{{"message": "no {sent}"}}'.encode())  # type: ignore[method-assign]
    forwarding = forward(
        f"kind = influxdb1\nurl = {influxdb.url}\ndatabase = x\nuser = writer\npassword = s3cret", Waiting(numbers(3))
    )
    told = wait_until(lambda: forwarding.trouble, what="the trouble to be told")
    assert "no ***" in told
    assert sent not in told + caplog.text


def test_what_the_journal_drops_is_counted(influxdb: InfluxDB2, forward: Start) -> None:
    waiting = Waiting()
    waiting.dropped = 7  # in an earlier life
    forwarding = forward(influxdb.ini, waiting)
    waiting.dropped = 10
    waiting.add(*numbers(3))
    wait_confirmed(forwarding, 3)
    assert forwarding.count("dropped") == 3


def test_a_journal_that_cannot_be_read_is_told_and_tried_again(influxdb: InfluxDB2, forward: Start) -> None:
    waiting = Waiting()
    read, failing = waiting.read, [OSError(5, "Input/output error"), RuntimeError("odd")]

    def fail(most: int) -> object:
        if failing:
            raise failing.pop()
        return read(most)

    waiting.read = fail  # type: ignore[assignment, method-assign]
    waiting.add(*numbers(3))
    forwarding = forward(influxdb.ini, waiting)
    wait_confirmed(forwarding, 3)
    assert not failing
    assert influxdb.stored == stored_of(numbers(3))


def test_only_one_batch_is_in_memory_however_much_waits(influxdb: InfluxDB2, forward: Start) -> None:
    waiting = Waiting(numbers(1000))
    read, asked = waiting.read, []

    def note(most: int) -> object:
        found = read(most)
        asked.append((most, len(found) + len(waiting.confirmed)))
        return found

    waiting.read = note  # type: ignore[assignment, method-assign]
    wait_confirmed(forward(f"{influxdb.ini}\nbatch_size = 100", waiting), 1000)
    assert asked[:10] == [(100, 100 * number) for number in range(1, 11)]


def test_it_rests_while_it_catches_up(influxdb: InfluxDB2, forward: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven times as long as it has worked, after each full batch."""
    now = [0.0]

    def work() -> float:
        now[0] += 0.03
        return now[0]

    monkeypatch.setattr("janitoo_datalog_rrd.forward.forwarder.time.thread_time", work)
    waiting = Waiting(numbers(50))
    forwarding = forward(f"{influxdb.ini}\nbatch_size = 10", waiting)
    wait_confirmed(forwarding, 50)
    times = [each.time_s for each in influxdb.taken]
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times)), times
