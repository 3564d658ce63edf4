"""Who is let in, and how a browser is told to treat what it gets."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from wharfinger_host.dashboard.guard import host_of, refusal

PAGES = ["/", "/connections/main", "/letters", "/letters/1", "/letters/replay", "/trace"]
PAGES += ["/workbench", "/replays/1"]
FORMS = ["/sign-out", "/letters/replay", "/workbench", "/workbench/difference", "/workbench/save"]
SCRIPTED = ["/workbench/explain", "/workbench/choices"]


@pytest.mark.parametrize(
    "path", [*PAGES, "/sign-in", "/static/style.css", "/nothing", "/letters/x"]
)
def test_every_reply_is_kept_nowhere_and_lets_nothing_foreign_in(used, show, path: str) -> None:
    reply = show().client.get(f"/dashboard{path}")
    assert reply.headers["cache-control"] == "no-store"
    policy = dict(
        part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";")
    )
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert (policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("host", "names", "ok"),
    [
        ("localhost:8080", (), True),
        ("127.0.0.1:8080", (), True),
        ("[::1]:8080", (), True),
        ("a.localhost", (), True),
        ("evil.example", (), False),
        ("evil.example:8080", (), False),
        ("localhost.evil.example", (), False),
        ("127.0.0.1.evil.example", (), False),
        ("", (), False),
        ("localhost:8080:8080", (), False),
        ("Dash.Example", ("dash.example",), True),
        ("dash.example.evil.example", ("dash.example",), False),
    ],
)
def test_only_names_that_no_stranger_can_own_are_answered(host, names, ok) -> None:
    assert (refusal("GET", {"host": host}, names) == "") is ok


def test_the_name_of_a_stranger_is_refused_on_the_socket_and_ours_is_not(used, show) -> None:
    shown = show(names=("Dash.Example",))
    for host, status in (("evil.example", 403), ("dash.example", 200)):
        reply = shown.client.get("/dashboard/", headers={"Host": host})
        assert reply.status_code == status
    assert host_of("evil.example") == "evil.example"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "Via"])
def test_without_a_token_nothing_is_shown_by_way_of_a_proxy(used, show, token, header) -> None:
    reply = show().client.get("/dashboard/", headers={header: "10.0.0.7"})
    assert reply.status_code == 403
    assert "--dashboard-token" in reply.text
    assert show(token).client.get("/dashboard/", headers={header: "10.0.0.7"}).status_code == 303


def test_a_request_without_a_host_is_refused(used, show) -> None:
    address = httpx.URL(show().url)
    with socket.create_connection((address.host, address.port or 0)) as raw:
        raw.sendall(b"GET /dashboard/ HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.recv(64)


@pytest.mark.parametrize("path", FORMS + SCRIPTED)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_foreign_page_can_send_nothing(used, show, token, path: str, headers: Any) -> None:
    shown = show(token)
    shown.sign_in()
    proof = shown.desk.access.proof(shown.client.cookies["wharfinger_dashboard"], path)
    reply = shown.client.post(f"/dashboard{path}", data={"proof": proof}, headers=headers)
    assert reply.status_code == 403
    assert "Another page" in reply.text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("proof", [None, "", "0" * 64, "ä"])
def test_a_form_without_its_proof_is_refused(used, show, token, path: str, proof) -> None:
    shown = show(token)
    shown.sign_in()
    data = {} if proof is None else {"proof": proof}
    reply = shown.client.post(f"/dashboard{path}", data=data)
    assert reply.status_code == 403
    assert "too old" in reply.text
    assert used.vendor.bodies("/notes")[3:] == []


@pytest.mark.parametrize("path", SCRIPTED)
def test_a_script_without_its_proof_is_refused(used, show, token, path: str) -> None:
    shown = show(token)
    shown.sign_in()
    assert shown.client.post(f"/dashboard{path}", json={"proof": 7}).status_code == 403
    assert shown.client.post(f"/dashboard{path}", data={"a": "b"}).status_code == 415
    for body in (b"{", b"[]"):
        headers = {"Content-Type": "application/json"}
        reply = shown.client.post(f"/dashboard{path}", content=body, headers=headers)
        assert reply.status_code == 400


@pytest.mark.parametrize("path", ["/letters/replay", "/workbench/difference", "/workbench/save"])
def test_without_a_token_nothing_can_be_changed(used, show, path: str) -> None:
    shown = show()
    before = used.config.read_text()
    proof = shown.desk.access.proof("", f"/dashboard{path}")
    reply = shown.client.post(f"/dashboard{path}", data={"proof": proof, "connection": "main"})
    assert reply.status_code == 403
    assert "read-only" in reply.text
    assert used.config.read_text() == before
    assert shown.reloads == []


def test_without_a_token_the_tenant_is_not_asked(used, show) -> None:
    shown = show()
    proof = shown.desk.access.proof("", "/dashboard/workbench/choices")
    reply = shown.client.post("/dashboard/workbench/choices", json={"proof": proof})
    assert reply.status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_with_a_token_nothing_is_shown_to_who_has_not_signed_in(
    used, show, token, path: str
) -> None:
    shown = show(token)
    reply = shown.client.get(f"/dashboard{path}?contact=u1")
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/dashboard/sign-in?next=%2Fdashboard%2F")
    assert reply.content == b""
    assert shown.client.post(f"/dashboard{path}").status_code == 401
    forged = shown.client.get(
        f"/dashboard{path}", headers={"Cookie": "wharfinger_dashboard=; wharfinger_dashboard=x"}
    )
    assert forged.status_code == 303


def test_signing_in_leads_to_what_was_wanted_with_a_cookie_no_script_sees(
    used, show, token
) -> None:
    shown = show(token)
    wrong = shown.sign_in("wrong-wrong-wrong-wrong")
    assert wrong.status_code == 403
    assert "set-cookie" not in wrong.headers
    form = {"token": token, "next": "/dashboard/trace?contact=u1"}
    reply = shown.send("/sign-in", form, "/sign-in")
    assert (reply.status_code, reply.headers["location"]) == (303, "/dashboard/trace?contact=u1")
    cookie = reply.headers["set-cookie"].lower()
    for word in ("httponly", "samesite=strict", "path=/dashboard", "max-age="):
        assert word in cookie
    assert token not in cookie
    assert shown.client.get("/dashboard/").status_code == 200
    assert shown.client.get("/dashboard/sign-in").status_code == 303
    shown.send("/sign-out", {}, "/")
    assert shown.client.get("/dashboard/").status_code == 303


def test_behind_tls_the_cookie_is_for_tls_alone(used, show, token) -> None:
    shown = show(token)
    data = {"token": token, "proof": shown.proof("/sign-in", "/sign-in")}
    headers = {"X-Forwarded-Proto": "https"}
    reply = shown.client.post("/dashboard/sign-in", data=data, headers=headers)
    assert "; secure" in reply.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/dashboard/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/dashboard/\\..",
        "/dashboard/\r\nSet-Cookie: a=b",
        "/v1/track",
        "",
        "http:///dashboard/",
    ],
)
def test_signing_in_leads_nowhere_else(used, show, token, wanted: str) -> None:
    reply = show(token).send("/sign-in", {"token": token, "next": wanted}, "/sign-in")
    assert reply.headers["location"] == "/dashboard/"


def test_too_many_wrong_tokens_have_to_wait(used, show, token) -> None:
    shown = show(token)
    assert {shown.sign_in("w").status_code for _ in range(10)} == {403}
    assert shown.sign_in().status_code == 429


def test_a_body_that_is_too_large_is_refused(used, show) -> None:
    data = {"event": "x" * (4 * 1024 * 1024)}
    assert show().client.post("/dashboard/workbench", data=data).status_code == 413


def test_a_form_with_too_many_fields_or_of_other_bytes_is_refused(used, show) -> None:
    shown = show()
    for body in (b"&".join(b"a=b" for _ in range(200)), b"a=%ff", b"\xff=1"):
        assert shown.client.post("/dashboard/workbench", content=body).status_code == 400


def test_the_root_leads_to_the_dashboard_and_events_are_taken_as_ever(used, show) -> None:
    shown = show()
    for path in ("/", "/dashboard"):
        reply = shown.client.get(path)
        assert (reply.status_code, reply.headers["location"]) == (307, "/dashboard/")
    event = {"userId": "u9", "event": "A"}
    reply = shown.client.post("/v1/track", json=event, auth=("website-key", ""))
    assert reply.status_code == 200
    assert shown.client.get("/dashboardx").status_code == 404
