"""One value for one column: from what an event holds to what SFMC reads.

The rules stand in one table in `wharfinger_sfmc.values.conversion`.
"""

from __future__ import annotations

import json
import re
import sys
from codecs import utf_16_le_encode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import Any, Final

from wharfinger_sfmc.values.columns import Column, ColumnType
from wharfinger_sfmc.values.dates import RANGE, is_storable, read_moment, sure_moment, write_moment

__all__ = [
    "MAX_DIGITS",
    "MAX_TEXT",
    "Convert",
    "UnfitError",
    "as_text",
    "converter",
    "counted",
    "general",
    "read_decimal",
    "shape",
    "text_length",
    "text_limit",
]

Convert = Callable[[Any], Any]
"""Takes any value but null and the empty text, and gives what is sent, or raises `UnfitError`."""

MAX_TEXT: Final = 4000
"""Most characters of a Text column, in UTF-16 units."""
MAX_DIGITS: Final = 29
"""Most digits of a Decimal column."""
_MOST_DIGITS: Final = 100
"""Of any Decimal column; a tenant that tells of more is not believed."""
_EMAIL_LENGTH: Final = 254
_PHONE_LENGTH: Final = 50
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_LONGEST_SHOWN: Final = 40
_MOST_BITS: Final = 13_000
"""Of a whole number that is written out; fewer than 4,000 digits, which Python always writes."""

_WHOLE: Final = re.compile(r"([+-]?\d{1,40})(?:\.0+)?", re.ASCII)
_PLAIN: Final = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})", re.ASCII)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", re.ASCII
)
_PHONE: Final = re.compile(r"\+?(?:[ ().-]*\d){7,15}[ ().-]*", re.ASCII)
_LOCALE: Final = re.compile(r"([A-Za-z]{2})(?:[-_]([A-Za-z]{2}))?", re.ASCII)
_BOOLEANS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}
_EXACT: Final = Context(prec=500)
_NUMBERS: Final = frozenset({int, float})
_SURE_DIGITS: Final = sys.float_info.dig
"""A text of so many digits is the number it reads as, and no other text of so many is."""


class UnfitError(ValueError):
    """A value cannot be sent; the text goes on after the column's name: ``must be ...``."""


def converter(column: Column) -> Convert:
    """Return the function that brings values into the form of a column; make it once."""
    return _CONVERTERS[column.type](column)


def general(value: Any) -> Any:
    """Bring a value into a form that any column may take, where nothing is known of the column.

    Raises:
        UnfitError: No column can take it.
    """
    if type(value) is str:
        text_length(value)
        return value
    is_plain = isinstance(value, float) and isfinite(value)
    if is_plain or (isinstance(value, int) and value.bit_length() <= _MOST_BITS):
        return value
    text = as_text(value)
    text_length(text)
    return text


def shape(value: Any) -> str:
    """Describe a value for a message without its content."""
    if isinstance(value, str):
        return f"a text of {counted(len(value), 'character')}"
    if isinstance(value, (list, tuple)):
        return f"a list of {counted(len(value), 'item')}"
    return next((name for kinds, name in _SHAPES if isinstance(value, kinds)), "not JSON")


_SHAPES: Final[tuple[tuple[Any, str], ...]] = (
    (bool, "true or false"),
    ((int, float, Decimal), "a number"),
    (Mapping, "an object"),
    (date, "a date"),
    (type(None), "null"),
)


def counted(count: int, unit: str) -> str:
    """Return a number of things in words: ``1 column``, ``1,200 columns``."""
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def _shown(value: Any) -> str:
    """Describe a value for a message: short ones as they are, if they are no address."""
    if isinstance(value, str) and len(value) <= _LONGEST_SHOWN and "@" not in value:
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() <= _LONGEST_SHOWN * 3:
        return str(value)
    return str(value) if isinstance(value, float) else shape(value)


def _unfit(wanted: str, found: str, step: str) -> UnfitError:
    return UnfitError(f"must be {wanted}, but it is {found}. {step}")


def text_length(text: str) -> int:
    """Return how long a text is for SFMC, in UTF-16 units.

    Raises:
        UnfitError: It is not valid Unicode.
    """
    if text.isascii():
        return len(text)
    try:
        return len(utf_16_le_encode(text)[0]) // 2
    except UnicodeEncodeError:
        raise UnfitError(
            "is not valid Unicode: it holds half of a surrogate pair. Correct it where the event "
            "is made; a text cut in the middle of an emoji looks like this."
        ) from None


def text_limit(column: Column) -> int:
    """Return the most characters of a column that takes text as it is; 0 for any other column."""
    return (column.length or MAX_TEXT) if column.type == ColumnType.TEXT else 0


def as_text(value: Any) -> str:
    """Write any value as text: numbers plain, objects and lists as compact JSON.

    Raises:
        UnfitError: JSON cannot carry it.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value)
    if isinstance(value, datetime):
        return write_moment(_storable(read_moment(value), value))
    if isinstance(value, date):
        return value.isoformat()
    return _json_text(value)


def _number_text(number: float | Decimal) -> str:
    if isinstance(number, int):
        if number.bit_length() > _MOST_BITS:
            raise UnfitError("is a number with thousands of digits. No column can take it.")
        return str(number)
    exact = Decimal(repr(number)) if isinstance(number, float) else number
    if not exact.is_finite():
        raise UnfitError(f"is {exact}, which is not a number in JSON. Send a number or null.")
    if abs(exact.adjusted()) > _EXACT.prec:
        raise UnfitError("is a number with hundreds of digits. No column can take it.")
    return _plain(exact)


def _plain(number: Decimal) -> str:
    """Write a number without exponent, zeros at the end or minus zero."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _json_text(value: Any) -> str:
    if not isinstance(value, (Mapping, list, tuple)):
        raise UnfitError(f"is {shape(value)}. Send a text, a number, true, false or a date.")
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
            default=lambda part: dict(part) if isinstance(part, Mapping) else as_text(part),
        )
    except UnfitError as error:
        raise UnfitError(f"holds a value that {error}") from error
    except RecursionError:
        reason = "it is nested too deep"
    except TypeError:
        reason = "it has a name that is not a text"
    except ValueError:
        reason = "it holds itself, or a number that is not finite or has thousands of digits"
    raise UnfitError(f"cannot be written as JSON: {reason}. Send the parts you need one by one.")


def _text(column: Column) -> Convert:
    limit = text_limit(column)

    def convert(value: Any) -> str:
        text = value if type(value) is str else as_text(value)
        if (length := len(text) if text.isascii() else text_length(text)) > limit:
            raise UnfitError(
                f"has {length:,} characters, but its column holds {limit:,}. Shorten it where the "
                "event is made, or make the column longer."
            )
        return text

    return convert


def _number(_: Column) -> Convert:
    def convert(value: Any) -> int:
        if type(value) is int and _SMALLEST <= value <= _LARGEST:
            return value
        number = _whole(value)
        if number is None or not _SMALLEST <= number <= _LARGEST:
            raise _unfit(
                f"a whole number from {_SMALLEST:,} to {_LARGEST:,}",
                _shown(value),
                "Send digits only, such as 1200; fractions and larger numbers need a Decimal "
                "column.",
            )
        return number

    return convert


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        found = _WHOLE.fullmatch(value.strip())
        return int(found[1]) if found else None
    number = read_decimal(value)
    if number is None or abs(number) > _LARGEST + 1 or number != number.to_integral_value():
        return None
    return int(number)


def read_decimal(value: Any) -> Decimal | None:
    """Read a number exactly; None where it is none, or has too many digits for any column."""
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _PLAIN.fullmatch(text) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() < _EXACT.prec else None
    if isinstance(value, float):
        return Decimal(repr(value)) if isfinite(value) else None
    if isinstance(value, Decimal) and value.is_finite():
        return value if abs(value.adjusted()) < _EXACT.prec else None
    return None


def _decimal(column: Column) -> Convert:
    places = MAX_DIGITS if column.scale is None else min(column.scale, _MOST_DIGITS)
    whole_digits = min(column.length or MAX_DIGITS, _MOST_DIGITS) - (column.scale or 0)
    unit, limit = Decimal(1).scaleb(-places), Decimal(1).scaleb(whole_digits)
    sure_digits = min(whole_digits, _SURE_DIGITS - places)
    most, form = 10**sure_digits if sure_digits >= 0 else 0, f"%.{places}f"

    def convert(value: Any) -> str:
        if type(value) in _NUMBERS and value and -most < value < most:
            text: str = form % value
            if float(text) == value:
                return text
        number = read_decimal(value)
        rounded = None
        if number is not None and number.adjusted() <= max(whole_digits, 0):
            rounded = number.quantize(unit, ROUND_HALF_UP, _EXACT)
        if rounded is None or rounded.copy_abs() >= limit:
            raise _unfit(
                f"a number with at most {counted(max(whole_digits, 0), 'digit')} before the point",
                _shown(value),
                "Send digits and a point, such as 1200.50, without separators or an exponent.",
            )
        if column.primary_key and rounded != number:
            raise UnfitError(
                f"has more than {counted(places, 'digit')} after the point, and rounding a "
                "primary key could meet another row. Round it where the event is made."
            )
        if column.scale is None:
            return _plain(rounded)
        return format(rounded or rounded.copy_abs(), "f")

    return convert


def _boolean(_: Column) -> Convert:
    def convert(value: Any) -> bool:
        if type(value) is bool:
            return value
        if isinstance(value, str):
            truth = _BOOLEANS.get(value.strip().lower())
        else:
            is_bit = isinstance(value, (int, float)) and value in (0, 1)
            truth = bool(value) if is_bit else None
        if truth is None:
            raise _unfit("true or false", _shown(value), "Send true or false; 1 and 0 do, too.")
        return truth

    return convert


def _date(column: Column) -> Convert:
    whole_seconds = column.primary_key

    def convert(value: Any) -> str:
        if type(value) is str and (sure := sure_moment(value, whole_seconds=whole_seconds)):
            return sure
        moment = read_moment(value)
        if moment is None:
            is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
            raise _unfit(
                "a date, or a date and time",
                _shown(value),
                "A number may count seconds or milliseconds: send a text such as "
                "2030-01-31T09:30:00Z."
                if is_number
                else "Send it as 2030-01-31T09:30:00Z; in US form the month comes first.",
            )
        return write_moment(_storable(moment, value), whole_seconds=whole_seconds)

    return convert


def _storable(moment: datetime | None, found: Any) -> datetime:
    if moment is None or not is_storable(moment):
        text = found if isinstance(found, str) else found.isoformat()
        raise _unfit(RANGE, _shown(text), "Send a date in that range, or null.")
    return moment


def _email(column: Column) -> Convert:
    limit = column.length or _EMAIL_LENGTH

    def convert(value: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if len(text) > limit or not _EMAIL.fullmatch(text):
            raise _unfit(
                f"an e-mail address of at most {limit} characters",
                shape(value),
                "Send one address such as ann@example.org, without a name or brackets.",
            )
        return text

    return convert


def _phone(column: Column) -> Convert:
    limit = column.length or _PHONE_LENGTH

    def convert(value: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15:
            text = str(value)
        if len(text) > limit or not _PHONE.fullmatch(text):
            raise _unfit(
                f"a phone number of 7 to 15 digits and at most {limit} characters",
                shape(value),
                "Send it as +15551234567; spaces, points, hyphens and brackets may stand between.",
            )
        return text

    return convert


def _locale(_: Column) -> Convert:
    def convert(value: Any) -> str:
        found = _LOCALE.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            raise _unfit("a locale", _shown(value), "Send it as en-US, or the language alone.")
        language, region = found.groups()
        return f"{language.lower()}-{region.upper()}" if region else language.lower()

    return convert


_CONVERTERS: Final[Mapping[ColumnType, Callable[[Column], Convert]]] = {
    ColumnType.TEXT: _text,
    ColumnType.NUMBER: _number,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
    ColumnType.EMAIL: _email,
    ColumnType.PHONE: _phone,
    ColumnType.LOCALE: _locale,
    ColumnType.OTHER: lambda _: general,
}
