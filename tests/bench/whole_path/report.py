"""Figures as tables: medians with their spread, and ratios of measurements of the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.bench.whole_path.plan import SEGMENT

Figures = dict[str, Any]


def comparison(measured: Sequence[Figures]) -> Table:
    """Return the table of the comparison."""
    title = "The whole path: JSON Lines in, receipts out; ratios of events/s, and of events/CPU s"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in (
        "events/s", "of the floor", "x Segment", "CPU s per 100k", "of the floor", "x Segment",
        "peak MiB", "lost",
    ):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    for case in _distinct((each["transport"], each["size"], each["inflight"]) for each in measured):
        found = [e for e in measured if (e["transport"], e["size"], e["inflight"]) == case]
        transport, size, inflight = case
        rows = f"{size} rows" if size > 1 else "unbatched"
        table.add_section()
        table.add_row(f"[bold]{rows} x {inflight}, {transport}[/bold]")
        for who in _distinct(each["who"] for each in found):
            table.add_row(f"  {who}", *_cells(who, found))
    return table


def _cells(who: str, found: Sequence[Figures]) -> Iterable[str]:
    mine = [each for each in found if each["who"] == who]
    yield spread([each["events_per_s"] for each in mine], "{:,.0f}")
    yield _ratio(mine, found, "floor", "{:.0%}", _rate)
    yield _ratio(mine, found, SEGMENT, "{:.2f}", _rate)
    yield spread([each["cpu_s_per_100k"] or 0 for each in mine], "{:.1f}")
    yield _ratio(mine, found, "floor", "{:.0%}", _rate_of_cpu)
    yield _ratio(mine, found, SEGMENT, "{:.2f}", _rate_of_cpu)
    yield f"{max(each['peak_rss_mib'] for each in mine):.0f}"
    yield str(sum(each["errors"] for each in mine) or "")


def _rate(figures: Figures) -> float:
    return float(figures["events_per_s"])


def _rate_of_cpu(figures: Figures) -> float:
    """Return events per second of processor time: what others do meanwhile matters less to it."""
    return 1e5 / figures["cpu_s_per_100k"] if figures["cpu_s_per_100k"] else 0.0


def _ratio(
    mine: Sequence[Figures],
    found: Sequence[Figures],
    other: str,
    form: str,
    rate: Callable[[Figures], float],
) -> str:
    base = {each["run"]: rate(each) for each in found if each["who"] == other}
    ratios = [rate(each) / base[each["run"]] for each in mine if base.get(each["run"])]
    return spread(ratios, form) if ratios and mine[0]["who"] != other else ""


def neighbours(title: str, measured: Sequence[Figures]) -> Table:
    """Return the table of what a connection loses by its neighbour."""
    table = Table(title=title, title_justify="left")
    table.add_column("neighbour")
    for name in (
        "events/s",
        "of that alone",
        "CPU s per 100k",
        "x alone",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    alone = {each["run"]: each for each in measured if each["kind"] == "none"}
    for kind in _distinct(each["kind"] for each in measured):
        mine = [each for each in measured if each["kind"] == kind]
        cells = []
        for figure, form, ratio in (
            ("events_per_s", "{:,.0f}", "{:.0%}"),
            ("cpu_s_per_100k", "{:.1f}", "{:.2f}"),
        ):
            cells.append(spread([each[figure] for each in mine], form))
            ratios = [each[figure] / alone[each["run"]][figure] for each in mine]
            cells.append(spread(ratios, ratio))
        table.add_row(kind, *cells)
    return table


def soak_row(console: Console, look: Figures) -> None:
    """Show what was seen of a long run; `bar` makes the memory of the worker visible."""
    console.print(
        f"{look['seconds']:7.0f} s  {look['accepted']:>10,} accepted  {look['delivered']:>10,} "
        f"delivered  accept {look['accept_rss_mib']:4.0f} MiB  run {look['run_rss_mib']:4.0f} MiB  "
        f"disk {look['disk_mib']:6,} MiB  {'#' * round(look['run_rss_mib'] / 10)}"
    )


def spread(figures: Sequence[float], form: str) -> str:
    """Return the median, and the least and the most where there are several."""
    middle = form.format(median(figures))
    if len(figures) == 1:
        return middle
    return f"{middle} [dim]\\[{form.format(min(figures))}..{form.format(max(figures))}][/dim]"


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
