"""Filters that take a text and give one."""

from __future__ import annotations

import re
import unicodedata
from math import isnan
from typing import Any

from wharfinger.mapping.liquid.values import SPACE, is_true, number, text
from wharfinger.mapping.liquid.work import Work
from wharfinger.model.unset import UNSET

__all__ = [
    "append",
    "capitalize",
    "downcase",
    "lstrip",
    "normalize_whitespace",
    "number_of_words",
    "prepend",
    "raw",
    "remove",
    "remove_first",
    "remove_last",
    "replace",
    "replace_first",
    "replace_last",
    "rstrip",
    "slugify",
    "strip",
    "strip_newlines",
    "truncate",
    "truncatewords",
    "upcase",
]

_SPACES = re.compile(f"[{SPACE}]+")
_NEWLINE = re.compile(r"\r?\n")
_IDEOGRAPHS = "\u4e00-\u9fff\uf900-\ufaff\u3400-\u4dbf\u3040-\u309f\u30a0-\u30ff\uac00-\ud7af"
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_OTHER_WORD = re.compile(f"[^{_IDEOGRAPHS}{SPACE}]+")
_LATIN = str.maketrans(
    {
        **dict.fromkeys("àáâãäå", "a"),
        **dict.fromkeys("èéêë", "e"),
        **dict.fromkeys("ìíîï", "i"),
        **dict.fromkeys("òóôõöø", "o"),
        **dict.fromkeys("ùúûü", "u"),
        **dict.fromkeys("ýÿ", "y"),
        "æ": "ae",
        "ç": "c",
        "ð": "d",
        "ñ": "n",
        "ß": "ss",
        "œ": "oe",
        "þ": "th",
        "ẞ": "SS",
        "Œ": "OE",
        "Þ": "TH",
    }
)
_PRETTY = "._~!$&'()+,;=@"


def raw(_: Work, value: Any) -> Any:
    """Give the value as it is."""
    return value


def upcase(work: Work, value: Any) -> str:
    """Write a text in upper case."""
    return text(value, work).upper()


def downcase(work: Work, value: Any) -> str:
    """Write a text in lower case."""
    return text(value, work).lower()


def capitalize(work: Work, value: Any) -> str:
    """Write the first character in upper case and the others in lower case."""
    written = text(value, work)
    return written[:1].upper() + written[1:].lower()


def append(work: Work, value: Any, end: Any) -> str:
    """Put a text behind."""
    return text(value, work) + text(end, work)


def prepend(work: Work, value: Any, start: Any) -> str:
    """Put a text in front."""
    return text(start, work) + text(value, work)


def lstrip(work: Work, value: Any, characters: Any = UNSET) -> str:
    """Take white space, or some characters, away from the start."""
    return text(value, work).lstrip(_characters(work, characters))


def rstrip(work: Work, value: Any, characters: Any = UNSET) -> str:
    """Take white space, or some characters, away from the end."""
    return text(value, work).rstrip(_characters(work, characters))


def strip(work: Work, value: Any, characters: Any = UNSET) -> str:
    """Take white space, or some characters, away from both ends."""
    return text(value, work).strip(_characters(work, characters))


def _characters(work: Work, value: Any) -> str:
    if not is_true(value) or value in (0, ""):
        return SPACE
    return text(value, work)


def strip_newlines(work: Work, value: Any) -> str:
    """Take the line ends out."""
    return _NEWLINE.sub("", text(value, work))


def normalize_whitespace(work: Work, value: Any) -> str:
    """Make one space of any white space."""
    return _SPACES.sub(" ", text(value, work))


def remove(work: Work, value: Any, part: Any = UNSET) -> str:
    """Take a part out wherever it stands."""
    return replace(work, value, part)


def remove_first(work: Work, value: Any, part: Any = UNSET) -> str:
    """Take a part out where it stands first."""
    return replace_first(work, value, part)


def remove_last(work: Work, value: Any, part: Any = UNSET) -> str:
    """Take a part out where it stands last."""
    return replace_last(work, value, part)


def replace(work: Work, value: Any, part: Any = UNSET, other: Any = UNSET) -> str:
    """Put a text in the place of a part wherever it stands; for no part, between characters."""
    whole, old, new = text(value, work), text(part, work), text(other, work)
    work.use((whole.count(old) if old else len(whole)) * len(new))
    return whole.replace(old, new) if old else new.join(whole)


def replace_first(work: Work, value: Any, part: Any = UNSET, other: Any = UNSET) -> str:
    """Put a text in the place of a part where it stands first."""
    whole, old, new = text(value, work), text(part, work), text(other, work)
    return whole.replace(old, new, 1)


def replace_last(work: Work, value: Any, part: Any = UNSET, other: Any = UNSET) -> str:
    """Put a text in the place of a part where it stands last."""
    whole, old, new = text(value, work), text(part, work), text(other, work)
    at = whole.rfind(old)
    return whole if at == -1 else whole[:at] + new + whole[at + len(old) :]


def truncate(work: Work, value: Any, length: Any = UNSET, end: Any = UNSET) -> Any:
    """Shorten a text to so many characters, those of the end included; 50, and three dots."""
    whole, most = text(value, work), 50.0 if length is UNSET else number(length, work)
    if len(whole) <= most:
        return value
    dots = "..." if end is UNSET else text(end, work)
    kept = most - len(dots)
    return (whole[: int(kept)] if kept >= 1 else "") + dots


def truncatewords(work: Work, value: Any, count: Any = UNSET, end: Any = UNSET) -> str:
    """Shorten a text to so many words, 15, with one space between; the end shows from there on."""
    words = _SPACES.split(text(value, work))
    most = 15.0 if count is UNSET else number(count, work)
    if isnan(most):
        return ""
    most = 1.0 if most <= 0 else most
    dots = "..." if end is UNSET else text(end, work)
    kept = " ".join(words[: int(min(most, len(words)))])
    return kept + dots if len(words) >= most else kept


def number_of_words(work: Work, value: Any, mode: Any = UNSET) -> int:
    """Count words; with ``"cjk"`` or ``"auto"`` each ideograph is one."""
    whole = text(value, work).strip(SPACE)
    if not whole:
        return 0
    if mode == "cjk" or (mode == "auto" and _IDEOGRAPH.search(whole)):
        return len(_IDEOGRAPH.findall(whole)) + len(_OTHER_WORD.findall(whole))
    return len(_SPACES.split(whole))


def slugify(work: Work, value: Any, mode: Any = UNSET, cased: Any = UNSET) -> str:
    """Join the letters and digits of a text with hyphens."""
    whole = text(value, work)
    if mode == "latin":
        whole = whole.translate(_LATIN)
    if mode in (UNSET, "default", "latin", "pretty", "ascii", "raw"):
        whole = _hyphenated(whole, "default" if mode is UNSET else str(mode))
    return whole if cased not in (UNSET, None, False, 0, "") else whole.lower()


def _hyphenated(whole: str, mode: str) -> str:
    out: list[str] = []
    for char in whole:
        if _stays(char, mode):
            out.append(char)
        elif not out or out[-1] is not _HYPHEN:
            out.append(_HYPHEN)
    joined = "".join(out)
    return joined.removeprefix("-").removesuffix("-")


_HYPHEN = "-"


def _stays(char: str, mode: str) -> bool:
    if mode == "raw":
        return char not in SPACE
    if mode == "ascii":
        return char.isascii() and char.isalnum()
    category = unicodedata.category(char)
    return category[0] in "ML" or category == "Nd" or (mode == "pretty" and char in _PRETTY)
