"""One mapping of twelve values, as a configuration and by hand; both give the same bytes."""

from __future__ import annotations

from typing import Any

ACTION = "contactDataExtension"  # Segment's name for it, which wharfinger knows as well
TRIGGER = 'type = "identify"'
DATA_EXTENSION = "Contacts_DE"
SUBDOMAIN = "mc-test"
REST_HOST = f"{SUBDOMAIN}.rest.marketingcloudapis.com"
ROWSET_PATH = f"/hub/v1/dataevents/key:{DATA_EXTENSION}/rowset"

FIELDS: dict[str, Any] = {
    "key": DATA_EXTENSION,
    "keys": {
        "contactKey": {
            "@if": {
                "exists": {"@path": "$.userId"},
                "then": {"@path": "$.userId"},
                "else": {"@path": "$.anonymousId"},
            }
        }
    },
    "values": {
        "Email": {"@case": {"operator": "lower", "value": {"@path": "$.traits.email"}}},
        "First": {"@path": "$.traits.firstName"},
        "Last": {"@path": "$.traits.lastName"},
        "Whole": {"@template": "{{traits.firstName}} {{traits.lastName}}"},
        "Mobile": {"@path": "$.traits.phone"},
        "Town": {"@path": "$.traits.address.city"},
        "Land": {"@case": {"operator": "upper", "value": {"@path": "$.traits.address.country"}}},
        "Plan": {
            "@if": {
                "exists": {"@path": "$.traits.plan"},
                "then": {"@path": "$.traits.plan"},
                "else": "free",
            }
        },
        "Spent": {"@path": "$.traits.ltv"},
        "Consent": {"@path": "$.traits.optedIn"},
        "Seen": {"@path": "$.timestamp"},
        "Source": "bench",
    },
}


def row_by_hand(event: dict[str, Any]) -> dict[str, Any]:
    """Return what a row of an event is in a request, written for this one mapping."""
    traits = event["traits"]
    first, last = traits["firstName"], traits["lastName"]
    user, plan = event.get("userId"), traits.get("plan")
    return {
        "keys": {"contactKey": event["anonymousId"] if user is None else user},
        "values": {
            "Email": traits["email"].lower(),
            "First": first,
            "Last": last,
            "Whole": f"{first} {last}",
            "Mobile": traits["phone"],
            "Town": traits["address"]["city"],
            "Land": traits["address"]["country"].upper(),
            "Plan": "free" if plan is None else plan,
            "Spent": traits["ltv"],
            "Consent": traits["optedIn"],
            "Seen": event["timestamp"],
            "Source": "bench",
        },
    }


def connection_config(
    port: int, *, tls: bool, size: int, lanes: int, parallel: int | None = None
) -> dict[str, Any]:
    """Return a connection to a sink on this machine.

    Args:
        port: Where the sink listens.
        tls: Whether it speaks TLS.
        size: Events in one batch; 0 sends each by itself.
        lanes: Batches that may be under way at once.
        parallel: Requests that the account bears at once; None for as many as there are lanes.
    """
    batch = {"lanes": lanes} if not size else {"lanes": lanes, "rows": size}
    return {
        "destination": "salesforce-marketing-cloud",
        "settings": {
            "account_id": "1",
            "client_id": "bench",
            "client_secret": "bench",
            "subdomain": SUBDOMAIN,
        },
        "route": f"{'https' if tls else 'http'}://127.0.0.1:{port}",
        "budget": {"parallel": lanes if parallel is None else parallel},
        "mappings": {
            "contacts": {
                "action": ACTION,
                "trigger": TRIGGER,
                "fields": {**FIELDS, "enable_batching": bool(size)},
                "batch": batch,
            }
        },
    }
