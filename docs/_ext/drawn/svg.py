"""A small part of SVG: boxes, lines and words, in the colours of the page."""

from __future__ import annotations

from html import escape

__all__ = ["CHARACTER", "LINE", "Drawing"]

CHARACTER = 7.0
"""Width that one character of 12 pixels is given, in pixels."""
LINE = 16
"""Height of a line of words, in pixels."""


class Drawing:
    """Collects shapes, and knows how large they are together.

    Args:
        title: What it shows, for those who do not see it.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._shapes: list[str] = []
        self._right = self._bottom = 0.0

    def box(self, x: float, y: float, width: float, height: float, kind: str = "box") -> None:
        """Draw a box; its kind is a class of the style sheet."""
        self._shapes.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="5"/>'
        )
        self._reach(x + width, y + height)

    def words(self, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
        """Write one line, its middle at ``y``."""
        classes = f' class="{kind}"' if kind else ""
        self._shapes.append(
            f'<text{classes} x="{x:g}" y="{y + 4:g}" text-anchor="{anchor}">{escape(text)}</text>'
        )
        wide = len(text) * CHARACTER
        self._reach(x + {"start": wide, "middle": wide / 2, "end": 0}[anchor], y + LINE / 2)

    def labelled(
        self, x: float, y: float, width: float, lines: list[str], kind: str = "box"
    ) -> float:
        """Draw a box with lines in it, the first of them strong; return its height."""
        height = LINE * len(lines) + 14
        self.box(x, y, width, height, kind)
        for number, line in enumerate(lines):
            strong = "" if number else "strong"
            self.words(x + width / 2, y + 7 + LINE * (number + 0.5), line, strong)
        return height

    def arrow(self, x1: float, y1: float, x2: float, y2: float, kind: str = "line") -> None:
        """Draw a line with a head at its end."""
        self.line(x1, y1, x2, y2, kind)
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        corners = [
            (x2 - 8 * ux + side * 4 * uy, y2 - 8 * uy - side * 4 * ux) for side in (1.0, -1.0)
        ]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in [(x2, y2), *corners])
        self._shapes.append(f'<polygon class="head" points="{points}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str = "line") -> None:
        """Draw a line."""
        self._shapes.append(
            f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
        )
        self._reach(max(x1, x2), max(y1, y2))

    def dot(self, x: float, y: float, title: str) -> None:
        """Draw a dot that says what it is when it is pointed at."""
        self._shapes.append(
            f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="4">'
            f"<title>{escape(title)}</title></circle>"
        )
        self._reach(x + 4, y + 4)

    def _reach(self, right: float, bottom: float) -> None:
        self._right, self._bottom = max(self._right, right), max(self._bottom, bottom)

    def __str__(self) -> str:
        width, height = self._right + 2, self._bottom + 2
        return (
            f'<svg role="img" aria-label="{escape(self._title)}" '
            f'viewBox="-1 -1 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
            f"{''.join(self._shapes)}</svg>"
        )
