"""What SFMC answers to a contact, and what becomes of it."""

from __future__ import annotations

import httpx
import pytest

import wharfinger

IDENTIFY = {"type": "identify", "userId": "c-1001"}


@pytest.mark.parametrize(
    "reply",
    [
        {"isNewContactKey": False, "rowsAffected": 0, "contactID": 36270040, "hasErrors": False},
        {"isNewContactKey": False, "rowsAffetcted": 0, "contactId": 36270040},
        {"ISNEWCONTACTKEY": "false", "HASERRORS": "False", "RESULTMESSAGES": None},
    ],
)
async def test_a_contact_that_exists_is_a_success_in_both_spellings(cloud, deliver, reply):
    cloud.answers(200, json={**reply, "requestServiceMessageID": "r-1"})

    (outcome,) = await deliver([IDENTIFY], "create-contact", {})

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == "r-1"


@pytest.mark.parametrize("body", ["<html>Please sign in</html>", "", "null", '{"message": "hi"}'])
async def test_a_success_that_says_nothing_of_a_contact_is_none(cloud, deliver, body):
    cloud.answers(200, text=body)

    (outcome,) = await deliver([IDENTIFY], "create-contact", {})

    assert (outcome.status, outcome.code) == (wharfinger.Status.RETRY, "unexpected-reply")


async def test_a_contact_that_is_there_already_in_other_words_is_a_success_too(cloud, deliver):
    cloud.answers(409, json={"message": "The object already exists.", "errorcode": "30004"})

    (outcome,) = await deliver([IDENTIFY], "create-contact", {})

    assert outcome.status is wharfinger.Status.DELIVERED


@pytest.mark.parametrize(
    "reply",
    [
        {"hasErrors": True, "resultMessages": [{"message": "No."}], "isNewContactKey": True},
        {"HasErrors": "true", "ResultMessages": [{"Message": "No."}]},
        {"hasErrors": False, "resultMessages": [{"resultClass": "Error", "message": "No."}]},
    ],
)
async def test_a_contact_that_has_errors_is_none_whatever_the_status_says(cloud, deliver, reply):
    cloud.answers(200, json=reply)

    (outcome,) = await deliver([IDENTIFY], "create-contact", {})

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.vendor_message == "No."


async def test_a_contact_is_repeated_after_silence(cloud, deliver):
    cloud.fails(httpx.ReadTimeout("slow")).answers(504).answers(200, json={"hasErrors": False})

    (outcome,) = await deliver([IDENTIFY], "create-contact", {}, attempts=3)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.attempts == 3
