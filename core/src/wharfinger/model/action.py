"""One thing a destination can do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from wharfinger.model.batching import Batch
from wharfinger.model.choices import Choices, Question
from wharfinger.model.destination import SLUG, names
from wharfinger.model.opening import Opening, Outline
from wharfinger.model.outcome import Outcome
from wharfinger.model.provision import Provision

if TYPE_CHECKING:
    from wharfinger.delivery.session import Session

__all__ = ["Action", "Directive", "Effect", "Perform", "RowFields"]

Perform = Callable[["Session", Batch], Awaitable[Sequence[Outcome]]]
"""``async (session, batch) -> one outcome per payload``, in the order of the payloads."""


class Effect(StrEnum):
    """What it means to do the same thing twice."""

    IDEMPOTENT = "idempotent"
    """Twice is the same as once: a timeout after sending is repeated."""
    ONCE = "once"
    """Each accepted call has an effect of its own: a timeout after sending is ``unknown``."""


@attrs.frozen(kw_only=True)
class RowFields:
    """Which fields of a payload make up a row, where an action upserts rows.

    With it a host can write a mapping for a column without knowing the vendor:
    ``wharfinger audience`` does.

    Attributes:
        values: Name of the object field that holds columns and their values.
        keys: Name of the object field that holds the columns that say which row it is.
        table: Name of the field that says which table the row goes to; ``""`` if there is one only.
    """

    values: str
    keys: str
    table: str = ""


@attrs.frozen(kw_only=True)
class Action:
    """One thing a destination can do.

    Attributes:
        destination: Slug of the destination; it may belong to another plugin.
        slug: Its name in configurations: lower-case words joined by hyphens.
        title: Its name for people.
        payload: An attrs class whose fields are made with `wharfinger.field`; ``perform`` gets
            instances of it, checked and coerced.
        perform: Sends one batch. Returns one outcome per payload, in order; raises a
            `DeliveryError` where one verdict holds for all. ``retry`` outcomes and errors are
            repeated by core, with the payloads they concern.
        effect: What it means to do it twice.
        description: One or two sentences for documentation.
        default_trigger: The trigger of a mapping that names none; ``""`` if a mapping must.
        default_fields: Field mapping for what a mapping leaves out, down to declared properties.
        aliases: Other slugs under which saved configurations know it.
        form: Makes of a payload, as soon as there is one, what ``batch_key``, ``order_key``,
            ``encode`` and ``perform`` get in its place; for what would else be made for each of
            them anew. None: they get the payload.
        batch_key: Payloads with equal keys may travel together; None if any may.
        order_key: Among payloads of one batch key, those with equal order keys never overtake each
            other, and none is sent while an earlier one is to be tried again; within a batch
            ``perform`` sees to it. None, or a key that is None, if order is free.
        encode: The part of a request body that one payload becomes; it counts against the bytes
            of a batch and reaches ``perform`` as ``batch.bodies``. None: nothing is encoded.
        open: Asked once per mapping when a connection opens: looks at what the mapping needs at
            the vendor, and may give back an action made for it. None where there is nothing to
            look at. What it raises is a finding: `HaltedError` halts the mapping,
            `CredentialsError` the whole connection, and anything else is a warning. One that
            takes longer than ``retry.timeout_s`` is given up, with a warning.
        choices: Per field whose values can be looked up, the function that does; options of
            ``provision`` may be among them.
        provision: Makes at the vendor what a mapping needs; None where nothing can be made.
        rows: Which fields make up a row; None where it upserts none.
    """

    destination: str = attrs.field(validator=attrs.validators.matches_re(SLUG))
    slug: str = attrs.field(validator=attrs.validators.matches_re(SLUG))
    title: str
    payload: type[Any]
    perform: Perform
    effect: Effect
    description: str = ""
    default_trigger: str = ""
    default_fields: Mapping[str, Any] = attrs.field(factory=dict)
    aliases: tuple[str, ...] = attrs.field(default=(), converter=names)
    form: Callable[[Any], Any] | None = None
    batch_key: Callable[[Any], Hashable] | None = None
    order_key: Callable[[Any], Hashable] | None = None
    encode: Callable[[Any], bytes] | None = None
    open: Callable[[Session, Outline], Awaitable[Opening]] | None = None
    choices: Mapping[str, Callable[[Session, Question], Awaitable[Choices]]] = attrs.field(
        factory=dict
    )
    provision: Provision | None = None
    rows: RowFields | None = None


@attrs.frozen(kw_only=True)
class Directive:
    """A further directive for field mappings.

    Attributes:
        name: With its ``@``: ``"@slug"``. Built-in names cannot be taken.
        function: Gets the options with every directive inside them resolved, and returns the
            value; a pure function. `wharfinger.UNSET` in or out means absent.
        description: What it does, with an example.
        check: Looks at the options as they are written, when a mapping is loaded, and returns
            what is wrong with them in words; None for nothing to check.
    """

    name: str = attrs.field(validator=attrs.validators.matches_re(r"@[a-z][a-zA-Z0-9]+"))
    function: Callable[[Any], Any]
    description: str = ""
    check: Callable[[Any], Sequence[str]] | None = None
