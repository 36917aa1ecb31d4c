"""The API for people: a page made of the OpenAPI document, without a script and without anything from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import render_template, request

from ..metrics import problems
from ..room import room
from ..routes import Role, Route
from .openapi import Document, current_document

_REFERENCE = "#/components/"
_WORDS = {
    "array": "list",
    "object": "object",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a schema takes, in words.

    Attributes:
        words: such as `list of` or `text or null`.
        component: the named schema that the words end with, or empty.
        limits: such as `1 to 1000`, or empty.
    """

    words: str
    component: str
    limits: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as the page shows it."""

    method: str
    path: str
    told: Document
    answers: list[tuple[str, Document]]
    curl: str

    @property
    def id(self) -> str:
        """Its anchor."""
        return str(self.told["operationId"])


def docs_routes() -> list[Route]:
    """The route of the page."""
    return [Route(path="/api/docs", view=docs_page, role=Role.VIEWER, params=None, hidden=True)]


def docs_page() -> str:
    """What can be asked, and how it is answered."""
    here = room()
    document = current_document()
    base = request.host_url.rstrip("/")
    every = [
        _operation(document, method, path, told, base, token=here.access.required)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    tags = [(tag, [each for each in every if tag["name"] in each.told["tags"]]) for tag in document["tags"]]
    return render_template(
        "api.html",
        document=document,
        tags=tags,
        schemas=document["components"]["schemas"],
        kind=kind_of,
        code=split_code,
        pretty=lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        token=here.access.required,
        problems=problems(here),
    )


def split_code(text: str) -> list[list[str]]:
    """A text in the Markdown of the document: paragraphs of parts, of which every second one stands in backticks."""
    return [paragraph.split("`") for paragraph in text.split("\n\n")]


def kind_of(schema: Document) -> Kind:
    """What a schema takes, in words."""
    if "$ref" in schema:
        return Kind("", schema["$ref"].rpartition("/")[2], "")
    if schema.get("type") == "array":
        inner = kind_of(schema.get("items", {}))
        plural = f"list of {inner.words}" if inner.words else "list of"
        return Kind(plural, inner.component, _join(inner.limits, _range(schema, "minItems", "maxItems", " of them")))
    kinds = schema.get("type", [])
    words = [_WORDS.get(each, each) for each in ([kinds] if isinstance(kinds, str) else kinds)]
    if isinstance(schema.get("additionalProperties"), dict):
        inner = kind_of(schema["additionalProperties"])
        return Kind(f"object of {inner.words}".strip(), inner.component, inner.limits)
    return Kind(" or ".join(words) or "anything", "", _limits(schema))


def _limits(schema: Document) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    length = _range(schema, "minLength", "maxLength", " characters")
    return _join(_range(schema, "minimum", "maximum", ""), length, f"`{schema['pattern']}`" if "pattern" in schema else "")


def _range(schema: Document, low: str, high: str, unit: str) -> str:
    if high in schema:
        return f"{schema[low]} to {schema[high]}{unit}" if schema.get(low) is not None else f"at most {schema[high]}{unit}"
    return f"{schema[low]} or more{unit}" if schema.get(low) is not None else ""


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _operation(document: Document, method: str, path: str, told: Document, base: str, *, token: bool) -> Operation:
    answers = [(status, _resolved(document, answer)) for status, answer in told["responses"].items()]
    needs_token = token and bool(told["security"])
    return Operation(method.upper(), path, told, answers, _curl(document, method, f"{base}{path}", told, token=needs_token))


def _resolved(document: Document, part: Document) -> Document:
    """A part of the document, or what it refers to."""
    reference = part.get("$ref")
    if reference is None:
        return part
    kind, _, name = reference.removeprefix(_REFERENCE).partition("/")
    found: Document = document["components"][kind][name]
    return found


def _curl(document: Document, method: str, url: str, told: Document, *, token: bool) -> str:
    """A command that asks it."""
    query = []
    for param in told.get("parameters", ()):
        given = param.get("example", f"{param['name'].upper()}")
        value = str(given[0] if isinstance(given, list) else given)
        if param["in"] == "path":
            url = url.replace(f"{{{param['name']}}}", quote(value, safe=""))
        elif param.get("required"):
            query.append(f"{param['name']}={quote(value, safe=':')}")
    parts = ["curl"]
    if method != "get":
        parts.append(f"-X {method.upper()}")
    if token:
        parts.append("-H 'Authorization: Bearer TOKEN'")
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        parts += [f"-H 'Content-Type: {kind}'", f"-d '{_sample(document, content['schema'])}'"]
    parts.append(f"'{url}{'?' if query else ''}{'&'.join(query)}'")
    return " ".join(parts)


def _sample(document: Document, schema: Document) -> str:
    examples: list[Any] = _resolved(document, schema).get("examples", [])
    return json.dumps(examples[0], ensure_ascii=True).replace("'", r"\u0027") if examples else "@body.json"
