"""The whole path in one call, with both clients, on two real nodes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connector.sdk import AsyncClient, Client, Unfinished
from tests.harness.nodes import publish
from tests.harness.threaded import Running

CONTENT = b"id,x,y\n1,2,3\n"


def yes(_: Any) -> bool:
    return True


def test_both_clients_go_the_whole_way(consumer: Running, provider: Running, api: Client) -> None:
    provider.do(publish(provider.node, "both-ways"))
    told: list[Any] = []
    seen: list[Any] = []

    async def agree(terms: Any) -> bool:
        told.append(terms)
        return True

    async def get() -> Any:
        async with AsyncClient(consumer.url, consumer.key, language="en") as client:
            return await client.get(
                provider.did, "urn:test:both-ways", to="both/a.csv", accept=agree, progress=seen.append
            )

    first = asyncio.run(get())
    second = api.get(provider.did, "urn:test:both-ways", to="both/b.csv")
    assert [one["is_new_agreement"] for one in (first, second)] == [True, False]
    assert first["sha256"] == second["sha256"]
    assert [Path(one["path"]).read_bytes() for one in (first, second)] == [CONTENT, CONTENT]
    assert [(one.title, one.sentences, one.is_counter_offer) for one in told] == [
        ("both-ways", ["You may use this dataset."], False)
    ]
    assert (seen[-1]["status"], seen[-1]["done_bytes"]) == ("done", len(CONTENT))


def test_what_was_shown_is_what_is_requested(api: Client, provider: Running) -> None:
    offer = provider.do(publish(provider.node, "shown"))
    provider_terms: list[Any] = []

    def accept_while_the_offer_changes(terms: Any) -> bool:
        provider_terms.append(terms.offer)
        rule = {"action": "use", "constraint": [LATER]}
        with Client(provider.url, provider.key) as client:
            client.put_offer(offer, "urn:test:shown", {"permission": [rule]}, "automatic")
        return True

    with pytest.raises(Unfinished) as ended:
        api.get(provider.did, "urn:test:shown", to="shown.csv", accept=accept_while_the_offer_changes, timeout_s=1)
    assert ended.value.code in ("waiting", "refused")
    asked = api.show_negotiation(api.list_negotiations(dataset="urn:test:shown")["items"][0]["pid"])
    assert asked["terms"] == ["You may use this dataset."]
    assert asked["state"] != "FINALIZED"


LATER = {
    "leftOperand": "odrl:dateTime",
    "operator": "lteq",
    "rightOperand": {"@type": "xsd:dateTime", "@value": "2099-01-01T00:00:00Z"},
}


def test_several_callers_of_one_dataset_each_get_their_own_file(consumer: Running, provider: Running) -> None:
    provider.do(publish(provider.node, "crowd"))

    async def get_all() -> list[Any]:
        async with AsyncClient(consumer.url, consumer.key) as client:
            await client.get(provider.did, "urn:test:crowd", to="crowd/0.csv", accept=yes)
            return await asyncio.gather(
                *(client.get(provider.did, "urn:test:crowd", to=f"crowd/{n}.csv") for n in (1, 2, 3)),
            )

    for n, one in enumerate(asyncio.run(get_all()), start=1):
        assert (Path(one["path"]).name, Path(one["path"]).read_bytes()) == (f"{n}.csv", CONTENT)
