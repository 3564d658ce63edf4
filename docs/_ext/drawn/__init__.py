"""Pictures of wharfinger for its documentation, drawn from the source when pages are built.

``{picture} NAME`` on a page puts one there. They are plain SVG in the colours of the page, so they
need no program beside Sphinx and are read in the light and in the dark.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from drawn.pictures import PICTURES

__all__ = ["Picture", "setup"]


class Picture(SphinxDirective):
    """Draws one picture by its name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the picture; an unknown name ends the build."""
        self.env.note_reread()  # the source may have changed where the page has not
        (name,) = self.arguments
        if name not in PICTURES:
            known = ", ".join(sorted(PICTURES))
            raise self.error(f"There is no picture {name}, but {known}.")
        return [nodes.raw("", f'<div class="picture">{PICTURES[name]()}</div>', format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
