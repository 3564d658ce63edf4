"""What a mapping looks for in an event that has nothing there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from wharfinger.mapping import nodes as n
from wharfinger.mapping.explain import path_text
from wharfinger.mapping.interpret import place_text
from wharfinger.mapping.paths import follow
from wharfinger.model.unset import UNSET

__all__ = ["told_absent"]

_MOST_TOLD: Final = 3


def told_absent(node: n.Node, event: Any, places: Iterable[n.Place]) -> str:
    """Say which paths lead to nothing, for the places that got no value.

    Args:
        node: What `parse` made of the mapping.
        event: The event.
        places: Where values are missed, as keys from the root of the mapping.

    Returns:
        A sentence such as ``The mapping reads keys.OrderId from $.properties.order_id, where this
        event has nothing.``; ``""`` where plain paths do not explain it.
    """
    told: dict[str, str] = {}
    for place in places:
        leaves = list(_leaves(_part(node, place), place))
        paths = {place_text(at): leaf.keys for at, leaf in leaves if isinstance(leaf, n.Path)}
        if len(paths) == len(leaves) and all(_is_nothing(event, keys) for keys in paths.values()):
            told |= {name: path_text(keys) for name, keys in paths.items()}
    if not told:
        return ""
    parts = [f"{name} from {path}" for name, path in list(told.items())[:_MOST_TOLD]]
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"The mapping reads {', '.join(parts)}{more}, where this event has nothing."


def _part(node: n.Node, place: n.Place) -> n.Node | None:
    """Return what a mapping says at a place, as far as objects written in it lead there."""
    for key in place:
        found = dict(node.entries).get(str(key)) if isinstance(node, n.Object) else None
        if found is None:
            return None
        node = found
    return node


def _leaves(node: n.Node | None, at: n.Place) -> Iterator[tuple[n.Place, n.Node]]:
    """Yield what stands in an object written in a mapping, at every depth, with its place."""
    if isinstance(node, n.Object):
        for key, inner in node.entries:
            yield from _leaves(inner, (*at, key))
    elif node is not None:
        yield at, node


def _is_nothing(event: Any, keys: tuple[str, ...]) -> bool:
    found = follow(event, keys)
    return found is UNSET or found is None or found == ""
