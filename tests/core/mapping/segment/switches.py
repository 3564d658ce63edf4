"""What turns our own engine into Segment's, in one respect each.

The names are the headings of the reference, as its links write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.core.mapping.segment.liquid_switches import (
    NothingIsChanged,
    OnlyBase64,
    OnlyDatesAreDates,
    PositionsAreNumbers,
    WholeCharacters,
)
from tests.core.mapping.segment.rewriting import (
    directives_changed,
    is_index,
    ordered,
    rebuilt,
    without_absent,
    without_absent_keys,
)
from tests.core.mapping.segment.switch import Switch, module, with_filter

from wharfinger import jsontext
from wharfinger.errors import RejectedError
from wharfinger.mapping import nodes as n
from wharfinger.mapping.paths import follow
from wharfinger.model.unset import UNSET

LARGEST_DOUBLE_INTEGER = 2**53
FALSY = (0, False, "", None)


class QuotedKeys(Switch):
    def patch(self, patch):
        plain = module("paths")._plain_keys

        def split(text):
            return tuple(plain(text.replace("$.", "", 1)))

        patch.setattr(module("directives"), "parse_path", split)
        patch.setattr(module("functions"), "parse_path", split)
        patch.setattr(module("template"), "parse_keys", lambda text: tuple(plain(text)))


class Leaks(Switch):
    def patch(self, patch):
        step, read = module("paths").step, module("liquid.values").read
        key_text = module("liquid.values")._key_text

        def leaking(value, key):
            if key == "length" and (isinstance(value, list) or (isinstance(value, str) and value)):
                return len(value)
            if isinstance(value, str) and is_index(key) and int(key) < len(value):
                return value[int(key)]
            return step(value, key)

        def liquid_leaking(value, key):
            if isinstance(value, (str, list)) and key == "length":
                return len(value)
            text = key_text(key)
            if isinstance(value, str) and is_index(text) and int(text) < len(value):
                return value[int(text)]
            return read(value, key)

        def look_up(scope, name):
            found = original(scope, name)
            return 0 if name == "size" and found is UNSET else found

        scope = module("liquid.template").Scope
        original = scope.look_up

        patch.setattr(scope, "look_up", look_up)
        self._filters(patch)
        patch.setattr(module("paths"), "step", leaking)
        for name in ("liquid.template", "liquid.operations", "liquid.lists"):
            patch.setattr(module(name), "read", liquid_leaking)

    def _filters(self, patch):
        """Let an object that says it has a length pass for a list."""

        def size(value, length):
            return 0 if length in FALSY else length

        def end(key):
            def leaky(value, length):
                if not module("liquid.values").is_number(length):
                    return ""
                return value.get(str(length - 1 if key else 0), UNSET)

            return leaky

        def leaking(leak, ours):
            def function(work, value):
                is_object = isinstance(value, dict)
                return leak(value, value.get("length")) if is_object else ours(work, value)

            return function

        for name, leak in (("size", size), ("first", end(0)), ("last", end(-1))):
            with_filter(patch, name, partial(leaking, leak))


class ObjectsAsJson(Switch):
    def patch(self, patch):
        for name, function in (("functions", "_text"), ("liquid.values", "json_text")):
            patch.setattr(module(name), function, self._words(getattr(module(name), function)))

    def _words(self, write):
        def words(value, *rest):
            return "[object Object]" if isinstance(value, Mapping) else write(value, *rest)

        return words


class ValuesAreNotTemplates(Switch):
    def patch(self, patch):
        split = module("template")._split
        functions = module("functions")

        def written(pieces, root, at):
            return "".join(
                functions.text(follow(root, piece.keys), at) if isinstance(piece, n.Path) else piece
                for piece in pieces
            )

        def render(pieces, root, at):
            return written(split(written(pieces, root, at), 2), root, at)

        patch.setattr(module("directives"), "parse_template", lambda text: tuple(split(text, 3)))
        patch.setattr(
            module("interpret"), "_template", lambda node, root: render(node.pieces, root, "")
        )

        def render_computed(text, root, at):
            functions._check_computed(text, 10_000, "template", at)
            return render(split(text, 3), root, at)

        patch.setattr(functions, "render_computed", render_computed)


class FalsyElse(Switch):
    def case(self, mapping, event):
        def change(name, options):
            if name == "@if" and isinstance(options, dict) and options.get("else", 1) in FALSY:
                options = {key: value for key, value in options.items() if key != "else"}
            return {name: options}

        return directives_changed(mapping, change), event


class WholeNumbers(Switch):
    def case(self, mapping, event):
        return rebuilt(mapping, self._double), rebuilt(event, self._double)

    def patch(self, patch):
        values, read_json = module("liquid.values"), jsontext.read_json

        def read(text):
            return rebuilt(read_json(text), self._double)

        def read_number(text):
            return self._double(original(text))

        original = values._read_number
        patch.setattr(module("functions"), "read_json", read)
        patch.setattr(values, "_read_number", read_number)
        patch.setattr(values, "bounded", self._double)
        patch.setattr(module("liquid.arithmetic"), "bounded", self._double)

    def _double(self, value):
        big = isinstance(value, int) and abs(value) > LARGEST_DOUBLE_INTEGER
        return float(value) if big else value


class OptionsAreValues(Switch):
    """Literal options that Segment takes for missing, and words it takes in one case only."""

    def case(self, mapping, event):
        return directives_changed(mapping, self._change), event

    def _change(self, name, options):
        changed: dict[str, Any] = {name: options}
        match name, options:
            case "@if", dict() if options.get("exists") in FALSY and options.get("blank") in FALSY:
                changed = {"@fail": 1}
            case "@json", {"value": 0 | "" | None}:
                changed = {"@fail": 1}
            case "@json", {"mode": mode, "value": value} if mode not in ("encode", "decode"):
                changed = {"@absent": value}
            case "@merge", {"direction": direction} if direction != "left":
                changed = {name: options | {"direction": "right"}}
            case "@case", {"operator": operator, "value": value} if value:
                changed = changed if operator in ("lower", "upper") else {"@picky": value}
        return changed


class KeysKeepTheirPlace(Switch):
    def case(self, mapping, event):
        return ordered(mapping), ordered(event)

    def patch(self, patch):
        write = jsontext.write_json

        def written(value, **options):
            return write(ordered(value), **options)

        patch.setattr(module("functions"), "write_json", written)
        patch.setattr(module("liquid.values"), "write_json", written)


class ReservedKeys(Switch):
    def patch(self, patch):
        patch.setattr(module("parse"), "is_internal", lambda _: False)


class AbsentIsSettled(Switch):
    def patch(self, patch):
        resolve = module("interpret").resolve

        def map_items(root, shape):
            items = [root] if isinstance(root, Mapping) else root
            return [shape(item) for item in items] if isinstance(items, list) else root

        def written(write):
            return lambda value, **options: write(without_absent(value), **options)

        def settling(node, root, inner):
            if isinstance(node, n.Object):
                return {key: inner(value, root) for key, value in node.entries}
            if isinstance(node, n.Transform):
                return resolve(node, root, changed(node.apply, inner, without_absent_keys))
            return resolve(node, root, inner)

        def flatten(value, *rest, **options):
            return {"": UNSET} if value is UNSET else flattened(value, *rest, **options)

        flattened = module("functions").flatten

        patch.setattr(module("interpret"), "_null_for_absent", lambda value: value)
        patch.setattr(module("interpret"), "resolve", settling)
        merge, exclude = module("functions").merge, module("functions").exclude_nulls
        patch.setattr(module("functions"), "merge", lambda x, **_: merge(x, keep_absent=True))
        patch.setattr(
            module("functions"),
            "exclude_nulls",
            lambda x, at, **_: exclude(x, at, keep_absent=True),
        )
        patch.setattr(module("functions"), "flatten", flatten)
        patch.setattr(module("functions"), "map_items", map_items)
        for name in ("functions", "liquid.values"):
            patch.setattr(module(name), "write_json", written(module(name).write_json))

    def answer(self, result):
        return without_absent(result)


def changed(node, inner, change):
    """Change what one node gives."""

    def resolve(each, root):
        value = inner(each, root)
        return change(value) if each is node else value

    return resolve


class AnythingMayBeTransformed(Switch):
    def patch(self, patch):
        resolve = module("interpret").resolve

        def picky(node, root, inner):
            if not isinstance(node, n.Transform):
                return resolve(node, root, inner)
            if not isinstance(root, Mapping):
                raise RejectedError("no event", code="mapping-failed")
            return resolve(
                node, root, changed(node.apply, inner, lambda x: {} if x is UNSET else x)
            )

        patch.setattr(module("interpret"), "resolve", picky)


SWITCHES: dict[str, Switch] = {
    "keys-in-quotes-are-keys": QuotedKeys(),
    "only-what-the-event-says-can-be-read": Leaks(),
    "an-object-in-a-text-is-json": ObjectsAsJson(),
    "values-are-not-templates": ValuesAreNotTemplates(),
    "every-else-is-kept": FalsyElse(),
    "whole-numbers-keep-their-digits": WholeNumbers(),
    "options-are-values": OptionsAreValues(),
    "keys-keep-their-place": KeysKeepTheirPlace(),
    "characters-are-counted-whole": WholeCharacters(),
    "nothing-is-changed": NothingIsChanged(),
    "only-dates-are-dates": OnlyDatesAreDates(),
    "positions-are-numbers": PositionsAreNumbers(),
    "only-base64-is-read": OnlyBase64(),
    "reserved-keys-are-no-fields": ReservedKeys(),
    "absent-is-settled-at-once": AbsentIsSettled(),
    "anything-may-be-transformed": AnythingMayBeTransformed(),
}
