"""Configuration of Sphinx."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "wharfinger"
author = "The wharfinger maintainers"
copyright = "the wharfinger maintainers"  # noqa: A001  # Sphinx's name for it
release = version_of("wharfinger")
version = release

extensions = ["drawn", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "changelog", "how-to/courier", "how-to/postbox"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pictures.css", "tables.css"]
html_title = f"wharfinger {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Single backticks in docstrings name things of ours.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# "Returns:" is a sentence here, whatever its colons look like.
napoleon_use_rtype = False


def setup(app: Sphinx) -> None:
    """Keep napoleon from taking the first words of a value's text for its type."""

    def shield(_: Sphinx, what: str, *rest: Any) -> None:
        lines = rest[-1]
        if what in {"attribute", "data", "property"} and lines:
            lines[0] = f": {lines[0]}"  # the type, which is empty, then the text

    app.connect("autodoc-process-docstring", shield, priority=400)
