"""The catalogue: which series there are and whose values they hold, kept in one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..core.aside import Damage, keep_aside, move_aside
from ..core.contracts import DS_TYPES
from ..core.files import write_atomically
from ..core.parsers import SAFE_NAME
from .column import ColumnState

LONGEST_HOLD_S = 366 * 86400.0
Record = dict[str, Any]
"""A series made by itself: `key` (list of texts), `label`, `units`, `ds_type`, `node`; `uid` and `hold` (seconds) where known."""


def record(key: tuple[str, ...], label: str, units: str, ds_type: str, node: str, uid: str = "", hold: float = 0.0) -> Record:
    """Describe a series made by itself."""
    made: Record = {"key": list(key), "label": label, "units": units, "ds_type": ds_type, "node": node}
    if uid:
        made["uid"] = uid
    if hold:
        made["hold"] = hold
    return made


def is_record(data: object) -> bool:
    """Tell whether data read from a file has the form of a record."""
    return (
        isinstance(data, dict)
        and isinstance(data.get("key"), list)
        and len(data["key"]) in (0, 2, 3)
        and all(isinstance(part, str) for part in (*data["key"], *map(data.get, ("label", "units", "node", "ds_type"))))
        and data["ds_type"] in DS_TYPES
        and isinstance(data.get("uid", ""), str)
        and isinstance(data.get("hold", 0.0), (int, float))
    )


def hold_of(given: float) -> float:
    """How long a number may stand, seconds; 0 where what is given cannot be."""
    return float(given) if 0 < given <= LONGEST_HOLD_S else 0.0


def define(column: ColumnState) -> tuple[Any, ...]:
    """Describe the series of a column in as few words as can be, for journal and snapshot."""
    series = column.series
    words = (column.key, column.label, column.units, column.ds_type, series.node)
    return (*words, column.uid, series.said_hold) if column.uid or series.said_hold else words


def restore(definition: tuple[Any, ...]) -> Record:
    """The record of a series that `define` has described, now or in an earlier version. Raises ValueError, TypeError."""
    key, label, units, ds_type, node, *more = definition
    uid, hold = more or ("", 0.0)
    found = record(tuple(key), label, units, ds_type, node, uid, hold)
    if not is_record(found):
        raise ValueError("it has no proper description of a series")
    return found


def load(path: Path, on_damage: Callable[[Path, str], None]) -> dict[str, Record]:
    """Read the catalogue: name → record. A file that cannot be read is moved aside and told to `on_damage(path, reason)`."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no file")
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict):
            raise ValueError("it is not a JSON object")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        on_damage(move_aside(path), str(error))
        return {}
    damage = Damage()
    for name, data in content.items():
        if not (SAFE_NAME.fullmatch(name) and (is_record(data) or _is_configured(data))):
            damage.note(f"what it says of {name!r} cannot be understood")
    if damage:
        on_damage(keep_aside(path), str(damage))
    return _good(content)


def configured(columns: Mapping[str, tuple[tuple[str, ...], str]]) -> Record:
    """Describe a series of a datasource component: name of each data source → whose values it holds, and their units."""
    return {"columns": {name: [list(key), units] for name, (key, units) in columns.items()}}


def _is_configured(data: object) -> bool:
    return isinstance(data, dict) and isinstance(data.get("columns"), dict)


def read_configured(path: Path, name: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Whose values the data sources of a datasource component held, and their units; empty where the catalogue does not say."""
    found = _read_object(path).get(name, {})
    try:
        columns = {each: (tuple(key), units) for each, (key, units) in found["columns"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
    texts = [part for key, units in columns.values() for part in (*key, units)]
    return columns if all(isinstance(part, str) for part in texts) else {}


def read(path: Path) -> dict[str, Record]:
    """Read the catalogue without touching it; an empty one where it cannot be read."""
    return _good(_read_object(path))


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _good(content: dict[str, Any]) -> dict[str, Record]:
    return {name: data for name, data in content.items() if SAFE_NAME.fullmatch(name) and is_record(data)}


def save(path: Path, records: dict[str, Record]) -> None:
    """Write the catalogue. Raises OSError; the old one is then untouched."""
    write_atomically(path, json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def orphans(directory: Path, filemask: str, known: set[str]) -> list[str]:
    """Names of series whose files are there but which nobody knows: the catalogue was lost, or a datasource left the ini."""
    before, _, after = filemask.partition("%(rrd_file)s")
    names = (
        path.name[len(before) : len(path.name) - len(after)]
        for path in directory.iterdir()
        if path.name.startswith(before) and path.name.endswith(after)
    )
    return sorted(name for name in names if name not in known and SAFE_NAME.fullmatch(name))
