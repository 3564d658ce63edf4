"""A new plugin, written whole: from a name to a distribution that installs and passes its tests."""

from __future__ import annotations

from wharfinger_host.scaffold.naming import Naming, PluginNameError, naming_of
from wharfinger_host.scaffold.writing import next_steps, texts_of, write_plugin

__all__ = [
    "Naming",
    "PluginNameError",
    "naming_of",
    "next_steps",
    "texts_of",
    "write_plugin",
]
