"""Everything a running simulator remembers; endpoints read and change it."""

import random
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from wharfinger_sfmc_simulator.catalogue import Catalogue, DataExtension, EventDefinition, Folder
from wharfinger_sfmc_simulator.clock import Clock, server_now
from wharfinger_sfmc_simulator.event_log import EventLog
from wharfinger_sfmc_simulator.jobs import Jobs
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token, Tokens
from wharfinger_sfmc_simulator.wire import RecordedRequest

__all__ = ["FoldersRead", "JourneyEntry", "RowsRead", "State", "StoredContact"]

_FIRST_CONTACT_ID = 36_270_040
_READS_KEPT = 1000


@attrs.define
class StoredContact:
    """A contact of the tenant.

    Attributes:
        key: Contact key.
        id: Contact id; stays the same.
        active: Whether journeys may be entered.
        attributes: Values by attribute set and name, as they were sent.
    """

    key: str
    id: int
    active: bool = True
    attributes: dict[str, dict[str, Any]] = attrs.field(factory=dict)


@attrs.frozen
class JourneyEntry:
    """One journey event that was accepted.

    Attributes:
        event_instance_id: As it was answered.
        event_definition_key: Which event.
        contact_key: Whose.
        account: MID it was sent in.
        at: When, as ISO 8601 by the simulator's clock.
        data: ``Data`` as it was sent, with ``eventInstanceId`` replaced by the real one.
    """

    event_instance_id: str
    event_definition_key: str
    contact_key: str
    account: int
    at: str
    data: Mapping[str, Any]


@attrs.frozen
class RowsRead:
    """What a request token for reading rows stands for: the same rows, on other pages."""

    table: Table
    page_size: int
    filter: str
    order_by: str
    ends: datetime


@attrs.define
class FoldersRead:
    """What is left of a list of folders that is given batch by batch.

    Attributes:
        account: MID it was asked for in.
        properties: What is told of each folder.
        folders: Those not given yet.
    """

    account: int
    properties: tuple[str, ...]
    folders: list[Folder]


class State:
    """The memory of one simulated tenant.

    Args:
        catalogue: What the tenant starts with.
        switches: Which choices hold.
        clock: Gives the present moment.
        generator: Where chance is needed.
    """

    def __init__(
        self, catalogue: Catalogue, switches: Switches, clock: Clock, generator: random.Random
    ) -> None:
        self.catalogue = catalogue
        self.switches = switches
        self.clock = clock
        self.generator = generator
        self.reset()

    def reset(self) -> None:
        """Start again from the catalogue; every token ends."""
        catalogue = self.catalogue
        self.created: datetime = server_now(self.clock)
        self.tokens = Tokens(self.clock, catalogue.tenant.eid)
        self.token_requests = 0
        self.requests: list[RecordedRequest] = []
        self.entries: list[JourneyEntry] = []
        self.dropped_entries: list[JourneyEntry] = []
        self.contacts: dict[str, StoredContact] = {}
        for contact in catalogue.contacts:
            self.contact(contact.key).active = contact.active
        self.tables: dict[int, dict[str, Table]] = {each.id: {} for each in catalogue.accounts}
        for extension in catalogue.data_extensions:
            self.tables[extension.account][extension.key] = Table(extension, self.switches)
        self.made: dict[str, datetime] = {}
        self.modified: dict[str, datetime] = {}
        self.jobs = Jobs(self.switches, self.clock)
        self.event_log = EventLog(self.switches, self.clock)
        self.event_definitions: dict[int, dict[str, EventDefinition]] = {
            each.id: {} for each in catalogue.accounts
        }
        for definition in catalogue.event_definitions:
            self.event_definitions[definition.account][definition.key] = definition
        self._reads: dict[str, RowsRead] = {}
        self.folder_reads: dict[str, FoldersRead] = {}

    def new_guid(self) -> str:
        """Return a GUID; the same sequence for the same seed."""
        return str(uuid.UUID(int=self.generator.getrandbits(128), version=4))

    def contact(self, key: str) -> StoredContact:
        """Return the contact of that key; it is made if there is none."""
        found = self.contacts.get(key)
        if found is None:
            found = StoredContact(key, _FIRST_CONTACT_ID + len(self.contacts))
            self.contacts[key] = found
        return found

    def folders(self, account: int) -> list[Folder]:
        """Return the folders of an account, in the order they were described."""
        return [folder for folder in self.catalogue.folders if folder.account == account]

    def add_table(self, extension: DataExtension) -> Table:
        """Make an empty data extension; it can be used at once."""
        table = Table(extension, self.switches)
        self.tables[extension.account][extension.key] = table
        self.made[extension.id] = self.modified[extension.id] = self.clock()
        return table

    def remove_table(self, table: Table) -> None:
        """Delete a data extension; rows still on their way to it are lost."""
        table.deleted = True
        definition = table.definition
        del self.tables[definition.account][definition.key]

    def table_by_key(self, token: Token, key: str) -> Table | None:
        """Return the data extension of that external key, in the token's account."""
        return self.tables[token.account].get(key)

    def table_by_id(self, token: Token, guid: str) -> Table | None:
        """Return the data extension of that GUID, in the token's account."""
        wanted = guid.lower()
        for table in self.tables[token.account].values():
            if table.definition.id == wanted:
                return table
        return None

    def keep_read(self, read: RowsRead) -> str:
        """Remember a read of rows; return its request token."""
        while len(self._reads) >= _READS_KEPT:
            del self._reads[next(iter(self._reads))]
        guid = self.new_guid()
        self._reads[guid] = read
        return guid

    def find_read(self, guid: str) -> RowsRead | None:
        """Return the read a request token stands for, while it is valid."""
        read = self._reads.get(guid.lower())
        return read if read and read.ends > self.clock() else None
