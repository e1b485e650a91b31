"""A partner that means harm: with valid credentials and keys it changes what it may, and the honest node is unharmed.

Each misdeed of the table is committed at least once, so that one which changes nothing is noticed. What must hold is
in harm.py. Beside that, each harm that was once done has a test here that names it.
"""

import json
import logging
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.app import ROOT
from connector.identity.errors import SealsRefused
from connector.peer.client import Call
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.store import contracts, journal, negotiations
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from contracts.refused import NameTaken
from tests.simulator import network
from tests.simulator.harm import Meeting, books_of, transfers_of
from tests.simulator.harmed import Neighbourhood, make_template, play
from tests.simulator.harmful import Harmful, Misdeed, write
from tests.simulator.misdeeds.agreements import AGREEMENTS
from tests.simulator.misdeeds.deliveries import asked
from tests.simulator.misdeeds.evidence import post, sealed
from tests.simulator.misdeeds.messages import ANY
from tests.simulator.misdeeds.table import MISDEEDS, NAMED, occasions

MEMORY = Path("/dev/shm")
IN_ONE = 25
"""How many misdeeds are committed in one neighbourhood."""
ABOUT_SEALS = ("no seal any more in its place", "an agreement of another alphabet")
"""What changes nothing without seals; and a text that no document holds, of which the log says that none was sealed."""
SAMPLE = 24
"""How many are where all would take too long."""


UNSEALED = [*ANY, *(f"{n.AGREEMENT}: {name}" for name in AGREEMENTS if name not in ABOUT_SEALS)]
"""What a partner may do that does not seal."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one, with the three nodes from which every neighbourhood starts."""
    with tempfile.TemporaryDirectory(prefix="harm", dir=MEMORY if MEMORY.is_dir() else None) as name:
        make_template(Path(name) / "template")
        yield Path(name)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is logged is heard by the judge, and shown to nobody."""
    root = logging.getLogger()
    nobody = logging.NullHandler()
    root.addHandler(nobody)
    yield
    root.removeHandler(nobody)


def commit(folder: Path, seed: int, misdeeds: Sequence[Misdeed], *, is_sealing: bool = True) -> None:
    """Have misdeeds committed one after the other, each until it has changed something; a failure names it."""

    async def scene(here: Neighbourhood) -> None:
        if not is_sealing:
            await here.unseal()
        for misdeed in misdeeds:
            chances = occasions(misdeed)
            here.chance.shuffle(chances)
            for role, plot in chances:
                faults = await here.meet(role, plot, misdeed)
                if faults:
                    told = "\n".join((*faults, *here.meeting.told))
                    pytest.fail(f"seed {seed}, {misdeed.name}; the honest {role}, {plot}:\n{told}", pytrace=False)
                if here.met[misdeed.name]:
                    break
            else:
                pytest.fail(f"seed {seed}: {misdeed.name} changes nothing", pytrace=False)

    play(folder, seed, scene, has_own_signers=seed % 3 > 0)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(MISDEEDS), IN_ONE))
def test_no_misdeed_harms_an_honest_node(folder: Path, first: int) -> None:
    commit(folder, first // IN_ONE, MISDEEDS[first : first + IN_ONE])


@pytest.mark.slow
def test_no_misdeed_of_a_partner_that_does_not_seal_harms_an_honest_node(folder: Path) -> None:
    commit(folder, 1_001, [NAMED[name] for name in UNSEALED], is_sealing=False)


def test_some_misdeeds_harm_no_honest_node(folder: Path) -> None:
    commit(folder, 1_000, random.Random("some misdeeds").sample(MISDEEDS, SAMPLE))


def test_each_misdeed_has_a_name_of_its_own() -> None:
    assert len(NAMED) == len(MISDEEDS)


# --- harms that were done once ----------------------------------------------------------------------------------------


@dataclass
class Aftermath:
    """What a meeting left on the honest node."""

    row: Negotiation
    contract: StoredContract | None
    journal: list[Entry]

    @property
    def end(self) -> tuple[str, str]:
        """The state, and the code with which the honest node ended the negotiation, if it did."""
        sent = [json.loads(one.entry["body"]) for one in self.journal if one.kind == "sent"]
        return self.row.state, next((one["code"] for one in sent if one["@type"] == n.TERMINATION), "")

    def received(self, kind: str) -> int:
        """Return how many messages of a kind the honest node took."""
        return sum(one.kind == "received" and one.entry["message"] == kind for one in self.journal)


def meet(
    folder: Path,
    misdeed: str,
    role: Role,
    plot: str = "automatic",
    *,
    is_own: bool = True,
    is_sealing: bool = True,
) -> Aftermath:
    """Have one misdeed committed against an honest node in this role, which takes no harm; return what it left."""
    found: list[Aftermath] = []

    def unit(tx: Tx, pid: str) -> Aftermath:
        row, contract = negotiations.peek(tx, ROOT, pid), contracts.find(tx, ROOT, pid)
        return Aftermath(row, contract, journal.page(tx, ROOT, pid, limit=200))

    async def scene(here: Neighbourhood) -> None:
        if not is_sealing:
            await here.unseal()
        assert await here.meet(role, plot, NAMED[misdeed]) == []
        assert here.met[misdeed]
        (pid,) = here.meeting.pids
        found.append(await here.honest.store.read(lambda tx: unit(tx, pid)))

    play(folder, 2_000, scene, has_own_signers=is_own)
    return found[0]


OWN = pytest.mark.parametrize("is_own", [True, False], ids=["own", "elsewhere"])


@OWN
@pytest.mark.parametrize("whose", ["its own earlier agreement", "the agreement of somebody else"])
def test_an_agreement_that_is_refused_leaves_the_one_that_stands(folder: Path, whose: str, is_own: bool) -> None:
    left = meet(folder, f"{n.AGREEMENT}: {whose} in its place", Role.CONSUMER, is_own=is_own)
    assert left.end == (n.FINALIZED, "")
    assert left.received(n.AGREEMENT) == 1


@pytest.mark.parametrize("misdeed", ["twice, the second is another", f"{n.AGREEMENT}: no seal any more in its place"])
def test_an_agreement_that_is_drawn_up_anew_after_our_seal_ends_the_negotiation(folder: Path, misdeed: str) -> None:
    left = meet(folder, misdeed, Role.CONSUMER)
    assert left.end == (n.TERMINATED, "sealed-another")
    assert left.contract is not None
    assert left.contract.status == "unused"


@OWN
@pytest.mark.parametrize(
    "of", ["our contract with somebody else", "our negotiation with somebody else", "an earlier contract"]
)
def test_a_contract_by_the_name_of_another_is_refused(folder: Path, of: str, is_own: bool) -> None:
    left = meet(folder, f"{n.AGREEMENT}: the name of {of}", Role.CONSUMER, is_own=is_own)
    assert left.end == (n.TERMINATED, NameTaken.code)


@pytest.mark.parametrize("named", ["our contract", "our negotiation"])
def test_an_agreement_by_the_name_of_a_contract_is_refused(folder: Path, named: str) -> None:
    left = meet(folder, f"{n.AGREEMENT}: an agreement named as {named} with somebody else", Role.CONSUMER)
    assert left.received(n.AGREEMENT) == 0
    assert left.row.agreement is None


def test_what_is_concluded_is_exported_whatever_normal_form_a_partner_writes_in(folder: Path) -> None:
    left = meet(folder, "an id of another alphabet", Role.CONSUMER)
    assert left.contract is not None
    assert left.contract.status == "concluded"


def test_the_identifier_of_another_process_in_an_answer_names_none(folder: Path) -> None:
    left = meet(folder, f"answer {n.REQUEST}: the pid of an earlier process", Role.CONSUMER)
    assert left.end == (n.FINALIZED, "")


def test_a_message_with_the_identifier_of_another_process_is_not_found(folder: Path) -> None:
    left = meet(folder, f"{n.AGREEMENT} before any answer, with a pid that is taken", Role.CONSUMER)
    assert left.received(n.AGREEMENT) == 0


@pytest.mark.parametrize("state", ["a state too deep", "a state with half a character"])
def test_a_state_that_cannot_be_read_says_nothing(folder: Path, state: str) -> None:
    left = meet(folder, f"asked after {n.AGREEMENT}: {state}", Role.PROVIDER)
    assert left.end == (n.FINALIZED, "")


def test_a_partner_whose_list_of_seal_keys_is_refused_is_told_so(folder: Path) -> None:
    left = meet(folder, "a list from the future", Role.CONSUMER)
    assert left.end == (n.TERMINATED, SealsRefused.code)


def test_why_an_agreement_is_refused_is_told_in_both_languages(folder: Path) -> None:
    left = meet(folder, f"{n.AGREEMENT}: another permission", Role.CONSUMER)
    assert left.end == (n.TERMINATED, "other-terms")


def test_one_sided_evidence_is_of_the_agreement_that_was_drawn_up_last(folder: Path) -> None:
    left = meet(folder, f"{n.AGREEMENT}: another agreement in its place", Role.CONSUMER, is_sealing=False)
    assert left.end == (n.FINALIZED, "")
    assert left.received(n.AGREEMENT) == 2
    assert left.contract is not None
    assert left.contract.status == "unilateral"


def test_who_is_no_party_to_a_contract_learns_and_changes_nothing(folder: Path) -> None:
    """Another partner has what the partner sealed, and hands it in, or asks for what was agreed with that one."""
    answers: list[tuple[int, str]] = []

    async def scene(here: Neighbourhood) -> None:
        bystander, honest = here.places["bystander"], here.places["honest"]
        own = here.pasts[Role.PROVIDER].own
        here.harmful = Harmful(here.places["harmful"], honest, own, here.pasts[Role.PROVIDER].foreign, here.chance)
        here.meeting = Meeting(Role.PROVIDER, "")
        before = await here.honest.store.read(lambda tx: books_of(tx, here.pasts))
        node = await bystander.wake(here.clock, here.net)
        said = [post(here.harmful, own.jws), post(here.harmful, own.conclusion), asked(here.harmful)]
        said += [post(here.harmful, sealed(here.harmful, kind)) for kind in ("termination", "suspension", "receipt")]
        for one in said:
            headers = {"Authorization": await node.identity.token_for(ROOT, honest.did)}
            url = f"http://{honest.host}{one.path}"
            answer = await network.call_app(here.honest.public, Call("POST", url, headers, write(one.body)))
            answers.append((answer.status, json.loads(answer.body)["code"]))
        assert await here.honest.store.read(lambda tx: books_of(tx, here.pasts)) == before
        assert await transfers_of(here) == []

    play(folder, 2_001, scene)
    assert answers[:2] + answers[3:] == [(404, "not-found")] * 5
    assert answers[2][0] == 404
