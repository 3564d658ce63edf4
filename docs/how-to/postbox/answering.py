"""How Postbox answers while it works."""

import httpx
import orjson


def answers(request: httpx.Request) -> httpx.Response:
    """Give one verdict for each letter."""
    letters = orjson.loads(request.content or b"[]")
    return httpx.Response(200, json={"verdicts": ["sent"] * len(letters)})
