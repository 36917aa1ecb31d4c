"""Explore says of each message which numbers are in it, as which series each is logged, or why it is not."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from support import Mosquitto, fetch, wait_until

from janitoo_datalog_rrd.decoders.times import parse_time
from janitoo_datalog_rrd.web.explore import guess

from .conftest import Looker

METER = '{"Time":"2026-11-22T02:00:00Z","ENERGY":{"Power":12.5,"Voltage":230}}'


def logged(looker: Looker, topic: str, path: str = "") -> None:
    wait_until(lambda: looker.number(topic, path)["state"] == "logged", what="it to be logged")


def test_a_number_that_is_logged_names_its_series(looker: Looker) -> None:
    looker.hear(("garden/soil", "31"), ("meter/a", METER))
    logged(looker, "garden/soil")
    assert looker.number("garden/soil")["series"] == ["garden.soil"]
    verdict = looker.topic("garden/soil")["verdict"]
    assert (verdict["section"], verdict["kind"], verdict["sentence"]) == (
        "decoder__garden",
        "plain",
        "[decoder__garden] reads this topic.",
    )
    assert verdict["place"].startswith(str(looker.ini))
    logged(looker, "meter/a", "ENERGY.Power")
    assert looker.number("meter/a", "ENERGY.Power")["series"] == ["meter.a.ENERGY.Power"]


def test_a_value_of_janitoo_names_its_series_and_one_that_is_not_logged_is_no_fault(looker: Looker) -> None:
    value = '{"0":{"hadd":"0100/0001","uuid":"t","index":0,"genre":2,"data":3,"label":"Kitchen","units":"°C"}}'
    looker.hear(
        ("/values/user/0100/0001/t", value), ("/values/config/0100/0001/x", value), ("/dhcp/heartbeat/0100/0001", "ONLINE")
    )
    wait_until(lambda: looker.topic("/values/user/0100/0001/t")["verdict"]["state"] == "logged", what="it to be logged")
    number = looker.topic("/values/user/0100/0001/t")["verdict"]["numbers"][0]
    assert (number["series"], number["label"], number["units"]) == (["0100.0001.t.0"], "Kitchen", "°C")
    assert "rightly finds no number" in looker.topic("/values/config/0100/0001/x")["verdict"]["sentence"]
    assert looker.topic("/dhcp/heartbeat/0100/0001")["verdict"]["sentence"].startswith("A heartbeat")


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("garden/words", "about nine", "[decoder__garden] reads this topic, but: the payload 'about nine' is neither a number"),
        ("meter/b", '{"Power":1}', "[decoder__meter] reads this topic, but: the message has nothing at ENERGY.Power"),
        ("home/words", "about nine", "There is no number in this message"),
        ("home/empty", '{"a":{}}', "There is no number in this message"),
        ("garden/empty", "", "[decoder__garden] reads this topic, and rightly finds no number in this message."),
    ],
)
def test_why_there_is_nothing_to_log_is_said(looker: Looker, topic: str, payload: str, why: str) -> None:
    looker.hear((topic, payload))
    verdict = looker.topic(topic)["verdict"]
    assert verdict["sentence"].startswith(why)
    assert verdict["state"] == ("open" if topic == "meter/b" else "none")


def test_numbers_that_the_decoder_passes_over_say_so(looker: Looker) -> None:
    looker.hear(("meter/a", METER), ("garden/doc", '{"t": 1}'), ("meter/b", '{"Power":1}'))
    assert looker.number("meter/a", "ENERGY.Voltage")["why"] == "[decoder__meter] logs only value = ENERGY.Power."
    number = looker.number("garden/doc", "t")
    assert (number["state"], number["why"]) == ("not", "[decoder__garden] (kind = plain) reads no number there.")
    assert looker.number("meter/b", "Power")["state"] == "open"


def test_a_message_that_was_refused_says_why(looker: Looker) -> None:
    looker.hear(("garden/huge", "1e305"))
    wait_until(lambda: "refused" in looker.number("garden/huge")["why"], what="the refusal")
    assert "larger than an RRD file can hold" in looker.number("garden/huge")["why"]


def test_without_auto_series_a_section_is_not_offered(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> None:
    looker = look_in(mosquitto, datarrd="auto_series = False", more="[decoder__garden]\ntopics = garden/#\nkind = plain\n")
    looker.hear(("garden/soil", "31"), ("shed/temp", "1"))
    for topic in ("garden/soil", "shed/temp"):
        number = looker.number(topic)
        assert number["state"] == "not"
        assert number["why"].startswith(f"auto_series is off ({looker.ini}:")
    status, refused = looker.ask(topic="shed/temp")
    assert status == 400
    assert refused["detail"].startswith("A section would change nothing. auto_series is off")


def test_what_a_section_hides_names_the_section(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> None:
    quiet = "[series__quiet]\npattern = garden.*\nlog = no\n"
    looker = look_in(mosquitto, more=f"[decoder__garden]\ntopics = garden/#\nkind = plain\n{quiet}")
    looker.hear(("garden/soil", "31"))
    number = looker.number("garden/soil")
    assert (number["state"], number["series"]) == ("not", [])
    assert number["why"].startswith(f"[series__quiet] says that it is not to be logged ({looker.ini}:")


def test_when_there_are_as_many_series_as_may_be_that_is_said(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> None:
    looker = look_in(mosquitto, datarrd="max_series = 3")
    looker.house.publish(
        *(
            (f"/values/user/0100/0001/v{number}", f'{{"hadd":"0100/0001","uuid":"v{number}","index":0,"genre":2,"data":1}}')
            for number in range(4)
        )
    )
    looker.hear(("shed/temp", "1"))
    assert looker.number("shed/temp")["why"] == "There are max_series = 3 series already: raise it in [datarrd]."


def test_a_message_is_shown_as_text_as_bytes_and_as_json(looker: Looker) -> None:
    looker.hear(
        ("a", '{"b":[1,{"c":"é"}]}'), ("b", b"\xff\x00"), ("c", "plain é"), ("deep", "[" * 900 + "]" * 900), ("big", "1" * 5000)
    )
    a, b, c, big = (looker.topic(topic)["message"] for topic in ("a", "b", "c", "big"))
    assert a["json"] == '{\n  "b": [\n    1,\n    {\n      "c": "é"\n    }\n  ]\n}'
    assert (b["text"], b["json"], b["hex"], b["size"]) == (None, None, "ff 00", 2)
    assert (c["text"], c["json"]) == ("plain é", None)
    assert looker.topic("deep")["message"]["text"].startswith("[[[")
    assert (big["size"], big["kept"]) == (5000, 2048)
    assert "only its beginning was kept" in looker.topic("big")["verdict"]["sentence"]
    looker.hear(("big", "1" * 5000))
    wait_until(lambda: looker.topic("big")["message"]["kept"] == 5000, what="the whole of it")


def test_time_label_and_units_are_guessed(looker: Looker) -> None:
    looker.hear(("z/kitchen", '{"temperature":20,"last_seen":"2001-01-01T00:00:00Z","unit":"°C","sub":{"name":"in","v":3}}'))
    assert looker.number("z/kitchen", "temperature")["guesses"] == {"units": "unit"}, "an old time is no good guess"
    assert looker.number("z/kitchen", "sub.v")["guesses"] == {"label": "sub.name", "units": "unit"}
    now = looker.house.server.services.clock()
    looker.hear(("z/hall", f'{{"temperature":20,"ts":{now}}}'))
    assert looker.number("z/hall", "temperature")["guesses"] == {"time": "ts"}


def test_a_message_full_of_times_costs_no_more_than_it_has_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def counted(datum: object) -> float:
        read.append(datum)
        return parse_time(datum)

    monkeypatch.setattr(guess, "parse_time", counted)
    document: dict[str, object] = {f"n{each}": each for each in range(50)}
    for level in range(20):
        document = {"below": document, "time": level, "ts": level, "date": "no time"}
    guesses = guess.Guesses(orjson.dumps(document), now=1.7e9)
    below = ".".join(["below"] * 20)
    assert [guesses.of(f"{below}.n{each}") for each in range(50)] == [{}] * 50
    assert len(read) == 60


def test_rows_of_the_tree_say_whether_they_are_logged(looker: Looker) -> None:
    looker.hear(("garden/soil", "31"), ("shed/temp", "1"), ("shed/words", "x"))
    logged(looker, "garden/soil")
    wait_until(lambda: looker.tree(prefix="garden/")["branches"][0]["rows"][0]["message"]["state"] == "logged", what="the row")
    garden, shed = looker.tree(prefix=["garden/", "shed/"])["branches"]
    assert garden["rows"][0]["message"]["series"] == ["garden.soil"]
    assert [row["message"]["state"] for row in shed["rows"]] == ["open", "none"]


def test_the_tree_comes_by_branch_by_depth_by_page_and_by_search(looker: Looker) -> None:
    looker.hear(*((f"t/{number:03d}/x", "1") for number in range(30)))
    (top,) = looker.tree(depth=3, limit=10)["branches"]
    branch = next(row for row in top["rows"] if row["level"] == "t")["branch"]
    assert [row["level"] for row in branch["rows"]] == [f"{number:03d}" for number in range(len(branch["rows"]))]
    assert branch["next_cursor"]
    (page,) = looker.tree(prefix="t/", limit=20)["branches"]
    (rest,) = looker.tree(prefix="t/", limit=20, cursor=page["next_cursor"])["branches"]
    assert [row["level"] for row in page["rows"] + rest["rows"]] == [f"{number:03d}" for number in range(30)]
    assert rest["next_cursor"] is None
    found = looker.tree(search="T/ 02")
    assert (found["found"], found["rows"][0]["topic"]) == (11, "t/002/x")


@pytest.mark.parametrize("query", ["prefix=a", "depth=9", "limit=0", "cursor=x&prefix=a/&prefix=b/", "nonsense=1"])
def test_queries_that_cannot_be_answered_are_refused(looker: Looker, query: str) -> None:
    assert fetch(f"{looker.house.url}/api/v1/explore?{query}") is None


def test_an_answer_is_bounded_whatever_is_asked(looker: Looker) -> None:
    looker.hear(*((f"t/{number:03d}/x/y", "1") for number in range(120)))
    (top,) = looker.tree(depth=4, limit=50)["branches"]

    def count(branch: dict[str, object]) -> int:
        rows = branch["rows"]
        assert isinstance(rows, list)
        return len(rows) + sum(count(row["branch"]) for row in rows if "branch" in row)

    assert count(top) <= 100
