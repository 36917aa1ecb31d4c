"""Pickles of plain data: numbers, texts, bytes, lists and tuples, and nothing that names a class."""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from typing import Any


class UnsafePickleError(pickle.UnpicklingError):
    """The pickle has something else than plain data; it is refused unread."""


class _PlainUnpickler(pickle.Unpickler):
    """Admits plain data only, whatever the look at its opcodes has missed."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise UnsafePickleError(f"the pickle names {module_name}.{global_name}; only plain data is loaded")

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafePickleError("the pickle has a persistent id; only plain data is loaded")


# What a damaged pickle, or one of another shape than was expected, can raise.
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
    RecursionError,
    NotImplementedError,
)

# The opcodes that a pickler writes for plain data. Those that name, call or build something are not among them; nor are those
# that ask for memory by a number (LONG_BINPUT), nor dictionaries and sets: to hash a key that is nested deeply ends the process.
# Of each kind of argument: the length that the opcode itself has, or how many bytes say the length of what follows.
_OF_FIXED_LENGTH = re.compile(
    rb"(?:G.{8}|J.{4}|K.|[N\x88\x89()\]\x85\x86\x87tea\x94]|[h\x80].|M..|j.{4}|\x95.{8}){1,4000}", re.DOTALL
)
_LENGTH_BYTES = {ord("\x8c"): 1, ord("C"): 1, ord("\x8a"): 1, ord("X"): 4, ord("B"): 4}
_STOP = ord(".")


def dumps(data: Any) -> bytes:
    """Pickle plain data (protocol 5)."""
    return pickle.dumps(data, protocol=5)


def loads(content: bytes) -> Any:
    """Load one pickle of plain data; what it takes in memory is in proportion to its length.

    Raises:
        UnsafePickleError: it has anything else, such as the name of a class or a function.
        pickle.UnpicklingError, EOFError, ...: it is damaged; see `UNREADABLE`.
    """
    _check_opcodes(content)
    return _PlainUnpickler(io.BytesIO(content)).load()


def _name_of(opcode: int) -> str:
    known = next((each for each in pickletools.opcodes if each.code == chr(opcode)), None)
    return f"the byte 0x{opcode:02X}" if known is None else f"the opcode {known.name}"


def _check_opcodes(content: bytes) -> None:
    """Look at every opcode before any is obeyed."""
    skip = _OF_FIXED_LENGTH.match
    at, end = 0, len(content)
    while at < end:
        while (run := skip(content, at)) is not None:  # a run has a bound, so that the search for it keeps little in memory
            at = run.end()
        if at == end:
            break
        opcode = content[at]
        if opcode == _STOP:
            return
        size = _LENGTH_BYTES.get(opcode)
        if size is None:
            raise UnsafePickleError(f"the pickle has {_name_of(opcode)} at byte {at}; only plain data is loaded")
        at += 1 + size + int.from_bytes(content[at + 1 : at + 1 + size], "little")
    raise pickle.UnpicklingError("the pickle has no end")
