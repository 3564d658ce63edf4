"""Values a person may choose for a field, looked up in the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

__all__ = ["Choice", "Choices", "Question"]


@attrs.frozen(kw_only=True)
class Question:
    """What a form asks for.

    Attributes:
        field: Name of the field whose values are wanted. For an object field the choices are
            names of its entries.
        search: What was typed so far, or ``""``.
        page: Which page of the answer, from 1.
        fields: The mapping's other fields that are fixed already, by name.
    """

    field: str
    search: str = ""
    page: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    fields: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Choice:
    """One value to choose.

    Attributes:
        value: What the configuration gets.
        label: What people read.
        description: One more line for people, or ``""``.
    """

    value: str
    label: str
    description: str = ""


@attrs.frozen(kw_only=True)
class Choices:
    """One page of values to choose from.

    Attributes:
        items: The values, in the order they should be shown.
        next_page: The page after this one, or None where this is the last.
    """

    items: Sequence[Choice] = ()
    next_page: int | None = None
