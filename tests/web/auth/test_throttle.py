"""How long one has to wait after failed log-ins."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.web.auth.throttle import ADDRESS, MOST, NAME, Throttle


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def test_the_wait_grows_with_each_failure_of_an_address(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ADDRESS.free):
        assert throttle.begin("10.0.0.1", "vera").wait_s == 0
    grown = []
    for _ in range(12):
        assert throttle.begin("10.0.0.1", "somebody").wait_s == 0
        grown.append(throttle.begin("10.0.0.1", "somebody").wait_s)
        clock.now += grown[-1]
    assert grown == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert throttle.begin("10.0.0.2", "nobody").wait_s == 0, "others do not wait"


def test_the_wait_of_a_name_is_shorter_wherever_it_is_tried(throttle: Throttle, clock: Clock) -> None:
    for number in range(NAME.free):
        assert throttle.begin(f"10.0.1.{number}", "vera").wait_s == 0
    grown = []
    for number in range(8):
        assert throttle.begin(f"10.0.2.{number}", "vera").wait_s == 0
        grown.append(throttle.begin(f"10.0.3.{number}", "vera").wait_s)
        clock.now += grown[-1]
    assert grown == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_try_that_has_to_wait_does_not_count(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ADDRESS.free + 1):
        assert throttle.begin("10.0.0.1", "vera").wait_s == 0
    assert [throttle.begin("10.0.0.1", "vera").wait_s for _ in range(50)] == [1] * 50
    clock.now += 1
    assert throttle.begin("10.0.0.1", "vera").wait_s == 0
    assert throttle.begin("10.0.0.1", "vera").wait_s == 2


def test_many_tries_at_once_gain_nothing(throttle: Throttle) -> None:
    assert [throttle.begin("10.0.0.1", "vera").wait_s == 0 for _ in range(20)].count(True) == ADDRESS.free + 1


def test_failures_are_forgotten_after_a_while(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ADDRESS.free + 1):
        throttle.begin("10.0.0.1", "vera")
    clock.now += 5000
    assert [throttle.begin("10.0.0.1", "vera").wait_s for _ in range(ADDRESS.free)] == [0] * ADDRESS.free


def test_whoever_has_logged_in_is_not_kept_out_by_strangers(throttle: Throttle) -> None:
    throttle.succeed(throttle.begin("10.0.0.1", "vera"))
    for number in range(50):
        throttle.begin(f"10.0.1.{number}", "vera")
    assert throttle.begin("10.0.2.1", "vera").wait_s > 0
    assert throttle.begin("10.0.0.1", "vera").wait_s == 0


def test_a_log_in_of_ones_own_does_not_help_to_guess_anothers(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ADDRESS.free + 3):
        clock.now += 10
        assert throttle.begin("10.0.0.1", "ada").wait_s == 0
        clock.now += 10
        own = throttle.begin("10.0.0.1", "mallory")
        assert own.wait_s == 0
        throttle.succeed(own)
    clock.now += 10
    assert throttle.begin("10.0.0.1", "ada").wait_s == 0
    assert throttle.begin("10.0.0.1", "ada").wait_s == 8


def test_a_house_with_ipv6_is_one_address(throttle: Throttle) -> None:
    for number in range(ADDRESS.free + 1):
        assert throttle.begin(f"2001:db8::{number}", f"n{number}").wait_s == 0
    assert throttle.begin("2001:db8::ffff:1", "n").wait_s == 1
    assert throttle.begin("2001:db8:0:1::1", "n").wait_s == 0


def test_an_ipv4_address_in_ipv6_is_that_address(throttle: Throttle) -> None:
    for number in range(ADDRESS.free + 1):
        assert throttle.begin("::ffff:10.0.0.1", f"n{number}").wait_s == 0
    assert throttle.begin("10.0.0.1", "n").wait_s == 1
    assert throttle.begin("::ffff:10.0.0.2", "n").wait_s == 0


@pytest.mark.parametrize("address", ["", "fe80::1%eth0", "no address", "x" * 10_000])
def test_any_address_will_do(throttle: Throttle, address: str) -> None:
    assert throttle.begin(address, "vera").wait_s == 0


def test_the_table_is_bounded(throttle: Throttle) -> None:
    for number in range(MOST + 500):
        throttle.begin(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", f"n{number}" * 100)
        throttle.succeed(throttle.begin(f"11.{number // 65536}.{number // 256 % 256}.{number % 256}", f"n{number}"))
    assert len(throttle._table) <= MOST
    assert len(throttle._proven) <= MOST
    assert max(map(len, throttle._table)) < 100


def test_a_try_that_could_not_be_looked_at_takes_no_wait_away(throttle: Throttle) -> None:
    """As when somebody keeps the server busy while guessing."""
    for _ in range(ADDRESS.free - 1):
        throttle.begin("10.0.0.1", "vera")
    busy = throttle.begin("10.0.0.1", "vera")
    assert throttle.begin("10.0.0.1", "vera").wait_s == 0, "the sixth, which has to be waited after"
    throttle.cancel(busy)
    assert throttle.begin("10.0.0.1", "vera").wait_s == 1


def test_a_try_that_could_not_be_looked_at_does_not_count(throttle: Throttle) -> None:
    for _ in range(100):
        tried = throttle.begin("10.0.0.1", "vera")
        assert tried.wait_s == 0
        throttle.cancel(tried)
