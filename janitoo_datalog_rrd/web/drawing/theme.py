"""Colours of the graphs, light and dark; the same hues as in the style sheet of the pages."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a graph, as `rrggbb` or `rrggbbaa`.

    Attributes:
        frame: `--color` of each of rrdtool's elements.
        lines: colours of the first columns; further ones are computed.
        lightness: of the computed ones, 0 to 1.
    """

    frame: dict[str, str]
    lines: tuple[str, ...]
    lightness: float

    def line(self, index: int) -> str:
        """Colour of a column; no two columns of a graph share one."""
        if index < len(self.lines):
            return self.lines[index]
        hue = (0.07 + index * 0.618034) % 1.0
        red, green, blue = colorsys.hls_to_rgb(hue, self.lightness, 0.55)
        return f"{int(red * 255):02x}{int(green * 255):02x}{int(blue * 255):02x}"


def make_themes() -> dict[str, Theme]:
    """The themes by name."""
    return {
        "light": Theme(
            _frame("ffffff", "ffffff00", "4a5361", "12263f12", "12263f26", "c3cad4"),
            ("1f6feb", "e8590c", "12906f", "b0309b", "b58100", "6741d9", "0b83a8", "d6336c"),
            0.42,
        ),
        "dark": Theme(
            _frame("171c24", "171c2400", "aab4c2", "dce8ff10", "dce8ff22", "3a4452"),
            ("6ea8ff", "ff9f5a", "4fd1a8", "e58ad6", "e6c04d", "a68cff", "56c8ea", "ff7fa8"),
            0.68,
        ),
    }


def _frame(back: str, canvas: str, font: str, grid: str, major: str, axis: str) -> dict[str, str]:
    return {
        "BACK": back,
        "CANVAS": canvas,
        "SHADEA": back,
        "SHADEB": back,
        "FONT": font,
        "GRID": grid,
        "MGRID": major,
        "FRAME": axis + "00",
        "AXIS": axis,
        "ARROW": axis + "00",
    }
