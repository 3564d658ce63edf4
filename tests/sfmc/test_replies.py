from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from wharfinger_sfmc.api.replies import read_reply


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


def test_a_reply_is_an_echo_only_of_the_very_bytes_that_were_sent():
    def is_echo(content, sent):
        return read_reply(httpx.Response(200, content=content), sent=sent).is_echo

    assert is_echo(b'[{"a":1}]', b'[{"a":1}]')
    assert not is_echo(b'[{"a":2}]', b'[{"a":1}]')
    assert not is_echo(b'[{"a": 1}]', b'[{"a":1}]')
    assert not is_echo(b"", None)


def test_what_a_reply_holds_is_counted_when_somebody_asks():
    assert read(200, content=b"[1,2]").entries == 2
    assert read(400, content=b"[1,2]").entries == 2
    assert read(200, content=b'{"a":[1,2]}').entries is None


def test_a_byte_order_mark_hides_nothing():
    reply = read(400, content=b'\xef\xbb\xbf {"errorcode": 10001, "message": "No."}')

    assert (reply.errorcode, reply.vendor_message) == (10001, "No.")


@pytest.mark.parametrize(
    "content",
    [
        b'{"message": "\xff"}',
        b'{"message": "\\ud800"}',
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"message": NaN}',
        b'{"message": "x"} trailing',
    ],
    ids=["no-utf-8", "half-a-pair", "deep", "nan", "trailing"],
)
def test_json_that_is_none_holds_nothing_and_breaks_nothing(content):
    reply = read(400, content=content)

    assert reply.fields == {}
    assert reply.errorcode is None
    assert 0 < len(reply.vendor_message) <= 500


def test_the_last_of_several_spellings_of_a_name_counts():
    reply = read(content=b'{"Message": "first", "errorCode": 1, "errorcode": 2, "message": "last"}')

    assert (reply.vendor_message, reply.errorcode) == ("last", 2)


def test_names_may_be_odd():
    odd = {"": 1, " message ": "no", "MESSAGE": "yes", "ErrorCode": None, "İ": 2, "\x00": 3}

    reply = read(json=odd)

    assert (reply.vendor_message, reply.errorcode) == ("yes", None)


@pytest.mark.parametrize(
    "found", [None, "text", 7, {}, {"a": 1}, [1], [{}, None], [{"a": 1}, [{}]]]
)
def test_a_list_in_which_places_mean_nothing_is_none(found):
    assert read(200, json={"members": found}).objects("members") is None
    assert read(200, json={}).objects("members") is None


def test_entries_of_a_list_are_read_whatever_the_case_of_their_names():
    reply = read(200, json={"Items": [{"ContactKey": "c-1"}, {"CONTACTKEY": "c-2"}]})

    assert reply.objects("items") == [{"contactkey": "c-1"}, {"contactkey": "c-2"}]
    assert read(200, json={"items": []}).objects("items") == []


@pytest.mark.parametrize(
    ("found", "expected"), [(3, 3), ("3", 3), (0, 0), (None, None), (True, None), ("x", None)]
)
def test_counts_are_numbers_or_text(found, expected):
    assert read(200, json={"Count": found}).number("count") == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Mon, 05 Jan 2026 10:50:11 GMT", datetime(2026, 1, 5, 10, 50, 11, tzinfo=UTC)),
        ("Mon, 05 Jan 2026 04:50:11 -0600", datetime(2026, 1, 5, 10, 50, 11, tzinfo=UTC)),
        ("Mon, 05 Jan 2026 10:50:11 -0000", datetime(2026, 1, 5, 10, 50, 11, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_when_sfmc_answered_is_read_from_its_header(header, expected):
    assert read(200, headers={"Date": header}).date == expected


def test_a_reply_without_a_date_has_none():
    assert read(200).date is None
