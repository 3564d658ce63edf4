"""What a durable host keeps in one SQLite file: events, how far they came, and what became of each.

`wharfinger_host.store.store.Store` owns the file, one writing thread and one for reading. The other
modules hold functions over a ``sqlite3.Connection``, which `Store.write` and `Store.read` run.
"""
