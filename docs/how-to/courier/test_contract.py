"""The plugin keeps the contract of a destination."""

import httpx
import orjson
import wharfinger_courier

from wharfinger.testing import DestinationContract, Example


def order(number: int, customer: str) -> dict[str, object]:
    """Return an event that becomes a parcel."""
    message = {"messageId": f"m-{number}", "userId": customer}
    return {"type": "track", "event": "Order Completed", **message, "properties": {"weight": 2.5}}


def returned(street: str) -> dict[str, object]:
    """Return an event that becomes a pickup."""
    return {"type": "track", "event": "Return Requested", "properties": {"street": street}}


class TestCourier(DestinationContract):
    """Tries the plugin in every way that a host and Courier can."""

    destination = "courier"
    plugin = wharfinger_courier
    settings = {"client_id": "shop", "client_secret": "made-up-secret-0123"}
    examples = {
        "book-parcel": Example(
            events=[order(1, "ann"), order(2, "ann"), order(3, "ben")],
            refused=[order(4, "nobody")],
            fields={"speed": "express"},
        ),
        "call-courier": Example(
            events=[returned("Quay 1"), returned("Quay 2")], refused=[returned("Nowhere")]
        ),
    }

    def besides(self, request: httpx.Request) -> httpx.Response | None:
        """Give the token, and reply to what only looks; the rest delivers."""
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "made-up-token", "expires_in": 3600})
        return httpx.Response(200, json={}) if request.method == "GET" else None

    def answers(self, request: httpx.Request) -> httpx.Response:
        """Reply as Courier does while it works."""
        sent = orjson.loads(request.content)
        if request.url.path == "/pickups":
            fine = sent["street"] != "Nowhere"
            return httpx.Response(201 if fine else 422, json={"id": "p-1"})
        items = [
            {"ref": parcel["ref"], "status": 422 if parcel["customer"] == "nobody" else 201}
            for parcel in sent["parcels"]
        ]
        return httpx.Response(207, json={"items": items})
