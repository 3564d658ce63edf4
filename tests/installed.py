"""The kit over a plugin that is installed, as its author runs it: by a command, without a class."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

__all__ = ["passed"]


def passed(
    destination: str, settings: Path, folder: Path, *, skips: Collection[str] = ()
) -> set[str]:
    """Return the checks that an installed destination passes; none may fail.

    Args:
        destination: Its slug.
        settings: The file for ``--wharfinger-settings``.
        folder: Where pytest runs, away from what configures it here.
        skips: The checks that may be skipped.
    """
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-c", os.devnull),
            *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed"),
            *("--wharfinger-destination", destination, "--wharfinger-settings", str(settings)),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found = dict(re.findall(r"::(test_\w+) ([A-Z]+)", run.stdout))
    passed = {name for name, became in found.items() if became == "PASSED"}
    assert found.keys() - passed <= set(skips), run.stdout
    return passed
