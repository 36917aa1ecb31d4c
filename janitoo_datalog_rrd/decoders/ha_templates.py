"""Decoders, `homeassistant`: value templates, which say where in a message a number stands, and how it is worked out.

Most templates only name a place, and those are read without Jinja. What computes is taken apart before it is run: it may have
expressions, conditions and `set`, and call what `ha_filters` has; there are no loops, no macros, no includes and no attributes
of Python's objects. So how long it runs and how much it makes is bounded by its length.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from jinja2 import TemplateError as JinjaError
from jinja2 import nodes
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment

from ..core.errors import DecodeError
from .ha_filters import FILTERS, FUNCTIONS, MAX_TEXT, TESTS, binary, scalar_text
from .ha_syntax import MAX_DEPTH, TemplateError, check, nesting, places, rewrite
from .paths import MAX_PATH, MISSING, Path, join_path, look_up

MAX_LENGTH = 2000
"""Longest template, in characters."""
MAX_COMPUTING = 2000
"""How many different templates that compute may be in use; each takes some 10 kB."""
LIMIT_S = 0.02
"""How long a template may take for a message, in seconds of this thread's CPU."""
LIMIT_ALL_S = 1.0
"""How long all templates may take for one message; each of many has its share of half of that."""
STRIKES = 3
"""How often it may take longer before it is given up."""
_FORGIVEN = 0.02  # of a strike, for each time that is quick enough: now and then, Python itself pauses
_MAX_RESULT = 1000

# One place in the message, with filters that leave its number as it is. The counts keep the search short.
_KEY = r"""\.[A-Za-z]\w{0,99}|\.\d{1,6}|\[ {0,4}(?:'(?!__)[^'\\]{0,200}'|"(?!__)[^"\\]{0,200}"|\d{1,6}) {0,4}\]"""
_FILTER = r"""\| {0,4}(?:is_defined|(?:float|int|default|d)(?: {0,4}\( {0,4}[-+\w.'"]{0,20} {0,4}\))?) {0,4}"""
_PLACE = re.compile(rf"\{{\{{-? {{0,4}}(value_json|value)((?:{_KEY}){{0,30}}) {{0,4}}((?:{_FILTER}){{0,10}})-?\}}\}}")
_KEYS = re.compile(_KEY)


class _Sandbox(SandboxedEnvironment):
    """Jinja with bounded operators, where a dot leads to a key of the message and to nothing else."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def __init__(self) -> None:
        super().__init__(optimized=False, cache_size=0, finalize=scalar_text)
        self.globals = dict(FUNCTIONS)
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        return binary(operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]  # it says what is undefined
        if isinstance(obj, (dict, list, tuple, str)):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(obj=obj, name=str(argument)[:40])

    def is_safe_callable(self, obj: Any) -> bool:
        return any(obj is each for each in FUNCTIONS.values())


class Template:
    """A template that was taken.

    Attributes:
        text: as it came.
        path: the place in the message's document that it reads; None where there are several, or none.
        plain: whether it only names that place.
        needs_document: whether it reads the message as a document.
    """

    __slots__ = ("__weakref__", "_render", "_strikes", "_tree", "needs_document", "path", "plain", "text")

    def __init__(self, text: str, path: Path | None, tree: nodes.Template | None, *, needs_document: bool) -> None:
        self.text = text
        self.path = path
        self.plain = tree is None
        self.needs_document = needs_document
        self._tree = tree
        self._render: Callable[..., str] = _nothing
        self._strikes = 0.0

    @property
    def given_up(self) -> bool:
        """Whether it has taken too long too often."""
        return self._strikes > STRIKES - 1

    def read(self, value: str, document: Any, sandbox: SandboxedEnvironment, limit: float = LIMIT_S) -> Any:
        """What a message says here.

        Args:
            value: the payload as text.
            document: what the payload is as JSON; MISSING where it is none.
            sandbox: of `make_sandbox`.
            limit: how long it may take, in seconds of this thread's CPU.

        Returns:
            A datum of the document, a text, or MISSING where the message says nothing here.
        """
        if self.plain:
            return look_up(document, self.path or ()) if self.needs_document else value
        if self.given_up or (len(value) > MAX_TEXT and not self.needs_document):
            return MISSING
        return self._compute(value, document, sandbox, limit)

    def _compile(self, tree: nodes.Template, sandbox: SandboxedEnvironment) -> bool:
        self._tree = None
        try:
            self._render = sandbox.from_string(tree).render
        except (JinjaError, RecursionError, SyntaxError, ValueError):  # Python has limits of its own
            self._strikes = STRIKES
        return not self.given_up

    def _compute(self, value: str, document: Any, sandbox: SandboxedEnvironment, limit: float) -> Any:
        if self._tree is not None and not self._compile(self._tree, sandbox):
            return MISSING
        known = {"value": value} if document is MISSING else {"value": value, "value_json": document}
        started = time.thread_time()
        try:
            result = self._render(known)
        except (JinjaError, DecodeError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
            result = ""  # as a rule, the message is not one of those that the template is made for
        self._strikes += 1.0 if time.thread_time() - started > limit else -min(_FORGIVEN, self._strikes)
        result = result.strip()
        return result if 0 < len(result) <= _MAX_RESULT else MISSING


class Templates:
    """Takes templates in; each text is looked at once, for as long as somebody has it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, Template] = WeakValueDictionary()
        self._sandbox = _Sandbox()
        self._limit = LIMIT_S
        self._until = math.inf

    def begin(self, count: int) -> None:
        """A message begins that so many templates may look at."""
        self._limit = min(LIMIT_S, LIMIT_ALL_S / 2 / max(1, count))
        self._until = time.thread_time() + LIMIT_ALL_S if count * LIMIT_S > LIMIT_ALL_S else math.inf

    def take(self, text: str) -> Template:
        """A template of its text; the empty text is the message itself.

        Raises:
            TemplateError: it does what is not supported, or too much.
        """
        known = self._known.get(text)
        if known is None:
            known = _place(text) or self._parse(text)
            self._known[text] = known
        return known

    def read(self, template: Template, value: str, document: Any) -> Any:
        """What a message says in a template's place; see `Template.read`."""
        if not template.plain and self._until < math.inf and time.thread_time() > self._until:
            return MISSING  # those that took more than their share are given up soon
        return template.read(value, document, self._sandbox, self._limit)

    def __len__(self) -> int:
        return len(self._known)

    def _parse(self, text: str) -> Template:
        if len(text) > MAX_LENGTH:
            raise TemplateError(f"it has {len(text)} characters, and at most {MAX_LENGTH} are taken")
        if nesting(text) > MAX_DEPTH:
            raise TemplateError(f"its brackets are nested more than {MAX_DEPTH} deep")
        if len(self._known) >= MAX_COMPUTING and sum(not each.plain for each in self._known.values()) >= MAX_COMPUTING:
            raise TemplateError(f"there are {MAX_COMPUTING} different templates already that compute")
        try:
            tree = self._sandbox.parse(text)
        except (JinjaError, RecursionError, ValueError, AssertionError) as error:
            raise TemplateError(f"it cannot be read: {str(error)[:100] or 'it is nested too deeply'}") from None
        check(tree)
        rewrite(tree)
        found = places(tree)
        whole = any(node.name == "value_json" for node in tree.find_all(nodes.Name))
        if not whole and not any(node.name == "value" for node in tree.find_all(nodes.Name)):
            raise TemplateError("it does not look at the message")
        path = found.pop() if len(found) == 1 else (() if not found and not whole else None)
        return Template(text, path, tree, needs_document=whole)


def names_a_place(text: str) -> bool:
    """Whether a template only names a place in the message, without looking at all of it."""
    return _place(text) is not None


def _nothing(*_: object) -> str:
    return ""


def _place(text: str) -> Template | None:
    """A template that only names a place; None for any other."""
    if not text:
        return Template(text, (), None, needs_document=False)
    match = _PLACE.fullmatch(text.strip()) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    keys = tuple(key[1:] if key[0] == "." else key[1:-1].strip(" ").strip("'\"") for key in _KEYS.findall(match[2]))
    if (match[1] == "value" and keys) or len(join_path(keys)) > MAX_PATH:
        return None
    return Template(text, keys, None, needs_document=bool(keys))
