from datetime import datetime
from typing import Any

import attrs
import pytest

from wharfinger.errors import PayloadError
from wharfinger.model.fields import Field, Kind, field
from wharfinger.model.secret import Secret
from wharfinger.payload import fields_of, structure

ANNOTATIONS = {
    Kind.STRING: str,
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.NUMBER: float,
    Kind.BOOLEAN: bool,
    Kind.DATETIME: datetime,
    Kind.OBJECT: dict[str, Any],
}


@pytest.fixture
def make_class():
    """Make a class of fields that need not be written as a class body: facts by name."""

    def make_class(**facts: dict[str, Any]) -> type[Any]:
        annotations, members = {}, {}
        for name, given in facts.items():
            fact = {"label": name.upper(), "default": None, "required": False, **given}
            if fact["required"] is True and "default" not in given:
                del fact["default"]
            single = (
                Secret if fact.pop("secret", False) else ANNOTATIONS[fact.get("kind", "string")]
            )
            annotations[name] = list[single] if fact.get("multiple") else single | None  # type: ignore[valid-type]  # made at run time
            members[name] = field(**fact)
        return attrs.define(kw_only=True)(
            type("Made", (), {"__annotations__": annotations, **members})
        )

    return make_class


@pytest.fixture
def make_one(make_class):
    """Read one value as a class with the one field ``f`` does."""

    def make_one(value: Any, **facts: Any) -> Any:
        return structure(make_class(f=facts), {"f": value}).f

    return make_one


@pytest.fixture
def problems_of():
    """Give what is wrong, by place."""

    def problems_of(cls: type[Any], raw: Any) -> dict[str, str]:
        with pytest.raises(PayloadError) as caught:
            structure(cls, raw)
        return {problem.where: problem.message for problem in caught.value.problems}

    return problems_of


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, datetime):
        return value.isoformat()
    return [_plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def plain():
    """Write an instance as JSON: absent fields left out, secrets told, dates as text."""

    def plain(instance: Any) -> dict[str, Any]:
        written = {}
        for each in fields_of(type(instance)):
            value = getattr(instance, each.attribute)
            if value is not None or each.allow_null:
                written[each.name] = _plain(value)
        return written

    return plain


@pytest.fixture
def declared():
    """Declare one property of an object field."""

    def declared(label: str = "Inner", **facts: Any) -> Field:
        return Field(label=label, **facts)

    return declared
