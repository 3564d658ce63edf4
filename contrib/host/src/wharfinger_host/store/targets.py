"""Numbers for the mappings of connections, and whom else the file knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

__all__ = ["add_targets", "names_of_targets", "targets_of"]


def add_targets(db: sqlite3.Connection, connection: str, mappings: Iterable[str]) -> dict[str, int]:
    """Return the number of each mapping of a connection, and give one to those that have none.

    Args:
        db: Within a transaction.
        connection: Its name.
        mappings: Their names.
    """
    db.executemany(
        "INSERT OR IGNORE INTO targets (connection, mapping) VALUES (?, ?)",
        [(connection, mapping) for mapping in mappings],
    )
    return targets_of(db, connection)


def targets_of(db: sqlite3.Connection, connection: str) -> dict[str, int]:
    """Return the numbers of all mappings that a connection ever had, by their names."""
    rows = db.execute("SELECT mapping, id FROM targets WHERE connection = ?", (connection,))
    return {str(mapping): int(number) for mapping, number in rows}


def names_of_targets(db: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Return connection and mapping by number."""
    rows = db.execute("SELECT id, connection, mapping FROM targets")
    return {int(number): (str(connection), str(mapping)) for number, connection, mapping in rows}
