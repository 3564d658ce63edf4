"""Telling a person on standard error what comes in, and what does not."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wharfinger_host.serving.refusing import Refused
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.terminal import messages, plural, printable

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
                self.say(f"{text}They are in {self.rejects.path}", "yellow")

    def broken(self, error: Exception) -> None:
        """Say why nothing can be accepted."""
        self.say(f"Events are turned away, to be sent again: {error}", "bold red")

    def mended(self) -> None:
        """Say that it has passed."""
        self.say("Events are accepted again.", "bold")

    def failed(self, error: Exception, again_s: float) -> None:
        """Say that delivery cannot go on."""
        self.say(f"{error} Delivery is tried again every {again_s:g} seconds.", "bold red")

    def listening(self, address: str, sources: Sequence[str]) -> None:
        """Say where events can be sent."""
        text = f"Listening at {address} for {plural(len(sources), 'source')}: {', '.join(sources)}"
        self.say(text, "bold")

    def keys_changed(self, sources: Sequence[str]) -> None:
        """Say which sources there are now."""
        self.say(f"Sources: {', '.join(sources)}.")

    def not_reloaded(self) -> None:
        """Say that everything stays as it was."""
        text = "The configuration was not reloaded; work goes on with the one before."
        self.say(text, "bold red")

    def say(self, text: str, style: str = "") -> None:
        """Show a line."""
        messages().print(printable(text), style=style or None, soft_wrap=True)
