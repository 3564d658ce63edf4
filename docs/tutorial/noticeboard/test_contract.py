"""The plugin keeps its contract with wharfinger."""

import httpx
import orjson

from wharfinger.testing import DestinationContract, Example


def track(number: int, event: str) -> dict[str, str]:
    return {"type": "track", "messageId": f"m-{number}", "event": event}


class TestNoticeboard(DestinationContract):
    destination = "noticeboard"
    settings = {"api_key": "made-up-key-0123456789"}
    examples = {
        "put-up-note": Example(
            events=[track(1, "Order Completed"), track(2, "Order Sent")],
            refused=[track(3, "Rude")],
        )
    }

    def answers(self, request: httpx.Request) -> httpx.Response:
        if orjson.loads(request.content or b"{}").get("text") == "Rude":
            return httpx.Response(400, json={"message": "be nice"})
        return httpx.Response(200, json={"up": True})
