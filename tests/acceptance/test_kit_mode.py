"""What the conformance kit tests is the node itself: only who speaks and who decides are replaced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app import Node, build_app
from connector.identity.errors import UnsafeIdentity
from connector.lab.mock_identity import MockIdentity
from connector.lab.scripted import Scripted
from connector.lab.static_identity import StaticIdentity
from connector.services.decide import OfferModes
from connector.settings import load

REPLACED = {"_identity", "_decisions", "identity"}


def build(folder: Path, *, in_kit_mode: bool = False, with_edc: bool = False) -> dict[str, Any]:
    """Build a node and describe how it is made."""

    async def main() -> dict[str, Any]:
        settings = load(environ={}, data_dir=folder)
        kit: dict[str, Any] = {}
        if in_kit_mode:
            kit = {"identity": StaticIdentity(settings, {}, "Bearer x"), "decisions": Scripted({}, {})}
        if with_edc:
            kit = {"identity": MockIdentity(settings, lambda owner: owner)}
        node = await build_app(settings, **kit)
        try:
            return {
                "routes": sorted(routes(node)),
                "rooms": {name: made_of(getattr(node, name)) for name in ("negotiate", "transfer", "catalogue")},
                "worker": made_of(node.worker),
                "tables": [node.negotiate.line.table, node.transfer.line.table],
                "jobs": sorted(node.jobs.handlers),
                "decisions": type(node.negotiate._decisions),
                "identity": type(node.identity).__name__,
            }
        finally:
            await node.close()

    return asyncio.run(main())


def made_of(room: Any) -> dict[str, str]:
    """Return the classes of a room's parts, but for the two that are replaced."""
    parts = {name: type(part).__qualname__ for name, part in vars(room).items() if name not in REPLACED}
    return {"class": type(room).__qualname__, **parts}


def routes(node: Node) -> Iterator[tuple[str, str]]:
    """Return (path, method) of everything below a participant's own addresses."""
    protocol: Any = node.public
    while not hasattr(protocol, "routes"):
        protocol = getattr(protocol, "_otherwise", None) or protocol._protocol
    yield from _flat(protocol.routes, "")


def _flat(found: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for route in found:
        if getattr(route, "routes", None):
            yield from _flat(route.routes, prefix + route.path)
        else:
            yield from ((prefix + route.path, method) for method in route.methods or ())


def test_kit_mode_differs_only_in_identity_and_decisions(tmp_path: Path) -> None:
    normal, kit = build(tmp_path / "normal"), build(tmp_path / "kit", in_kit_mode=True)
    assert (normal.pop("identity"), kit.pop("identity")) == ("DidWeb", "StaticIdentity")
    assert (normal.pop("decisions"), kit.pop("decisions")) == (OfferModes, Scripted)
    assert len(normal["routes"]) > 20
    assert normal == kit


def test_a_node_that_speaks_with_edc_differs_only_in_identity(tmp_path: Path) -> None:
    normal, laboratory = build(tmp_path / "normal"), build(tmp_path / "laboratory", with_edc=True)
    assert (normal.pop("identity"), laboratory.pop("identity")) == ("DidWeb", "MockIdentity")
    assert normal == laboratory


def test_the_laboratory_refuses_a_node_that_others_can_reach() -> None:
    settings = load(environ={}, public_url="https://node.example")
    with pytest.raises(UnsafeIdentity):
        StaticIdentity(settings, {"Bearer x": "did:web:anyone.example"}, "Bearer x")
