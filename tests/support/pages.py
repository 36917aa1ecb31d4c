"""Asking a server under test over HTTP."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any


def fetch(url: str, timeout: float = 10.0) -> bytes | None:
    """The body that a URL answers with status 200; None while nobody listens, or the status is another.

    Args:
        url: of the server under test.
        timeout: seconds.
    """
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            body: bytes = answer.read()
            return body if answer.status == 200 else None
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
        return None


def fetch_json(url: str, timeout: float = 10.0) -> Any:
    """The JSON that a URL answers with status 200; None otherwise."""
    body = fetch(url, timeout)
    return None if body is None else json.loads(body)
