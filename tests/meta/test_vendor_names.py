from __future__ import annotations

import re

VENDOR = re.compile(r"sfmc|salesforce|marketing.?cloud|exacttarget", re.IGNORECASE)


def _mentions(distribution):
    for path in sorted(distribution.source.rglob("*")):
        inside = path.relative_to(distribution.source)
        if not path.is_file() or "__pycache__" in inside.parts or "demo" in str(inside):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if VENDOR.search(line):
                yield f"{distribution.name}: {inside}:{number}: {line.strip()}"


def test_only_the_plugin_the_simulator_and_the_demo_know_the_vendor(distributions):
    neutral = [d for d in distributions if not VENDOR.search(d.name)]
    assert {"wharfinger", "wharfinger-host"} <= {d.name for d in neutral}
    wrong = [mention for d in neutral for mention in _mentions(d)]
    assert not wrong, "\n".join(wrong)
