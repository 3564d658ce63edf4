"""Switches of what is queued first and worked on later: asynchronous rows and batch events."""

from typing import Literal

import attrs

from wharfinger_sfmc_simulator.switching import switch

__all__ = ["QueueSwitches"]


@attrs.frozen(kw_only=True, slots=False)  # slots would forbid a second base
class QueueSwitches:
    """The choices for asynchronous rows and for journey events sent in batches."""

    async_id_form: Literal["key-and-id", "id-only"] = switch(
        "key-and-id",
        "Asynchronous rows: name the data extension by `key:` or by id as documented, or by id "
        "only as one note says.",
        group="Asynchronous rows, as they are sent",
    )
    async_not_found_status: Literal[400, 200] = switch(
        400,
        "Status when asynchronous rows name an unknown data extension (documents say 200, a "
        "client's tests 400).",
    )
    async_not_found_type: Literal["Validation", "Operational"] = switch(
        "Validation",
        "`resultType` of that reply: a client's tests have the one, documents the other.",
    )
    async_upsert_without_key: Literal["row-error", "refuse"] = switch(
        "row-error",
        "Asynchronous upsert where there is no primary key: 202 and an error for each row, or 400 "
        "at once.",
    )
    async_objects_max: int = switch(32_000, "Most rows of one asynchronous request.")
    async_objects_max_status: int = switch(
        400, "Status for asynchronous rows that are too many; `errorcode` is 10005 then."
    )
    async_payload_max_bytes: int = switch(
        5_900_000, "Largest body of asynchronous rows, in bytes; no document names a limit."
    )
    async_payload_too_large_status: int = switch(
        413, "Status for a larger body; the reply is JSON for 400 and a page for any other."
    )
    async_empty_code: int = switch(10003, "`errorcode` for asynchronous rows without any row.")

    async_missing_s: int = switch(
        1,
        "How long after a submit there is no status record yet, in seconds.",
        group="Asynchronous rows, as they are worked on",
    )
    async_pending_s: int = switch(1, "How long a job is Pending after that, in seconds.")
    async_executing_s: int = switch(1, "How long a job is Executing after that, in seconds.")
    async_shows_executing: bool = switch(
        True, "Whether a job is ever called Executing; documents know Pending, Complete, Error."
    )
    async_complete_word: Literal["Complete", "Completed"] = switch(
        "Complete", "`requestStatus` of a job that is over; one table writes Completed."
    )
    async_retention_s: int = switch(
        86_400, "How long after a submit status and results can be read, in seconds."
    )
    async_deadlock_every: int = switch(
        0, "Each n-th asynchronous row is the victim of a deadlock and not stored; 0: none."
    )

    async_results_page: int = switch(
        50,
        "Results on one page; 0: all of them on one, as a production client expects.",
        group="Asynchronous rows, as their results are told",
    )
    async_results_early: Literal["not-found", "empty"] = switch(
        "not-found", "Results of a job that is not over: not found, or a page without items."
    )
    async_results_nested: bool = switch(
        False, "Put the error of a row one level deeper, in `resultMessage`, as older documents do."
    )
    async_errorcode_as_text: bool = switch(
        False, "Write `errorCode` of a row always as a text; seen are numbers and texts, by case."
    )
    async_insert_message: str = switch(
        "Inserted DataExtensionObject", "Message for a row that was inserted by POST."
    )
    async_row_message: str = switch(
        "Unable to save the row.",
        "Message for an asynchronous row with a bad value; its `errors` say which.",
    )
    async_value_code: int = switch(
        70000, "`errorCode` in `errors` for a value that cannot be stored (null is 70001)."
    )
    async_lost_results: int = switch(
        0, "How many items are missing at the end of each job's results, though stored."
    )
    async_lost_results_count: Literal["told", "hidden"] = switch(
        "told", "`count` of results with missing items: all rows, or only those that are there."
    )

    batch_events_status: Literal[202, 201, 200] = switch(
        202,
        "Status of an accepted batch of journey events; documents do not say.",
        group="Batch events",
    )
    batch_events_max: int = switch(100, "Most members of one batch of journey events.")
    batch_events_max_code: int = switch(10005, "`errorcode` for a batch with too many members.")
    batch_interactions_exceeded: bool = switch(
        False, "Refuse each batch with 10000, Interaction Count Limit Exceeded."
    )
    async_event_processing_s: int = switch(
        2, "How long a journey event is queued before it is processed, in seconds."
    )
    async_status_lists_single_events: bool = switch(
        False, "Whether the status of batch events also lists events that were sent one by one."
    )
    event_status_name: Literal["status", "type"] = switch(
        "status", "Member of a listed event that says errored, queued or processed."
    )
