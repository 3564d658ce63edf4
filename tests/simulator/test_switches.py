"""Switches: set by name, checked, described."""

import attrs
import pytest

from wharfinger_sfmc_simulator import Simulator, SwitchError, Switches, describe_switches
from wharfinger_sfmc_simulator.switches import read_switches

NAMES = [field.name for field in attrs.fields(Switches)]


@pytest.mark.parametrize("name", NAMES)
def test_each_switch_says_what_it_means(name):
    assert len(getattr(attrs.fields(Switches), name).metadata["about"]) > 20
    assert f"{name} = " in describe_switches()


@pytest.mark.parametrize("name", NAMES)
def test_each_switch_is_read_by_the_simulator(name, pytestconfig):
    package = pytestconfig.rootpath / "contrib/sfmc-simulator/src/wharfinger_sfmc_simulator"
    readers = [path for path in package.rglob("*.py") if path.name != "switches.py"]
    assert any(f"switches.{name}" in path.read_text(encoding="utf-8") for path in readers)


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("event_status=200", "event_status", 200),
        ("event-status = 200", "event_status", 200),
        ("errorcode_as_text=true", "errorcode_as_text", True),
        ("errorcode_as_text=False", "errorcode_as_text", False),
        ("rowset_mode=insert-only", "rowset_mode", "insert-only"),
        ("null_message={column}=nothing", "null_message", "{column}=nothing"),
        ("expires_in=60", "expires_in", 60),
    ],
)
def test_a_switch_is_set_by_name_and_value(assignment, name, value):
    assert getattr(read_switches([assignment]), name) == value


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("event_statu=200", "did you mean event_status?"),
        ("zzz=1", "--list-switches shows them all"),
        ("event_status", "is not name=value"),
        ("event_status=204", "one of 201, 200"),
        ("expires_in=soon", "a whole number"),
        ("errorcode_as_text=yes", "true or false"),
        ("rowset_mode=x", "one of upsert, insert-only"),
        ("null_message={value}", r"may use \{column\}"),
        ("null_message={column", "not a message template"),
    ],
)
def test_a_wrong_switch_is_refused_with_what_there_is(assignment, says):
    with pytest.raises(SwitchError, match=says):
        read_switches([assignment])


@pytest.mark.parametrize("value", [True, "200", 200.0, None])
def test_a_switch_takes_its_own_type_only(value):
    with pytest.raises(SwitchError, match="event_status cannot be"):
        Simulator.sample(switches={"event_status": value})


def test_later_assignments_win_and_others_stay():
    switches = read_switches(["expires_in=1", "expires_in=2"], Switches(event_status=200))
    assert (switches.expires_in, switches.event_status) == (2, 200)


def test_the_description_shows_present_values():
    assert "event_status = 200 (one of 201, 200)" in describe_switches(Switches(event_status=200))
    assert "errorcode_as_text = false (true or false)" in describe_switches()
