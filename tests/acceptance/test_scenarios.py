"""The five offers of the Pays de Démo between two nodes: refused while nothing is attested, agreed once it is."""

import asyncio
import json
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node
from connector.services import facts
from connector.services.attest import Attest, Said
from connector.services.catalogue import PeerRefused
from connector.store import agreements
from policies.scenarios import METROPOLE, SCENARIOS, Scenario
from tests.harness import nodes
from tests.harness.nodes import BY

WHO = "La déléguée à la protection des données"
NEEDS: dict[str, tuple[Said, ...]] = {
    "S1": (Said("category", "Collectivite", "Le directeur général des services"),),
    "S2": (Said("dpo", "urn:test:s2", WHO),),
    "S3": (),
    "S4": (),
    "S5": (Said("dpo", "urn:test:s5", WHO),),
}
"""What is attested of the partner for each; the smallest count in a cell is declared with the dataset."""
FREE = {"S3", "S4"}


async def publish(provider: Node, scenario: Scenario, partner: str) -> str:
    """Publish a scenario's offer for the partner of this run; return its dataset."""
    name = scenario.name.lower()
    policy = json.loads(json.dumps(scenario.offer).replace(METROPOLE, partner))
    await nodes.publish(provider, name, policy=policy)
    source, document = {"kind": "file", "path": f"{name}.csv"}, {facts.MIN_CELL_COUNT: 11}
    dataset = f"urn:test:{name}"
    await provider.publish.put_dataset(ROOT, dataset_id=dataset, title=name, source=source, document=document, by=BY)
    return dataset


async def is_seen(consumer: Node, provider: Node, dataset: str) -> bool:
    try:
        await consumer.catalogue.look_up(ROOT, provider.addresses.did(ROOT), dataset)
    except PeerRefused:
        return False
    return True


def test_all_five_are_agreed_once_what_they_ask_for_is_attested(tmp_path: Path) -> None:
    async def play() -> dict[str, Any]:
        found = {}
        async with (
            nodes.running(tmp_path / "fournisseur") as provider,
            nodes.running(tmp_path / "metropole") as consumer,
        ):
            await nodes.acquaint(consumer, provider)
            partner = await nodes.acquaint(provider, consumer)
            for scenario in SCENARIOS:
                dataset = await publish(provider, scenario, partner)
                assert await is_seen(consumer, provider, dataset) == (scenario.name in FREE), scenario.name
                for said in NEEDS[scenario.name]:
                    await Attest(provider.store).attest(ROOT, partner, said, by=BY)
                agreement = await nodes.agreed(consumer, provider, dataset)
                found[scenario.name] = await consumer.store.read(lambda tx, of=agreement: agreements.load(tx, ROOT, of))
                delivery = await consumer.transfer.request(ROOT, agreement, by=BY)
                await nodes.until_transfer(consumer, delivery.pid, "STARTED", within_s=60)
        return found

    found = asyncio.run(play())
    assert [one.status for one in found.values()] == ["active"] * 5
    assert {name for name, one in found.items() if one.accepted_terms} == {"S1", "S2", "S3", "S4", "S5"}
