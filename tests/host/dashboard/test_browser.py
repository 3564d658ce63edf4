"""The pages in a browser: what its script does, what its policy lets through, how they fit."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger_host.store.minutes import MINUTE_MS

BENCH = "/workbench?connection=main&mapping=notes&message_id=m-1"
PAGES = ["/", "/connections/main", "/letters", "/letters/1", "/letters/replay"]
PAGES += ["/trace?contact=u2", BENCH, "/workbench/new"]
FILL = (
    "((id, text) => {{ const e = document.getElementById(id); e.focus(); e.value = text; {more} }})"
)

# One group: a browser is heavy.
pytestmark = pytest.mark.xdist_group("chromium")


def fill(name: str, text: str, *, silently: bool = False) -> str:
    more = "" if silently else "e.dispatchEvent(new Event('input', {bubbles: true}))"
    return f"{FILL.format(more=more)}({name!r}, {text!r})"


@pytest.fixture
def open_page(used, show, chromium, token) -> Any:
    """Opens a page as somebody who has signed in."""
    shown = show(token)
    chromium.look()
    chromium.open(f"{shown.url}/dashboard/sign-in")
    chromium.run(fill("token", token, silently=True))
    chromium.submit("document.querySelector('form.stack').requestSubmit()")

    def begin(path: str) -> Any:
        chromium.open(f"{shown.url}/dashboard{path}")
        return chromium

    begin.shown = shown  # type: ignore[attr-defined]  # for tests that look behind the page
    return begin


def faults(browser: Any) -> list[str]:
    """What went wrong; hints of the browser on style are none."""
    return [each for each in browser.complaints if "recommendation" not in each]


def test_every_page_keeps_its_policy_and_fits_into_any_window_in_both_themes(open_page) -> None:
    browser = open_page("/")
    for path in PAGES:
        for width in (320, 400, 1280):
            for dark in (False, True):
                browser.look(width, dark=dark)
                open_page(path)
                where = f"{path} at {width}"
                assert browser.run("document.documentElement.scrollWidth <= innerWidth"), where
                ground = browser.run("getComputedStyle(document.body).backgroundColor")
                assert (ground == "rgb(18, 23, 26)") is dark
    assert faults(browser) == []
    url = open_page.shown.url
    assert [each for each in browser.asked if not each.startswith(url)] == []


def test_what_an_event_holds_runs_nowhere(host, open_page) -> None:
    nasty = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    host.accept({**host.events.track(9, nasty), "messageId": nasty, nasty: {nasty: nasty}})
    browser = open_page("/workbench?connection=main&mapping=notes")
    browser.run(fill("trigger", f"type != '{nasty}'"))
    browser.until("document.getElementById('result').textContent.includes('onerror')")
    assert browser.run("document.querySelectorAll('#result img, #result script').length") == 0
    assert browser.run("window.hit === undefined")
    open_page("/trace?contact=u9")
    assert browser.run("window.hit === undefined")
    assert faults(browser) == []


def test_the_mapping_is_explained_while_it_is_edited(used, open_page) -> None:
    browser = open_page(BENCH)
    browser.run(fill("event", '{"type": "track", "userId": "u1", "properties": {"text": "live"}}'))
    browser.until("document.getElementById('result').textContent.includes('\"live\"')")
    assert "takes the event" in browser.run("document.getElementById('verdict').textContent")
    before = len(used.vendor.requests)
    browser.run(fill("trigger", 'type = "page" or ('))
    browser.until("document.getElementById('trigger').getAttribute('aria-invalid') === 'true'")
    told = browser.run("document.getElementById('trigger-troubles').textContent")
    assert told.startswith("Line 1, column 19: Found the end")
    browser.run(fill("trigger", 'type = "page" and userId = "u1"'))
    browser.until("document.getElementById('trigger-troubles').textContent === ''")
    assert "does not take" in browser.run("document.getElementById('verdict').textContent")
    widths = browser.run("[...document.querySelectorAll('.mark')].map((each) => each.offsetWidth)")
    assert all(width > 20 for width in widths)
    assert len(used.vendor.requests) == before
    assert faults(browser) == []


def options(browser: Any, name: str) -> list[str]:
    found: list[str] = browser.run(
        f"[...document.querySelectorAll('#{name}-suggestions:not([hidden]) code')]"
        ".map((each) => each.textContent)"
    )
    return found


def caret(name: str, text: str) -> str:
    """Write a text with the caret where it has a bar."""
    at = text.index("|")
    return (
        f"{fill(name, text.replace('|', ''), silently=True)};"
        f"document.getElementById({name!r}).setSelectionRange({at}, {at})"
    )


@pytest.mark.parametrize(
    ("name", "text", "first", "among"),
    [
        ("fields", '{"|"}', "to", "text"),
        ("fields", '{"text": {"|', "@path", "@liquid"),
        ("fields", '{"text": {"@path": "|"}}', "$.type", "$.userId"),
        ("fields", '{"text": {"@template": "Hello {{|"}}', "type", "userId"),
        ("fields", '{"a": [1, {"b": 2}], "te|"}', "text", "text"),
        ("trigger", 'type = "track" and |', "type", "contains("),
        ("trigger", "user|", "userId", "userId"),
    ],
)
def test_what_can_be_written_is_offered_where_it_fits(
    open_page, name: str, text: str, first: str, among: str
) -> None:
    browser = open_page(BENCH)
    browser.run(caret(name, text))
    browser.press(" ", 32, modifiers=2)
    found = options(browser, name)
    assert found[0] == first
    assert among in found


def test_a_word_is_taken_with_the_keyboard_and_put_where_it_belongs(open_page) -> None:
    browser = open_page(BENCH)
    browser.run(caret("fields", '{"text": {"@path": "|"}}'))
    browser.type("user")
    assert options(browser, "fields") == ["$.userId"]
    active = "document.getElementById('fields').getAttribute('aria-activedescendant')"
    assert browser.run(f"document.getElementById({active}).getAttribute('aria-selected')") == "true"
    browser.press("Enter", 13)
    assert (
        browser.run("document.getElementById('fields').value") == '{"text": {"@path": "$.userId"}}'
    )
    assert options(browser, "fields") == []


def test_escape_closes_what_is_offered_and_tab_goes_on(open_page) -> None:
    browser = open_page(BENCH)
    browser.run(caret("trigger", "|"))
    browser.press(" ", 32, modifiers=2)
    browser.press("ArrowDown", 40)
    browser.press("Escape", 27)
    assert options(browser, "trigger") == []
    assert browser.run("document.getElementById('trigger').value") == ""
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.id") == "fields"


def test_a_mapping_is_saved_after_its_difference(used, open_page) -> None:
    browser = open_page(BENCH)
    browser.run(fill("trigger", 'type = "track" and userId != "x"'))
    browser.submit("document.querySelector('button.main').click()")
    assert "+trigger" in browser.run("document.querySelector('.difference').textContent")
    assert "userId" not in used.config.read_text().partition("rows")[0]
    browser.submit("document.querySelector('button.main').click()")
    assert 'userId != "x"' in used.config.read_text()
    assert open_page.shown.reloads == ["again"]


def test_a_mapping_is_made_tried_and_saved(used, open_page) -> None:
    browser = open_page("/workbench/new")
    browser.run(fill("mapping", "more-rows"))
    label = (
        "[...document.querySelectorAll('label')].find((e) => e.textContent.includes('Put Rows'))"
    )
    browser.run(f"{label}.click()")
    browser.submit("document.querySelector('form.begin button').click()")
    browser.run(fill("fields", '{"key": "a", "values": {"x": {"@path": "$.userId"}}}'))
    browser.until("document.getElementById('verdict').textContent.includes('takes the event')")
    assert browser.run("document.getElementById('trigger').value") == 'type = "track"'
    browser.submit("document.querySelector('button.main').click()")
    browser.submit("document.querySelector('button.main').click()")
    assert "[connections.main.mappings.more-rows]" in used.config.read_text()
    assert "Saved." in browser.run("document.body.textContent")
    assert faults(browser) == []


def test_an_event_is_sent_and_followed_until_it_is_settled(used, open_page) -> None:
    browser = open_page(BENCH)
    event = '{"type": "track", "event": "A", "userId": "me", "properties": {"text": "mine"}}'
    browser.run(fill("event", event))
    browser.submit("document.querySelector('button[formaction$=send]').click()")
    assert "has not come to it yet" in browser.run("document.querySelector('.traced').textContent")
    used("run --once --json")
    browser.until("document.querySelector('.traced').textContent.includes('delivered')")
    (link,) = routed(browser)
    assert link.rstrip("/") == open_page.shown.desk.routes()["main"]
    assert faults(browser) == []


def routed(browser: Any) -> list[str]:
    found: list[str] = browser.run(
        "[...document.querySelectorAll('.traced a[rel=noreferrer]')].map((each) => each.href)"
    )
    return found


def test_a_replay_is_begun_and_followed(used, open_page) -> None:
    used.vendor.reply = lambda _: (200, "ok")
    browser = open_page("/letters/replay?code=acme-refused")
    browser.submit("document.querySelector('button.main').click()")
    browser.until("document.querySelector('.state').textContent.includes('over')")
    assert "delivered" in browser.run("document.querySelector('dl.counts').textContent")


def test_figures_are_renewed_unless_somebody_is_reading_there(open_page) -> None:
    browser = open_page("/")
    store = open_page.shown.desk.store
    assert browser.run("typeof renew") == "function"
    minute = store.now_ms() // MINUTE_MS
    for count, reading in ((500, True), (7, False)):
        store.write(
            lambda db, more=count: db.execute(
                "INSERT INTO minutes VALUES (?, 1, 'delivered', ?) "
                "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                (minute, more),
            )
        ).result()
        if reading:
            browser.run("document.querySelector('[data-live=chart] summary').click()")
        else:
            browser.run("document.querySelector('[data-live=chart] details').open = false")
        browser.run(
            """fetch(location.href).then((reply) => reply.text())
                .then((text) => renew(new DOMParser().parseFromString(text, 'text/html')))"""
        )
        shown = browser.run("document.querySelector('[data-live=chart] .legend').textContent")
        assert ("509" in shown) is not reading, shown


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(open_page) -> None:
    browser = open_page("/")
    browser.press("Tab", 9)
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left > 0")
    browser.press("Enter", 13, text="\r")
    browser.press("Tab", 9)
    inside = "document.getElementById('content').contains(document.activeElement)"
    assert browser.run(inside)
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
