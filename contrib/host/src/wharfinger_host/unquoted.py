"""Words without quotes in triggers, where a text was probably meant."""

from __future__ import annotations

from typing import Final

import wharfinger
from wharfinger_host.configuration import Configuration

__all__ = ["warn_of_unquoted_words"]

_CODES: Final = frozenset({"unquoted-text", "unquoted-argument"})
_COMMON_FIELDS: Final = frozenset(
    {"anonymousId", "event", "groupId", "name", "previousId", "type", "userId"}
)


def warn_of_unquoted_words(configuration: Configuration) -> None:
    """Warn of triggers such as ``type = track``: they compare two fields, and take no event.

    Args:
        configuration: One that has nothing wrong with it; gets the warnings.
    """
    for connection, table in configuration.connections.items():
        for mapping, config in table.get("mappings", {}).items():
            path = ("connections", connection, "mappings", mapping, "trigger")
            configuration.warnings += [
                configuration.remark(path, f"{remark.documented} {remark.fix}")
                for remark in wharfinger.lint_trigger(config.get("trigger") or "")
                if remark.code in _CODES
                and remark.written.isidentifier()
                and remark.written not in _COMMON_FIELDS
            ]
