"""Credentials that are tried, and checks that find instead of failing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wharfinger.model.destination import Finding
from wharfinger.testing.bench import Bench, blame
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.paper import Vendor
from wharfinger.testing.troubles import Trouble

__all__ = ["tried"]

_FAILED: Final = "The check itself failed"
_UNNOTICED: Final = Complaint(
    "credentials, when the vendor answers 401 to everything",
    "everything that was found is called ok.",
    "let the test of Authentication give a Finding with level='error' and a fix, or raise "
    "CredentialsError.",
)


async def tried(bench: Bench, troubles: Iterable[Trouble]) -> list[Complaint]:
    """Try the credentials and run every check, and complain about what they find.

    Args:
        bench: The plugin.
        troubles: What the vendor does, to all requests.
    """
    complaints = [_needless(each) for each in await _findings(bench, bench.working()) if _bad(each)]
    refusing = Vendor().accepts(401, json={"message": "Unauthorized"})
    found = await _findings(bench, refusing)
    if refusing.requests and all(finding.level == "ok" for finding in found):
        complaints.append(_UNNOTICED)
    for trouble in troubles:
        vendor = Vendor()
        trouble.script(vendor)
        found = await _findings(bench, vendor)
        complaints += [_failed(each, trouble) for each in found if each.message.startswith(_FAILED)]
    return complaints


def _bad(finding: Finding) -> bool:
    return finding.level == "error"


def _needless(finding: Finding) -> Complaint:
    return Complaint(
        f"{finding.subject}, when the vendor works",
        f"it is called an error: {finding.message}",
        "find errors only where something is wrong, and let `besides` and `answers` reply to what "
        "is asked.",
    )


def _failed(finding: Finding, trouble: Trouble) -> Complaint:
    return Complaint(
        f"{finding.subject}, when the vendor {trouble.name}",
        f"the check failed instead of finding something: {finding.message}",
        "read replies with care, and raise DeliveryErrors only: they become findings.",
    )


async def _findings(bench: Bench, vendor: Vendor) -> list[Finding]:
    slug = next(iter(bench.actions))
    async with bench.connect(slug, vendor) as connection:
        found = await connection.diagnose()
    blame(vendor)
    return found
