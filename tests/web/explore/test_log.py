"""A number is logged by a click: the change of the ini is shown, then saved as it was shown, and then it is in force."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Mosquitto, wait_until

from .conftest import Looker

METER = '{"Time":"2026-11-22T02:00:00Z","ENERGY":{"Power":12.5,"Voltage":230,"Name":"x"},"Wifi":{"RSSI":-60}}'


def series_of(looker: Looker, topic: str, path: str = "") -> list[str]:
    found: list[str] = looker.number(topic, path)["series"]
    return found


def test_a_bare_number_is_logged_with_two_requests(looker: Looker) -> None:
    looker.hear(("shed/temp", "21.5"))
    assert looker.number("shed/temp")["state"] == "open"
    before = looker.ini.read_text()
    status, shown = looker.ask(topic="shed/temp")
    assert (status, shown["saved"], shown["section"]) == (200, False, "decoder__shed_temp")
    assert looker.ini.read_text() == before
    assert [line for line in shown["diff"].splitlines() if line[0] in "+-"][2:] == [
        "+[decoder__shed_temp]",
        "+topics = shed/temp",
        "+kind = plain",
        "+",
    ]
    status, saved = looker.ask(topic="shed/temp", save=True, hash=shown["hash"])
    assert (status, saved["saved"], saved["in_force"]) == (200, True, True)
    after = looker.ini.read_text()
    assert after.replace("[decoder__shed_temp]\ntopics = shed/temp\nkind = plain\n\n", "") == before
    assert Path(saved["backup"]).read_text() == before
    looker.house.wait_connected()
    looker.house.publish(("shed/temp", "22"))
    assert "shed.temp" in looker.house.names()
    assert series_of(looker, "shed/temp") == ["shed.temp"]
    assert looker.number("shed/temp")["state"] == "logged"


def test_a_number_of_a_document_is_logged_alone_with_its_time(looker: Looker) -> None:
    looker.hear(("oven/x/STATE", METER))
    number = looker.number("oven/x/STATE", "ENERGY.Power")
    assert number["state"] == "open"
    saved = looker.log(topic="oven/x/STATE", path="ENERGY.Power", value="ENERGY.Power")
    assert saved["text"] == "[decoder__oven_x_state]\ntopics = oven/x/STATE\nkind = json\nvalue = ENERGY.Power\n"
    looker.house.wait_connected()
    looker.house.publish(("oven/x/STATE", METER))
    wait_until(lambda: series_of(looker, "oven/x/STATE", "ENERGY.Power") == ["oven.x.STATE.ENERGY.Power"], what="the series")
    voltage = looker.number("oven/x/STATE", "ENERGY.Voltage")
    assert (voltage["state"], voltage["why"]) == ("open", "[decoder__oven_x_state] logs only value = ENERGY.Power.")


def test_a_second_number_of_the_message_widens_the_section_instead_of_adding_one_that_changes_nothing(looker: Looker) -> None:
    looker.hear(("meter/a", METER))
    before = looker.ini.read_text()
    saved = looker.log(topic="meter/a", path="ENERGY.Voltage")
    assert (saved["section"], saved["new"]) == ("decoder__meter", False)
    assert looker.ini.read_text() == before.replace("value = ENERGY.Power", "value = ENERGY")
    saved = looker.log(topic="meter/a", path="Wifi.RSSI")
    assert looker.ini.read_text() == before.replace("value = ENERGY.Power\n", "")
    assert "every number of the message" in saved["notes"][0]
    status, refused = looker.ask(topic="meter/a", path="Wifi.RSSI")
    assert (status, refused["parameter"]) == (400, "topic")
    assert "reads this topic already: another section would change nothing" in refused["detail"]


def test_one_level_may_stand_for_all_and_the_topics_it_matches_are_told(looker: Looker) -> None:
    looker.hear(("shelly/a/power", "1"), ("shelly/b/power", "2"), ("shelly/b/other", "3"), ("garden/b/power", "4"))
    status, shown = looker.ask(topic="shelly/a/power", topics="+/+/power")
    assert status == 200
    assert shown["matches"] == {"count": 2, "topics": ["shelly/a/power", "shelly/b/power"]}
    assert shown["others"] == {"count": 1, "topics": ["garden/b/power"]}
    status, refused = looker.ask(topic="shelly/a/power", topics="shelly/b/+")
    assert (status, refused["parameter"]) == (400, "topics")


def test_what_was_shown_is_what_is_saved(looker: Looker) -> None:
    looker.hear(("shed/temp", "21.5"))
    _, shown = looker.ask(topic="shed/temp")
    changed = looker.ini.read_text() + "; a note by somebody else\n"
    looker.ini.write_text(changed)
    status, refused = looker.ask(topic="shed/temp", save=True, hash=shown["hash"])
    assert (status, refused["title"]) == (409, "Conflict")
    assert looker.ini.read_text() == changed
    assert looker.ask(topic="shed/temp", save=True)[0] == 409
    _, shown = looker.ask(topic="shed/temp")
    assert shown["notes"] == ["The ini was changed since the server has read it: those changes come into force too."]
    assert looker.ask(topic="shed/temp", name="other", save=True, hash=shown["hash"])[0] == 409


def test_an_ini_with_faults_is_not_added_to(looker: Looker) -> None:
    looker.hear(("shed/temp", "21.5"))
    faulty = looker.ini.read_text() + "[decoder__garden]\nkind = no_such\n"
    looker.ini.write_text(faulty)
    status, refused = looker.ask(topic="shed/temp", save=True)
    assert status == 400
    assert "The ini has faults, which have to be mended first" in refused["detail"]
    assert "stands twice" in refused["detail"]
    assert looker.ini.read_text() == faulty


def test_permissions_and_line_ends_stay(looker: Looker) -> None:
    content = looker.ini.read_text().replace("\n", "\r\n").encode()
    looker.ini.write_bytes(b"\xef\xbb\xbf" + content)
    looker.ini.chmod(0o640)
    looker.hear(("shed/temp", "21.5"))
    saved = looker.log(topic="shed/temp")
    written = looker.ini.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.count(b"\n") == written.count(b"\r\n") == content.count(b"\r\n") + 4
    assert stat.S_IMODE(looker.ini.stat().st_mode) == stat.S_IMODE(Path(saved["backup"]).stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_of_the_ini_stays(looker: Looker) -> None:
    os.chown(looker.ini, 1, 1)
    looker.hear(("shed/temp", "21.5"))
    looker.log(topic="shed/temp")
    assert (looker.ini.stat().st_uid, looker.ini.stat().st_gid) == (1, 1)


def test_a_link_stays_one(looker: Looker, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "real.conf"
    target.parent.mkdir()
    looker.ini.rename(target)
    looker.ini.symlink_to(target)
    looker.hear(("shed/temp", "21.5"))
    saved = looker.log(topic="shed/temp")
    assert looker.ini.is_symlink()
    assert "decoder__shed_temp" in target.read_text()
    assert any("is a link" in note for note in saved["notes"])
    assert Path(saved["backup"]).parent == target.parent


def test_an_ini_that_may_not_be_written_is_told_and_the_section_shown_all_the_same(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker.hear(("shed/temp", "21.5"))
    may = os.access  # root may write everything
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != looker.ini.parent and may(path, mode))
    status, shown = looker.ask(topic="shed/temp")
    assert status == 200
    assert "may not be written by the user that the server runs as" in shown["obstacle"]
    status, refused = looker.ask(topic="shed/temp", save=True, hash=shown["hash"])
    assert status == 403
    assert "by hand" in refused["detail"]
    assert "decoder__shed_temp" not in looker.ini.read_text()


def test_a_section_gets_a_name_that_is_not_taken(looker: Looker) -> None:
    looker.hear(("Garden", "1"), ("x/y", "2"))
    assert looker.log(topic="Garden")["section"] == "decoder__garden_2"
    assert looker.ask(topic="x/y", name="GARDEN")[1]["parameter"] == "name"
    assert looker.ask(topic="x/y", name="a b")[1]["parameter"] == "name"
    assert looker.log(topic="x/y", name="mine")["section"] == "decoder__mine"


def test_a_topic_that_no_ini_can_hold_gets_a_pattern(looker: Looker) -> None:
    looker.hear(("a,b/temp", "1"), (" x/temp", "1"))
    saved = looker.log(topic="a,b/temp")
    assert "topics = +/temp\n" in saved["text"]
    assert "+ stands for it" in saved["notes"][0]
    status, refused = looker.ask(topic=" x/temp")
    assert (status, refused["parameter"]) == (400, "topic"), "the pattern reads this one too"


def test_secrets_do_not_stand_in_the_change_that_is_shown(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> None:
    more = "[decoder__a]\ntopics = a\nkind = plain\n\n[system__x]\n"
    looker = look_in(mosquitto, more=more.replace("[system__x]\n", ""))
    text = looker.ini.read_text()
    system, rest = text.split("[datarrd]")
    looker.ini.write_text(f"[datarrd]{rest}{system.strip()}\nbroker_password = hunter2\n")
    looker.hear(("shed/temp", "1"))
    _, shown = looker.ask(topic="shed/temp")
    assert "hunter2" not in str(shown)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "topic"),
        ({"topic": "a", "kind": "xml"}, "kind"),
        ({"topic": "a", "path": 3}, "path"),
        ({"topic": "a", "more": "x"}, "more"),
        ({"topic": "a", "save": "yes"}, "save"),
        ({"topic": "shed/temp", "topics": "#/x"}, "topics"),
        ({"topic": "shed/temp", "kind": "plain", "value": "x"}, "topic"),
        ({"topic": "shed/temp", "kind": "json", "value": "x."}, "topic"),
        ({"topic": "shed/temp", "kind": "json", "value": "x"}, "kind"),
        ({"topic": "shed/temp", "kind": "json", "time": "a\nb = c"}, "time"),
        ({"topic": "shed/words"}, "kind"),
    ],
)
def test_what_cannot_be_done_names_the_member_at_fault(looker: Looker, body: dict[str, Any], parameter: str) -> None:
    looker.hear(("shed/temp", "21.5"), ("shed/words", "hello"))
    before = looker.ini.read_text()
    status, refused = looker.ask(**body)
    assert (status, refused["parameter"]) == (400, parameter), refused
    assert looker.ini.read_text() == before


def test_a_topic_that_nobody_heard_is_not_found(looker: Looker) -> None:
    looker.listen()
    assert looker.ask(topic="no/such")[0] == 404
    assert looker.topic("no/such") is None
