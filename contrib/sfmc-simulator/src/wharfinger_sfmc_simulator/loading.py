"""A tenant from TOML: everything that is wrong with a file is reported at once, with its place."""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any, get_origin

import attrs
import cattrs
from cattrs import BaseConverter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.v import transform_error

from wharfinger_sfmc_simulator.catalogue import Catalogue
from wharfinger_sfmc_simulator.checking import problems_of
from wharfinger_sfmc_simulator.faults import Fault, FaultKind
from wharfinger_sfmc_simulator.switches import SwitchError, Switches, change_switches

__all__ = ["CatalogueError", "checked", "load_catalogue", "read_catalogue", "read_faults"]


class CatalogueError(ValueError):
    """A tenant cannot be simulated as it is described.

    Attributes:
        problems: Everything that is wrong, each ``place: what and what to do``.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


def load_catalogue(path: Path | str) -> Catalogue:
    """Read a tenant from a TOML file.

    Args:
        path: The file; see ``sample.toml`` in this package for all it may hold.

    Raises:
        CatalogueError: The file cannot be read or describes no possible tenant.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError([f"{path}: cannot be read: {error}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError([f"{path}: not TOML: {error}"]) from None
    return read_catalogue(content)


def read_catalogue(content: Mapping[str, Any]) -> Catalogue:
    """Make a tenant from what a TOML file holds.

    Raises:
        CatalogueError: It describes no possible tenant; every problem is in it.
    """
    rest = dict(content)
    switches, problems = _switches(rest.pop("switches", {}))
    try:
        catalogue: Catalogue = _CONVERTER.structure(rest, Catalogue)
    except BaseValidationError as error:
        raise CatalogueError([*_structural(error), *problems]) from None
    return checked(attrs.evolve(catalogue, switches=switches), problems)


def checked(catalogue: Catalogue, problems: Iterable[str] = ()) -> Catalogue:
    """Return a tenant with what was left out filled in.

    Args:
        catalogue: As read from a file, or made from records.
        problems: What is known to be wrong already.

    Raises:
        CatalogueError: It is no possible tenant; every problem is in it.
    """
    problems = [*problems_of(catalogue), *problems]
    if problems:
        raise CatalogueError(problems)
    return catalogue.filled()


def read_faults(content: object) -> tuple[Fault, ...]:
    """Make faults from decoded JSON: one object or a list of them.

    Raises:
        CatalogueError: One of them is none; every problem is in it.
    """
    listed = content if isinstance(content, list) else [content]
    try:
        faults: tuple[Fault, ...] = _CONVERTER.structure(listed, tuple[Fault, ...])
    except BaseValidationError as error:
        raise CatalogueError(_structural(error, "faults")) from None
    return faults


def _switches(values: object) -> tuple[Switches, list[str]]:
    if not isinstance(values, Mapping):
        return Switches(), ["switches: must be a table of names and values."]
    switches, problems = Switches(), []
    for name, value in values.items():
        try:
            switches = change_switches(switches, {name: value})
        except SwitchError as error:
            problems.append(f"switches.{name}: {error}")
    return switches, problems


def _structural(error: BaseValidationError, path: str = "") -> Iterator[str]:
    for line in transform_error(error, path, _in_words):
        message, _, place = line.rpartition(" @ ")
        place = place.removeprefix(".")
        yield f"{place}: {message}" if place else message


def _in_words(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is required."
    if isinstance(error, ForbiddenExtraKeysError):
        return " ".join(_unknown_names(error))
    words = str(error)
    if isinstance(error, AttributeError | TypeError) and not words.startswith("must be"):
        return "must be a table."
    return words


def _unknown_names(error: ForbiddenExtraKeysError) -> Iterator[str]:
    known = [field.name for field in attrs.fields(error.cl)]
    for name in sorted(error.extra_fields):
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        yield f"{name} is not known here; {hint}"


def _strictly(kind: type, words: str) -> Callable[[object, type], Any]:
    """No silent conversions: an id written as a number stays a mistake that is reported."""

    def check(value: object, _: type) -> object:
        if isinstance(value, bool) and kind is not bool:
            raise TypeError(f"must be {words}, found true or false.")
        if kind is float and isinstance(value, int):
            return float(value)
        if not isinstance(value, kind):
            raise TypeError(f"must be {words}, found {_found(value)}.")
        return value

    return check


def _found(value: object) -> str:
    """The kind of a value, never the value: it may be a secret."""
    kinds = {str: "a text", int: "a whole number", float: "a number", list: "a list"}
    return "a table" if isinstance(value, Mapping) else kinds.get(type(value), "something else")


def _table(value: object, _: type) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"must be a table, found {_found(value)}.")
    return value


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(kind: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    structure: Callable[[Any, Any], Any] = homogenous_tuple_structure_factory(kind, converter)

    def check(value: object, kind: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise TypeError(f"must be a list, found {_found(value)}.")
        return structure(value, kind)

    return check


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, words in (
        (str, "a text"),
        (int, "a whole number"),
        (float, "a number"),
        (bool, "true or false"),
    ):
        converter.register_structure_hook(kind, _strictly(kind, words))
    converter.register_structure_hook_func(partial(eq, FaultKind), _strictly(str, "a text"))
    converter.register_structure_hook_func(partial(eq, Mapping[str, Any]), _table)
    converter.register_structure_hook_factory(_is_tuple, _list)
    return converter


_CONVERTER = _converter()
