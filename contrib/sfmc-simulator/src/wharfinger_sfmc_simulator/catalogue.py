"""What a simulated tenant holds: accounts, clients, data extensions, events, contacts."""

import uuid
from collections.abc import Mapping
from itertools import count
from typing import Any, TypeVar

import attrs

from wharfinger_sfmc_simulator.faults import Fault
from wharfinger_sfmc_simulator.switches import Switches

__all__ = [
    "DEFAULT_SCOPES",
    "FIELD_FLAGS",
    "FIELD_TYPES",
    "ROOT_FOLDER_KEY",
    "SCOPES",
    "Account",
    "Catalogue",
    "Client",
    "Contact",
    "DataExtension",
    "EventDefinition",
    "Field",
    "Folder",
    "Tenant",
]

FIELD_TYPES: Mapping[str, int | None] = {
    "Text": 50,
    "Number": None,
    "Decimal": 18,
    "Boolean": None,
    "Date": None,
    "EmailAddress": 254,
    "Phone": 50,
    "Locale": 5,
}
"""The types a field may have, each with the length it has where none is given."""

FIELD_FLAGS = (
    "isTemplateField",
    "isHidden",
    "isReadOnly",
    "isInheritable",
    "isOverridable",
    "mustOverride",
)
"""What the vendor says of a field with true or false, besides key and null."""

ROOT_FOLDER_KEY = "dataextension_default"
"""Customer key of the folder that holds an account's data extensions, as recorded."""

_FIRST_ROOT_FOLDER_ID = 12345

_SCOPE_FAMILIES = """
offline accounts_read|write approvals_read|write audiences_read|write automations_execute|read|write
calendar_read|write campaign_read|write contact_bu_mapping_create|delete|update|view
data_extensions_read|write deep_linking_asset_delete|read|write deep_linking_settings_read|write
dfu_configure documents_and_images_read|write email_read|send|write
event_notification_callback_create|delete|read|update
event_notification_subscription_create|delete|read|update file_locations_read|write
journeys_aspr|delete|execute|read|write key_manage_revoke|rotate|view
list_and_subscribers_read|write marketing_cloud_connect_read|send|write ott_channels_read|write
ott_chat_messaging_read|send package_manager_deploy|package push_read|send|write
saved_content_read|write sms_read|send|write social_post|publish|read|write tags_read|write
tracking_events_read|write users_read|write web_publish|read|write webhooks_read|write
workflows_read|write
"""


def _scopes(families: str) -> frozenset[str]:
    names = set[str]()
    for family in families.split():
        first, *others = family.split("|")
        stem = first.rpartition("_")[0]
        names.update([first, *(f"{stem}_{suffix}" for suffix in others)])
    return frozenset(names)


SCOPES = _scopes(_SCOPE_FAMILIES)
"""Every scope name the vendor's tokens are known to carry."""

DEFAULT_SCOPES = (
    "data_extensions_read",
    "data_extensions_write",
    "journeys_read",
    "list_and_subscribers_read",
    "list_and_subscribers_write",
)
"""The scopes of a client for which none are given: what the simulated endpoints need."""


def _stable_id(kind: str, *names: object) -> str:
    """A GUID that is the same each time the same names are given."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(["sfmc-simulator", kind, *map(str, names)])))


@attrs.frozen(kw_only=True)
class Tenant:
    """The top-level account.

    Attributes:
        subdomain: The tenant's own label in its host names; 28 characters from ``mc`` on in life.
        eid: Enterprise id.
    """

    subdomain: str
    eid: int


@attrs.frozen(kw_only=True)
class Account:
    """A business unit.

    Attributes:
        id: Its MID.
        name: For people.
    """

    id: int
    name: str = ""


@attrs.frozen(kw_only=True)
class Client:
    """An installed package's server-to-server integration.

    Attributes:
        id: Client id.
        secret: Client secret.
        account: MID a token acts in when it is asked for without ``account_id``.
        accounts: Further MIDs a token may be asked for.
        scopes: What the package was granted.
    """

    id: str
    secret: str = attrs.field(repr=False)
    account: int
    accounts: tuple[int, ...] = ()
    scopes: tuple[str, ...] = DEFAULT_SCOPES


@attrs.frozen(kw_only=True)
class Field:
    """A column of a data extension, or a field of a journey event.

    Attributes:
        name: As the vendor shows it.
        type: One of `FIELD_TYPES`.
        length: Most characters; total digits for Decimal. None: the type's usual length.
        scale: Digits after the point, for Decimal.
        primary_key: Whether it is part of the primary key.
        nullable: Whether it may be empty; None: everything but primary keys may.
        default: Value of a new row that does not give one.
        description: For people.
        flags: Those of `FIELD_FLAGS` that hold.
    """

    name: str
    type: str = "Text"
    length: int | None = None
    scale: int = 2
    primary_key: bool = False
    nullable: bool | None = None
    default: Any = None
    description: str = ""
    flags: tuple[str, ...] = ()

    @property
    def is_nullable(self) -> bool:
        """Whether null may be stored."""
        return not self.primary_key and self.nullable is not False

    @property
    def max_length(self) -> int | None:
        """The length that holds: the given one, or the type's."""
        return self.length if self.length is not None else FIELD_TYPES[self.type]


@attrs.frozen(kw_only=True)
class Folder:
    """A folder of data extensions, or of something else.

    Attributes:
        id: Its number, as ``categoryId`` of data extensions names it.
        name: For people.
        parent: Id of the folder it is in; the account's root folder if not given.
        content_type: What it holds, such as ``dataextension`` or ``queryactivity``.
        account: MID it belongs to; the first account if not given.
        key: Customer key; made from account and id if not given. Give `ROOT_FOLDER_KEY` to
            describe the root folder of an account, which is made where nobody does.
        description: For people.
    """

    id: int
    name: str
    parent: int = 0
    content_type: str = "dataextension"
    account: int = 0
    key: str = ""
    description: str = ""


@attrs.frozen(kw_only=True)
class DataExtension:
    """A table.

    Attributes:
        key: External key.
        name: As people see it; the key if not given.
        id: GUID; made from account and key if not given, the same each time.
        account: MID it belongs to; the first account if not given.
        description: For people.
        category: Id of the folder it is in; the account's root folder if not given.
        sendable: Whether mail can be sent to its rows.
        testable: Whether test mail can be sent to its rows.
        sendable_field: Which column says to whom; the first primary key if not given.
        subscriber_field: What of a subscriber that column holds.
        retention: ``dataRetentionProperties``, where they differ from the usual ones.
        fields: Its columns, in order.
        rows: Rows it starts with, as values by column name.
    """

    key: str
    name: str = ""
    id: str = ""
    account: int = 0
    description: str = ""
    category: int = 0
    sendable: bool = False
    testable: bool = False
    sendable_field: str = ""
    subscriber_field: str = "_SubscriberKey"
    retention: Mapping[str, Any] = attrs.field(factory=dict)
    fields: tuple[Field, ...]
    rows: tuple[Mapping[str, Any], ...] = ()

    @property
    def primary_keys(self) -> tuple[Field, ...]:
        """The columns that make a row's identity; none for a table that only grows."""
        return tuple(field for field in self.fields if field.primary_key)


@attrs.frozen(kw_only=True)
class EventDefinition:
    """What a journey can be entered by.

    Attributes:
        key: Event definition key; holds no period.
        name: As people see it; the key if not given.
        id: GUID; made from account and key if not given.
        account: MID it belongs to; the first account if not given.
        published: Whether a journey listens. If not, events are accepted and nobody enters.
        fields: What ``Data`` may and must carry.
    """

    key: str
    name: str = ""
    id: str = ""
    account: int = 0
    published: bool = True
    fields: tuple[Field, ...] = ()


@attrs.frozen(kw_only=True)
class Contact:
    """A contact that is there from the start.

    Attributes:
        key: Contact key.
        active: Whether journeys may be entered; events of others are refused.
    """

    key: str
    active: bool = True


@attrs.frozen(kw_only=True)
class Catalogue:
    """A simulated tenant, with the switches and faults it starts with.

    Make one from a TOML file with `load_catalogue`, which reports all that is wrong with it, or
    from records, where what the file may leave out (ids, names, accounts) is filled in alike.
    """

    tenant: Tenant
    accounts: tuple[Account, ...]
    clients: tuple[Client, ...]
    data_extensions: tuple[DataExtension, ...] = ()
    event_definitions: tuple[EventDefinition, ...] = ()
    contacts: tuple[Contact, ...] = ()
    folders: tuple[Folder, ...] = ()
    switches: Switches = attrs.field(factory=Switches)
    faults: tuple[Fault, ...] = ()

    def filled(self) -> "Catalogue":
        """Return the same with ids, names, accounts and folders where they were left out."""
        home = self.accounts[0].id
        folders = _filled_folders(self.accounts, self.folders)
        roots = {each.account: each.id for each in folders if each.key == ROOT_FOLDER_KEY}
        extensions = (_filled(each, home) for each in self.data_extensions)
        return attrs.evolve(
            self,
            folders=folders,
            data_extensions=tuple(
                attrs.evolve(each, category=each.category or roots.get(each.account, 0))
                for each in extensions
            ),
            event_definitions=tuple(_filled(each, home) for each in self.event_definitions),
        )


def _filled_folders(accounts: tuple[Account, ...], given: tuple[Folder, ...]) -> tuple[Folder, ...]:
    """Every account has a root folder for data extensions; what has no parent is in there."""
    home, taken = accounts[0].id, {folder.id for folder in given}
    free = (number for number in count(_FIRST_ROOT_FOLDER_ID) if number not in taken)
    folders = [attrs.evolve(folder, account=folder.account or home) for folder in given]
    roots = {each.account: each for each in folders if each.key == ROOT_FOLDER_KEY}
    for account in accounts:
        if account.id not in roots:
            roots[account.id] = Folder(
                id=next(free), name="Data Extensions", account=account.id, key=ROOT_FOLDER_KEY
            )
    made = [root for root in roots.values() if root.id not in taken]
    return (*made, *(_filled_folder(folder, roots) for folder in folders))


def _filled_folder(folder: Folder, roots: Mapping[int, Folder]) -> Folder:
    root = roots.get(folder.account)
    inside = root is not None and folder.content_type == root.content_type
    parent = root.id if root and inside and folder.id != root.id else 0
    return attrs.evolve(
        folder,
        parent=folder.parent or parent,
        key=folder.key or _stable_id("Folder", folder.account, folder.id),
    )


_Named = TypeVar("_Named", DataExtension, EventDefinition)


def _filled(record: _Named, home: int) -> _Named:
    account = record.account or home
    return attrs.evolve(
        record,
        account=account,
        name=record.name or record.key,
        id=record.id.lower() or _stable_id(type(record).__name__, account, record.key),
    )
