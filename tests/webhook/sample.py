"""The payload that receivers know, and how another one is compared with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLE: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "webhook_sample.json").read_text())


def shape(found: Any) -> Any:
    """Keys in their order, with the kind of what stands there."""
    return [(key, shape(value)) for key, value in found.items()] if isinstance(found, dict) else type(found)
