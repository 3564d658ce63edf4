"""A Salesforce Marketing Cloud that answers in process or on a port, for tests and demos.

It needs nothing else of wharfinger. `Simulator` is where to begin.
"""

from wharfinger_sfmc_simulator.catalogue import (
    Account,
    Catalogue,
    Client,
    Contact,
    DataExtension,
    EventDefinition,
    Field,
    Tenant,
)
from wharfinger_sfmc_simulator.clock import Clock
from wharfinger_sfmc_simulator.faults import FAULT_KINDS, ArmedFault, Fault
from wharfinger_sfmc_simulator.loading import CatalogueError, load_catalogue
from wharfinger_sfmc_simulator.simulator import Simulator
from wharfinger_sfmc_simulator.state import JourneyEntry, StoredContact
from wharfinger_sfmc_simulator.switches import SwitchError, Switches, describe_switches
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
    "JourneyEntry",
    "RecordedRequest",
    "Simulator",
    "StoredContact",
    "SwitchError",
    "Switches",
    "Table",
    "Tenant",
    "describe_switches",
    "load_catalogue",
]
