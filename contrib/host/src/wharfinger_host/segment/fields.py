"""The field mapping of a subscription, freed of what else Segment keeps among the fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

import wharfinger
from wharfinger_host.segment.report import Kind, Note, Severity

__all__ = ["convert_fields"]

_RESERVED = (
    (
        "__segment_internal_sync_mode",
        "sync mode",
        "Make sure that the action does what that mode did.",
    ),
    (
        "__segment_internal_matching_key",
        "matching key",
        "Make sure that the action finds records by the same key.",
    ),
)
_ROOT_DIRECTIVE = "__segment_internal_directive"
_HOOKS = ("onMappingSave", "retlOnMappingSave")
_ENABLE, _SIZE, _BYTES, _KEYS = "enable_batching", "batch_size", "batch_bytes", "batch_keys"
_DIGITS = re.compile(r"[0-9]{1,15}")
_BATCHING = (_ENABLE, _SIZE, _BYTES, _KEYS)


def convert_fields(
    plugins: wharfinger.Plugins, action: wharfinger.Action, source: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int], list[Note]]:
    """Make the field mapping of an action out of what Segment keeps.

    Args:
        plugins: Know how the action's payloads travel.
        action: The installed action.
        source: What Segment keeps; it is not changed.

    Returns:
        The field mapping, the mapping's ``batch`` table, and what there is to say.
    """
    conversion = _Conversion(plugins, action, dict(source))
    conversion.take_reserved_keys()
    conversion.take_hook_outputs()
    conversion.take_batching()
    conversion.drop_unknown_fields()
    conversion.note_defaults()
    return conversion.fields, conversion.batch, conversion.notes


@attrs.define
class _Conversion:
    plugins: wharfinger.Plugins
    action: wharfinger.Action
    fields: dict[str, Any]
    batch: dict[str, int] = attrs.field(factory=dict)
    notes: list[Note] = attrs.field(factory=list)

    @property
    def known(self) -> dict[str, wharfinger.Field]:
        return {field.name: field for field in wharfinger.fields_of(self.action.payload)}

    @property
    def comes_from_a_directive(self) -> bool:
        """Whether the whole payload comes out of a directive, so that names say nothing."""
        return any(name == _ROOT_DIRECTIVE or name.startswith("@") for name in self.fields)

    def take_reserved_keys(self) -> None:
        for name, what, next_step in _RESERVED:
            if (value := self.fields.pop(name, None)) not in (None, ""):
                message = f"{self.action.title} has no {what}; in Segment it was {_shown(value)}."
                self._note(Kind.LEFT_OUT, Severity.WARNING, name, message, next_step)

    def take_hook_outputs(self) -> None:
        hooks = [name for name in self.fields if name not in self.known and self._is_hook(name)]
        for hook in sorted(hooks, key=lambda name: _HOOKS.index(name) if name in _HOOKS else 9):
            value = self.fields.pop(hook)
            outputs = value.get("outputs") if isinstance(value, Mapping) else None
            if not isinstance(outputs, Mapping) or not outputs:
                message = f"{hook} has no outputs: nothing was chosen when the mapping was saved."
                self._note(Kind.LEFT_OUT, Severity.INFO, hook, message)
                continue
            for name, output in outputs.items():
                self._take_output(hook, name, output)

    def _is_hook(self, name: str) -> bool:
        value = self.fields[name]
        return name in _HOOKS or (isinstance(value, Mapping) and "outputs" in value)

    def _take_output(self, hook: str, name: str, value: Any) -> None:
        at = f"{hook}.outputs.{name}"
        field = self.known.get(name)
        if field is None or not field.in_payload or isinstance(value, (dict, list)):
            severity = Severity.WARNING if name == "id" else Severity.INFO
            message = f"{self.action.title} has no field for it; Segment kept {_shown(value)}."
            self._note(Kind.LEFT_OUT, severity, at, message)
        elif name not in self.fields:
            self.fields[name] = value
            message = f"What was chosen when the mapping was saved is now the fixed value of {name}"
            self._note(Kind.CHANGED, Severity.INFO, at, f"{message}: {_shown(value)}.")
        elif self.fields[name] != value:
            message = f"{name} is {_shown(self.fields[name])} already; left out: {_shown(value)}."
            self._note(Kind.LEFT_OUT, Severity.WARNING, at, message, "Check which one is meant.")

    def take_batching(self) -> None:
        policy = self._policy()
        controls = {f.control: f.name for f in self.known.values() if not f.in_payload}
        given = {name: self.fields.pop(name) for name in _BATCHING if self._steers(name)}
        if isinstance(policy, wharfinger.Unbatched):
            self._drop_batching(given, policy)
            return
        self._take_switch(given, controls.get(wharfinger.Control.BATCHING))
        self._take_bound(given, _SIZE, "rows", policy, controls.get(wharfinger.Control.BATCH_ROWS))
        self._take_bound(given, _BYTES, "bytes", policy, None)
        if _KEYS in given:
            message = "What may travel together follows from the action itself."
            self._note(Kind.LEFT_OUT, Severity.INFO, _KEYS, message)

    def _steers(self, name: str) -> bool:
        """Whether a field is about batching, and not one of the action that is only called so."""
        field = self.known.get(name)
        return name in self.fields and (field is None or not field.in_payload)

    def _policy(self) -> wharfinger.BatchPolicy | wharfinger.Unbatched | None:
        try:
            return self.plugins.batching(self.action, None)
        except wharfinger.PluginError:
            return None  # core reports it with the connection

    def _drop_batching(self, given: Mapping[str, Any], policy: wharfinger.Unbatched) -> None:
        wanted = given and _constant(given.get(_ENABLE)) in (True, "true")
        if wanted:
            message = f"{self.action.title} cannot be batched: {policy.reason}."
            self._note(Kind.LEFT_OUT, Severity.WARNING, _ENABLE, message)
        if rest := [name for name in given if not (wanted and name == _ENABLE)]:
            message = f"{self.action.title} is never batched, so this says nothing."
            self._note(Kind.LEFT_OUT, Severity.INFO, ", ".join(rest), message)

    def _take_switch(self, given: Mapping[str, Any], control: str | None) -> None:
        value = _constant(given.get(_ENABLE))
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value, value)
        if value in (None, ""):
            if control is None or self.known[control].default is True:
                self._note(
                    Kind.DIFFERS,
                    Severity.INFO,
                    _ENABLE,
                    "Segment sends one payload per request unless this is true; here payloads "
                    "travel in batches.",
                    f"Add {control} = false to go on one by one." if control else "",
                )
        elif control is not None:
            self.fields[control] = value
        elif value is False:
            self.batch["rows"] = 1
            self._note(Kind.CHANGED, Severity.INFO, _ENABLE, "It became batch = { rows = 1 }.")

    def _take_bound(
        self,
        given: Mapping[str, Any],
        name: str,
        bound: str,
        policy: wharfinger.BatchPolicy | None,
        control: str | None,
    ) -> None:
        value = _number(given.get(name))
        if value is None:
            if given.get(name) not in (None, ""):
                message = f"It must be a whole number of at least 1, not {_shown(given[name])}."
                self._note(Kind.LEFT_OUT, Severity.WARNING, name, message)
            return
        most = getattr(policy, bound) if policy else value
        if control is not None:
            self.fields[control] = value
        elif value < most and bound not in self.batch:
            self.batch[bound] = value
            self._note(Kind.CHANGED, Severity.INFO, name, f"It became batch.{bound} = {value}.")
        if value > most:
            message = f"{value} is more than the {most} that travel in one request here."
            self._note(Kind.DIFFERS, Severity.INFO, name, message)

    def drop_unknown_fields(self) -> None:
        if self.comes_from_a_directive:
            return
        for name in [name for name in self.fields if name not in self.known]:
            value = self.fields.pop(name)
            severity = Severity.INFO if value in (None, "") else Severity.WARNING
            self._note(
                Kind.LEFT_OUT,
                severity,
                name,
                f"{self.action.title} has no such field; Segment drops what its action does not "
                "declare, so it may never have been sent.",
                f"If it matters, map it to one of: {', '.join(self._mappable())}.",
            )

    def _mappable(self) -> list[str]:
        return [field.name for field in self.known.values() if field.in_payload]

    def note_defaults(self) -> None:
        if self.comes_from_a_directive:
            return
        for name in _missing(self.action.default_fields, self.fields):
            self._note(
                Kind.DIFFERS,
                Severity.INFO,
                name,
                "The mapping leaves it out, so the default of the action applies; Segment applies "
                "none when an event comes.",
            )

    def _note(
        self, kind: Kind, severity: Severity, at: str, message: str, next_step: str = ""
    ) -> None:
        self.notes.append(
            Note(kind=kind, severity=severity, where=at, message=message, next_step=next_step)
        )


def _missing(defaults: Mapping[str, Any], fields: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return what an action fills in, down into plain objects as core does."""
    missing: list[str] = []
    for name, default in defaults.items():
        if name not in fields:
            missing.append(f"{prefix}{name}")
        elif _is_plain(default) and _is_plain(fields[name]):
            missing += _missing(default, fields[name], f"{prefix}{name}.")
    return missing


def _is_plain(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(key.startswith("@") for key in value)


def _constant(value: Any) -> Any:
    return value["@literal"] if isinstance(value, Mapping) and set(value) == {"@literal"} else value


def _number(value: Any) -> int | None:
    value = _constant(value)
    is_digits = isinstance(value, str) and bool(_DIGITS.fullmatch(value))
    if is_digits or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _shown(value: Any) -> str:
    value = _constant(value)
    if isinstance(value, str):
        return f'"{value[:80]}"'
    kinds = {dict: "an object", list: "a list", type(None): "null", bool: str(value).lower()}
    return kinds.get(type(value), str(value))
