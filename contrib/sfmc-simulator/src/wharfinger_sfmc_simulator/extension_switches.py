"""Switches of how data extensions are made and found, and of their folders."""

from typing import Literal

import attrs

from wharfinger_sfmc_simulator.switching import switch

__all__ = ["ExtensionSwitches"]


@attrs.frozen(kw_only=True, slots=False)  # slots would forbid a second base
class ExtensionSwitches:
    """The choices for making data extensions and for folders."""

    key_max_length: int = switch(
        36,
        "Longest external key of a new data extension; documents advise 36 characters.",
        group="Creation",
    )
    creation_missing_code: int = switch(
        10002, "`errorcode` for a new data extension that lacks something."
    )
    creation_invalid_code: int = switch(
        10001, "`errorcode` for a new data extension with something that cannot be."
    )
    email_length_message: str = switch(
        "A length cannot be given for field [{name}], as it does not have a data type of Text.",
        "Message for an EmailAddress field whose length is not 254; the vendor's misleads too.",
        names=("name",),
    )
    field_ordinal: Literal["required", "optional"] = switch(
        "required", "Whether each field of a new data extension must carry its `ordinal`."
    )
    sendable_creation: Literal["one-step", "two-steps"] = switch(
        "one-step",
        "Make a data extension sendable as it is made, as one client does, or only by a PATCH "
        "afterwards, as another does.",
    )
    duplicate_name: Literal["refuse", "accept"] = switch(
        "refuse", "A new data extension with the name of another (a key is always refused)."
    )
    unknown_category: Literal["refuse", "accept"] = switch(
        "refuse", "A new data extension in a folder that does not exist."
    )
    search_lag_s: int = switch(
        8, "How long a new data extension is not found by `$search`, in seconds."
    )
    deletion_status: Literal[200, 204] = switch(
        200, "Status when a data extension was deleted; the reply has no body."
    )

    soap_folder_scope: str = switch(
        "data_extensions_read",
        "Scope that listing folders by SOAP needs; empty: none.",
        group="Folders",
    )
    soap_batch_max: int = switch(2500, "Most objects of one SOAP reply.")
