"""What two nodes that ran as processes tell of what happened, counted in both databases."""

import json
from collections import Counter

from tests.harness.processes import Served
from tests.harness.stories import AGREED, STARTED, Pair

BOTH = ("consumer", "provider")
ENDS = {"negotiations": ("FINALIZED",), "transfers": ("STARTED", "COMPLETED")}
"""Where processes stand once they have continued as far as they can without a person."""


async def check_everything(of: Pair, dataset: str) -> None:
    """Assert that both sides tell the same of every process, and each message once."""
    for table in ENDS:
        query = f"SELECT pid, peer_pid, state, agreement FROM {table} WHERE dataset = ?"
        ours = {row[0]: row for row in await of.consumer.rows(query, dataset)}
        theirs = {row[1]: row for row in await of.provider.rows(query, dataset)}
        assert ours.keys() == theirs.keys()
        assert len(theirs) == len(await of.provider.rows(query, dataset))
        for pid, (_, peer_pid, state, agreement) in ours.items():
            assert theirs[pid] == (peer_pid, pid, state, agreement)
    query = "SELECT id, document, status FROM agreements WHERE dataset = ?"
    assert sorted(await of.consumer.rows(query, dataset)) == sorted(await of.provider.rows(query, dataset))
    await check_contracts(of, dataset)
    await check_journals(of, dataset)


async def check_contracts(of: Pair, dataset: str) -> None:
    """Assert that each agreement is one contract, concluded on both sides, with one seal of each; or counts on none."""
    sealed = "(SELECT jws FROM seals s WHERE s.owner = c.owner AND s.negotiation = c.negotiation ORDER BY role LIMIT 1)"
    contracts = f"SELECT c.sha256, {sealed}, c.conclusion, c.agreement, c.status FROM contracts c WHERE c.dataset = ?"
    final = "SELECT agreement FROM negotiations WHERE dataset = ? AND state = 'FINALIZED'"
    seals = (
        "SELECT c.agreement, s.role FROM contracts c"
        " JOIN seals s ON s.owner = c.owner AND s.negotiation = c.negotiation"
        " WHERE c.dataset = ? AND c.status = 'concluded'"
    )
    found = []
    for node in (of.consumer, of.provider):
        told = await node.rows(contracts, dataset)
        assert {row[-1] for row in told} <= {"concluded", "unused"}
        counted = sorted(row for row in told if row[-1] == "concluded")
        agreed = sorted(row[0] for row in await node.rows(final, dataset))
        assert sorted(row[3] for row in counted) == agreed
        assert sorted(await node.rows(seals, dataset)) == sorted((one, role) for one in agreed for role in BOTH)
        found.append(counted)
    assert found[0] == found[1]


async def check_journals(of: Pair, dataset: str) -> None:
    """Assert that each message of each process was sent once and took effect once."""
    sent, received = await said(of.consumer, dataset), await said(of.provider, dataset)
    for pid, (ours, theirs) in {pid: (sent[pid], received[pid]) for pid in sent}.items():
        assert ours["sent"] == theirs["received"], pid
        assert theirs["sent"] == ours["received"], pid
        every = ours["sent"] + theirs["sent"]
        assert set(every.values()) == {1}, (pid, every)
        assert {message for _, message in AGREED} <= set(every) or {message for _, message in STARTED} <= set(every)


async def said(node: Served, dataset: str) -> dict[str, dict[str, Counter[str]]]:
    """Return, by the consumer's pid of each process, how often the journal tells each message as sent and received."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for table in ("negotiations", "transfers"):
        query = (
            "SELECT p.pid, p.peer_pid, p.role, j.kind, j.entry FROM journal j"
            f" JOIN {table} p ON p.owner = j.owner AND p.pid = j.process WHERE p.dataset = ?"
        )
        for pid, peer_pid, role, kind, text in await node.rows(query, dataset):
            told = found.setdefault(pid if role == "consumer" else peer_pid, {"sent": Counter(), "received": Counter()})
            if kind in told:
                told[kind][json.loads(text)["entry"]["message"]] += 1
    return found
