"""The tables, and how a file of an older version becomes one of this version."""

from __future__ import annotations

import sqlite3
from typing import Final

from wharfinger_host.store.errors import StoreError

__all__ = ["MIGRATIONS", "OUR_TABLES", "migrate"]

_FIRST = """
-- Single facts: how many partitions, what the order key is, the last number given to an event.
CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

-- The log. Numbers grow and are never given twice.
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    message_id TEXT,
    contact TEXT NOT NULL,
    event BLOB NOT NULL
);
CREATE INDEX inbox_by_partition ON inbox (partition);

-- Message ids of older events; those of the newest are read from the log itself.
CREATE TABLE message_ids (digest INTEGER PRIMARY KEY, seq INTEGER NOT NULL);

-- A number for each mapping of each connection.
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    connection TEXT NOT NULL,
    mapping TEXT NOT NULL,
    UNIQUE (connection, mapping)
);

-- How far each connection has come in each partition, and which process is at it.
CREATE TABLE lanes (
    connection TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    deadline_s REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, partition)
) WITHOUT ROWID;
CREATE TABLE workers (name TEXT PRIMARY KEY, deadline_s REAL NOT NULL) WITHOUT ROWID;

-- The final outcome of an event under a mapping; what a trigger did not take has no row.
CREATE TABLE ledger (
    seq INTEGER NOT NULL,
    target INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    http_status INTEGER,
    request_id TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (seq, target)
) WITHOUT ROWID;

-- What is about to be sent and must not be sent twice.
CREATE TABLE intents (
    seq INTEGER NOT NULL,
    target INTEGER NOT NULL,
    connection TEXT NOT NULL,
    partition INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (seq, target)
) WITHOUT ROWID;

-- What is offered again later; it has left the way of the log.
CREATE TABLE deferred (
    target INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    contact TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (target, partition, seq)
) WITHOUT ROWID;
CREATE INDEX deferred_by_contact ON deferred (target, contact, seq, due_ms);
CREATE INDEX deferred_by_due ON deferred (partition, target, due_ms);
CREATE INDEX deferred_by_seq ON deferred (seq);

-- What was sent without being settled by it, try by try.
CREATE TABLE tries (
    seq INTEGER NOT NULL,
    target INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    http_status INTEGER,
    request_id TEXT,
    message TEXT NOT NULL,
    vendor_message TEXT NOT NULL
);
CREATE INDEX tries_by_seq ON tries (seq);

-- Dead letters: whole, so that they outlive the log.
CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seq INTEGER NOT NULL,
    target INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    message_id TEXT,
    contact TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    vendor_message TEXT NOT NULL,
    http_status INTEGER,
    request_id TEXT,
    attempts INTEGER NOT NULL,
    event BLOB NOT NULL,
    payload BLOB,
    UNIQUE (seq, target)
);
"""

# Who works for a connection shares its partitions; others do not.
_WORKERS_BY_CONNECTION = """
DROP TABLE workers;
CREATE TABLE workers (
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    deadline_s REAL NOT NULL,
    PRIMARY KEY (connection, name)
) WITHOUT ROWID;
"""

# What charts are drawn from; what the ledger knows of the time before is counted once.
_MINUTES = """
CREATE TABLE minutes (
    minute INTEGER NOT NULL,
    target INTEGER NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, target, status)
) WITHOUT ROWID;
INSERT INTO minutes SELECT at_ms / 60000, target, status, count(*) FROM ledger GROUP BY 1, 2, 3;
"""

MIGRATIONS: Final = (_FIRST, _WORKERS_BY_CONNECTION, _MINUTES)
"""What takes a file from one version to the next; its ``user_version`` counts those it has had."""

OUR_TABLES: Final = frozenset({"facts", "inbox", "lanes", "ledger", "letters"})
"""By these an inbox is told from the databases of other programs."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version; each step happens as a whole or not at all.

    Raises:
        StoreError: The file is of a later version than this program.
    """
    if _version(db) == len(MIGRATIONS):
        return
    while True:
        db.execute("BEGIN IMMEDIATE")
        try:
            version = _version(db)  # again: another process may have been quicker
            if version > len(MIGRATIONS):
                raise StoreError(
                    f"The inbox is of version {version}, and this program knows versions up to "
                    f"{len(MIGRATIONS)}. Use the newer program."
                )
            if version == len(MIGRATIONS):
                return
            for statement in _statements(MIGRATIONS[version]):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> list[str]:
    """Split a script; executescript would commit what is under way."""
    bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    return [statement for statement in bare.split(";") if statement.strip()]
