"""The pages that show a simulator to people. They need no script and nothing from elsewhere."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wharfinger_sfmc_simulator.fault_kinds import FAULT_KINDS, SERVICES
from wharfinger_sfmc_simulator.inspection.forms import fault_of, form_of, seconds_of
from wharfinger_sfmc_simulator.inspection.paging import Page
from wharfinger_sfmc_simulator.loading import CatalogueError, read_faults
from wharfinger_sfmc_simulator.switch_listing import list_switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.values import as_text

if TYPE_CHECKING:
    from jinja2 import Environment

    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["Pages", "prefers_html"]

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_PACKAGE = "wharfinger_sfmc_simulator.inspection"
_REFRESH_S = 5
_LAST = 200

_Item = TypeVar("_Item")
Show = Callable[[Request], Awaitable[Response]]


class Pages:
    """What is shown of one simulator, and the forms that change it.

    Args:
        simulator: Which one.
    """

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self._templates: Environment | None = None

    def routes(self) -> list[Route]:
        """Return where each page is, and where each form leads."""
        shown: Mapping[str, Show] = {
            "/page": self.overview,
            "/tables/page": self.tables,
            "/requests/page": self.requests,
            "/faults/page": self.faults,
            "/contacts/page": self.contacts,
            "/entries/page": self.entries,
            "/switches/page": self.switches,
            "/style.css": self.style,
        }
        posted: Mapping[str, Show] = {
            "/faults/page": self.arm,
            "/faults/page/none": self.disarm,
            "/clock/page": self.move_clock,
            "/reset/page": self.reset,
        }
        return [
            Route("/", _to_the_overview, methods=["GET"]),
            *(Route(f"/_simulator{path}", show, methods=["GET"]) for path, show in shown.items()),
            *(Route(f"/_simulator{path}", act, methods=["POST"]) for path, act in posted.items()),
        ]

    # What is shown

    async def overview(self, request: Request) -> Response:
        """Show the tenant, its time, and how much there is of everything."""
        return self._overview(request)

    async def tables(self, request: Request) -> Response:
        """List the data extensions, or show the rows of the one that is named."""
        found = self._table(request)
        if found is None:
            return self._page(request, "tables.html", accounts=self._accounts())
        fields = found.definition.fields
        rows = ([as_text(row[field.name]) for field in fields] for row in found.stored())
        page = Page.of(_with(request, rows), request.query_params)
        return self._page(request, "table.html", table=found, fields=fields, page=page)

    async def requests(self, request: Request) -> Response:
        """Show the last requests, newest first."""
        log = self._simulator.requests
        return self._page(request, "requests.html", requests=_newest(log), total=len(log))

    async def faults(self, request: Request) -> Response:
        """Show the armed faults, and a form to arm one more."""
        return self._faults(request)

    async def contacts(self, request: Request) -> Response:
        """Show the contacts."""
        page = Page.of(list(self._simulator.contacts.values())[::-1], request.query_params)
        return self._page(request, "contacts.html", page=page)

    async def entries(self, request: Request) -> Response:
        """Show the last journey events, newest first."""
        entered, dropped = self._simulator.entries, self._simulator.dropped_entries
        return self._page(
            request,
            "entries.html",
            lists=[
                ("Entered", _newest(entered), len(entered)),
                ("Answered with success, but nobody entered", _newest(dropped), len(dropped)),
            ],
        )

    async def switches(self, request: Request) -> Response:
        """Show every switch with its value and its meaning."""
        lines = list_switches(self._simulator.switches)
        groups = [
            (title, list(group)) for title, group in groupby(lines, key=lambda line: line.group)
        ]
        return self._page(request, "switches.html", groups=groups)

    async def style(self, _: Request) -> Response:
        """Give the style sheet."""
        sheet = resources.files(_PACKAGE).joinpath("style.css").read_bytes()
        return Response(sheet, headers=_HEADERS, media_type="text/css")

    # What is changed

    async def arm(self, request: Request) -> Response:
        """Arm the fault a form describes."""
        form = form_of(await request.body())
        try:
            armed = read_faults(fault_of(form))
        except CatalogueError as error:
            problems = [problem.removeprefix("faults[0].") for problem in error.problems]
            return self._faults(request, problems, form, status=400)
        self._simulator.inject(*armed)
        return _see("faults/page")

    async def disarm(self, _: Request) -> Response:
        """Disarm every fault."""
        self._simulator.clear_faults()
        return _see("faults/page")

    async def move_clock(self, request: Request) -> Response:
        """Let pass the seconds a form names."""
        try:
            self._simulator.move_clock(seconds_of(form_of(await request.body())))
        except ValueError as error:
            return self._overview(request, [str(error)], status=400)
        return _see("page")

    async def reset(self, _: Request) -> Response:
        """Start again from the catalogue."""
        self._simulator.reset()
        return _see("page")

    def _overview(
        self, request: Request, problems: Sequence[str] = (), *, status: int = 200
    ) -> Response:
        tables = (table for _, tables in self._accounts() for table in tables)
        return self._page(
            request,
            "overview.html",
            status=status,
            problems=problems,
            rows=sum(map(len, tables)),
            changed=[line for line in list_switches(self._simulator.switches) if line.changed],
        )

    def _faults(
        self,
        request: Request,
        problems: Sequence[str] = (),
        form: Mapping[str, str] | None = None,
        *,
        status: int = 200,
    ) -> Response:
        return self._page(
            request,
            "faults.html",
            status=status,
            problems=problems,
            form={"times": "1"} if form is None else form,
            kinds=FAULT_KINDS,
            services=SERVICES,
        )

    def _accounts(self) -> list[tuple[Any, list[Table]]]:
        return [
            (account, list(self._simulator.tables_of(account.id).values()))
            for account in self._simulator.catalogue.accounts
        ]

    def _table(self, request: Request) -> Table | None:
        wanted = request.query_params.get("account"), request.query_params.get("key")
        for account, tables in self._accounts():
            for table in tables:
                if (str(account.id), table.definition.key) == wanted:
                    return table
        return None

    def _page(
        self, request: Request, template: str, *, status: int = 200, **content: Any
    ) -> Response:
        if self._templates is None:
            self._templates = _environment()
        shown = self._templates.get_template(template).render(
            simulator=self._simulator,
            path=request.url.path,
            query=request.query_params,
            refresh_s=_REFRESH_S if "refresh" in request.query_params else 0,
            **content,
        )
        return Response(shown, status, _HEADERS, media_type="text/html")


def prefers_html(accept: str) -> bool:
    """Say whether an ``Accept`` header would rather have a page than JSON, as browsers' do."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            weights[kind] = float(weight)
        except ValueError:
            continue
    json = max(weights.get("application/json", 0), weights.get("*/*", 0))
    return weights.get("text/html", 0) > json


def _environment() -> "Environment":
    import jinja2  # noqa: PLC0415  # only who looks at a page needs it

    return jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _newest(items: Sequence[_Item]) -> Sequence[_Item]:
    return items[: -_LAST - 1 : -1]


async def _to_the_overview(_: Request) -> Response:
    return RedirectResponse("/_simulator/page")


def _with(request: Request, rows: Iterable[list[str]]) -> list[list[str]]:
    """Return the rows that hold the text that is looked for, the newest first."""
    wanted = request.query_params.get("find", "").strip().lower()
    found = [row for row in rows if any(wanted in value.lower() for value in row)]
    return found[::-1]


def _see(path: str) -> Response:
    return RedirectResponse(f"/_simulator/{path}", 303)
