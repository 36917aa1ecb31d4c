"""Seams: the moments at which a crash would be worst, told to whoever aims one there.

Tests and `script/bench kill` run the server with an audit hook (`sys.addaudithook`) that ends the process at one of them;
without such a hook a seam costs less than 0.1 µs and does nothing. No setting of the server reaches a seam.

| seam | what is done, and what is not |
| --- | --- |
| `journal-rotated` | the new segment's file is made, and not in use |
| `journal-appended` | samples are in the journal's file; the cache has not got them, and no acknowledgement is sent |
| `flush-taken` | samples are out of the cache, and not in their RRD file |
| `file-made` | a new RRD file is made, and has not got its name |
| `file-rebuilt` | an RRD file with other archives is made and synced, and has not taken the place of the old one |
| `rrd-updated` | samples are in their RRD file; the cache does not know it, and the journal still has them |
| `snapshot-begun` | the journal's segment is rotated, and nothing of the snapshot is written |
| `snapshot-written` | the snapshot's temporary file is written, and not renamed |
| `snapshot-renamed` | the snapshot is in place; the segments that it covers are still there |
| `segment-removed` | one of those segments is gone, the others are not |
| `segment-kept` | one of those segments is kept for a reader of the journal, under its other name |
| `position-written` | what a reader of the journal has confirmed is in its file; what was kept for it is still there |
| `file-written` | as `snapshot-written`, for the catalogue and other small files |
"""

from __future__ import annotations

import sys

EVENT = "janitoo_datalog_rrd.seam"
"""The audit event; its one argument is the seam's name."""


def reached(name: str) -> None:
    """Tell that the code is at a seam, so that an audit hook may end the process there."""
    sys.audit(EVENT, name)
