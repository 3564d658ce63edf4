"""Asking a person for what a configuration still lacks, in the words of the plugin."""

from __future__ import annotations

from collections.abc import Callable, Collection

import attrs

import wharfinger
from wharfinger import Field, Kind, Problem
from wharfinger_host.drafting import FIELDS, SETTINGS, Draft

__all__ = ["Interview", "StuckError"]

Ask = Callable[[str, str], str]
Tell = Callable[[str], None]


class StuckError(Exception):
    """Something is wrong that no answer can put right; the message says what."""


@attrs.define
class Interview:
    """Asks until nothing is wrong with a draft.

    Attributes:
        draft: What is known; answers are put into it.
        ask: Gets a question and what an empty answer means, and returns the answer.
        tell: Shows a text.
    """

    draft: Draft
    ask: Ask
    tell: Tell

    def run(self) -> None:
        """Ask for everything.

        Raises:
            StuckError: No answer can help.
            EOFError: Nobody answers any more.
        """
        draft, plugins = self.draft, self.draft.plugins
        if not draft.destination:
            titles = {slug: each.title for slug, each in plugins.destinations.items()}
            draft.destination = self._choose("Destination", titles)
        self._settle(SETTINGS)
        if not draft.action:
            actions = plugins.actions(draft.destination)
            titles = {slug: action.title for slug, action in actions.items()}
            draft.action = self._choose("Action", titles)
        if not draft.trigger:
            self._ask_trigger()
        self._settle(FIELDS)
        if problems := draft.problems():
            raise StuckError("\n".join(map(str, problems)))

    def _choose(self, what: str, titles: dict[str, str]) -> str:
        if not titles:
            raise StuckError(f"No installed plugin gives any {what.lower()}.")
        self.tell(f"{what}:")
        for slug, title in titles.items():
            self.tell(f"  {slug}  {title}")
        return self._until(what, next(iter(titles)) if len(titles) == 1 else "", titles)

    def _until(self, question: str, default: str, known: Collection[str]) -> str:
        while (answer := self.ask(question, default)) not in known:
            self.tell(f'"{answer}" is none of: {", ".join(known)}.')
        return answer

    def _ask_trigger(self) -> None:
        draft = self.draft
        default = draft.default_trigger
        while True:
            draft.trigger = self.ask("Trigger: which events", default)
            try:
                wharfinger.compile_trigger(draft.trigger)
            except wharfinger.TriggerError as error:
                self.tell(str(error))
            else:
                return

    def _settle(self, place: str) -> None:
        """Ask for each field that something is wrong with, until nothing is."""
        asked: set[str] = set()
        while wrong := self._first(place):
            field, problem = wrong
            if field.name in asked:
                self.tell(problem.message)
            asked.add(field.name)
            self._ask_field(place, field)

    def _first(self, place: str) -> tuple[Field, Problem] | None:
        for problem in self.draft.problems():
            declared = self.draft.declared(problem)
            if declared and declared[0] == place:
                return declared[1], problem
        return None

    def _ask_field(self, place: str, field: Field) -> None:
        self.tell(f"{field.label}. {field.description}".strip())
        if field.kind is Kind.OBJECT:
            self._ask_entries(place, field)
            return
        if field.choices:
            self.tell(f"  One of: {', '.join(map(str, field.choices))}.")
        if place == FIELDS:
            self.tell("  A value, or a path of the event: $.properties.total")
        elif field.secret:
            self.tell("  Where it is kept: env:NAME or file:PATH. It is never written down.")
        default = self.draft.suggested(field) if place == SETTINGS else ""
        if answer := self.ask(field.label, default):
            self.draft.put(place, field.name, answer)

    def _ask_entries(self, place: str, field: Field) -> None:
        """Ask for the entries of an object, one after the other; an empty answer ends it."""
        self.tell("  NAME=VALUE, such as Total=$.properties.total; an empty line ends it.")
        known = self.draft.settings if place == SETTINGS else self.draft.fields
        known.pop(field.name, None)
        while answer := self.ask(field.label, ""):
            name, equals, text = answer.partition("=")
            if equals and name.strip() and text.strip():
                self.draft.put(place, f"{field.name}.{name.strip()}", text.strip())
            else:
                self.tell("  Write NAME=VALUE.")
