"""The command line of the host, for accounts that bear as many requests at once as are wished.

``python -m tests.bench.whole_path.host 16 run shop.toml --once``. An account of SFMC bears four
as far as is known, and a configuration cannot say otherwise.
"""

from __future__ import annotations

import sys

from wharfinger.delivery import governors
from wharfinger.delivery.governor import Governor
from wharfinger_host.cli import main


class Generous(Governor):
    """A governor with a number of its own."""

    def __init__(self, parallel: int) -> None:
        super().__init__(max(parallel, INFLIGHT))


INFLIGHT = int(sys.argv.pop(1))

if __name__ == "__main__":
    governors.Governor = Generous  # type: ignore[assignment, attr-defined]  # no public way, and on purpose
    main()
