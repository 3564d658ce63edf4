"""What a tenant was asked to change, on file, so that it outlives the process.

Each call that may change something is a line, written before the call is answered; a simulator that
starts with the file performs them again, at the moments and with the chance they had. So whatever a
client was told is true afterwards, and a call that was cut off took effect as a whole or not at
all. The file survives the end of the process, not that of the machine. Tokens, armed faults and
the log of requests are not kept.
"""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from wharfinger_sfmc_simulator.catalogue import Catalogue, Client
from wharfinger_sfmc_simulator.clock import MovableClock
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import Reply, Request

__all__ = ["Keeper", "KeepingError"]

_FIRST = b'{"subdomain":'


class KeepingError(Exception):
    """The file cannot be gone on from."""


class Keeper:
    """Writes calls to a file, and gives them back.

    Args:
        path: The file; made where it is not there.
        catalogue: Of the tenant.
        clock: The simulator's.
        generator: Begins anew with every call that is kept, so that the call can be repeated.
        seed: Where it begins.

    Raises:
        KeepingError: The file is about another tenant, or no such file at all.
        OSError: It cannot be read or written.
    """

    def __init__(
        self,
        path: Path | str,
        catalogue: Catalogue,
        clock: MovableClock,
        generator: random.Random,
        seed: int,
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._generator = generator
        self._seed = seed
        self._calls = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with open(self._file, "rb", closefd=False) as file:
            whole = file.read()
        if not whole.startswith(_FIRST[: len(whole)]):
            raise KeepingError(f"{path} is no file of a simulator. Name another one.")
        # What has no end was being written when the process ended, and was never answered.
        end = whole.rfind(b"\n") + 1
        lines = whole[:end].splitlines()
        header = _header(path, lines[0], catalogue) if lines else None
        os.truncate(self._file, end)
        self._header = header or self._begin()
        self._kept = lines[1:]

    @property
    def began(self) -> datetime:
        """When the tenant came into being."""
        return datetime.fromisoformat(self._header["began"])

    def again(self, perform: Callable[[Request, Token], object]) -> Iterator[dict[str, Any]]:
        """Perform every call of the file again; what is no call is given to the caller.

        Args:
            perform: Performs one call.
        """
        for line in map(orjson.loads, self._kept):
            if "call" not in line:
                yield line
                continue
            with self._clock.standing(datetime.fromisoformat(line["at"])):
                self._shuffle()
                perform(_request(line["call"]), self._token(line))
        self._kept = []

    def keep(self, work: Callable[[], Reply], request: Request, token: Token) -> Reply:
        """Write a call down, and perform it.

        Args:
            work: Performs it.
            request: What the client sent.
            token: Which it carried.
        """
        now = self._clock()
        call = {
            "method": request.method,
            "host": request.host,
            "raw_path": request.raw_path,
            "query": request.query,
            "headers": {"content-type": request.headers.get("content-type", "application/json")},
            # One character per byte, so that a body that is no text can be kept as well.
            "body": request.body.decode("latin-1"),
        }
        whose = {"client": token.client.id, "account": token.account}
        self.note({"at": now.isoformat(), **whose, "call": call})
        with self._clock.standing(now):
            self._shuffle()
            return work()

    def note(self, line: Mapping[str, Any]) -> None:
        """Write down what was done to the tenant by another way than a call."""
        data = memoryview(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        while data:
            data = data[os.write(self._file, data) :]

    def forget(self) -> None:
        """Begin the file anew."""
        os.truncate(self._file, 0)
        self._calls = 0
        self._header = self._begin()

    def _begin(self) -> dict[str, Any]:
        header = {
            "subdomain": self._catalogue.tenant.subdomain,
            "seed": self._seed,
            "began": self._clock().isoformat(),
        }
        self.note(header)
        return header

    def _shuffle(self) -> None:
        self._calls += 1
        self._generator.seed(f"{self._header['seed']} {self._calls}")

    def _token(self, line: dict[str, Any]) -> Token:
        client = Client(id=line["client"], secret="", account=line["account"])
        return Token("", client, line["account"], frozenset(), self._clock())


def _request(call: dict[str, Any]) -> Request:
    return Request(**{**call, "body": call["body"].encode("latin-1")})


def _header(path: Path | str, line: bytes, catalogue: Catalogue) -> dict[str, Any]:
    header: dict[str, Any] = orjson.loads(line)
    if header["subdomain"] != catalogue.tenant.subdomain:
        whose = header["subdomain"]
        raise KeepingError(f"{path} is about the tenant {whose}. Name another file.")
    return header
