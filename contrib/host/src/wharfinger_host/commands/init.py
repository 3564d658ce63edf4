"""``wharfinger init``."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from wharfinger_host.commands.options import (
    AsJson,
    Destination,
    Force,
    Given,
    Name,
    SlugOfAction,
    Yes,
    read_pairs,
)
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.drafting import Draft

__all__ = ["init"]


def init(  # noqa: PLR0913  # the options of the command
    file: Annotated[
        pathlib.Path,
        typer.Argument(metavar="FILE", help="The configuration to write."),
    ] = pathlib.Path("wharfinger.toml"),
    *,
    destination: Destination = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting: a value, env:NAME or file:PATH; may be given several times.",
            show_default=False,
        ),
    ] = None,
    action: SlugOfAction = "",
    trigger: Annotated[
        str, typer.Option(metavar="FQL", help="Which events the mapping takes.")
    ] = "",
    fields: Given = None,
    name: Name = "main",
    simulator: Annotated[
        bool,
        typer.Option(
            "--simulator", help="For the simulator, with its sample account; ask nothing."
        ),
    ] = False,
    force: Force = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write a first configuration, with comments, by asking for what it needs.

    Options answer a question beforehand. With --yes nothing is asked: defaults count, and what has
    none must be given. Secrets are never written, only where they are kept. The file is written at
    the end, whole or not at all.
    """
    from wharfinger_host import opening, terminal
    from wharfinger_host.draft_text import text_of
    from wharfinger_host.drafting import Draft
    from wharfinger_host.views import init as view

    if not name or not name.isprintable():
        raise typer.BadParameter("must be printable text.", param_hint="--name")
    if simulator and (destination or settings or action or trigger or fields):
        text = "brings its own destination, settings and mapping."
        raise typer.BadParameter(text, param_hint="--simulator")
    _refuse_to_overwrite(file, force=force)
    if simulator:
        _write_for_simulator(file, force=force, as_json=as_json)
        return
    if as_json and not yes:
        raise typer.BadParameter("needs --yes: there is nobody to ask.", param_hint="--json")
    if not yes and not terminal.can_ask():
        text = "This is no terminal, so nobody can be asked: give --yes. Nothing was written."
        raise opening.leave(text, Exit.USAGE)
    draft = Draft(
        plugins=opening.load_plugins(),
        folder=file.parent,
        name=name,
        destination=destination,
        action=action,
        trigger=trigger,
    )
    _take(draft, read_pairs(settings, "--set"), read_pairs(fields, "--field"), yes=yes)
    if not yes:
        _interview(draft)
    if problems := draft.problems():
        if as_json:
            terminal.write_json(view.problems_as_json(file, problems))
        lines = [view.problem_line(draft, problem) for problem in problems]
        raise opening.leave("\n".join([*lines, "Nothing was written."]), Exit.USAGE)
    _write(file, text_of(draft, file=str(file)), force=force)
    if as_json:
        terminal.write_json(view.as_json(draft, file))
    else:
        view.show(terminal.results(), draft, file)


def _take(draft: Draft, settings: dict[str, str], fields: dict[str, str], *, yes: bool) -> None:
    """Put what the command line says into the draft, or leave where it says too little."""
    import wharfinger
    from wharfinger_host import opening
    from wharfinger_host.drafting import FIELDS, SETTINGS

    if not draft.destination and len(draft.plugins.destinations) == 1:
        [draft.destination] = draft.plugins.destinations
    if not draft.destination and (yes or settings or draft.action):
        raise typer.BadParameter("is needed here: say which.", param_hint="--destination")
    if not draft.action and (yes or fields):
        raise typer.BadParameter("is needed here: say which.", param_hint="--action")
    try:
        if draft.destination:
            draft.plugins.destination(draft.destination)
        if draft.action:
            draft.action = draft.action_record.slug
    except wharfinger.PluginError as error:
        raise opening.leave(f"{error}\nNothing was written.", Exit.USAGE) from error
    for name, text in settings.items():
        draft.put(SETTINGS, name, text)
    for name, text in fields.items():
        draft.put(FIELDS, name, text)
    if yes:
        draft.take_defaults()


def _interview(draft: Draft) -> None:
    from rich.markup import escape
    from rich.prompt import Prompt

    from wharfinger_host import opening, terminal
    from wharfinger_host.interview import Interview, StuckError

    console = terminal.messages()

    def ask(question: str, default: str) -> str:
        text = escape(terminal.printable(question))
        return Prompt.ask(text, console=console, default=default, show_default=bool(default))

    def tell(text: str) -> None:
        console.print(terminal.printable(text), soft_wrap=True)

    try:
        Interview(draft, ask, tell).run()
    except StuckError as error:
        raise opening.leave(f"{error}\nNothing was written.", Exit.USAGE) from error
    except (EOFError, KeyboardInterrupt):
        raise opening.leave("\nNothing was written.", Exit.INTERRUPTED) from None


def _write_for_simulator(file: pathlib.Path, *, force: bool, as_json: bool) -> None:
    from wharfinger_host import terminal
    from wharfinger_host.demo import first

    _write(file, first.configuration(), force=force)
    if as_json:
        terminal.write_json({"ok": True, "file": str(file), "next": first.next_steps(file)})
    else:
        first.show(terminal.results(), file)


def _refuse_to_overwrite(file: pathlib.Path, *, force: bool) -> None:
    from wharfinger_host import opening

    if file.exists() and not force:
        text = f"{file} is there already; --force writes over it. Nothing was written."
        raise opening.leave(text, Exit.FILES)


def _write(file: pathlib.Path, text: str, *, force: bool) -> None:
    from wharfinger_host import opening
    from wharfinger_host.whole_file import write_whole

    try:
        write_whole(file, text, replace=force)
    except OSError as error:
        raise opening.leave_unreadable(str(file), error) from error
