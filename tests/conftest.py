"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# No clocks in tests: a busy machine is no counterexample. New examples are for whoever works on
# the code; integration tries the same ones each time, so that a failure there is about the change.
settings.register_profile("wharfinger", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("wharfinger")
