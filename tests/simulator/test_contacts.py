"""Contacts: made, met again, refused."""

import pytest

PATH = "/contacts/v1/contacts"


async def test_a_new_contact_is_answered_as_recorded(client, simulator):
    reply = await client.post(PATH, json={"contactKey": "c-1", "attributeSets": []})
    body = reply.json()
    assert reply.status_code == 200
    assert len({body.pop("requestServiceMessageID"), body.pop("serviceMessageID")}) == 2
    assert body == {
        "operationStatus": "OK",
        "rowsAffected": 1,
        "contactKey": "c-1",
        "contactID": simulator.contacts["c-1"].id,
        "contactTypeID": 0,
        "isNewContactKey": True,
        "responseDateTime": "2026-01-05T04:50:11.8146410-06:00",
        "hasErrors": False,
        "resultMessages": [],
    }


async def test_a_contact_that_is_there_keeps_its_id_and_is_not_new(client):
    request = {"contactKey": "c-1", "attributeSets": []}
    first = (await client.post(PATH, json=request)).json()
    again = (await client.post(PATH, json=request)).json()
    other = (await client.post(PATH, json={**request, "contactKey": "c-2"})).json()
    assert [first["isNewContactKey"], again["isNewContactKey"]] == [True, False]
    assert first["contactID"] == again["contactID"] != other["contactID"]


async def test_contacts_of_the_file_are_there_from_the_start(client):
    body = (await client.post(PATH, json={"contactKey": "c-old", "attributeSets": []})).json()
    assert body["isNewContactKey"] is False


async def test_the_reply_can_have_the_documented_names(simulate, sign_in):
    client = await sign_in(simulate(contact_reply="documented"))
    body = (await client.post(PATH, json={"contactKey": "c-1", "attributeSets": []})).json()
    assert body["rowsAffetcted"] == 1
    assert body["contactId"] > 0
    assert not {"rowsAffected", "contactID", "responseDateTime"} & set(body)


async def test_attributes_are_kept_and_later_ones_join_them(client, simulator):
    def address(name, value):
        values = [{"name": name, "value": value}, {"name": "HTML Enabled", "value": True}]
        return {"name": "Email Addresses", "items": [{"values": values}]}

    for attribute in (("Email Address", "ann@example.org"), ("Nickname", "Ännchen")):
        request = {"contactKey": "c-1", "attributeSets": [address(*attribute)]}
        assert (await client.post(PATH, json=request)).status_code == 200
    assert simulator.contacts["c-1"].attributes == {
        "Email Addresses": {
            "Email Address": "ann@example.org",
            "Nickname": "Ännchen",
            "HTML Enabled": True,
        }
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"attributeSets": []}, 10003),
        ({"contactKey": "", "attributeSets": []}, 10003),
        ({"contactKey": "  ", "attributeSets": []}, 10003),
        ({"contactKey": None, "attributeSets": []}, 10003),
        ({"contactKey": {"a": 1}, "attributeSets": []}, 10003),
        ({"contactKey": True, "attributeSets": []}, 10003),
        ({"contactKey": "c"}, 10003),
        ({"contactKey": "c", "attributeSets": {}}, 10003),
        ([], 10003),
        ({"contactKey": "c", "attributeSets": [{"name": "Shoe Sizes"}]}, 10000),
        ({"contactKey": "c", "attributeSets": ["Email Addresses"]}, 10000),
        ({"contactKey": "c", "attributeSets": [{"name": "Email Addresses"}]}, 10000),
        ({"contactKey": "c", "attributeSets": [{"name": "Email Demographics"}]}, 10000),
        (
            {"contactKey": "c", "attributeSets": [{"name": "GroupConnect LINE Addresses"}] * 2},
            10000,
        ),
        (
            {
                "contactKey": "c",
                "attributeSets": [{"name": "MobilePush Demographics", "items": [5, {"values": 5}]}],
            },
            10000,
        ),
    ],
)
async def test_a_bad_contact_is_refused_and_not_made(client, simulator, body, code):
    reply = await client.post(PATH, json=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, code)
    assert "c" not in simulator.contacts


async def test_a_number_as_contact_key_becomes_a_text(client, simulator):
    await client.post(PATH, json={"contactKey": 1001, "attributeSets": []})
    assert "1001" in simulator.contacts


async def test_an_empty_list_of_sets_can_be_refused_as_documented(simulate, sign_in):
    client = await sign_in(simulate(empty_attribute_sets="refuse", contact_request_code=10002))
    reply = await client.post(PATH, json={"contactKey": "c", "attributeSets": []})
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10002)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_not_json_is_10004(client, body):
    reply = await client.post(PATH, content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10004)
    assert reply.json()["message"].startswith("JSON Deserialization Exception")
