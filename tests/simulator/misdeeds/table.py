"""What a partner that means harm may do: one named misdeed a row, each a small function.

A misdeed is given the partner and what its node says or answers, and returns what goes in its place: several things,
nothing, or something at another address. See harmful.py for whose hand it is, harmed.py for what must hold all the
same.
"""

from collections.abc import Iterator, Mapping

from connector.protocol import negotiation as n
from connector.protocol.extensions import CONCLUSION, SEAL
from connector.protocol.machine import Role
from tests.simulator.harmful import Misdeed, without
from tests.simulator.misdeeds.afterwards import AFTERWARDS
from tests.simulator.misdeeds.agreements import AGREEMENTS
from tests.simulator.misdeeds.answers import ANSWERS, FIRST_ANSWERS, STATES, Reply, status
from tests.simulator.misdeeds.deliveries import EARLY, REQUESTS, asked
from tests.simulator.misdeeds.documents import DIDS, LISTS
from tests.simulator.misdeeds.evidence import NOTICES, POSTS, SAID
from tests.simulator.misdeeds.hands import Hand
from tests.simulator.misdeeds.messages import ANY, FIRST
from tests.simulator.misdeeds.messages import REQUESTS as TERMS
from tests.simulator.misdeeds.seals import CONCLUSIONS, DOCUMENTS, EVERY_SEAL, on

DONE = {**AFTERWARDS, **NOTICES, **POSTS}
"""What is done once a contract is concluded, and answered with a no."""
SENT_BY = {
    n.REQUEST: Role.CONSUMER,
    n.ACCEPT: Role.CONSUMER,
    n.VERIFICATION: Role.CONSUMER,
    n.OFFER: Role.PROVIDER,
    n.AGREEMENT: Role.PROVIDER,
    n.FINALIZE: Role.PROVIDER,
}
CARRIED = {n.AGREEMENT: SEAL, n.VERIFICATION: SEAL, n.FINALIZE: CONCLUSION}
"""Which messages carry something sealed, and where."""
ONCE = 1
"""After a message that was spoilt, its node says the true one if it tries again."""


def occasions(misdeed: Misdeed) -> list[tuple[Role, str]]:
    """Return where a misdeed can be committed: the honest node's role, and how the two began."""
    at = misdeed.also[0].at if misdeed.at == "state" else misdeed.at
    said = at.removeprefix("answer ")
    either = list(Role) if misdeed.role is None else [misdeed.role]
    roles = either if said not in SENT_BY else [SENT_BY[said] if at != said else SENT_BY[said].other]
    plots = {n.OFFER: ["offered"], n.ACCEPT: ["offered"], n.REQUEST: ["automatic", "manual"]}
    return [(role, plot) for role in roles for plot in plots.get(said, ["automatic", "offered", "impatient"])]


def _messages() -> Iterator[Misdeed]:
    yield from (Misdeed(name, "any message", does, ONCE) for name, does in ANY.items())
    for kind in (n.REQUEST, n.OFFER):
        yield from _at(kind, {**TERMS, **FIRST}, ONCE)
    yield from _at(n.AGREEMENT, AGREEMENTS)
    for kind, member in CARRIED.items():
        yield Misdeed(f"{kind}: no seal", kind, lambda by, m, member=member: [without(m, member)])
        yield from _at(kind, {f"its seal is {name}": on(member, does) for name, does in EVERY_SEAL.items()})
    for kind in (n.AGREEMENT, n.VERIFICATION):
        yield from _at(kind, {name: on(SEAL, does) for name, does in DOCUMENTS.items()})
    yield from _at(n.FINALIZE, {name: on(CONCLUSION, does) for name, does in CONCLUSIONS.items()})
    yield from (Misdeed(name, name.partition(":")[0], does) for name, does in EARLY.items())
    yield from _overtaking(n.REQUEST, n.AGREEMENT, "providerPid")
    yield from _overtaking(n.OFFER, n.ACCEPT, "consumerPid")


def _at(kind: str, table: Mapping[str, Hand], times: int = 1_000) -> Iterator[Misdeed]:
    return (Misdeed(f"{kind}: {name}", kind, does, times) for name, does in table.items())


def _overtaking(first: str, then: str, pid: str) -> Iterator[Misdeed]:
    """Yield what its node says before it has answered the first message."""
    late = (Misdeed("no answer yet", f"answer {first}", status(503), 1),)
    yield Misdeed(f"{then} before any answer", then, lambda by, m: [{**m, "x": 1}], also=late)
    yield Misdeed(
        f"{then} before any answer, with a pid that is taken",
        then,
        lambda by, m: [{**m, pid: by.earlier.theirs}],
        also=late,
    )


def _answers() -> Iterator[Misdeed]:
    for kind in SENT_BY:
        yield from _answer(f"answer {kind}", ANSWERS)
    for kind in (n.REQUEST, n.OFFER):
        yield from _answer(f"answer {kind}", FIRST_ANSWERS)
    yield from _asked(n.AGREEMENT, n.VERIFICATION, besides="agreed")
    yield from _asked(n.VERIFICATION, n.FINALIZE, besides="verified")


def _asked(ours: str, theirs: str, *, besides: str) -> Iterator[Misdeed]:
    """Yield what it says when it is asked for its state, for it has answered nothing: but for what is true."""
    silent = (Misdeed("no answer", f"answer {ours}", status(500), 1), Misdeed("no word", theirs, lambda by, m: [], 1))
    for name, (does, times) in STATES.items():
        if name != besides:
            yield Misdeed(f"asked after {ours}: {name}", "state", does, times, also=silent)


def _answer(at: str, table: Mapping[str, tuple[Reply, int]]) -> Iterator[Misdeed]:
    return (Misdeed(f"{at}: {name}", at, does, times) for name, (does, times) in table.items())


def _shown() -> Iterator[Misdeed]:
    yield from (Misdeed(name, "/did-history.json", does, rotates=True) for name, does in LISTS.items())
    yield from (Misdeed(name, "/did.json", does) for name, does in DIDS.items())


def _afterwards() -> Iterator[Misdeed]:
    yield from (Misdeed(name, "afterwards", does) for name, does in DONE.items())
    yield from (Misdeed(name, "afterwards", does, role=Role.PROVIDER) for name, does in REQUESTS.items())
    yield Misdeed("data of which it is the provider", "afterwards", lambda by: [asked(by)], role=Role.CONSUMER)
    yield from (Misdeed(name, "afterwards", does, answers=tuple(told)) for name, (does, *told) in SAID.items())


MISDEEDS = [*_messages(), *_answers(), *_shown(), *_afterwards()]
NAMED = {misdeed.name: misdeed for misdeed in MISDEEDS}
