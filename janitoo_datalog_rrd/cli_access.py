"""The commands that say who gets in: users with a password, and tokens of programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from .cli_context import Context, tell_errors
from .core.errors import BadRequestError
from .core.parsers import duration

if TYPE_CHECKING:
    from .core.options import Options
    from .web.auth.tokens import Tokens
    from .web.auth.users import Users

_ROLES = ("viewer", "operator", "admin")
_TOKEN_ROLES = ("agent", *_ROLES)
_role = click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True, help="What they may do.")
_stdin = click.option("--stdin", is_flag=True, help="Read the password from the first line of the standard input.")


@click.group()
def user() -> None:
    """Say who may log in to the pages with a password."""


@user.command("add")
@click.argument("name")
@_role
@_stdin
@click.pass_obj
@tell_errors
def add_user(context: Context, name: str, role: str, stdin: bool) -> None:
    """Let somebody log in; asks for the password twice."""
    from .web.auth.names import check_name, role_of

    users = _users(context)
    check_name(name)
    if users.get(name) is not None:
        raise BadRequestError("name", f"there is a user {name!a} already: see jnt_datalog_rrd user passwd, role and remove")
    made = users.add(name, _new_password(stdin), role_of(role))
    click.echo(f"{made.name} may log in, as {role}")


@user.command("passwd")
@click.argument("name")
@_stdin
@click.pass_obj
@tell_errors
def passwd(context: Context, name: str, stdin: bool) -> None:
    """Give a user another password, and end their sessions."""
    users = _users(context)
    users.known(name)
    made = users.set_password(name, _new_password(stdin))
    click.echo(f"{made.name} has another password, and has to log in again")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(_ROLES))
@click.pass_obj
@tell_errors
def set_role(context: Context, name: str, role: str) -> None:
    """Give a user another role, and end their sessions."""
    from .web.auth.names import role_of

    made = _users(context).set_role(name, role_of(role))
    click.echo(f"{made.name} is {role} now, and has to log in again")


@user.command("remove")
@click.argument("name")
@click.pass_obj
@tell_errors
def remove_user(context: Context, name: str) -> None:
    """Let a user log in no more, and end their sessions."""
    click.echo(f"{_users(context).remove(name).name} is no user any more")


@user.command("list")
@click.pass_obj
@tell_errors
def list_users(context: Context) -> None:
    """List the users."""
    from .web.auth.names import role_word

    rows = [(each.name, role_word(each.role), _day(each.changed)) for each in _users(context).list()]
    _print_table(("name", "role", "password of"), rows, "there is no user")


@click.group()
def token() -> None:
    """Say which programs get in, by a token."""


@token.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_TOKEN_ROLES), default="viewer", show_default=True, help="What it may do.")
@click.option(
    "--expires", default="90d", show_default=True, metavar="TIME", help="How long it is good for, as 12h or 1y; or never."
)
@click.pass_obj
@tell_errors
def add_token(context: Context, name: str, role: str, expires: str) -> None:
    """Make a token and show it, this once."""
    from .web.auth.names import TOKEN_ROLES, role_of

    made, secret = _tokens(context).add(name, role_of(role, TOKEN_ROLES), _lifetime(expires))
    until = "until it is removed" if made.expires is None else f"until {_moment(made.expires)}"
    click.echo(f"{made.name} gets in as {role}, {until}; the token is not shown again:", err=True)
    click.echo(secret)


@token.command("remove")
@click.argument("name")
@click.pass_obj
@tell_errors
def remove_token(context: Context, name: str) -> None:
    """Let a token in no more."""
    click.echo(f"{_tokens(context).remove(name).name} is no token any more")


@token.command("list")
@click.pass_obj
@tell_errors
def list_tokens(context: Context) -> None:
    """List the tokens, without the tokens themselves."""
    from .web.auth.names import role_word

    now = time.time()
    rows = []
    for each in _tokens(context).list():
        until = "never" if each.expires is None else _moment(each.expires) + ("" if each.expires > now else " (over)")
        rows.append((each.name, role_word(each.role), _day(each.created), until, "-" if each.used is None else _day(each.used)))
    _print_table(("name", "role", "made", "expires", "last used"), rows, "there is no token")


def _users(context: Context) -> Users:
    from .web.auth.passwords import Passwords
    from .web.auth.users import Users

    return Users(_prepared(context).home_dir, Passwords(), time.time)


def _tokens(context: Context) -> Tokens:
    from .web.auth.tokens import Tokens

    return Tokens(_prepared(context).home_dir, time.time)


def _prepared(context: Context) -> Options:
    """The options, with the home directory in its place; users are added before the first start."""
    from .core.server import make_folders

    options = context.options()
    make_folders(options)
    return options


def _new_password(stdin: bool) -> str:
    """A password, from a person who types it twice, or from a program."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadRequestError(
            "password", "the password is asked for on a terminal: give --stdin to pass it by the standard input"
        )
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _lifetime(raw: str) -> float | None:
    if raw == "never":
        return None
    try:
        seconds: float = duration(1)(raw)
    except ValueError as error:
        raise BadRequestError("expires", f"--expires {error}, or never") from None
    return seconds


def _print_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]], none: str) -> None:
    if not rows:
        click.echo(none, err=True)
        return
    widths = [max(len(row[column]) for row in (titles, *rows)) for column in range(len(titles))]
    for row in (titles, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _day(time_s: float) -> str:
    return _moment(time_s)[:10]


def _moment(time_s: float) -> str:
    """A local time, to the minute."""
    try:
        return datetime.fromtimestamp(time_s).astimezone().isoformat(sep=" ", timespec="minutes")
    except (OverflowError, ValueError, OSError):
        return "?"
