"""``wharfinger audience``: one column kept up to date with an audience or a computed trait."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wharfinger
from wharfinger.mapping import compile_mapping, parse
from wharfinger_host.audience import Audience, SentAs, problem_with_key
from wharfinger_sfmc_simulator import Simulator

SHEETS = """
import attrs
import wharfinger


@attrs.define(kw_only=True)
class Cells:
    who: dict = wharfinger.field(label="Row", kind="object", minimum=1)
    cells: dict = wharfinger.field(label="Cells", kind="object", minimum=1)


@attrs.define(kw_only=True)
class Note:
    text: str = wharfinger.field(label="Text", default="hi")


async def put(session, batch):
    return [wharfinger.Outcome.delivered()] * len(batch.payloads)


def action(slug, payload, **facts):
    return wharfinger.Action(destination="sheets", slug=slug, title=slug, payload=payload,
                             perform=put, effect=wharfinger.Effect.IDEMPOTENT, **facts)


@wharfinger.hookimpl
def wharfinger_destinations():
    return [wharfinger.Destination(slug="sheets", title="Sheets", hosts=("sheets.example",))]


@wharfinger.hookimpl
def wharfinger_actions():
    return [
        action("note", Note),
        action("put-cells", Cells, rows=wharfinger.RowFields(values="cells", keys="who")),
    ]
"""
ACCOUNT = 510_000_001
TENANT = {
    "tenant": {"subdomain": "mcaudience00000000000000test", "eid": 510000001},
    "accounts": [{"id": ACCOUNT, "name": "Shop"}],
    "clients": [{"id": "client", "secret": "s3cr3t", "account": ACCOUNT}],
    "data_extensions": [
        {
            "key": "people",
            "name": "People",
            "fields": [
                {"name": "contactKey", "type": "Text", "length": 50, "primary_key": True},
                {"name": "vip_shoppers", "type": "Boolean"},
                {"name": "Lapsed", "type": "Boolean"},
                {"name": "Revenue", "type": "Decimal", "length": 18, "scale": 2},
            ],
        },
        {
            "key": "flags",
            "name": "Flags",
            "fields": [
                {"name": "Person", "type": "Text", "length": 50, "primary_key": True},
                {"name": "Vip", "type": "Boolean"},
            ],
        },
    ],
}
SHOP = """\
# Our shop.
[connections.shop]
destination = "salesforce-marketing-cloud"

[connections.shop.settings]
account_id = "510000001"
client_id = "client"
client_secret = { env = "NOT_SET_HERE" }
subdomain = "mcaudience00000000000000test"
"""


@pytest.fixture
def shop(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "salesforce-marketing-cloud")
    file = tmp_path / "shop.toml"
    file.write_text(SHOP)
    return file


@pytest.fixture
def sheets(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (site / "sheets.py").write_text(SHEETS)
    info = site / "sheets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sheets\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[wharfinger]\nsheets = sheets\n")
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme,sheets")
    file = tmp_path / "sheets.toml"
    file.write_text('[connections.office]\ndestination = "sheets"\n')
    return file


def identify(person: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": person, "traits": traits}


def about(
    person: str, event: str, key: str, value: Any, named: str = "audience_key"
) -> dict[str, Any]:
    properties = {named: key, key: value}
    return {"type": "track", "event": event, "userId": person, "properties": properties}


async def delivered(
    simulator: Simulator, file: Path, *events: dict[str, Any]
) -> Sequence[wharfinger.Receipt]:
    """Deliver events to the tenant, as its configuration says."""
    text = file.read_text()  # noqa: ASYNC240  # a few bytes
    [config] = tomllib.loads(text)["connections"].values()
    config["settings"]["client_secret"] = wharfinger.Secret("s3cr3t")
    connection = wharfinger.load_plugins().connect(config, transport=simulator.transport())
    async with connection:
        assert [f for f in connection.findings if f.level == "error"] == []
        return await connection.deliver(list(events))


def people(simulator: Simulator, table: str = "people") -> dict[str, dict[str, str]]:
    return {next(iter(row.values())): dict(list(row.items())[1:]) for row in simulator.rows(table)}


async def test_a_person_enters_and_leaves_and_other_audiences_are_untouched(
    cli: Any, shop: Path
) -> None:
    for key, column in (("vip_shoppers", "vip_shoppers"), ("lapsed_90_days", "Lapsed")):
        words = ("audience", shop, key, "--table", "people", "--column", column, "--write")
        assert cli(*words).exit_code == 0
    simulator = Simulator.from_mapping(TENANT)
    await delivered(
        simulator,
        shop,
        identify("ann", vip_shoppers=True),
        identify("bo", vip_shoppers=True),
        identify("bo", lapsed_90_days=True),
        identify("cy", plan="pro"),
    )
    assert people(simulator) == {
        "ann": {"vip_shoppers": "True", "lapsed": "", "revenue": ""},
        "bo": {"vip_shoppers": "True", "lapsed": "True", "revenue": ""},
    }
    await delivered(simulator, shop, identify("bo", vip_shoppers=False))
    assert people(simulator)["bo"] == {"vip_shoppers": "False", "lapsed": "True", "revenue": ""}
    assert people(simulator)["ann"]["vip_shoppers"] == "True"


async def test_an_audience_that_is_sent_as_track_events_does_the_same(cli: Any, shop: Path) -> None:
    result = cli(
        *("audience", shop, "vip_shoppers", "--sent-as", "track", "--table", "flags"),
        *("--key-column", "Person", "--column", "Vip", "--write"),
    )
    assert result.exit_code == 0
    simulator = Simulator.from_mapping(TENANT)
    await delivered(
        simulator,
        shop,
        about("ann", "Audience Entered", "vip_shoppers", value=True),
        about("bo", "Audience Entered", "vip_shoppers", value=True),
        about("cy", "Audience Entered", "another", value=True),
        about("bo", "Audience Exited", "vip_shoppers", value=False),
        identify("dee", vip_shoppers=True),
    )
    assert people(simulator, "flags") == {"ann": {"vip": "True"}, "bo": {"vip": "False"}}


@pytest.mark.parametrize("sent_as", ["identify", "track"])
async def test_a_computed_trait_has_its_latest_value(cli: Any, shop: Path, sent_as: str) -> None:
    result = cli(
        *("audience", shop, "revenue", "--trait", "--sent-as", sent_as, "--table", "people"),
        *("--column", "Revenue", "--write"),
    )
    assert "trait-revenue" in result.stdout
    simulator = Simulator.from_mapping(TENANT)
    values = [450, 512.5]
    events = [
        identify("ann", revenue=value)
        if sent_as == "identify"
        else about("ann", "Revenue Changed", "revenue", value, "trait_key")
        for value in values
    ]
    await delivered(simulator, shop, *events)
    assert people(simulator)["ann"]["revenue"] == "512.50"


def test_the_mapping_goes_to_standard_output_and_nothing_is_written(cli: Any, shop: Path) -> None:
    result = cli("audience", shop, "vip_shoppers", "--table", "people")
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["connections"]["shop"]["mappings"] == {
        "audience-vip-shoppers": {
            "action": "send-contact-to-data-extension",
            "trigger": 'type = "identify" and traits.vip_shoppers != null',
            "fields": {
                "key": "people",
                "values": {"vip_shoppers": {"@path": "$.traits.vip_shoppers"}},
            },
        }
    }
    assert "--write adds it" in result.stderr
    assert shop.read_text() == SHOP
    tomllib.loads(SHOP + result.stdout)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_write_adds_it_at_the_end_and_shows_the_difference(cli: Any, shop: Path, ends: str) -> None:
    shop.write_bytes(SHOP.replace("\n", ends).encode())
    shop.chmod(0o640)
    result = cli("audience", shop, "vip_shoppers", "--table", "people", "--write")
    assert result.exit_code == 0
    data = shop.read_bytes().decode()
    assert data.startswith(SHOP.replace("\n", ends))
    assert data.count("\n") == data.count(ends)
    assert shop.stat().st_mode & 0o777 == 0o640
    lines = result.stdout.splitlines()
    added = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    assert "\n".join(added).strip() in data.replace("\r\n", "\n")
    assert f"wharfinger plan {shop} --mapping audience-vip-shoppers" in result.stderr
    again = cli("audience", shop, "vip_shoppers", "--table", "people", "--write")
    assert again.exit_code == 2
    assert "Give another --name" in again.stderr
    other = cli("audience", shop, "vip_shoppers", "--table", "flags", "--name", "b", "--write")
    assert other.exit_code == 0
    assert set(tomllib.loads(shop.read_text())["connections"]["shop"]["mappings"]) == {
        "audience-vip-shoppers",
        "b",
    }


def test_it_is_plain_data_as_json(cli: Any, shop: Path) -> None:
    field = "values.Since=$.timestamp"
    words = ("vip_shoppers", "--table", "people", "--field", field, "--json")
    found = json.loads(cli("audience", shop, *words).stdout)
    assert (found["ok"], found["written"], found["connection"]) == (True, False, "shop")
    assert found["mapping"]["fields"]["values"]["Since"] == {"@path": "$.timestamp"}
    assert (
        tomllib.loads(found["toml"])["connections"]["shop"]["mappings"][found["name"]]
        == (found["mapping"])
    )


def test_what_is_wrong_is_plain_data_as_json_too(cli: Any, shop: Path) -> None:
    found = json.loads(cli("audience", shop, "vip", "--json").stdout)
    paths = [problem["path"].rpartition(".")[2] for problem in found["problems"]]
    assert (found["ok"], paths) == (False, ["key"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vip"], "--table KEY: Data Extension Key or Data Extension ID is required"),
        (["vip", "--table", "t", "--action", "create-contact"], "Create Contact has no rows"),
        (["vip", "--table", "t", "--action", "send"], "has no action"),
        (
            ["vip", "--table", "t", "--action", "send-event-to-data-extension"],
            "--key-column NAME: Data Extension Primary Keys is required",
        ),
        (["vip", "--table", "t", "--field", "nulls=never"], "--field nulls=...: "),
        (["vip", "--connection", "shopp"], 'Did you mean "shop"?'),
        (['a"b', "--table", "t"], "without quotes"),
        (["", "--table", "t"], "printable"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is(
    cli: Any, shop: Path, words: list[str], said: str
) -> None:
    result = cli("audience", shop, *words, "--write")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert shop.read_text() == SHOP


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 3, "No such file"),
        ("not [ toml", 2, "is no TOML"),
        ("connections = 3", 2, "Say --connection NAME. There is: none"),
        ('[connections.a]\ndestination = "nope"', 2, "No installed plugin"),
        (
            f'{SHOP}\n[connections.b]\ndestination = "acme"',
            2,
            "Say --connection NAME. There is: shop, b",
        ),
        (
            SHOP.replace("settings]", "x]").replace('cloud"', 'cloud"\nmappings = {}', 1),
            2,
            "by hand",
        ),
        (f"{SHOP}\n[[connections.shop.mappings]]\na = 1", 2, "mappings is no table"),
    ],
)
def test_a_configuration_that_cannot_take_it_stays_as_it_is(
    cli: Any, shop: Path, text: str | None, code: int, said: str
) -> None:
    shop.unlink() if text is None else shop.write_text(text)
    result = cli("audience", shop, "vip", "--table", "people", "--write")
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert text is None or shop.read_text() == text


def test_any_destination_with_rows_will_do(cli: Any, sheets: Path) -> None:
    lacking = cli("audience", sheets, "vip")
    assert lacking.exit_code == 2
    assert "--key-column NAME: Row is required" in lacking.stderr
    assert cli("audience", sheets, "vip", "--key-column", "User", "--write").exit_code == 0
    checked = cli("check", sheets)
    assert (checked.exit_code, checked.stderr) == (0, "")
    [mapping] = tomllib.loads(sheets.read_text())["connections"]["office"]["mappings"].values()
    assert mapping["action"] == "put-cells"
    assert mapping["fields"] == {
        "who": {"User": {"@path": "$.userId"}},
        "cells": {"vip": {"@path": "$.traits.vip"}},
    }


def test_a_destination_without_rows_has_no_audiences(cli: Any, config: Path) -> None:
    result = cli("audience", config, "vip")
    assert result.exit_code == 2
    assert "Acme has no rows" in result.stderr


PAGE = Path(__file__).parents[2] / "docs/how-to/audiences-and-computed-traits.md"
SETTINGS = """\
[connections.shop]
destination = "salesforce-marketing-cloud"


# Our account.
[connections.shop.settings]
account_id = "510000001"
client_id = "sampleclient000000000001"
client_secret = { env = "SFMC_CLIENT_SECRET" }
subdomain = "mcshop-and-loyalty-sample-00"
"""


@pytest.mark.usefixtures("shop")
def test_the_how_to_shows_what_the_command_does_and_names_its_options(cli: Any) -> None:
    page = PAGE.read_text("utf-8")
    _, command, shown = re.split(r"^```console\n\$ wharfinger (.+)\n", page, flags=re.MULTILINE)[:3]
    Path("shop.toml").write_text(SETTINGS)
    result = cli(*command.split())
    assert result.stdout == shown.partition("...\n```")[0]
    for option in re.findall(r"^\| `(--[a-z-]+)", page, flags=re.MULTILINE):
        assert option in cli("audience", "--help").stdout


async def test_the_events_of_the_how_to_are_taken(cli: Any, shop: Path) -> None:
    lines = PAGE.read_text("utf-8").partition("```json\n")[2].partition("```")[0].splitlines()
    wishes = [
        ("vip_shoppers", "--column", "vip_shoppers"),
        ("vip_shoppers", "--column", "Lapsed", "--sent-as", "track", "--name", "b"),
        ("revenue_180_days", "--trait", "--column", "Revenue"),
        ("revenue_180_days", "--trait", "--column", "Revenue", "--sent-as", "track", "--name", "d"),
    ]
    for words in wishes:
        assert cli("audience", shop, *words, "--table", "people", "--write").exit_code == 0
    simulator = Simulator.from_mapping(TENANT)
    receipts = await delivered(simulator, shop, *map(json.loads, lines))
    taken = [
        [o.status.value for o in each.outcomes.values()].count("delivered") for each in receipts
    ]
    assert taken == [1, 1, 1, 1]
    assert people(simulator)["c-1"] == {
        "vip_shoppers": "True",
        "lapsed": "False",
        "revenue": "450.00",
    }


SHOWN = st.characters(exclude_categories=["C", "Z"], exclude_characters='"\\') | st.just(" ")
TWO_KEYS = st.lists(st.text(SHOWN, min_size=1, max_size=12), min_size=2, max_size=2, unique=True)


@given(TWO_KEYS, st.sampled_from(SentAs), st.booleans() | st.integers() | st.text())
@pytest.mark.parametrize("is_trait", [False, True])
def test_an_audience_takes_its_own_events_and_their_value_and_no_others(
    is_trait: bool,  # noqa: FBT001  # a parameter of the test
    keys: list[str],
    sent_as: SentAs,
    value: Any,
) -> None:
    key, other = keys
    assert not problem_with_key(key)
    audience = Audience(key=key, sent_as=sent_as, is_trait=is_trait)
    takes = wharfinger.compile_trigger(audience.trigger)
    value_of = compile_mapping(parse({"values": audience.value})).function
    named = "trait_key" if is_trait else "audience_key"

    def event(name: str) -> dict[str, Any]:
        if sent_as is SentAs.IDENTIFY:
            return identify("ann", **{name: value})
        return about("ann", "Entered", name, value, named)

    if sent_as is SentAs.TRACK and key == named:
        return  # such an event could not say both
    assert takes(event(key))
    assert value_of(event(key)) == {"values": value}
    assert not takes(event(other))
    assert not takes({"type": "page", "userId": "ann"})
