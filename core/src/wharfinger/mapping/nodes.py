"""What a field mapping says, as a tree of frozen nodes.

`parse` makes them; `interpret`, `compile_mapping` and whatever explains a result read them.
A directive's node knows its place in the mapping (``at``), so that an error at run time can name
it. ``@literal`` has no node: it stands for its contents.
"""

from __future__ import annotations

from typing import Literal

import attrs

from wharfinger.mapping.liquid.template import LiquidTemplate
from wharfinger.model.action import Directive
from wharfinger.model.unset import Unset

__all__ = [
    "ArrayPath",
    "Case",
    "ComputedPath",
    "ComputedTemplate",
    "Constant",
    "Custom",
    "ExcludeWhenNull",
    "Flatten",
    "If",
    "Json",
    "Liquid",
    "List",
    "Merge",
    "Node",
    "Object",
    "Path",
    "Place",
    "Replace",
    "Substitution",
    "Template",
    "Transform",
]

Place = tuple[str | int, ...]
"""Keys and list indices from the root of the mapping."""


@attrs.frozen
class Constant:
    """A value that is the same for every event."""

    value: str | float | bool | Unset | None


@attrs.frozen
class Object:
    """An object written in the mapping.

    Attributes:
        entries: Keys and their nodes, in the order they are written.
        keeps_absent: Whether absent values stay in as `UNSET`: in an object of ``@merge``, an
            absent value removes what the objects before it gave.
    """

    entries: tuple[tuple[str, Node], ...]
    keeps_absent: bool = False


@attrs.frozen
class List:
    """A list written in the mapping."""

    items: tuple[Node, ...]


@attrs.frozen
class Path:
    """``@path``: the value under these keys; no keys stand for the whole event."""

    keys: tuple[str, ...]


@attrs.frozen
class ComputedPath:
    """``@path`` whose text is made by another directive."""

    text: Node
    at: Place


@attrs.frozen
class Template:
    """``@template``: text, and paths whose values go in between."""

    pieces: tuple[str | Path, ...]
    at: Place


@attrs.frozen
class ComputedTemplate:
    """``@template`` whose text is made by another directive."""

    text: Node
    at: Place


@attrs.frozen
class If:
    """``@if``: one value or another."""

    test: Literal["exists", "blank"]
    condition: Node
    then: Node
    otherwise: Node
    at: Place


@attrs.frozen
class Case:
    """``@case``: a string in lower or upper case; other values as they are."""

    operator: Literal["lower", "upper"]
    value: Node
    at: Place


@attrs.frozen
class Substitution:
    """One pattern of ``@replace``; the pattern is plain text, not a regular expression."""

    pattern: str
    replacement: str


@attrs.frozen
class Replace:
    """``@replace``: the substitutions in turn, each on what the one before it left."""

    substitutions: tuple[Substitution, ...]
    ignore_case: bool
    everywhere: bool
    value: Node
    at: Place


@attrs.frozen
class ArrayPath:
    """``@arrayPath``: a list whose items each take a shape.

    Attributes:
        root: Gives the list, or one object that counts as a list of one.
        shape: Resolved against each item, not against the event; None leaves ``root`` as it is.
        at: Place in the mapping.
    """

    root: Node
    shape: Node | None
    at: Place


@attrs.frozen
class Flatten:
    """``@flatten``: one object with joined keys out of nested ones."""

    separator: str
    omit_arrays: bool
    value: Node
    at: Place


@attrs.frozen
class Json:
    """``@json``: a value as JSON text, or the other way round."""

    mode: Literal["encode", "decode"]
    value: Node
    at: Place


@attrs.frozen
class Liquid:
    """``@liquid``: a template of Segment's Liquid."""

    template: LiquidTemplate
    at: Place


@attrs.frozen
class Merge:
    """``@merge``: several objects in one, not deep.

    Attributes:
        objects: The objects as they are written.
        direction: ``"right"``: later objects win; ``"left"``: earlier ones do.
        keeps_absent: As in `Object`.
        at: Place in the mapping.
    """

    objects: tuple[Node, ...]
    direction: Literal["left", "right"]
    keeps_absent: bool
    at: Place


@attrs.frozen
class Transform:
    """``@transform``: a mapping that is resolved against what another one made of the event."""

    apply: Node
    mapping: Node
    at: Place


@attrs.frozen
class ExcludeWhenNull:
    """``@excludeWhenNull``: None becomes absent, in objects at every depth, not inside lists."""

    value: Node
    keeps_absent: bool
    at: Place


@attrs.frozen
class Custom:
    """A directive that a plugin gave."""

    directive: Directive
    options: Node
    at: Place


Node = (
    Constant
    | Object
    | List
    | Path
    | ComputedPath
    | Template
    | ComputedTemplate
    | If
    | Case
    | Replace
    | ArrayPath
    | Flatten
    | Json
    | Liquid
    | Merge
    | Transform
    | ExcludeWhenNull
    | Custom
)
