"""Every page: whole, without scripts of its own in it, and whatever it shows is text."""

from __future__ import annotations

import re
from importlib import resources
from typing import Any
from urllib.parse import quote

import pytest

from wharfinger_host.dashboard.history import STATUSES

PAGES = [
    "/",
    "/?window=24h",
    "/?window=7d",
    "/?window=nonsense",
    "/connections/main",
    "/letters",
    "/letters?connection=main&mapping=notes&status=rejected&code=acme-refused",
    "/letters?ids=1,nonsense,999999999999999999999999",
    "/letters/1",
    "/letters/replay",
    "/letters/replay?ids=1&unknown=yes",
    "/trace",
    "/trace?contact=u2",
    "/trace?message_id=m-2",
    "/trace?contact=nobody",
    "/workbench",
    "/workbench?connection=main&mapping=rows",
    "/workbench?connection=main&mapping=notes&letter=1",
    "/workbench?connection=nothing&mapping=nothing",
    "/workbench?connection=main&mapping=more&action=put-rows",
    "/workbench?connection=main&mapping=more&action=nothing",
    "/workbench?message_id=m-2",
    "/workbench/new",
    "/workbench/new?connection=nothing",
    "/sign-in",
]
NASTY = "<script>alert('x')</script>\"&'`${7*7}{{7*7}}</textarea></pre>\u202eä日本\x00\x1b[31m"


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_well_formed_and_can_be_found_ones_way_in(used, show, path: str) -> None:
    page = show().page(path)
    assert page.open == []
    assert [each["lang"] for each in page.all("html")] == ["en"]
    for landmark in ("header", "main", "footer", "h1"):
        assert len(page.all(landmark)) == 1
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in each for each in page.all("th"))
    assert all("aria-label" in each for each in page.all("nav"))
    assert all("role" in each and "aria-label" in each for each in page.all("svg"))
    assert all("alt" in each for each in page.all("img"))
    labels = {each["for"] for each in page.all("label")}
    inputs = [each for each in page.all("input", "textarea", "select") if _is_seen(each)]
    assert {each["id"] for each in inputs} == labels
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert sorted(ids) == sorted(set(ids))
    for _, each in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "aria-controls"):
            assert (each.get(name) or ids[0]) in ids


def _is_seen(attributes: dict[str, Any]) -> bool:
    return attributes.get("type") != "hidden" and "hidden" not in attributes


@pytest.mark.parametrize("path", PAGES)
def test_each_page_brings_no_script_or_style_and_asks_nobody_else(used, show, path: str) -> None:
    shown = show()
    page, routes = shown.page(path), shown.desk.routes().values()
    assert not page.all("style", "iframe", "object", "embed", "base")
    assert all(
        re.fullmatch(r"/dashboard/static/\w+\.js", each["src"]) for each in page.all("script")
    )
    for tag, each in page.elements:
        assert not [name for name in each if name.startswith("on") or name == "style"], tag
        for name in ("href", "src", "action", "formaction"):
            there = each.get(name) or ""
            is_route = tag == "a" and there in routes and each["rel"] == "noreferrer"
            assert is_route or re.match(r"/dashboard(/|$)|#|\?|$", there), each


@pytest.mark.parametrize("path", PAGES)
def test_a_page_leads_to_pages_there_are(used, show, path: str) -> None:
    shown = show()
    links = {each["href"] for each in shown.page(path).all("a", "link")}
    for link in links:
        if link.startswith("/"):
            assert shown.client.get(link).status_code in (200, 303), link


@pytest.mark.parametrize("path", [page for page in PAGES if page != "/letters/1"])
def test_a_page_over_an_empty_inbox_is_shown_too(host, show, path: str) -> None:
    shown = show()
    assert shown.page(path).open == []
    assert shown.client.get("/dashboard/letters/1").status_code == 404


@pytest.fixture
def nasty(host) -> Any:
    """A host whose events, names and vendor are as unkind as can be."""
    text = NASTY.replace("\x00", "")
    host.vendor.reply = lambda _: (422, text)
    events: list[dict[str, Any]] = [
        {"type": "track", "userId": text, "messageId": text, "properties": {text: text}},
        {"type": "track", "userId": "big", "properties": {"text": "x" * 3_000_000}},
        {"type": NASTY, "userId": "odd", "event": ["<b>"], "properties": None},
    ]
    for event in events:  # one by one, so that their letters have these numbers
        host.deliver(event)
    return host


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/letters",
        "/letters?code=acme-refused",
        "/letters/1",
        "/letters/2",
        "/letters/replay",
        "/workbench?connection=main&mapping=notes&letter=1",
        "/trace?contact=odd",
        f"/trace?contact={quote(NASTY.replace(chr(0), ''))}",
        f"/trace?message_id={quote(NASTY)}",
        f"/workbench?connection={quote(NASTY)}&mapping={quote(NASTY)}",
        f"/letters?connection={quote(NASTY)}&contact={quote(NASTY)}",
    ],
)
def test_what_comes_from_outside_is_shown_as_text(nasty, show, path: str) -> None:
    reply = show().client.get(f"/dashboard{path}")
    assert reply.status_code == 200
    assert "<script>alert" not in reply.text
    assert "</textarea></pre>" not in reply.text
    assert "{{49}}" not in reply.text
    assert len(reply.content) < 4_000_000


def test_letters_and_traces_show_what_was_sent(nasty, show, tree) -> None:
    shown = show()
    assert "<script>alert('x')</script>" in shown.page("/letters/1").text
    assert "\\u202e" in shown.page("/letters/1").text
    assert "\x1b" not in shown.page("/letters/1").text
    assert "日本" in shown.page("/letters/1").text
    assert "… cut: 3,000," in shown.page("/letters/2").text


@pytest.mark.parametrize("path", ["/nothing", "/letters/99", "/replays/7", "/connections/x<b>"])
def test_what_is_not_there_is_said_on_a_page(used, show, tree, path: str) -> None:
    reply = show().client.get(f"/dashboard{path}")
    assert reply.status_code == 404
    assert tree(reply.text).open == []
    assert "<b>" not in reply.text


def test_an_inbox_that_cannot_be_read_is_said_on_a_page(used, show) -> None:
    shown = show()
    shown.desk.store.write(lambda db: db.execute("DROP TABLE letters")).result()
    reply = shown.client.get("/dashboard/letters")
    assert reply.status_code == 503
    assert "cannot be used" in reply.text


def test_files_that_are_not_ours_are_not_given(used, show) -> None:
    client = show().client
    for name in ("app.py", "..%2fapp.py", "../app.py", "base.html", ".", ""):
        assert client.get(f"/dashboard/static/{name}").status_code in (404, 303)
    for name in ("style.css", "script.js", "completion.js", "icon.svg"):
        assert client.get(f"/dashboard/static/{name}").status_code == 200


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_light(one), _light(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_the_contrast_of_text_is_enough_in_both_themes(theme: int) -> None:
    sheet = resources.files("wharfinger_host.dashboard").joinpath("static/style.css").read_text()
    colours = _colours(sheet.split("@media (prefers-color-scheme: dark)")[theme].split("* {")[0])
    pairs = [
        (text, ground)
        for text in ("text", "quiet", "link", "good", "bad", "odd")
        for ground in ("ground", "raised", "sunk")
    ]
    pairs += [(name, f"{name}-ground") for name in ("good", "bad", "odd", "dark")]
    pairs += [("text", f"{name}-ground") for name in ("good", "bad", "odd")]
    pairs += [("on-accent", "accent")]
    found = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < 4.5} == {}
    drawn = {f"bar-{status}" for status in STATUSES}
    assert {bar for bar in drawn if _contrast(colours[bar], colours["raised"]) < 2.5} == set()
