"""The events: those of the rival where it is here, or else some like them."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.whole_path import segment

COUNT = 20_000
SEED = 1

_NAME = re.compile(rb'"messageId": ?"[^"]*"')


def write(path: Path, events: int = COUNT) -> None:
    """Write events as JSON Lines; the same ones every time."""
    if scripts := segment.folder():
        options = ["--seed", str(SEED), "--n", str(events), "--profile", "clean"]
        command = [sys.executable, str(scripts / "events.py"), *options, "--kind", "identify"]
        with path.open("wb") as file:
            subprocess.run(command, stdout=file, check=True)
        return
    drawn = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            file.write(json.dumps(_event(number, drawn), ensure_ascii=False) + "\n")


def _event(number: int, drawn: random.Random) -> dict[str, Any]:
    person = drawn.randrange(10**7)
    city, country = drawn.choice([("Aarhus", "dk"), ("Kraków", "pl"), ("東京", "jp")])
    moment = f"2026-03-{drawn.randrange(1, 29):02d}T08:{drawn.randrange(60):02d}:00.000Z"
    return {
        "type": "identify",
        "messageId": f"m-{number:08d}-{drawn.getrandbits(64):016x}",
        "anonymousId": f"a-{person:032x}",
        "userId": f"u-{person}",
        "timestamp": moment,
        "sentAt": moment,
        "receivedAt": moment,
        "context": {
            "ip": "192.0.2.17",
            "locale": "da-DK",
            "timezone": "Europe/Copenhagen",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "library": {"name": "wharfinger-bench", "version": "1"},
            "page": {"path": "/cart", "url": "https://shop.example/cart", "title": "Cart"},
            "campaign": {"name": "spring", "medium": "e-mail", "source": "newsletter"},
            "device": {"id": f"{drawn.getrandbits(64):016x}", "type": "web"},
        },
        "integrations": {"All": True},
        "traits": {
            "email": f"Person{person}@Mail{drawn.randrange(9)}.example",
            "firstName": drawn.choice(["Søren", "Zofia", "健", "Ada"]),
            "lastName": drawn.choice(["Nørgaard", "Wójcik", "山田", "Lovelace"]),
            "phone": f"+45{drawn.randrange(10**8):08d}",
            "address": {"city": city, "country": country, "street": "Strandvejen 1"},
            "plan": drawn.choice(["free", "plus", "family"]),
            "ltv": round(drawn.uniform(0, 5000), 2),
            "optedIn": drawn.random() < 0.7,
            "company": {"name": "Havn & Co.", "employees": drawn.randrange(1, 900)},
            "tags": ["vip"] * drawn.randrange(3),
        },
    }


def without_end(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Give events over and over, each time under another message id."""
    parts = [_NAME.split(line, maxsplit=1) for line in lines]
    for turn in count():
        name = b'"messageId":"%d-' % turn
        for number, (before, after) in enumerate(parts):
            yield b'%b%b%d"%b' % (before, name, number, after)
