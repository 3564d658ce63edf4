"""Whatever is sent, it is accepted or refused with a reason; nothing breaks."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.serving.app import build_app
from wharfinger_host.serving.intake import Intake
from wharfinger_host.store.store import Store

ANSWERS = {200, 400, 401, 404, 405, 413, 415}
FIELDS = [
    *("batch", "type", "userId", "anonymousId", "messageId", "event", "context", "integrations"),
    *("timestamp", "originalTimestamp", "sentAt", "writeKey", "properties", "previousId"),
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["track", "identify", "u", "website-key", "2026-03-01T12:00:00Z", "\ud83d"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)
said = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, values))
batches = st.fixed_dictionaries(
    {"batch": st.lists(said, max_size=5)}, optional={"sentAt": values, "context": values}
)
bodies = st.binary(max_size=200) | (said | batches | values).map(
    lambda value: json.dumps(value).encode()
)
paths = st.sampled_from(["track", "identify", "alias", "t", "batch", "import", "b", "", "x"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.sampled_from(["Basic d2Vic2l0ZS1rZXk6", "Basic x", "Bearer y", ""]),
        "content-encoding": st.sampled_from(["gzip", "identity", "br", ""]),
        "content-type": st.sampled_from(["text/plain", "application/json", "x"]),
        "origin": st.just("https://shop.example"),
    },
)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: Any, new_intake: Any) -> Iterator[Intake]:
    folder: Path = tmp_path_factory.mktemp("garbage")
    with Store(folder / "inbox.db") as store:
        yield new_intake(folder, store)


@given(path=paths, body=bodies, more=headers, packed=st.booleans())
def test_whatever_is_sent_has_an_answer(
    intake: Intake, path: str, body: bytes, more: dict[str, str], *, packed: bool
) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(build_app(intake))  # what the application raises, it raises
        async with httpx.AsyncClient(transport=transport, base_url="http://h.example") as client:
            data = gzip.compress(body) if packed else body
            return await client.post(f"/v1/{path}", content=data, headers=more)

    reply = asyncio.run(ask())
    assert reply.status_code in ANSWERS
    found = reply.json()
    assert found["success"] is (reply.status_code == 200)
    assert reply.status_code == 200 or (found["code"] and found["message"].endswith("."))
