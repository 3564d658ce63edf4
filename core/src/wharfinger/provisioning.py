"""Plans for what mappings need at the vendor, and their application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.session import Session
from wharfinger.errors import ConfigurationError, PayloadError, Problem
from wharfinger.model.destination import Finding
from wharfinger.model.outcome import Outcome
from wharfinger.model.provision import Plan, Provision
from wharfinger.opening import findings_of
from wharfinger.payload import fields_of, structure
from wharfinger.suggest import did_you_mean

__all__ = ["apply_plans", "make_plans"]


async def make_plans(
    session: Session,
    mappings: Mapping[str, ActiveMapping],
    events: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> list[Plan]:
    """Ask every action that can make what it needs; see `wharfinger.Connection.plan`."""
    provisions = {n: p for n, m in mappings.items() if (p := m.action.provision) is not None}
    wishes = _wishes(provisions, options)
    plans = []
    for name, provision in provisions.items():
        mapping = mappings[name]
        payloads = _payloads(mapping, events)
        plans.append(await provision.plan(session, mapping.outline, payloads, wishes[name]))
    return plans


async def apply_plans(
    session: Session, mappings: Mapping[str, ActiveMapping], plans: Iterable[Plan]
) -> list[Finding]:
    """Apply plans one after the other; one that fails is a finding, and the others go on."""
    findings: list[Finding] = []
    for plan in plans:
        if plan.creates:
            findings += await _apply(session, mappings.get(plan.mapping), plan)
    return findings


async def _apply(session: Session, mapping: ActiveMapping | None, plan: Plan) -> list[Finding]:
    if mapping is None or mapping.action.provision is None:
        message = f"No mapping of this connection makes anything under the name {plan.mapping}."
        fix = "Make the plan again: the configuration has changed."
        found = [Finding(level="error", subject=plan.subject, message=message, fix=fix)]
    else:
        found = await findings_of(plan.subject, mapping.action.provision.apply, session, plan)
    return [attrs.evolve(finding, mapping=plan.mapping) for finding in found]


def _payloads(mapping: ActiveMapping, events: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what the mapping makes of the sample events it takes; the others show nothing.

    They are as mapped: the form of what is sent depends on what is there, which is in question.
    """
    action = attrs.evolve(mapping.action, form=None, encode=None, batch_key=None, order_key=None)
    mapping = attrs.evolve(mapping, action=action)
    payloads = []
    for index, event in enumerate(events):
        prepared = mapping.prepare(index, event)
        if not isinstance(prepared, Outcome):
            payloads.append(prepared.payload)
    return payloads


def _wishes(provisions: Mapping[str, Provision], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of each provision, by mapping.

    Raises:
        ConfigurationError: With every option that is unknown or wrong, each once.
    """
    wishes: dict[str, Any] = dict.fromkeys(provisions)
    known: set[str] = set()
    problems: list[Problem] = []
    for mapping, provision in provisions.items():
        if provision.options is None:
            continue
        names = {field.name for field in fields_of(provision.options)}
        known |= names
        own = {name: value for name, value in options.items() if name in names}
        try:
            wishes[mapping] = structure(provision.options, own)
        except PayloadError as error:
            problems += error.problems
    unknown = [name for name in options if name not in known]
    problems += [Problem((n,), f"is no option here. {did_you_mean(n, known)}") for n in unknown]
    if problems:
        raise ConfigurationError(dict.fromkeys(problems))
    return wishes
