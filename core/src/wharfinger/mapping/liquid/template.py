"""A template of ``@liquid``, read and ready to be rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wharfinger.mapping.liquid.values import is_number, read
from wharfinger.mapping.liquid.work import Work
from wharfinger.model.unset import UNSET

__all__ = ["MAX_LENGTH", "LiquidTemplate", "Scope"]

MAX_LENGTH = 1000
"""Most characters of a template."""


@attrs.define
class Scope:
    """One rendering.

    Attributes:
        root: What names are looked up in: the event, or an item of a list.
        work: Counts what is done.
        out: What is written so far.
        names: What ``assign`` and ``capture`` gave.
        counters: Where ``increment`` and ``decrement`` stand.
        turns: How often each ``cycle`` was passed.
    """

    root: Any
    work: Work = attrs.field(factory=Work)
    out: list[str] = attrs.field(factory=list)
    names: dict[str, Any] = attrs.field(factory=dict)
    counters: dict[str, float] = attrs.field(factory=dict)
    turns: dict[Any, int] = attrs.field(factory=dict)

    def look_up(self, name: Any) -> Any:
        """Return what a name stands for, or `UNSET`."""
        for known in (self.names, self.counters):
            if name in known:
                return known[name]
        return (
            read(self.root, name) if isinstance(self.root, Mapping) and name in self.root else UNSET
        )

    def counter(self, name: str) -> float:
        """Return where a counter stands; it starts from a number of that name in the root."""
        if name not in self.counters:
            start = read(self.root, name) if isinstance(self.root, Mapping) else 0
            self.counters[name] = start if is_number(start) else 0
        return self.counters[name]


@attrs.frozen
class LiquidTemplate:
    """A template of ``@liquid``.

    Attributes:
        text: As it is written.
        paths: The constant paths that it may read from the event, in the order of the text.
        write: Writes it into a scope.
    """

    text: str
    paths: tuple[tuple[str, ...], ...]
    write: Callable[[Scope], None] = attrs.field(eq=False, repr=False)

    def render(self, root: Any) -> str:
        """Render it.

        Args:
            root: The event, or an item of a list; it is not changed.

        Raises:
            LiquidError: If that is more than a template may do, or a value cannot be worked on.
        """
        scope = Scope(root)
        self.write(scope)
        return "".join(scope.out)
