"""What the status is, in JSON Schema, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}
_TIME = {"type": ["number", "null"], "description": "Seconds since the epoch, UTC."}
_COUNTS = {"type": "object", "additionalProperties": _COUNT}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _perhaps(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


STATUS: dict[str, Any] = {
    "title": "Status",
    **_object(
        time=_TIME,
        started=_TIME,
        uptime={"type": "number", "description": "Seconds."},
        problems={**_TEXTS, "description": "What is wrong, by part."},
        notes={**_TEXTS, "description": "What has happened and should be looked at, by part."},
        broker=_perhaps(
            _object(
                host=_TEXT,
                port=_COUNT,
                protocol=_TEXT,
                tls=_FLAG,
                connected=_FLAG,
                since=_TIME,
                connects={**_COUNT, "description": "How often the connection came up since the start."},
                session_kept={"type": ["boolean", "null"]},
                told=_TEXT,
                version=_TEXT,
                filters={"type": "array", "items": _TEXT, "description": "What is subscribed, without topics of single values."},
                claimed={**_COUNT, "description": "Topics that are subscribed since devices announced them."},
                mode=_TEXT,
            )
        ),
        dialects=_perhaps(
            _object(
                readers={
                    "type": "array",
                    "items": _object(
                        kind=_TEXT,
                        section={**_TEXT, "description": "Of the ini; empty for a dialect that is known by its topics."},
                        topics={"type": "array", "items": _TEXT},
                        loose={**_FLAG, "description": "Whether others use topics of this form too, and go first."},
                        claimed={**_COUNT, "description": "Topics that it reads since devices announced them."},
                        knows={**_COUNTS, "description": "What it has learnt, in its own words."},
                    ),
                },
                off={"type": "array", "items": _TEXT, "description": "Dialects that the ini switches off."},
                claimed={**_COUNT, "description": "Topics that were announced by devices."},
                notes={
                    "type": "array",
                    "items": _object(kind=_TEXT, place=_TEXT, what=_TEXT),
                    "description": "What cannot be logged, and why; for operators.",
                },
                notes_left_out={**_COUNT, "description": "Notes that there was no room for."},
            )
        ),
        forwards={
            "type": "array",
            "items": _object(
                name=_TEXT,
                kind=_TEXT,
                place=_TEXT,
                trouble={**_TEXT, "description": "Why samples do not get through now; empty while they do."},
                since={**_TIME, "description": "When that began."},
                last_sent=_TIME,
                behind_bytes={**_COUNT, "description": "Bytes of the journal that it has still to get."},
                sent=_COUNT,
                unknown={**_COUNT, "description": "Samples that are unknown or infinite, which no line can hold."},
                refused={**_COUNT, "description": "Samples that it does not want."},
                dropped={**_COUNT, "description": "Samples that were dropped because too many waited."},
            ),
            "description": "Other databases that samples go to.",
        },
        threads={
            "type": "array",
            "items": _object(name=_TEXT, does=_TEXT, plugin=_FLAG, alive=_FLAG, count=_COUNT, failure=_TEXT),
        },
        plugins={"type": "array", "items": _object(group=_TEXT, name=_TEXT, package=_TEXT, version=_TEXT, failure=_TEXT)},
        cache=_perhaps(_object(samples=_COUNT, most=_COUNT, oldest=_TIME, series=_COUNT, max_series=_COUNT)),
        journal=_perhaps(
            _object(
                segments=_COUNT,
                size=_COUNT,
                kept={**_COUNT, "description": "Bytes of older files that are kept for forwarding."},
                sync={"type": "string", "enum": ["never", "interval", "always"]},
                synced=_TIME,
                pending=_FLAG,
                snapshot_size=_COUNT,
                snapshot_time=_TIME,
            )
        ),
        disk=_object(
            total={"type": ["integer", "null"], "description": "Bytes of the home directory's file system."},
            free={"type": ["integer", "null"]},
            files={**_COUNT, "description": "RRD files."},
            size={**_COUNT, "description": "Bytes of the RRD files; none of them grows."},
            used={**_COUNT, "description": "Bytes that they take of the disk now."},
            most={**_COUNT, "description": "Their size once every series has its file."},
            limit={**_COUNT, "description": "Their size with max_series series."},
            fits={**_FLAG, "description": "Whether there is room for `most`."},
        ),
        samples=_object(accepted=_COUNT, written=_COUNT, late=_COUNT),
        dropped={**_COUNTS, "description": "Samples dropped, by reason."},
        messages={**_COUNTS, "description": "Messages, by what became of them."},
        rejected={
            "type": "array",
            "items": _object(time=_TIME, topic=_TEXT, reason=_TEXT, detail=_TEXT, payload=_TEXT),
            "description": "The last messages that could not be used, the youngest first; for operators.",
        },
        process=_object(
            pid=_COUNT,
            memory={**_COUNT, "description": "Bytes."},
            cpu_seconds={"type": "number"},
            cpu_share={"type": ["number", "null"], "description": "Of one core, since the last look."},
            threads=_COUNT,
            files=_COUNT,
        ),
        versions=_TEXTS,
    ),
}
