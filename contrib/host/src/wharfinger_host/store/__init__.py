"""What a durable host keeps in one SQLite file: events, how far they came, and what became of each.

`wharfinger_host.store.store.Store` owns the file, one writing thread and one for reading. The other
modules hold functions over a `Database`, which `Store.write` and `Store.read` run. The ledger of an
engine's events may be in PostgreSQL instead: the same functions over the same tables.
"""
