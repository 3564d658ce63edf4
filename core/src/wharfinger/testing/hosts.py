"""Requests go to the declared hosts, by the session, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx

from wharfinger.errors import ConfigurationError, HostNotAllowedError
from wharfinger.testing.bench import Bench, Delivery
from wharfinger.testing.complaints import Complaint

__all__ = ["declared", "refused", "sent_past"]


def declared(bench: Bench) -> Iterator[Complaint]:
    """Complain about host patterns that let nearly anything through."""
    destination = bench.destination
    for pattern in (*destination.hosts, *_hosts_of_the_account(bench)):
        if "*" in pattern.split(".")[-2:]:
            yield Complaint(
                f"destination {destination.slug}",
                f"its host {pattern!r} stands for hosts of anybody.",
                'write the domain out, and "*" for labels below it only: "*.rest.example.com".',
            )


def _hosts_of_the_account(bench: Bench) -> Iterable[str]:
    try:
        settings = bench.connect(next(iter(bench.actions)), bench.working()).settings
    except ConfigurationError:
        return ()  # another check says so
    hosts_of = bench.destination.hosts_of
    return hosts_of(settings) if hosts_of else ()


def refused(where: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain where a request was aimed at a host that was not declared."""
    errors = [performed.error for performed in delivery.performed]
    messages = [str(error) for error in errors if isinstance(error, HostNotAllowedError)]
    messages += [
        outcome.message
        for performed in delivery.performed
        for outcome in performed.outcomes or ()
        if outcome.code == "host-not-allowed"
    ]
    for message in dict.fromkeys(messages):
        yield Complaint(
            where,
            message,
            "declare the host in Destination.hosts if it is the vendor's, and follow no redirects: "
            "they may lead secrets away.",
        )


def sent_past(requests: Iterable[httpx.Request]) -> Iterator[Complaint]:
    """Complain about requests that did not go by the session."""
    for request in requests:
        yield Complaint(
            f"{request.method} {request.url.scheme}://{request.url.host}{request.url.path}",
            "it was sent past the session, by a client of the plugin's own: no host is checked, no "
            "budget kept and no timeout held.",
            "send everything by session.request; while signing in, yield the request from "
            "auth_flow.",
        )
