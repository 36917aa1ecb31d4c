"""Pickles of plain data: numbers, texts, bytes, lists, tuples, dictionaries, and nothing that names a class."""

from __future__ import annotations

import io
import pickle
from typing import Any


class UnsafePickleError(pickle.UnpicklingError):
    """The pickle names a class or a function; it is refused unread."""


class _PlainUnpickler(pickle.Unpickler):
    """Admits plain data only."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise UnsafePickleError(f"the pickle names {module_name}.{global_name}; only plain data is loaded")

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("the pickle has a persistent id; only plain data is loaded")


# What a damaged pickle can raise, found by flipping bytes: the C unpickler lets the errors of the objects it builds through.
UNREADABLE = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    MemoryError,
    UnicodeDecodeError,
    NotImplementedError,
)


def dumps(data: Any) -> bytes:
    """Pickle plain data (protocol 5)."""
    return pickle.dumps(data, protocol=5)


def loads(content: bytes) -> Any:
    """Load one pickle of plain data.

    Raises:
        UnsafePickleError: it names a class or a function.
        pickle.UnpicklingError, EOFError, ...: it is damaged; see `UNREADABLE`.
    """
    return _PlainUnpickler(io.BytesIO(content)).load()
