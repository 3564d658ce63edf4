"""A Salesforce Marketing Cloud that answers in process or on a port, for tests and demos.

It needs nothing else of wharfinger. `Simulator` is where to begin.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.catalogue import (
        Account,
        Catalogue,
        Client,
        Contact,
        DataExtension,
        EventDefinition,
        Field,
        Folder,
        Tenant,
    )
    from wharfinger_sfmc_simulator.clock import Clock, StandingClock
    from wharfinger_sfmc_simulator.fault_kinds import FAULT_KINDS, Fault
    from wharfinger_sfmc_simulator.faults import ArmedFault
    from wharfinger_sfmc_simulator.keeping import KeepingError
    from wharfinger_sfmc_simulator.loading import CatalogueError, load_catalogue
    from wharfinger_sfmc_simulator.simulator import Simulator
    from wharfinger_sfmc_simulator.state import JourneyEntry, StoredContact
    from wharfinger_sfmc_simulator.switch_listing import describe_switches
    from wharfinger_sfmc_simulator.switches import Switches
    from wharfinger_sfmc_simulator.switching import SwitchError
    from wharfinger_sfmc_simulator.tables import Table
    from wharfinger_sfmc_simulator.wire import RecordedRequest

__all__ = [
    "FAULT_KINDS",
    "Account",
    "ArmedFault",
    "Catalogue",
    "CatalogueError",
    "Client",
    "Clock",
    "Contact",
    "DataExtension",
    "EventDefinition",
    "Fault",
    "Field",
    "Folder",
    "JourneyEntry",
    "KeepingError",
    "RecordedRequest",
    "Simulator",
    "StandingClock",
    "StoredContact",
    "SwitchError",
    "Switches",
    "Table",
    "Tenant",
    "describe_switches",
    "load_catalogue",
]

# On demand: the pytest plugin and ``--help`` load this package and need next to nothing of it.
_MODULES = {
    "catalogue": (
        "Account Catalogue Client Contact DataExtension EventDefinition Field Folder Tenant"
    ),
    "clock": "Clock StandingClock",
    "fault_kinds": "FAULT_KINDS Fault",
    "faults": "ArmedFault",
    "keeping": "KeepingError",
    "loading": "CatalogueError load_catalogue",
    "simulator": "Simulator",
    "state": "JourneyEntry StoredContact",
    "switch_listing": "describe_switches",
    "switches": "Switches",
    "switching": "SwitchError",
    "tables": "Table",
    "wire": "RecordedRequest",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # as little as can be

    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
