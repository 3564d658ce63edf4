"""How one switch is declared: its default, its meaning, and what a message of it may name."""

import string
from typing import Any

import attrs

__all__ = ["SwitchError", "switch"]


class SwitchError(ValueError):
    """A switch has no such name or no such value; the message says which there are."""


def switch(default: Any, about: str, *, names: tuple[str, ...] = (), group: str = "") -> Any:
    """A field with its meaning.

    Args:
        default: The value where none is given.
        about: What it means, for people.
        names: The placeholders a message template may use; for switches that are messages.
        group: Title of the group that begins with this switch.
    """
    return attrs.field(
        default=default,
        metadata={"about": about, "group": group},
        validator=_template(names) if names else None,
    )


def _template(names: tuple[str, ...]) -> Any:
    def check(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        except ValueError as error:
            raise SwitchError(f"{attribute.name}: not a message template: {error}.") from None
        if used - set(names):
            allowed = ", ".join(f"{{{name}}}" for name in names)
            raise SwitchError(f"{attribute.name}: a message may use {allowed} and nothing else.")

    return check
