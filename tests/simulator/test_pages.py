"""The pages that show a simulator to people."""

import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from wharfinger_sfmc_simulator import Fault, Simulator, describe_switches
from wharfinger_sfmc_simulator.inspection.pages import prefers_html
from wharfinger_sfmc_simulator.inspection.paging import Page

ROWSET = "/hub/v1/dataevents/key:people/rowset"
TABLE = "/_simulator/tables/page?account=510000001&key=people"
PAGES = [
    "/_simulator/page",
    "/_simulator/tables/page",
    TABLE,
    "/_simulator/requests/page",
    "/_simulator/faults/page",
    "/_simulator/contacts/page",
    "/_simulator/entries/page",
    "/_simulator/switches/page",
]
NASTY = "<script>alert('x')</script>&\""
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Tree(HTMLParser):
    """Elements of a page with their attributes, and what stands open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def email(index: int) -> str:
    return f"p{index}@example.org"


@pytest.fixture
async def used(client, simulator: Simulator) -> Simulator:
    """A simulator with something of everything."""
    rows = [{"keys": {"Email": email(n)}, "values": {"Phone": "555 123456"}} for n in range(120)]
    await client.post(ROWSET, json=rows)
    await client.post(
        ROWSET, json=[{"keys": {"Email": email(0)}, "values": {"FirstName": "<b>&</b>"}}]
    )
    await client.post("/contacts/v1/contacts", json={"contactKey": NASTY, "attributeSets": []})
    for key in ("APIEvent-hello", "APIEvent-paused"):
        event = {"ContactKey": NASTY, "EventDefinitionKey": key, "Data": {NASTY: NASTY}}
        await client.post("/interaction/v1/events", json=event)
    simulator.inject(Fault(kind="drop", path=NASTY, times=None, after=2, every=3, probability=0.5))
    await client.get("/platform/v1/nothing")
    return simulator


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_is_well_formed_and_can_be_found_ones_way_in(used, client, path):
    tree = Tree((await client.get(path)).text)
    assert tree.open == []
    assert [attributes["lang"] for attributes in tree.all("html")] == ["en"]
    for landmark in ("header", "main", "footer", "h1", "title"):
        assert len(tree.all(landmark)) == 1
    assert len(tree.all("caption")) == len(tree.all("table"))
    assert all("scope" in attributes for attributes in tree.all("th"))
    assert all("aria-label" in attributes for attributes in tree.all("nav"))
    labels = {attributes["for"] for attributes in tree.all("label")}
    asked = [each for each in tree.all("input", "select") if each.get("type") != "hidden"]
    assert {attributes["id"] for attributes in asked} == labels
    assert len([each for each in tree.all("a") if each.get("aria-current") == "page"]) == 1


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_runs_no_script_and_asks_nobody_else(used, client, path):
    reply = await client.get(path)
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    tree = Tree(reply.text)
    assert not tree.all("script", "style", "iframe", "img")
    assert not [name for _, each in tree.elements for name in each if name.startswith("on")]
    assert not [each for _, each in tree.elements if "style" in each]
    links = [each.get("href") or each.get("action") or "" for _, each in tree.elements]
    assert not [link for link in links if not re.match(r"/_simulator|\?|#|data:,$|$", link)]
    assert "<script>" not in reply.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_leads_to_pages_there_are(used, client, path):
    tree = Tree((await client.get(path)).text)
    for each in tree.all("a", "link"):
        if (each["href"] or "").startswith("/_simulator"):
            assert (await client.get(each["href"])).status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_of_a_fresh_simulator_is_shown_too(client, path):
    assert (await client.get(path)).status_code == 200


async def test_looking_is_not_logged(used, client):
    before = len(used.requests)
    for path in PAGES:
        await client.get(path)
    assert len(used.requests) == before


async def test_browsers_get_the_page_and_others_json_at_the_same_address(client):
    page = await client.get("/_simulator/", headers={"Accept": BROWSER})
    data = await client.get("/_simulator/")
    assert page.headers["content-type"].startswith("text/html")
    assert data.json() == (await client.get("/_simulator", headers={"Accept": BROWSER})).json()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("application/json, text/html;q=0.9", False),
        ("application/json;q=0.5, text/html;q=0.9", True),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_who_would_rather_have_a_page(accept, expected):
    assert prefers_html(accept) is expected


# Tables


async def test_rows_are_shown_page_by_page(used, client):
    first = (await client.get(TABLE)).text
    last = (await client.get(f"{TABLE}&page=3")).text
    assert email(119) in first
    assert email(69) not in first
    assert "Page 1 of 3" in first
    assert email(0) in last
    assert email(20) not in last
    assert Tree(last).all("a")[-3]["href"] == "?account=510000001&key=people&page=2"


async def test_rows_are_shown_as_they_read_back(used, client):
    page = (await client.get(f"{TABLE}&page=3")).text
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in page
    assert "<b>" not in page


async def test_a_row_is_found_by_any_text_in_it(used, client):
    found = (await client.get(f"{TABLE}&find=+{email(7).upper()}")).text
    assert "1 row, newest first" in found
    assert email(7) in found
    assert email(8) not in found
    nothing = Tree((await client.get(f"{TABLE}&find=nobody")).text)
    assert "?account=510000001&key=people" in [each.get("href") for each in nothing.all("a")]


@pytest.mark.parametrize(
    ("asked", "number"), [("", 1), ("2", 2), ("99", 3), ("0", 1), ("-1", 1), ("x", 1), ("²", 1)]
)
def test_a_page_that_is_not_there_is_the_nearest_one(asked, number):
    page = Page.of(range(101), {"page": asked})
    assert (page.number, page.last, page.total) == (number, 3, 101)


def test_an_empty_list_has_one_empty_page():
    assert Page.of([], {}) == Page([], 1, 1, 0)


async def test_an_unknown_table_is_the_list_of_tables(client):
    page = (await client.get("/_simulator/tables/page?account=1&key=people")).text
    assert "<h1>Tables</h1>" in page


async def test_a_key_of_any_letters_is_linked_and_found(simulator, client):
    simulator.tables["a/b #1 & c"]
    page = Tree((await client.get("/_simulator/tables/page")).text)
    [link] = [str(each["href"]) for each in page.all("a") if "b+%231" in str(each.get("href"))]
    shown = (await client.get(f"/_simulator/tables/page{link}")).text
    assert "<code>a/b #1 &amp; c</code>" in shown


# Everything else that is shown


async def test_the_last_requests_are_shown_newest_first(client, simulator):
    simulator.requests.clear()
    for number in range(205):
        await client.get(f"/platform/v1/{number}")
    page = (await client.get("/_simulator/requests/page")).text
    paths = re.findall(r"<code>/platform/v1/(\d+)</code>", page)
    assert paths == [str(number) for number in range(204, 4, -1)]
    assert "The last 200 of 205" in page


async def test_a_request_is_shown_with_its_status_and_its_fault(client, simulator):
    simulator.inject(Fault(kind="blocked"), Fault(kind="commit-then-drop"))
    await client.get("/platform/v1/nothing")
    with pytest.raises(Exception, match="disconnected"):
        await client.get("/platform/v1/nothing")
    page = (await client.get("/_simulator/requests/page")).text
    for shown in ("429", "blocked", "none seen", "commit-then-drop"):
        assert f">{shown}<" in page


async def test_the_overview_counts_and_names_changed_switches(simulate, sign_in):
    client = await sign_in(simulate(event_status=200))
    page = (await client.get("/_simulator/page")).text
    assert "<code>event_status=200</code>" in page
    assert "<dt>Living tokens</dt><dd>1</dd>" in page
    assert "open" not in re.sub(r"<[^>]+>", " ", page).split()


async def test_every_switch_is_shown_in_the_order_of_the_help(client):
    page = (await client.get("/_simulator/switches/page")).text
    names = re.findall(r'<th scope="row" data-label="Name"><code>(\w+)</code></th>', page)
    assert names == re.findall(r"^  (\w+) = ", describe_switches(), re.MULTILINE)


async def test_a_page_is_loaded_again_only_where_that_was_asked_for(client):
    page = (await client.get(TABLE)).text
    assert "http-equiv" not in page
    again = (await client.get(f"{TABLE}&refresh=1")).text
    assert '<meta http-equiv="refresh" content="5">' in again
    assert "account=510000001&amp;key=people&amp;refresh=1" in page
    assert '"?account=510000001&amp;key=people"' in again


async def test_the_style_sheet_knows_light_and_dark_and_is_all_there(client):
    reply = await client.get("/_simulator/style.css")
    assert reply.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in reply.text
    assert "url(" not in reply.text


def test_every_template_is_used():
    package = resources.files("wharfinger_sfmc_simulator.inspection")
    templates = {each.name for each in package.joinpath("templates").iterdir()}
    named = package.joinpath("pages.py").read_text(encoding="utf-8")
    assert {name for name in templates if f'"{name}"' not in named} == {"base.html", "parts.html"}


# Forms


async def test_a_fault_is_armed_by_the_form(client, simulator):
    form = {
        "kind": "rate-limited",
        "service": "",
        "method": "POST",
        "path": " /rowset ",
        "times": "2",
    }
    more = {"after": "1", "every": "", "probability": "0.5", "retry_after_s": "7", "delay_s": "1.5"}
    reply = await client.post("/_simulator/faults/page", data={**form, **more})
    assert (reply.status_code, reply.headers["location"]) == (303, "/_simulator/faults/page")
    assert [each.fault for each in simulator.faults] == [
        Fault(
            kind="rate-limited",
            method="POST",
            path="/rowset",
            times=2,
            after=1,
            probability=0.5,
            retry_after_s=7,
            delay_s=1.5,
        )
    ]
    page = (await client.get("/_simulator/faults/page")).text
    assert "POST, /rowset, after 1, by chance 0.5" in page


async def test_a_fault_without_times_strikes_for_ever(client, simulator):
    await client.post("/_simulator/faults/page", data={"kind": "drop", "times": ""})
    assert [each.fault for each in simulator.faults] == [Fault(kind="drop", times=None)]
    assert "for ever" in (await client.get("/_simulator/faults/page")).text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"kind": "explosion"}, "is no kind of fault"),
        ({"kind": "drop", "times": "soon"}, "times: must be a whole number"),
        ({"kind": "drop", "times": "0"}, "times must be 1 or more"),
        ({"kind": "drop", "tmes": "1"}, "did you mean times?"),
        ({}, "kind is required"),
        ({"kind": "drop", "path": NASTY, "every": "0"}, "every"),
    ],
)
async def test_a_form_that_is_wrong_comes_back_as_it_was_filled_in(client, simulator, form, says):
    reply = await client.post("/_simulator/faults/page", data=form)
    tree = Tree(reply.text)
    assert (reply.status_code, simulator.faults) == (400, [])
    assert says in reply.text
    assert [each for _, each in tree.elements if each.get("role") == "alert"]
    filled = {str(each["name"]): each["value"] for each in tree.all("input")}
    assert filled["path"] == form.get("path", "")
    assert filled["times"] == form.get("times", "")


async def test_all_faults_are_disarmed_by_the_form(used, client):
    reply = await client.post("/_simulator/faults/page/none")
    assert (reply.status_code, used.faults) == (303, [])


async def test_the_clock_is_moved_by_the_form(client, simulator):
    reply = await client.post("/_simulator/clock/page", data={"move_s": "90"})
    assert (reply.status_code, simulator.ahead_s) == (303, 90)
    assert "moved on by 90 seconds" in (await client.get("/_simulator/page")).text


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan"])
async def test_a_move_that_is_none_is_told_on_the_page(client, simulator, text):
    reply = await client.post("/_simulator/clock/page", data={"move_s": text})
    assert (reply.status_code, simulator.ahead_s) == (400, 0)
    assert "This did not work" in reply.text


async def test_the_simulator_starts_again_by_the_form(used, client):
    reply = await client.post("/_simulator/reset/page")
    assert (reply.status_code, used.requests, used.rows("people")) == (303, [], [])
