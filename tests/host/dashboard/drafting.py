"""A draft of a mapping as the page of the workbench sends it."""

from __future__ import annotations

from typing import Any

import orjson

BENCH = "/workbench?connection=main&mapping=notes"
EVENT = {"type": "track", "userId": "u7", "properties": {"text": "hello", "a.b": 1}}
FIELDS = {"text": {"@case": {"operator": "upper", "value": {"@path": "$.properties.text"}}}}


def draft(**changes: Any) -> dict[str, str]:
    said = {"event": EVENT, "trigger": 'type = "track"', "fields": FIELDS, **changes}
    texts = {name: each if isinstance(each, str) else orjson.dumps(each).decode()
             for name, each in said.items()}  # fmt: skip
    return {"connection": "main", "mapping": "notes", **texts}
