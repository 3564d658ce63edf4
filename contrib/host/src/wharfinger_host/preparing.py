"""What `plan` and `apply` have in common before and after they differ."""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Mapping, Sequence

import attrs

import wharfinger
from wharfinger_host import opening
from wharfinger_host.configuration import Selection
from wharfinger_host.exits import Exit
from wharfinger_host.planning import Planned, Planner
from wharfinger_host.samples import Samples, read_samples
from wharfinger_host.views.findings import has_errors

__all__ = ["Asked", "exit_code", "plan"]


@attrs.frozen(kw_only=True)
class Asked:
    """What the command line asks for.

    Attributes:
        config: The configuration.
        events: Where the sample events are, or ``""``.
        limit: Most lines of them.
        selection: The part of the configuration that is wanted.
        wishes: What is wished for, by name.
    """

    config: pathlib.Path
    events: str
    limit: int
    selection: Selection
    wishes: Mapping[str, str]

    def connections(self, *, as_json: bool) -> dict[str, wharfinger.Connection]:
        """Return the connections, or leave where something is wrong with the configuration."""
        return opening.open_connections(self.config, self.selection, as_json=as_json)

    def samples(self) -> Samples:
        """Return the sample events, or leave where they cannot be read."""
        try:
            return read_samples(self.events, self.limit)
        except OSError as error:
            raise opening.leave_unreadable(self.events, error) from error

    def command(self, name: str, *, events: bool = True) -> str:
        """Return the command line of another command that is asked the same."""
        words = ["wharfinger", name, str(self.config)]
        if events:
            words += [self.events] if self.events else []
            words += self._flags()
        return shlex.join(words)

    def _flags(self) -> list[str]:
        chosen = {"--connection": self.selection.connection, "--mapping": self.selection.mapping}
        flags = [word for flag, name in chosen.items() if name for word in (flag, name)]
        for name, value in self.wishes.items():
            flags += ["--option", f"{name}={value}"]
        return flags


def plan(planner: Planner, samples: Samples, asked: Asked) -> list[Planned]:
    """Plan, or leave where an option is unknown or wrong."""
    try:
        return planner.plan(samples.events, asked.wishes)
    except wharfinger.ConfigurationError as error:
        said = "\n".join(f"--option {problem}" for problem in error.problems)
        raise opening.leave(f"{said}\nnothing was changed", Exit.USAGE) from error


def exit_code(planned: Sequence[Planned], *, pending: bool) -> Exit:
    """Return what the shell is told.

    Args:
        planned: What was planned, and perhaps applied.
        pending: Whether something is left to do that the shell is to hear of.
    """
    if any(has_errors(each.findings) for each in planned):
        return Exit.FAILED
    return Exit.PENDING if pending else Exit.OK
