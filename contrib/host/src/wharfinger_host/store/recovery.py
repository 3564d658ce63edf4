"""What a lane's last holder left behind when it died."""

from __future__ import annotations

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.leases import Held
from wharfinger_host.store.minutes import MINUTE_MS

__all__ = ["recover"]

_CODE = "interrupted"
_MESSAGE = (
    "The program ended while this event was on its way. It may have been delivered, so it is not "
    "sent again by itself; look at the vendor, then replay it or drop it."
)


def recover(db: Database, held: Held, now_ms: int) -> int:
    """Make ``unknown`` of whatever was about to be sent and must not be sent twice.

    Args:
        db: Within the transaction that took the lane.
        held: The lane.
        now_ms: Milliseconds since 1970.

    Returns:
        How many events that are, each mapping by itself.
    """
    where = "WHERE t.connection = :connection AND t.partition = :partition"
    values = {
        "connection": held.connection,
        "partition": held.partition,
        "code": _CODE,
        "message": _MESSAGE,
        "now": now_ms,
        "minute": now_ms // MINUTE_MS,
    }
    db.execute(
        "INSERT INTO ledger SELECT t.seq, t.target, 'unknown', :code, 1, NULL, NULL, :now "  # noqa: S608  # constants
        f"FROM intents AS t {where} ON CONFLICT (seq, target) DO UPDATE SET "
        "status = excluded.status, code = excluded.code, attempts = ledger.attempts + 1, "
        "at_ms = excluded.at_ms "
        "WHERE ledger.status != 'delivered'",
        values,
    )
    db.execute(
        "INSERT INTO letters (seq, target, at_ms, message_id, contact, status, code, message, "  # noqa: S608  # constants
        "vendor_message, attempts, event) SELECT t.seq, t.target, :now, i.message_id, i.contact, "
        "'unknown', :code, :message, '', 1, i.event FROM intents AS t "
        f"JOIN inbox AS i ON i.seq = t.seq {where} AND NOT EXISTS (SELECT 1 FROM ledger AS l "
        "WHERE l.seq = t.seq AND l.target = t.target AND l.status = 'delivered') "
        "ON CONFLICT (seq, target) DO UPDATE SET at_ms = excluded.at_ms, status = excluded.status, "
        "code = excluded.code, message = excluded.message, attempts = letters.attempts + 1",
        values,
    )
    # A letter that was being replayed may have outlived its event in the log.
    db.execute(
        "UPDATE letters SET at_ms = :now, status = 'unknown', code = :code, message = :message "  # noqa: S608  # constants
        f"WHERE (seq, target) IN (SELECT t.seq, t.target FROM intents AS t {where})",
        values,
    )
    db.execute(
        "DELETE FROM deferred WHERE (target, partition, seq) IN "  # noqa: S608  # constants
        f"(SELECT t.target, t.partition, t.seq FROM intents AS t {where})",
        values,
    )
    db.execute(
        "INSERT INTO minutes SELECT :minute, t.target, 'unknown', count(*) "  # noqa: S608  # constants
        f"FROM intents AS t {where} GROUP BY t.target "
        "ON CONFLICT (minute, target, status) DO UPDATE SET count = minutes.count + excluded.count",
        values,
    )
    return db.execute(
        "DELETE FROM intents WHERE connection = :connection AND partition = :partition", values
    ).rowcount
