"""A destination that can be looked at, asked and furnished: boxes are stored on shelves."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import attrs
import httpx

import wharfinger
from wharfinger import Change, Choice, Choices, Finding, Opening, Outline, Plan, Question

ADDRESS = "https://api.depot.example"


@attrs.frozen(kw_only=True)
class DepotSettings:
    city: str = wharfinger.field(label="City")


@attrs.define(kw_only=True)
class Box:
    shelf: str = wharfinger.field(label="Shelf")
    items: dict[str, Any] = wharfinger.field(label="Items", kind="object")
    mode: str = wharfinger.field(
        label="Mode", choices=("strict", "loose"), default="strict", control="option"
    )


@attrs.define(kw_only=True)
class Bell:
    text: str = wharfinger.field(label="Text", default="ding")


@attrs.frozen(kw_only=True)
class Wishes:
    room: str | None = wharfinger.field(label="Room", default=None, description="Where it stands.")
    depth: int = wharfinger.field(label="Depth", default=1)


class NoAuth(httpx.Auth):
    pass


async def get(session: wharfinger.Session, path: str) -> Any:
    response = await session.request("GET", f"{ADDRESS}{path}")
    if response.status_code == 401:
        raise wharfinger.CredentialsError("Depot refused the key. Make a new one.")
    if response.status_code == 500:
        raise ZeroDivisionError("a mistake of this plugin")
    return response.json() if response.status_code == 200 else None


async def test_key(session: wharfinger.Session) -> list[Finding]:
    await get(session, "/me")
    return [Finding(level="ok", subject="Key", message="Depot accepts it.")]


async def check_lights(session: wharfinger.Session, outlines: Any) -> list[Finding]:
    if await get(session, "/lights") == "on":
        return []
    names = ", ".join(outline.mapping for outline in outlines)
    message = f"It is dark for {names}."
    return [Finding(level="warning", subject="Light", message=message, fix="Switch it on.")]


async def open_box(session: wharfinger.Session, outline: Outline) -> Opening:
    shelf = outline.constants["shelf"]
    if await get(session, f"/shelves/{quote(shelf)}") is not None:
        return Opening()
    return Opening(
        findings=[
            Finding(
                level="error",
                subject="Shelf",
                message=f'There is no shelf "{shelf}".',
                fix="Make one.",
                code="shelf-missing",
            )
        ]
    )


async def shelves(session: wharfinger.Session, question: Question) -> Choices:
    names = [
        name
        for name in await get(session, "/shelves")
        if question.search in name and question.fields.get("mode") != "loose"
    ]
    page = names[2 * question.page - 2 : 2 * question.page]
    items = [Choice(value=name, label=f"Shelf {name}", description="of oak") for name in page]
    more = len(names) > 2 * question.page
    return Choices(items=items, next_page=question.page + 1 if more else None)


async def plan_shelf(
    session: wharfinger.Session, outline: Outline, boxes: Any, wishes: Wishes
) -> Plan:
    shelf = outline.constants["shelf"]
    there = await get(session, f"/shelves/{shelf}")
    sizes: dict[str, int] = {}
    for box in boxes:
        for name, value in box.items.items():
            sizes[name] = max(sizes.get(name, 0), len(str(value)))
    changes = []
    if there is None:
        where = f"in {wishes.room}, depth {wishes.depth}" if wishes.room else ""
        changes.append(Change(kind="create", subject=f'shelf "{shelf}"', after=where))
    for name, size in sizes.items():
        kind: Any = "create"
        if there is not None:
            kind = "keep" if there.get(name, 0) >= size else "by-hand"
        before = str(there[name]) if there and name in there else ""
        after = "" if kind == "keep" else str(size)
        reason = f"longest of {len(boxes)} has {size}"
        changes.append(
            Change(kind=kind, subject=f'slot "{name}"', before=before, after=after, reason=reason)
        )
    note = [] if boxes else [Finding(level="warning", subject="Boxes", message="None was shown.")]
    return Plan(
        mapping=outline.mapping,
        subject=f'the shelf "{shelf}"',
        changes=changes,
        findings=note,
        data=(shelf, sizes, wishes),
    )


async def make_shelf(session: wharfinger.Session, plan: Plan) -> list[Finding]:
    shelf, sizes, wishes = plan.data
    body = {"name": shelf, "slots": sizes, "room": wishes.room}
    response = await session.request("POST", f"{ADDRESS}/shelves", json=body)
    if response.status_code != 200:
        return [Finding(level="error", subject=plan.subject, message="Depot has no wood.")]
    return [Finding(level="ok", subject=plan.subject, message="It was made.")]


async def store(session: wharfinger.Session, batch: wharfinger.Batch) -> list[wharfinger.Outcome]:
    content = [attrs.asdict(payload) for payload in batch.payloads]
    await session.request("POST", f"{ADDRESS}/boxes", json=content)
    return [wharfinger.Outcome.delivered()] * len(batch.payloads)


@wharfinger.hookimpl
def wharfinger_destinations() -> list[wharfinger.Destination]:
    return [wharfinger.Destination(slug="depot", title="Depot", hosts=("api.depot.example",))]


@wharfinger.hookimpl
def wharfinger_settings() -> list[wharfinger.Settings]:
    return [wharfinger.Settings(destination="depot", schema=DepotSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> list[wharfinger.Authentication]:
    return [
        wharfinger.Authentication(destination="depot", create=lambda _: NoAuth(), test=test_key)
    ]


@wharfinger.hookimpl
def wharfinger_diagnostics() -> list[wharfinger.Diagnostic]:
    return [wharfinger.Diagnostic(destination="depot", title="Light", check=check_lights)]


@wharfinger.hookimpl
def wharfinger_actions() -> list[wharfinger.Action]:
    return [
        wharfinger.Action(
            destination="depot",
            slug="store",
            title="Store",
            payload=Box,
            perform=store,
            effect=wharfinger.Effect.IDEMPOTENT,
            aliases=("put",),
            default_trigger='type = "track"',
            open=open_box,
            choices={"shelf": shelves},
            provision=wharfinger.Provision(plan=plan_shelf, apply=make_shelf, options=Wishes),
        ),
        wharfinger.Action(
            destination="depot",
            slug="ring",
            title="Ring",
            payload=Bell,
            perform=store,
            effect=wharfinger.Effect.IDEMPOTENT,
            default_trigger='type = "page"',
        ),
    ]
