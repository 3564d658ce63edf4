from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wharfinger.trigger import compile_trigger, evaluate, parse


@pytest.fixture(scope="session")
def takes() -> Callable[[str, Any], bool]:
    """Return a function that asks the compiled trigger and the reference, which must agree."""

    def ask(text: str, event: Any) -> bool:
        compiled = compile_trigger(text)(event)
        assert compiled is evaluate(parse(text), event)
        return compiled

    return ask
