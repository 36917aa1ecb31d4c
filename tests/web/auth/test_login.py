"""Logging in and out with a browser."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from support import Certificates, wait_until
from web.auth.visitors import DAY, PASSWORD, USERS, Browser, Gate, hidden_fields, knock
from web.sites import Client, Reply, RrdStore, Site, make_services

from janitoo_datalog_rrd.web.auth import throttle
from janitoo_datalog_rrd.web.auth.login import own_path
from janitoo_datalog_rrd.web.auth.sessions import IDLE_S, LIFE_S, MOST_OF_ONE
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.serving.proxies import parse_networks


def is_in(browser: Browser) -> bool:
    return browser.ask("/api/v1/series").status == 200


def test_who_logs_in_is_in_and_who_logs_out_is_not(gate: Gate) -> None:
    browser = gate.browser("vera")
    told = browser.ask("/api/v1/session").json
    assert {**told, "csrf": ""} == {"user": "vera", "role": "viewer", "auth": True, "csrf": ""}
    assert told["csrf"] != browser.csrf(), "another one each time"
    kept = dict(browser.cookies)
    page = browser.ask("/")
    reply = browser.ask("/logout", "POST", hidden_fields(page.text))
    assert (reply.status, reply.headers["Location"]) == (303, "/login")
    assert browser.cookies == {}
    assert not is_in(Browser(gate.port, kept)), "the session's cookie is good for nothing any more"


def test_nobody_is_told_so(gate: Gate, site: Site) -> None:
    assert knock(gate.port, "GET", "/api/v1/session", {}).json == {"user": None, "role": "nobody", "auth": True, "csrf": ""}
    assert site.client.get("/api/v1/session").json == {"user": None, "role": "admin", "auth": False, "csrf": ""}


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(gate: Gate) -> None:
    reply = gate.browser().log_in("vera")
    cookie = next(line for line in reply.headers.get_all("Set-Cookie") if "jnt_session" in line)
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={int(LIFE_S)}"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert "secure" not in flags, "a browser would not send it back over this connection"


def test_two_servers_of_one_host_have_cookies_of_their_own(gate: Gate) -> None:
    name = gate.browser("vera").session
    assert name.startswith("jnt_session_")
    gate.access.keys._key = b"another server's"
    assert gate.browser("vera").session != name


def test_a_session_goes_on_after_a_restart(gate: Gate) -> None:
    from janitoo_datalog_rrd.web.app import create_app

    browser = gate.browser("vera")
    again = WebServer(create_app(gate.services), "127.0.0.1", 0)
    again.start()
    try:
        assert is_in(Browser(again.port, browser.cookies))
    finally:
        again.stop()


def test_what_is_kept_of_a_session_is_no_key_to_it(gate: Gate) -> None:
    browser = gate.browser("vera")
    path = gate.home / "sessions.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert browser.cookies[browser.session] not in path.read_text()


# -- the form ------------------------------------------------------------------------------------------


def test_the_form_can_be_filled_in_by_password_managers_and_screen_readers(gate: Gate) -> None:
    page = gate.browser().ask("/login").text
    for part in (
        '<label for="name">',
        '<label for="password">',
        'autocomplete="username"',
        'autocomplete="current-password"',
        'method="post" action="/login"',
    ):
        assert part in page
    assert "<script>" not in page
    assert "style=" not in page


def test_a_wrong_password_and_an_unknown_name_look_the_same(gate: Gate) -> None:
    pages = []
    for name in ("vera", "nina"):
        browser = gate.browser()
        reply = browser.log_in(name, "wrong password")
        assert reply.status == 403
        assert "Name or password are wrong" in reply.text
        assert PASSWORD not in reply.text
        assert "wrong password" not in reply.text
        pages.append(reply.text.replace(hidden_fields(reply.text)["csrf"], "").replace(f'value="{name}"', ""))
        assert not is_in(browser)
    assert pages[0] == pages[1]


@pytest.mark.parametrize("form", [{}, {"name": "vera"}, {"password": PASSWORD}, {"name": "", "password": ""}])
def test_an_unfinished_form_lets_nobody_in(gate: Gate, form: dict[str, str]) -> None:
    browser = gate.browser()
    fields = hidden_fields(browser.ask("/login").text)
    assert browser.ask("/login", "POST", {**fields, **form}).status == 403


def test_a_form_that_another_page_has_made_lets_nobody_in(gate: Gate) -> None:
    good = {"name": "vera", "password": PASSWORD}
    browser = gate.browser()
    fields = hidden_fields(browser.ask("/login").text)
    assert browser.ask("/login", "POST", good).status == 400
    assert browser.ask("/login", "POST", {**good, "csrf": "ä"}).status == 400
    assert Browser(gate.port).ask("/login", "POST", {**good, **fields}).status == 400, "it belongs to another browser"
    assert browser.ask("/login", "POST", {**good, **fields}, Origin="http://evil.example").status == 403
    assert browser.ask("/login", "POST", {**good, **fields}, Sec_Fetch_Site="cross-site").status == 403
    assert not is_in(browser)
    assert browser.ask("/login", "POST", {**good, **fields}).status == 303


@pytest.mark.parametrize("name", ["zoë", "ZOË", "zoe\u0308", "\uff3a\uff4fë"])
def test_a_name_may_be_typed_in_several_ways(gate: Gate, name: str) -> None:
    gate.users.add("Zoë", PASSWORD, Role.VIEWER)
    browser = gate.browser()
    assert browser.log_in(name).status == 303
    assert browser.ask("/api/v1/session").json["user"] == "Zoë"


def test_a_password_may_be_any_text(gate: Gate) -> None:
    gate.users.add("kai", "пароль ☃ \0 ' \" <b>", Role.VIEWER)
    assert gate.browser().log_in("kai", "пароль ☃ \0 ' \" <b>").status == 303
    gate.users.add("jo", "café café", Role.VIEWER)
    assert gate.browser().log_in("jo", "cafe\u0301 cafe\u0301").status == 303


@pytest.mark.parametrize("size", [1025, 60_000, 1_048_576])
def test_a_password_of_any_size_is_refused_before_it_is_hashed(gate: Gate, size: int) -> None:
    hashed: list[int] = []
    passwords = gate.access.users._passwords
    passwords._hasher = _Spy(hashed)  # type: ignore[assignment]
    browser = gate.browser()
    try:
        assert browser.log_in("vera", "x" * size).status == (413 if size > 65536 else 403)
    except (BrokenPipeError, ConnectionResetError):  # the server does not wait for the end of what is too large
        assert size > 65536
    assert hashed == []
    assert browser.log_in("vera", "x" * 1024).status == 403
    assert hashed == [1024]


def test_an_unknown_name_costs_as_much_as_a_known_one(gate: Gate) -> None:
    hashed: list[int] = []
    gate.access.users._passwords._hasher = _Spy(hashed)  # type: ignore[assignment]
    gate.browser().log_in("nina", "wrong")
    gate.browser().log_in("vera", "wrong")
    assert hashed == [5, 5]


class _Spy:
    """Stands for the hasher, and notes what it is asked to look at."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes

    def verify(self, stored: str, password: bytes) -> bool:
        from argon2.exceptions import VerifyMismatchError

        assert stored.startswith("$argon2id$")
        self._sizes.append(len(password))
        raise VerifyMismatchError


# -- where it leads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        "http://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/a\\b",
        "javascript:alert(1)",
        "evil.example",
        " /rrd/",
        "",
        "/login?next=/",
        "/logout",
        "/" + "a" * 3000,
    ],
)
def test_a_log_in_leads_nowhere_but_here(gate: Gate, wanted: str) -> None:
    assert own_path(wanted) == "/"
    browser = gate.browser()
    fields = hidden_fields(browser.ask("/login").text)
    sent = {**fields, "next": wanted, "name": "vera", "password": PASSWORD}
    assert browser.ask("/login", "POST", sent).headers["Location"] == "/"
    assert browser.ask("/login").headers["Location"] == "/"


@pytest.mark.parametrize("wanted", ["/", "/rrd/?q=a%20b&page=2", "/rrd/series/x", "/~a"])
def test_a_log_in_leads_to_our_own_pages(wanted: str) -> None:
    assert own_path(wanted) == wanted


def test_without_authentication_there_is_nothing_to_log_in_to(site: Site) -> None:
    for reply in (site.client.get("/login"), site.client.post("/login")):
        assert (reply.status, reply.headers["Location"], reply.headers["Set-Cookie"]) == (303, "/", None)
    assert site.client.post("/logout").status == 303
    assert "Log out" not in site.client.get("/").text
    assert 'href="/login"' not in site.client.get("/").text


# -- sessions ------------------------------------------------------------------------------------------


def test_a_session_that_somebody_else_has_chosen_is_not_taken_over(gate: Gate) -> None:
    """Session fixation: a cookie laid into the browser before the log-in."""
    mallory, victim = gate.browser("vera"), gate.browser()
    victim.cookies[mallory.session] = mallory.cookies[mallory.session]
    victim.cookies.pop(mallory.session)
    chosen = {mallory.session: "chosen-by-somebody-else"}
    victim.cookies.update(chosen)
    assert victim.log_in("ada").status == 303
    assert victim.cookies[victim.session] != chosen[mallory.session]
    assert not is_in(Browser(gate.port, chosen))


def test_a_log_in_ends_the_session_that_the_browser_had(gate: Gate) -> None:
    browser = gate.browser()
    fields = hidden_fields(browser.ask("/login").text)
    bound = dict(browser.cookies)
    sent = {**fields, "name": "vera", "password": PASSWORD}
    assert browser.ask("/login", "POST", sent).status == 303
    before = dict(browser.cookies)
    browser.cookies.update(bound)
    assert browser.ask("/login", "POST", {**sent, "name": "ada"}).status == 303
    assert browser.ask("/api/v1/session").json["user"] == "ada"
    assert not is_in(Browser(gate.port, before))


def test_another_password_ends_the_sessions(gate: Gate) -> None:
    browser, other = gate.browser("vera"), gate.browser("ada")
    gate.users.set_password("vera", "another battery")
    assert not is_in(browser)
    assert is_in(other)
    assert gate.browser().log_in("vera").status == 403
    assert gate.browser().log_in("vera", "another battery").status == 303


def test_another_role_ends_the_sessions(gate: Gate) -> None:
    browser = gate.browser("ada")
    gate.users.set_role("ada", Role.VIEWER)
    assert not is_in(browser)
    assert gate.browser("ada").ask("/api/v1/session").json["role"] == "viewer"


def test_a_user_who_was_removed_is_out_even_when_one_of_that_name_comes_again(gate: Gate) -> None:
    browser = gate.browser("vera")
    gate.users.remove("vera")
    gate.users.add("vera", PASSWORD, Role.ADMIN)
    assert not is_in(browser)


def test_a_session_ends_when_it_is_not_used(gate: Gate) -> None:
    browser = gate.browser("vera")
    gate.ahead = IDLE_S - 60
    assert is_in(browser)
    gate.ahead += IDLE_S - 60
    assert is_in(browser)
    gate.ahead += IDLE_S + 60
    assert not is_in(browser)


def test_a_session_ends_however_much_it_is_used(gate: Gate) -> None:
    browser = gate.browser("vera")
    while gate.ahead + DAY < LIFE_S:
        gate.ahead += DAY
        assert is_in(browser)
    gate.ahead += DAY + 60
    assert not is_in(browser)


def test_a_clock_that_goes_back_logs_nobody_out_for_good(gate: Gate) -> None:
    browser = gate.browser("vera")
    gate.ahead = -3600
    assert is_in(browser)
    gate.ahead = -400 * DAY  # as a Raspberry Pi starts, which has no clock of its own
    assert not is_in(browser)
    gate.ahead = 0
    assert is_in(browser)


def test_a_session_of_a_clock_that_was_wrong_does_not_last_for_years(gate: Gate) -> None:
    gate.ahead = 3650 * DAY
    browser = gate.browser("vera")
    gate.ahead = 0
    assert not is_in(browser)


def test_the_sessions_of_one_user_are_bounded(gate: Gate) -> None:
    user = gate.users.known("vera")
    sessions = gate.access.sessions
    begun = []
    for _ in range(MOST_OF_ONE + 5):
        gate.ahead += 1
        begun.append(sessions.begin(user))
    assert len(sessions._sessions) == MOST_OF_ONE
    assert gate.access.by_session(begun[-1]).name == "vera"
    assert gate.access.by_session(begun[0]).name == ""


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 5000, "\x00", "../../users.json"])
def test_a_cookie_that_is_no_session_is_nobody(gate: Gate, cookie: str) -> None:
    name = gate.browser("vera").session
    headers = {"Cookie": f"{name}={cookie}".encode().decode("latin-1")}
    assert knock(gate.port, "GET", "/api/v1/series", headers).status in (400, 401)


# -- requests of other sites ---------------------------------------------------------------------------


def test_what_changes_something_needs_the_token_of_the_session(gate: Gate) -> None:
    gate.store.add("s", rows=3)
    browser, other = gate.browser("oskar"), gate.browser("oskar")
    for headers in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": "0" * 64}, {"X_CSRF_Token": other.csrf()}):
        reply = browser.ask("/api/v1/flush", "POST", **headers)
        assert reply.status == 403
        assert "X-CSRF-Token" in reply.json["detail"]
    assert gate.store.flushes == []
    assert browser.ask("/api/v1/flush", "POST", X_CSRF_Token=browser.csrf()).status == 200


def test_a_log_out_that_another_page_has_made_does_nothing(gate: Gate) -> None:
    browser = gate.browser("vera")
    assert browser.ask("/logout", "POST", {}).status == 403
    assert browser.ask("/logout", "POST", {"csrf": "0" * 64}).status == 403
    assert is_in(browser)


def test_a_token_counts_before_a_cookie(gate: Gate) -> None:
    browser = gate.browser("ada")
    reply = browser.ask("/api/v1/flush", "POST", Authorization=f"Bearer {gate.secrets[Role.OPERATOR]}")
    assert reply.status == 200, "a program with a token needs no other proof"
    assert browser.ask("/api/v1/series", Authorization="Bearer wrong").status == 401


def test_a_proxys_own_log_in_does_not_stand_in_the_way(gate: Gate) -> None:
    assert gate.browser("vera").ask("/api/v1/series", Authorization="Basic dXNlcjpwYXNz").status == 200


# -- slowed down ---------------------------------------------------------------------------------------


def test_who_fails_often_has_to_wait_even_with_the_right_password(gate: Gate) -> None:
    browser = gate.browser()
    for number in range(throttle.ADDRESS.free + 1):
        assert browser.log_in(f"nobody{number}", "wrong").status == 403
    reply = browser.log_in("vera")
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) >= 1
    assert "Try again in" in reply.text
    gate.access.throttle._clock = lambda: 1e9
    assert browser.log_in("vera").status == 303


def test_many_log_ins_at_once_all_succeed(gate: Gate) -> None:
    """Each one is tried again when it is told to be, as a person would."""

    def log_in(name: str) -> int:
        browser = gate.browser()
        reply = wait_until(lambda: (found := browser.log_in(name)).status != 429 and found, what=f"{name} to be let in")
        return reply.status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(log_in, list(USERS) * 4)) == {303}


def test_log_ins_do_not_take_every_worker(tmp_path: Path, gate: Gate) -> None:
    server = WebServer(gate.app, "127.0.0.1", 0, threads=4)
    passwords = gate.access.users._passwords
    gate.server.stop()  # type: ignore[union-attr]
    server.start()
    gate.server = server
    browsers = [gate.browser() for _ in range(4)]
    results: list[int] = []
    threads = [threading.Thread(target=lambda each=each: results.append(each.log_in("vera").status)) for each in browsers[:3]]
    try:
        with passwords._one:
            for thread in threads:
                thread.start()
            wait_until(lambda: passwords._line._value == 0, what="three log-ins in line")
            reply = browsers[3].log_in("vera")
            assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
            assert Client(server.port).get("/healthz").status == 200
        for thread in threads:
            thread.join()
        assert results == [303, 303, 303]
        assert browsers[3].log_in("vera").status == 303
    finally:
        server.stop()


# -- what is told --------------------------------------------------------------------------------------


def test_log_ins_are_logged_without_passwords_and_unknown_names(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    gate.browser().log_in("hunter2-typed-as-a-name", "wrong password")
    gate.browser().log_in("vera", "wrong password")
    browser = gate.browser("vera")
    session = browser.cookies[browser.session]
    browser.ask("/logout", "POST", {"csrf": browser.csrf()})
    gate.program("jnt_secret-token", "/api/v1/series")
    assert [record.getMessage() for record in caplog.records if "auth" in record.name] == [
        "log-in from 127.0.0.1 as an unknown user failed",
        "log-in from 127.0.0.1 as vera failed",
        "vera has logged in from 127.0.0.1",
        "vera has logged out from 127.0.0.1",
    ]
    for secret in ("hunter2", PASSWORD, "wrong password", "jnt_secret", session):
        assert secret not in caplog.text


def test_a_name_is_shown_as_text(gate: Gate) -> None:
    reply = gate.browser().log_in('"><script>\u202e', "wrong password")
    assert "<script>" not in reply.text.replace('<script src="', "")
    assert "\u202e" not in reply.text
    gate.users.add("<b>mona</b>", PASSWORD, Role.VIEWER)
    assert "&lt;b&gt;mona" in gate.browser("<b>mona</b>").ask("/").text


def check_bound_to_tls(browser: Browser) -> None:
    """Log in, and check that the cookie never goes over a connection without TLS."""
    page = browser.ask("/login")
    assert "not encrypted" not in page.text
    fields = {**hidden_fields(page.text), "name": "vera", "password": PASSWORD}
    reply = browser.ask("/login", "POST", fields)
    assert reply.status == 303, reply.text
    cookie = SimpleCookie(next(line for line in reply.headers.get_all("Set-Cookie") if "jnt_session" in line))
    ((name, morsel),) = cookie.items()
    assert name.startswith("__Host-jnt_session_")
    assert morsel["secure"]
    assert (morsel["path"], morsel["domain"]) == ("/", "")
    assert is_in(browser)


def test_cookies_of_a_server_with_tls_are_bound_to_it(
    tmp_path: Path, certificates: Certificates, serve: Callable[..., WebServer]
) -> None:
    paths = {"http_tls_cert": str(certificates.server_cert), "http_tls_key": str(certificates.server_key)}
    certificates.server_key.chmod(0o600)
    store = RrdStore(tmp_path)
    gate = Gate(make_services(tmp_path, store, http_auth="required", **paths), store, tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    check_bound_to_tls(Browser(serve(gate.services).port, trusting=trusting))


def test_cookies_behind_a_trusted_proxy_with_tls_are_bound_to_it(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    """What a proxy sends that has taken the TLS off, each try coming from another visitor."""
    store = RrdStore(tmp_path)
    gate = Gate(make_services(tmp_path, store, trusted_proxies=parse_networks("127.0.0.1")), store, tmp_path)
    gate.server = serve(gate.services)
    check_bound_to_tls(Proxied(gate.port))
    browser = Proxied(gate.port)
    for number in range(throttle.ADDRESS.free + 1):
        browser.visitor = "203.0.113.9"
        assert browser.log_in(f"nobody{number}", "wrong").status == 403
    assert browser.log_in("ada").status == 429
    browser.visitor = "203.0.113.10"
    assert browser.log_in("ada").status == 303


class Proxied(Browser):
    """A browser behind a proxy, which says so."""

    visitor = "203.0.113.7"

    def ask(self, path: str, method: str = "GET", form: dict[str, str] | None = None, **headers: str) -> Reply:
        told = {"X_Forwarded_For": self.visitor, "X_Forwarded_Proto": "https", "X_Forwarded_Host": "localhost"}
        return super().ask(path, method, form, **told, **headers)


def test_a_proxy_that_is_not_trusted_says_nothing_of_who_comes(gate: Gate) -> None:
    browser = Proxied(gate.port)
    for number in range(throttle.ADDRESS.free + 1):
        browser.visitor = f"203.0.113.{number}"
        assert browser.log_in(f"nobody{number}", "wrong").status == 403
    browser.visitor = "203.0.113.99"
    assert browser.log_in("vera").status == 429
    assert not any(name.startswith("__Host-") for name in browser.cookies)
