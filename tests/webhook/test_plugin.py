"""What the plugin gives, as hosts see it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import wharfinger

FOLDER = Path(__file__).parents[2] / "contrib/webhook"


def test_it_gives_a_destination_and_two_actions(plugins):
    (status,) = [each for each in plugins.report.plugins if each.name == "wharfinger_webhook"]
    assert status.state == "loaded", status.reason
    assert status.provides == (
        "destination webhook",
        "action webhook/send-event",
        "action webhook/send-batch",
    )


def test_its_entry_point_is_its_slug():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["wharfinger"] == {"webhook": "wharfinger_webhook"}


def test_everything_that_lets_one_in_is_a_secret(plugins):
    fields = wharfinger.fields_of(plugins.settings("webhook").schema)
    assert [field.name for field in fields if field.secret] == [
        "secret_headers",
        "password",
        "token",
        "api_key",
        "signing_secret",
        "previous_signing_secret",
    ]


def test_it_answers_for_its_own_actions_only(plugins):
    actions = plugins.actions("webhook")
    assert isinstance(plugins.batching(actions["send-event"], None), wharfinger.Unbatched)
    assert plugins.batching(actions["send-batch"], None).rows == 100


def test_an_endpoint_that_nobody_can_trust_is_a_warning_only(connect):
    assert [finding.subject for finding in connect().warnings] == ["Signing Secret"]
    assert connect(authentication="bearer", token="t-0123456").warnings == ()


def test_connections_to_one_endpoint_share_its_pauses(plugins, connect):
    tenant = plugins.destination("webhook").tenant
    one, other = connect().settings, connect(url="https://hooks.shop.example/other").settings
    assert tenant(one) == tenant(connect().settings)
    assert tenant(one) != tenant(other)
