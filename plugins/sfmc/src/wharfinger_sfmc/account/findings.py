"""Findings in few words, and each of them once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import wharfinger
from wharfinger_sfmc.values.columns import Column, fold, quoted

__all__ = [
    "Said",
    "decided_by_events",
    "ends_all",
    "error",
    "listing",
    "nearest",
    "ok",
    "warning",
]

_OF_THE_ACCOUNT: Final = frozenset({"sign-in-not-found", "wrong-tenant"})
_MOST_LISTED: Final = 12


def ends_all(refusal: wharfinger.DeliveryError) -> bool:
    """Tell whether an error is about the account itself, not about what was looked at."""
    return (
        isinstance(refusal, (wharfinger.CredentialsError, wharfinger.HostNotAllowedError))
        or refusal.code in _OF_THE_ACCOUNT
    )


def ok(subject: str, message: str) -> wharfinger.Finding:
    """Return what is as it should be."""
    return wharfinger.Finding(level="ok", subject=subject, message=message)


def warning(subject: str, message: str, fix: str, code: str) -> wharfinger.Finding:
    """Return what is allowed and looks wrong."""
    return wharfinger.Finding(level="warning", subject=subject, message=message, fix=fix, code=code)


def error(subject: str, message: str, fix: str, code: str) -> wharfinger.Finding:
    """Return what cannot work."""
    return wharfinger.Finding(level="error", subject=subject, message=message, fix=fix, code=code)


def decided_by_events(thing: str) -> wharfinger.Finding:
    """Return what cannot be looked at before there is an event."""
    message = f"Each event decides its {thing}; it is looked at when the first one comes."
    return ok(thing.capitalize(), message)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is probably meant, or None."""
    spellings: Mapping[str, str] = {fold(each): each for each in known}
    close = difflib.get_close_matches(fold(name), spellings, n=1)
    return spellings[close[0]] if close else None


def listing(columns: Sequence[Column]) -> str:
    """Name columns, as many as a message bears: ``"Email", "Total" and 3 more``."""
    names = ", ".join(quoted(column.name) for column in columns[:_MOST_LISTED])
    more = len(columns) - _MOST_LISTED
    return f"{names} and {more} more" if more > 0 else names


class Said:
    """What one connection was told already: one permission is missing for all its mappings."""

    def __init__(self) -> None:
        self._codes: set[str] = set()

    def first(self, finding: wharfinger.Finding) -> list[wharfinger.Finding]:
        """Return a finding where none of its code was given before, and else nothing."""
        if finding.code in self._codes:
            return []
        self._codes.add(finding.code)
        return [finding]
