"""Renewal of tokens at the provider."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from connector.clock import VirtualClock
from connector.dataplane.gate import Verdict

PATH = "/data/urn:uuid:00000000-0000-4000-8000-000000000001"
FORM = "grant_type=refresh_token&refresh_token="


def renewal_of(address: Any) -> str:
    return next(p.value for p in address.endpoint_properties if p.name == "refreshToken")


def answers(node: Any, play: Any, **options: Any) -> Any:
    async def whole() -> Any:
        async with node(**options) as one:
            await one.publish(b"content")
            return await play(one, await one.provide())

    return asyncio.run(whole())


def test_the_address_says_how_to_renew(node: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        return one.base, {p.name: p.value for p in address.endpoint_properties}

    base, properties = answers(node, play)
    edc = "https://w3id.org/edc/v0.0.1/ns/"
    for name in ("endpoint", "authorization", "authType", "endpointType", "expiresIn", "refreshToken"):
        assert properties[name] == properties[edc + name]
    assert properties["endpoint"] == base + PATH
    assert properties["refreshEndpoint"] == base + PATH + "/token"
    assert (properties["authType"], properties["expiresIn"]) == ("bearer", "300")


def test_a_renewed_token_opens_the_data_and_the_old_one_lives_out_its_time(node: Any, token: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        answer = await one.renew(PATH + "/token", FORM + renewal_of(address))
        fresh = answer.problem
        return (
            answer,
            [(await one.get(PATH, bearer)).status for bearer in (fresh["access_token"], token(address))],
            one.verified,
        )

    answer, statuses, verified = answers(node, play)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert {"token_type": "Bearer", "expires_in": 300}.items() <= answer.problem.items()
    assert statuses == [200, 200]
    assert verified == [("Bearer consumer", "ville")]


def test_a_renewal_token_can_be_used_again(node: Any) -> None:
    """An answer that is lost on the way must not lock the consumer out."""

    async def play(one: Any, address: Any) -> Any:
        answers = [await one.renew(PATH + "/token", FORM + renewal_of(address)) for _ in range(2)]
        return {answer.problem["access_token"] for answer in answers}

    assert len(answers(node, play)) == 2


def test_renewing_forgets_expired_tokens(node: Any) -> None:
    clock = VirtualClock()

    async def play(one: Any, address: Any) -> int:
        for _ in range(3):
            clock.advance(timedelta(seconds=301))
            await one.renew(PATH + "/token", FORM + renewal_of(address))
        return await one.store.read(lambda tx: tx.connection.exec_driver_sql("SELECT count(*) FROM grants").scalar())

    assert answers(node, play, clock=clock) == 2


def test_a_renewal_token_is_worth_nothing_to_somebody_else(node: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        one.speaker = "did:web:thief.example"
        return await one.renew(PATH + "/token", FORM + renewal_of(address))

    assert answers(node, play).status == 401


def test_a_renewal_needs_an_identity(node: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        return await one.renew(PATH + "/token", FORM + renewal_of(address), None)

    reply = answers(node, play)
    assert (reply.status, reply.problem["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("wrong", ["unknown", "access token", "other address"])
def test_only_the_renewal_token_of_the_address_renews(node: Any, token: Any, wrong: str) -> None:
    async def play(one: Any, address: Any) -> Any:
        renewal = {"unknown": "A" * 43, "access token": token(address)}.get(wrong, renewal_of(address))
        path = "/data/urn:uuid:other" if wrong == "other address" else PATH
        return await one.renew(path + "/token", FORM + renewal)

    assert answers(node, play).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("grant_type=refresh_token", 400),
        ("refresh_token=x", 400),
        ("grant_type=password&refresh_token=x", 400),
        ("grant_type=refresh_token&refresh_token=x&refresh_token=y", 400),
        ("&".join(["a=1"] * 50), 400),
        (FORM + quote("é"), 401),
        ("x" * 9000, 413),
    ],
)
def test_a_malformed_form_is_refused(node: Any, body: str, status: int) -> None:
    async def play(one: Any, address: Any) -> Any:
        return await one.renew(PATH + "/token", body)

    assert answers(node, play).status == status


@pytest.mark.parametrize("state", ["SUSPENDED", "TERMINATED"])
def test_nothing_is_renewed_once_the_transfer_stopped(node: Any, state: str) -> None:
    async def play(one: Any, address: Any) -> Any:
        await one.stop(state=state)
        return await one.renew(PATH + "/token", FORM + renewal_of(address))

    assert answers(node, play).status == 401


def test_nothing_is_renewed_against_the_policy(node: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        return await one.renew(PATH + "/token", FORM + renewal_of(address))

    refuse = Verdict(False, None, {"fr": "Non.", "en": "No."})
    assert answers(node, play, permits=lambda tx, flow: refuse).status == 403


def test_a_renewal_is_a_post(node: Any) -> None:
    async def play(one: Any, address: Any) -> Any:
        return await one.get(PATH + "/token", None)

    reply = answers(node, play)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
