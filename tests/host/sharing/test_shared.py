"""What core asks, over every store."""

from __future__ import annotations

import base64
import logging
import secrets
import sqlite3

import pytest

from wharfinger import Secret, SharedState, SharedStateError
from wharfinger_host.sharing.sealing import Sealer
from wharfinger_host.sharing.shared import Shared
from wharfinger_host.sharing.sqlite import open_store


def sealer(*keys: bytes) -> Sealer:
    return Sealer([Secret(base64.b64encode(key).decode()) for key in keys])


ONE, OTHER = secrets.token_bytes(32), secrets.token_bytes(32)


@pytest.fixture
def shared(place):
    """Share through a store, as a process with these keys does."""

    def shared(*keys: bytes) -> SharedState:
        return Shared(store=place.open(), sealer=sealer(*keys) if keys else None)

    return shared


async def test_the_store_never_sees_a_token(shared, tenant, place):
    name = f"{tenant}:token"
    await shared(ONE).keep(name, Secret("sample-access-token"), 600)
    kept = await shared(ONE).load(name)
    assert kept.secret == Secret("sample-access-token")
    assert 500 < kept.left_s <= 600
    assert b"sample-access-token" not in (await place.open().load(name)).data


async def test_a_token_that_another_key_sealed_is_none_and_is_replaced(shared, tenant, caplog):
    name = f"{tenant}:token"
    await shared(ONE).keep(name, Secret("old"), 600)
    reader = shared(OTHER)
    with caplog.at_level(logging.WARNING):
        assert await reader.load(name) is None
        assert await reader.load(name) is None
    [record] = caplog.records
    assert "Give all workers the same keys" in record.getMessage()
    await reader.keep(name, Secret("new"), 600)
    assert (await reader.load(name)).secret == Secret("new")


async def test_garbage_in_the_place_of_a_token_is_none(shared, tenant, place):
    await place.open().keep(f"{tenant}:token", b"garbage", 600)
    assert await shared(ONE).load(f"{tenant}:token") is None


async def test_a_refused_token_is_dropped_and_a_newer_one_stays(shared, tenant):
    name, state = f"{tenant}:token", shared(ONE)
    await state.keep(name, Secret("new"), 600)
    await state.drop(name, Secret("old"))
    assert (await state.load(name)).secret == Secret("new")
    await state.drop(name, Secret("new"))
    assert await state.load(name) is None


async def test_without_a_key_no_token_is_shared_and_all_else_is(shared, tenant):
    state = shared()
    assert not state.shares_tokens
    await state.keep(f"{tenant}:token", Secret("token"), 600)
    assert await state.load(f"{tenant}:token") is None
    await state.drop(f"{tenant}:token", Secret("token"))
    await state.pause(tenant, 60)
    assert (await shared(ONE).look(tenant)).paused_s > 50


def test_nothing_of_the_keys_is_shown():
    text = repr(Shared(store=open_store("sqlite:///x.db"), sealer=sealer(ONE)))
    assert base64.b64encode(ONE).decode() not in text


async def test_a_file_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(SharedStateError, match="another program"):
        await open_store(f"sqlite://{path}").look("acme", "one")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    db.close()


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    path = tmp_path / "garbage.db"
    path.write_bytes(b"no database" * 500)
    with pytest.raises(SharedStateError, match="cannot be used"):
        await open_store(f"sqlite://{path}").look("acme", "one")


async def test_a_file_that_is_torn_away_is_found_again(tmp_path):
    store = open_store(f"sqlite://{tmp_path / 'shared' / 'x.db'}")
    with pytest.raises(SharedStateError, match=r"No such file or directory.*in a folder that is"):
        await store.look("acme", "one")
    (tmp_path / "shared").mkdir()
    assert (await store.look("acme", "one")).workers == 1


async def test_the_file_is_for_its_owner_alone(tmp_path):
    await open_store(f"sqlite://{tmp_path / 'x.db'}").look("acme", "one")
    assert (tmp_path / "x.db").stat().st_mode & 0o777 == 0o600
