"""Tenants from TOML and from records, and what is said about wrong ones."""

import pickle

import pytest

from wharfinger_sfmc_simulator import (
    Account,
    Catalogue,
    CatalogueError,
    Client,
    DataExtension,
    Field,
    Simulator,
    Tenant,
    load_catalogue,
)
from wharfinger_sfmc_simulator.catalogue import SCOPES
from wharfinger_sfmc_simulator.loading import read_catalogue
from wharfinger_sfmc_simulator.simulator import sample_file


def problems(tenant) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as refused:
        read_catalogue(tenant)
    return refused.value.problems


def test_the_sample_tenant_is_good_and_shows_every_type_of_field():
    catalogue = load_catalogue(sample_file())
    kinds = {field.type for each in catalogue.data_extensions for field in each.fields}
    assert {
        "Text",
        "EmailAddress",
        "Phone",
        "Locale",
        "Boolean",
        "Number",
        "Date",
        "Decimal",
    } == kinds
    assert len(catalogue.tenant.subdomain) == 28
    assert Simulator.sample().rows("members", account=510000002)[0]["level"] == "Gold"


def test_a_simulator_is_made_of_a_file(tmp_path):
    own = tmp_path / "tenant.toml"
    own.write_bytes(sample_file().read_bytes())
    simulator = Simulator.from_toml(own, switches={"event_status": 200})
    assert simulator.catalogue == Simulator.sample().catalogue
    assert simulator.switches.event_status == 200


def test_what_is_left_out_is_filled_in_the_same_each_time(tenant):
    first, second = read_catalogue(tenant), read_catalogue(tenant)
    lines = first.data_extensions[1]
    assert lines == second.data_extensions[1]
    assert (lines.name, lines.account, len(lines.id)) == ("lines", 510000001, 36)
    assert first.event_definitions[0].id == second.event_definitions[0].id


def test_one_key_in_two_accounts_is_two_tables(tenant, simulate):
    tenant["data_extensions"].append(
        {"key": "people", "account": 510000002, "fields": [{"name": "A"}]}
    )
    simulator = simulate()
    assert simulator.tables["people"].definition.id != (
        simulator.tables_of(510000002)["people"].definition.id
    )


def test_every_mistake_of_form_is_told_at_once_with_its_place(tenant):
    tenant["tenant"]["eid"] = "510"
    tenant["accounts"][1]["nmae"] = "x"
    tenant["clients"][0]["secret"] = 987654321
    tenant["clients"][0]["scopes"] = "data_extensions_read"
    tenant["data_extensions"][0]["fields"][1]["length"] = True
    tenant["data_extensions"][1]["fields"][0] = 5
    tenant["data_extensions"][2]["rows"] = [5]
    tenant["event_definition"] = []
    tenant["contacts"].append({})
    tenant["faults"] = [
        {"kind": "explosion"},
        {"kind": "drop", "times": "x"},
        {"kind": "slow", "delay_s": 2},
    ]
    tenant["switches"] = {"event_statu": 200, "expires_in": "soon"}
    told = problems(tenant)
    for expected in (
        "tenant.eid: must be a whole number, found a text.",
        "accounts[1]: nmae is not known here; did you mean name?",
        "clients[0].secret: must be a text, found a whole number.",
        "clients[0].scopes: must be a list, found a text.",
        "data_extensions[0].fields[1].length: must be a whole number, found true or false.",
        "data_extensions[1].fields[0]: must be a table.",
        "data_extensions[2].rows[0]: must be a table, found a whole number.",
        "event_definition is not known here; did you mean event_definitions?",
        "contacts[2].key: key is required.",
    ):
        assert expected in told
    assert any(line.startswith("faults[0]: 'explosion' is no kind of fault") for line in told)
    assert any(line.startswith("faults[1].times: ") for line in told)
    assert any(line.startswith("switches.event_statu: ") for line in told)
    assert any(line.startswith("switches.expires_in: ") for line in told)
    assert "987654321" not in "\n".join(told)


def test_every_mistake_of_sense_is_told_at_once_with_its_place(tenant):
    tenant["tenant"]["subdomain"] = "bad/host"
    tenant["accounts"].append({"id": 510000001})
    tenant["clients"][0]["account"] = 7
    tenant["clients"][0]["scopes"] = ["data_extension_read", "zzz"]
    tenant["clients"].append(tenant["clients"][0])
    extensions = tenant["data_extensions"]
    extensions.append({"key": "people", "id": "zz", "account": 8, "fields": []})
    extensions.append({"key": "lines", "fields": [{"name": "A"}, {"name": "a"}]})
    extensions.append(
        {
            "key": "",
            "fields": [
                {"name": "A", "type": "Email"},
                {"name": "B", "type": "Text", "length": 4001},
                {"name": "C", "type": "Text", "primary_key": True},
                {"name": "D", "type": "Number", "primary_key": True, "nullable": True},
                {"name": "E", "type": "Number", "length": 3},
                {"name": "F", "type": "Number", "default": "x"},
                {"name": "G", "type": "Decimal", "length": 4, "scale": 5},
                {"name": ""},
            ],
        }
    )
    extensions.append(
        {"key": "m", "fields": [{"name": "N", "type": "Number"}], "rows": [{"N": "x"}]}
    )
    tenant["event_definitions"].append({"key": "a.b"})
    tenant["event_definitions"].append({"key": "APIEvent-hello"})
    tenant["contacts"].append({"key": "c-old"})
    told = "\n".join(problems(tenant))
    for expected in (
        "tenant.subdomain: must be lower-case letters",
        "accounts: id 510000001 stands there 2 times",
        "clients: id 'client' stands there 2 times",
        "clients[0].account: there is no [[accounts]] with id = 7.",
        "clients[0].scopes: 'data_extension_read' is no scope; did you mean data_extensions_read?",
        "clients[0].scopes: 'zzz' is no scope.",
        "data_extensions: key 'lines' stands there 2 times",
        "data_extensions[5].account: there is no [[accounts]] with id = 8.",
        "data_extensions[5].id: 'zz' is no GUID",
        "data_extensions[5].fields: at least one field is needed.",
        "data_extensions[6].fields: name 'a' stands there 2 times",
        "data_extensions[7].key: must not be empty.",
        "data_extensions[7].fields[0].type: 'Email' is no field type; did you mean EmailAddress?",
        "data_extensions[7].fields[1].length: 4001 is not from 1 to 4000.",
        "data_extensions[7].fields[2].length: a text field with no length cannot be a primary key.",
        "data_extensions[7].fields[3].nullable: a primary key is never nullable; leave it out.",
        "data_extensions[7].fields[4].length: a Number field has none.",
        "data_extensions[7].fields[5].default: F: The value for column [F] is not a valid Number.",
        "data_extensions[7].fields[6].scale: 5 is not from 0 to the length, 4.",
        "data_extensions[7].fields[7].name: must not be empty.",
        "data_extensions[8].rows: m: N: The value for column [N] is not a valid Number.",
        "event_definitions[3].key: 'a.b' holds a period",
        "event_definitions: key 'APIEvent-hello' stands there 2 times",
        "contacts: key 'c-old' stands there 2 times",
    ):
        assert expected in told


def test_a_tenant_needs_an_account_and_a_client(tenant):
    assert any("accounts: at least one" in line for line in problems({**tenant, "accounts": []}))
    assert any("clients: at least one" in line for line in problems({**tenant, "clients": []}))
    assert "tenant: tenant is required." in problems({})


@pytest.mark.parametrize("switches", [5, [], "expires_in=5"])
def test_switches_of_a_file_are_a_table(tenant, switches):
    [told] = problems({**tenant, "switches": switches})
    assert told.startswith("switches: must be a table")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    broken = tmp_path / "tenant.toml"
    for content in (b"[tenant", b"\xff\xfe", None):
        broken.unlink() if content is None else broken.write_bytes(content)
        with pytest.raises(CatalogueError, match=r"tenant\.toml: "):
            load_catalogue(broken)


def test_switches_of_a_file_hold_and_named_ones_win(tenant):
    tenant["switches"] = {"event_status": 200, "expires_in": 60}
    simulator = Simulator.from_mapping(tenant, switches={"expires_in": 90})
    assert (simulator.switches.event_status, simulator.switches.expires_in) == (200, 90)


def test_a_tenant_can_be_made_of_records():
    catalogue = Catalogue(
        tenant=Tenant(subdomain="mcx", eid=1),
        accounts=(Account(id=1),),
        clients=(Client(id="c", secret="s", account=1),),
        data_extensions=(DataExtension(key="t", fields=(Field(name="A"),), rows=({"A": 1},)),),
    )
    assert Simulator(catalogue).rows("t") == [{"a": "1"}]


def test_records_are_checked_like_a_file():
    tenant, account = Tenant(subdomain="mcx", eid=1), Account(id=1)
    with pytest.raises(CatalogueError, match="clients: at least one"):
        Simulator(Catalogue(tenant=tenant, accounts=(account,), clients=()))


def test_an_error_survives_pickling(tenant):
    with pytest.raises(CatalogueError) as refused:
        read_catalogue({})
    assert pickle.loads(pickle.dumps(refused.value)).problems == refused.value.problems


def test_a_secret_is_not_shown(simulator):
    assert "open" not in repr(simulator.catalogue.clients)


def test_the_scopes_are_the_vendors_words():
    assert {"data_extensions_write", "journeys_read", "list_and_subscribers_read"} <= SCOPES
    assert {"offline", "automations_execute", "key_manage_view", "social_read"} <= SCOPES
    assert not any("|" in scope for scope in SCOPES)
