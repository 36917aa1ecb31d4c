"""What a graph is asked for: the parameters of a request, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.contracts import CONSOLIDATIONS
from .timespan import check_time

if TYPE_CHECKING:
    from .params import Query  # brings parts of the web server, which a drawing process does without

PARAMETERS = ("start", "end", "width", "height", "cf", "theme", "title", "legend")


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

    @classmethod
    def parse(cls, query: Query, picture_format: str) -> GraphQuery:
        """Check the parameters of a request. Raises BadRequestError."""
        return cls(
            start=check_time("start", query.text("start", "-4h")),
            end=check_time("end", query.text("end", "now")),
            width=query.integer("width", 600, 50, 4000),
            height=query.integer("height", 200, 30, 3000),
            cf=query.choice("cf", "AVERAGE", CONSOLIDATIONS),
            theme=query.choice("theme", "light", ("light", "dark")),
            title=query.choice("title", "1", ("0", "1")) == "1",
            legend=query.choice("legend", "1", ("0", "1")) == "1",
            format=picture_format,
        )
