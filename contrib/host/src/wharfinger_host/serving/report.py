"""Telling a person on standard error what comes in, and what does not."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import attrs

from wharfinger_host.logs import tell
from wharfinger_host.serving.refusing import Refused
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.terminal import plural

__all__ = ["ServingReport"]


@attrs.define(eq=False)
class ServingReport:
    """Says each thing once: who sends wrong events sends many of them.

    Attributes:
        rejects: Where refused events are.
    """

    rejects: RejectsFile
    _told: set[tuple[str, str]] = attrs.field(factory=set)

    def refused(self, source: str, refused: Sequence[Refused]) -> None:
        """Say why events were not accepted, the first time for each cause."""
        for each in refused:
            if (source, each.code) not in self._told:
                self._told.add((source, each.code))
                text = f"{source} sends events that are refused ({each.code}): {each.message} "
                text += f"They are in {self.rejects.path}"
                facts = {"source": source, "code": each.code}
                tell("refused", text, style="yellow", level=logging.WARNING, **facts)

    def broken(self, error: Exception) -> None:
        """Say why nothing can be accepted."""
        text = f"Events are turned away, to be sent again: {error}"
        tell("turned-away", text, style="bold red", level=logging.ERROR)

    def mended(self) -> None:
        """Say that it has passed."""
        tell("accepting-again", "Events are accepted again.", style="bold")

    def failed(self, error: Exception, again_s: float) -> None:
        """Say that delivery cannot go on."""
        text = f"{error} Delivery is tried again every {again_s:g} seconds."
        tell("delivery-failed", text, style="bold red", level=logging.ERROR, again_s=again_s)

    def listening(self, address: str, sources: Sequence[str]) -> None:
        """Say where events can be sent."""
        text = f"Listening at {address} for {plural(len(sources), 'source')}: {', '.join(sources)}"
        tell("listening", text, style="bold", address=address, sources=list(sources))

    def keys_changed(self, sources: Sequence[str]) -> None:
        """Say which sources there are now."""
        tell("sources", f"Sources: {', '.join(sources)}.", sources=list(sources))
