"""wharfinger delivers customer events to vendors through plugins.

A host loads the plugins that are installed, opens a connection and feeds it events::

    plugins = wharfinger.load_plugins()
    connection = plugins.connect(configuration)
    async with connection:
        receipts = await connection.deliver(events)

A plugin implements hooks (`wharfinger.hookspecs`) with ``@wharfinger.hookimpl`` and gives records.
The names below are the public face, with those of `wharfinger.sync` for hosts without an event
loop; nothing else is promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wharfinger.connection import Connection
from wharfinger.delivery.retry import RetryPolicy
from wharfinger.delivery.session import Session
from wharfinger.delivery.shared import KeptToken, Place, SharedState, Standing
from wharfinger.delivery.signs import retry_after_s
from wharfinger.delivery.tokens import SharedTokens
from wharfinger.delivery.usage import Usage
from wharfinger.errors import (
    ConfigurationError,
    CredentialsError,
    DeliveryError,
    HaltedError,
    HostNotAllowedError,
    MappingError,
    NotOpenError,
    NotSentError,
    PayloadError,
    PluginClashError,
    PluginError,
    Problem,
    RejectedError,
    RetryError,
    SharedStateError,
    ThrottledError,
    TriggerError,
    UnknownError,
    WharfingerError,
)
from wharfinger.explanation import Explanation, MappingExplanation
from wharfinger.flow import Flow
from wharfinger.hookspecs import hookimpl
from wharfinger.loading import load_plugins
from wharfinger.mapping.explain import Step
from wharfinger.model.action import Action, Directive, Effect, Perform, RowFields
from wharfinger.model.batching import Batch, BatchPolicy, BatchReport, Unbatched
from wharfinger.model.choices import Choice, Choices, Question
from wharfinger.model.destination import (
    Authentication,
    Destination,
    Diagnostic,
    Finding,
    Limits,
    Settings,
)
from wharfinger.model.fields import (
    Category,
    Condition,
    Control,
    Field,
    Kind,
    field,
    when_absent,
    when_equal,
)
from wharfinger.model.opening import Opening, Outline
from wharfinger.model.outcome import Outcome, Receipt, Status
from wharfinger.model.provision import Change, Plan, Provision
from wharfinger.model.secret import Secret
from wharfinger.model.unset import UNSET, Unset
from wharfinger.payload import fields_of, json_schema, structure
from wharfinger.payload.explain import FieldReading, Reading
from wharfinger.plugin_report import PluginReport, PluginStatus
from wharfinger.plugins import Plugins
from wharfinger.preview import Preview, PreviewedRequest
from wharfinger.redacting import redacted, stack_of
from wharfinger.road import Journal
from wharfinger.settling import Settled
from wharfinger.trigger import compile_trigger, lint_trigger, read_as_segment
from wharfinger.trigger.explain import ConditionExplanation, SeenValue, TriggerExplanation
from wharfinger.trigger.lint import TriggerRemark
from wharfinger.trigger.segment import SegmentTrigger

if TYPE_CHECKING:
    __version__: str

__all__ = [
    "UNSET",
    "Action",
    "Authentication",
    "Batch",
    "BatchPolicy",
    "BatchReport",
    "Category",
    "Change",
    "Choice",
    "Choices",
    "Condition",
    "ConditionExplanation",
    "ConfigurationError",
    "Connection",
    "Control",
    "CredentialsError",
    "DeliveryError",
    "Destination",
    "Diagnostic",
    "Directive",
    "Effect",
    "Explanation",
    "Field",
    "FieldReading",
    "Finding",
    "Flow",
    "HaltedError",
    "HostNotAllowedError",
    "Journal",
    "KeptToken",
    "Kind",
    "Limits",
    "MappingError",
    "MappingExplanation",
    "NotOpenError",
    "NotSentError",
    "Opening",
    "Outcome",
    "Outline",
    "PayloadError",
    "Perform",
    "Place",
    "Plan",
    "PluginClashError",
    "PluginError",
    "PluginReport",
    "PluginStatus",
    "Plugins",
    "Preview",
    "PreviewedRequest",
    "Problem",
    "Provision",
    "Question",
    "Reading",
    "Receipt",
    "RejectedError",
    "RetryError",
    "RetryPolicy",
    "RowFields",
    "Secret",
    "SeenValue",
    "SegmentTrigger",
    "Session",
    "Settings",
    "Settled",
    "SharedState",
    "SharedStateError",
    "SharedTokens",
    "Standing",
    "Status",
    "Step",
    "ThrottledError",
    "TriggerError",
    "TriggerExplanation",
    "TriggerRemark",
    "Unbatched",
    "UnknownError",
    "Unset",
    "Usage",
    "WharfingerError",
    "compile_trigger",
    "field",
    "fields_of",
    "hookimpl",
    "json_schema",
    "lint_trigger",
    "load_plugins",
    "read_as_segment",
    "redacted",
    "retry_after_s",
    "stack_of",
    "structure",
    "when_absent",
    "when_equal",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  # costs 20 ms, rarely asked

        return version("wharfinger")
    raise AttributeError(f"module 'wharfinger' has no attribute {name!r}")
