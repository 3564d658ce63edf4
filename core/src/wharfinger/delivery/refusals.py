"""Why a request may not start: it would have to wait for too long."""

from __future__ import annotations

from wharfinger.errors import ThrottledError

__all__ = ["circuit_open", "overspent", "paused"]


def paused(rest_s: float) -> ThrottledError:
    """Return the error of a request in a pause that the vendor asked for."""
    return ThrottledError(
        f"The vendor asked this account to wait; {rest_s:,.0f} seconds of that are left, "
        "so nothing was sent.",
        code="paused",
        retry_after_s=rest_s,
    )


def circuit_open(failures: int, rest_s: float) -> ThrottledError:
    """Return the error of a request to a vendor that is left in peace after so many failures."""
    return ThrottledError(
        f"The vendor cannot be reached or answers with faults, {failures:,} "
        f"times in a row by now. It is tried again in {rest_s:,.0f} seconds; nothing was sent.",
        code="circuit-open",
        retry_after_s=rest_s,
    )


def overspent(budget: object, wait_s: float) -> ThrottledError:
    """Return the error of a call that a budget does not allow; its text says how much it does."""
    return ThrottledError(
        f"The budget of calls to this account is used: {budget}. Nothing was sent; the "
        f"next call may leave in {wait_s:,.0f} seconds.",
        code="budget-used",
        retry_after_s=wait_s,
    )
