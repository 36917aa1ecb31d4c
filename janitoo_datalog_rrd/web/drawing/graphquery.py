"""What a graph is asked for: the parameters of a request, checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GraphQuery:
    """What is to be drawn.

    Attributes:
        start: AT-style.
        end: AT-style.
        width: of the plot without axes and legend, pixels.
        height: of the plot without axes and legend, pixels.
        cf: consolidation function of the lines.
        theme: `light` or `dark`.
        title: whether the picture has the label above the plot.
        legend: whether the picture has the numbers below the plot.
        format: `png` or `svg`.
    """

    start: str = "-4h"
    end: str = "now"
    width: int = 600
    height: int = 200
    cf: str = "AVERAGE"
    theme: str = "light"
    title: bool = True
    legend: bool = True
    format: str = "png"
