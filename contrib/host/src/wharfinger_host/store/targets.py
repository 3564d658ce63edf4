"""Numbers for the mappings of connections, and whom else the file knows."""

from __future__ import annotations

from collections.abc import Iterable

from wharfinger_host.store.dialect import Database

__all__ = ["add_targets", "names_of_targets", "targets_of"]


def add_targets(db: Database, connection: str, mappings: Iterable[str]) -> dict[str, int]:
    """Return the number of each mapping of a connection, and give one to those that have none.

    Args:
        db: Within a transaction.
        connection: Its name.
        mappings: Their names.
    """
    db.executemany(
        "INSERT INTO targets (connection, mapping) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(connection, mapping) for mapping in mappings],
    )
    return targets_of(db, connection)


def targets_of(db: Database, connection: str) -> dict[str, int]:
    """Return the numbers of all mappings that a connection ever had, by their names."""
    rows = db.execute("SELECT mapping, id FROM targets WHERE connection = ?", (connection,))
    return {str(mapping): int(number) for mapping, number in rows}


def names_of_targets(db: Database) -> dict[int, tuple[str, str]]:
    """Return connection and mapping by number."""
    rows = db.execute("SELECT id, connection, mapping FROM targets")
    return {int(number): (str(connection), str(mapping)) for number, connection, mapping in rows}
