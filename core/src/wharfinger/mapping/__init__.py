"""Field mappings: JSON with directives that makes a payload out of an event.

The way of a mapping: `parse` reads the JSON into nodes and reports everything that is wrong with
it at once; `compile_mapping` turns the nodes into one Python function, once; that function runs
for each event. `interpret` gives the same results straight from the nodes, slower and readable.

The language is Segment's: a mapping saved there works here. What is mended is listed in the
reference, under "Differences from Segment". The rules that hold everywhere:

* `wharfinger.UNSET` is what an event has not got. An object of the result never holds it: the key
  is left out. A list keeps the slot, as None, because the other items must not move.
* None is a value, and is kept.
* Nothing is changed in place, neither event nor mapping. Objects and lists written in the mapping
  are made anew for each event. Those read from the event are shared with it, not copied: whoever
  wants to change a result copies it first.
* A value that cannot be worked on (nested too deep, not JSON) raises `RejectedError` with the code
  ``mapping-failed``, naming the place in the mapping.
"""

from __future__ import annotations

from wharfinger.mapping.absent import told_absent
from wharfinger.mapping.compile import CompiledMapping, compile_mapping
from wharfinger.mapping.interpret import interpret
from wharfinger.mapping.nodes import Node
from wharfinger.mapping.parse import BUILT_IN, parse
from wharfinger.mapping.reserved import ROOT_DIRECTIVE, saved_choices, without_reserved

__all__ = [
    "BUILT_IN",
    "ROOT_DIRECTIVE",
    "CompiledMapping",
    "Node",
    "compile_mapping",
    "interpret",
    "parse",
    "saved_choices",
    "told_absent",
    "without_reserved",
]
