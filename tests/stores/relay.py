"""A line to a server that can be cut, above all where a commit is on its way."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

import attrs

__all__ = ["Relay"]


@attrs.define(eq=False)
class Relay:
    """Passes bytes on between clients and a server; a context manager.

    Attributes:
        port: Of the server.
        cut_at_commit: Whether to end the line at the next commit that comes: ``before`` the server
            hears of it, or ``after`` it was answered; ``""`` for not at all.
        is_down: Whether to take no new line.
        was_cut: Set once it was cut there.
    """

    port: int
    cut_at_commit: Literal["", "before", "after"] = ""
    is_down: bool = False
    was_cut: threading.Event = attrs.field(factory=threading.Event)
    _listener: socket.socket = attrs.field(
        factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=20)
    )
    _open: list[socket.socket] = attrs.field(factory=list)
    _threads: list[threading.Thread] = attrs.field(factory=list)
    _deaf: bool = False
    _answered: threading.Event = attrs.field(factory=threading.Event)

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing it would not wake up whoever waits for the next line.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            _end(each)
        for thread in self._threads:
            thread.join(10)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """End every line there is."""
        for each in self._open:
            _end(each)

    def _start(self, work: object, *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)  # type: ignore[arg-type]  # each with its own
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                _end(client)
                continue
            server = socket.create_connection(("127.0.0.1", self.port))
            self._open += [client, server]
            self._start(self._to_the_server, client, server)
            self._start(self._back, server, client)

    def _to_the_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                if self.cut_at_commit and b"COMMIT" in data:
                    how, self.cut_at_commit = self.cut_at_commit, ""
                    if how == "after":
                        self._deaf = True
                        server.sendall(data)
                        self._answered.wait(10)
                    self.was_cut.set()
                    break
                server.sendall(data)
        _end(client)
        _end(server)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if self._deaf:
                    self._deaf = False
                    self._answered.set()
                    continue
                client.sendall(data)
        _end(client)
        _end(server)


def _end(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        line.close()
