"""Every switch with its value, the values it may have and its meaning; for people and machines."""

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Literal, get_args, get_origin

import attrs

from wharfinger_sfmc_simulator.switches import Switches, choices_in_words, shown

__all__ = ["SwitchLine", "describe_switches", "list_switches"]


@attrs.frozen(kw_only=True)
class SwitchLine:
    """One switch.

    Attributes:
        name: As it is set.
        group: Title of the group it belongs to.
        value: The present value.
        default: The value where none is given.
        choices: All values there are; none where any of its type will do.
        type: ``int``, ``bool`` or ``str``.
        values: The values it may have, in words.
        about: What it means.
    """

    name: str
    group: str
    value: Any
    default: Any
    choices: tuple[Any, ...]
    type: str
    values: str
    about: str

    @property
    def changed(self) -> bool:
        """Whether the value is another one than the default."""
        return bool(self.value != self.default)


def list_switches(switches: Switches | None = None) -> list[SwitchLine]:
    """Return every switch, in groups; the defaults if no switches are given."""
    return list(_lines(switches or Switches()))


def describe_switches(switches: Switches | None = None) -> str:
    """Return a table of every switch, its value, its other values and its meaning, for people."""
    return "\n\n".join(
        "\n".join([title, *map(_entry, lines)])
        for title, lines in groupby(list_switches(switches), lambda line: line.group)
    )


def _entry(line: SwitchLine) -> str:
    about = textwrap.fill(line.about, 78, initial_indent="      ", subsequent_indent="      ")
    return f"  {line.name} = {shown(line.value)} {line.values}\n{about}"


def _lines(switches: Switches) -> Iterator[SwitchLine]:
    group = ""
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(Switches)
    for field in sorted(fields, key=lambda field: field.name not in Switches.__annotations__):
        kind: Any = field.type
        group = field.metadata["group"] or group
        yield SwitchLine(
            name=field.name,
            group=group,
            value=getattr(switches, field.name),
            default=field.default,
            choices=get_args(kind) if get_origin(kind) is Literal else (),
            type=type(field.default).__name__,
            values=choices_in_words(kind),
            about=field.metadata["about"],
        )
