"""Additions to the destination Salesforce Marketing Cloud, which belongs to another plugin.

An action, a directive, another batching for single data extensions, and an audit of batches. The
last two do nothing until an environment variable asks for them. This module holds hook
implementations only; each imports what it gives when it is asked.
"""
# ruff: noqa: PLC0415  # imports on demand are what this module is for

from __future__ import annotations

from collections.abc import Iterable

import wharfinger

__all__: list[str] = []


@wharfinger.hookimpl
def wharfinger_actions() -> Iterable[wharfinger.Action]:
    """Give the action that sends transactional messages."""
    from wharfinger_sfmc_extras.transactional import ACTION

    return [ACTION]


@wharfinger.hookimpl
def wharfinger_directives() -> Iterable[wharfinger.Directive]:
    """Give the directive that hashes an email address."""
    from wharfinger_sfmc_extras.hashing import EMAIL_HASH

    return [EMAIL_HASH]


@wharfinger.hookimpl(tryfirst=True)
def wharfinger_batching(
    action: wharfinger.Action, outline: wharfinger.Outline | None
) -> wharfinger.BatchPolicy | None:
    """Say how this plugin's action travels, and rows of the data extensions a user named."""
    from wharfinger_sfmc_extras.batching import policy

    return policy(action, outline)


@wharfinger.hookimpl
def wharfinger_batch_delivered(report: wharfinger.BatchReport) -> None:
    """Write a line for each batch that went to Marketing Cloud, if a user wants them."""
    from wharfinger_sfmc_extras.audit import write

    write(report)
