"""How a negotiation between two nodes that seal may end, and nothing between: what counts on both sides, or on none."""

from connector.app import ROOT
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from contracts.checks import check_seal
from contracts.conclusion import check_conclusion
from tests.sealing.pair import Pair

BOTH = (Role.PROVIDER, Role.CONSUMER)


async def concluded(pair: Pair, pid: str) -> None:
    """Assert that both sides hold the same concluded contract, with one seal of each."""
    ours, theirs = [await pair.contract(role, pid) for role in BOTH]
    assert ours is not None
    assert theirs is not None
    assert (ours.status, theirs.status) == ("concluded", "concluded")
    assert (ours.id, ours.sha256, ours.jws, ours.conclusion) == (
        theirs.id, theirs.sha256, theirs.jws, theirs.conclusion,
    )  # fmt: skip
    sealed, history = check_seal(ours.jws or ""), pair.node(Role.PROVIDER).seals.history(ROOT)
    check_conclusion(ours.conclusion or "", sealed, keys={one.kid: one.certificate_sha256 for one in history.keys})
    for role in BOTH:
        seals = await pair.seals(role, pid)
        assert {one: seal.sha256 for one, seal in seals.items()} == {
            one: signature.sha256 for one, signature in zip(BOTH, sealed.signatures, strict=True)
        }
        assert sorted(told["role"] for told in await pair.journal(role, pid, "sealed")) == ["consumer", "provider"]
        assert await pair.journal(role, pid, "seal-unused") == []


async def unused(pair: Pair, pid: str, code: str) -> None:
    """Assert that both sides ended the negotiation for this reason, and that nothing counts."""
    await ended(pair, pid)
    (ending,) = pair.sent(n.TERMINATION)
    assert ending["code"] == code
    assert ending["reason"]


async def ended(pair: Pair, pid: str) -> None:
    """Assert that both sides ended the negotiation and that nothing counts; a seal that was put is explained."""
    for role in BOTH:
        row, contract = await pair.row(role, pid), await pair.contract(role, pid)
        assert (row.state, row.intent, row.pending) == (n.TERMINATED, None, None)
        assert contract is None or contract.status == "unused"
        if contract is not None and contract.jws is not None:
            assert contract.reason
            assert await pair.journal(role, pid, "seal-unused")


async def both_or_neither(pair: Pair, pid: str) -> None:
    """Assert that the contract is concluded on both sides, or that both ended without it."""
    is_final = (await pair.row(Role.CONSUMER, pid)).state == n.FINALIZED
    await (concluded if is_final else ended)(pair, pid)
