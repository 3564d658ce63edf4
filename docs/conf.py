"""Configuration of Sphinx."""

from importlib.metadata import version as version_of

project = "wharfinger"
author = "The wharfinger maintainers"
copyright = "the wharfinger maintainers"  # noqa: A001  # Sphinx's name for it
release = version_of("wharfinger")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "changelog", "how-to/postbox"]
html_theme = "furo"
html_title = f"wharfinger {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Single backticks in docstrings name things of ours.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
