"""Replies of a vendor that works, with something in them that nobody expects."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from wharfinger.testing.paper import Answer

__all__ = ["SCRAMBLES", "scrambled"]


def _other_types(value: Any) -> Any:
    match value:
        case dict():
            return {name: _other_types(each) for name, each in value.items()}
        case list():
            return [_other_types(each) for each in value]
        case str():
            return 7
        case None:
            return {}
    return f"<{value}>"


def _other_containers(value: Any) -> Any:
    match value:
        case dict() if any(isinstance(each, (dict, list)) for each in value.values()):
            return {name: _other_containers(each) for name, each in value.items()}
        case dict():
            return list(value.values())
        case list():
            return {str(index): each for index, each in enumerate(value)}
    return value


def _shorter_lists(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shorter_lists(each) for name, each in value.items()}
        case list():
            return [_shorter_lists(each) for each in value[:-1]]
    return value


SCRAMBLES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "values of other types": _other_types,
    "lists for objects and objects for lists": _other_containers,
    "lists that are one shorter": _shorter_lists,
}
"""Ways to change the JSON of a reply, by name."""


def scrambled(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Return an answer whose JSON is changed; what is no JSON stays as it is.

    Args:
        answer: How the vendor answers while it works.
        change: What to make of the JSON, as Python reads it.
    """

    async def answer_scrambled(request: httpx.Request) -> httpx.Response:
        reply = answer(request)
        response = await reply if inspect.isawaitable(reply) else reply
        await response.aread()
        try:
            content = json.dumps(change(json.loads(response.content))).encode()
        except ValueError:
            content = response.content
        return httpx.Response(response.status_code, content=content)

    return answer_scrambled
