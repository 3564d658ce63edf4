"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# No clocks in tests: a busy machine is no counterexample.
settings.register_profile("wharfinger", deadline=None)
settings.load_profile("wharfinger")
