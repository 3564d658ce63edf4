"""Taking what a flow gives back."""

from __future__ import annotations


async def rest_of(flow):
    """Take what has settled, and whatever still will until the flow ends."""
    return [settled async for settled in flow]


async def take_all(flow, taken):
    async for settled in flow:
        taken.append(settled)  # one by one: what was taken can be looked at meanwhile


def codes_of(taken, mapping="ship"):
    return {settled.token: settled.receipt.outcomes[mapping].code for settled in taken}
