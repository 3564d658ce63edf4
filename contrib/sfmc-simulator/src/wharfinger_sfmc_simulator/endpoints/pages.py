"""Pages of lists, as every listing call has them."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from wharfinger_sfmc_simulator.wire import ApiError

__all__ = ["page_number", "page_of"]

_Item = TypeVar("_Item")


def page_number(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a page number or a page size of a query.

    Args:
        query: Values by lower-case name.
        name: In lower case, with ``$``.
        default: Where the query has none.

    Raises:
        ApiError: It is no number from 1 on.
    """
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise ApiError(400, 10001, f"Parameter {name} is invalid.")
    return int(text[:9])


def page_of(items: Sequence[_Item], page: int, size: int) -> Sequence[_Item]:
    """Return one page, counted from 1."""
    return items[(page - 1) * size : page * size]
