"""Faults in what a plugin does: requests, outcomes, state."""

from __future__ import annotations

from tests.core.testing.planting import (
    AGREES,
    CREDENTIALS,
    ONE_OUTCOME,
    READ,
    REPEATS,
    RINGS,
    SENDS,
    SIGNS_IN,
    WAITS,
    fault,
)

ASKED = "retry_after_s=wharfinger.retry_after_s(response)"
READS = (
    "def failure(",
    (
        "def read(response):\n"
        "    try:\n"
        '        return int(response.headers.get("Retry-After", ""))\n'
        "    except ValueError:\n"
        "        return None\n\n\n"
        "def failure("
    ),
)
"""Makes of the plugin without fault one that has a way of its own to read a wait."""


IN_DELIVERIES = [
    fault(
        "an outcome too few",
        ONE_OUTCOME,
        "return one wharfinger.Outcome per payload",
        (
            "return [outcome(each) for each in found]",
            "return [outcome(each) for each in found[1:]]",
        ),
    ),
    fault(
        "None for outcomes",
        ONE_OUTCOME,
        "return one wharfinger.Outcome per payload",
        ("return [outcome(each) for each in found]", "return None"),
    ),
    fault(
        "a reply is read without care",
        ONE_OUTCOME,
        "read replies with care",
        (READ, "except LookupError:"),
    ),
    fault(
        "outcomes in another order",
        "test_a_refused_row_takes_no_other_along",
        "return outcomes in the order of batch.payloads",
        (
            "return [outcome(each) for each in found]",
            "return [outcome(each) for each in sorted(found)]",
        ),
    ),
    fault(
        "rows in another order",
        "test_rows_keep_their_order",
        "send batch.bodies in their order",
        ('b",".join(batch.bodies)', 'b",".join(reversed(batch.bodies))'),
        ("return [outcome(each) for each in found]", "return [outcome(e) for e in found[::-1]]"),
    ),
    fault(
        "rows are kept for later batches",
        "test_requests_carry_their_batch_and_no_more",
        "core makes batches, so keep none back",
        ("async def send_notes(", "KEPT = []\n\n\nasync def send_notes("),
        ('body = b"["', 'KEPT.extend(batch.bodies)\n    body = b"["'),
        ('b",".join(batch.bodies)', 'b",".join(KEPT[-4:])'),
        (
            "found = verdicts(response, len(batch))",
            "found = verdicts(response, len(KEPT[-4:]))\n    found = found and found[-len(batch):]",
        ),
    ),
    fault(
        "credentials that are never refused",
        CREDENTIALS,
        "let the test of Authentication give a Finding with level='error'",
        ('level="ok" if ok else "error"', 'level="ok"'),
    ),
    fault(
        "a check that fails",
        CREDENTIALS,
        "read replies with care, and raise DeliveryErrors only",
        (
            "ok = response.status_code == 200",
            "ok = response.status_code == 200 and bool(response.json())",
        ),
    ),
    fault(
        "an event may happen twice after a timeout",
        AGREES,
        "let session.request's own error through",
        (
            RINGS,
            (
                f"try:\n        {RINGS}\n"
                "    except wharfinger.UnknownError as error:\n"
                '        raise wharfinger.RetryError("Again.", code="again") from error'
            ),
        ),
    ),
    fault(
        "an event may happen twice after a fault of the server",
        AGREES,
        "UnknownError where it is not",
        ("case status if status >= 500 and session.idempotent:", "case status if status >= 500:"),
    ),
    fault(
        "events are lost with refused credentials",
        AGREES,
        "raise CredentialsError for 401",
        ("        case 400:", "        case 400 | 401:"),
    ),
    fault(
        "a refused request goes round for ever",
        AGREES,
        "must not go round for ever",
        ("        case 429 | 503:", "        case 400 | 429 | 503:"),
        ("        case 400:", "        case 499:"),
    ),
    fault(
        "what the vendor forbids goes round for ever",
        AGREES,
        "when the vendor answers 403: with effect",
        ("        case 403:", "        case 0:"),
        ("        case 429 | 503:", "        case 403 | 429 | 503:"),
    ),
    fault(
        "what the vendor does not find goes round for ever",
        AGREES,
        "when the vendor answers 404: with effect",
        ("        case 429 | 503:", "        case 404 | 429 | 503:"),
    ),
    fault(
        "Retry-After is lost",
        WAITS,
        "retry_after_s=wharfinger.retry_after_s(response)",
        (ASKED, "retry_after_s=None"),
    ),
    fault(
        "Retry-After is read as seconds alone",
        WAITS,
        "it reads seconds and dates",
        (ASKED, "retry_after_s=seconds if (seconds := read(response)) and seconds >= 0 else None"),
        READS,
    ),
    fault(
        "Retry-After is read as whatever Python takes for a number",
        WAITS,
        "retry_after_s is -7.",
        (ASKED, "retry_after_s=wharfinger.retry_after_s(response) or read(response)"),
        READS,
    ),
    fault(
        "Retry-After is taken for granted",
        ONE_OUTCOME,
        "when the vendor answers 429 without Retry-After: perform raised KeyError",
        (ASKED, 'retry_after_s=abs(int(response.headers["Retry-After"]))'),
    ),
    fault(
        "Retry-After is taken for seconds",
        ONE_OUTCOME,
        "when the vendor answers 429 with a date in Retry-After: perform raised ValueError",
        (ASKED, 'retry_after_s=abs(int(response.headers.get("Retry-After", 1)))'),
    ),
    fault(
        "a payload that is changed",
        REPEATS,
        "perform changes its batch",
        (
            "(ring,) = batch.payloads",
            '(ring,) = batch.payloads\n    ring.author = f"{ring.author}!"',
        ),
    ),
    fault(
        "a payload that is changed after it was encoded",
        REPEATS,
        "copy what you change",
        ('body = b"["', 'batch.payloads[0].text = "Changed"\n    body = b"["'),
    ),
    fault(
        "a key of chance in the URL",
        REPEATS,
        "send-note, another try, POST /notes: the URL is another one the second time",
        ("import orjson\n", "import uuid\n\nimport orjson\n"),
        ('f"{URL}/notes", content', 'f"{URL}/notes?key={uuid.uuid4()}", content'),
    ),
    fault(
        "a key of the connection in the body",
        REPEATS,
        "send-note, delivered again, POST /notes: the body is another one the second time",
        ("import orjson\n", "import itertools\n\nimport orjson\n\nCOUNTER = itertools.count()\n"),
        ('b"]"', 'b"]" + b" " * session.shared(Keys).number'),
        (
            "async def send_notes(",
            (
                "class Keys:\n"
                "    def __init__(self):\n"
                "        self.number = next(COUNTER)\n\n\n"
                "async def send_notes("
            ),
        ),
    ),
    fault(
        "another host",
        "test_requests_go_to_the_declared_hosts",
        "declare the host in Destination.hosts",
        (
            "found = verdicts(response, len(batch))",
            (
                "found = verdicts(response, len(batch))\n"
                "    if response.status_code == 302:\n"
                '        await session.request("GET", response.headers["Location"])'
            ),
        ),
    ),
    fault(
        "a client of its own",
        "test_requests_go_to_the_declared_hosts",
        "send everything by session.request",
        (
            SENDS,
            (
                f"{SENDS}\n"
                "    async with httpx.AsyncClient() as client:\n"
                '        await client.get("https://metrics.example/")'
            ),
        ),
    ),
    fault(
        "an error that cannot be pickled",
        "test_outcomes_and_errors_can_be_pickled",
        "let an error of your own keep the constructor of DeliveryError",
        (
            "def failure(",
            (
                "class RefusedError(wharfinger.RejectedError):\n"
                "    def __reduce__(self):\n"
                "        return type(self), self.args\n\n\n"
                "def failure("
            ),
        ),
        ('return wharfinger.RejectedError("Acme', 'return RefusedError("Acme'),
    ),
    fault(
        "any body with the status 200 counts as delivered",
        AGREES,
        "With Effect.IDEMPOTENT raise RetryError",
        (
            'if response.status_code == 200 and verdicts(response, 1) == ["ok"]:',
            "if response.status_code == 200:",
        ),
    ),
    fault(
        "what the vendor forbids counts as delivered",
        AGREES,
        "what the vendor forbids is not delivered",
        (
            '["ok"]:\n        return',
            '["ok"] or response.status_code == 403:\n        return',
        ),
    ),
    fault(
        "an action that repeats by itself what must not happen twice",
        AGREES,
        "send a request once and say how it ended",
        (
            RINGS,
            (f"try:\n        {RINGS}\n    except wharfinger.UnknownError:\n        {RINGS}"),
        ),
    ),
    fault(
        "one token for all connections",
        "test_two_connections_share_nothing",
        "keep nothing in modules or classes",
        *SIGNS_IN,
        ("self.token", "ApiKeyAuth.token"),
    ),
    fault(
        "cancellation is swallowed",
        "test_a_delivery_that_is_cancelled_ends",
        "let asyncio.CancelledError through",
        (
            SENDS,
            (
                f"try:\n        {SENDS}\n"
                "    except BaseException as error:\n"
                "        if isinstance(error, wharfinger.WharfingerError):\n"
                "            raise\n"
                '        raise wharfinger.RetryError("Again.", code="again") from error'
            ),
        ),
    ),
    fault(
        "the loop is blocked",
        "test_waits_go_by_the_session",
        "use `await session.wait(seconds)`",
        ('body = b"["', 'import time\n\n    time.sleep(5)\n    body = b"["'),
    ),
    *(
        fault(
            f"a wait in a thread, by {name}",
            "test_waits_go_by_the_session",
            "use `await session.wait(seconds)`",
            (
                'body = b"["',
                f'import asyncio\n    import time\n\n    await {waits}\n    body = b"["',
            ),
        )
        for name, waits in {
            "to_thread": "asyncio.to_thread(time.sleep, 30)",
            "an executor": "asyncio.get_running_loop().run_in_executor(None, time.sleep, 30)",
        }.items()
    ),
    fault(
        "one account for all connections",
        "test_two_connections_share_nothing",
        "keep nothing in modules or classes",
        ("class ApiKeyAuth(httpx.Auth):", "class ApiKeyAuth(httpx.Auth):\n    keys = []\n"),
        ("self._api_key = settings.api_key", "self.keys.append(settings.api_key)"),
        ("self._api_key.reveal()", "self.keys[-1].reveal()"),
    ),
    fault(
        "a preview that needs an answer",
        "test_a_preview_shows_the_requests_and_sends_none",
        "look nothing up and make the request",
        (
            'body = b"["',
            (
                "if session.previewing:\n"
                '        raise wharfinger.RejectedError("Not now.", code="previewing")\n'
                '    body = b"["'
            ),
        ),
    ),
    fault(
        "delivered without sending",
        "test_what_the_vendor_accepts_is_delivered",
        "return delivered for what the vendor confirmed",
        (
            'body = b"["',
            (
                "if not session.previewing:\n"
                "        return [wharfinger.Outcome.delivered()] * len(batch)\n"
                '    body = b"["'
            ),
        ),
    ),
]
