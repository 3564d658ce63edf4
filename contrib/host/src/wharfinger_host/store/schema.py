"""The tables, and how a file of an older version becomes one of this version."""

from __future__ import annotations

from typing import Final

from wharfinger_host.store.dialect import Dialect
from wharfinger_host.store.errors import StoreError

__all__ = ["MIGRATIONS", "OUR_TABLES", "steps_from"]

_FIRST = """
-- Single facts: how many partitions, what the order key is, the last number given to an event.
CREATE TABLE facts (name {text} PRIMARY KEY, value {anything} NOT NULL) {clustered};

-- The log. Numbers grow and are never given twice.
CREATE TABLE inbox (
    seq {key},
    partition {number} NOT NULL,
    accepted_ms {number} NOT NULL,
    message_id {text},
    contact {text} NOT NULL,
    event {bytes} NOT NULL
);
CREATE INDEX inbox_by_partition ON inbox (partition);

-- Message ids of older events; those of the newest are read from the log itself.
CREATE TABLE message_ids (digest {key}, seq {number} NOT NULL);

-- A number for each mapping of each connection.
CREATE TABLE targets (
    id {given_key},
    connection {text} NOT NULL,
    mapping {text} NOT NULL,
    UNIQUE (connection, mapping)
);

-- How far each connection has come in each partition, and which process is at it.
CREATE TABLE lanes (
    connection {text} NOT NULL,
    partition {number} NOT NULL,
    position {number} NOT NULL,
    epoch {number} NOT NULL DEFAULT 0,
    owner {text} NOT NULL DEFAULT '',
    deadline_s {real} NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, partition)
) {clustered};
CREATE TABLE workers (name {text} PRIMARY KEY, deadline_s {real} NOT NULL) {clustered};

-- The final outcome of an event under a mapping; what a trigger did not take has no row.
CREATE TABLE ledger (
    seq {number} NOT NULL,
    target {number} NOT NULL,
    status {text} NOT NULL,
    code {text} NOT NULL,
    attempts {number} NOT NULL,
    http_status {number},
    request_id {text},
    at_ms {number} NOT NULL,
    PRIMARY KEY (seq, target)
) {clustered};

-- What is about to be sent and must not be sent twice.
CREATE TABLE intents (
    seq {number} NOT NULL,
    target {number} NOT NULL,
    connection {text} NOT NULL,
    partition {number} NOT NULL,
    at_ms {number} NOT NULL,
    PRIMARY KEY (seq, target)
) {clustered};

-- What is offered again later; it has left the way of the log.
CREATE TABLE deferred (
    target {number} NOT NULL,
    partition {number} NOT NULL,
    seq {number} NOT NULL,
    contact {text} NOT NULL,
    due_ms {number} NOT NULL,
    since_ms {number} NOT NULL,
    tries {number} NOT NULL,
    status {text} NOT NULL,
    code {text} NOT NULL,
    message {text} NOT NULL,
    PRIMARY KEY (target, partition, seq)
) {clustered};
CREATE INDEX deferred_by_contact ON deferred (target, contact, seq, due_ms);
CREATE INDEX deferred_by_due ON deferred (partition, target, due_ms);
CREATE INDEX deferred_by_seq ON deferred (seq);

-- What was sent without being settled by it, try by try.
CREATE TABLE tries (
    seq {number} NOT NULL,
    target {number} NOT NULL,
    at_ms {number} NOT NULL,
    status {text} NOT NULL,
    code {text} NOT NULL,
    attempts {number} NOT NULL,
    http_status {number},
    request_id {text},
    message {text} NOT NULL,
    vendor_message {text} NOT NULL
);
CREATE INDEX tries_by_seq ON tries (seq);

-- Dead letters: whole, so that they outlive the log.
CREATE TABLE letters (
    id {growing_key},
    seq {number} NOT NULL,
    target {number} NOT NULL,
    at_ms {number} NOT NULL,
    message_id {text},
    contact {text} NOT NULL,
    status {text} NOT NULL,
    code {text} NOT NULL,
    message {text} NOT NULL,
    vendor_message {text} NOT NULL,
    http_status {number},
    request_id {text},
    attempts {number} NOT NULL,
    event {bytes} NOT NULL,
    payload {bytes},
    UNIQUE (seq, target)
);
"""

# Who works for a connection shares its partitions; others do not.
_WORKERS_BY_CONNECTION = """
DROP TABLE workers;
CREATE TABLE workers (
    connection {text} NOT NULL,
    name {text} NOT NULL,
    deadline_s {real} NOT NULL,
    PRIMARY KEY (connection, name)
) {clustered};
"""

# What charts are drawn from; what the ledger knows of the time before is counted once.
_MINUTES = """
CREATE TABLE minutes (
    minute {number} NOT NULL,
    target {number} NOT NULL,
    status {text} NOT NULL,
    count {number} NOT NULL,
    PRIMARY KEY (minute, target, status)
) {clustered};
INSERT INTO minutes SELECT at_ms / 60000, target, status, count(*) FROM ledger GROUP BY 1, 2, 3;
"""

MIGRATIONS: Final = (_FIRST, _WORKERS_BY_CONNECTION, _MINUTES)
"""What takes a store from one version to the next; it counts those it has had."""

OUR_TABLES: Final = frozenset({"facts", "inbox", "lanes", "ledger", "letters"})
"""By these an inbox is told from the databases of other programs."""


def steps_from(version: int, dialect: Dialect) -> list[str]:
    """Return the statements that take a store from a version to the next; none from this one.

    Args:
        version: Which it has.
        dialect: Of its database.

    Raises:
        StoreError: It is of a later version than this program.
    """
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The inbox is of version {version}, and this program knows versions up to "
            f"{len(MIGRATIONS)}. Use the newer program."
        )
    if version == len(MIGRATIONS):
        return []
    return _statements(MIGRATIONS[version].format_map(dialect.words))


def _statements(script: str) -> list[str]:
    """Split a script; executescript would commit what is under way."""
    bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    return [statement for statement in bare.split(";") if statement.strip()]
