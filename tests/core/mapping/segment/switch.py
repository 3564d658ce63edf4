"""One respect in which our own engine can be turned into Segment's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import attrs
import pytest


def module(name: str) -> Any:
    """Return a module of the mapping room; some share their name with what they define."""
    return import_module(f"wharfinger.mapping.{name}")


class Switch:
    """One difference: changes of the inputs, and patches of our engine."""

    def case(self, mapping: Any, event: Any) -> tuple[Any, Any]:
        return mapping, event

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """Turn our engine."""

    def answer(self, result: Any) -> Any:
        return result


def with_filter(
    patch: pytest.MonkeyPatch, name: str, change: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Change what one filter of ``@liquid`` does."""
    filters = module("liquid.filters").FILTERS
    patch.setitem(
        filters, name, attrs.evolve(filters[name], function=change(filters[name].function))
    )
