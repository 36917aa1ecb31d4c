"""Decoders, `homeassistant`: what a template may be made of, and which places of a message it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from .ha_filters import FILTERS, FUNCTIONS, METHODS, TESTS
from .paths import MAX_PATH, Path, join_path

MAX_DEPTH = 40
"""How deep the parts of a template may be nested, and its brackets."""
MAX_PARTS = 300
"""How many parts a template may have."""

_BRACKETS = re.compile(r"[\[({]|[\])}]|'[^'\\]*'|\"[^\"\\]*\"")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Assign, nodes.Name, nodes.Const, nodes.List, nodes.Tuple,
    nodes.Dict, nodes.Pair, nodes.Keyword, nodes.CondExpr, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test,
    nodes.Call, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat, nodes.BinExpr,
)  # fmt: skip


class TemplateError(Exception):
    """A template is not taken; the message is a clause that says why, such as `it uses now()`."""


def nesting(text: str) -> int:
    """How deep the brackets of a text are nested; those in quotes do not count."""
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[({":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "])}":
            depth -= 1
    return deepest


def _walk(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Every part with its depth, without recursion."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def check(tree: nodes.Template) -> None:
    """Take expressions, conditions and `set` only, and call nothing but what is listed. Raises TemplateError."""
    known = {"value", "value_json"}
    called: set[int] = set()
    for count, (node, depth) in enumerate(_walk(tree)):
        if count > MAX_PARTS or depth > MAX_DEPTH:
            raise TemplateError("it is too long or nested too deeply")
        if not isinstance(node, _ALLOWED):
            raise TemplateError(f"it uses `{type(node).__name__.lower()}`")
        if isinstance(node, nodes.Call):
            called.add(id(_check_call(node)))
        elif isinstance(node, (nodes.Getattr, nodes.Filter, nodes.Test)):
            _check_named(node)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and str(node.arg.value).startswith("__"):
            raise TemplateError(f"it reaches for `{str(node.arg.value)[:40]}`")
        elif isinstance(node, nodes.Assign):
            if not isinstance(node.target, nodes.Name):
                raise TemplateError("it sets several names at once")
            known.add(node.target.name)
    for name in tree.find_all(nodes.Name):
        if name.name.startswith("_") or (name.ctx == "load" and name.name not in known and id(name) not in called):
            raise TemplateError(f"it uses `{name.name[:40]}`")
        if name.ctx == "store" and name.name in ("value", "value_json", *FUNCTIONS):
            raise TemplateError(f"it sets `{name.name}` anew")


def _check_call(node: nodes.Call) -> nodes.Expr:
    """Check what is called; the answer is its node, which need not be checked again."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateError("it calls with arguments that are not written out")
    if isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS:
        return node.node
    if isinstance(node.node, nodes.Getattr) and node.node.attr in METHODS:
        return node.node
    name = getattr(node.node, "name", "") or getattr(node.node, "attr", "")
    raise TemplateError(f"it calls `{str(name)[:40]}()`" if name else "it calls what it has worked out")


def _check_named(node: nodes.Getattr | nodes.Filter | nodes.Test) -> None:
    if isinstance(node, nodes.Getattr):
        if node.attr.startswith("_"):
            raise TemplateError(f"it reaches for `{node.attr[:40]}`")
        return
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateError("it calls with arguments that are not written out")
    if node.name not in (FILTERS if isinstance(node, nodes.Filter) else TESTS) or getattr(node, "node", None) is None:
        raise TemplateError(f"it uses the {type(node).__name__.lower()} `{node.name[:40]}`")


def places(tree: nodes.Template) -> set[Path]:
    """The places in the document that a template reads; one that only leads to others is none of them."""
    found: set[Path] = set()
    for node, _ in _walk(tree):
        path = _path_of(node)
        if path:
            found.add(path)
    return {path for path in found if not any(other != path and other[: len(path)] == path for other in found)}


def _path_of(node: nodes.Node) -> Path:
    """The place that a part names; empty where it names none."""
    keys: list[str] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, (str, int)):
            keys.append(str(node.arg.value))
        else:
            keys.clear()  # which one is only known with the message
        node = node.node
    whole = isinstance(node, nodes.Name) and node.name == "value_json"
    path = tuple(reversed(keys))
    return path if whole and len(join_path(path)) <= MAX_PATH else ()


def rewrite(tree: nodes.Node) -> None:
    """Have methods and `~` done by filters, which are bounded."""
    for node, _ in _walk(tree):
        for field, given in list(node.iter_fields()):
            if isinstance(given, list):
                setattr(node, field, [_as_filter(each) for each in given])
            else:
                setattr(node, field, _as_filter(given))


def _as_filter(node: Any) -> Any:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        method = node.node
        return nodes.Filter(method.node, METHODS[method.attr], node.args, node.kwargs, None, None, lineno=node.lineno)
    if isinstance(node, nodes.Concat):
        return nodes.Filter(node.nodes[0], "concat", node.nodes[1:], [], None, None, lineno=node.lineno)
    return node
