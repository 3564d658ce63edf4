"""Says by which documented differences our result departs from Segment's.

Each difference has a switch that turns our own engine into Segment's in that one respect. A
disagreement has a name only if the engine with some switches gives exactly what Segment gave, and
needs each of them for it. The names are the headings of the reference, as its links write them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import attrs
import pytest

from wharfinger import jsontext
from wharfinger.errors import MappingError, RejectedError
from wharfinger.mapping import interpret, parse
from wharfinger.mapping import nodes as n
from wharfinger.mapping.paths import follow
from wharfinger.model.action import Directive
from wharfinger.model.unset import UNSET

FAILED = {"error": True}
LARGEST_DOUBLE_INTEGER = 2**53
FALSY = (0, False, "", None)


def module(name: str) -> Any:
    """Return a module of the mapping room; some share their name with what they define."""
    return import_module(f"wharfinger.mapping.{name}")


def fails(_):
    raise ValueError


def picky(value):
    return fails(value) if isinstance(value, str) else value


DIRECTIVES = {
    "@absent": Directive(name="@absent", function=lambda _: UNSET),
    "@fail": Directive(name="@fail", function=fails),
    "@picky": Directive(name="@picky", function=picky),
}


def result_of(mapping: Any, event: Any) -> dict[str, Any]:
    """Run our engine; the result looks as the answer of Segment's does."""
    try:
        output = interpret(parse(mapping, directives=DIRECTIVES), event)
    except (MappingError, RejectedError):
        return FAILED
    return {} if output is UNSET else {"output": output}


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 is 1.0, but true is not 1; the order of keys does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of some JSON in which every scalar and key is changed."""
    if isinstance(value, dict):
        return {change(key): rebuilt(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [rebuilt(item, change) for item in value]
    return change(value)


def directives_changed(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """Return a copy of a mapping in which directives are what ``change`` makes of them."""
    if isinstance(value, list):
        return [directives_changed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: directives_changed(item, change) for key, item in value.items()}
    names = [key for key in inner if key.startswith("@")]
    return change(names[0], inner[names[0]]) if len(names) == len(inner) == 1 else inner


class Switch:
    """One difference: changes of the inputs, and patches of our engine."""

    def case(self, mapping: Any, event: Any) -> tuple[Any, Any]:
        return mapping, event

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """Turn our engine."""

    def answer(self, result: Any) -> Any:
        return result


def with_filter(
    patch: pytest.MonkeyPatch, name: str, change: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Change what one filter of ``@liquid`` does."""
    filters = module("liquid.filters").FILTERS
    patch.setitem(
        filters, name, attrs.evolve(filters[name], function=change(filters[name].function))
    )


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


def ordered(value: Any) -> Any:
    """Put the keys that are whole numbers first, as JavaScript does."""
    if isinstance(value, list):
        return [ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    numbers = sorted((key for key in value if is_index(key)), key=int)
    others = [key for key in value if not is_index(key)]
    return {key: ordered(value[key]) for key in (*numbers, *others)}


class KeysKeepTheirPlace(Switch):
    def case(self, mapping, event):
        return ordered(mapping), ordered(event)

    def patch(self, patch):
        write = jsontext.write_json

        def written(value, **options):
            return write(ordered(value), **options)

        patch.setattr(module("functions"), "write_json", written)
        patch.setattr(module("liquid.values"), "write_json", written)


def is_index(key):
    return key == "0" or (
        key.isascii() and key.isdigit() and key[0] != "0" and int(key) < 2**32 - 1
    )


class WholeCharacters(Switch):
    def case(self, mapping, event):
        return rebuilt(mapping, self._halves), rebuilt(event, self._halves)

    def patch(self, patch):
        quoted, quote = jsontext._quoted, module("liquid.web").quote
        whole, halves = self._whole, self._halves
        characters = module("liquid.texts")._characters

        def single(work, value):
            return "".join(char for char in whole(characters(work, value)) if char <= "\uffff")

        patch.setattr(module("liquid.texts"), "_characters", single)
        unquote = module("liquid.web").unquote
        patch.setattr(
            module("liquid.web"),
            "unquote",
            lambda text, **options: halves(unquote(text, **options)),
        )
        patch.setattr(jsontext, "_quoted", lambda text: halves(quoted(whole(text))))
        patch.setattr(
            module("liquid.web"), "quote", lambda text, **options: quote(whole(text), **options)
        )

    def answer(self, result):
        return rebuilt(result, self._whole)

    def _halves(self, value):
        if not isinstance(value, str) or value.isascii():
            return value
        raw = value.encode("utf-16-le", "surrogatepass")
        return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))

    def _whole(self, value):
        if not isinstance(value, str) or value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class NothingIsChanged(Switch):
    def case(self, mapping, event):
        return mapping, copy.deepcopy(event)

    def patch(self, patch):
        read = module("liquid.operations")

        def count(name, step, scope):
            root = scope.root if isinstance(scope.root, dict) else {}
            before = root.get(name)
            before = before if read_number(before) else 0
            root[name] = before + step
            scope.out.append(read.text(before if step > 0 else before + step, scope.work))

        read_number = module("liquid.values").is_number
        patch.setattr(read, "count", count)


class OnlyDatesAreDates(Switch):
    """What can be switched: true and false. Texts that are no dates are seen by `odd_dates`."""

    def patch(self, patch):
        read = module("liquid.dates").read_moment
        patch.setattr(
            module("liquid.dates"),
            "read_moment",
            lambda value: read(value / 1000 if isinstance(value, bool) else value),
        )


class PositionsAreNumbers(Switch):
    def patch(self, patch):
        def joining(ours):
            def slice_(work, value, begin, length=1):
                if not isinstance(begin, str) or length is UNSET:
                    return ours(work, value, begin, length)
                values = module("liquid.values")
                start, end = begin, begin + values.script_text(length, work)
                return value[int(start) : int(end)]

            return slice_

        with_filter(patch, "slice", joining)


class OnlyBase64(Switch):
    def patch(self, patch):
        def reading(ours):
            def decode(work, value):
                return ours(work, "".join(chr(ord(char) & 0xFF) for char in value))

            return decode

        with_filter(patch, "base64_decode", reading)


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


def without_absent_keys(value):
    if isinstance(value, dict):
        return {key: without_absent_keys(item) for key, item in value.items() if item is not UNSET}
    return [without_absent_keys(item) for item in value] if isinstance(value, list) else value


def without_absent(value):
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item is not UNSET}
    if isinstance(value, list):
        return [None if item is UNSET else without_absent(item) for item in value]
    return value


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

# What is said of a mapping that is refused when it is loaded, where Segment finds out with an
# event, or never.
REFUSALS = (
    ("liquid-is-read-strictly", r"@liquid: "),
    ("mistakes-are-found-at-load", r"must (be|have)|is not a directive|is not an option|needs"),
)
BOUNDS = re.compile(r"nested deeper|must not be longer|works on more|longer than \d+ characters")


@contextmanager
def turned(names: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            SWITCHES[name].patch(patch)
        yield


def as_segment(mapping: Any, event: Any, names: list[str]) -> Any:
    """Run our engine with some switches turned."""
    for name in names:
        mapping, event = SWITCHES[name].case(mapping, event)
    with turned(names):
        result: Any = result_of(mapping, event)
    for name in names:
        result = SWITCHES[name].answer(result)
    return result


def refusal(mapping: Any, event: Any) -> str | None:
    """Name the difference by which we refuse what Segment takes."""
    try:
        interpret(parse(mapping), event)
    except MappingError as error:
        return next(name for name, words in REFUSALS if re.search(words, str(error)))
    except RejectedError as error:
        return "work-is-bounded" if BOUNDS.search(error.message) else None
    return None


def odd_dates(mapping: Any, event: Any) -> bool:
    """Tell whether a filter for dates got something that is no date to us."""
    seen: list[bool] = []
    read = module("liquid.moments").read_moment

    def spied(value):
        moment = read(value)
        seen.append(moment is None and value is not None and value is not UNSET)
        return moment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("liquid.dates"), "read_moment", spied)
        as_segment(mapping, event, [name for name in SWITCHES if "dates" not in name])
    return any(seen)


def named(mapping: Any, event: Any, ours: Any, theirs: Any) -> str | None:
    names = list(SWITCHES)
    if ours == FAILED and (refused := refusal(mapping, event)):
        return refused
    ways = [names, *([each for each in names if each != left_out] for left_out in names)]
    for way in ways:
        if same(as_segment(mapping, event, way), theirs):
            names = way
            break
    else:
        return "only-dates-are-dates" if odd_dates(mapping, event) else None
    for name in SWITCHES:
        fewer = [each for each in names if each != name]
        if same(as_segment(mapping, event, fewer), theirs):
            names = fewer
    return " + ".join(names)


@pytest.fixture(scope="session")
def difference_names():
    """Return the names of all differences."""
    return {*SWITCHES, *(name for name, _ in REFUSALS), "work-is-bounded"}


@pytest.fixture(scope="session")
def difference_of():
    """Return a function that names the difference between our result and Segment's, or None."""
    return named


@pytest.fixture(scope="session")
def our_result():
    return result_of


@pytest.fixture(scope="session")
def agree():
    return same
