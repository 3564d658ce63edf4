"""One suite that proves any engine by failing what works on it.

Workers are processes of their own. They deliver to a vendor that counts what arrives; in between
they are killed, stopped, joined by others and sent away. What is counted is lost events, order
gaps, duplicates, contacts that ended with something old, and the longest time in which nothing new
arrived.

``python -m wharfinger_host.engines.conformance URL`` runs it by hand; `run_scenario` runs it within
tests, where `Nodes` lets it kill nodes of the engine, too.
"""

from wharfinger_host.engines.conformance.report import as_json, show, tell
from wharfinger_host.engines.conformance.running import Nodes, Trial, run_scenario
from wharfinger_host.engines.conformance.scenarios import NEEDS_NODES, SCENARIOS
from wharfinger_host.engines.conformance.vendor import Counts

__all__ = [
    "NEEDS_NODES",
    "SCENARIOS",
    "Counts",
    "Nodes",
    "Trial",
    "as_json",
    "run_scenario",
    "show",
    "tell",
]
