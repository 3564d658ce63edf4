"""What a log may say of values and of errors, whose text may quote values."""

from __future__ import annotations

import hashlib
import secrets
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wharfinger.model.fields import Category, Field
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload import fields_of

__all__ = ["redacted", "stack_of"]

_HIDDEN: Final = "***"
_REST: Final = "…"
_KEY: Final = secrets.token_bytes(32)
_HASH_BYTES: Final = 6
_MOST_ERRORS: Final = 10


def redacted(cls: type[Any], values: Any) -> dict[str, Any]:
    """Return what a log may show of settings or of a payload, by the categories of their fields.

    Args:
        cls: The settings or payload class; see `fields_of`.
        values: An instance of it, or an object as it would be written, by the fields' names.

    Returns:
        By name: ``***`` for a secret; ``#`` and a hash for an identifier, the same for the same
        value while this process runs and for nothing else; type and length for data. What is not
        there is left out, and of what no field declares only the number is told.

    Raises:
        TypeError: If the class cannot be used.

    Example:
        >>> redacted(CreateContact, {"contactKey": "ada", "note": "two words"})
        {'contactKey': '#0d4f9a6e21c8', '…': '1 more'}
    """
    fields = fields_of(cls)
    if isinstance(values, Mapping):
        return _members(fields, values)
    return _members(fields, {f.name: getattr(values, f.attribute, UNSET) for f in fields})


def _members(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    shown = {
        name: _shown(field, values[name])
        for name, field in known.items()
        if values.get(name, UNSET) is not UNSET
    }
    more = sum(name not in known for name in values)
    return {**shown, _REST: f"{more} more"} if more else shown


def _shown(field: Field, value: Any) -> Any:
    if value is None:
        return "null"
    if field.category is Category.SECRET or isinstance(value, Secret):
        return _HIDDEN
    if field.properties and isinstance(value, Mapping):
        return _members(field.properties.values(), value)
    if field.category is Category.IDENTIFIER:
        return _hashed(value)
    return _sized(value)


def _hashed(value: Any) -> str:
    try:
        text = repr(sorted(value.items())) if isinstance(value, Mapping) else str(value)
    except Exception:  # noqa: BLE001  # who logs a fault must not meet another one
        return type(value).__name__
    data = text.encode("utf-8", "surrogatepass")
    return "#" + hashlib.blake2b(data, digest_size=_HASH_BYTES, key=_KEY).hexdigest()


def _sized(value: Any) -> str:
    kind = type(value).__name__
    if isinstance(value, (str, bytes, Mapping, Sequence)):
        return f"{kind}({len(value)})"
    return kind


def stack_of(error: BaseException) -> str:
    """Return where an error comes from, without its text, which may quote an event.

    Args:
        error: Its causes are told as well.

    Returns:
        Lines as in a traceback; the types of the errors stand in the place of what they say.
    """
    return "\n".join(_lines(error, _MOST_ERRORS))


def _lines(error: BaseException, most: int) -> Iterator[str]:
    yield f"{type(error).__module__}.{type(error).__qualname__}, at"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    if most == 0:
        return
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:most]:
            yield "one of them:"
            yield from _lines(each, most - 1)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield "after:"
        yield from _lines(before, most - 1)
