"""Faults that let a secret out."""

from __future__ import annotations

from tests.core.testing.planting import SECRETS, fault


def leak(statement, imports):
    """Let the plugin without fault do something with the key before it sends."""
    secret = statement.replace("KEY", "session.settings.api_key.reveal()")
    return 'body = b"["', f'import {imports}\n\n    {secret}\n    body = b"["'


IN_SECRETS = [
    fault(
        "the vendor's words are not redacted",
        SECRETS,
        "take the vendor's words through session.redact",
        ("session.redact(response.text[:500])", "response.text[:500]"),
    ),
    fault(
        "a secret in the log",
        SECRETS,
        "call reveal() only where the value goes onto the wire",
        (
            'body = b"["',
            (
                "import logging\n\n"
                '    logging.getLogger("acme").info("key %s", session.settings.api_key.reveal())\n'
                '    body = b"["'
            ),
        ),
    ),
    fault(
        "a secret in a warning",
        SECRETS,
        "stands in a warning.",
        leak('warnings.warn(f"key {KEY}")', imports="warnings"),
    ),
    fault(
        "a secret that is written past the streams of Python",
        SECRETS,
        "stands in what is printed.",
        leak("os.write(2, KEY.encode())", imports="os"),
    ),
    fault(
        "a secret in what a log line carries besides",
        SECRETS,
        "stands in the log of acme.",
        leak('logging.getLogger("acme").info("sent", extra={"key": KEY})', imports="logging"),
    ),
    fault(
        "a secret in what an error was raised from",
        SECRETS,
        "stands in what a UnknownError was raised from.",
        (
            "        raise failure(session, response)\n    return [",
            (
                "        why = ValueError(session.settings.api_key.reveal())\n"
                "        raise failure(session, response) from why\n    return ["
            ),
        ),
    ),
    *(
        fault(
            f"a secret in Base64 after {before} others",
            SECRETS,
            "stands in what is printed.",
            leak(f'print(base64.b64encode(f"{"x" * before}{{KEY}}y".encode()))', imports="base64"),
        )
        for before in (3, 4, 5)
    ),
]
