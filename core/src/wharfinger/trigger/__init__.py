r"""Triggers: which events a mapping takes.

The language is FQL as Segment documents it ("Destination Filter Query Language"); where that page
leaves a case open, the rule below is ours.

**Fields.** ``type``, ``userId``, ``properties.total``, ``context.library.version``: any path into
the event. A key is made of ASCII letters, digits, ``_`` and ``-``; before any other character of
it stands a backslash, so ``properties.a\.b`` reaches the key ``a.b``. In brackets stand a key
(``traits.[your-audience-key]``, ``properties["a.b"]``) or the index of a list item, counted from
0 (``properties.products[0].sku``). ``and or in true false null`` begin a path only with a
backslash. A name without quotes is always a field: ``type = track`` compares two fields. A field
that is missing, or below something that is no object, is null.

**Values.** Text in single or double quotes, where a backslash escapes a quote and itself and is
an ordinary character before anything else; numbers like ``-1.5e3``; ``true``, ``false``,
``null``; lists of these, like ``["a", "b"]``.

**Conditions.** ``=`` and ``!=`` hold by type and value, in depth: ``5 = 5.0``, but ``5`` is not
``"5"`` and ``true`` is not ``1``. ``< <= > >=`` compare numbers; anything else is false. ``in``
looks for a value in a list. ``contains``, ``match`` and ``bool`` are conditions by themselves,
and so is a field: ``properties.vip`` is short for ``properties.vip = true``. ``!`` binds tighter
than ``and``, ``and`` tighter than ``or``; parentheses group. ``!`` takes the whole comparison
behind it.

**Functions** stand wherever a value may: `wharfinger.trigger.functions`. The wrong type of value
never raises: each function says what it gives instead.

A trigger has at most 10,000 characters and 50 brackets inside one another.
"""

from __future__ import annotations

from wharfinger.trigger.compile import compile_trigger
from wharfinger.trigger.evaluate import evaluate
from wharfinger.trigger.explain import explain
from wharfinger.trigger.lint import lint_trigger
from wharfinger.trigger.parse import parse
from wharfinger.trigger.segment import read_as_segment

__all__ = ["compile_trigger", "evaluate", "explain", "lint_trigger", "parse", "read_as_segment"]
