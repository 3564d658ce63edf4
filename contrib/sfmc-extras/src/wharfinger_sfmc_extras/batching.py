"""Another batching for single data extensions than the plugin that owns the destination has."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, Final

import orjson

import wharfinger
from wharfinger_sfmc_extras import transactional
from wharfinger_sfmc_extras.destination import SLUG

__all__ = ["VARIABLE", "policy"]

VARIABLE: Final = "SFMC_EXTRAS_BATCHING"
"""Holds JSON: ``{"orders": {"rows": 10, "bytes": 500000, "age_s": 0.5, "lanes": 1}}``."""


def policy(
    action: wharfinger.Action, outline: wharfinger.Outline | None
) -> wharfinger.BatchPolicy | None:
    """Say how the payloads of a mapping travel; None for whatever is not this plugin's business.

    Args:
        action: The action in question.
        outline: What its mapping says; None where there is no mapping.

    Raises:
        ValueError: The environment variable holds something else.
    """
    if action.destination != SLUG:
        return None
    if action.slug == transactional.ACTION.slug:
        return transactional.BATCHING
    if outline is None or action.rows is None:
        return None
    key = outline.constants.get(action.rows.table)
    return _read(os.environ.get(VARIABLE, "")).get(key)


@lru_cache(maxsize=8)
def _read(text: str) -> dict[Any, wharfinger.BatchPolicy]:
    """Return the policies by the external key of the data extension."""
    if not text.strip():
        return {}
    try:
        given = orjson.loads(text)
        return {key: wharfinger.BatchPolicy(**facts) for key, facts in given.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{VARIABLE} must hold an object of data extensions and their batches, such as "
            f'{{"orders": {{"rows": 10}}}}: {error}'
        ) from error
