"""How Acme answers, and the contract of its plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import acme  # type: ignore[import-not-found]  # stands beside it when it runs
import httpx
import orjson

from wharfinger.testing import DestinationContract, Example


def track(user, event="Hello"):
    return {"type": "track", "event": event, "userId": user, "messageId": f"{user}-{event}"}


class TestAcme(DestinationContract):
    destination = "acme"
    plugin = acme
    settings: Mapping[str, Any] = {"api_key": "made-up-key-0123456789"}
    examples: Mapping[str, Example] = {
        "send-note": Example(
            events=[track("u-1"), track("u-1", "Again"), track("u-2")],
            refused=[track("u-1", "Rude")],
        ),
        "ring-bell": Example(events=[track("u-1"), track("u-2")]),
    }

    def answers(self, request):
        sent = orjson.loads(request.content) if request.content else []
        notes = sent if isinstance(sent, list) else [sent]
        verdicts = ["refused" if note.get("text") == "Rude" else "ok" for note in notes]
        return httpx.Response(200, json={"verdicts": verdicts})
