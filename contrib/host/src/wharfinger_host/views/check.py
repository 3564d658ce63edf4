"""What is wrong with a configuration, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from rich.console import Console

from wharfinger import Connection, Finding
from wharfinger_host.configuration import Configuration, Remark
from wharfinger_host.terminal import plural, printable
from wharfinger_host.views.findings import has_errors as any_errors
from wharfinger_host.views.findings import show_lines

__all__ = ["as_json", "has_errors", "show", "show_problems"]


def as_json(
    configuration: Configuration,
    connections: Mapping[str, Connection],
    findings: Mapping[str, list[Finding]],
) -> dict[str, Any]:
    """Return everything that was found as plain data."""
    return {
        "ok": not configuration.problems and not has_errors(findings),
        "file": str(configuration.file),
        "problems": [_remark_as_json(remark) for remark in configuration.problems],
        "warnings": [_remark_as_json(remark) for remark in configuration.warnings],
        "connections": [
            {
                "name": name,
                "destination": connection.destination.slug,
                "mappings": [
                    {"name": mapping.name, "action": mapping.action.slug}
                    for mapping in connection.mappings.values()
                ],
                "findings": [attrs.asdict(finding) for finding in findings.get(name, [])],
            }
            for name, connection in connections.items()
        ],
    }


def has_errors(findings: Mapping[str, list[Finding]]) -> bool:
    """Tell whether testing the connections found something that has to be put right."""
    return any(any_errors(found) for found in findings.values())


def show(
    console: Console,
    configuration: Configuration,
    connections: Mapping[str, Connection],
    findings: Mapping[str, list[Finding]],
) -> None:
    """Show problems, warnings, and what each connection is.

    Args:
        console: Where to.
        configuration: What was read.
        connections: Those that could be made.
        findings: What testing the connections found, by name; empty where nothing was tested.
    """
    show_problems(console, configuration)
    for remark in configuration.warnings:
        console.print(printable(f"{remark} (warning)"), style="yellow", soft_wrap=True)
    if configuration.problems:
        console.print(f"{plural(len(configuration.problems), 'problem')} in {configuration.file}")
        return
    for name, connection in connections.items():
        mappings = plural(len(connection.mappings), "mapping")
        line = f"{name}: {connection.destination.title}, {mappings}"
        console.print(printable(line), style="bold", soft_wrap=True)
        show_lines(console, findings.get(name, []))
    if not has_errors(findings):
        console.print(f"{configuration.file}: nothing is wrong", style="green", soft_wrap=True)
        if findings:
            more = f"More is looked at by: wharfinger doctor {configuration.file}"
            console.print(printable(more), style="dim", soft_wrap=True)


def show_problems(console: Console, configuration: Configuration) -> None:
    """Show what has to be corrected, one line per problem: ``FILE:LINE: path: message``."""
    for remark in configuration.problems:
        console.print(printable(str(remark)), style="red", soft_wrap=True)


def _remark_as_json(remark: Remark) -> dict[str, Any]:
    return {
        "file": str(remark.file),
        "line": remark.line,
        "path": remark.where,
        "message": remark.message,
    }
