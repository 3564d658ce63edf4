"""``POST /Service.asmx``: folders are listed by SOAP, batch by batch."""

from collections.abc import Iterator

from wharfinger_sfmc_simulator.faults import Fault
from wharfinger_sfmc_simulator.folders import FolderTree, strange_properties
from wharfinger_sfmc_simulator.soap import (
    Condition,
    Junction,
    Retrieve,
    SoapError,
    fault,
    read_retrieve,
    read_token,
    retrieved,
    token_expired,
)
from wharfinger_sfmc_simulator.state import FoldersRead, State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import Reply, Request

__all__ = [
    "expired",
    "may_retrieve",
    "not_permitted",
    "retrieve",
    "soap_token",
    "spoilt_retrieve",
]

_READS_KEPT = 1000


def soap_token(state: State, request: Request) -> Token | None:
    """Return the living token in an envelope's header, or None."""
    host = request.vendor_host
    if host and host[0] != state.catalogue.tenant.subdomain:
        return None
    try:
        text = read_token(request.body)
    except ValueError:
        return None
    return state.tokens.find(f"Bearer {text}")


def expired(state: State, request: Request) -> Reply:
    """The fault for a token that is missing, unknown or over."""
    return token_expired(state.new_guid(), f"https://{request.host}/Service.asmx")


def spoilt_retrieve(state: State, request: Request, armed: Fault) -> Reply | None:
    """Return what SOAP answers to a token that is over or lacks the scope; None for all else."""
    if armed.kind == "unauthorized":
        return expired(state, request)
    return not_permitted(state) if armed.kind == "forbidden" else None


def retrieve(state: State, request: Request, token: Token) -> Reply:
    """List folders, or say in ``OverallStatus`` why not."""
    if "xml" not in request.headers.get("content-type", "").lower():
        return Reply(415, b"", "")
    try:
        wanted = read_retrieve(request.body)
        if wanted.continues:
            return _continue(state, token, wanted)
        return _begin(state, token, wanted)
    except SoapError as error:
        return retrieved(str(error), state.new_guid())
    except ValueError as error:
        return fault(state.new_guid(), "soap:Client", str(error))


def may_retrieve(state: State, token: Token) -> bool:
    """Say whether a token's scopes let it list folders."""
    scope = state.switches.soap_folder_scope
    return not scope or scope in token.scopes


def not_permitted(state: State) -> Reply:
    """The reply to a token that lacks the scope."""
    return retrieved("Error: API Permission Failed.", state.new_guid())


def _begin(state: State, token: Token, wanted: Retrieve) -> Reply:
    if wanted.object_type != "DataFolder":
        raise SoapError(
            f"Error: Unable to find a handler for object type: {wanted.object_type}. "
            "Object types and operations are case-sensitive."
        )
    strange = strange_properties([*wanted.properties, *_filtered(wanted.filter)])
    if strange:
        raise SoapError(
            f"Error: The Request Property(s) {', '.join(strange)} do not match with the fields of "
            "DataFolder retrieve"
        )
    folders = _tree(state, token.account).matching(wanted.filter)
    read = FoldersRead(token.account, wanted.properties, folders)
    return _batch(state, state.new_guid(), read, wanted)


def _continue(state: State, token: Token, wanted: Retrieve) -> Reply:
    read = state.folder_reads.get(wanted.continues)
    if read is None or read.account != token.account:
        raise SoapError("Error: The ContinueRequest is not valid.")
    return _batch(state, wanted.continues, read, wanted)


def _batch(state: State, request_id: str, read: FoldersRead, wanted: Retrieve) -> Reply:
    """The next folders of a read; it goes on under the same request id while there are more."""
    most = state.switches.soap_batch_max
    size = min(wanted.batch_size or most, most)
    tree = _tree(state, read.account)
    results = "".join(tree.as_xml(folder, read.properties) for folder in read.folders[:size])
    read.folders = read.folders[size:]
    state.folder_reads.pop(request_id, None)
    if read.folders:
        while len(state.folder_reads) >= _READS_KEPT:
            del state.folder_reads[next(iter(state.folder_reads))]
        state.folder_reads[request_id] = read
    return retrieved("MoreDataAvailable" if read.folders else "OK", request_id, results)


def _tree(state: State, account: int) -> FolderTree:
    return FolderTree({each.id: each for each in state.folders(account)}, state.created)


def _filtered(condition: Condition | Junction | None) -> Iterator[str]:
    if isinstance(condition, Junction):
        yield from _filtered(condition.left)
        yield from _filtered(condition.right)
    elif condition is not None:
        yield condition.property
