"""Which plugins are installed, and which of them may be imported."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import attrs

from wharfinger.hookspecs import PROJECT

__all__ = ["BLOCK", "Gate", "discover", "distribution_of"]

BLOCK: Final = "WHARFINGER_BLOCK_PLUGINS"
ALLOW: Final = "WHARFINGER_ALLOW_PLUGINS"
SAFE_MODE: Final = "WHARFINGER_SAFE_MODE"


@attrs.frozen(kw_only=True)
class Gate:
    """Decides by entry-point name which plugins may be imported.

    Attributes:
        blocked: Names that may not.
        allowed: If given, the only names that may.
        safe_mode: Whether none may.
    """

    blocked: frozenset[str]
    allowed: frozenset[str] | None
    safe_mode: bool

    @classmethod
    def of(cls, block: Collection[str], allow: Collection[str] | None) -> Gate:
        """Join what the host says with what the environment says: the stricter one counts."""
        lists = [] if allow is None else [frozenset(allow)]
        if ALLOW in os.environ:
            lists.append(frozenset(_listed(ALLOW)))
        return cls(
            blocked=frozenset((*block, *_listed(BLOCK))),
            allowed=frozenset.intersection(*lists) if lists else None,
            safe_mode=os.environ.get(SAFE_MODE, "") not in ("", "0"),
        )

    def refusal(self, name: str) -> str:
        """Return why a plugin may not be imported, or ``""``."""
        if self.safe_mode:
            return f"Safe mode: {SAFE_MODE} is set."
        if name in self.blocked:
            return f"Blocked by name; take it out of {BLOCK} or of the host's own list to load it."
        if self.allowed is not None and name not in self.allowed:
            return f"Not on the list of allowed plugins ({ALLOW} or the host's own)."
        return ""


def _listed(variable: str) -> set[str]:
    return {name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()}


def discover() -> dict[str, list[EntryPoint]]:
    """Return what is installed, by entry-point name; several under one name is a clash.

    Sorted by name, then distribution: the order of installed metadata differs between machines.
    """
    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(
        entry_points(group=PROJECT), key=lambda entry: (entry.name, distribution_of(entry))
    ):
        found.setdefault(entry.name, []).append(entry)
    return found


def distribution_of(entry: EntryPoint) -> tuple[str, str]:
    """Return the distribution's name and version; damaged metadata may hold neither."""
    metadata = entry.dist.metadata if entry.dist else None
    name, version = (
        metadata[key] if metadata and key in metadata else f"(no {key.lower()})"
        for key in ("Name", "Version")
    )
    return name, version
