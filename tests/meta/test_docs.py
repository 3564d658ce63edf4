"""The documentation as a whole: its first pages do what they say, and every page is reached."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.meta.pages import account_of, files_of, included, pages, texts

import wharfinger
from wharfinger_sfmc_simulator import Simulator


async def test_the_readme_connects_a_tenant_and_its_host_code_delivers(root, capsys):
    (toml,) = texts(root / "README.md", "toml")
    (code,) = texts(root / "README.md", "python")
    config = account_of(toml, "secret")
    wharfinger.load_plugins().connect(config)

    simulator = Simulator.sample()
    client, account = simulator.catalogue.clients[0], simulator.catalogue.accounts[0]
    config["settings"] = {
        "account_id": str(account.id),
        "client_id": client.id,
        "client_secret": client.secret,
        "subdomain": simulator.catalogue.tenant.subdomain,
    }
    config["mappings"] = {"contacts": config["mappings"]["contacts"]}
    events = [
        {"messageId": "m-1", "type": "identify", "userId": "c-77"},
        {"messageId": "m-2", "type": "identify"},
        {"messageId": "m-3", "type": "page"},
    ]
    namespace: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), namespace)
    async with simulator.serving("127.0.0.1", 0) as address:
        await namespace["deliver"]({**config, "route": address}, events)
    assert "c-77" in simulator.contacts
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("m-2 contacts rejected Contact Key is missing")


async def test_the_tutorial_delivers_its_event_to_the_sample_tenant(docs):
    text = (docs / "tutorial/first.toml").read_text()
    event = orjson.loads((docs / "tutorial/events.jsonl").read_bytes())
    page = (docs / "tutorial/first-delivery.md").read_text()
    (secret,) = re.findall(r"SFMC_CLIENT_SECRET=(\w+)", page)
    simulator = Simulator.sample()
    connection = wharfinger.load_plugins().connect(
        account_of(text, secret), transport=simulator.transport()
    )
    async with connection:
        assert {finding.level for finding in await connection.test()} == {"ok"}
        (receipt,) = await connection.deliver([event])
    assert receipt.outcomes["orders"].status is wharfinger.Status.DELIVERED
    (row,) = simulator.rows("orders")
    assert row["orderid"] == event["properties"]["order_id"]


def test_every_page_is_reached_from_the_index(docs):
    pages = {page for page in docs.rglob("*.md") if not {"_build", "changelog"} & set(page.parts)}
    reached = {docs / "index.md"}
    for page in [docs / "index.md", *sorted(docs.glob("*/index.md"))]:
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), re.DOTALL):
            names = [line for line in tree.splitlines() if line and not line.startswith(":")]
            reached |= {page.parent / f"{name}.md" for name in names}
    assert pages == reached


MARK = re.compile(r"^# --- \w+ ---\n", re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in pages() if included(page)])
def test_what_a_page_shows_of_a_file_is_the_whole_of_it_under_its_name(page):
    for caption, text in files_of(page).items():
        (path,) = {each.path for each in included(page) if each.caption == caption}
        assert path.parts[-len(Path(caption).parts) :] == Path(caption).parts != ()
        assert text == MARK.sub("", path.read_text())


def test_a_changelog_fragment_has_a_type_that_is_known(root, docs):
    types = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]
    known = {kind["directory"] for kind in types}
    fragments = sorted((docs / "changelog").iterdir())
    wrong = [
        path.name
        for path in fragments
        if path.name != ".gitignore"
        and not re.fullmatch(rf"(\d+|\+[\w-]+)\.({'|'.join(known)})(\.\d+)?\.md", path.name)
    ]
    assert not wrong, "\n".join(wrong)
    assert "<!-- towncrier release notes start -->" in (root / "CHANGELOG.md").read_text()


def test_what_every_change_is_checked_by_is_what_the_page_on_releases_says(root, docs):
    page = (docs / "explanation/supply-chain.md").read_text()
    (said,) = re.findall(r"^1\. `make ([a-z -]+)`", page, re.MULTILINE)
    run = (root / ".ci/run").read_text()
    done = re.findall(r"^(?:make |targets=\()([a-z -]+)\)?$", run, re.MULTILINE)
    assert set(said.split()) <= set(" ".join(done).split())


def test_links_from_the_first_pages_lead_to_files_that_are_there(root):
    for page in ("README.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (root / page).read_text())
        assert links
        assert [link for link in links if not (root / link).exists()] == []
