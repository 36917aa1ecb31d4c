"""Processes that have mounts of their own, which nobody else sees."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest


def run_with_own_mounts(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python code that may mount what it likes; the test is skipped where that is not allowed."""
    unshare = ["unshare", "--map-root-user", "--mount", "--propagation", "private"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounts of one's own are not allowed here")
    command = [*unshare, sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
