"""The page "Capacity": its tables are written by this, between marks in its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tests.bench.capacity import checks, editions, figures, ours
from tests.bench.capacity.figures import Figure, Kind, Measured
from tests.bench.capacity.words import number, table

PAGE: Final = Path(__file__).parents[3] / "docs/explanation/capacity.md"

_BLOCK: Final = re.compile(r"(<!-- made: (\S+) -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
_MICRO: Final = 1e6
_MEASURED: Final = {
    "event_bytes": ("an event of the benchmark", 1, "bytes"),
    "row_bytes": ("its row in a request", 1, "bytes"),
    "accept_event_s": ("`accept`", _MICRO, "µs an event"),
    "serve_event_s": ("`serve`, a hundred events in a request", _MICRO, "µs an event"),
    "run_50_s": ("`run` on an inbox, 50 rows in a request", _MICRO, "µs an event"),
    "run_1_s": ("`run` on an inbox, one row in a request", _MICRO, "µs an event"),
    "rabbitmq_publish_s": ("publishing to RabbitMQ, confirmed", _MICRO, "µs an event"),
    "rabbitmq_nodes_1_s": ("one node: taken and handed out", _MICRO, "µs an event"),
    "rabbitmq_nodes_3_s": ("three nodes: taken, copied, handed out", _MICRO, "µs an event"),
    "rabbitmq_run_50_s": ("`run` on RabbitMQ, 50 rows in a request", _MICRO, "µs an event"),
    "rabbitmq_run_1_s": ("`run` on RabbitMQ, one row in a request", _MICRO, "µs an event"),
    "waiting_bytes": ("on disk for what waits", 1, "bytes an event"),
    "kept_bytes": ("on disk once delivered, with its row of the ledger", 1, "bytes an event"),
    "inbox_worker_bytes": ("a worker on an inbox, 8 partitions", 1e-6, "MB"),
    "rabbitmq_worker_bytes": ("a worker on RabbitMQ, 8 lanes", 1e-6, "MB"),
    "inbox_lane_bytes": ("one more partition, empty", 1e-3, "KB"),
    "rabbitmq_lane_bytes": ("one more lane, empty", 1e-3, "KB"),
    "inbox_worker_idle": ("a worker on an inbox with nothing to do", 1e3, "ms a second"),
    "rabbitmq_worker_idle": ("a worker on RabbitMQ with nothing to do", 1e3, "ms a second"),
    "inbox_lane_idle": ("one more partition with nothing to do", 1e3, "ms a second"),
    "rabbitmq_lane_idle": ("one more lane with nothing to do, its worker", 1e3, "ms a second"),
    "rabbitmq_node_lane_idle": ("the same, the node", 1e3, "ms a second"),
}


def blocks(measured: Measured) -> dict[str, Callable[[], list[str]]]:
    """Return what makes each table, by the name in its mark."""
    return {
        "editions": editions.by_edition,
        "limits": editions.of_enterprise,
        "refused": editions.refused,
        "sign-ins": editions.sign_ins,
        "ladder": lambda: ours.ladder(measured),
        "million": editions.a_million,
        "inbox": lambda: ours.inbox(measured),
        "rabbitmq": lambda: ours.rabbitmq(measured),
        "around": lambda: ours.around(measured),
        "stores": ours.stores,
        "workers": lambda: ours.workers(measured),
        "agreement": checks.agreement,
        "hot": checks.hot,
        "batches": checks.waiting_in_batches,
        "outages": lambda: checks.after_outages(300.0, measured["waiting_bytes"]),
        "measured": lambda: _measured(measured),
        "others": _others,
    }


def written(text: str, measured: Measured) -> str:
    """Return the page with its tables made anew.

    Args:
        text: The page as it is.
        measured: What the tables are made of.

    Raises:
        KeyError: A mark names no table.
    """
    makers = blocks(measured)
    return _BLOCK.sub(lambda mark: mark[1] + "\n".join(["", *makers[mark[2]](), "", ""]), text)


def _measured(measured: Measured) -> list[str]:
    rows = []
    for name, figure in measured.figures.items():
        label, times, unit = _MEASURED[name]
        least, most = figure.spread or (figure.value, figure.value)
        cells = (number(value * times) for value in (figure.value, least, most))
        rows.append((label, *cells, unit))
    lines = table(("what", "median", "least", "most", "unit"), rows, texts=1)
    about = f"{measured.machine}, {measured.date}, {measured.runs} runs."
    return [f"Measured: {about}", "", *lines]


def _others() -> list[str]:
    known: Iterable[Figure] = (*figures.VENDOR, *figures.CHOSEN, *figures.TRIED)
    kinds = list(Kind)
    rows = [
        (each.name, number(each.value), each.unit, f"{each.kind}", each.source)
        for each in sorted(known, key=lambda each: kinds.index(each.kind))
    ]
    head = ("figure", "value", "unit", "certainty", "where from")
    return table(head, rows, texts=3)
