"""What holds for every test."""

from __future__ import annotations

import functools
import gc
import os
import signal
import ssl
from typing import Any

import certifi
import typer.testing
from hypothesis import settings

# No clocks in tests: a busy machine is no counterexample. New examples are for whoever works on
# the code; integration tries the same ones each time, so that a failure there is about the change.
settings.register_profile("wharfinger", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("wharfinger")

# A shell lets what it starts in the background ignore Ctrl-C, and that goes on to every child.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Reading the signatures of all commands takes longer than most of them run, and they stay the same.
typer.testing._get_command = functools.cache(typer.testing._get_command)  # type: ignore[attr-defined]  # above

# Each client would read the certificates of all authorities of the world, of whom nobody is here.
_WORLD = {certifi.where(), os.environ.get("SSL_CERT_FILE", certifi.where())}
_load = ssl.SSLContext.load_verify_locations


def _load_others(context: ssl.SSLContext, cafile: Any = None, *others: Any, **named: Any) -> None:
    if cafile not in _WORLD:
        _load(context, cafile, *others, **named)


ssl.SSLContext.load_verify_locations = _load_others  # type: ignore[assignment,method-assign]  # above


def pytest_collection_finish() -> None:
    """Let the collector of cycles pass over some hundred megabytes of tests and libraries."""
    gc.collect()
    gc.freeze()
    # As seldom as before: how often it looks at everything, it decides by how much that is.
    gc.set_threshold(700, 10, 200)
