"""The hooks a plugin may implement.

A plugin is a module (or any object) with functions marked ``@wharfinger.hookimpl``, named by an
entry point in the group ``wharfinger``. Hooks are asked when plugins load and when a connection
opens, never for an event; they give records, and records hold the functions that do the work.
Those functions may be ``async``; hooks themselves may not.

What a hook gives is validated at load. A plugin whose records are wrong is set aside as a whole,
with the reason in ``plugins.report``; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pluggy

from wharfinger.model.action import Action, Directive
from wharfinger.model.batching import BatchPolicy, BatchReport, Unbatched
from wharfinger.model.destination import Authentication, Destination, Diagnostic, Settings
from wharfinger.model.opening import Outline

__all__ = [
    "PROJECT",
    "hookimpl",
    "hookspec",
    "wharfinger_actions",
    "wharfinger_authentication",
    "wharfinger_batch_delivered",
    "wharfinger_batching",
    "wharfinger_destinations",
    "wharfinger_diagnostics",
    "wharfinger_directives",
    "wharfinger_settings",
]

PROJECT: Final = "wharfinger"
"""Marker name, manager name, entry-point group and prefix of every hook."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def wharfinger_destinations() -> Iterable[Destination]:  # type: ignore[empty-body]  # a spec
    """Name the vendor systems this plugin can deliver to.

    Asked once, when plugins load. Every implementation is heard.

    Returns:
        One `Destination` per vendor system: slug, title, the only hosts it may talk to, limits, and
        which connections share them.
        A slug has one owner; a second one makes the slug unusable until a plugin is blocked.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_destinations():
                return [
                    wharfinger.Destination(
                        slug="acme", title="Acme", hosts=("api.acme.example",)
                    )
                ]
    """


@hookspec
def wharfinger_settings() -> Iterable[Settings]:  # type: ignore[empty-body]  # a spec
    """Describe what a user must say to connect an account.

    Asked once, when plugins load. Every implementation is heard; one answer per destination, from
    the plugin that owns it.

    Returns:
        `Settings`: the destination's slug and an attrs class whose fields carry label,
        description, secrecy and checks. Forms, documentation, ``wharfinger check`` and the
        hiding of secrets all come from this class.

    Example:
        ::

            @attrs.frozen(kw_only=True)
            class AcmeSettings:
                api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)

            @wharfinger.hookimpl
            def wharfinger_settings():
                return [wharfinger.Settings(destination="acme", schema=AcmeSettings)]
    """


@hookspec
def wharfinger_authentication() -> Iterable[Authentication]:  # type: ignore[empty-body]  # a spec
    """Say how a destination signs in.

    Asked once, when plugins load. Every implementation is heard; one answer per destination, from
    the plugin that owns it. A destination without an answer sends requests as they are.

    Returns:
        `Authentication`: the destination's slug, a function from settings to an ``httpx.Auth``
        (called once per connection, so it may keep tokens), and an async test of the credentials.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_authentication():
                return [
                    wharfinger.Authentication(
                        destination="acme", create=ApiKeyAuth, test=test_credentials
                    )
                ]
    """


@hookspec
def wharfinger_actions() -> Iterable[Action]:  # type: ignore[empty-body]  # a spec
    """Name what can be done at a destination, this plugin's or another's.

    Asked once, when plugins load. Every implementation is heard.

    Returns:
        `Action` records: destination and slug, payload class, default trigger and field mapping,
        what it means to do it twice, and ``perform``, which sends one batch and returns one
        outcome per payload. An action for a destination that is not installed waits for it.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_actions():
                return [
                    wharfinger.Action(
                        destination="acme",
                        slug="send-note",
                        title="Send Note",
                        payload=Note,
                        effect=wharfinger.Effect.ONCE,
                        perform=send_note,
                    )
                ]
    """


@hookspec(firstresult=True)
def wharfinger_batching(
    action: Action, settings: Any, options: Mapping[str, Any], outline: Outline | None
) -> BatchPolicy | Unbatched | None:
    """Say how an action's payloads travel together.

    Asked once per mapping, when a connection opens: first the plugins that override what others
    say, by the names of their entry points, then the plugin that gave the action, then core, whose
    answer is "unbatched". A plugin overrides with ``@wharfinger.hookimpl(tryfirst=True)``; it hears
    of every action of every destination, so it returns None for whatever is not its business. A
    mapping's own ``batch`` table has the last word.

    Args:
        action: The action in question.
        settings: The connection's settings, an instance of the destination's settings class; None
            where an action is described and there is no connection.
        options: The mapping's fields that are options of the action (`Control.OPTION`), by name,
            defaults included; those defaults alone where an action is described.
        outline: What the mapping says before any event has come: its name, and the fields that are
            the same for every event; None where an action is described.

    Returns:
        `BatchPolicy` (rows, bytes, age in seconds, lanes), or `Unbatched` with the reason, or
        None to leave the answer to the next.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_batching(action, settings):
                if action.slug == "send-note":
                    return wharfinger.BatchPolicy(rows=100, bytes=1_000_000)
                return None
    """


@hookspec
def wharfinger_directives() -> Iterable[Directive]:  # type: ignore[empty-body]  # a spec
    """Add directives to the language of field mappings.

    Asked once, when plugins load. Every implementation is heard. A built-in name cannot be taken,
    and a name has one owner.

    Returns:
        `Directive` records: a name with its ``@`` and a pure function of the resolved options.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_directives():
                return [wharfinger.Directive(name="@reverse", function=lambda text: text[::-1])]
    """


@hookspec
def wharfinger_diagnostics() -> Iterable[Diagnostic]:  # type: ignore[empty-body]  # a spec
    """Add checks to the examination of a connection.

    Asked once, when plugins load. Every implementation is heard; a check runs only when
    someone asks for a diagnosis.

    Returns:
        `Diagnostic` records: the destination's slug, a title, and an async function from an open
        session and the outlines of the mappings to findings, each with its fix in words.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_diagnostics():
                return [
                    wharfinger.Diagnostic(
                        destination="acme", title="Clock", check=compare_clocks
                    )
                ]
    """


@hookspec
def wharfinger_batch_delivered(report: BatchReport) -> None:
    """Observe a finished batch, for metrics or an audit.

    Called once per batch, after its last attempt, in the event loop that delivers: return fast.
    Only called where a plugin implements it. An exception is logged and stops nobody.

    Args:
        report: Names, counts by status, attempts, and seconds taken; no payloads, no secrets.

    Example:
        ::

            @wharfinger.hookimpl
            def wharfinger_batch_delivered(report):
                ROWS.labels(report.mapping).inc(sum(report.statuses.values()))
    """
