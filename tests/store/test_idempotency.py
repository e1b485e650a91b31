"""Idempotency keys: claimed in the transaction of the effect, kept for a day, the same on both stores."""

import asyncio
from datetime import timedelta

import pytest

from connector.clock import VirtualClock
from connector.ids import new_id
from connector.problems import Conflict
from connector.services.once import KeyReused, Once, OnceKey, Repeated
from connector.store import idempotency, participants
from connector.store.participants import ApiKey

KEY = OnceKey.of("root", "caller", "key", "digest", "Bearer x")
OTHER = OnceKey.of("root", "caller", "key", "another digest", "Bearer x")
STOLEN = OnceKey.of("root", "caller", "key", "digest", "Bearer y")


def effect(store, made):
    """Return a verb that leaves one row behind, and says which."""

    async def act():
        key = ApiKey(id=new_id(), owner=None, label="x", hash=new_id(), role="administration")

        def unit(tx):
            participants.add_key(tx, key)
            return key.id

        made.append(await store.write(unit))
        return key.id

    return act


def once(store, act, key=KEY):
    return Once(store).do(act, lambda found: (201, found.encode()), key=key, expected=None, version=None)


async def count(store):
    return len(await store.read(lambda tx: participants.page_keys(tx, None, after="", limit=500)))


def test_of_many_at_once_one_has_the_effect_and_all_hear_of_it(opened):
    async def play():
        async with opened() as store:
            made = []
            heard = await asyncio.gather(*(once(store, effect(store, made)) for _ in range(12)), return_exceptions=True)
            assert len(made) == await count(store) == 1
            assert sorted(isinstance(one, Repeated) for one in heard) == [False] + [True] * 11
            assert {one.body.decode() if isinstance(one, Repeated) else one for one in heard} == set(made)

    asyncio.run(play())


def test_an_effect_that_fails_leaves_no_key(opened):
    async def play():
        async with opened() as store:

            async def fail():
                def unit(tx):
                    raise Conflict

                await store.write(unit)

            with pytest.raises(Conflict):
                await once(store, fail)
            made = []
            assert await once(store, effect(store, made)) == made[0]

    asyncio.run(play())


def test_a_key_stands_for_one_request_and_opens_for_who_sent_it(opened):
    async def play():
        async with opened() as store:
            await once(store, effect(store, []))
            for key in (OTHER, STOLEN):
                with pytest.raises(KeyReused):
                    await once(store, effect(store, []), key)
            assert await count(store) == 1

    asyncio.run(play())


def test_a_key_is_forgotten_after_a_day(opened):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            made = []
            await once(store, effect(store, made))
            clock.advance(timedelta(hours=24) - timedelta(seconds=1))
            with pytest.raises(Repeated):
                await once(store, effect(store, made))
            clock.advance(timedelta(seconds=1))
            await once(store, effect(store, made), OTHER)
            assert len(made) == await count(store) == 2
            clock.advance(timedelta(hours=24))
            await store.write(idempotency.forget_old)
            assert await store.read(lambda tx: idempotency.find(tx, OTHER.named)) is None

    asyncio.run(play())
