"""The floor: decode, map by hand, encode, post over bare asyncio streams. Nothing is checked.

It does no more than what cannot be left out, so nothing in Python that does the same can be much
faster: no trigger, no validation, no order, no retry, no account limits, no receipts.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from typing import Any

import orjson
from tests.bench.whole_path.mapping import REST_HOST, ROWSET_PATH, row_by_hand
from tests.bench.whole_path.measure import Job, Meter, tell, timed

MOST_ROWS = 50
"""Most rows of one request; wharfinger sends no more in one, so the floor does neither."""


class Post:
    """One kept-alive connection that posts a body and reads the reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, job: Job) -> Post:
        context = ssl.create_default_context() if job.tls else None
        return cls(*await asyncio.open_connection("127.0.0.1", job.port, ssl=context))

    async def send(self, body: bytes) -> bool:
        """Post; tell whether the sink took it."""
        head = (
            f"POST {ROWSET_PATH} HTTP/1.1\r\nHost: {REST_HOST}\r\nAuthorization: Bearer t\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        await self._writer.drain()
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lowered = answer.lower()
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await self._reader.readexactly(length)
        return answer.startswith(b"HTTP/1.1 200")

    def close(self) -> None:
        self._writer.close()


async def measure(job: Job) -> dict[str, Any]:
    """Measure the floor."""
    posts = [await Post.connect(job) for _ in range(job.inflight)]
    chunks = job.chunks()

    async def work(meter: Meter, until: float) -> None:
        await asyncio.gather(*(_lane(post, chunks, meter, until) for post in posts))

    figures = await timed(job, work)
    for post in posts:
        post.close()
    return figures


async def _lane(post: Post, chunks: Iterator[list[bytes]], meter: Meter, until: float) -> None:
    due = True
    while due:
        lines = next(chunks)
        for start in range(0, len(lines), MOST_ROWS):
            part = lines[start : start + MOST_ROWS]
            body = orjson.dumps([row_by_hand(orjson.loads(line)) for line in part])
            if await post.send(body):
                meter.done += len(part)
            else:
                meter.failed += len(part)
        due = time.perf_counter() < until


if __name__ == "__main__":
    tell(asyncio.run(measure(Job.given())))
