"""The kit passes a plugin that keeps its contract, and finds each fault that is planted in it."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from wharfinger.telemetry import telemetry_of
from wharfinger.testing.spans import recorded

pytest_plugins = ["pytester"]


HERE = Path(__file__).parent
PLUGIN, CONTRACT = (HERE / name for name in ("acme.py", "acme_contract.py"))


@attrs.frozen
class Fault:
    """A fault, made by changing the text of the plugin that has none."""

    name: str
    fails: str
    remedy: str
    changes: tuple[tuple[str, str], ...]


def fault(name, fails, remedy, *changes):
    return Fault(name, fails, remedy, changes)


LOADS = "test_the_plugin_loads"
ONE_OUTCOME = "test_every_payload_has_one_outcome_whatever_the_vendor_does"
AGREES = "test_statuses_agree_with_the_effect_of_an_action"
HEAVY = "test_loading_it_imports_nothing_heavy"
CREDENTIALS = "test_credentials_can_be_tried"
SECRETS = "test_secrets_show_nowhere"
TAKE_LONG = (HEAVY, CREDENTIALS, SECRETS, ONE_OUTCOME)
"""Checks that each fault is not worth; those without fault go through all of them."""
QUICK = (
    *("-p", "pytest_httpx", "-p", "no:cacheprovider", "-p", "no:logging"),
    *("-p", "no:unraisableexception", "--assert=plain"),
)
"""What of pytest sets up, and takes as long as what it is to run; see `run_kit`."""
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

FAULTS = [
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
        "a policy without bytes",
        "test_batches_have_a_policy_that_holds",
        "give the action encode=...",
        ("            encode=encode_note,\n", ""),
        ("batch.bodies", "map(encode_note, batch.payloads)"),
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
        "Retry-After is lost",
        "test_the_wait_that_a_vendor_asks_for_reaches_the_host",
        "retry_after_s=float(header)",
        ("retry_after_s=float(wait) if wait.isdigit() else None", "retry_after_s=None"),
    ),
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
        "a secret that is none",
        "test_people_understand_its_names",
        "annotate it as wharfinger.Secret",
        (
            'wharfinger.field(label="API Key", secret=True)',
            (
                'wharfinger.field(label="API Key", secret=True)\n'
                '    password: str = wharfinger.field(label="Password", default="")'
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
        "hosts of anybody",
        "test_it_declares_hosts_of_its_vendor_only",
        "write the domain out",
        ('hosts=("api.acme.example",)', 'hosts=("*.*.example",)'),
    ),
    fault(
        "something heavy at load",
        HEAVY,
        "import pandas inside the function that needs it",
        ("import orjson\n", "import orjson\nimport pandas\n"),
    ),
    fault(
        "settings that cannot be pickled",
        "test_settings_and_payloads_can_be_pickled",
        "keep locks, clients, open files and lambdas out of them",
        (
            'wharfinger.field(label="API Key", secret=True)',
            (
                'wharfinger.field(label="API Key", secret=True)\n'
                "    def __getstate__(self):\n"
                '        raise TypeError("a lock cannot be pickled")'
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
        "Return delivered for what a reply confirms",
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
        "hosts of anybody, by the settings",
        "test_it_declares_hosts_of_its_vendor_only",
        "write the domain out",
        (
            'hosts=("api.acme.example",)',
            'hosts=("api.acme.example",), hosts_of=lambda settings: ("*.example",)',
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
        "a hook with an argument that does not exist",
        LOADS,
        "mend what the reason names",
        (
            "def wharfinger_batching(action: wharfinger.Action)",
            "def wharfinger_batching(action: wharfinger.Action, mapping)",
        ),
    ),
    fault(
        "a hook that does not exist",
        LOADS,
        'Did you mean "wharfinger_batching"?',
        ("def wharfinger_batching(", "def wharfinger_batches("),
    ),
    fault(
        "a default for a field that does not exist",
        LOADS,
        "default_fields names txt",
        ('"text": {"@path": "$.event"}', '"txt": {"@path": "$.event"}'),
    ),
    fault(
        "a default that looks where no event holds anything",
        MAKES,
        "let default_trigger and default_fields look where",
        ('"text": {"@path": "$.event"}', '"text": {"@path": "$.properties.txt"}'),
    ),
    fault(
        "a trigger that takes no event",
        MAKES,
        "let default_trigger and default_fields look where",
        ("default_trigger='type = \"track\"'", "default_trigger='type = \"trakc\"'"),
    ),
    fault(
        "a default that no schema can hold",
        "test_its_classes_can_be_written_as_json_schema",
        "give defaults and choices that JSON can hold",
        (
            'text: str = wharfinger.field(label="Text")',
            (
                'text: str = wharfinger.field(label="Text")\n'
                '    shade: str | None = wharfinger.field(label="X", default=None, choices=(b"",))'
            ),
        ),
    ),
    fault(
        "two fields of one name for people",
        "test_people_understand_its_names",
        "give each field a label of its own",
        (
            'text: str = wharfinger.field(label="Text")',
            'text: str = wharfinger.field(label="Author")',
        ),
    ),
    fault(
        "a body that differs each time",
        "test_the_same_event_makes_the_same_payload",
        "no clock, no chance, no counter",
        ("import orjson\n", "import itertools\n\nimport orjson\n\nCOUNTER = itertools.count()\n"),
        ('"text": note.text}', '"text": note.text, "number": next(COUNTER)}'),
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


def changed(text, changes):
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import once what else each run within a test would import anew, and forget at its end."""
    with recorded():
        telemetry_of("contract", "acme")


@pytest.fixture
def run_kit(pytester, monkeypatch):
    """Run the kit over a plugin; give what failed, and the output."""
    # A run of its own that sets up all plugins of pytest takes as long as what it is to run.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_kit(text, *options, contract=""):
        pytester.makepyfile(acme=text, acme_contract=contract or CONTRACT.read_text())
        pytester.makepyfile(pandas="")  # stands in for a library that takes long
        pytester.syspathinsert()
        result = pytester.runpytest_inprocess(*QUICK, "-q", "acme_contract.py", *options)
        failed = [report.location[2].rpartition(".")[2] for report in result.reprec.getfailures()]
        return failed, result

    return run_kit


def test_an_example_for_an_action_that_does_not_exist_is_told(run_kit):
    broken = CONTRACT.read_text().replace('"ring-bell": Example', '"ring-the-bell": Example')
    failed, result = run_kit(PLUGIN.read_text(), "-k", "loads", contract=broken)
    assert failed == ["test_the_plugin_loads"]
    result.stdout.fnmatch_lines(["action 'acme/ring-the-bell': no plugin gives it.*"])


def test_a_fault_of_the_test_itself_is_not_blamed_on_the_plugin(run_kit):
    broken = CONTRACT.read_text().replace('note.get("text")', 'note["text"]')
    failed, result = run_kit(PLUGIN.read_text(), "-k", "outcome_whatever", contract=broken)
    assert failed == ["test_every_payload_has_one_outcome_whatever_the_vendor_does"]
    result.stdout.fnmatch_lines(
        ["The test itself is at fault: POST https://api.acme.example/bell * KeyError: 'text'*"]
    )


def test_a_fault_of_the_test_is_not_blamed_on_a_check_of_the_plugin_either(run_kit):
    broken = CONTRACT.read_text().replace("if request.content else []", "")
    failed, result = run_kit(PLUGIN.read_text(), "-k", "credentials_can", contract=broken)
    assert failed == ["test_credentials_can_be_tried"]
    result.stdout.fnmatch_lines(
        ["The test itself is at fault: GET https://api.acme.example/me * JSONDecodeError*"]
    )
    result.stdout.fnmatch_lines(["*let `besides` reply to requests for tokens and look-ups*"])


BESIDES = """
    async def besides(self, request):
        return httpx.Response(200, json={}) if request.url.path == "/token" else None
"""


@pytest.mark.parametrize(
    ("changes", "contract"),
    [
        pytest.param(SIGNS_IN, BESIDES, id="a-token-and-an-async-besides"),
        pytest.param(
            [
                (
                    'wharfinger.field(label="API Key", secret=True)',
                    (
                        'wharfinger.field(label="API Key", secret=True)\n'
                        '    api_key_header: str = wharfinger.field(label="Header", default="X-Key")\n'
                        '    most_tokens: int = wharfinger.field(label="Most Tokens", default=5)\n'
                        "    token_kind: str = wharfinger.field(\n"
                        '        label="Kind of Token", default="a", choices=("a", "b")\n'
                        "    )"
                    ),
                )
            ],
            "",
            id="settings-about-secrets",
        ),
        pytest.param(
            [
                (
                    'hosts=("api.acme.example",)',
                    'hosts_of=lambda settings: ("http://intranet", "api.acme.example")',
                )
            ],
            "",
            id="a-host-of-one-label-that-the-settings-name",
        ),
        pytest.param(
            [
                (
                    'if response.status_code == 200 and verdicts(response, 1) == ["ok"]:',
                    "if response.status_code == 200:",
                )
            ],
            "    status_confirms = ('ring-bell',)\n",
            id="a-status-that-confirms",
        ),
        pytest.param(
            [
                ('found = response.json()["verdicts"]', 'found = response.json()["data"]'),
                (
                    "    match response.status_code:",
                    (
                        '    if response.status_code == 200 and b"errors" in response.content:\n'
                        "        # As GraphQL refuses and throttles: with 200, and the reason inside.\n"
                        '        if b"THROTTLED" in response.content:\n'
                        "            return wharfinger.ThrottledError(\n"
                        '                "Slower.", code="throttled", retry_after_s=6.5\n'
                        "            )\n"
                        '        return wharfinger.RejectedError("No.", code="refused", **facts)\n'
                        "    match response.status_code:"
                    ),
                ),
            ],
            """
    def refuses(self, request):
        return httpx.Response(200, json={"errors": [{"message": "no"}], "data": None})

    def throttles(self, request, retry_after_s):
        return httpx.Response(200, json={"errors": [{"code": "THROTTLED"}], "data": None})
""",
            id="errors-with-the-status-200",
        ),
        pytest.param(
            [
                ("import orjson\n", "import hashlib\nimport hmac\nimport time\n\nimport orjson\n"),
                (
                    'request.headers["Authorization"] = f"Bearer {self._api_key.reveal()}"',
                    (
                        'at = f"{time.time():.6f}"\n'
                        "        signed = at.encode() + request.content\n"
                        "        key = self._api_key.reveal().encode()\n"
                        '        request.headers["X-At"] = at\n'
                        '        request.headers["X-Sig"] = hmac.new(key, signed, hashlib.sha256).hexdigest()'
                    ),
                ),
            ],
            "",
            id="bodies-that-are-signed",
        ),
    ],
)
def test_an_honest_plugin_of_another_kind_passes_wholly(run_kit, changes, contract):
    written = CONTRACT.read_text()
    if "data" in contract:
        written = written.replace('json={"verdicts": verdicts}', 'json={"data": verdicts}')
    failed, result = run_kit(
        changed(PLUGIN.read_text(), changes), "-k", "not heavy", contract=f"{written}{contract}"
    )
    assert failed == [], result.stdout.str()


def test_a_plugin_without_fault_passes_wholly(run_kit):
    failed, result = run_kit(PLUGIN.read_text())
    assert failed == []
    result.assert_outcomes(passed=24)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_planted_fault_fails_its_check_and_no_other_with_what_to_do(run_kit, fault):
    text = changed(PLUGIN.read_text(), fault.changes)
    left_out = " and ".join(f"not {name}" for name in TAKE_LONG if name != fault.fails)
    failed, result = run_kit(text, "-k", left_out)
    assert failed == [fault.fails]
    assert fault.remedy in result.stdout.str()
