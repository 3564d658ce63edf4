"""Payload and settings classes: what their fields are, as JSON Schema, and made from raw values.

The one rule for what is not there, the same for a single event, in a batch and for settings:

* A missing key and `wharfinger.UNSET` are absent. So is None, unless the field sets
  ``allow_null``; then None is its value.
* ``""`` is absent where it cannot be the value: in everything but a single string.
* In a string that is required, always or under a condition, text without any visible character is
  absent as well. An optional string keeps it, ``""`` too.
* In a list, absent items are left out; a string's ``""`` is kept.
* An absent field takes its default. An absent required field is a problem.

Values are coerced first and checked then:

=========  ============================================================================
string     takes numbers and booleans as JSON writes them: ``5.0`` is ``"5"``
number     takes numeric text (``" 1e3 "``) and booleans as 1 and 0; finite only
integer    takes what a number takes, if it is whole
boolean    takes ``"true"``, ``"false"``, 1 and 0
datetime   takes ISO 8601 text, and seconds or milliseconds since 1970; no zone means UTC
object     takes objects only
a list     takes a single value as a list of one
=========  ============================================================================

A list of one takes the place of a single value where the field is not a list. Lengths count
characters, not bytes. Conditions of ``required`` look at coerced values. Nothing is dropped
silently: a key that the class does not know is a problem.
"""

from __future__ import annotations

from wharfinger.payload.fields import fields_of
from wharfinger.payload.instances import compile_structure, structure
from wharfinger.payload.read import default_of, read_field
from wharfinger.payload.schema import json_schema

__all__ = [
    "compile_structure",
    "default_of",
    "fields_of",
    "json_schema",
    "read_field",
    "structure",
]
