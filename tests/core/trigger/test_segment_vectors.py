"""Triggers as Segment's product saves them, read as Segment's documentation says."""

from __future__ import annotations

import pytest

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, parse

TRACK = {"type": "track", "event": "A", "userId": "u"}


def track(**properties: object) -> dict[str, object]:
    return {"type": "track", "properties": properties}


# Here Segment's engine does what its documentation says.
@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ('type = "track"', TRACK, True),
        ('type = "track" and event = "B"', TRACK, False),
        ('type = "track" or event = "B"', TRACK, True),
        ('type = "identify" and event = "B" or event = "A"', TRACK, True),
        ('type = "identify" and (event = "A" or event = "B")', TRACK, False),
        ('!contains(event, "A")', TRACK, False),
        ("event != null", TRACK, True),
        ("name != null", TRACK, False),
        ("userId != null", TRACK, True),
        ("userId = null", TRACK, False),
        ('match(event, "A*")', TRACK, True),
        ('match(event, "*A")', TRACK, True),
        ('match(event, "A")', TRACK, True),
        ('match(event, "*")', TRACK, True),
        ("properties.a = 5", track(a=5), True),
        ("properties.a = 5", track(a="5"), False),
        ('properties.a = "5"', track(a=5), False),
        ('properties.a != "x"', track(), True),
        ("properties.a = true", track(a=True), True),
        ('properties.a = "true"', track(a=True), False),
        ("properties.a >= 100", track(a="200"), False),
        ("properties.a != null", track(a=0), True),
        ("properties.a = null", track(a=None), True),
        ('properties.a.b = "c"', track(a={"b": "c"}), True),
        (r'properties.a\ b = "c"', track(**{"a b": "c"}), True),
        (r'properties.\$a = "c"', track(**{"$a": "c"}), True),
        ('contains(properties.a, "")', track(a="q"), True),
        ('context.page.url = "u"', {"context": {"page": {"url": "u"}}}, True),
        (
            'traits.plan = "p" and type = "identify"',
            {"type": "identify", "traits": {"plan": "p"}},
            True,
        ),
    ],
)
def test_where_segment_follows_its_documentation_the_trigger_means_the_same(
    takes, text, event, taken
):
    assert takes(text, event) is taken


# Here Segment's engine reads something else, or nothing at all.
@pytest.mark.parametrize(
    ("text", "event", "taken"),
    [
        ("type = 'track'", TRACK, True),
        ('type = "identify" and (contains(event, "A") or event = "B")', TRACK, False),
        ('((type = "track"))', TRACK, True),
        ('!(type = "track")', TRACK, False),
        ('! contains(event, "A")', TRACK, False),
        ('!contains(properties.x, "A")', TRACK, True),
        ('messageId = "zz" and type = "track"', TRACK, False),
        ('anonymousId = "x"', TRACK, False),
        ('anonymousId = "x"', {"anonymousId": "x"}, True),
        ('type in ["track"]', TRACK, True),
        ('TYPE = "track"', TRACK, False),
        ("type = track", TRACK, False),
        ('match(event, "ZA")', TRACK, False),
        ('match(type, "tr*")', TRACK, True),
        ("length(event) > 0", TRACK, True),
        ("properties.a != 5", track(), True),
        ("properties.a != true", track(a=True), False),
        ('properties.a > "5"', track(a=6), False),
        (r'properties.a\.b = "c"', track(**{"a.b": "c"}), True),
        ('properties.a[0] = "c"', track(a=["c"]), True),
        ("properties = null", track(a=1), False),
        ('contains(properties.a, "x")', track(a=["x"]), True),
        ('properties.or = "x"', track(**{"or": "x"}), True),
        ('type = "track"', None, False),
    ],
)
def test_where_segment_strays_from_its_documentation_the_documentation_holds(
    takes, text, event, taken
):
    assert takes(text, event) is taken


# Here Segment's engine reads something out of a text that is no trigger.
@pytest.mark.parametrize(
    "text",
    [
        *('not contains(event, "A")', 'type == "track"', 'type = "track" AND event = "B"'),
        *('type = "track" && event = "A"', 'type = "track")', '(type = "track"', "type = ", ""),
    ],
)
def test_what_is_no_trigger_is_an_error_and_not_a_guess(text):
    with pytest.raises(TriggerError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('type = "identify"', {"type": "identify"}),
        ('type = "track" and event = "Order Completed"', TRACK | {"event": "Order Completed"}),
        (
            'type = "track" and (event = "Signed Up" or event = "Trial Ended")',
            TRACK | {"event": "Trial Ended"},
        ),
        (
            '(type = "identify" and traits.plan = "gold") or contains(event, "x")',
            {"type": "identify", "traits": {"plan": "gold"}},
        ),
        ('match(event, "Order*")', {"event": "Order Completed"}),
        ('!match(event, "*Order")', {"event": "Order Completed"}),
        ("traits.[your-audience-key] = true", {"traits": {"your-audience-key": True}}),
        ("properties.coupon = null", {"properties": {}}),
        ("traits.score = -1", {"traits": {"score": -1}}),
        ('type="track"and event="A"', TRACK),
    ],
)
def test_what_segment_saves_takes_the_events_it_was_saved_for(text, event):
    assert compile_trigger(text)(event)
    assert not compile_trigger(f"!({text})")(event)
