"""The kit passes a plugin that keeps its contract, and finds each fault that is planted in it."""

from __future__ import annotations

import pytest
from tests.core.testing.faults_in_deliveries import IN_DELIVERIES
from tests.core.testing.faults_in_records import IN_RECORDS
from tests.core.testing.faults_in_secrets import IN_SECRETS
from tests.core.testing.planting import CONTRACT, IN_TROUBLE, PLUGIN, TAKE_LONG, changed

pytest_plugins = ["pytester"]

FAULTS = [
    *((fault, (*TAKE_LONG, *IN_TROUBLE)) for fault in IN_RECORDS),
    *((fault, TAKE_LONG) for fault in [*IN_DELIVERIES, *IN_SECRETS]),
]


def test_an_example_for_an_action_that_does_not_exist_is_told(run_kit):
    broken = CONTRACT.replace('"ring-bell": Example', '"ring-the-bell": Example')
    failed, result = run_kit(PLUGIN, "-k", "loads", contract=broken)
    assert failed == ["test_the_plugin_loads"]
    result.stdout.fnmatch_lines(["action 'acme/ring-the-bell': no plugin gives it.*"])


def test_a_fault_of_the_test_itself_is_not_blamed_on_the_plugin(run_kit):
    broken = CONTRACT.replace('note.get("text")', 'note["text"]')
    failed, result = run_kit(PLUGIN, "-k", "outcome_whatever", contract=broken)
    assert failed == ["test_every_payload_has_one_outcome_whatever_the_vendor_does"]
    result.stdout.fnmatch_lines(
        ["The test itself is at fault: POST https://api.acme.example/bell * KeyError: 'text'*"]
    )


def test_a_fault_of_the_test_is_not_blamed_on_a_check_of_the_plugin_either(run_kit):
    broken = CONTRACT.replace("if request.content else []", "")
    failed, result = run_kit(PLUGIN, "-k", "credentials_can", contract=broken)
    assert failed == ["test_credentials_can_be_tried"]
    result.stdout.fnmatch_lines(
        ["The test itself is at fault: GET https://api.acme.example/me * JSONDecodeError*"]
    )
    result.stdout.fnmatch_lines(["*let `besides` reply to requests for tokens and look-ups*"])


def test_a_plugin_without_fault_passes_wholly(run_kit):
    failed, result = run_kit(PLUGIN)
    assert failed == []
    result.assert_outcomes(passed=25)


@pytest.mark.parametrize(
    ("fault", "long"), [pytest.param(*each, id=each[0].name.replace(" ", "-")) for each in FAULTS]
)
def test_a_planted_fault_fails_its_check_alone_of_those_that_run_with_what_to_do(
    run_kit, fault, long
):
    text = changed(PLUGIN, fault.changes)
    left_out = " and ".join(f"not {name}" for name in long if name != fault.fails)
    failed, result = run_kit(text, "-k", left_out)
    assert failed == [fault.fails]
    assert fault.remedy in result.stdout.str()
