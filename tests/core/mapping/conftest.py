import copy
import re
from typing import Any

import pytest

from wharfinger.errors import RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse


@pytest.fixture
def run():
    """Resolve a whole mapping both ways, and see that they agree and change nothing."""

    def run(mapping: Any, event: Any, **directives: Any) -> Any:
        before = copy.deepcopy((mapping, event))
        node = parse(mapping, **directives)
        compiled = compile_mapping(node).function
        try:
            expected = interpret(node, event)
        except RejectedError as error:
            with pytest.raises(RejectedError, match=re.escape(str(error))):
                compiled(event)
            raise
        result = compiled(event)
        assert result == expected
        assert (mapping, event) == before
        return result

    return run


@pytest.fixture
def resolve(run):
    """Resolve one value, standing under the key ``v``; a missing key gives ``absent``."""

    def resolve(value: Any, event: Any, **directives: Any) -> Any:
        return run({"v": value}, event, **directives).get("v", "absent")

    return resolve
