from __future__ import annotations

import pytest

from wharfinger import Secret
from wharfinger_host.measuring.page import Door

TOKEN = "a-token-of-32-characters-or-more"


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {"host": "localhost:8080"}, None),
        ("127.0.0.1", {"host": "127.0.0.1:8080"}, None),
        ("::1", {"host": "[::1]:8080"}, None),
        ("10.0.0.7", {"host": "10.0.0.1:8080"}, 403),
        ("", {"host": "localhost"}, 403),
        ("127.0.0.1", {"host": "rebound.example"}, 403),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "10.0.0.7"}, 403),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=10.0.0.7"}, 403),
    ],
)
def test_without_a_token_only_this_machine_reads_metrics(client, headers, status):
    refusal = Door(None).refusal(client, headers)
    assert (refusal and refusal.status_code) == status


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", None),
        (f"bearer {TOKEN}", None),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("", 401),
    ],
)
def test_with_a_token_whoever_has_it_reads_them_from_anywhere(authorization, status):
    headers = {"host": "metrics.example", "x-forwarded-for": "10.0.0.7"}
    if authorization:
        headers["authorization"] = authorization
    refusal = Door(Secret(TOKEN)).refusal("10.0.0.7", headers)
    assert (refusal and refusal.status_code) == status
    if refusal is not None:
        assert refusal.headers["www-authenticate"] == "Bearer"
