"""Keys of the API: a role that is named, an end, a replacement with an overlap, and a trace of who made them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.problems import Conflict, Invalid, NotFound, Unauthorized
from connector.sdk import ApiProblem, AsyncClient, Client, calls
from connector.services.hosts import Caller, Hosts, RoleForbidden
from connector.services.roles import ROLES
from connector.settings import load
from connector.store import journal
from connector.store.migrate import migrate, migrations
from tests.harness.threaded import Running

HOUR = timedelta(hours=1)


@contextlib.asynccontextmanager
async def built(folder: Path) -> AsyncIterator[tuple[Node, VirtualClock]]:
    """Yield a node that stands still in time."""
    clock = VirtualClock()
    node = await build_app(load(environ={}, data_dir=folder, public_port=0, private_port=0), clock=clock)
    try:
        await node.hosts.add(ROOT, "Ville")
        yield node, clock
    finally:
        await node.close()


def play(folder: Path, scene: Callable[[Hosts, VirtualClock], Awaitable[None]]) -> None:
    async def run() -> None:
        async with built(folder) as (node, clock):
            await scene(node.hosts, clock)

    asyncio.run(run())


def caller(role: str, **members: Any) -> Caller:
    return Caller("urn:key:by", ROOT, "by", role, **members)


def test_a_key_opens_nothing_once_it_has_ended(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        _, secret = await hosts.issue_key(ROOT, "portail", "auditor", days=2)
        clock.advance(timedelta(days=2) - HOUR)
        assert (await hosts.caller(secret)).role == "auditor"
        clock.advance(HOUR)
        with pytest.raises(Unauthorized):
            await hosts.caller(secret)

    play(tmp_path, scene)


def test_a_key_ends_after_a_year_unless_told_otherwise_but_not_the_administrations(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        key, _ = await hosts.issue_key(ROOT, "portail", "steward")
        assert key.expires_at == clock.now() + timedelta(days=365)
        ours, secret = await hosts.issue_key(None, "init", "administration")
        assert ours.expires_at is None
        clock.advance(timedelta(days=5000))
        assert (await hosts.caller(secret)).owner is None

    play(tmp_path, scene)


def test_the_old_key_is_valid_for_the_overlap_and_not_longer(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        old, old_secret = await hosts.issue_key(ROOT, "portail", "developer")
        await hosts.caller(old_secret)
        new, new_secret = await hosts.rotate_key(ROOT, old.id, overlap=2 * HOUR)
        assert (new.role, new.label, new.replaced_by) == ("developer", "portail", None)
        clock.advance(2 * HOUR - timedelta(seconds=1))
        assert (await hosts.caller(old_secret)).key_id == old.id
        assert (await hosts.caller(new_secret)).key_id == new.id
        clock.advance(timedelta(seconds=1))
        with pytest.raises(Unauthorized):
            await hosts.caller(old_secret)
        assert (await hosts.caller(new_secret)).key_id == new.id

    play(tmp_path, scene)


def test_an_overlap_never_prolongs_a_key(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        old, secret = await hosts.issue_key(ROOT, "portail", "auditor", days=1)
        await hosts.rotate_key(ROOT, old.id, overlap=720 * HOUR)
        clock.advance(24 * HOUR)
        with pytest.raises(Unauthorized):
            await hosts.caller(secret)

    play(tmp_path, scene)


def test_only_a_valid_key_is_replaced_and_only_once(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        first, _ = await hosts.issue_key(ROOT, "a", "auditor")
        await hosts.rotate_key(ROOT, first.id, overlap=HOUR)
        revoked, _ = await hosts.issue_key(ROOT, "b", "auditor")
        await hosts.revoke_key(ROOT, revoked.id)
        ended, _ = await hosts.issue_key(ROOT, "c", "auditor", days=1)
        clock.advance(timedelta(days=1))
        for key, standing in ((first, "expired"), (revoked, "revoked"), (ended, "expired")):
            with pytest.raises(Conflict, match=standing):
                await hosts.rotate_key(ROOT, key.id, overlap=HOUR)
        with pytest.raises(NotFound):
            await hosts.rotate_key(ROOT, "urn:nobody", overlap=HOUR)

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("by", "reached"),
    [
        ("operator", set(ROLES)),
        ("unrestricted", set(ROLES)),
        ("developer", {"developer"}),
        ("steward", set()),
        ("auditor", set()),
    ],
)
def test_a_role_makes_replaces_and_revokes_only_keys_within_its_reach(
    tmp_path: Path, by: str, reached: set[str]
) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        for role in ROLES:
            key, _ = await hosts.issue_key(ROOT, "there", role)
            acts: list[Callable[[], Awaitable[Any]]] = [
                lambda role=role: hosts.issue_key(ROOT, "new", role, by=caller(by)),  # type: ignore[misc]
                lambda key=key: hosts.rotate_key(ROOT, key.id, overlap=HOUR, by=caller(by)),  # type: ignore[misc]
                lambda key=key: hosts.revoke_key(ROOT, key.id, by=caller(by)),  # type: ignore[misc]
            ]
            for act in acts:
                if role in reached:
                    await act()
                else:
                    with pytest.raises(RoleForbidden):
                        await act()

    play(tmp_path, scene)


def test_a_developers_key_cannot_prolong_itself(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        ends_at = clock.now() + timedelta(days=3)
        made, _ = await hosts.issue_key(ROOT, "app", "developer", days=300, by=caller("developer", expires_at=ends_at))
        assert made.expires_at == ends_at
        old, _ = await hosts.issue_key(ROOT, "me", "developer", days=3)
        by = Caller(old.id, ROOT, "me", "developer", old.expires_at)
        new, _ = await hosts.rotate_key(ROOT, old.id, overlap=HOUR, by=by)
        assert new.expires_at == old.expires_at

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("owner", "role"), [(ROOT, "administration"), (ROOT, "unrestricted"), (None, "steward"), (None, "unrestricted")]
)
def test_a_role_must_fit_whose_key_it_is(tmp_path: Path, owner: str | None, role: str) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        with pytest.raises(Invalid) as refused:
            await hosts.issue_key(owner, "x", role)
        assert refused.value.pointer == "/role"

    play(tmp_path, scene)


def test_a_key_has_a_journal_that_names_who_made_replaced_and_revoked_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with built(tmp_path) as (node, _):
            old, secret = await node.hosts.issue_key(ROOT, "portail", "steward", by=caller("operator"))
            new, _ = await node.hosts.rotate_key(ROOT, old.id, overlap=HOUR, by=caller("operator"))
            await node.hosts.revoke_key(ROOT, old.id, by=caller("operator"))
            entries = await node.store.read(lambda tx: journal.page(tx, ROOT, old.id))
            assert [entry.kind for entry in entries] == ["key-issued", "key-replaced", "key-revoked"]
            for entry in entries:
                assert entry.entry["decided_by"] == {"key": "urn:key:by", "name": "by", "role": "operator"}
                assert secret not in entry.text
            assert entries[1].entry["replaced_by"] == new.id
            await node.store.read(lambda tx: journal.verify(tx, ROOT, old.id))

    asyncio.run(run())


FUNCTION = "Directrice de la transition écologique"


def test_a_function_is_kept_with_the_key_through_its_replacement_until_another_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with built(tmp_path) as (node, _):
            old, secret = await node.hosts.issue_key(ROOT, "a", "steward", function=FUNCTION)
            assert (await node.hosts.caller(secret)).person.function == FUNCTION
            same, secret = await node.hosts.rotate_key(ROOT, old.id, overlap=HOUR)
            assert (same.function, (await node.hosts.caller(secret)).function) == (FUNCTION, FUNCTION)
            other, _ = await node.hosts.rotate_key(ROOT, same.id, overlap=HOUR, function="Directeur des mobilités")
            assert other.function == "Directeur des mobilités"
            for key in (old, other):
                issued, *_ = await node.store.read(lambda tx, of=key.id: journal.page(tx, ROOT, of))  # type: ignore[misc]
                assert issued.entry["function"] == key.function
            none, secret = await node.hosts.issue_key(ROOT, "b", "steward")
            assert (none.function, (await node.hosts.caller(secret)).function) == (None, "")

    asyncio.run(run())


@pytest.mark.parametrize("said", ["", "  ", "x" * 201, "a\x00b", "a\u202eb", "urn:pupitre:approved-by:urn:x", "\ud800"])
def test_what_a_seal_cannot_claim_is_no_function(tmp_path: Path, said: str) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        key, _ = await hosts.issue_key(ROOT, "there", "steward")
        for act in (
            lambda: hosts.issue_key(ROOT, "x", "steward", function=said),
            lambda: hosts.rotate_key(ROOT, key.id, overlap=HOUR, function=said),
        ):
            with pytest.raises(Invalid) as refused:
                await act()
            assert refused.value.pointer == "/function"

    play(tmp_path, scene)


def test_a_function_is_kept_in_one_line_and_one_spelling(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        key, _ = await hosts.issue_key(ROOT, "x", "steward", function=" Directrice\nde la transition e\u0301cologique ")
        assert key.function == FUNCTION

    play(tmp_path, scene)


def test_a_developers_key_gives_nobody_a_function_and_takes_over_none(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        own, secret = await hosts.issue_key(ROOT, "me", "developer", function="Cheffe de projet")
        other, _ = await hosts.issue_key(ROOT, "you", "developer", function=FUNCTION)
        by = await hosts.caller(secret)
        for act in (
            lambda: hosts.issue_key(ROOT, "x", "developer", function=FUNCTION, by=by),
            lambda: hosts.rotate_key(ROOT, own.id, overlap=HOUR, function=FUNCTION, by=by),
            lambda: hosts.rotate_key(ROOT, other.id, overlap=HOUR, by=by),
        ):
            with pytest.raises(RoleForbidden):
                await act()
        assert (await hosts.rotate_key(ROOT, own.id, overlap=HOUR, by=by))[0].function == "Cheffe de projet"

    play(tmp_path, scene)


def test_the_api_lists_each_key_with_its_function(api: Client, consumer: Running) -> None:
    made = api.issue_key("Mme Petit", "steward", function=FUNCTION)
    assert made["function"] == FUNCTION
    assert {key["id"]: key["function"] for key in api.each(calls.list_keys())}[made["id"]] == FUNCTION
    assert api.rotate_key(made["id"], function="Directeur des mobilités")["function"] == "Directeur des mobilités"
    with pytest.raises(ApiProblem) as refused:
        api.issue_key("x", "steward", function="a\nurn:\x07")
    assert (refused.value.status, refused.value.pointer) == (400, "/function")

    async def later() -> str | None:
        async with AsyncClient(consumer.url, consumer.key) as client:
            return (await client.issue_key("y", "steward", function=FUNCTION))["function"]

    assert asyncio.run(later()) == FUNCTION


def test_keys_from_before_roles_open_what_they_opened_and_are_replaced_with_a_role(tmp_path: Path) -> None:
    async def scene(hosts: Hosts, clock: VirtualClock) -> None:
        key, secret = await hosts.issue_key(ROOT, "ancien", "auditor")
        await hosts._store.write(
            lambda tx: (
                tx.connection.execute(text("UPDATE api_keys SET role = 'unrestricted', expires_at = NULL")) and None
            )
        )
        assert (await hosts.caller(secret)).role == "unrestricted"
        with pytest.raises(Invalid):
            await hosts.rotate_key(ROOT, key.id, overlap=HOUR)
        new, _ = await hosts.rotate_key(ROOT, key.id, overlap=HOUR, role="steward")
        assert new.role == "steward"

    play(tmp_path, scene)


def test_the_migration_gives_each_key_what_it_could_do_before() -> None:
    engine = create_engine("sqlite://")
    known = migrations("sqlite")
    first = next(one.number for one in known if one.title == "key_roles")
    now = VirtualClock().now()
    with engine.begin() as connection:
        migrate(connection, now, [one for one in known if one.number < first])
        for key, owner in (("a", None), ("b", "root")):
            row = {"id": key, "owner": owner, "label": key, "hash": key, "created_at": "2026-01-01T00:00:00.000000Z"}
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO api_keys ({names}) VALUES ({values})"), row)
        migrate(connection, now, known)
        rows = connection.execute(text("SELECT id, role, expires_at FROM api_keys ORDER BY id")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("a", "administration", None), ("b", "unrestricted", None)]


def test_a_key_must_be_given_a_role_and_a_participants_key_makes_none_of_the_administration(
    consumer: Running, second_keys: dict[str, str], api: Client
) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.issue_key("x", "")
    assert (refused.value.status, refused.value.pointer) == (400, "/role")
    with Client(consumer.url, second_keys["operator"]) as operator, pytest.raises(ApiProblem) as refused:
        operator.issue_key("x", "administration")
    assert (refused.value.status, refused.value.code) == (403, "administration-only")


def test_a_developer_sees_developers_keys_only(consumer: Running, second_keys: dict[str, str]) -> None:
    with Client(consumer.url, second_keys["developer"]) as developer:
        assert {key["role"] for key in developer.each(calls.list_keys())} == {"developer"}
    with Client(consumer.url, second_keys["operator"]) as operator:
        assert {key["role"] for key in operator.each(calls.list_keys())} >= set(ROLES)


def test_a_key_without_a_participant_named_is_the_first_ones(api: Client) -> None:
    made = api.issue_key("portail", "auditor")
    assert (made["owner"], made["role"], made["status"]) == ("root", "auditor", "valid")
    assert made["id"] in {key["id"] for key in api.each(calls.list_keys())}
    rotated = api.rotate_key(made["id"], overlap_hours=1)
    assert rotated["secret"] != made["secret"]
    listed = {key["id"]: key for key in api.each(calls.list_keys())}
    assert (listed[made["id"]]["status"], listed[made["id"]]["replaced_by"]) == ("replaced", rotated["id"])
