"""Secrets never leave by another way than the wire."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import attrs
import httpx

from wharfinger.connection import Connection
from wharfinger.model.secret import Secret
from wharfinger.payload import fields_of
from wharfinger.testing.bench import Bench, Delivery
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.paper import Vendor
from wharfinger.testing.running import previewed
from wharfinger.testing.spans import recorded

__all__ = ["in_every_echo", "too_short"]

_SHORTEST: Final = 8
_ECHOES: Final = (200, 400, 401, 403, 409, 429, 500, 503)
"""Statuses with which a vendor on paper repeats all credentials that it was sent."""

_REMEDY: Final = (
    "keep secrets in wharfinger.Secret, call reveal() only where the value goes onto the wire, "
    "and take the vendor's words through session.redact before they go into an outcome, a finding "
    "or a log line."
)


def too_short(bench: Bench) -> Iterator[Complaint]:
    """Complain about sample secrets that could not be told from other text."""
    for name, value in _written(bench).items():
        if len(value) < _SHORTEST:
            yield Complaint(
                f"settings, field {name}",
                f"the sample value has {len(value)} characters.",
                f"give the test a made-up secret of {_SHORTEST} or more characters, so that it "
                "can be recognised where it must not be.",
            )


async def in_every_echo(bench: Bench) -> list[Complaint]:
    """Let the vendor repeat every credential, and complain where one comes out somewhere."""
    complaints: list[Complaint] = []
    for slug in bench.actions:
        for status in _ECHOES:
            for from_the_start in (False, True):
                complaints += await _in_echo(bench, slug, status, from_the_start=from_the_start)
        complaints += await _in_preview(bench, slug)
    return complaints


async def _in_echo(
    bench: Bench, slug: str, status: int, *, from_the_start: bool
) -> list[Complaint]:
    vendor = bench.working().forgets().answers(_echo(bench, status))
    if from_the_start:
        vendor.besides(lambda _: None)
    where = f"{slug}, when the vendor answers {status} and repeats what it was sent"
    leaks = _Leaks(bench, vendor)
    with recorded() as spans:
        delivery = await bench.deliver(slug, vendor)
    complaints = [*leaks.in_delivery(where, delivery), *leaks.in_connection(delivery.connection)]
    complaints += leaks.in_texts(where, "a span of OpenTelemetry", [spans()])
    async with bench.connect(slug, vendor) as connection:
        findings = await connection.diagnose()
    return [*complaints, *leaks.in_texts(where, "a finding", findings)]


async def _in_preview(bench: Bench, slug: str) -> list[Complaint]:
    vendor = bench.working()
    _, shown = await previewed(bench, slug)
    return list(_Leaks(bench, vendor).in_texts(slug, "a preview", shown))


def _echo(bench: Bench, status: int) -> Callable[[httpx.Request], httpx.Response]:
    """Return an answer that repeats every secret it knows, in all usual places."""

    def answer(request: httpx.Request) -> httpx.Response:
        sent = request.headers.get("authorization", "")
        words = " ".join([sent, *_written(bench).values(), *request.headers.values()])
        names = ("message", "error", "error_description", "detail", "title", "description")
        body = dict.fromkeys(names, f"Refused: {words}")
        return httpx.Response(
            status,
            headers={"Retry-After": "7"} if status in (429, 503) else {},  # as HTTP says
            content=json.dumps({**body, "errors": [body], "rows": [body]}).encode(),
        )

    return answer


@attrs.define
class _Leaks:
    """Looks for the secrets of an account in text.

    Attributes:
        bench: Whose secrets.
        vendor: What it was sent tells which credentials there were.
    """

    bench: Bench
    vendor: Vendor

    def in_delivery(self, where: str, delivery: Delivery) -> Iterator[Complaint]:
        """Look at everything a delivery said."""
        for performed in delivery.performed:
            for outcome in performed.outcomes or ():
                yield from self._in(where, "an outcome", repr(outcome))
            if performed.error is not None:
                error = performed.error
                told = f"{error!r} {error} {vars(error)}"
                yield from self._in(where, f"a {type(error).__name__}", told)
                chain = "".join(traceback.format_exception(error))
                yield from self._in(where, f"what a {type(error).__name__} was raised from", chain)
        for outcomes in (receipt.outcomes for receipt in delivery.receipts):
            yield from self._in(where, "an outcome", repr(outcomes))
        for place, text in delivery.texts:
            yield from self._in(where, place, text)

    def in_connection(self, connection: Connection) -> Iterator[Complaint]:
        """Look at the settings, and at what signs in, as a log would show them."""
        settings = connection.settings
        yield from self._in("settings", "their repr or str", f"{settings!r} {settings}")
        authentication = self.bench.plugins.authentication(self.bench.destination.slug)
        if authentication:
            auth = authentication.create(settings)
            yield from self._in("authentication", "its repr or str", f"{auth!r} {auth}")
        for warning in connection.warnings:
            yield from self._in("settings", "a warning", repr(warning))

    def in_texts(self, where: str, place: str, texts: Iterable[Any]) -> Iterator[Complaint]:
        """Look at whatever can be shown."""
        for text in texts:
            yield from self._in(where, place, repr(text))

    def _in(self, where: str, place: str, text: str) -> Iterator[Complaint]:
        for name, secret in self._secrets().items():
            if any(form in text for form in _forms(secret)):
                yield Complaint(where, f"{name} stands in {place}.", _REMEDY)

    def _secrets(self) -> dict[str, str]:
        found = {f"the secret {name}": value for name, value in _written(self.bench).items()}
        sent = {request.headers.get("authorization", "") for request in self.vendor.requests}
        credentials = sorted(header.rpartition(" ")[2] for header in sent)
        numbered = {
            f"the credential no. {number} that was sent": credential
            for number, credential in enumerate(credentials, 1)
        }
        every = {**found, **numbered}
        return {name: value for name, value in every.items() if len(value) >= _SHORTEST}


def _forms(secret: str) -> set[str]:
    """Return how a secret may be written, also amid other text that was encoded with it."""
    plain = secret.encode()
    amid = {_amid(plain, before) for before in range(3)}
    spoken = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return {*spoken, *amid, *(each.translate(_FOR_URLS) for each in amid), plain.hex()}


_FOR_URLS: Final = str.maketrans("+/", "-_")


def _amid(secret: bytes, before: int) -> str:
    """Return what is in Base64 of a secret alone, after so many bytes of something else."""
    written = base64.b64encode(bytes(before) + secret).decode()
    # Three bytes make four signs; those at both ends are made of the neighbours as well.
    whole = (before + len(secret)) * 8 // 6
    return written[-(-before * 8 // 6) : whole]


def _written(bench: Bench) -> dict[str, str]:
    """Return the sample secrets as the test's settings hold them, by field."""
    record = bench.plugins.settings(bench.destination.slug)
    if record is None:
        return {}
    settings: Mapping[str, Any] = bench.settings
    return {
        field.name: value.reveal() if isinstance(value, Secret) else str(value)
        for field in fields_of(record.schema)
        if field.secret and (value := settings.get(field.name)) is not None
    }
