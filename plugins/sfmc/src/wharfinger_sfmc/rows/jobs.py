"""Upserting rows asynchronously: submit, wait, read what became of each row.

This is the only bulk write of SFMC that tells of every row by itself. A job's rows are

==================================  ===============================================================
What SFMC says                      What becomes of the rows
==================================  ===============================================================
the job is over without errors      All are stored; no results are read.
the job is over with errors         All pages of results are read; they stand in the order of the
                                    rows. ``OK``: stored. A message that ends in
                                    ``Rerun the transaction.``: ``retry`` with ``deadlocked``. Any
                                    other error: ``rejected`` with SFMC's words.
more or fewer results than rows,    ``retry`` with ``results-incomplete``: the job is over, and
or the job itself failed            upserting again is harmless.
no such job                         Not ready yet: asked again.
pending, executing, 429, 5xx, no    Asked again, after growing waits or the wait SFMC asks for.
answer, an answer nobody can read
nothing else until the deadline     ``unknown`` with ``job-unfinished``; the outcome's request id
                                    names the job.
==================================  ===============================================================

Right after a submit, and under load, the status of a good job is missing (seen in production by
clients); nothing tells it from a job that never was. A job whose submit got no answer, or that was
given up at its deadline, may still store its rows later, over newer values that arrived meanwhile:
in which order SFMC takes jobs is not documented.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, TypeVar

import attrs

import wharfinger
from wharfinger_sfmc.api.calls import Api, DataExtension
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.api.replies import Reply, bounded, folded
from wharfinger_sfmc.errors import (
    ROW_REFUSED,
    TOO_LARGE,
    Call,
    Topic,
    failure,
    leaves_doubt,
    sentence,
)
from wharfinger_sfmc.permissions import READ_ROWS, WRITE_ROWS, words
from wharfinger_sfmc.rows.rowsets import no_evidence
from wharfinger_sfmc.rows.sizes import Size
from wharfinger_sfmc.values.columns import fold, truth
from wharfinger_sfmc.values.conversion import Row

__all__ = ["Jobs"]

_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
_LONGEST_PAUSE_S: Final = 30.0
_OVER: Final = frozenset({"complete", "completed", "error"})
_DEADLOCK_ENDING: Final = "Rerun the transaction."
_INCOMPLETE: Final = "results-incomplete"

_Answer = TypeVar("_Answer")


@attrs.frozen(kw_only=True)
class _Page:
    """One page of results.

    Attributes:
        items: One per row, in the order of the rows.
        count: How many there are on all pages; None where SFMC does not say.
    """

    items: Sequence[Any]
    count: int | None


class Jobs:
    """The asynchronous way to one data extension.

    Args:
        session: The way to the account.
        target: Where the rows go.
        subject: It, in the words of errors.
        size: How much travels in one request.
        deadline_s: Seconds after a submit at which a job that is not over is given up.

    Attributes:
        size: As given.
        doubts: Rows that a job may have stored, although nothing says so.
    """

    def __init__(
        self,
        session: wharfinger.Session,
        target: DataExtension,
        subject: str,
        size: Size,
        *,
        deadline_s: float,
    ) -> None:
        self.size = size
        self.doubts: set[bytes] = set()
        self._session = session
        self._api = Api(session)
        self._target = target
        self._submitting = Call(topic=Topic.ROWS, subject=subject, permissions=words(WRITE_ROWS))
        self._reading = Call(topic=Topic.JOB, subject=subject, permissions=words(READ_ROWS))
        self._deadline_s = deadline_s

    def encode(self, row: Row) -> bytes:
        """Return a row as one flat object; a key that is repeated in the values counts once."""
        keys = set(map(fold, row.keys))
        values = {name: value for name, value in row.values.items() if fold(name) not in keys}
        return to_json({**row.keys, **values}, {})

    async def store(self, rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        """Store rows as one job.

        Returns:
            One outcome per row; for fewer rows, from the front, where SFMC found all of them too
            large for one job.
        """
        while True:
            part = rows[: self.size.fitting(rows)]
            try:
                job = await self._submit(part)
            except wharfinger.DeliveryError as error:
                if error.code == TOO_LARGE and len(part) > 1:
                    continue
                if leaves_doubt(error):
                    self.doubts.update(part)
                return [wharfinger.Outcome.of(error)] * len(part)
            try:
                outcomes = await self._outcomes(job, len(part))
            except wharfinger.DeliveryError as error:
                outcomes = [wharfinger.Outcome.of(error)] * len(part)
            told = zip(part, outcomes, strict=True)
            self.doubts.update(row for row, outcome in told if outcome.code == _INCOMPLETE)
            return outcomes

    async def _submit(self, rows: Sequence[bytes]) -> str:
        """Queue rows and return SFMC's name for the job."""
        request = self._api.submit_rows(self._target, rows)
        reply = await self.size.watch(request, rows)
        job = reply.fields.get("requestid")
        if not reply.accepted:
            raise self._refusal(failure(reply, self._submitting), len(rows))
        if not isinstance(job, str) or not job.strip():
            raise no_evidence(reply, self._submitting)
        return job

    def _refusal(self, error: wharfinger.DeliveryError, rows: int) -> wharfinger.DeliveryError:
        """Return what a refused submit means: no single row is to blame for many."""
        is_about_one = rows == 1 or error.code == TOO_LARGE
        if is_about_one or not isinstance(error, wharfinger.RejectedError):
            return error
        return wharfinger.HaltedError(
            f"SFMC refused {rows:,} rows for {self._submitting.subject} at once: "
            f"{sentence(error.vendor_message)} Compare the mapping with the columns, or choose "
            '"sync" as API, which finds the row that is at fault.',
            code="request-refused",
            vendor_message=error.vendor_message,
            http_status=error.http_status,
            request_id=error.request_id,
        )

    async def _outcomes(self, job: str, count: int) -> list[wharfinger.Outcome]:
        """Wait for a job and say what became of each of its rows."""
        ends_at = self._session.now() + self._deadline_s
        await self._session.wait(_PAUSES_S[0])
        status = await self._ask(partial(self._end, job), ends_at)
        if status is None:
            raise self._unfinished(job)
        if _word(status, "requeststatus") == "error":
            raise _incomplete(job, "the job failed as a whole")
        if _word(status, "resultstatus") == "ok" and not truth(status.get("haserrors")):
            return [_stored(job)] * count
        items = await self._items(job, count, ends_at)
        return self._verdicts(job, items)

    async def _ask(
        self, question: Callable[[], Awaitable[_Answer | None]], ends_at: float
    ) -> _Answer | None:
        """Ask until there is an answer, through whatever passes; None where time is up."""
        for pause_s in chain(_PAUSES_S, repeat(_LONGEST_PAUSE_S)):
            wait_s = pause_s
            try:
                if (answer := await question()) is not None:
                    return answer
            except wharfinger.RetryError as error:
                wait_s = max(pause_s, error.retry_after_s or 0.0)
            left_s = ends_at - self._session.now()
            if left_s <= 0:
                break
            await self._session.wait(min(wait_s, left_s))
        return None

    async def _end(self, job: str) -> Mapping[str, Any] | None:
        """Return the status of a job that is over; None where it is not, as far as is known."""
        reply = await self._api.job_status(job)
        status = reply.fields.get("status")
        if isinstance(status, dict):
            status = folded(status)
            return status if _word(status, "requeststatus") in _OVER else None
        self._check(reply)
        return None

    async def _items(self, job: str, count: int, ends_at: float) -> list[Any]:
        """Read all pages of results; they must be as many as the rows."""
        items: list[Any] = []
        page = 1
        while len(items) < count:
            found = await self._ask(partial(self._page, job, page), ends_at)
            if found is None:
                raise _incomplete(job, "its results cannot be read")
            if found.count not in (None, count) or not found.items:
                break
            items += found.items
            page += 1
        if len(items) != count:
            raise _incomplete(job, f"it has other than {count:,} results for {count:,} rows")
        return items

    async def _page(self, job: str, page: int) -> _Page | None:
        """Read one page of results; None where they are not there yet."""
        reply = await self._api.job_results(job, page)
        items = reply.fields.get("items")
        if isinstance(items, list):
            # A page that was not asked for would count its rows twice. Only the first one need not
            # say which it is.
            number = reply.number("page")
            is_asked = number == page or (page == 1 and number is None)
            return _Page(items=items if is_asked else [], count=reply.number("count"))
        self._check(reply)
        return None

    def _check(self, reply: Reply) -> None:
        """Raise what a refusal to answer means; that there is no answer yet is a `RetryError`."""
        if reply.accepted:
            return
        error = failure(reply, self._reading)
        if isinstance(error, wharfinger.RejectedError):
            # Whatever is wrong with a question, it says nothing about rows.
            raise wharfinger.RetryError(error.message, code=error.code, http_status=reply.status)
        raise error

    def _verdicts(self, job: str, items: Sequence[Any]) -> list[wharfinger.Outcome]:
        stored = _stored(job)
        return [self._verdict(job, item) or stored for item in items]

    def _verdict(self, job: str, item: Any) -> wharfinger.Outcome | None:
        """Return why a row is not stored; None where it is."""
        entry = folded(item) if isinstance(item, dict) else {}
        # Older documents put an error one level deeper.
        if isinstance(nested := entry.get("resultmessage"), dict):
            entry = folded(nested)
        status = _word(entry, "status")
        if status == "ok":
            return None
        if status != "error":
            return wharfinger.Outcome.of(_incomplete(job, "it has a result nobody can read"))
        spoken = bounded(self._session.redact(_spoken(entry)))
        facts: dict[str, Any] = {"vendor_message": spoken, "http_status": 200, "request_id": job}
        if str(entry.get("message")).strip().endswith(_DEADLOCK_ENDING):
            message = "The row lost against another write of SFMC. It can be sent again as it is."
            return wharfinger.Outcome.of(wharfinger.RetryError(message, code="deadlocked", **facts))
        message = (
            f"SFMC refused this row of {self._reading.subject}: {sentence(spoken)} "
            "Compare its values with the columns."
        )
        return wharfinger.Outcome.of(wharfinger.RejectedError(message, code=ROW_REFUSED, **facts))

    def _unfinished(self, job: str) -> wharfinger.UnknownError:
        return wharfinger.UnknownError(
            f"SFMC accepted the rows as the job {job} and had not finished it after "
            f'{self._deadline_s:,.0f} seconds ("Job Deadline"), so nobody knows whether they are '
            f"stored. Ask GET /data/v1/async/{job}/status and .../results, or look into "
            f"{self._reading.subject}. Once the job is over, sending the rows again is harmless.",
            code="job-unfinished",
            request_id=job,
        )


def _stored(job: str) -> wharfinger.Outcome:
    return wharfinger.Outcome.delivered(http_status=200, request_id=job)


def _incomplete(job: str, reason: str) -> wharfinger.RetryError:
    return wharfinger.RetryError(
        f"The job {job} of SFMC is over, but {reason}, so nobody knows which rows are stored. "
        "Sending them again is harmless.",
        code=_INCOMPLETE,
        request_id=job,
    )


def _word(entry: Mapping[str, Any], name: str) -> str:
    return str(entry.get(name)).strip().lower()


def _spoken(entry: Mapping[str, Any]) -> str:
    """What SFMC said about the columns of a row, or else about the row."""
    errors = entry.get("errors")
    about_columns = (
        folded(error).get("errormessage")
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict)
    )
    texts = [text.strip() for text in about_columns if isinstance(text, str) and text.strip()]
    message = entry.get("message")
    return "; ".join(texts) or (message.strip() if isinstance(message, str) else "")
