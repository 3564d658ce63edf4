"""Keys that Segment's product puts into a mapping beside its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["ROOT_DIRECTIVE", "is_internal", "saved_choices", "without_reserved"]

ROOT_DIRECTIVE: Final = "__segment_internal_directive"
"""Holds a directive that makes the whole payload; the other keys are its ``mapping``."""

_INTERNAL: Final = "__segment_internal_"
_HOOKS: Final = ("onMappingSave", "retlOnMappingSave")
_PARTS_OF_A_HOOK: Final = frozenset({"inputs", "outputs"})


def is_internal(key: Any) -> bool:
    """Tell whether a key says something about a mapping, as the sync mode does, but no field."""
    return isinstance(key, str) and key.startswith(_INTERNAL) and key != ROOT_DIRECTIVE


def without_reserved(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a mapping as Segment's product saves it, without what is none.

    Left out are ``__segment_internal_...``, but not ``__segment_internal_directive``, and what
    Segment's hooks got and gave when the mapping was saved: under ``onMappingSave`` and
    ``retlOnMappingSave``, an object that holds nothing but ``inputs`` and ``outputs``. Anything
    else under these names stays, for a field may have such a name.

    Args:
        fields: The mapping; it is not changed.

    Example:
        >>> hook = {"inputs": {}, "outputs": {"id": "de-1"}}
        >>> without_reserved({"onMappingSave": hook, "key": "orders"})
        {'key': 'orders'}
    """
    return {
        key: value
        for key, value in fields.items()
        if not is_internal(key) and not (key in _HOOKS and _is_of_a_hook(value))
    }


def saved_choices(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what Segment's hooks gave when a mapping was saved, the usual hook first.

    Example:
        >>> saved_choices({"onMappingSave": {"inputs": {}, "outputs": {"id": "de-1"}}})
        [{'id': 'de-1'}]
    """
    hooks = (fields[name] for name in _HOOKS if _is_of_a_hook(fields.get(name)))
    return [hook["outputs"] for hook in hooks if isinstance(hook.get("outputs"), Mapping)]


def _is_of_a_hook(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and value.keys() <= _PARTS_OF_A_HOOK
