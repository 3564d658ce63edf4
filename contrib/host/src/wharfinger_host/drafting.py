"""A configuration of one connection with one mapping, as far as it is known.

What is missing or wrong in it is asked of core, which looks at it as if it were to be opened. So a
draft needs nothing of a destination but the records that its plugin gives.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from typing import Any

import attrs

import wharfinger
from wharfinger import Action, Field, Kind, Problem
from wharfinger_host.setting_sources import SettingSourceError, is_reference, resolve

__all__ = ["FIELDS", "SETTINGS", "Draft", "reference_of", "value_of"]

SETTINGS = "settings"
FIELDS = "fields"
_REFERENCES = ("env", "file")
_NO_VARIABLE = re.compile(r"[^A-Za-z0-9_]")


@attrs.define(kw_only=True)
class Draft:
    """What is known so far.

    Attributes:
        plugins: Give the destinations.
        folder: What a setting that names a file starts from.
        name: What the connection is called.
        destination: Its slug.
        action: Slug of the action of the one mapping; ``""`` where there is none yet.
        trigger: Which events that takes; ``""`` for the default of the action.
        settings: As they will be written.
        fields: As they will be written.
    """

    plugins: wharfinger.Plugins
    folder: pathlib.Path
    name: str = "main"
    destination: str = ""
    action: str = ""
    trigger: str = ""
    settings: dict[str, Any] = attrs.field(factory=dict)
    fields: dict[str, Any] = attrs.field(factory=dict)

    @property
    def setting_fields(self) -> dict[str, Field]:
        """What the destination asks for, by name."""
        record = self.plugins.settings(self.destination)
        fields = wharfinger.fields_of(record.schema) if record else ()
        return {field.name: field for field in fields}

    @property
    def action_record(self) -> Action:
        """The action.

        Raises:
            PluginError: The destination has none of this name.
        """
        return self.plugins.action(self.destination, self.action)

    @property
    def payload_fields(self) -> dict[str, Field]:
        """What the action takes, by name; nothing as long as there is no action."""
        fields = wharfinger.fields_of(self.action_record.payload) if self.action else ()
        return {field.name: field for field in fields}

    def declared(self, problem: Problem) -> tuple[str, Field] | None:
        """Return the field that a problem is about, and whether it is of settings or of fields."""
        match problem.path:
            case (str(place), str(name), *_) if place == SETTINGS:
                field = self.setting_fields.get(name)
                return (SETTINGS, field) if field else None
            case ("mappings", _, str(place), str(name), *_) if place == FIELDS:
                field = self.payload_fields.get(name)
                return (FIELDS, field) if field else None
        return None

    def put(self, place: str, name: str, text: str) -> None:
        """Take a value as it was typed; ``values.Total`` is an entry of an object.

        Args:
            place: `SETTINGS` or `FIELDS`.
            name: Of the field.
            text: For a setting a value, ``env:NAME`` or ``file:PATH``; for a field a value, or a
                path of the event that starts with ``$.``.
        """
        values = self.settings if place == SETTINGS else self.fields
        known = self.setting_fields if place == SETTINGS else self.payload_fields
        name, _, entry = (name, "", "") if name in known else name.partition(".")
        field = known.get(name)
        inner = field.properties.get(entry) if field and entry else field
        value = reference_of(text) if place == SETTINGS else _path_of(text)
        if value is None:
            value = value_of(text, inner)
        if not entry:
            values[name] = value
        else:
            held = values.get(name)
            values[name] = {**(held if isinstance(held, dict) else {}), entry: value}

    @property
    def default_trigger(self) -> str:
        """The trigger that the action brings along, or one to start from."""
        return self.action_record.default_trigger or 'type = "track"'

    def suggested(self, field: Field) -> str:
        """Return what a setting is most likely to be: a secret has a place that it is kept in."""
        if field.secret:
            return f"env:{_NO_VARIABLE.sub('_', f'{self.name}_{field.name}').upper()}"
        return "" if field.default is None else str(field.default)

    def take_defaults(self) -> None:
        """Take what is most likely for the trigger, and for secrets that are needed."""
        self.trigger = self.trigger or self.default_trigger
        for name, field in self.setting_fields.items():
            if field.secret and field.required is True and name not in self.settings:
                self.put(SETTINGS, name, self.suggested(field))

    def problems(self) -> list[Problem]:
        """Return what is wrong or still missing, in the words of core and of the plugin."""
        settings, unfetched = self._fetched()
        mapping = {"action": self.action, "trigger": self.trigger, "fields": self.fields}
        config = {
            "destination": self.destination,
            "settings": settings,
            "mappings": {self.action: mapping} if self.action else {},
        }
        clear = [Problem((SETTINGS, name), _CLEAR.format(label)) for name, label in self._clear()]
        try:
            self.plugins.connect(config, name=self.name)
        except wharfinger.ConfigurationError as error:
            found = [p for p in error.problems if p.path[:2] not in unfetched]
            return [*clear, *found]
        return clear

    def _clear(self) -> list[tuple[str, str]]:
        """Return the secrets that stand in the draft themselves."""
        secret = {name: f.label for name, f in self.setting_fields.items() if f.secret}
        return [
            (name, label)
            for name, label in secret.items()
            if name in self.settings and not is_reference(self.settings[name])
        ]

    def _fetched(self) -> tuple[dict[str, Any], set[tuple[str, str]]]:
        """Return the settings with what they name in place, and the paths of those that have none.

        A variable need not be set yet: something stands for it, and is not looked at.
        """
        settings = dict(self.settings)
        unfetched: set[tuple[str, str]] = set()
        for name, value in self.settings.items():
            if is_reference(value):
                try:
                    settings[name] = resolve(value, self.folder)
                except SettingSourceError:
                    settings[name] = name
                    unfetched.add((SETTINGS, name))
            if (field := self.setting_fields.get(name)) and field.secret:
                settings[name] = wharfinger.Secret(str(settings[name]))
        return settings, unfetched


_CLEAR = "{} is a secret and is never written down. Give env:NAME or file:PATH instead."


def reference_of(text: str) -> Mapping[str, str] | None:
    """Return ``{"env": "NAME"}`` for ``env:NAME``, and None for what names no place."""
    kind, colon, place = text.partition(":")
    return {kind: place} if colon and place and kind in _REFERENCES else None


def _path_of(text: str) -> Mapping[str, str] | None:
    return {"@path": text} if text.startswith("$.") else None


def value_of(text: str, field: Field | None) -> Any:
    """Return a value as TOML would hold it; what does not fit stays text, and core says so."""
    if field is None:
        return text
    if field.multiple:
        single = attrs.evolve(field, multiple=False)
        return [value_of(part.strip(), single) for part in text.split(",")]
    try:
        match field.kind:
            case Kind.BOOLEAN if text in ("true", "false"):
                return text == "true"
            case Kind.INTEGER:
                return int(text)
            case Kind.NUMBER:
                return float(text)
    except ValueError:
        pass
    return text
