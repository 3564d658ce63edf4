"""Whatever becomes of events, nothing of what they hold or of what is secret leaves the process."""

from __future__ import annotations

import logging
from urllib.parse import quote

import attrs
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wharfinger
from wharfinger import Action, Effect, Secret, field

PLANTED = ("planted", "pläntéd")


@attrs.frozen(kw_only=True)
class Wants:
    token: Secret = field(label="Token")


@attrs.define(kw_only=True)
class Letter:
    person: str = field(label="Person")
    email: str | None = field(label="Email", default=None)
    text: str | None = field(label="Text", default=None)


class Gossip:
    """A plugin that quotes events wherever it can."""

    __name__ = "gossip"

    def __init__(self) -> None:
        self.fault = ""

    @wharfinger.hookimpl
    def wharfinger_destinations(self):
        return [wharfinger.Destination(slug="gossip", title="Gossip", hosts=("gossip.example",))]

    @wharfinger.hookimpl
    def wharfinger_settings(self):
        return [wharfinger.Settings(destination="gossip", schema=Wants)]

    @wharfinger.hookimpl
    def wharfinger_authentication(self):
        async def test(_session):
            return []

        def create(settings):
            return httpx.BasicAuth("planted", settings.token.reveal())

        return [wharfinger.Authentication(destination="gossip", create=create, test=test)]

    @wharfinger.hookimpl
    def wharfinger_actions(self):
        return [
            Action(
                destination="gossip",
                slug="tell",
                title="Tell",
                payload=Letter,
                perform=self._perform,
                effect=Effect.IDEMPOTENT,
                default_trigger='type = "track" or type = "identify"',
                default_fields={
                    name: {"@path": f"$.{name}"} for name in ("person", "email", "text")
                },
                encode=self._encode,
                batch_key=lambda letter: letter.person,
                order_key=lambda letter: (letter.person, letter.email),
            )
        ]

    @wharfinger.hookimpl
    def wharfinger_batching(self):
        return wharfinger.BatchPolicy(rows=3)

    def _encode(self, letter):
        if self.fault == "encode":
            raise ValueError(f"cannot write {letter}")
        return b"{}"

    async def _perform(self, session, batch):
        letter = batch.payloads[0]
        if self.fault == "perform":
            raise ValueError(f"cannot send {letter}")
        url = f"https://gossip.example/people/{quote(letter.person, safe='')}/letters"
        reply = await session.request(
            "POST", url, json=attrs.asdict(letter), params={"q": "planted"}
        )
        words = f"no {letter} {reply.text}"
        match reply.status_code:
            case 200:
                return [wharfinger.Outcome.delivered(request_id=letter.person)] * len(batch)
            case 429:
                raise wharfinger.ThrottledError(words, code="throttled", retry_after_s=1)
            case 503:
                raise wharfinger.RetryError(words, code="unavailable", vendor_message=words)
            case 403:
                raise wharfinger.HaltedError(words, code="no-access", request_id=letter.person)
        raise wharfinger.RejectedError(words, code="refused", vendor_message=words)


def _reply(request, fault):
    if fault == "network":
        raise httpx.ReadError(f"lost {request.url}")
    status = int(fault) if fault.isdigit() else 200
    return httpx.Response(status, text=f"planted {request.url} {request.content.decode()}")


PERSON = {"type": "track", "person": "planted", "email": "planted@shop.example", "text": "planted"}


@pytest.fixture
def told(caplog, monkeypatch):
    """Everything that is logged, with its arguments."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(caplog.handler, "formatter", logging.Formatter("%(message)s %(args)s"))
    return caplog


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "fault", ["", "encode", "perform", "network", "400", "403", "429", "503", "500"]
)
@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    events=st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["track", "identify", "page", "planted"])},
            optional={
                name: st.sampled_from(
                    [*PLANTED, "planted@shop.example", "planted/../x?y", None, ["planted"]]
                )
                for name in ("person", "email", "text", "event", "userId", "messageId")
            }
            | {
                "context": st.sampled_from(
                    [{"traceparent": "planted", "tracestate": "planted"}, {"ip": "planted"}]
                )
            },
        )
        | st.just("planted"),
        max_size=6,
    ),
)
async def test_nothing_planted_is_in_any_span_metric_or_log_line(
    listen, told, fault, streams, events
):
    heard, plugin = listen(), Gossip()
    events = [PERSON, *events]
    plugin.fault = fault
    told.clear()
    connection = wharfinger.load_plugins(allow=(), extra=[plugin]).connect(
        {
            "destination": "gossip",
            "settings": {"token": "planted-secret"},
            "mappings": {"letters": {"action": "tell"}},
        },
        transport=httpx.MockTransport(lambda request: _reply(request, fault)),
    )
    async with connection:
        if streams:
            async for _ in connection.stream(events):
                pass
        else:
            await connection.deliver(events)
    assert len(heard.spans("event")) == len(events)
    assert heard.metrics() != []
    for text in (heard.everything(), told.text):
        assert "planted" not in text.lower()
        assert "pläntéd" not in text
        assert "pl\\u00e4nt" not in text
