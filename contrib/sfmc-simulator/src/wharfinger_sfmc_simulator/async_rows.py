"""What becomes of one row that is saved asynchronously, and how the vendor tells it.

Items follow the vendor's samples of results and those seen in production by clients: column names
in lower case, `errorCode` a number or, for a key that exists already, a text.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Change, Problem, Table
from wharfinger_sfmc_simulator.values import as_text

__all__ = ["Item", "deadlocked", "lost", "save_row"]

Item = dict[str, Any]

_FAILED = 2
_NULL = 70001


def save_row(table: Table, row: Mapping[str, Any], switches: Switches, *, insert: bool) -> Item:
    """Store one row, if it can be stored, and return its item of the results.

    Args:
        table: Where to.
        row: Values by column, primary keys among them.
        switches: Which choices hold.
        insert: Refuse a row whose primary key exists already, instead of changing it.
    """
    if not (insert or table.definition.primary_keys):
        message = "This Data Extension does not have any primary keys defined."
        return _error(_FAILED, message, switches)
    change = table.check(row, row)
    problems = _problems(table, row, change)
    if problems:
        return _refused(table, problems, switches, insert=insert)
    if insert and change.identity in table:
        return _exists(table, change, switches)
    table.write(change)
    message = switches.async_insert_message if insert else "Upserted DataExtensionObject"
    return {"message": message, "status": "OK"}


def deadlocked(process: int, switches: Switches) -> Item:
    """Return the item of a row that lost against another process and may be sent again."""
    return _error(
        _FAILED,
        f"Transaction (Process ID {process}) was deadlocked on lock resources with another process "
        "and has been chosen as the deadlock victim. Rerun the transaction.",
        switches,
    )


def lost(table: Table, switches: Switches) -> Item:
    """Return the item of a row whose data extension was deleted before its turn came."""
    message = f"The data extension with ID {table.definition.id} does not exist."
    return _error(_FAILED, message, switches)


def _problems(table: Table, row: Mapping[str, Any], change: Change) -> list[Problem]:
    missing = table.missing_primary_keys(row)
    if not missing:
        return list(change.problems)
    others = [each for each in change.problems if each.column and each.column not in missing]
    return [*(Problem("", name, null=True) for name in missing), *others]


def _refused(
    table: Table, problems: Sequence[Problem], switches: Switches, *, insert: bool
) -> Item:
    whole = [problem.message for problem in problems if not problem.column]
    if whole:
        return _error(_FAILED, whole[0], switches)
    keys = {field.name for field in table.definition.primary_keys}
    if not insert and any(each.null and each.column in keys for each in problems):
        message = "Cannot locate the existing record. Required keys are missing."
    else:
        message = switches.async_row_message
    errors = [_column_error(each, switches) for each in problems]
    return _error(_FAILED, message, switches, errors)


def _column_error(problem: Problem, switches: Switches) -> Item:
    name = problem.column.lower()
    if problem.null:
        code, message = _NULL, f"Column [{name}] does not allow null value."
    else:
        code, message = switches.async_value_code, _in_lower_case(problem)
    told = str(code) if switches.async_errorcode_as_text else code
    return {"name": name, "errorCode": told, "errorMessage": message}


def _in_lower_case(problem: Problem) -> str:
    """The message as for rows that are saved at once, without the name in front."""
    column = problem.column
    message = problem.message.removeprefix(f"{column}: ")
    return message.replace(f"[{column}]", f"[{column.lower()}]")


def _exists(table: Table, change: Change, switches: Switches) -> Item:
    names = (field.name for field in table.definition.primary_keys)
    value = ", ".join(as_text(change.columns[name]) for name in names)
    database = f"C{table.definition.account}"
    constraint = f"PK_{database}_{zlib.crc32(table.definition.id.encode()):08X}"
    return _error(
        "UnexpectedError",
        f"Violation of PRIMARY KEY constraint '{constraint}'. Cannot insert duplicate key in "
        f"object '{database}.DE_{table.definition.key}'. The duplicate key value is ({value}).\r\n"
        "The statement has been terminated.",
        switches,
    )


def _error(code: int | str, message: str, switches: Switches, errors: Sequence[Item] = ()) -> Item:
    told = str(code) if switches.async_errorcode_as_text else code
    item: Item = {"errorCode": told, "status": "Error", "message": message}
    if errors:
        item["errors"] = list(errors)
    return {"resultMessage": item} if switches.async_results_nested else item
