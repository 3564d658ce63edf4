"""The columns of the data extensions that mappings name: read once, and again where in doubt."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import attrs

import wharfinger
from wharfinger_sfmc.account.findings import ends_all, nearest
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.api.lookups import EVERYTHING, ListedExtension, Lookups, search_words
from wharfinger_sfmc.errors import FORBIDDEN
from wharfinger_sfmc.values.columns import Table, fold, quoted

__all__ = ["NOT_FOUND", "Catalog", "DataExtensionNotFoundError", "words_of"]

NOT_FOUND: Final = "data-extension-not-found"

_FRESH_S: Final = 900.0
_FRESH_ABSENCE_S: Final = 60.0
_LONGEST_READ_S: Final = 60.0
"""Rows wait for their columns, and can go without; a request of its own may take far longer."""
_AGAIN_AFTER_TROUBLE_S: Final = 30.0
_AGAIN_ON_DOUBT_S: Final = 60.0
_MOST_PAGES: Final = 40
_MOST_PAGES_TO_SUGGEST_FROM: Final = 4
_MOST_ENTRIES: Final = 1000
"""An event may name any data extension; memory must not grow with what it names."""
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AN_ID: Final = (
    "It looks like the ID of a data extension. An ID belongs in Data Extension ID; the external "
    "key stands in the properties of the data extension in Contact Builder."
)
_NO_ID: Final = (
    "It does not look like an ID, which is written as 5b6f8f1a-0000-ef11-b859-48df37dc1382. If it "
    "is the external key, it belongs in Data Extension Key."
)


class DataExtensionNotFoundError(wharfinger.HaltedError):
    """The account has no such data extension.

    Attributes:
        found: What was found instead, in a sentence.
        fix: What to do.
        near: External keys of those that were perhaps meant.
    """

    def __init__(self, found: str, fix: str, near: Sequence[str] = ()) -> None:
        super().__init__(f"{found} {fix}", code=NOT_FOUND)
        self.found = found
        self.fix = fix
        self.near = tuple(near)


@attrs.define(eq=False)
class _Entry:
    """What is known of a data extension under one of its names.

    Attributes:
        lock: Held while it is read, so that whoever else asks gets the same answer.
        table: Its columns; None where they are not known.
        missing: Where the account has no such thing, what its error is made of.
        reason: Why it could not be read the last time, or ``""``.
        asked_at: When SFMC was asked about it.
        ask_at: When it is to be read again.
        doubted: Whether somebody saw that it must have changed.
    """

    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    table: Table | None = None
    missing: tuple[str, str, Sequence[str]] | None = None
    reason: str = ""
    asked_at: float = -math.inf
    ask_at: float = -math.inf
    doubted: bool = False

    def keep(self, table: Table, now: float) -> None:
        """Take over columns that were just read."""
        self.table, self.missing, self.reason, self.doubted = table, None, "", False
        self.asked_at, self.ask_at = now, now + _FRESH_S

    @property
    def serves_meanwhile(self) -> bool:
        """Whether nobody has to wait for it while it is read again: nothing speaks against it."""
        return self.lock.locked() and self.table is not None and not self.doubted

    def is_due(self, now: float) -> bool:
        """Tell whether it is to be read at this moment."""
        return now >= self.ask_at or (self.doubted and now >= self.asked_at + _AGAIN_ON_DOUBT_S)


class Catalog:
    """The data extensions of one open connection; ``session.shared(Catalog)``.

    A data extension is read once however many ask, and kept for a quarter of an hour. Key and id
    of one data extension share what was read, but not what is missing: one that was made again
    has the key it had, and another id.

    Attributes:
        forbidden: Why SFMC does not let us read data extensions, or ``""`` where it does. Then
            nothing is read any more until the connection is opened again.
    """

    def __init__(self) -> None:
        self.forbidden = ""
        self._entries: dict[DataExtension, _Entry] = {}
        self._names: Sequence[ListedExtension] = ()
        self._names_until = -math.inf

    @property
    def readable(self) -> bool:
        """Whether SFMC lets us read data extensions, as far as is known."""
        return not self.forbidden

    async def table(self, session: wharfinger.Session, target: DataExtension) -> Table | None:
        """Return the columns of a data extension.

        Args:
            session: The way to the account. Where it previews, nothing is read.
            target: Which one.

        Returns:
            Them; None where they cannot be read, see `reason`.

        Raises:
            DataExtensionNotFoundError: The account has none of that key or id.
            wharfinger.HaltedError: The account itself cannot be used.
        """
        if session.previewing:
            return self.known(target)
        entry = self._entry(target)
        if not entry.serves_meanwhile:
            async with entry.lock:
                if self.readable and entry.is_due(session.now()):
                    await self._read(session, _single(target), entry)
        if self.forbidden:
            return None
        if entry.missing is not None:
            raise DataExtensionNotFoundError(*entry.missing)
        return entry.table

    def known(self, target: DataExtension) -> Table | None:
        """Return the columns that were read already; asks nobody."""
        entry = self._entries.get(_single(target))
        return entry.table if entry and not self.forbidden else None

    def doubt(self, target: DataExtension) -> None:
        """Have a data extension read again: it is not as it was.

        That happens when it is asked for the next time, at most once a minute.
        """
        if entry := self._entries.get(_single(target)):
            entry.doubted = True

    def forget(self, target: DataExtension) -> None:
        """Have a data extension read again when it is asked for the next time, however soon."""
        self._entries.pop(_single(target), None)

    def learn(self, session: wharfinger.Session, table: Table) -> None:
        """Take over columns that were read elsewhere, such as those of a new data extension."""
        for spelling in (DataExtension(key=table.key), DataExtension(id=table.id)):
            self._entry(spelling).keep(table, session.now())

    def reason(self, target: DataExtension) -> str:
        """Say why `table` gave None for a data extension, or ``""``."""
        entry = self._entries.get(_single(target))
        return self.forbidden or (entry.reason if entry else "")

    def refusal(self, target: DataExtension) -> wharfinger.DeliveryError:
        """Return the error of whoever cannot go on where `table` gave None."""
        if self.forbidden:
            return wharfinger.HaltedError(self.forbidden, code="permission-missing")
        reason = self.reason(target) or "Nothing was read yet."
        return wharfinger.RetryError(
            f"The data extension with the {words_of(target)} could not be read. {reason}",
            code="columns-unread",
        )

    def _entry(self, target: DataExtension) -> _Entry:
        target = _single(target)
        entry = self._entries.get(target)
        if entry is None:
            if len(self._entries) >= _MOST_ENTRIES:
                del self._entries[next(iter(self._entries))]
            entry = self._entries[target] = _Entry()
        return entry

    async def _read(
        self, session: wharfinger.Session, target: DataExtension, entry: _Entry
    ) -> None:
        reading = _Reading(session)
        try:
            async with asyncio.timeout(_LONGEST_READ_S):
                table = await reading.table(target)
                missing = None if table else await self._missing(session, target, reading)
        except TimeoutError:
            self._note(session, entry, _too_slow())
            return
        except wharfinger.DeliveryError as error:
            self._note(session, entry, error)
            return
        if table is not None:
            entry.keep(table, session.now())
            self.learn(session, table)
            return
        entry.table, entry.missing, entry.reason, entry.doubted = None, missing, "", False
        entry.asked_at = session.now()
        entry.ask_at = entry.asked_at + _FRESH_ABSENCE_S

    def _note(
        self, session: wharfinger.Session, entry: _Entry, error: wharfinger.DeliveryError
    ) -> None:
        """Go on without what could not be read, unless the account itself cannot be used.

        Columns that were read before stay in use while there is only trouble on the way; what was
        missing may be there by now.
        """
        if error.code in FORBIDDEN:
            self.forbidden = error.message
        elif ends_all(error):
            raise error
        entry.missing, entry.reason = None, error.message
        entry.asked_at = session.now()
        entry.ask_at = entry.asked_at + _AGAIN_AFTER_TROUBLE_S

    async def _missing(
        self, session: wharfinger.Session, target: DataExtension, reading: _Reading
    ) -> tuple[str, str, Sequence[str]]:
        """Say that something is not there, and what was probably meant."""
        found = f"SFMC has no data extension with the {words_of(target)} in this business unit."
        advice = (
            'Compare it with Contact Builder, Data Extensions, and see that "Account ID" is its '
            "business unit. One that was made within the last minute may not be found yet."
        )
        if target.key is None:
            if not _GUID.fullmatch(target.id or ""):
                advice = _NO_ID
            return found, advice, ()
        if session.now() >= self._names_until:
            # It is missing all the same where nobody can tell what was meant.
            with suppress(wharfinger.DeliveryError):
                self._names = await reading.names()
            self._names_until = session.now() + _FRESH_S
        fix, near = _suggestion(target.key, [*reading.seen, *self._names])
        if not fix and _GUID.fullmatch(target.key):
            fix = _AN_ID
        return found, fix or advice, near


class _Reading:
    """Finding one data extension, and what is like it.

    Attributes:
        seen: What was listed on the way.
    """

    def __init__(self, session: wharfinger.Session) -> None:
        self.seen: list[ListedExtension] = []
        self._lookups = Lookups(session)

    async def table(self, target: DataExtension) -> Table | None:
        listed = await self._listed(target)
        fields = await self._lookups.fields(listed.id) if listed else None
        if listed is None or fields is None:
            return None
        return Table.from_json(id=listed.id, key=listed.key, name=listed.name, fields=fields)

    async def _listed(self, target: DataExtension) -> ListedExtension | None:
        if target.key is None:
            return await self._lookups.data_extension(target.id or "")
        page: int | None = 1
        while page is not None:
            if page > _MOST_PAGES:
                raise wharfinger.RetryError(
                    f"SFMC lists too many data extensions for {quoted(target.key)}, so it was not "
                    "found among them. Address it by its Data Extension ID.",
                    code="too-many-found",
                )
            listed = await self._lookups.data_extensions(search_words(target.key), page)
            for extension in listed.items:
                if extension.key == target.key:
                    return extension
            self.seen += listed.items
            page = listed.next_page
        return None

    async def names(self) -> Sequence[ListedExtension]:
        """Return some of the account's data extensions, to suggest one of them."""
        found: list[ListedExtension] = []
        page: int | None = 1
        while page is not None and page <= _MOST_PAGES_TO_SUGGEST_FROM:
            listed = await self._lookups.data_extensions(EVERYTHING, page)
            found += listed.items
            page = listed.next_page
        return found


def _too_slow() -> wharfinger.RetryError:
    return wharfinger.RetryError(
        f"SFMC did not tell within {_LONGEST_READ_S:.0f} seconds.", code="timed-out"
    )


def _suggestion(key: str, names: Sequence[ListedExtension]) -> tuple[str, Sequence[str]]:
    """Return the question what was meant, or ``""``, and the keys it is about."""
    called = (extension.key for extension in names if fold(extension.name) == fold(key))
    if named := list(dict.fromkeys(called)):
        return (
            f"{quoted(key)} is the name of a data extension, and its external key is "
            f"{quoted(named[0])}. Did you mean that? The external key stands in its properties in "
            "Contact Builder."
        ), named
    near = nearest(key, [extension.key for extension in names])
    return (f"Did you mean {quoted(near)}?", [near]) if near else ("", [])


def _single(target: DataExtension) -> DataExtension:
    """One spelling per address: the key counts before the id."""
    if target.key is None or target.id is None:
        return target
    return DataExtension(key=target.key) if target.key else DataExtension(id=target.id)


def words_of(target: DataExtension) -> str:
    """Name a data extension by the field that addresses it: ``Data Extension Key "orders"``."""
    if target.key:
        return f"Data Extension Key {quoted(target.key)}"
    return f"Data Extension ID {quoted(target.id or '')}"
