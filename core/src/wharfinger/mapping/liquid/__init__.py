"""``@liquid``: the Liquid that Segment's mappings are written in, bounded and without loops.

python-liquid reads the grammar when a mapping is loaded (`wharfinger.mapping.liquid.read`, imported
on demand because that takes a quarter of a second). What a template then does with an event is all
here: values behave as they do in JavaScript, nothing but keys and items of the event can be
reached, and every character and item that is made counts against `Work`.
"""

from __future__ import annotations
