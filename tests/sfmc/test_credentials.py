"""Trying the credentials, and what a person reads when they fail."""

from __future__ import annotations

import httpx
import pytest


async def test_credentials_that_work_are_found_to_work(cloud, connect):
    cloud.answers(200, json={"enterprise": {"id": 1}, "organization": {"id": 510001234}})

    async with connect("create-contact") as connection:
        findings = await connection.test()

    assert [(finding.level, finding.subject) for finding in findings] == [
        ("ok", "Credentials"),
        ("ok", "Business unit"),
    ]
    assert cloud.request.url.path == "/platform/v1/tokenContext"


async def test_another_business_unit_is_an_error_that_names_both(cloud, connect):
    cloud.answers(200, json={"organization": {"id": "777"}})

    async with connect("create-contact") as connection:
        *_, finding = await connection.test()

    assert (finding.level, finding.subject) == ("error", "Business unit")
    assert "777" in finding.message
    assert "510001234" in finding.message
    assert '"Account ID"' in finding.fix


@pytest.mark.parametrize("body", [{"json": {}}, {"content": b""}, {"json": {"organization": 7}}])
async def test_a_business_unit_that_is_not_named_is_a_warning(cloud, connect, body):
    cloud.answers(200, **body)

    async with connect("create-contact") as connection:
        *_, finding = await connection.test()

    assert (finding.level, finding.subject) == ("warning", "Business unit")
    assert finding.fix


async def test_credentials_that_are_refused_are_an_error_with_its_fix(cloud, connect):
    cloud.answers_tokens(401, json={"error": "invalid_client", "error_description": "No."})

    async with connect("create-contact") as connection:
        (finding,) = await connection.test()

    assert (finding.level, finding.subject) == ("error", "Credentials")
    assert '"Client Secret"' in finding.fix


async def test_an_address_that_may_not_sign_in_is_told_apart_with_its_own_fix(cloud, connect):
    refusal = "The client's IP address is unauthorized for this account."
    cloud.answers_tokens(401, json={"error": "unauthorized_client", "error_description": refusal})

    async with connect("create-contact") as connection:
        (finding,) = await connection.test()

    assert refusal in finding.message
    assert "allow list" in finding.fix
    assert "allow list" not in finding.message


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 302])
async def test_a_test_that_fails_otherwise_is_an_error_with_its_fix(cloud, connect, status):
    cloud.answers(status)
    cloud.answers(status)

    async with connect("create-contact") as connection:
        (finding,) = await connection.test()

    assert (finding.level, finding.subject) == ("error", "Credentials")
    assert finding.fix


async def test_a_tenant_that_does_not_exist_points_at_the_subdomain(cloud, connect):
    cloud.fails_tokens(httpx.ConnectError("no such host"))

    async with connect("create-contact") as connection:
        (finding,) = await connection.test()

    assert '"Subdomain"' in finding.fix
