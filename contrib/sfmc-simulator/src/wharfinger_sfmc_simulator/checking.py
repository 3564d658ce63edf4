"""What a described tenant must obey, beyond the shapes of its records."""

import difflib
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wharfinger_sfmc_simulator.catalogue import (
    FIELD_FLAGS,
    FIELD_TYPES,
    SCOPES,
    Catalogue,
    Client,
    DataExtension,
    EventDefinition,
    Field,
    Folder,
)
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.values import BadValueError, convert

__all__ = ["problems_of"]

_LABEL = re.compile(r"[a-z0-9-]{1,63}")
_MAX_TEXT = 4000
_MAX_PRECISION = 29


def problems_of(catalogue: Catalogue) -> Iterator[str]:
    """Give everything that is wrong with a tenant, each as ``place: what and what to do``."""
    if not _LABEL.fullmatch(catalogue.tenant.subdomain):
        yield "tenant.subdomain: must be lower-case letters, digits and hyphens."
    if not catalogue.accounts:
        yield "accounts: at least one [[accounts]] with an id is needed."
        return
    yield from _twice("accounts", "id", (account.id for account in catalogue.accounts))
    yield from _clients(catalogue)
    yield from _folders(catalogue)
    yield from _data_extensions(catalogue)
    yield from _event_definitions(catalogue)
    yield from _twice("contacts", "key", (contact.key for contact in catalogue.contacts))


def _clients(catalogue: Catalogue) -> Iterator[str]:
    if not catalogue.clients:
        yield "clients: at least one [[clients]] with id, secret and account is needed."
    yield from _twice("clients", "id", (client.id for client in catalogue.clients))
    for index, client in enumerate(catalogue.clients):
        yield from _client(f"clients[{index}]", client, catalogue)


def _client(place: str, client: Client, catalogue: Catalogue) -> Iterator[str]:
    known = {account.id for account in catalogue.accounts}
    for account in (client.account, *client.accounts):
        if account not in known:
            yield f"{place}.account: there is no [[accounts]] with id = {account}."
    for scope in client.scopes:
        if scope not in SCOPES:
            yield f"{place}.scopes: {scope!r} is no scope{_near(scope, SCOPES)}"


def _folders(catalogue: Catalogue) -> Iterator[str]:
    accounts = {account.id for account in catalogue.accounts}
    yield from _twice("folders", "id", (folder.id for folder in catalogue.folders))
    home = catalogue.accounts[0].id
    keys = ((each.account or home, each.key) for each in catalogue.folders if each.key)
    yield from _twice("folders", "key", keys, last_only=True)
    filled = {folder.id: folder for folder in catalogue.filled().folders}
    for index, folder in enumerate(catalogue.folders):
        place = f"folders[{index}]"
        if folder.id < 1:
            yield f"{place}.id: must be 1 or more."
        if folder.account and folder.account not in accounts:
            yield f"{place}.account: there is no [[accounts]] with id = {folder.account}."
        if not folder.name.isprintable() or not folder.name:
            yield f"{place}.name: must be a text without control characters."
        yield from _parent(place, filled[folder.id], filled)


def _parent(place: str, folder: Folder, folders: Mapping[int, Folder]) -> Iterator[str]:
    seen = {folder.id}
    while folder.parent:
        parent = folders.get(folder.parent)
        if parent is None or parent.account != folder.account:
            yield f"{place}.parent: its account has no [[folders]] with id = {folder.parent}."
            return
        if parent.id in seen:
            yield f"{place}.parent: the folder would be within itself."
            return
        seen.add(parent.id)
        folder = parent


def _category(
    place: str, extension: DataExtension, account: int, folders: Mapping[int, Folder]
) -> Iterator[str]:
    folder = folders.get(extension.category)
    if folder is None or folder.account != account:
        yield f"{place}.category: its account has no [[folders]] with id = {extension.category}."
    elif folder.content_type != "dataextension":
        yield f"{place}.category: folder {folder.id} holds no data extensions."


def _data_extensions(catalogue: Catalogue) -> Iterator[str]:
    switches = catalogue.switches
    known = {account.id for account in catalogue.accounts}
    home = catalogue.accounts[0].id
    extensions = catalogue.data_extensions
    keys = [(extension.account or home, extension.key) for extension in extensions]
    yield from _twice("data_extensions", "key", (key for key in keys), last_only=True)
    folders = {folder.id: folder for folder in catalogue.filled().folders}
    ids = (extension.id.lower() for extension in extensions if extension.id)
    yield from _twice("data_extensions", "id", ids)
    for index, extension in enumerate(extensions):
        place = f"data_extensions[{index}]"
        yield from _placed(place, extension, known)
        if extension.category:
            yield from _category(place, extension, extension.account or home, folders)
        if not extension.fields:
            yield f"{place}.fields: at least one field is needed."
        wrong = list(_fields(place, extension.fields, switches))
        yield from wrong or _rows(place, extension, switches)


def _event_definitions(catalogue: Catalogue) -> Iterator[str]:
    switches = catalogue.switches
    known = {account.id for account in catalogue.accounts}
    home = catalogue.accounts[0].id
    definitions = catalogue.event_definitions
    keys = [(definition.account or home, definition.key) for definition in definitions]
    yield from _twice("event_definitions", "key", (key for key in keys), last_only=True)
    for index, definition in enumerate(definitions):
        place = f"event_definitions[{index}]"
        yield from _placed(place, definition, known)
        if "." in definition.key:
            yield f"{place}.key: {definition.key!r} holds a period, which the vendor forbids."
        yield from _fields(place, definition.fields, switches)


def _placed(
    place: str, record: DataExtension | EventDefinition, accounts: set[int]
) -> Iterator[str]:
    if not record.key:
        yield f"{place}.key: must not be empty."
    if record.account and record.account not in accounts:
        yield f"{place}.account: there is no [[accounts]] with id = {record.account}."
    if record.id and not _is_guid(record.id):
        yield f"{place}.id: {record.id!r} is no GUID; leave it out to have one made."


def _fields(place: str, fields: Sequence[Field], switches: Switches) -> Iterator[str]:
    yield from _twice(f"{place}.fields", "name", (field.name.lower() for field in fields))
    for index, field in enumerate(fields):
        where = f"{place}.fields[{index}]"
        for problem in _field(field, switches):
            yield f"{where}.{problem}"


def _flags(field: Field) -> Iterator[str]:
    for flag in field.flags:
        if flag not in FIELD_FLAGS:
            yield f"flags: {flag!r} is no flag{_near(flag, FIELD_FLAGS)}"


def _field(field: Field, switches: Switches) -> Iterator[str]:
    if not field.name:
        yield "name: must not be empty."
    if field.type not in FIELD_TYPES:
        yield f"type: {field.type!r} is no field type{_near(field.type, FIELD_TYPES)}"
        return
    yield from _size(field)
    yield from _flags(field)
    if field.primary_key and field.nullable:
        yield "nullable: a primary key is never nullable; leave it out."
    if field.default is not None:
        try:
            convert(field, field.default, switches)
        except BadValueError as error:
            yield f"default: {error}"


def _size(field: Field) -> Iterator[str]:
    usual = FIELD_TYPES[field.type]
    if usual is None:
        if field.length is not None:
            yield f"length: a {field.type} field has none."
        return
    most = {"Text": _MAX_TEXT, "Decimal": _MAX_PRECISION}.get(field.type, usual)
    if field.length is not None and not 1 <= field.length <= most:
        yield f"length: {field.length} is not from 1 to {most}."
    if field.type == "Text" and field.primary_key and field.length is None:
        yield "length: a text field with no length cannot be a primary key."
    if field.type == "Decimal" and not 0 <= field.scale <= (field.max_length or 0):
        yield f"scale: {field.scale} is not from 0 to the length, {field.max_length}."


def _rows(place: str, extension: DataExtension, switches: Switches) -> Iterator[str]:
    try:
        Table(extension, switches)
    except ValueError as error:
        yield f"{place}.rows: {error}"


def _twice(
    place: str, what: str, values: Iterable[object], *, last_only: bool = False
) -> Iterator[str]:
    for value, times in Counter(values).items():
        if times > 1:
            shown = value[-1] if last_only and isinstance(value, tuple) else value
            yield f"{place}: {what} {shown!r} stands there {times} times; it must be unique."


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"; did you mean {near[0]}?" if near else "."


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
