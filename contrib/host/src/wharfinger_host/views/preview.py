"""The requests that events would lead to, and the events that lead to none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console

from wharfinger import Outcome, Preview, PreviewedRequest, Status
from wharfinger_host.reading import Chunk
from wharfinger_host.terminal import plural, printable

__all__ = ["as_json", "body_shown", "has_refused", "headers_shown", "show", "show_request"]

_HIDDEN = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


def as_json(chunk: Chunk, previews: Mapping[str, Preview]) -> dict[str, Any]:
    """Return requests and outcomes as plain data, events by their lines."""
    return {
        "requests": [
            {
                "connection": name,
                "mapping": request.mapping,
                "action": request.action,
                "lines": _lines(chunk, request),
                "method": request.method,
                "url": request.url,
                "headers": headers_shown(request),
                "body": body_shown(request),
            }
            for name, preview in previews.items()
            for request in preview.requests
        ],
        "not_sent": [
            {
                "connection": name,
                "mapping": mapping,
                "line": line,
                "status": outcome.status,
                "code": outcome.code,
                "message": outcome.message,
            }
            for name, mapping, line, outcome in _outcomes(chunk, previews)
        ],
        "unreadable": [
            {"line": line.number, "code": line.code, "message": line.message}
            for line in chunk.unreadable
            if line.counts
        ],
    }


def has_refused(chunk: Chunk, previews: Mapping[str, Preview]) -> bool:
    """Tell whether an event could never be sent as it is."""
    return bool(chunk.unreadable) or any(
        outcome.status is not Status.FILTERED for *_, outcome in _outcomes(chunk, previews)
    )


def show(console: Console, chunk: Chunk, previews: Mapping[str, Preview]) -> None:
    """Show each request in full, then the events that lead to none."""
    number = 0
    for name, preview in previews.items():
        for request in preview.requests:
            number += 1
            _show_request(console, number, name, request, _lines(chunk, request))
    filtered: dict[str, list[int]] = {}
    for name, mapping, line, outcome in _outcomes(chunk, previews):
        if outcome.status is Status.FILTERED:
            filtered.setdefault(f"{name}.{mapping}", []).append(line)
            continue
        text = f"line {line}: {outcome.status} by {name}.{mapping}: {outcome.message}"
        console.print(printable(text), style="red", soft_wrap=True)
    for unreadable in chunk.unreadable:
        if unreadable.counts:
            text = f"line {unreadable.number}: unreadable: {unreadable.message}"
            console.print(printable(text), style="red", soft_wrap=True)
    for where, lines in filtered.items():
        text = f"{_said(lines)}: filtered, the trigger of {where} does not match"
        console.print(printable(text), style="dim", soft_wrap=True)
    console.print(
        f"{plural(len(chunk.lines), 'event')} would make {plural(number, 'request')}; "
        "nothing was sent.",
        style="bold",
    )


def _show_request(
    console: Console, number: int, connection: str, request: PreviewedRequest, lines: Sequence[int]
) -> None:
    heading = f"{number}. {connection}.{request.mapping} ({request.action}), {_said(lines)}"
    console.print(printable(heading), style="bold", soft_wrap=True)
    show_request(console, request)


def show_request(console: Console, request: PreviewedRequest) -> None:
    """Show a request as it would be sent, credentials hidden."""
    console.print(printable(f"{request.method} {request.url}"), style="cyan", soft_wrap=True)
    for header, value in headers_shown(request).items():
        console.print(printable(f"{header}: {value}"), style="dim", soft_wrap=True)
    console.print()
    body = body_shown(request)
    text = (
        body if isinstance(body, str) else orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    )
    if text:
        console.print(printable(text), soft_wrap=True)
        console.print()


def headers_shown(request: PreviewedRequest) -> dict[str, str]:
    """Return the headers of a request, credentials hidden."""
    return {
        name: f"{value.partition(' ')[0]} ***"
        if name.lower() in _HIDDEN and " " in value
        else "***"
        if name.lower() in _HIDDEN
        else value
        for name, value in request.headers.items()
    }


def body_shown(request: PreviewedRequest) -> Any:
    """Return a JSON body as data, any other as text."""
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return request.body.decode(errors="backslashreplace")


def _lines(chunk: Chunk, request: PreviewedRequest) -> list[int]:
    return [chunk.lines[index].number for index in request.events]


def _outcomes(
    chunk: Chunk, previews: Mapping[str, Preview]
) -> Iterator[tuple[str, str, int, Outcome]]:
    """Give the outcomes that need no vendor: connection, mapping, line, outcome."""
    for name, preview in previews.items():
        for line, receipt in zip(chunk.lines, preview.receipts, strict=True):
            for mapping, outcome in receipt.outcomes.items():
                yield name, mapping, line.number, outcome


def _said(lines: Sequence[int]) -> str:
    """Return ``"lines 1-3, 7"``."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    text = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"line {text}" if len(lines) == 1 else f"lines {text}"
