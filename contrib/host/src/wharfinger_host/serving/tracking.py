"""The tracking paths: who may ask what, and what is answered.

The paths are those of Segment's HTTP API and of RudderStack's, with the short ones of analytics.js.
The replies are chosen by what SDKs do with them: 200 is the end of it; 429 and all from 500 are
tried again (the SDKs of Python and Node wait as long as ``Retry-After`` says after 429, that of
Python after 503 as well); other replies from 400 make an SDK throw its events away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from wharfinger_host.serving.authentication import basic_key
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.limits import read_body, too_large
from wharfinger_host.serving.normalising import TYPES
from wharfinger_host.serving.reading import read_object
from wharfinger_host.serving.refusing import Refused, RequestRefused
from wharfinger_host.sources import Source

__all__ = ["json_response", "refusal", "tracking"]

_MOST_AT_ONCE: Final = 500
_WHEN_BUSY_S: Final = 1
_MOST_TOLD: Final = 100
_SHORT: Final = {kind[0]: kind for kind in TYPES}
_TAKEN: Final = {"success": True}

_Answer = Callable[[Intake, Source, dict[str, Any]], Awaitable[dict[str, Any]]]


def tracking(intake: Intake) -> Mount:
    """Return the tracking paths, which any web page may call.

    Args:
        intake: Takes the events in.
    """
    answers: dict[str, _Answer] = {
        **{kind: _one(kind) for kind in TYPES},
        **{short: _one(kind) for short, kind in _SHORT.items()},
        "batch": _batch(as_given=False),
        "b": _batch(as_given=False),
        "import": _batch(as_given=True),
    }
    door = _Door(intake)
    routes = [
        Route(f"/{path}", door.endpoint(answer), methods=["POST"])
        for path, answer in answers.items()
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["POST"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "X-RateLimit-Reset"],
        max_age=86_400,
    )
    return Mount("/v1", Router(routes, redirect_slashes=False), middleware=[cors])


class _Door:
    """Lets so many requests in at once that they all fit into memory."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._inside = 0

    def endpoint(self, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self._inside += 1
            try:
                response = await self._respond(request, answer)
            except RequestRefused as no:
                response = refusal(no)
            except ClientDisconnect:
                response = Response(status_code=400)  # nobody hears it
            finally:
                self._inside -= 1
            self._intake.counts.requests[response.status_code] += 1
            return response

        return endpoint

    async def _respond(self, request: Request, answer: _Answer) -> Response:
        if self._inside > _MOST_AT_ONCE:
            message = "Too many requests are under way. Send this one again."
            raise RequestRefused(429, "too-busy", message, retry_after_s=_WHEN_BUSY_S)
        keeper = self._intake.doorkeeper
        key = basic_key(request.headers.get("authorization", ""))
        source = None if key is None else keeper.source_of(key)
        body = await read_body(request, source.batch_bytes if source else keeper.most_bytes)
        said = read_object(body)
        if source is None:
            source = keeper.source_of(_key_in(said))
            if len(body) > source.batch_bytes:
                raise too_large(source.batch_bytes)
        return json_response(200, await answer(self._intake, source, said))


def _key_in(said: dict[str, Any]) -> str:
    key = said.get("writeKey")
    if not isinstance(key, str) or not key:
        message = "There is no write key. Send it as the user name of Basic authentication, or "
        raise RequestRefused(401, "no-write-key", message + 'as "writeKey" in the body.')
    return key


def _one(kind: str) -> _Answer:
    async def answer(intake: Intake, source: Source, said: dict[str, Any]) -> dict[str, Any]:
        await intake.take_one(source, said, kind)
        return _TAKEN

    return answer


def _batch(*, as_given: bool) -> _Answer:
    async def answer(intake: Intake, source: Source, said: dict[str, Any]) -> dict[str, Any]:
        refused = await intake.take_batch(source, said, as_given=as_given)
        return {**_TAKEN, **_told(refused)} if refused else _TAKEN

    return answer


def _told(refused: list[Refused]) -> dict[str, Any]:
    return {"refused": len(refused), "events": [each.told() for each in refused[:_MOST_TOLD]]}


def refusal(no: RequestRefused) -> Response:
    """Return the reply to a request of which nothing is accepted."""
    headers: dict[str, str] = {}
    if no.retry_after_s is not None:
        # The first is what servers' SDKs read, the second what analytics.js does.
        headers |= dict.fromkeys(("Retry-After", "X-RateLimit-Reset"), str(no.retry_after_s))
    if no.close:
        headers["Connection"] = "close"
    return json_response(
        no.status, {"success": False, "code": no.code, "message": no.message}, headers
    )


def json_response(
    status: int, value: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    """Return a reply in JSON."""
    return Response(orjson.dumps(value), status, headers, media_type="application/json")
