"""What people send from a page, and whether it comes from one."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from wharfinger_host.dashboard.access import Access

__all__ = ["PROOF", "must_be_signed_in", "posted", "posted_json"]

PROOF: Final = "proof"
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_FIELDS: Final = 100


async def posted(request: Request, access: Access) -> dict[str, str]:
    """Return the fields of a form; line ends are those of Unix.

    Args:
        request: As a browser posts it.
        access: Knows what proves that a page of ours sent it.

    Raises:
        HTTPException: It is too large, no form, or from elsewhere.
    """
    body = await _body(request)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise HTTPException(400, "This is no form. Go back and send it again.") from None
    form = {name: text.replace("\r\n", "\n") for name, text in pairs}
    _check_proof(request, access, form.get(PROOF, ""))
    return form


async def posted_json(request: Request, access: Access) -> dict[str, Any]:
    """Return the JSON object that the script of a page sends.

    Raises:
        HTTPException: It is too large, no such object, or from elsewhere.
    """
    # A foreign page can send this type only after asking, and it is never allowed.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "Send JSON.")
    try:
        said = orjson.loads(await _body(request))
    except orjson.JSONDecodeError:
        raise HTTPException(400, "This is not JSON.") from None
    if not isinstance(said, dict):
        raise HTTPException(400, "Send a JSON object.")
    proof = said.get(PROOF)
    _check_proof(request, access, proof if isinstance(proof, str) else "")
    return said


def must_be_signed_in(request: Request, access: Access) -> None:
    """Let nobody pass who may only look.

    Raises:
        HTTPException: Nobody is signed in.
    """
    if not request.state.session:
        reason = "Sign in first." if access.has_token else "Start it with --dashboard-token."
        raise HTTPException(403, f"The dashboard is read-only. {reason}")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, "This is too large: 4 MB are allowed.")
    return bytes(body)


def _check_proof(request: Request, access: Access, given: str) -> None:
    if not access.is_proof(given, request.state.session, request.url.path):
        raise HTTPException(
            403, "This form is too old, or not from here. Load the page again, and send it anew."
        )
