"""How a path names a data extension: ``key:{external key}``, or its id without a prefix."""

from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token

__all__ = ["external_key", "named_table"]

_PREFIX = "key:"


def external_key(name: str) -> str | None:
    """Return the external key of a name, or None where it is an id; case does not matter."""
    return name[len(_PREFIX) :] if name.lower().startswith(_PREFIX) else None


def named_table(state: State, token: Token, name: str) -> Table | None:
    """Return the data extension of the token's account that a path names."""
    key = external_key(name)
    if key is None:
        return state.table_by_id(token, name)
    return state.table_by_key(token, key)
