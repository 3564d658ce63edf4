"""Taking the JSON of Segment's Public API apart: destinations and their subscriptions.

A file may hold one object or a list of them, bare or inside the envelopes of the API
(``{"data": {"subscriptions": [...]}}``), with keys in camel case or in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson

import wharfinger

__all__ = ["MOST_BYTES", "Export", "ExportedDestination", "Subscription", "read_export", "where"]

MOST_BYTES = 64 * 1024 * 1024
_DEEPEST = 100

_ENVELOPES = (
    "data",
    "destination",
    "destinations",
    "subscription",
    "subscriptions",
    "destinationSubscription",
    "destinationSubscriptions",
)
_SUBSCRIPTIONS = ("subscriptions", "destinationSubscriptions")
_CATALOG = "destinationMetadata"
_ACTION_NAMES = ("actionSlug", "partnerAction", "actionId")
_MARKS_OF_A_SUBSCRIPTION = (*_ACTION_NAMES, "trigger", "subscribe")
_MARKS_OF_A_DESTINATION = ("settings", "metadata")
_SHOWN_CHARACTERS = 200

Place = tuple[str | int, ...]


@attrs.frozen(kw_only=True)
class Subscription:
    """One mapping as Segment keeps it.

    Attributes:
        place: Where it stands in the file.
        id: Its name for machines, or ``""``.
        name: Its name for people, or ``""``.
        action: What it says about its action: slugs first, then an id.
        destination: Id of the destination it belongs to, or ``""``.
        trigger: The text of its trigger, or None where it has none.
        enabled: Whether it takes events.
        fields: Its field mapping, with whatever Segment keeps among the fields.
        model: Id of the model that feeds it with rows of a warehouse, or ``""``.
    """

    place: Place
    id: str
    name: str
    action: tuple[str, ...]
    destination: str
    trigger: str | None
    enabled: bool
    fields: Mapping[str, Any]
    model: str

    @property
    def origin(self) -> str:
        """What to call it: its name, its id, or its place."""
        return self.name or self.id or where(self.place)


@attrs.define(kw_only=True)
class ExportedDestination:
    """One destination as Segment keeps it, or what is known of one from its subscriptions."""

    place: Place = ()
    id: str = ""
    name: str = ""
    slug: str = ""
    enabled: bool = True
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    subscriptions: list[Subscription] = attrs.field(factory=list)

    @property
    def origin(self) -> str:
        """What to call it: its name, its slug, its id, or its place."""
        return self.name or self.slug or self.id or where(self.place) or "the destination"


@attrs.define(kw_only=True)
class Export:
    """Everything a file holds.

    Attributes:
        destinations: In the order of the file, each with its subscriptions.
        action_slugs: Slug of each action whose id the file explains.
        cut_off: Places of lists that go on in another page of the API.
    """

    destinations: list[ExportedDestination] = attrs.field(factory=list)
    action_slugs: dict[str, str] = attrs.field(factory=dict)
    cut_off: list[str] = attrs.field(factory=list)


def where(place: Place) -> str:
    """Return a place as people write it: ``data.subscriptions[0]``."""
    return wharfinger.Problem(place, "").where


def read_export(data: bytes) -> Export:
    """Read a file.

    Args:
        data: JSON, UTF-8.

    Raises:
        wharfinger.ConfigurationError: With everything that is wrong, each with its place.
    """
    document = _parse(data)
    reader = _Reader()
    reader.walk(document, ())
    if not reader.problems and not reader.subscriptions and not reader.export.destinations:
        reader.refuse((), "There is no destination and no subscription in it.")
    if reader.problems:
        raise wharfinger.ConfigurationError(reader.problems)
    return reader.assembled()


def _parse(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise _unreadable(f"it is larger than {MOST_BYTES // 1024 // 1024} MB: no export is.")
    if not data.strip():
        raise _unreadable("it is empty.")
    try:
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise _unreadable(_why_not_json(data, error)) from None
    if _is_too_deep(document):
        raise _unreadable(f"it is nested deeper than {_DEEPEST} levels: no export is.")
    return document


def _unreadable(message: str) -> wharfinger.ConfigurationError:
    return wharfinger.ConfigurationError([wharfinger.Problem((), message)])


def _why_not_json(data: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        return f"byte {wrong.start + 1} is not UTF-8. Save the file as UTF-8."
    at = f"at line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()):
        return f"the JSON ends too early, {at}. Is this only a part of the file?"
    return f"this is not JSON: {error.msg}, {at}."


def _is_too_deep(document: Any) -> bool:
    layer = [document]
    for _ in range(_DEEPEST + 1):
        layer = [inner for value in layer for inner in _inside(value)]
        if not layer:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


@attrs.define
class _Reader:
    """Walks through a document and keeps what it finds, good and bad."""

    export: Export = attrs.field(factory=Export)
    subscriptions: list[tuple[Subscription, ExportedDestination | None]] = attrs.field(factory=list)
    problems: list[wharfinger.Problem] = attrs.field(factory=list)

    def refuse(self, place: Place, message: str) -> None:
        self.problems.append(wharfinger.Problem(place, message))

    def walk(self, value: Any, place: Place, owner: ExportedDestination | None = None) -> None:
        if isinstance(value, list):
            if not value:
                self.refuse(place, "is an empty list: there is nothing to import.")
            for index, item in enumerate(value):
                self.walk(item, (*place, index), owner)
        elif not isinstance(value, dict):
            self.refuse(place, f"must be an object or a list, but it is {_kind(value)}.")
        elif _has(value, _MARKS_OF_A_DESTINATION) and not _has(value, _MARKS_OF_A_SUBSCRIPTION):
            self._destination(value, place)
        elif _has(value, _MARKS_OF_A_SUBSCRIPTION):
            self._subscription(value, place, owner)
        else:
            self._envelope(value, place, owner)

    def _envelope(
        self, value: dict[str, Any], place: Place, owner: ExportedDestination | None
    ) -> None:
        if isinstance(errors := value.get("errors"), list) and errors:
            said = [e.get("message") for e in errors if isinstance(e, dict)]
            text = "; ".join(filter(None, (m for m in said if isinstance(m, str))))
            self.refuse(place, f"This is an error reply, not an export. {text}".rstrip())
            return
        self._note_page(value, place)
        catalog = _get(value, _CATALOG)
        if isinstance(catalog, dict):
            self._action_slugs(catalog)
        inside = _present(value, _ENVELOPES)
        for key in inside:
            self.walk(value[key], (*place, key), owner)
        if not inside and catalog is None:
            keys = ", ".join(value)[:_SHOWN_CHARACTERS] or "none"
            message = f"is neither a destination nor a subscription. Its keys: {keys}."
            self.refuse(place, message)

    def _note_page(self, value: dict[str, Any], place: Place) -> None:
        pagination = value.get("pagination")
        if isinstance(pagination, dict) and pagination.get("next"):
            self.export.cut_off.append(where((*place, "pagination")))

    def _destination(self, value: dict[str, Any], place: Place) -> None:
        parts = _Parts(self, value, place)
        metadata = parts.table("metadata")
        self._action_slugs(metadata)
        slug = metadata.get("slug") or metadata.get("name")
        destination = ExportedDestination(
            place=place,
            id=parts.text("id"),
            name=parts.text("name"),
            slug=slug if isinstance(slug, str) else "",
            enabled=parts.flag("enabled", default=True),
            settings=parts.table("settings"),
        )
        self.export.destinations.append(destination)
        for key in _present(value, _SUBSCRIPTIONS):
            if value[key] not in ([], None):
                self.walk(value[key], (*place, key), destination)

    def _action_slugs(self, metadata: Mapping[str, Any]) -> None:
        actions = metadata.get("actions")
        for action in actions if isinstance(actions, list) else ():
            if isinstance(action, dict):
                id_, slug = action.get("id"), action.get("slug")
                if isinstance(id_, str) and isinstance(slug, str) and id_ and slug:
                    self.export.action_slugs[id_] = slug

    def _subscription(
        self, value: dict[str, Any], place: Place, owner: ExportedDestination | None
    ) -> None:
        parts = _Parts(self, value, place)
        action = tuple(filter(None, map(parts.text, _ACTION_NAMES)))
        if not action:
            listed = ", ".join(_ACTION_NAMES[:-1])
            self.refuse(place, f"names no action: {listed} and {_ACTION_NAMES[-1]} are missing.")
        subscription = Subscription(
            place=place,
            id=parts.text("id"),
            name=parts.text("name"),
            action=action,
            destination=parts.text("destinationId"),
            trigger=parts.trigger(),
            enabled=parts.flag("enabled", default=True),
            fields=parts.fields(),
            model=parts.text("modelId"),
        )
        self.subscriptions.append((subscription, owner))

    def assembled(self) -> Export:
        """Give every subscription to its destination."""
        destinations = self.export.destinations
        by_id = {destination.id: destination for destination in destinations if destination.id}
        only = destinations[0] if len(destinations) == 1 else None
        for subscription, around in self.subscriptions:
            id_ = subscription.destination
            owner = around or by_id.get(id_) or (None if id_ and only and only.id else only)
            if owner is None:
                owner = by_id[id_] = ExportedDestination(id=id_)
                destinations.append(owner)
            owner.subscriptions.append(subscription)
        return self.export


@attrs.frozen
class _Parts:
    """The entries of one object, read by type; null is the same as absent."""

    reader: _Reader
    source: Mapping[str, Any]
    place: Place

    def text(self, name: str) -> str:
        return str(self._take(name, str, "text") or "")

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._take(name, bool, "true or false")
        return default if value is None else bool(value)

    def table(self, name: str) -> Mapping[str, Any]:
        return self._take(name, dict, "an object") or {}

    def trigger(self) -> str | None:
        for name in ("trigger", "subscribe"):
            value = self._take(name, str, "text")
            if value is not None:
                return str(value)
        return None

    def fields(self) -> Mapping[str, Any]:
        """Take the field mapping, which other tools keep as JSON text."""
        for name in ("mapping", "settings"):
            value = self._take(name, (dict, str), "an object")
            if isinstance(value, dict):
                return value
            if isinstance(value, str):
                return self._from_text(name, value)
        return {}

    def _from_text(self, name: str, text: str) -> Mapping[str, Any]:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            message = f"must be an object, but it is text that is not JSON: {error.msg}."
            self.reader.refuse((*self.place, name), message)
            return {}
        if not isinstance(value, dict) or _is_too_deep(value):
            found = "nested too deeply" if isinstance(value, dict) else _kind(value)
            self.reader.refuse((*self.place, name), f"must be an object, but it is {found}.")
            return {}
        return value

    def _take(self, name: str, wanted: type | tuple[type, ...], words: str) -> Any:
        for key in dict.fromkeys((name, _snake(name))):
            value = self.source.get(key)
            if value is None:
                continue
            if isinstance(value, wanted):
                return value
            self.reader.refuse((*self.place, key), f"must be {words}, but it is {_kind(value)}.")
        return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _get(source: Mapping[str, Any], name: str) -> Any:
    return source.get(name, source.get(_snake(name)))


def _has(source: Mapping[str, Any], names: Iterable[str]) -> bool:
    return bool(_present(source, names))


def _present(source: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the keys that an object has of these, however they are written."""
    return [key for name in names for key in dict.fromkeys((name, _snake(name))) if key in source]


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")


_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    type(None): "null",
}
