"""Bodies of requests: JSON, checked against the JSON Schema that their route declares; errors name the member at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from ..core.errors import BadRequestError

Schema = Mapping[str, Any]
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((dict,), "an object"),
    "array": ((list,), "a list"),
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
}


def read_body(schema: Schema) -> Any:
    """The body of the current request.

    Raises:
        UnsupportedMediaType: it is not sent as JSON, which a form of a foreign page cannot do without being asked.
        BadRequestError: it is not JSON, or not what the schema says.
    """
    document = read_json()
    check(document, schema)
    return document


def read_json() -> Any:
    """The body of the current request as it was parsed, for who checks it himself.

    Raises:
        UnsupportedMediaType: it is not sent as JSON, which a form of a foreign page cannot do without being asked.
        BadRequestError: it is not JSON.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise BadRequestError("body", f"The body is not JSON: {error}.") from None


def check(value: Any, schema: Schema, where: str = "") -> None:
    """Check a value against a schema, of which the words used here are known: type, enum, pattern, limits, members, items.

    Args:
        value: as it was parsed.
        schema: JSON Schema; every one has a `type`.
        where: the member's place, such as `tiles[2].span`; empty for the whole.

    Raises:
        BadRequestError: with the place of the first fault.
    """
    kinds, words = _TYPES[schema["type"]]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise _wrong(where, value, words)
    if isinstance(value, dict):
        _check_members(value, schema, where)
    elif isinstance(value, list):
        _check_items(value, schema, where)
    elif isinstance(value, str):
        _check_text(value, schema, where)
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise _wrong(where, value, f"{words} from {schema['minimum']} to {schema['maximum']}")


def _check_members(value: dict[str, Any], schema: Schema, where: str) -> None:
    members: Mapping[str, Schema] = schema["properties"]
    before = f"{where}." if where else ""
    for name in value:
        if name not in members:
            place = f"{before}{name[:40]}"
            raise BadRequestError(place, f"{place!r} is not a member: expected {', '.join(members)}.")
    for name in schema.get("required", ()):
        if name not in value:
            raise BadRequestError(before + name, f"{before}{name} is missing.")
    for name, member in value.items():
        check(member, members[name], before + name)


def _check_items(value: list[Any], schema: Schema, where: str) -> None:
    low, high = schema.get("minItems", 0), schema["maxItems"]
    if not low <= len(value) <= high:
        raise BadRequestError(where, f"{where} has {len(value)} items: expected {low} to {high}.")
    for index, item in enumerate(value):
        check(item, schema["items"], f"{where}[{index}]")


def _check_text(value: str, schema: Schema, where: str) -> None:
    if "enum" in schema:
        if value not in schema["enum"]:
            raise _wrong(where, value, f"one of {', '.join(schema['enum'])}")
        return
    low, high = schema.get("minLength", 0), schema["maxLength"]
    if not low <= len(value) <= high:
        raise BadRequestError(where, f"{where} has {len(value)} characters: expected {low} to {high}.")
    if "pattern" in schema and re.fullmatch(schema["pattern"], value, re.ASCII) is None:
        raise _wrong(where, value, f"the form {schema['pattern']}")


def _wrong(where: str, value: Any, expected: str) -> BadRequestError:
    name = where or "The body"
    shown = repr(value[:40]) if isinstance(value, str) else _kind_of(value)
    return BadRequestError(where or "body", f"{name} is {shown}: expected {expected}.")


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    return str(value)[:40].lower() if isinstance(value, bool) else str(value)[:40]
