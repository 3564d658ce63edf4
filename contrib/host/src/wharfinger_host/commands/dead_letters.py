"""``wharfinger dead-letters list|show|replay|drop``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wharfinger_host.commands.options import AsJson, Config, Connection, Mapping, Yes
from wharfinger_host.exits import Exit

if TYPE_CHECKING:
    from wharfinger_host.store.letters import Filter
    from wharfinger_host.working.replay import Replay

__all__ = ["dead_letters"]

dead_letters = typer.Typer(
    name="dead-letters",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="See why events were not delivered, and replay or drop them.",
)

Ids = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", help="Only these.", show_default=False)
]
Status = Annotated[
    str, typer.Option(metavar="STATUS", help="Only rejected, unknown or retry (given up).")
]
Code = Annotated[str, typer.Option(metavar="CODE", help="Only for this cause.")]
Contact = Annotated[str, typer.Option(metavar="KEY", help="Only about this contact.")]
Message = Annotated[str, typer.Option(metavar="ID", help="Only the event with this messageId.")]
Since = Annotated[
    str, typer.Option(metavar="TIME", help="Only from then on: 90m, 24h, 3d ago, or ISO 8601.")
]
Until = Annotated[str, typer.Option(metavar="TIME", help="Only before then.")]


def _filter(ids: list[int] | None = None, *, since: str, until: str, **names: Any) -> Filter:
    import datetime as dt

    from wharfinger_host.moments import read_moment
    from wharfinger_host.store.letters import Filter

    now = dt.datetime.now().astimezone()

    def moment(flag: str, text: str) -> int | None:
        try:
            return read_moment(text, now) if text else None
        except ValueError as error:
            raise typer.BadParameter(f"must be {error}.", param_hint=flag) from error

    return Filter(
        ids=tuple(ids or ()),
        since_ms=moment("--since", since),
        until_ms=moment("--until", until),
        **names,
    )


@dead_letters.command(
    "list", epilog="Example: wharfinger dead-letters list wharfinger.toml --since 24h"
)
def list_letters(  # noqa: PLR0913  # the options of the command
    config: Config,
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    status: Status = "",
    code: Code = "",
    contact: Contact = "",
    message: Message = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="Show at most so many of them.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Show dead letters by cause, and the first of them."""
    from wharfinger_host import keeping, terminal
    from wharfinger_host.store import letters
    from wharfinger_host.views import dead_letters as view

    wanted = _filter(
        connection=connection,
        mapping=mapping,
        status=status,
        code=code,
        contact=contact,
        message_id=message,
        since=since,
        until=until,
    )
    with keeping.open_store(config, as_json=as_json) as store:
        groups = store.read(letters.causes, wanted).result()
        found = store.read(letters.find, wanted, limit).result()
    if as_json:
        terminal.write_json(view.list_as_json(groups, found))
    else:
        view.show_list(terminal.results(), groups, found)


@dead_letters.command("show", epilog="Example: wharfinger dead-letters show wharfinger.toml 17")
def show_letter(
    config: Config,
    number: Annotated[int, typer.Argument(metavar="ID", help="The number of the dead letter.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter whole: the event, what the mapping made of it, and why it failed."""
    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.store import letters
    from wharfinger_host.views import dead_letters as view

    with keeping.open_store(config, as_json=as_json) as store:
        letter = store.read(letters.show, number).result()
    if letter is None:
        raise opening.leave(f"There is no dead letter {number}.", Exit.USAGE)
    if as_json:
        terminal.write_json(view.letter_as_json(letter))
    else:
        view.show_letter(terminal.results(), letter)


@dead_letters.command(
    epilog="Example: wharfinger dead-letters replay wharfinger.toml --mapping orders --dry-run"
)
def replay(  # noqa: PLR0913  # the options of the command
    config: Config,
    ids: Ids = None,
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    status: Status = "",
    code: Code = "",
    contact: Contact = "",
    message: Message = "",
    since: Since = "",
    until: Until = "",
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also send again what may have been delivered.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters through the mappings as they are now; show first what changes, and ask.

    What the ledger says is delivered is skipped. What is delivered now is no dead letter any more;
    what is refused again stays one, with its new reason. Exit code 1 where one was not delivered
    or the answer was no.
    """
    from wharfinger_host import keeping, opening, terminal
    from wharfinger_host.configuration import Selection
    from wharfinger_host.views import replay as view
    from wharfinger_host.working.replay import Replay

    wanted = _filter(
        ids,
        connection=connection,
        mapping=mapping,
        status=status,
        code=code,
        contact=contact,
        message_id=message,
        since=since,
        until=until,
    )
    _refuse_without_answer(yes=yes or dry_run, as_json=as_json)
    selection = Selection(connection=connection, mapping=mapping)
    connections = opening.open_connections(config, selection, as_json=as_json)
    with keeping.open_store(config, as_json=as_json) as store:
        work = Replay(store=store, connections=connections, wanted=wanted, unknown=unknown)
        plan = view.Plan.of(work.judgements())
        if not as_json:
            view.show(terminal.results(), plan)
        if plan.acts and not dry_run:
            if not yes:
                _ask(f"Replay {terminal.plural(plan.acts, 'dead letter')}?")
            _send(work)
    if as_json:
        terminal.write_json(view.as_json(plan, work.outcomes))
    elif work.outcomes:
        view.show_outcomes(terminal.results(), work.outcomes)
    failed = sum(count for end, count in work.outcomes.items() if end not in _GOOD)
    raise typer.Exit(Exit.FAILED if failed else Exit.OK)


_GOOD = ("delivered", "filtered", "skipped")


def _send(work: Replay) -> None:
    import asyncio

    from wharfinger_host import opening
    from wharfinger_host.working.worker import first_of

    try:
        asyncio.run(work.send())
    except KeyboardInterrupt:
        text = "Interrupted. `wharfinger dead-letters list` shows what is left."
        raise opening.leave(text, Exit.INTERRUPTED) from None
    except ExceptionGroup as error:
        raise first_of(error) from error


@dead_letters.command(
    epilog="Example: wharfinger dead-letters drop wharfinger.toml --code row-refused"
)
def drop(  # noqa: PLR0913  # the options of the command
    config: Config,
    ids: Ids = None,
    *,
    connection: Connection = "",
    mapping: Mapping = "",
    status: Status = "",
    code: Code = "",
    contact: Contact = "",
    message: Message = "",
    since: Since = "",
    until: Until = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Throw dead letters away; the ledger goes on saying what became of their events.

    Say which: without any filter nothing is thrown away. Exit code 1 where the answer was no.
    """
    from wharfinger_host import keeping, terminal
    from wharfinger_host.store import letters
    from wharfinger_host.store.letters import Filter

    wanted = _filter(
        ids,
        connection=connection,
        mapping=mapping,
        status=status,
        code=code,
        contact=contact,
        message_id=message,
        since=since,
        until=until,
    )
    if wanted == Filter():
        raise typer.BadParameter("say which: by ID, or by an option such as --code.")
    _refuse_without_answer(yes=yes, as_json=as_json)
    with keeping.open_store(config, as_json=as_json) as store:
        count = store.read(letters.count, wanted).result()
        if count and not yes:
            _ask(f"Throw {terminal.plural(count, 'dead letter')} away for good?")
        dropped = store.write(letters.drop, wanted).result() if count else 0
    if as_json:
        terminal.write_json({"ok": True, "dropped": dropped})
    else:
        text = f"{terminal.plural(dropped, 'dead letter')} thrown away"
        terminal.results().print(text, style="bold")


def _refuse_without_answer(*, yes: bool, as_json: bool) -> None:
    from wharfinger_host import opening, terminal

    if as_json and not yes:
        raise typer.BadParameter("needs --yes: there is nobody to ask.", param_hint="--json")
    if not yes and not terminal.can_ask():
        text = "This is no terminal, so nobody can be asked: give --yes. Nothing was done."
        raise opening.leave(text, Exit.USAGE)


def _ask(question: str) -> None:
    from rich.prompt import Confirm

    from wharfinger_host import opening, terminal

    try:
        wanted = Confirm.ask(question, console=terminal.messages(), default=False)
    except EOFError:
        wanted = False
    if not wanted:
        raise opening.leave("Nothing was done.", Exit.FAILED)
