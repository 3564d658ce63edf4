"""Faults to plant into the plugin that has none, and the names of the checks that find them."""

from __future__ import annotations

from pathlib import Path

import attrs

HERE = Path(__file__).parent
PLUGIN, CONTRACT = ((HERE / name).read_text() for name in ("acme.py", "acme_contract.py"))

LOADS = "test_the_plugin_loads"
ONE_OUTCOME = "test_every_payload_has_one_outcome_whatever_the_vendor_does"
AGREES = "test_statuses_agree_with_the_effect_of_an_action"
WAITS = "test_the_wait_that_a_vendor_asks_for_reaches_the_host"
REPEATS = "test_another_try_sends_the_same_request"
HEAVY = "test_loading_it_imports_nothing_heavy"
CREDENTIALS = "test_credentials_can_be_tried"
SECRETS = "test_secrets_show_nowhere"
TAKE_LONG = (HEAVY, CREDENTIALS, SECRETS, ONE_OUTCOME)
"""Checks that each fault is not worth; those without fault go through all of them."""
MAKES = "test_defaults_and_examples_make_payloads"
SENDS = 'response = await session.request("POST", f"{URL}/notes", content=body)'
RINGS = 'response = await session.request("POST", f"{URL}/bell", json={"author": ring.author})'
READ = "except (ValueError, LookupError, TypeError, RecursionError):"

SIGNS_IN = (
    ("class ApiKeyAuth(httpx.Auth):", "class ApiKeyAuth(httpx.Auth):\n    token = None\n"),
    (
        'request.headers["Authorization"] = f"Bearer {self._api_key.reveal()}"',
        (
            "if self.token is None:\n"
            "            yield self.ask()\n"
            '            self.token = "made-up-token"\n'
            '        request.headers["Authorization"] = f"Bearer {self.token}"\n'
            "        reply = yield request\n"
            "        if reply.status_code != 401:\n"
            "            return\n"
            "        yield self.ask()\n"
            '        self.token = "made-up-token"'
        ),
    ),
    (
        "async def test_api_key",
        (
            "    def ask(self):\n"
            '        key = {"text": "", "key": self._api_key.reveal()}\n'
            '        return httpx.Request("POST", f"{URL}/token", json=key)\n\n\n'
            "async def test_api_key"
        ),
    ),
)
"""Makes of the plugin without fault one that fetches a token."""


@attrs.frozen
class Fault:
    """A fault, made by changing the text of the plugin that has none."""

    name: str
    fails: str
    remedy: str
    changes: tuple[tuple[str, str], ...]


IN_TROUBLE = (
    *(ONE_OUTCOME, AGREES, WAITS),
    *("test_outcomes_and_errors_can_be_pickled", "test_requests_go_to_the_declared_hosts"),
    *("test_waits_go_by_the_session", REPEATS),
)
"""Checks that try what is sent, which a fault in a record may show in as well."""


def fault(name, fails, remedy, *changes):
    return Fault(name, fails, remedy, changes)


def changed(text, changes):
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text
