"""Which installed destination, and which of its actions, an export means."""

from __future__ import annotations

import attrs

import wharfinger
from wharfinger_host.segment.reading import Export, ExportedDestination, Subscription

__all__ = ["Fit", "UnmatchedError", "action_of", "choose", "fit", "named_by", "normal"]


class UnmatchedError(Exception):
    """No installed destination fits, or several do; the message says what was looked for."""


@attrs.frozen(order=True)
class Fit:
    """How well an installed destination fits; the best is the greatest.

    Attributes:
        actions: How many subscriptions name an action it knows.
        slug: Whether the slug Segment gives the destination contains its own.
        settings: How many of its settings are there, where all that it needs are.
    """

    actions: int
    slug: bool
    settings: int

    def __bool__(self) -> bool:
        return bool(self.actions or self.slug or self.settings)


def choose(plugins: wharfinger.Plugins, exported: ExportedDestination, export: Export) -> str:
    """Return the slug of the installed destination that an exported one means.

    Raises:
        UnmatchedError: None fits, or several fit equally well.
    """
    fits = {slug: fit(plugins, slug, exported, export) for slug in plugins.destinations}
    best = max(fits.values(), default=None)
    chosen = [slug for slug, found in fits.items() if found and found == best]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise UnmatchedError(
            f"{exported.origin} fits {' and '.join(chosen)} equally well. Say which with "
            "--destination."
        )
    raise UnmatchedError(_no_fit(plugins, exported, export))


def fit(
    plugins: wharfinger.Plugins, slug: str, exported: ExportedDestination, export: Export
) -> Fit:
    """Tell how well an installed destination fits."""
    record = plugins.settings(slug)
    fields = wharfinger.fields_of(record.schema) if record else ()
    given = {normal(name) for name in exported.settings}
    needed = {normal(field.name) for field in fields if field.required is True}
    has_all = bool(needed) and needed <= given
    return Fit(
        actions=sum(_knows(plugins, slug, each, export) for each in exported.subscriptions),
        slug=slug in exported.slug,
        settings=sum(normal(field.name) in given for field in fields) if has_all else 0,
    )


def _knows(
    plugins: wharfinger.Plugins, slug: str, subscription: Subscription, export: Export
) -> bool:
    try:
        return action_of(plugins, slug, subscription, export) is not None
    except wharfinger.PluginClashError:
        return True  # reported with the mapping itself


def action_of(
    plugins: wharfinger.Plugins, slug: str, subscription: Subscription, export: Export
) -> wharfinger.Action | None:
    """Return the installed action that a subscription names, if there is one.

    Raises:
        wharfinger.PluginClashError: Several plugins give it.
    """
    for name in named_by(subscription, export):
        try:
            return plugins.action(slug, name)
        except wharfinger.PluginClashError:
            raise
        except wharfinger.PluginError:
            continue
    return None


def named_by(subscription: Subscription, export: Export) -> list[str]:
    """Return what a subscription calls its action, ids replaced by slugs where these are known."""
    return [export.action_slugs.get(name, name) for name in subscription.action]


def normal(name: str) -> str:
    """Return a name as it compares: ``account_id`` and ``accountId`` are the same."""
    return name.replace("_", "").replace("-", "").lower()


def _no_fit(plugins: wharfinger.Plugins, exported: ExportedDestination, export: Export) -> str:
    actions = dict.fromkeys(n for s in exported.subscriptions for n in named_by(s, export)[:1])
    found = [f"actions {', '.join(actions)}"] if actions else []
    if exported.settings:
        found.append(f"settings {', '.join(exported.settings)}")
    installed = ", ".join(plugins.destinations) or "none"
    return (
        f"No installed destination fits {exported.origin} ({'; '.join(found) or 'it is empty'}). "
        f"Installed: {installed}. Install its plugin, or say which with --destination."
    )
