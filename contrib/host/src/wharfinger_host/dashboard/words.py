"""What can be written in a mapping: fields, directives, functions, paths of an event, columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import orjson

import wharfinger
from wharfinger import Action, Choice, Question
from wharfinger_host.asking import Answer, Asked, ask
from wharfinger_host.configuration import Selection, connect, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.explaining import Draft

__all__ = ["Word", "Words", "action_of", "choices", "event_paths", "words_of"]

_MOST_PATHS: Final = 300
_DEEPEST: Final = 12
_MOST_PAGES: Final = 5

_DIRECTIVES: Final = {
    "@path": '{ "@path": "$.properties.total" }',
    "@template": '{ "@template": "Hello {{traits.name}}" }',
    "@if": '{ "@if": { "exists": { "@path": "$.a" }, "then": 1, "else": 2 } }',
    "@case": '{ "@case": { "operator": "lower", "value": { "@path": "$.traits.email" } } }',
    "@replace": '{ "@replace": { "pattern": "-", "replacement": "", "value": "a-b" } }',
    "@arrayPath": '{ "@arrayPath": ["$.properties.products", { "sku": { "@path": "$.sku" } }] }',
    "@flatten": '{ "@flatten": { "value": { "@path": "$.traits" }, "separator": "." } }',
    "@json": '{ "@json": { "mode": "encode", "value": { "@path": "$.traits" } } }',
    "@merge": '{ "@merge": { "objects": [{ "a": 1 }], "direction": "right" } }',
    "@transform": '{ "@transform": { "apply": { "id": 1 }, "mapping": { "@path": "$.id" } } }',
    "@excludeWhenNull": '{ "@excludeWhenNull": { "@path": "$.traits.name" } }',
    "@liquid": '{ "@liquid": "{{ traits.name | upcase }}" }',
    "@literal": '{ "@literal": "text" }',
}
_FUNCTIONS: Final = {
    "contains": 'contains(event, "Order")',
    "match": 'match(event, "Order *")',
    "length": "length(properties.products) > 0",
    "lowercase": 'lowercase(event) = "order completed"',
    "uppercase": 'uppercase(properties.currency) = "EUR"',
    "snakecase": 'snakecase(event) = "order_completed"',
    "kebabcase": 'kebabcase(event) = "order-completed"',
    "titlecase": 'titlecase(event) = "Order Completed"',
    "bool": "bool(properties.member)",
    "number": "number(properties.total) > 100",
    "string": 'string(properties.code) = "7"',
    "typeof": 'typeof(traits.email) = "string"',
}


@attrs.frozen
class Word:
    """Something that can be written.

    Attributes:
        text: What is written.
        about: What it is, or an example.
    """

    text: str
    about: str = ""


@attrs.frozen(kw_only=True)
class Words:
    """Everything that can be written in one mapping.

    Attributes:
        fields: Names of the payload's fields.
        properties: Declared properties of fields that are objects, by field.
        values: The only values of fields that have such, by field.
        asked: Names of the fields whose values the tenant can be asked for.
        directives: Directives, with an example.
        functions: Functions of triggers, with an example.
    """

    fields: tuple[Word, ...] = ()
    properties: Mapping[str, tuple[Word, ...]] = attrs.field(factory=dict)
    values: Mapping[str, tuple[Word, ...]] = attrs.field(factory=dict)
    asked: tuple[str, ...] = ()
    directives: tuple[Word, ...] = ()
    functions: tuple[Word, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return them as plain data, for the script of the page."""
        return attrs.asdict(self)


def action_of(desk: Desk, draft: Draft) -> Action | None:
    """Return the action of a mapping of the configuration, or of a new one; None for no known."""
    table = desk.tables().get(draft.connection, {})
    mappings = table.get("mappings")
    found = mappings.get(draft.mapping) if isinstance(mappings, dict) else None
    slug = found.get("action") if isinstance(found, dict) else draft.action
    try:
        return desk.plugins.action(str(table.get("destination")), str(slug))
    except wharfinger.PluginError:
        return None


def words_of(desk: Desk, action: Action | None) -> Words:
    """Return what can be written in a mapping with this action."""
    added = {name: each.description for name, each in desk.plugins.directives.items()}
    directives = tuple(Word(name, about) for name, about in {**_DIRECTIVES, **added}.items())
    functions = tuple(Word(name, about) for name, about in _FUNCTIONS.items())
    if action is None:
        return Words(directives=directives, functions=functions)
    fields = wharfinger.fields_of(action.payload)
    return Words(
        fields=tuple(Word(field.name, _about(field)) for field in fields),
        properties={
            field.name: tuple(Word(name, _about(each)) for name, each in field.properties.items())
            for field in fields
            if field.properties
        },
        values={
            field.name: tuple(Word(str(value)) for value in field.choices)
            for field in fields
            if field.choices
        },
        asked=tuple(field.name for field in fields if field.name in action.choices),
        directives=directives,
        functions=functions,
    )


def _about(field: wharfinger.Field) -> str:
    need = "required, " if field.required is True else ""
    return f"{field.label} ({need}{field.kind}) {field.description}".strip()


def event_paths(event: Mapping[str, Any]) -> list[Word]:
    """Return the paths that lead to something in an event, without ``$.``, with what is there."""
    found: list[Word] = []
    for path, value in _walk("", event, _DEEPEST):
        if len(found) == _MOST_PATHS:
            break
        found.append(Word(path, _short(value)))
    return found


def _walk(path: str, value: Any, levels: int) -> Iterator[tuple[str, Any]]:
    if path:
        yield path, value
    if levels and isinstance(value, Mapping):
        for name, inside in value.items():
            # What holds other signs has to be written in brackets, which nobody completes.
            if name and all(sign.isalnum() or sign in "_-" for sign in name):
                yield from _walk(f"{path}.{name}" if path else name, inside, levels - 1)


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004  # characters in a list


async def choices(
    desk: Desk, connection: str, action: Action, field: str, fields: Mapping[str, Any]
) -> Answer:
    """Ask the tenant for the values of a field.

    Args:
        desk: Knows the configuration.
        connection: Name of the connection.
        action: Whose field it is.
        field: Its name.
        fields: The field mapping; what is constant in it helps the question.
    """
    selection = Selection(connection=connection, account_only=True)
    configuration = read_configuration(desk.config, desk.plugins, selection)
    account = connect(configuration, desk.plugins).get(connection)
    if account is None:
        message = "; ".join(remark.message for remark in configuration.problems)
        return Answer(
            obstacle=wharfinger.Finding(level="error", subject=connection, message=message)
        )
    known = {name: value for name, value in fields.items() if isinstance(value, (str, int, float))}
    asked = Asked(connection=account, action=action)
    items: list[Choice] = []
    page: int | None = 1
    while page is not None and page <= _MOST_PAGES:
        answer = await ask(asked, Question(field=field, page=page, fields=known))
        if answer.obstacle:
            return answer
        items += answer.choices.items
        page = answer.choices.next_page
    return Answer(choices=wharfinger.Choices(items=items, next_page=page))
