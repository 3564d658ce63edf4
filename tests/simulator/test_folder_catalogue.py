"""Folders, as a tenant describes them."""

import pytest

from wharfinger_sfmc_simulator import CatalogueError, Simulator
from wharfinger_sfmc_simulator.loading import read_catalogue

ROOT = 12345


@pytest.fixture
def tenant(tenant):
    tenant["folders"] = [
        {"id": 200, "name": "Imports"},
        {"id": 201, "name": "2026 & <later>", "parent": 200, "key": "imports-2026"},
        {"id": 300, "name": "Queries", "content_type": "queryactivity"},
        {"id": 400, "name": "Elsewhere", "account": 510000002},
    ]
    return tenant


async def test_a_data_extension_is_listed_in_its_folder(tenant, sign_in):
    tenant["data_extensions"][0]["category"] = 201
    simulator = Simulator.from_mapping(tenant)
    client = await sign_in(simulator)
    listed = (await client.get("/data/v1/customobjects/category/201")).json()["items"]
    assert [(each["key"], each["categoryId"]) for each in listed] == [("people", 201)]


def test_the_root_folder_may_be_described(tenant):
    tenant["folders"].append({"id": 7, "name": "Everything", "key": "dataextension_default"})
    catalogue = read_catalogue(tenant)
    parents = {folder.id: folder.parent for folder in catalogue.folders}
    assert parents[200] == 7
    assert parents[7] == 0
    assert {each.category for each in catalogue.data_extensions} == {7, ROOT}


def test_the_root_folder_takes_a_number_that_is_free(tenant):
    tenant["folders"].append({"id": ROOT, "name": "Taken"})
    roots = [each.id for each in read_catalogue(tenant).folders if "default" in each.key]
    assert roots == [ROOT + 1, ROOT + 2]


def test_every_mistake_about_folders_is_told_with_its_place(tenant):
    tenant["folders"] += [
        {"id": 200, "name": "Twice"},
        {"id": -1, "name": ""},
        {"id": 500, "name": "A", "parent": 501},
        {"id": 501, "name": "B", "parent": 500},
        {"id": 502, "name": "C\x00", "parent": 400},
        {"id": 503, "name": "D", "account": 9},
        {"id": 504, "name": "E", "key": "imports-2026"},
    ]
    extensions = tenant["data_extensions"]
    extensions[0]["category"], extensions[1]["category"] = 300, 400
    extensions[2]["fields"][0]["flags"] = ["isHiden"]
    with pytest.raises(CatalogueError) as refused:
        read_catalogue(tenant)
    told = refused.value.problems
    for expected in (
        "folders: id 200 stands there 2 times; it must be unique.",
        "folders: key 'imports-2026' stands there 2 times; it must be unique.",
        "folders[5].id: must be 1 or more.",
        "folders[5].name: must be a text without control characters.",
        "folders[6].parent: the folder would be within itself.",
        "folders[8].name: must be a text without control characters.",
        "folders[8].parent: its account has no [[folders]] with id = 400.",
        "folders[9].account: there is no [[accounts]] with id = 9.",
        "data_extensions[0].category: folder 300 holds no data extensions.",
        "data_extensions[1].category: its account has no [[folders]] with id = 400.",
        "data_extensions[2].fields[0].flags: 'isHiden' is no flag; did you mean isHidden?",
    ):
        assert expected in told
