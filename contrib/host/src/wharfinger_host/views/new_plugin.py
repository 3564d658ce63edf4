"""What a new plugin is called, and what to do next."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from wharfinger_host.scaffold import Naming, next_steps
from wharfinger_host.terminal import printable

__all__ = ["as_json", "show"]


def as_json(folder: pathlib.Path, naming: Naming, files: Sequence[str]) -> dict[str, Any]:
    """Return what has been written as plain data."""
    return {
        "ok": True,
        "folder": str(folder),
        "destination": naming.slug,
        "distribution": naming.distribution,
        "package": naming.package,
        "files": list(files),
        "next": next_steps(folder, naming),
    }


def show(console: Console, folder: pathlib.Path, naming: Naming) -> None:
    """Say where it stands and how to go on."""
    text = f"{folder} holds the distribution {naming.distribution}."
    console.print(printable(text), style="bold", soft_wrap=True)
    console.print("Its README says what to change. Go on with:")
    for line in next_steps(folder, naming):
        console.print(printable(f"  {line}"), soft_wrap=True)
