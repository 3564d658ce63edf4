"""Data extensions are made, changed and deleted: ``/data/v1/customobjects``."""

from wharfinger_sfmc_simulator.catalogue import DataExtension
from wharfinger_sfmc_simulator.creating import changed_extension, new_extension
from wharfinger_sfmc_simulator.endpoints.extensions import extension_as_json, extension_by_id
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["change_extension", "create_extension", "delete_extension"]


def create_extension(state: State, request: Request, token: Token) -> Reply:
    """Make a data extension; it can be used at once, and is found by a search somewhat later."""
    switches = state.switches
    body = request.json(switches)
    extension = new_extension(body, state.new_guid(), token.account, switches)
    if switches.unknown_category == "refuse" and not _has_folder(state, extension):
        message = f"categoryId is invalid: {extension.category}"
        raise ApiError(400, switches.creation_invalid_code, message)
    _check_new(state, extension)
    return json_reply(extension_as_json(state, state.add_table(extension)), 201)


def change_extension(state: State, request: Request, token: Token) -> Reply:
    """Change retention or sendability; columns stay as they are."""
    table = extension_by_id(state, request, token)
    body = request.json(state.switches)
    table.definition = changed_extension(table.definition, body, state.switches)
    state.modified[table.definition.id] = state.clock()
    return json_reply(extension_as_json(state, table))


def delete_extension(state: State, request: Request, token: Token) -> Reply:
    """Delete a data extension with its rows."""
    state.remove_table(extension_by_id(state, request, token))
    return Reply(state.switches.deletion_status, content_type="")


def _has_folder(state: State, extension: DataExtension) -> bool:
    return any(
        folder.id == extension.category and folder.content_type == "dataextension"
        for folder in state.folders(extension.account)
    )


def _check_new(state: State, extension: DataExtension) -> None:
    """Neither key nor name may be another's."""
    others = [table.definition for table in state.tables[extension.account].values()]
    if any(other.key.lower() == extension.key.lower() for other in others):
        raise _exists("key", extension.key)
    names = state.switches.duplicate_name == "refuse"
    if names and any(other.name.lower() == extension.name.lower() for other in others):
        raise _exists("name", extension.name)


def _exists(what: str, value: str) -> ApiError:
    message = f"A data extension with the {what} '{value}' already exists."
    return ApiError(409, 30004, message)
