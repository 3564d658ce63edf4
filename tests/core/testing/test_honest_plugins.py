"""The kit leaves plugins in peace that keep their contract in a way of their own."""

from __future__ import annotations

import pytest
from tests.core.testing.planting import CONTRACT, PLUGIN, SIGNS_IN, changed

pytest_plugins = ["pytester"]

BESIDES = """
    async def besides(self, request):
        return httpx.Response(200, json={}) if request.url.path == "/token" else None
"""


def test_an_example_without_events_gets_some_made_up_that_fit_its_fields(run_kit):
    fields = '{"author": {"@path": "$.userId"}, "text": {"@path": "$.messageId"}}'
    without = f"\n\nTestAcme.examples = {{'send-note': Example(fields={fields})}}\n"
    failed, result = run_kit(PLUGIN, "-k", "not heavy", contract=CONTRACT + without)
    assert failed == [], result.stdout.str()


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
                        '    api_key_header: str = wharfinger.field(label="X", default="X-Key")\n'
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
                        "        made = hmac.digest(key, signed, hashlib.sha256).hex()\n"
                        '        request.headers["X-Signature"] = made'
                    ),
                ),
            ],
            "",
            id="bodies-that-are-signed",
        ),
    ],
)
def test_an_honest_plugin_of_another_kind_passes_wholly(run_kit, changes, contract):
    written = CONTRACT
    if "data" in contract:
        written = written.replace('json={"verdicts": verdicts}', 'json={"data": verdicts}')
    failed, result = run_kit(
        changed(PLUGIN, changes), "-k", "not heavy", contract=f"{written}{contract}"
    )
    assert failed == [], result.stdout.str()
