from datetime import UTC, date, datetime, timedelta, timezone

import attrs
import pytest

from wharfinger.errors import PayloadError
from wharfinger.model.fields import Condition, field, when_absent, when_equal
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET
from wharfinger.payload import compile_structure, structure


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("string", True, "true"),
        ("string", 5.0, "5"),
        ("string", 1e21, "1e+21"),
        ("string", 9007199254740993, "9007199254740993"),
        ("text", "two\nlines", "two\nlines"),
        ("string", "", ""),
        ("string", " ", " "),
        ("number", 0.1, 0.1),
        ("number", "-.5", -0.5),
        ("number", "+1", 1),
        ("number", "9007199254740993", 9007199254740993),
        ("number", False, 0),
        ("number", ["5"], 5),
        ("integer", "1e2", 100),
        ("integer", 1e20, 10**20),
        ("integer", "9007199254740993.0", 9007199254740993),
        ("integer", True, 1),
        ("boolean", 0, False),
        ("boolean", 1.0, True),
        ("boolean", ["true"], True),
        ("boolean", "false", False),
        ("datetime", "2030-01-31T09:30:00Z", datetime(2030, 1, 31, 9, 30, tzinfo=UTC)),
        ("datetime", "2030-01-31 09:30", datetime(2030, 1, 31, 9, 30, tzinfo=UTC)),
        ("datetime", "2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
        (
            "datetime",
            "2030-01-31T09:30+02:00",
            datetime(2030, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("datetime", 1700000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("datetime", 1700000000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("datetime", "1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("datetime", date(2030, 1, 31), datetime(2030, 1, 31, tzinfo=UTC)),
        ("object", {"a": [1]}, {"a": [1]}),
    ],
)  # fmt: skip
def test_values_are_coerced(make_one, kind, value, result):
    made = make_one(value, kind=kind)
    assert made == result
    assert type(made) is type(result)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", {}), ("string", []), ("string", ["a", "b"]), ("string", [None]),
        ("string", [["a"]]), ("string", float("nan")), ("string", object()), ("string", b"x"),
        ("number", "1,000"), ("number", "0x10"), ("number", "NaN"), ("number", "Infinity"),
        ("number", "1e400"), ("number", float("inf")), ("number", "1_0"), ("number", "٣"),
        ("number", " "), ("number", "9" * 100_000), ("number", {}),
        ("integer", 1.5), ("integer", "1.5"), ("integer", "9007199254740993.5"),
        ("integer", "1e999999999"),
        ("boolean", "1"), ("boolean", "yes"), ("boolean", "True"), ("boolean", 2), ("boolean", -1),
        ("datetime", "2020-13-45"), ("datetime", "Jan 5 2020"), ("datetime", "12"),
        ("datetime", True), ("datetime", 1e300), ("datetime", float("nan")),
        ("datetime", "20300131093000"), ("datetime", {}),
        ("object", '{"a":1}'), ("object", [{}]), ("object", 5),
    ],
)  # fmt: skip
def test_values_that_would_need_a_guess_are_refused(make_class, problems_of, kind, value):
    assert problems_of(make_class(f={"kind": kind}), {"f": value})["f"].startswith("F must be ")


@pytest.mark.parametrize(
    "kind", ["string", "text", "number", "integer", "boolean", "datetime", "object"]
)
def test_unset_null_and_missing_are_absent(make_class, problems_of, kind):
    optional, required = (
        make_class(f={"kind": kind}),
        make_class(f={"kind": kind, "required": True}),
    )
    for raw in ({}, {"f": None}, {"f": UNSET}):
        assert structure(optional, raw).f is None
        assert problems_of(required, raw)["f"].startswith("F is missing: ")


@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "datetime", "object"])
def test_empty_text_is_absent_where_it_cannot_be_the_value(make_class, make_one, kind):
    assert make_one("", kind=kind) is None
    assert make_one("", kind=kind, multiple=True, default=None) is None


@pytest.mark.parametrize("text", ["", " ", "\n"])
@pytest.mark.parametrize("facts", [{}, {"kind": "text"}, {"pattern": r"\s*"}, {"multiple": True}])
def test_an_optional_string_keeps_text_that_shows_nothing(make_one, facts, text):
    assert make_one([text], **facts) == ([text] if facts.get("multiple") else text)


@pytest.mark.parametrize("blank", ["", " ", "\t\n\u3000", ["  "]])
def test_a_required_string_needs_a_visible_character(make_class, problems_of, blank):
    for required in (True, when_absent("g")):
        cls = make_class(f={"required": required}, g={})
        assert problems_of(cls, {"f": blank})["f"].startswith("F is missing: ")


def test_null_is_a_value_where_the_field_says_so(make_class):
    cls = make_class(f={"allow_null": True, "required": True}, g={"default": "d"})
    assert structure(cls, {"f": None, "g": None}) == cls(f=None, g="d")


def test_absent_fields_take_their_default_made_anew(make_class):
    cls = make_class(
        a={"default": 5, "kind": "integer"}, b={"default": attrs.Factory(list), "multiple": True}
    )
    first, second = structure(cls, {}), structure(cls, {"a": ""})
    first.b.append("spoilt")
    assert (second.a, second.b) == (5, [])


def test_lists_wrap_one_value_and_leave_absent_items_out(make_one):
    assert make_one("a", multiple=True) == ["a"]
    assert make_one(["a", None, "", ["b"], 5], multiple=True) == ["a", "", "b", "5"]
    assert make_one(({"x": 1},), multiple=True, kind="object") == [{"x": 1}]
    assert make_one([], multiple=True) == []


def test_a_wrong_item_is_named_once(make_class, problems_of):
    cls = make_class(f={"multiple": True, "kind": "number", "label": "Scores"})
    assert problems_of(cls, {"f": [1, "x", "y"]}) == {
        "f[1]": 'Scores, item 2, must be a number, but it is "x".'
    }


@pytest.mark.parametrize(
    ("facts", "value", "message"),
    [
        ({"minimum": 2}, "a", "F must have 2 characters or more, but it has 1."),
        ({"maximum": 1}, "éé", "F must have 1 character at most, but it has 2."),
        ({"kind": "number", "minimum": 0}, -0.5, "F must be 0 or more, but it is -0.5."),
        ({"kind": "integer", "maximum": 10}, 11, "F must be 10 or less, but it is 11."),
        ({"kind": "object", "minimum": 1}, {}, "F must have 1 entry or more, but it has 0."),
        (
            {"kind": "object", "maximum": 2},
            dict.fromkeys("abc"),
            "F must have 2 entries at most, but it has 3.",
        ),
        ({"multiple": True, "minimum": 1}, [], "F must have 1 entry or more, but it has 0."),
        ({"choices": ("a", "b")}, "c", 'F must be one of "a", "b", but it is "c".'),
        (
            {"pattern": "[0-9]+", "pattern_hint": "must be digits only"},
            "1\n",
            r'F must be digits only, but it is "1\n".',
        ),
        ({"pattern": "[0-9]+"}, "x", 'F must match [0-9]+, but it is "x".'),
        ({"format": "email"}, "a@b", 'F must be an email address, but it is "a@b".'),
        (
            {"format": "uri"},
            "example",
            'F must be a URI with its scheme, such as https://example.com, but it is "example".',
        ),
        (
            {"format": "date-time"},
            "2030-01-31",
            'F must be a date and time, such as 2030-01-31T09:30:00Z, but it is "2030-01-31".',
        ),
        ({}, ["a", "b"], "F must be text, but it is a list of 2 items."),
        ({}, {}, "F must be text, but it is an object."),
        ({"kind": "integer"}, "x" * 100, f'F must be a whole number, but it is "{"x" * 40}...".'),
        ({"kind": "number"}, "\ud800", r'F must be a number, but it is "\ud800".'),
        pytest.param(
            {"kind": "boolean"},
            10**5000,
            "F must be true or false, but it is a number with thousands of digits.",
            id="huge",
        ),
    ],
)
def test_messages_say_what_is_needed_and_what_was_found(
    make_class, problems_of, facts, value, message
):
    assert problems_of(make_class(f=facts), {"f": value}) == {"f": message}


@pytest.mark.parametrize(
    ("fmt", "value"),
    [
        ("email", "ana.smith+x@mail.example.com"),
        ("email", "josé@příklad.cz"),
        ("uri", "https://example.com/a?b=c#d"),
        ("uri", "mailto:a@example.com"),
        ("date-time", "2030-01-31T09:30:00.123+02:00"),
        ("date-time", "2030-01-31 09:30"),
    ],
)
def test_formats_let_ordinary_values_through(make_one, fmt, value):
    assert make_one(value, format=fmt) == value


@pytest.mark.parametrize(
    ("fmt", "value"),
    [("email", "@b.cz"), ("email", "a b@c.cz"), ("email", "a@b@c.cz"), ("email", "a@b..cz"),
     ("uri", "//x"), ("uri", "http: //x"), ("date-time", "20300131T093000"), ("date-time", "now")],
)  # fmt: skip
def test_formats_refuse_what_they_are_not(make_class, problems_of, fmt, value):
    assert problems_of(make_class(f={"format": fmt}), {"f": value})


def test_a_number_with_thousands_of_digits_is_no_text(make_class, problems_of):
    assert problems_of(make_class(f={}), {"f": 10**5000}) == {
        "f": "F must be text, but it is a number with thousands of digits."
    }


def test_lengths_count_characters_and_not_bytes(make_one):
    assert make_one("👩🚀", maximum=2) == "👩🚀"


def test_choices_are_compared_after_coercion(make_one):
    assert make_one("2", kind="integer", choices=(1, 2)) == 2


def test_every_wrong_field_is_named_in_the_order_of_the_class(make_class, problems_of):
    cls = make_class(
        a={"required": True},
        b={"kind": "number"},
        c={"required": when_equal("d", True)},
        d={"kind": "boolean"},
    )
    found = problems_of(cls, {"z": 1, "b": "x", "d": "true"})
    assert list(found) == ["a", "b", "c", "z"]
    with pytest.raises(PayloadError) as caught:
        structure(cls, {"z": 1, "b": "x", "d": "true"})
    assert caught.value.code == "payload-invalid"
    assert str(caught.value) == " ".join(found.values())


def test_an_unknown_key_comes_with_a_suggestion(make_class, problems_of):
    cls = make_class(contactKey={}, data={"kind": "object"})
    assert problems_of(cls, {"contactkey": "x"}) == {
        "contactkey": '"contactkey" is no field here. Did you mean "contactKey"?'
    }
    assert problems_of(cls, {7: "x"})["7"].endswith("Known: contactKey, data.")
    assert structure(cls, {"contactkey": UNSET}).contactKey is None


def test_a_flood_of_unknown_keys_is_counted(make_class, problems_of):
    found = problems_of(make_class(a={}), {f"k{index}": 1 for index in range(10_000)})
    assert len(found) == 21
    assert found[""] == "9980 more are no fields here."


@pytest.mark.parametrize("raw", [None, [], "x", 5, UNSET, [("a", 1)]])
def test_what_is_no_object_is_refused(make_class, problems_of, raw):
    assert "must be an object" in problems_of(make_class(a={}), raw)[""]


def test_of_two_fields_that_stand_in_for_each_other_one_is_enough(make_class, problems_of):
    cls = make_class(
        key={"label": "Data Extension Key", "required": when_absent("id")},
        id={"label": "Data Extension ID", "required": when_absent("key")},
    )
    assert structure(cls, {"key": "k"}) == cls(key="k", id=None)
    assert structure(cls, {"id": "i", "key": None}) == cls(key=None, id="i")
    assert structure(cls, {"id": "i", "key": "k"}) == cls(key="k", id="i")
    for raw in ({}, {"key": ""}, {"key": " ", "id": None}):
        [message] = problems_of(cls, raw).values()
        assert message.startswith("Data Extension Key or Data Extension ID is needed: ")
    assert problems_of(cls, {"key": {}}) == {
        "key": "Data Extension Key must be text, but it is an object."
    }


@pytest.mark.parametrize(
    ("condition", "raw", "needed"),
    [
        (Condition("a", "absent"), {}, "where A has no value"),
        (Condition("a", "absent"), {"a": " "}, "where A has no value"),
        (Condition("a", "present"), {"a": "x"}, "where A has a value"),
        (Condition("a", "is", "x"), {"a": "x"}, 'where A is "x"'),
        (Condition("a", "is", "5"), {"a": 5}, 'where A is "5"'),
        (Condition("a", "is"), {}, "where A has no value"),
        (Condition("a", "is-not", "x"), {"a": "y"}, 'where A is not "x"'),
        (Condition("a", "is-not"), {"a": "y"}, "where A has a value"),
        (Condition("a", "absent"), {"a": "x"}, None),
        (Condition("a", "present"), {}, None),
        (Condition("a", "is", "x"), {"a": "y"}, None),
        (Condition("a", "is", "x"), {}, None),
        (Condition("a", "is-not", "x"), {}, None),
        (Condition("a", "is-not", "x"), {"a": "x"}, None),
    ],
)
def test_a_condition_decides_whether_a_field_is_required(
    make_class, problems_of, condition, raw, needed
):
    cls = make_class(a={}, b={"required": condition})
    assert structure(cls, {**raw, "b": "there"}).b == "there"
    if needed is None:
        assert structure(cls, raw).b is None
    else:
        assert problems_of(cls, raw)["b"].startswith(
            f"B is missing: nothing was found for it, and it is needed {needed}."
        )


def test_declared_properties_are_coerced_required_and_kept_in_order(
    make_class, declared, problems_of
):
    cls = make_class(
        keys={
            "kind": "object",
            "required": True,
            "properties": {
                "contactKey": declared("Contact Key", required=True),
                "store": declared("Store", kind="integer"),
                "region": declared("Region", default="eu"),
            },
        }
    )
    raw = {"keys": {"store": "7", "extra": [1], "contactKey": 42}}
    made = structure(cls, raw)
    assert list(made.keys.items()) == [
        ("store", 7),
        ("extra", [1]),
        ("contactKey", "42"),
        ("region", "eu"),
    ]
    assert raw == {"keys": {"store": "7", "extra": [1], "contactKey": 42}}
    assert structure(cls, {"keys": {"contactKey": "a", "store": None}}).keys == {
        "contactKey": "a",
        "region": "eu",
    }
    found = problems_of(cls, {"keys": {"contactKey": " ", "store": "x"}})
    assert list(found) == ["keys.contactKey", "keys.store"]
    assert found["keys.contactKey"].startswith("Contact Key is missing: it is empty.")


def test_properties_may_depend_on_each_other_and_be_the_only_ones(
    make_class, declared, problems_of
):
    properties = {"a": declared("A"), "b": declared("B", required=when_equal("a", "x"))}
    cls = make_class(o={"kind": "object", "properties": properties, "additional_properties": False})
    assert structure(cls, {"o": {"a": "y"}}).o == {"a": "y"}
    assert list(problems_of(cls, {"o": {"a": "x", "c": 1}})) == ["o.c", "o.b"]


def test_objects_of_an_instance_are_new(make_class):
    cls = make_class(o={"kind": "object"}, items={"multiple": True})
    raw = {"o": {"a": 1}, "items": ["x"]}
    made = structure(cls, raw)
    made.o["a"] = 2
    made.items.append("y")
    assert raw == {"o": {"a": 1}, "items": ["x"]}


def test_secrets_come_out_as_secrets_and_never_show(make_class, problems_of):
    cls = make_class(
        s={
            "secret": True,
            "required": True,
            "pattern": "[a-z]+",
            "pattern_hint": "must be letters",
            "label": "Client Secret",
        }
    )
    for given in ("hush", Secret("hush")):
        made = structure(cls, {"s": given})
        assert made.s == Secret("hush")
        assert "hush" not in repr(made)
    for wrong in ("HUSH-1", Secret("HUSH-1"), ["HUSH-1", "x"], {"x": "HUSH-1"}):
        [message] = problems_of(cls, {"s": wrong}).values()
        assert message.startswith("Client Secret must be ")
        assert "HUSH" not in message
    for empty in ("", Secret(" "), None):
        assert problems_of(cls, {"s": empty})["s"].startswith("Client Secret is missing: ")


def test_a_secret_given_for_an_ordinary_field_is_used_and_not_shown(make_class, problems_of):
    cls = make_class(n={"kind": "integer"})
    assert structure(cls, {"n": Secret("12")}).n == 12
    assert problems_of(cls, {"n": Secret("hush")}) == {
        "n": "N must be a whole number, but it is text."
    }


def test_a_validator_of_the_class_itself_is_heard(problems_of):
    @attrs.define(kw_only=True)
    class Range:
        low: int = field(label="Low")
        high: int = field(label="High")

        def __attrs_post_init__(self):
            if self.low > self.high:
                raise ValueError("Low is above High.")

    assert structure(Range, {"low": 1, "high": 2}) == Range(low=1, high=2)
    assert "Low is above High." in problems_of(Range, {"low": 2, "high": 1})[""]


def test_private_attributes_and_frozen_classes_work():
    @attrs.frozen(kw_only=True)
    class Frozen:
        _inner: str = field(name="inner", label="Inner")
        seen: bool = attrs.field(default=False)

    assert structure(Frozen, {"inner": 1}) == Frozen(inner="1")


def test_a_class_is_compiled_once(make_class):
    cls = make_class(a={})
    assert compile_structure(cls) is compile_structure(cls)


def test_odd_names_stay_data():
    name = "'; import os #\n\"{}"

    @attrs.define
    class Odd:
        f: str = field(name=name, label="Odd {label}", minimum=1)

    assert structure(Odd, {name: "x"}) == Odd(f="x")


def test_a_field_may_have_a_rule_of_its_own_and_is_named_beside_all_other_problems():
    def no_dots(value: str) -> str | None:
        return f"Key must have no dots, but it is {value!r}." if "." in value else None

    @attrs.define(kw_only=True)
    class Ruled:
        key: str = field(label="Key", check=no_dots)
        size: int = field(label="Size")
        pin: Secret = field(label="PIN", check=lambda pin: None if pin.isdigit() else "PIN: digits")

    good = structure(Ruled, {"key": "a", "size": 1, "pin": "1234"})
    assert (good.key, good.pin) == ("a", Secret("1234"))
    with pytest.raises(PayloadError) as raised:
        structure(Ruled, {"key": "a.b", "size": "x", "pin": "oops"})
    assert [(problem.path, problem.message) for problem in raised.value.problems] == [
        (("key",), "Key must have no dots, but it is 'a.b'."),
        (("size",), 'Size must be a whole number, but it is "x".'),
        (("pin",), "PIN: digits"),
    ]
