"""Copies of the checkout, to be set up as a newcomer does, without the network."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_PARTS = (
    ".npmrc",
    "LICENSE",
    "README.md",
    "config",
    "docs",
    "janitoo_datalog_rrd",
    "package-lock.json",
    "package.json",
    "public",
    "pyproject.toml",
    "script",
    "setup.py",
    "tests",
)


def copy_checkout(root: Path, target: Path) -> Path:
    """Copy what a checkout consists of, and nothing that was made in it; returns the target."""
    target.mkdir(exist_ok=True)
    for name in _PARTS:
        origin = root / name
        if origin.is_dir():
            shutil.copytree(origin, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(origin, target)
    return target


def offline_environ(wheelhouse: Path, folder: Path) -> dict[str, str]:
    """An environment for `script/bootstrap` in which pip takes wheels from a folder only, and npm from its cache beside that.

    Args:
        wheelhouse: the wheels, where `script/bootstrap --test` has laid them.
        folder: an empty folder, for a `python3` that is the one the tests run under.
    """
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.base_prefix}/bin/{version}" "$@"\n')
    python.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("JNT_", "PIP_", "VIRTUAL_ENV", "PYTHON"))}
    return {
        **clean,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheelhouse.as_uri(),
        "npm_config_cache": str(wheelhouse.parent / "npm-cache"),
        "npm_config_offline": "true",
    }
