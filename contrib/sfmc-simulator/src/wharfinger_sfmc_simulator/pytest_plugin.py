"""Fixtures for anyone who tests against Marketing Cloud; pytest finds them by their entry point.

=================== ============================================================================
``sfmc``            a fresh `Simulator`
``sfmc_address``    the address it is served at, for clients that dial a port
``sfmc_clock``      a `StandingClock`; the simulator of a test that asks for it goes by it
=================== ============================================================================

The tenant is the sample tenant, or that of the file named by the ini option ``sfmc_tenant``
(relative to the folder of the ini file). A marker changes what one test, class or module gets::

    @pytest.mark.sfmc(tenant="tenant.toml", switches={"event_status": 200}, seed=1)

=================== ============================================================================
``tenant``          a TOML file, relative to the test's own file, or a mapping of the same shape
``switches``        values by name
``faults``          faults to arm, as a list of `Fault`
``seed``            for everything that needs chance
``step_s``          seconds that pass after each request; with ``sfmc_clock`` only
=================== ============================================================================

This module is loaded in every run of pytest, so it imports nothing of the simulator by itself.
"""

# ruff: noqa: PLC0415  # imports on demand: runs of pytest that do not simulate pay nothing

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator import Simulator, StandingClock

__all__ = ["pytest_addoption", "pytest_configure", "sfmc", "sfmc_address", "sfmc_clock"]

_OPTIONS = ("tenant", "switches", "faults", "seed", "step_s")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option that names the tenant."""
    parser.addini("sfmc_tenant", "TOML file of the tenant that the fixture sfmc simulates")


def pytest_configure(config: pytest.Config) -> None:
    """Explain the marker."""
    config.addinivalue_line(
        "markers",
        f"sfmc({', '.join(f'{name}=...' for name in _OPTIONS)}): what the fixture sfmc simulates",
    )


@pytest.fixture
def sfmc_clock(request: pytest.FixtureRequest) -> "StandingClock":
    """Time of the simulated Marketing Cloud; it stands still until the test moves it."""
    from wharfinger_sfmc_simulator import StandingClock

    return StandingClock(_options(request).get("step_s", 0))


@pytest.fixture
def sfmc(request: pytest.FixtureRequest) -> "Simulator":
    """A fresh simulated Marketing Cloud."""
    from wharfinger_sfmc_simulator import Simulator

    options = _options(request)
    standing = "sfmc_clock" in request.fixturenames
    if "step_s" in options and not standing:
        raise pytest.UsageError(
            "The marker sfmc has step_s; the test must ask for sfmc_clock, too."
        )
    options.pop("step_s", None)
    if standing:
        options["clock"] = request.getfixturevalue("sfmc_clock")
    tenant = options.pop("tenant", None)
    if isinstance(tenant, Mapping):
        return Simulator.from_mapping(tenant, **options)
    file = _file(request, tenant)
    return Simulator.from_toml(file, **options) if file else Simulator.sample(**options)


@pytest.fixture
def sfmc_address(sfmc: "Simulator") -> Iterator[str]:
    """The address the simulator of ``sfmc`` is served at, from a thread of its own."""
    with sfmc.serving_in_thread() as address:
        yield address


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers say; the one that is nearest to the test wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("sfmc"))):
        unknown = sorted(marker.kwargs.keys() - set(_OPTIONS))
        if marker.args or unknown:
            named = ", ".join(map(repr, (*marker.args, *unknown)))
            raise pytest.UsageError(
                f"The marker sfmc takes {', '.join(_OPTIONS)}, each by its name; found {named}."
            )
        options.update(marker.kwargs)
    return options


def _file(request: pytest.FixtureRequest, tenant: "str | Path | None") -> Path | None:
    if tenant is not None:
        return request.path.parent / tenant
    config = request.config
    named = str(config.getini("sfmc_tenant"))
    folder = config.inipath.parent if config.inipath else config.rootpath
    return folder / named if named else None
