"""The filters there are, by name, and how many values each takes behind its colon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from wharfinger.mapping.liquid import arithmetic, dates, lists, texts, web
from wharfinger.mapping.liquid.values import is_list, is_true
from wharfinger.mapping.liquid.work import Work

__all__ = ["DISABLED_FILTERS", "FILTERS", "Filter"]


@attrs.frozen
class Filter:
    """One filter.

    Attributes:
        function: Takes the work to count, the value, then the values behind the colon.
        least: How many of these it needs.
        most: How many it knows what to do with.
        options: Names of what may be given as ``name: value``.
    """

    function: Callable[..., Any]
    least: int = 0
    most: int = 0
    options: tuple[str, ...] = ()


def _default(_: Work, value: Any, other: Any, *, allow_false: Any = None) -> Any:
    """Give another value for nothing, false, and an empty text or list."""
    if isinstance(value, str) or is_list(value):
        return value if len(value) else other
    if value is False and is_true(allow_false):
        return value
    return value if is_true(value) else other


FILTERS: Final[Mapping[str, Filter]] = {
    "abs": Filter(arithmetic.abs_),
    "append": Filter(texts.append, 1, 1),
    "at_least": Filter(arithmetic.at_least, 1, 1),
    "at_most": Filter(arithmetic.at_most, 1, 1),
    "base64_decode": Filter(web.base64_decode),
    "base64_encode": Filter(web.base64_encode),
    "capitalize": Filter(texts.capitalize),
    "ceil": Filter(arithmetic.ceil),
    "cgi_escape": Filter(web.cgi_escape),
    "compact": Filter(lists.compact),
    "date": Filter(dates.date, 0, 2),
    "date_to_long_string": Filter(dates.date_to_long_string, 0, 2),
    "date_to_rfc822": Filter(dates.date_to_rfc822),
    "date_to_string": Filter(dates.date_to_string, 0, 2),
    "date_to_xmlschema": Filter(dates.date_to_xmlschema),
    "default": Filter(_default, 1, 1, ("allow_false",)),
    "divided_by": Filter(arithmetic.divided_by, 1, 2),
    "downcase": Filter(texts.downcase),
    "escape": Filter(web.escape),
    "escape_once": Filter(web.escape_once),
    "first": Filter(lists.first),
    "floor": Filter(arithmetic.floor),
    "inspect": Filter(web.json),
    "join": Filter(lists.join, 0, 1),
    "json": Filter(web.json),
    "jsonify": Filter(web.json),
    "last": Filter(lists.last),
    "lstrip": Filter(texts.lstrip, 0, 1),
    "minus": Filter(arithmetic.minus, 1, 1),
    "modulo": Filter(arithmetic.modulo, 1, 1),
    "normalize_whitespace": Filter(texts.normalize_whitespace),
    "number_of_words": Filter(texts.number_of_words, 0, 1),
    "plus": Filter(arithmetic.plus, 1, 1),
    "pop": Filter(lists.pop),
    "prepend": Filter(texts.prepend, 1, 1),
    "push": Filter(lists.push, 1, 1),
    "raw": Filter(texts.raw),
    "remove": Filter(texts.remove, 1, 1),
    "remove_first": Filter(texts.remove_first, 1, 1),
    "remove_last": Filter(texts.remove_last, 1, 1),
    "replace": Filter(texts.replace, 1, 2),
    "replace_first": Filter(texts.replace_first, 1, 2),
    "replace_last": Filter(texts.replace_last, 1, 2),
    "round": Filter(arithmetic.round_, 0, 1),
    "rstrip": Filter(texts.rstrip, 0, 1),
    "shift": Filter(lists.shift),
    "size": Filter(lists.size),
    "slice": Filter(lists.slice_, 1, 2),
    "slugify": Filter(texts.slugify, 0, 2),
    "split": Filter(lists.split, 1, 1),
    "strip": Filter(texts.strip, 0, 1),
    "strip_html": Filter(web.strip_html),
    "strip_newlines": Filter(texts.strip_newlines),
    "sum": Filter(lists.sum_, 0, 1),
    "times": Filter(arithmetic.times, 1, 1),
    "to_integer": Filter(arithmetic.to_integer),
    "truncate": Filter(texts.truncate, 0, 2),
    "truncatewords": Filter(texts.truncatewords, 0, 2),
    "unshift": Filter(lists.unshift, 1, 1),
    "upcase": Filter(texts.upcase),
    "uri_escape": Filter(web.uri_escape),
    "url_decode": Filter(web.url_decode),
    "url_encode": Filter(web.url_encode),
    "where": Filter(lists.where, 1, 2),
    "xml_escape": Filter(web.escape),
}

DISABLED_FILTERS: Final = frozenset(
    (
        "array_to_sentence_string", "concat", "find", "find_exp", "find_index", "find_index_exp",
        "group_by", "group_by_exp", "has", "has_exp", "map", "newline_to_br", "reject",
        "reject_exp", "reverse", "sample", "sort", "sort_natural", "type", "uniq", "where_exp",
    )
)  # fmt: skip
"""Names that are refused. Segment disables all of them but ``sample``, which gives chance."""
