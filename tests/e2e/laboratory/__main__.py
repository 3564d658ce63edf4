"""``python -m tests.e2e.laboratory``: many seeds, one after the other."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from tests.e2e.laboratory.checking import judge
from tests.e2e.laboratory.experiment import Experiment
from tests.e2e.laboratory.report import Result, as_json, console, show


def run(
    *,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 10,
    events: Annotated[int, typer.Option(min=20, help="Events of each.")] = 5_000,
    folder: Annotated[
        Path | None, typer.Option(help="Where to leave all files; else they are removed.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
) -> None:
    """Kill, mislead and starve the durable host, and hold what it leaves behind to its laws."""
    results = []
    for each in range(seed, seed + seeds):
        place = (folder or Path(tempfile.mkdtemp(prefix="laboratory-"))) / f"seed-{each}"
        place.mkdir(parents=True)
        began_s = time.monotonic()

        def say(text: str, number: int = each, began_s: float = began_s) -> None:
            console.print(f"seed {number} {time.monotonic() - began_s:6.1f} s  {text}", style="dim")

        evidence = Experiment(place, each, events, say).run()
        result = Result(each, evidence, judge(evidence), took_s=time.monotonic() - began_s)
        results.append(result)
        for broken in result.verdict.broken:
            console.print(f"seed {each}: {broken}", style="bold red", markup=False)
        if folder is None and not result.verdict.broken:
            shutil.rmtree(place.parent)
    show(results)
    if json:
        typer.echo(as_json(results))
    raise typer.Exit(any(result.verdict.broken for result in results))


if __name__ == "__main__":
    typer.run(run)
