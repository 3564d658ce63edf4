from __future__ import annotations

import httpx
import pytest

from wharfinger_sfmc.replies import read_reply


def read(status=400, redact=str, **body):
    return read_reply(httpx.Response(status, **body), redact)


def test_names_are_read_whatever_their_case():
    reply = read(200, json={"HASERRORS": True, "ResultMessages": [{"Message": "No such set"}]})

    assert not reply.accepted
    assert reply.vendor_message == "No such set"


@pytest.mark.parametrize("has_errors", [True, "true", "True"])
def test_a_success_that_has_errors_is_none(has_errors):
    assert not read(200, json={"hasErrors": has_errors, "resultMessages": []}).accepted


@pytest.mark.parametrize(
    "body",
    [
        {"hasErrors": False, "resultMessages": []},
        {"resultMessages": [{"resultClass": "Info", "message": "fine"}]},
        {"resultMessages": None},
        {"resultMessages": "fine"},
        {"resultMessages": [None, 7, "fine"]},
        {},
        [],
        [{"hasErrors": True}],
        None,
        "text",
    ],
)
def test_a_success_that_reports_no_error_is_one(body):
    assert read(200, json=body).accepted


@pytest.mark.parametrize("content", [b"", b" ", b"<html>", b"{", b'{"hasErrors": tru', b"\xff\xfe"])
def test_a_success_that_is_no_json_is_one(content):
    assert read(200, content=content).accepted


@pytest.mark.parametrize(
    ("found", "expected"),
    [(10006, 10006), ("10006", 10006), (0, 0), ("", None), (None, None), (True, None), ("x", None),
     ("9" * 5000, None), (1.5, None), ([], None)],
)  # fmt: skip
def test_error_codes_are_numbers_or_text(found, expected):
    assert read(json={"errorcode": found}).errorcode == expected


def test_what_was_said_about_columns_counts_before_the_general_words():
    details = [{"message": "B is bad"}, {"message": "A is bad"}, {"message": "B is bad"}, {}, None]
    reply = read(json={"message": "Unable to save rows", "additionalErrors": details})

    assert reply.details == ("B is bad", "A is bad")
    assert reply.vendor_message == "B is bad; A is bad"


def test_a_gateways_page_is_quoted_in_short():
    page = "<html>\n  <title>Bad\tGateway</title>\n" + "x" * 100_000

    reply = read(502, content=page.encode())

    assert reply.vendor_message.startswith("<html> <title>Bad Gateway</title> xxx")
    assert reply.vendor_message.endswith("…")
    assert len(reply.vendor_message) == 500


def test_secrets_are_taken_out_before_words_are_cut():
    secret = "s3cr3t-value"  # a sample
    message = "x" * 495 + secret

    reply = read(json={"message": message}, redact=lambda text: text.replace(secret, "***"))

    assert reply.vendor_message == "x" * 495 + "***"


def test_a_request_is_named_for_a_support_ticket():
    body = {"requestServiceMessageID": "r-1", "serviceMessageID": "s-1"}

    assert read(200, json=body).request_id == "r-1"
    assert read(200, json={"requestId": "q-1", "resultMessages": []}).request_id == "q-1"
    assert read(200, json=[]).request_id is None


def test_an_echo_of_megabytes_is_read_at_once():
    echo = b"[" + b'{"hasErrors":true},' * 200_000 + b"{}]"

    assert read(200, content=echo).accepted
