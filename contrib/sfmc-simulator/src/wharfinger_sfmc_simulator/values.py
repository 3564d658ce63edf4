"""One value for one column: whether the vendor takes it, what it stores, how it reads it back.

Types, lengths and ranges follow the vendor's data extension field documentation; the texts for
e-mail, phone and length are those seen in production, the others are switches.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from wharfinger_sfmc_simulator.catalogue import Field
from wharfinger_sfmc_simulator.clock import SERVER_TIME, us_text
from wharfinger_sfmc_simulator.switches import Switches

__all__ = ["BadValueError", "Stored", "as_text", "convert"]

Stored = str | int | Decimal | bool | datetime | None
"""What a table keeps for one column; dates are server time without an offset."""


class BadValueError(ValueError):
    """The vendor refuses a value; the text is the vendor's message.

    Args:
        message: The vendor's.
        null: Whether a value is missing, rather than wrong.
    """

    def __init__(self, message: str, *, null: bool = False) -> None:
        self.null = null
        super().__init__(message)


def convert(field: Field, value: object, switches: Switches) -> Stored:
    """Return what is stored when ``value`` is written to ``field``.

    Args:
        field: The column.
        value: Decoded JSON.
        switches: Which choices hold.

    Raises:
        BadValueError: The value is refused, with the vendor's message.
    """
    if value == "" and field.type != "Text":
        value = _empty(field, switches)
    if value is None:
        if not field.is_nullable:
            raise BadValueError(switches.null_message.format(column=field.name), null=True)
        return None
    return _CONVERSIONS[field.type](field, value, switches)


def as_text(value: Stored) -> str:
    """Return a stored value as the vendor reads it back: every value is a text, null is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return us_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _empty(field: Field, switches: Switches) -> str | None:
    """An empty text is null for every type but Text, unless the switch says it is no value."""
    strict = switches.empty_text == "refuse" and field.type in _PARSED
    return "" if strict else None


def _unparsable(field: Field, switches: Switches) -> BadValueError:
    message = switches.unparsable_message.format(column=field.name, type=field.type)
    return BadValueError(message)


def _too_long(field: Field) -> BadValueError:
    return BadValueError(
        f"{field.name}: The value for column [{field.name}] exceeds the column's maximum length."
    )


def _fitting(field: Field, text: str) -> str:
    """The text, if it fits; the vendor counts UTF-16 units, so most emoji count twice."""
    limit = field.max_length
    if limit is not None and len(text.encode("utf-16-le", "surrogatepass")) // 2 > limit:
        raise _too_long(field)
    return text


def _text(field: Field, value: object, switches: Switches) -> Stored:
    if not isinstance(value, str | int | float):
        raise _unparsable(field, switches)
    return _fitting(field, str(value))


_WHOLE = re.compile(r"\s*[+-]?\d{1,10}\s*", re.ASCII)
_PLAIN = re.compile(r"\s*[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})\s*", re.ASCII)


def _number(field: Field, value: object, switches: Switches) -> Stored:
    number: int | None = None
    if isinstance(value, str):
        if _WHOLE.fullmatch(value):
            number = int(value)
        elif switches.number_with_decimals == "truncate" and _PLAIN.fullmatch(value):
            number = int(Decimal(value.strip()))
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and (
        value.is_integer() or switches.number_with_decimals == "truncate"
    ):
        number = int(value)
    if number is None or not -(2**31) <= number < 2**31:
        raise _unparsable(field, switches)
    return number


_WIDE = Context(prec=60)


def _decimal(field: Field, value: object, switches: Switches) -> Stored:
    if isinstance(value, str):
        plain = value.strip() if _PLAIN.fullmatch(value) else None
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        plain = repr(value) if number else None
    if plain is None:
        raise _unparsable(field, switches)
    try:
        unit = Decimal(1).scaleb(-field.scale)
        stored = Decimal(plain).quantize(unit, ROUND_HALF_UP, _WIDE)
    except InvalidOperation:
        raise _unparsable(field, switches) from None
    whole_digits = (field.max_length or 0) - field.scale
    if abs(stored) >= Decimal(10) ** whole_digits:
        raise _unparsable(field, switches)
    return stored or abs(stored)  # there is no minus zero


_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False, "1": True, "0": False}


def _boolean(field: Field, value: object, switches: Switches) -> Stored:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _BOOLEANS:
        return _BOOLEANS[value.strip().lower()]
    raise _unparsable(field, switches)


_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ].+)?", re.ASCII)
_US_FORMS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_FIRST_YEAR = 1753


def _date(field: Field, value: object, switches: Switches) -> Stored:
    moment = _moment(value.strip()) if isinstance(value, str) else None
    if moment is None or moment.year < _FIRST_YEAR:
        raise _unparsable(field, switches)
    return moment


def _moment(text: str) -> datetime | None:
    """Server time rounded down to a second; a text without an offset is server time already."""
    if _ISO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                moment = moment.astimezone(SERVER_TIME)
        except (ValueError, OverflowError):
            return None
        return moment.replace(tzinfo=None, microsecond=0)
    for form in _US_FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 (server time carries no offset)
        except ValueError:
            continue
    return None


_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_LOCAL}@({_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", re.ASCII)


def _email(field: Field, value: object, _: Switches) -> Stored:
    text = _fitting(field, value) if isinstance(value, str) else ""
    if not _EMAIL.fullmatch(text):
        raise BadValueError(
            f"{field.name}: The value for column [{field.name}] is not a valid email address. "
            "Parse error [InvalidEmailAddress]"
        )
    return text


_PHONE = re.compile(r"\+?(?:[\s().-]*\d){7,15}[\s().-]*", re.ASCII)


def _phone(field: Field, value: object, _: Switches) -> Stored:
    """Seven to fifteen digits, with the usual marks between; the vendor's rule is not known."""
    number = isinstance(value, str | int) and not isinstance(value, bool)
    text = _fitting(field, str(value)) if number else ""
    if not _PHONE.fullmatch(text):
        raise BadValueError(
            f"{field.name}: The value for column [{field.name}] is not a valid phone number. "
            "Parse error [ExactTarget.Core.Validation.ValidationResult[]]"
        )
    return text


_LOCALE = re.compile(r"[A-Za-z]{2}(-[A-Za-z]{2})?", re.ASCII)


def _locale(field: Field, value: object, switches: Switches) -> Stored:
    text = _fitting(field, value) if isinstance(value, str) else ""
    if not _LOCALE.fullmatch(text):
        raise _unparsable(field, switches)
    return text


_PARSED = frozenset({"Number", "Decimal", "Boolean", "Date"})
_CONVERSIONS: Mapping[str, Callable[[Field, object, Switches], Stored]] = {
    "Text": _text,
    "Number": _number,
    "Decimal": _decimal,
    "Boolean": _boolean,
    "Date": _date,
    "EmailAddress": _email,
    "Phone": _phone,
    "Locale": _locale,
}
