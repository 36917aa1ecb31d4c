"""The pages in a real browser: they refresh themselves, and break no rule of their own content policy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from web.sites import Site, column

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def browse(url: str, home: Path, virtual_ms: int) -> tuple[str, str]:
    """Open a page, let its clock run, and return its DOM and what the browser complained of."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
            f"--user-data-dir={home / 'browser'}",
            f"--virtual-time-budget={virtual_ms}",
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=1200,2000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
        env={**os.environ, "HOME": str(home)},
    )
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.slow
def test_the_page_refreshes_values_and_graphs_by_itself(site: Site, tmp_path: Path) -> None:
    site.store.add("s", column(last=21.5), label="<b>Kitchen</b>")
    site.store.add("fresh", file=False)
    dom, complaints = browse(f"http://localhost:{site.client.port}/rrd/", tmp_path, 25_000)
    assert re.search(r'<picture class="graph" data-graph="s"[^>]*data-end="\d+"', dom)
    assert re.search(r'<img[^>]* src="/rrd/graph/s\.svg\?start=end-1h[^"]*end=\d{10}', dom)
    assert "<b>21.5</b>" in dom
    # A series without data answers 404 with a picture that says so, which browsers note.
    assert [line for line in complaints.splitlines() if "404" not in line] == []


@pytest.mark.slow
def test_the_filter_hides_what_does_not_match(site: Site, tmp_path: Path) -> None:
    site.store.add("a", label="Kitchen", file=False)
    site.store.add("b", label="Cellar", file=False)
    dom, _ = browse(f"http://localhost:{site.client.port}/rrd/?q=kitchen", tmp_path, 1000)
    assert "1 of 2 series" in dom
    assert 'href="/rrd/?span=1h&amp;q=kitchen"' in dom
