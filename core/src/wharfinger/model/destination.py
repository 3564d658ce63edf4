"""Destinations, and how one signs in and is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs
import httpx

if TYPE_CHECKING:
    from wharfinger.delivery.session import Session
    from wharfinger.delivery.tokens import SharedTokens
    from wharfinger.model.opening import Outline

__all__ = [
    "Authentication",
    "Destination",
    "Diagnostic",
    "Finding",
    "Limits",
    "Settings",
    "names",
]

SLUG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_slug = attrs.validators.matches_re(SLUG)
_text = attrs.validators.instance_of(str)


def names(values: Iterable[str]) -> tuple[str, ...]:
    """Make a tuple of names; a converter that type checkers understand.

    Raises:
        TypeError: A single text, which would fall apart into letters.
    """
    if isinstance(values, str):
        raise TypeError(f"a list of names is needed, such as [{values!r}], not {values!r} alone")
    return tuple(values)


@attrs.frozen(kw_only=True)
class Limits:
    """What a destination can bear.

    Attributes:
        mappings: Most mappings in one connection; None for no limit.
        request_bytes: Most bytes in one request body.
        parallel_requests: Most requests under way at once for one tenant.
    """

    mappings: int | None = None
    request_bytes: int = 5_000_000
    parallel_requests: int = 4


@attrs.frozen(kw_only=True)
class Destination:
    """A vendor system that a plugin can deliver to.

    Attributes:
        slug: Its name in configurations: lower-case words joined by hyphens.
        title: Its name for people.
        hosts: The only hosts requests may go to. ``*`` stands for exactly one DNS label:
            ``"*.rest.example.com"``. Other hosts are refused before anything is sent, and so is
            anything but HTTPS, unless an entry says ``"http://"`` before the host. Empty where
            ``hosts_of`` names all of them.
        hosts_of: Given an instance of the settings class, names further hosts, for a destination
            whose users say where their account is. None where every host is known beforehand.
        documentation: Address of a page about it, or ``""``.
        limits: What it can bear.
        tenant: Given an instance of the settings class, names the account whose limits count, by
            a hashable value: connections of one tenant share its limits, its pauses and its
            budget. Its ``repr`` is the same in every process and shows no secret. None where
            every connection has limits of its own.
    """

    slug: str = attrs.field(validator=_slug)
    title: str
    hosts: tuple[str, ...] = attrs.field(default=(), converter=names)
    hosts_of: Callable[[Any], Iterable[str]] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.is_callable())
    )
    documentation: str = ""
    limits: Limits = Limits()
    tenant: Callable[[Any], Hashable] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.is_callable())
    )


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of a destination.

    Attributes:
        destination: Slug of the destination.
        schema: An attrs class whose fields are made with `wharfinger.field`.
        warnings: Given an instance, returns what is allowed but looks wrong, as findings.
    """

    destination: str = attrs.field(validator=_slug)
    schema: type[Any]
    warnings: Callable[[Any], Sequence[Finding]] | None = None


@attrs.frozen(kw_only=True)
class Finding:
    """One result of a check.

    Attributes:
        level: ``"ok"``, ``"warning"`` or ``"error"``.
        subject: What was looked at: ``"Subdomain"``, ``"Business unit"``.
        message: What was found. Never holds a secret.
        fix: What to do, or ``""`` where there is nothing to do.
        code: Stable and for machines: ``"column-missing"``; ``""`` where nobody needs to tell it
            from others.
        mapping: Name of the mapping it is about, or ``""``.
    """

    level: Literal["ok", "warning", "error"] = attrs.field(
        validator=attrs.validators.in_(("ok", "warning", "error"))
    )
    subject: str = attrs.field(validator=_text)
    message: str = attrs.field(validator=_text)
    fix: str = attrs.field(default="", validator=_text)
    code: str = attrs.field(default="", validator=_text)
    mapping: str = attrs.field(default="", validator=_text)


@attrs.frozen(kw_only=True)
class Authentication:
    """How a destination signs in.

    Attributes:
        destination: Slug of the destination.
        create: Given an instance of the settings class, returns an ``httpx.Auth``. Called once
            per connection; the object may keep tokens, and an action finds it as
            ``session.auth``.
        test: Given an open session, tries the credentials and says what it found.
        share: Called in the place of ``create`` where processes share access tokens, with the
            tokens of this tenant as well. None: each process fetches its own.
    """

    destination: str = attrs.field(validator=_slug)
    create: Callable[[Any], httpx.Auth]
    test: Callable[[Session], Awaitable[Sequence[Finding]]]
    share: Callable[[Any, SharedTokens], httpx.Auth] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.is_callable())
    )


@attrs.frozen(kw_only=True)
class Diagnostic:
    """A further check of a connection.

    Attributes:
        destination: Slug of the destination.
        title: What it checks, in a few words.
        check: Given an open session and the outlines of the enabled mappings, says what it found.
    """

    destination: str = attrs.field(validator=_slug)
    title: str
    check: Callable[[Session, Sequence[Outline]], Awaitable[Sequence[Finding]]]
