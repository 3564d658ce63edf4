from __future__ import annotations

import pickle
from typing import Any

import pytest

import wharfinger
from wharfinger import Outcome, Problem, Status

DELIVERY: dict[str, Any] = {
    "code": "some-code",
    "vendor_message": "no",
    "http_status": 400,
    "request_id": "r-1",
}
SAMPLES = [
    wharfinger.ConfigurationError([Problem(("a", 0, "b"), "is wrong.")]),
    wharfinger.MappingError([Problem((), "is wrong.")]),
    wharfinger.TriggerError("cannot be read", "type =", 6),
    wharfinger.PluginError("bad"),
    wharfinger.PluginClashError("two"),
    wharfinger.NotOpenError("closed"),
    wharfinger.NotSentError("preview"),
    wharfinger.SharedStateError("away"),
    wharfinger.RejectedError("refused", **DELIVERY),
    wharfinger.PayloadError([Problem(("key",), "Key is missing.")]),
    wharfinger.RetryError("later", retry_after_s=3.5, **DELIVERY),
    wharfinger.ThrottledError("slower", retry_after_s=None, **DELIVERY),
    wharfinger.UnknownError("who knows", **DELIVERY),
    wharfinger.HaltedError("stop", **DELIVERY),
    wharfinger.CredentialsError("refused"),
    wharfinger.HostNotAllowedError("elsewhere", **DELIVERY),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_to_another_process(error):
    revived = pickle.loads(pickle.dumps(error))
    assert type(revived) is type(error)
    assert str(revived) == str(error)
    assert vars(revived) == vars(error)


def test_there_is_a_sample_of_every_error():
    public = {getattr(wharfinger, name) for name in wharfinger.__all__ if name.endswith("Error")}
    abstract = {wharfinger.WharfingerError, wharfinger.DeliveryError}
    assert {type(sample) for sample in SAMPLES} == public - abstract


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_delivery_error_becomes_one_outcome_with_all_its_facts(error):
    if not isinstance(error, wharfinger.DeliveryError):
        with pytest.raises((AttributeError, TypeError)):
            Outcome.of(error)
        return
    outcome = Outcome.of(error)
    assert outcome.status in (Status.REJECTED, Status.RETRY, Status.UNKNOWN, Status.HALTED)
    for fact in ("code", "message", "vendor_message", "http_status", "request_id"):
        assert getattr(outcome, fact) == getattr(error, fact)
    assert outcome.retry_after_s == getattr(error, "retry_after_s", None)


def test_a_bare_delivery_error_names_no_outcome():
    with pytest.raises(TypeError, match="no branch"):
        Outcome.of(wharfinger.DeliveryError("?", code="x"))


def test_a_problem_says_where_as_people_write_it():
    problem = Problem(("values", "items", 0, "@path"), "is wrong.")
    assert str(problem.under("mappings", "a")) == "mappings.a.values.items[0].@path: is wrong."
    assert str(Problem((), "is wrong.")) == "is wrong."
