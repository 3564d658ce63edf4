"""Topics are made where there are none; mock brokers have no admin API, so a stand-in answers."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from wharfinger_host.engines.contract import EngineDownError, EngineError
from wharfinger_kafka.address import Address
from wharfinger_kafka.topics import Topics, refused

pytestmark = pytest.mark.xdist_group("kafka")

LANES = 3


def answer(value=None, error=None):
    future: Future[object] = Future()
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(KafkaException(KafkaError(error)))
    return future


class Admin:
    """An admin client whose brokers know what mocks do not."""

    def __init__(self, client, brokers):
        self.client, self.brokers = client, brokers
        self.members = []
        self.refuses = None
        self.is_late = False

    def __getattr__(self, name):
        return getattr(self.client, name)

    def create_topics(self, topics, **_):
        if self.refuses is None:
            for topic in topics:
                self.brokers.make(topic.topic, topic.num_partitions)
        said = KafkaError.TOPIC_ALREADY_EXISTS if self.is_late else self.refuses
        return {topic.topic: answer(error=said) for topic in topics}

    def describe_consumer_groups(self, names, **_):
        return {name: answer(SimpleNamespace(members=self.members)) for name in names}


@pytest.fixture
def topics(brokers, request):
    name = f"new-{request.node.name.replace('[', '-').strip(']')}"
    made = Topics(Address.of(f"kafka://{brokers.hosts}/{name}?group={name}"), LANES)
    admin: Any = Admin(made._admin, brokers)
    made._client = admin
    return made


def test_what_is_not_there_is_made(topics):
    assert not topics.status(["acme"]).ok
    topics.setup(["acme"])
    status = topics.status(["acme"])
    assert status.ok
    assert [lane.waiting for lane in status.lanes] == [0] * LANES
    assert topics._partitions()[topics.address.dead_of("acme")] == 1


def test_two_that_make_it_at_once_do_not_hinder_each_other(topics):
    topics._client.is_late = True
    topics.setup(["acme"])
    assert topics.status(["acme"]).ok


def test_who_may_not_make_topics_is_said(topics):
    topics._client.refuses = KafkaError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(EngineError, match="may not use the topic"):
        topics.setup(["acme"])


def test_workers_and_what_they_have_are_shown(topics):
    topics.setup(["acme"])
    name = topics.address.topic
    topics._client.members = [
        SimpleNamespace(
            assignment=SimpleNamespace(
                topic_partitions=[TopicPartition(name, 1), TopicPartition("other", 0)]
            )
        ),
        SimpleNamespace(assignment=None),
    ]
    status = topics.status(["acme"])
    assert status.workers == {"acme": 2}
    assert [lane.held for lane in status.lanes] == [False, True, False]


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (KafkaError._AUTHENTICATION, EngineError, "Check user, password and sasl"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, EngineError, "may not use the group"),
        (KafkaError.INCONSISTENT_GROUP_PROTOCOL, EngineError, "another group"),
        (KafkaError.INVALID_SESSION_TIMEOUT, EngineError, "session_s"),
        (KafkaError._TRANSPORT, EngineDownError, "does not answer"),
        (KafkaError.COORDINATOR_LOAD_IN_PROGRESS, EngineDownError, "does not answer"),
    ],
)
def test_what_stays_as_it_is_is_told_from_what_passes(code, kind, said):
    found = refused(Address.of("kafka://u:hunter2@one/events"), KafkaException(KafkaError(code)))
    assert type(found) is kind
    assert said in str(found)
    assert "hunter2" not in str(found)


def test_brokers_that_refuse_a_user_are_told_from_those_that_do_not_answer(topics):
    topics._note(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    timeout = KafkaException(KafkaError(KafkaError._TIMED_OUT))
    assert type(topics._refused(timeout)) is EngineDownError
    topics._note(KafkaError(KafkaError._AUTHENTICATION))
    assert "Check user, password" in str(topics._refused(timeout))
