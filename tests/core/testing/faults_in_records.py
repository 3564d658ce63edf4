"""Faults in what a plugin gives: hooks, records, payloads."""

from __future__ import annotations

from tests.core.testing.planting import (
    HEAVY,
    LOADS,
    MAKES,
    fault,
)

IN_RECORDS = [
    fault(
        "a policy without bytes",
        "test_batches_have_a_policy_that_holds",
        "give the action encode=...",
        ("            encode=encode_note,\n", ""),
        ("batch.bodies", "map(encode_note, batch.payloads)"),
    ),
    fault(
        "a secret that is none",
        "test_people_understand_its_names",
        "annotate it as wharfinger.Secret",
        (
            'wharfinger.field(label="API Key", secret=True)',
            (
                'wharfinger.field(label="API Key", secret=True)\n'
                '    password: str = wharfinger.field(label="Password", default="")'
            ),
        ),
    ),
    fault(
        "hosts of anybody",
        "test_it_declares_hosts_of_its_vendor_only",
        "write the domain out",
        ('hosts=("api.acme.example",)', 'hosts=("*.*.example",)'),
    ),
    fault(
        "something heavy at load",
        HEAVY,
        "import pandas inside the function that needs it",
        ("import orjson\n", "import orjson\nimport pandas\n"),
    ),
    fault(
        "settings that cannot be pickled",
        "test_settings_and_payloads_can_be_pickled",
        "keep locks, clients, open files and lambdas out of them",
        (
            'wharfinger.field(label="API Key", secret=True)',
            (
                'wharfinger.field(label="API Key", secret=True)\n'
                "    def __getstate__(self):\n"
                '        raise TypeError("a lock cannot be pickled")'
            ),
        ),
    ),
    fault(
        "hosts of anybody, by the settings",
        "test_it_declares_hosts_of_its_vendor_only",
        "write the domain out",
        (
            'hosts=("api.acme.example",)',
            'hosts=("api.acme.example",), hosts_of=lambda settings: ("*.example",)',
        ),
    ),
    fault(
        "a hook with an argument that does not exist",
        LOADS,
        "mend what the reason names",
        (
            "def wharfinger_batching(action: wharfinger.Action)",
            "def wharfinger_batching(action: wharfinger.Action, mapping)",
        ),
    ),
    fault(
        "a hook that does not exist",
        LOADS,
        'Did you mean "wharfinger_batching"?',
        ("def wharfinger_batching(", "def wharfinger_batches("),
    ),
    fault(
        "a default for a field that does not exist",
        LOADS,
        "default_fields names txt",
        ('"text": {"@path": "$.event"}', '"txt": {"@path": "$.event"}'),
    ),
    fault(
        "a default that looks where no event holds anything",
        MAKES,
        "let default_trigger and default_fields look where",
        ('"text": {"@path": "$.event"}', '"text": {"@path": "$.properties.txt"}'),
    ),
    fault(
        "a trigger that takes no event",
        MAKES,
        "let default_trigger and default_fields look where",
        ("default_trigger='type = \"track\"'", "default_trigger='type = \"trakc\"'"),
    ),
    fault(
        "a default that no schema can hold",
        "test_its_classes_can_be_written_as_json_schema",
        "give defaults and choices that JSON can hold",
        (
            'text: str = wharfinger.field(label="Text")',
            (
                'text: str = wharfinger.field(label="Text")\n'
                '    shade: str | None = wharfinger.field(label="X", default=None, choices=(b"",))'
            ),
        ),
    ),
    fault(
        "two fields of one name for people",
        "test_people_understand_its_names",
        "give each field a label of its own",
        (
            'text: str = wharfinger.field(label="Text")',
            'text: str = wharfinger.field(label="Author")',
        ),
    ),
    fault(
        "a body that differs each time",
        "test_the_same_event_makes_the_same_payload",
        "no clock, no chance, no counter",
        ("import orjson\n", "import itertools\n\nimport orjson\n\nCOUNTER = itertools.count()\n"),
        ('"text": note.text}', '"text": note.text, "number": next(COUNTER)}'),
    ),
]
