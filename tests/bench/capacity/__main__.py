"""``python -m tests.bench.capacity``: the tables of the page "Capacity", and plans of your own.

Without options it prints every table. ``--check`` says whether those of the page are these, and
``--write`` makes it so. ``--rate`` plans for a rate and, with prices of yours, says what it costs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench.capacity import figures, page
from tests.bench.capacity.figures import Measured
from tests.bench.capacity.model import Part, parts_of_inbox, parts_of_rabbitmq
from tests.bench.capacity.words import number, size, table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="1 where the page says otherwise")
    what.add_argument("--write", action="store_true", help="write the tables into the page")
    what.add_argument("--rate", type=float, help="events a second to plan for")
    parser.add_argument("--measured", type=Path, default=figures.MEASURED, help="figures of yours")
    parser.add_argument("--busy", type=float, default=figures.BUSY.value, help="share of a core")
    parser.add_argument("--core-price", type=float, default=0.0, help="of a core, for a month")
    parser.add_argument("--gb-price", type=float, default=0.0, help="of a GB of memory, likewise")
    return parser.parse_args()


def _plan(parts: list[Part], core_price: float, gb_price: float) -> list[str]:
    rows = [
        (part.name, number(part.cores), size(part.memory_bytes) if part.memory_bytes else "")
        for part in parts
    ]
    cores, memory = (sum(getattr(p, name) for p in parts) for name in ("cores", "memory_bytes"))
    lines = table(("part", "cores", "memory"), [*rows, ("together", number(cores), size(memory))])
    price = cores * core_price + memory / 1e9 * gb_price
    return [*lines, *([f"\nFor a month: {number(price)}"] if price else [])]


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    """Print, check or write."""
    options = _options()
    measured = Measured.read(options.measured)
    if options.rate:
        for title, plan in (("Inboxes", parts_of_inbox), ("RabbitMQ", parts_of_rabbitmq)):
            parts = plan(measured, options.rate, options.busy)
            _say(f"{title}:\n", *_plan(parts, options.core_price, options.gb_price), "")
        return 0
    if not (options.check or options.write):
        for name, make in page.blocks(measured).items():
            _say(f"## {name}\n", *make(), "")
        return 0
    text = page.PAGE.read_text(encoding="utf-8")
    made = page.written(text, measured)
    if options.write:
        page.PAGE.write_text(made, encoding="utf-8")
    elif made != text:
        sys.stderr.write("The page is not what the model says; --write makes it so.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
