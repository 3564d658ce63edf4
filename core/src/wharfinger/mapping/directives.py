"""The built-in directives: how the options of each are read.

Each function takes the reader, the options, their place in the mapping, and whether absent values
stay in the objects it makes (see `Object.keeps_absent`); it gives a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.mapping import nodes as n
from wharfinger.mapping.functions import kind_of
from wharfinger.mapping.paths import MAX_LENGTH, parse_path
from wharfinger.mapping.reader import ABSENT, REFUSED, ReadDirective, Reader
from wharfinger.mapping.template import parse_template

__all__ = ["BUILT_IN", "READERS"]

_LONGEST_PATTERN = 10


def _path(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    text = reader.text_or_directive(source, at)
    if text is REFUSED:
        return text
    return (
        _static_path(reader, text.value, at)
        if isinstance(text, n.Constant)
        else n.ComputedPath(text, at)
    )


def _static_path(reader: Reader, text: Any, at: n.Place) -> n.Node:
    if not isinstance(text, str):
        return reader.refuse(at, _not_text(text))
    if len(text) > MAX_LENGTH:
        return reader.refuse(at, f"must have {MAX_LENGTH} characters at most.")
    return n.Path(parse_path(text))


def _not_text(value: Any) -> str:
    return f"must be text, but it is {kind_of(value)}."


def _template(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    text = reader.text_or_directive(source, at)
    if text is REFUSED:
        return text
    if not isinstance(text, n.Constant):
        return n.ComputedTemplate(text, at)
    if not isinstance(text.value, str):
        return reader.refuse(at, _not_text(text.value))
    return n.Template(parse_template(text.value), at)


def _literal(reader: Reader, source: Any, at: n.Place, *, keeps_absent: bool) -> n.Node:
    return reader.node(source, at, keeps_absent=keeps_absent)


def _if(reader: Reader, source: Any, at: n.Place, *, keeps_absent: bool) -> n.Node:
    options = reader.options(source, at, needed=(), known=("exists", "blank", "then", "else"))
    if options is None:
        return REFUSED
    if "exists" not in options and "blank" not in options:
        return reader.refuse(at, 'needs "exists" or "blank".')
    conditions = {
        test: reader.node(options[test], (*at, test))
        for test in ("exists", "blank")
        if test in options
    }
    branches = {
        branch: reader.node(options[branch], (*at, branch), keeps_absent=keeps_absent)
        for branch in ("then", "else")
        if branch in options
    }
    test: Any = "exists" if "exists" in conditions else "blank"
    return n.If(
        test, conditions[test], branches.get("then", ABSENT), branches.get("else", ABSENT), at
    )


def _case(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    options = reader.options(source, at, needed=("operator", "value"))
    if options is None:
        return REFUSED
    operator: Any = reader.one_of(options["operator"], (*at, "operator"), ("lower", "upper"))
    if options["value"] == "":
        return ABSENT
    value = reader.text_or_directive(options["value"], (*at, "value"))
    return n.Case(operator, value, at) if operator else REFUSED


def _replace(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    options = reader.options(
        source,
        at,
        needed=("pattern", "value"),
        known=("replacement", "pattern2", "replacement2", "ignorecase", "global"),
    )
    if options is None:
        return REFUSED
    patterns = [_substitution(reader, options, "", at)]
    if options.get("pattern2"):
        patterns.append(_substitution(reader, options, "2", at))
    ignore_case = reader.flag(options, "ignorecase", at, default=False)
    everywhere = reader.flag(options, "global", at, default=True)
    if options["value"] == "":
        return ABSENT
    value = reader.text_or_directive(options["value"], (*at, "value"))
    return n.Replace(tuple(patterns), ignore_case, everywhere, value, at)


def _substitution(
    reader: Reader, options: Mapping[str, Any], suffix: str, at: n.Place
) -> n.Substitution:
    texts = []
    for name, shortest in ((f"pattern{suffix}", 1), (f"replacement{suffix}", 0)):
        source = options.get(name, "")
        if source is None and suffix:
            source = ""
        texts.append(reader.short_text(source, (*at, name), shortest, _LONGEST_PATTERN))
    return n.Substitution(texts[0] or "", texts[1] or "")


def _array_path(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    if not isinstance(source, (list, tuple)):
        return reader.refuse(
            at, f"must be a list of a path and a shape, but it is {kind_of(source)}."
        )
    if not 1 <= len(source) <= 2:  # noqa: PLR2004  # a path, and a shape
        return reader.refuse(at, f"must hold a path and at most a shape, not {len(source)} values.")
    if isinstance(source[0], str):
        root = _static_path(reader, source[0], (*at, 0))
    else:
        root = reader.text_or_directive(source[0], (*at, 0))
    shape = source[1] if len(source) > 1 else None
    if shape is None or shape == {}:
        return n.ArrayPath(root, None, at)
    return n.ArrayPath(root, reader.object_or_directive(shape, (*at, 1)), at)


def _flatten(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    options = reader.options(source, at, needed=("separator", "value"), known=("omitArrays",))
    if options is None:
        return REFUSED
    separator = reader.short_text(options["separator"], (*at, "separator"), 1, None)
    omit_arrays = reader.flag(options, "omitArrays", at, default=False)
    return n.Flatten(
        separator or "", omit_arrays, reader.node(options["value"], (*at, "value")), at
    )


def _json(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    options = reader.options(source, at, needed=("mode", "value"))
    if options is None:
        return REFUSED
    mode: Any = reader.one_of(options["mode"], (*at, "mode"), ("encode", "decode"))
    value = reader.node(options["value"], (*at, "value"))
    return n.Json(mode, value, at) if mode else REFUSED


def _merge(reader: Reader, source: Any, at: n.Place, *, keeps_absent: bool) -> n.Node:
    options = reader.options(source, at, needed=("objects", "direction"))
    if options is None:
        return REFUSED
    direction: Any = reader.one_of(options["direction"], (*at, "direction"), ("left", "right"))
    objects, inside = options["objects"], (*at, "objects")
    if not isinstance(objects, (list, tuple)):
        return reader.refuse(inside, f"must be a list, but it is {kind_of(objects)}.")
    nodes = tuple(
        reader.object_or_directive(each, (*inside, index), keeps_absent=True)
        for index, each in enumerate(objects)
    )
    return n.Merge(nodes, direction, keeps_absent, at) if direction else REFUSED


def _transform(reader: Reader, source: Any, at: n.Place, *, keeps_absent: bool) -> n.Node:
    options = reader.options(source, at, needed=("apply", "mapping"))
    if options is None:
        return REFUSED
    apply = reader.object_or_directive(options["apply"], (*at, "apply"))
    mapping = reader.object_or_directive(
        options["mapping"], (*at, "mapping"), keeps_absent=keeps_absent
    )
    return n.Transform(apply, mapping, at)


def _exclude_when_null(reader: Reader, source: Any, at: n.Place, *, keeps_absent: bool) -> n.Node:
    value = reader.node(source, at, keeps_absent=keeps_absent)
    return n.ExcludeWhenNull(value, keeps_absent, at)


def _liquid(reader: Reader, source: Any, at: n.Place, **_: bool) -> n.Node:
    from wharfinger.mapping.liquid.read import read_liquid  # noqa: PLC0415  # takes 0.25 s

    if not isinstance(source, str):
        return reader.refuse(at, _not_text(source))
    template = read_liquid(source, lambda message: reader.refuse(at, message))
    return REFUSED if template is None else n.Liquid(template, at)


READERS: Final[Mapping[str, ReadDirective]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@if": _if,
    "@case": _case,
    "@replace": _replace,
    "@arrayPath": _array_path,
    "@flatten": _flatten,
    "@json": _json,
    "@merge": _merge,
    "@transform": _transform,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}

BUILT_IN: Final = frozenset(READERS)
"""The names of the built-in directives; plugins cannot take them."""
