"""What servers do to those who share a store on them."""

from __future__ import annotations

import pytest

from wharfinger_host.sharing.contract import Ask

pytestmark = pytest.mark.stores

ASK = Ask(per_day=100, spacing_s=1.0)


async def test_who_hangs_as_he_makes_the_tables_keeps_nobody_from_them(postgres_server, tenant):
    import psycopg  # noqa: PLC0415  # an extra

    from wharfinger_host.sharing.postgresql import _LOCK, PostgresStore  # noqa: PLC0415  # an extra

    await PostgresStore(postgres_server.url).look(tenant, "one")
    with psycopg.connect(postgres_server.url) as hung:
        hung.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        assert (await PostgresStore(postgres_server.url).look(tenant, "two")).workers == 2


async def test_tables_that_were_dropped_are_made_anew(postgres_server, tenant):
    import psycopg  # noqa: PLC0415  # an extra

    from wharfinger import SharedStateError  # noqa: PLC0415  # only here
    from wharfinger_host.sharing.postgresql import PostgresStore  # noqa: PLC0415  # an extra

    store = PostgresStore(postgres_server.url)
    await store.look(tenant, "one")
    with psycopg.connect(postgres_server.url, autocommit=True) as other:
        for kind, found in (
            ("TABLE", "SELECT relname FROM pg_class WHERE relkind = 'r'"),
            ("FUNCTION", "SELECT proname FROM pg_proc WHERE true"),
        ):
            for (name,) in other.execute(
                f"{found} AND {found.split()[1]} LIKE 'wharfinger_shared_%'"
            ).fetchall():
                other.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
    with pytest.raises(SharedStateError):
        await store.look(tenant, "one")
    assert (await store.look(tenant, "one")).workers == 1


async def test_a_redis_that_was_emptied_begins_anew_with_who_asks(redis_server, tenant):
    import redis  # noqa: PLC0415  # an extra

    from wharfinger_host.sharing.redis import RedisStore  # noqa: PLC0415  # an extra

    store = RedisStore(redis_server.url)
    await store.look(tenant, "one")
    assert (await store.reserve(tenant, ASK)).left_today == 99
    await store.keep(f"{tenant}:name", b"sealed", 60)
    redis.Redis.from_url(redis_server.url).flushall()
    assert (await store.reserve(tenant, ASK)).left_today == 99
    assert await store.load(f"{tenant}:name") is None
    assert (await store.look(tenant, "two")).workers == 1


async def test_options_of_a_url_that_spoil_answers_are_said(redis_server, tenant):
    from wharfinger import SharedStateError  # noqa: PLC0415  # only here
    from wharfinger_host.sharing.redis import RedisStore  # noqa: PLC0415  # an extra

    store = RedisStore(f"{redis_server.url}?decode_responses=True")
    await store.look(tenant, "one")
    with pytest.raises(SharedStateError):
        await store.facts()
