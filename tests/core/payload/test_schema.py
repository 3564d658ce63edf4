from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import attrs
import jsonschema
import pytest

from wharfinger.model.fields import Condition, Field, field, when_absent, when_equal
from wharfinger.model.secret import Secret
from wharfinger.payload import json_schema


@attrs.define(kw_only=True)
class SendRow:
    """Send one row.

    This paragraph is for programmers.
    """

    key: str | None = field(label="Key", required=when_absent("id"), description="External key.")
    id: str | None = field(label="ID", required=when_absent("key"))
    keys: dict[str, Any] = field(
        label="Keys",
        minimum=1,
        properties={"contactKey": Field(label="Contact Key", required=True, maximum=254)},
    )
    mode: str = field(label="Mode", default="upsert", choices=("upsert", "insert"))
    note: str | None = field(label="Note", kind="text", default=None, allow_null=True, maximum=10)
    level: str | None = field(label="Level", default=None, choices=("a",), allow_null=True)
    scores: list[float] = field(label="Scores", minimum=1, default=attrs.Factory(lambda: [1.5]))
    rows: int | None = field(label="Rows", default=None, minimum=0, maximum=9, control="batch-rows")
    since: datetime = field(label="Since", default=datetime(2030, 1, 1, tzinfo=UTC))
    password: Secret = field(label="Password", default=Secret("hush"))
    mail: str | None = field(label="Mail", required=when_equal("mode", "insert"), format="email")
    digits: str = field(label="Digits", pattern="[0-9]+")


def test_the_schema_says_what_a_form_needs_to_know():
    schema = json_schema(SendRow)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("SendRow", "Send one row.")
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["keys", "digits"]
    assert schema["properties"] == {
        "key": {"title": "Key", "description": "External key.", "type": "string", "minLength": 1},
        "id": {"title": "ID", "type": "string", "minLength": 1},
        "keys": {
            "title": "Keys",
            "type": "object",
            "minProperties": 1,
            "properties": {
                "contactKey": {
                    "title": "Contact Key",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 254,
                }
            },
            "additionalProperties": True,
            "required": ["contactKey"],
        },
        "mode": {
            "title": "Mode",
            "type": "string",
            "enum": ["upsert", "insert"],
            "default": "upsert",
        },
        "note": {"title": "Note", "type": ["string", "null"], "maxLength": 10, "x-kind": "text"},
        "level": {"title": "Level", "type": ["string", "null"], "enum": ["a", None]},
        "scores": {
            "title": "Scores",
            "type": "array",
            "items": {"type": "number"},
            "minItems": 1,
            "default": [1.5],
        },
        "rows": {
            "title": "Rows",
            "type": "integer",
            "minimum": 0,
            "maximum": 9,
            "x-control": "batch-rows",
        },
        "since": {
            "title": "Since",
            "type": "string",
            "format": "date-time",
            "default": "2030-01-01T00:00:00+00:00",
        },
        "password": {
            "title": "Password",
            "type": "string",
            "writeOnly": True,
            "format": "password",
        },
        "mail": {"title": "Mail", "type": "string", "minLength": 1, "format": "email"},
        "digits": {"title": "Digits", "type": "string", "minLength": 1, "pattern": "^(?:[0-9]+)$"},
    }
    assert "hush" not in json.dumps(schema)


@pytest.mark.parametrize(
    ("payload", "fine"),
    [
        ({"key": "k"}, True),
        ({"id": "i"}, True),
        ({}, False),
        ({"key": "k", "mode": "insert"}, False),
        ({"key": "k", "mode": "insert", "mail": "a@b.cz"}, True),
        ({"key": "k", "unknown": 1}, False),
        ({"key": "k", "keys": {}}, False),
    ],
)
def test_the_schema_checks_what_fields_require_of_each_other(payload, fine):
    complete = {"keys": {"contactKey": "c"}, "digits": "1", **payload}
    assert jsonschema.Draft202012Validator(json_schema(SendRow)).is_valid(complete) is fine


@pytest.mark.parametrize(
    ("condition", "payload", "fine"),
    [
        (Condition("a", "present"), {"a": "x"}, False),
        (Condition("a", "present"), {"a": " "}, True),
        (Condition("a", "present"), {}, True),
        (Condition("a", "absent"), {}, False),
        (Condition("a", "absent"), {"a": ""}, False),
        (Condition("a", "absent"), {"a": "x"}, True),
        (Condition("a", "is-not", "x"), {"a": "y"}, False),
        (Condition("a", "is-not", "x"), {"a": "x"}, True),
        (Condition("a", "is-not", "x"), {}, True),
        (Condition("a", "is"), {}, False),
    ],
)
def test_each_condition_is_in_the_schema(make_class, condition, payload, fine):
    schema = json_schema(make_class(a={}, b={"required": condition}))
    assert jsonschema.Draft202012Validator(schema).is_valid(payload) is fine


def test_the_schema_is_a_new_one_each_time():
    json_schema(SendRow)["properties"].clear()
    assert json_schema(SendRow)["properties"]


def test_a_class_without_words_of_its_own_has_no_description(make_class):
    assert "description" not in json_schema(make_class(a={}))
