"""A run of `script/bench` as a person types it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def bench(root: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `python -m benchmarks`, with its files in a folder that has to be empty afterwards."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        temporary = Path(tempfile.mkdtemp(dir=tmp_path))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", *arguments],
            cwd=root,
            env={**os.environ, "TMPDIR": str(temporary), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert not list(temporary.iterdir())
        return done

    return run
