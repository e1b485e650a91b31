"""Random histories of one process between two pure positions, joined by a channel that loses, repeats, delays, crosses.

Two ends talk: a consumer and a provider, on the negotiation's table in odd seeds and the transfer's in even ones. For a
while they decide anything legal at any time and the channel does its worst; then it heals, retries run until nothing
moves, letters that were held back all that time arrive after all, and it heals again. In every fourth history one end
is a peer that follows no rule of ours: like EDC it repeats without asking, knows no repetition, gives up at any 4xx.

What must hold, in each history:
- both ends agree on the state, or an end can see that they do not;
- no process of ours is left with a pending message, or in a round without end;
- a message takes effect at most once;
- a terminal state is never left.

A failure prints its seed; `History(seed, log=print).run()` tells it step by step.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connector.protocol import machine
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.machine import Arrival, Position, Role, Table
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER

OK, MALFORMED, NOT_FOUND, CONFLICT, BUSY = 200, 400, 404, 409, 503
PATIENCE = 4
"""Attempts after which a 409 is believed; EDC gives one to what reaches it too early."""
ROUNDS = 60
"""Rounds of retries after which a healed history counts as stuck."""

REDRAWN = 1_000_000
"""Between the numbers of a letter and of what was drawn up anew in its place."""


class Broken(AssertionError):
    """A history broke one of the promises."""


@dataclass(frozen=True)
class Letter:
    """A message on its way: `id` is its own `@id`, the same at each repetition."""

    id: int
    sender: Role
    kind: str
    digest: str
    is_first: bool


@dataclass(frozen=True)
class Reply:
    """The answer to a letter."""

    letter: Letter
    status: int


@dataclass(frozen=True)
class Question:
    """A GET of the other end's state, asked from this position; `refused` when it follows a 4xx."""

    asker: Role
    at: Position
    refused: bool = False


@dataclass(frozen=True)
class Told:
    """The answer to a question."""

    question: Question
    state: str | None


Parcel = Letter | Reply | Question | Told


@dataclass
class End:
    """One side that follows the rules, with what its store keeps: the position, the letter, what was processed."""

    table: Table
    role: Role
    at: Position | None = None
    letter: Letter | None = None
    attempts: int = 0
    knows_peer: bool = False
    processed: set[int] = field(default_factory=set)
    gave_way: set[int] = field(default_factory=set)
    effects: Counter[int] = field(default_factory=Counter)
    has_noticed: bool = False
    """Something came that cannot be if both ends agree; a person would be told."""

    def stand(self, at: Position) -> None:
        if self.at is not None and self.table.is_terminal(self.at.state) and at.state != self.at.state:
            raise Broken(f"the {self.role} left {self.at.state}")
        self.at = at
        if at.pending is None or (self.letter and at.pending != self.letter.kind):
            if self.letter and self.letter.kind in at.given_up:
                self.gave_way.add(self.letter.id)
            self.letter = None

    def choices(self) -> list[str]:
        """Return the messages that could be sent now."""
        if self.at is None:
            return []
        legal = [row.message for row in self.table.rows if (row.source, row.sender) == (self.at.state, self.role)]
        if self.at.pending is None:
            return legal
        return [kind for kind in legal if kind == self.table.termination != self.at.pending]

    def decide(self, kind: str, digest: str, letter_id: int) -> Letter:
        assert self.at is not None
        letter = Letter(letter_id, self.role, kind, digest, self.at.state == self.table.initial)
        self.stand(machine.send(self.table, self.at, kind))
        self.letter, self.attempts = letter, 0
        return letter

    def receive(self, letter: Letter) -> int:
        if self.at is None and not letter.is_first:
            return NOT_FOUND
        if self.at is not None and letter.is_first:
            return OK  # unique on (owner, peer, peer's pid): the process that it opened is returned
        before = self.at or Position(self.role, self.table.initial)
        arrival = Arrival(letter.kind, letter.digest, letter.id in self.processed, is_identified=True)
        try:
            received = machine.receive(self.table, before, arrival)
        except Busy:
            return BUSY
        except IllegalTransition:
            self.has_noticed = True
            return MALFORMED
        self.knows_peer = True
        if not received.is_repeat:
            self.effects[letter.id] += 1
            self.processed.add(letter.id)
        self.stand(received.position)
        return OK

    def answered(self, letter: Letter, status: int) -> Question | None:
        """Take the answer to a letter of ours; a question follows a refusal, because it may be mistaken."""
        assert self.at is not None
        if self.letter != letter:
            if status == OK and letter.id in self.gave_way:
                self.has_noticed = True
                self.stand(machine.acknowledged(self.table, self.at, letter.kind))
            return None
        if status == OK:
            self.knows_peer = True
            self.stand(machine.acknowledged(self.table, self.at, letter.kind))
        elif status == BUSY:
            self.stand(machine.postponed(self.table, self.at))
        elif status == MALFORMED or (status == CONFLICT and self.attempts >= PATIENCE):
            return Question(self.role, self.at, refused=True)
        return None

    def told(self, told: Told) -> Letter | None:
        """Take the peer's state; return the letter that must be repeated. Stale if we moved since the question."""
        if self.at != told.question.at or told.state is None:
            return None
        self.stand(machine.observed(self.table, self.at, told.state))
        if self.letter and told.question.refused:
            self.has_noticed = True
            self.stand(machine.refused(self.at))
        return self.letter

    def retry(self) -> Parcel | None:
        """Return what to send again: a first letter as it is, anything else after a question; or a look."""
        if self.at is None:
            return None
        if self.letter is not None:
            self.attempts += 1
            return self.letter if self.letter.is_first and not self.knows_peer else Question(self.role, self.at)
        return Question(self.role, self.at) if self.at.given_up else None


class Stranger(End):
    """A peer without our rules: it repeats blindly, knows no repetition but of the last kind, and ends at any 4xx.

    An agreement that nobody answered it draws up anew, as EDC does.
    """

    def receive(self, letter: Letter) -> int:
        if self.at is None:
            return super().receive(letter)
        if self.at.pending is not None and letter.kind != self.table.termination and not letter.is_first:
            return CONFLICT
        if letter.is_first or (self.at.arrived and self.at.arrived.message == letter.kind):
            return OK
        target = self.table.step(self.at.state, letter.kind, self.role.other)
        if target is None:
            return CONFLICT
        self.stand(Position(self.role, target, arrived=Arrival(letter.kind, letter.digest)))
        return OK

    def answered(self, letter: Letter, status: int) -> Question | None:
        if self.letter != letter:
            return None
        if status == OK:
            return super().answered(letter, status)
        if status < 500 and letter.kind == self.table.termination:
            self.letter = None
        elif status < 500:
            self._end(letter.id)
        return None

    def retry(self) -> Parcel | None:
        if self.letter is not None and self.letter.kind in self.table.redrawn:
            number = self.letter.id + REDRAWN
            self.letter = replace(self.letter, id=number, digest=f"{self.letter.kind}/{number}")
        return self.letter

    def _end(self, letter_id: int) -> None:
        ended = next(row.target for row in self.table.rows if row.message == self.table.termination)
        self.at = Position(self.role, ended)
        self.letter = Letter(-letter_id, self.role, self.table.termination, "ended", False)


def _is_attempt(parcel: Parcel, role: Role) -> bool:
    match parcel:
        case Letter(sender=sender) | Reply(letter=Letter(sender=sender)):
            return sender is role
        case Question(asker=asker) | Told(question=Question(asker=asker)):
            return asker is role


class History:
    """One seeded history."""

    def __init__(self, seed: int, log: Callable[..., None] | None = None) -> None:
        self.chance = random.Random(seed)
        self.table = NEGOTIATION if seed % 2 else TRANSFER
        kinds = dict.fromkeys(Role, End)
        if seed % 8 in (3, 6):
            kinds[self.chance.choice(list(Role))] = Stranger
        self.ends = {role: kind(self.table, role) for role, kind in kinds.items()}
        self.with_stranger = Stranger in kinds.values()
        self.parcels: list[Parcel] = []
        self.letters = 0
        self.log = log or (lambda *_: None)
        self._begin()

    def run(self) -> None:
        """Let it happen, heal the channel, and judge. Raises Broken."""
        held_back: list[Parcel] = []
        for _ in range(self.chance.randrange(10, 70)):
            self._happen(held_back)
        self._heal()
        self.parcels += held_back
        self._heal()
        self._judge()

    @property
    def agrees(self) -> bool:
        consumer, provider = (end.at for end in self.ends.values())
        return consumer is not None and provider is not None and consumer.state == provider.state

    def _begin(self) -> None:
        by_provider = self.table is NEGOTIATION and self.chance.random() < 0.3
        end = self.ends[Role.PROVIDER if by_provider else Role.CONSUMER]
        end.at = Position(end.role, self.table.initial)
        self._decide(end)

    def _decide(self, end: End) -> None:
        choices = end.choices()
        kind = self.chance.choice(choices) if choices else None
        if kind is None or (kind == self.table.termination and self.chance.random() < 0.9):
            return
        self.letters += 1
        digest = kind + self.chance.choice(("", "", "/a", "/b"))
        self._post(end.decide(kind, digest, self.letters))

    def _happen(self, held_back: list[Parcel]) -> None:
        luck = self.chance.random()
        end = self.ends[self.chance.choice(list(Role))]
        if luck < 0.18:
            self._decide(end)
        elif luck < 0.30 and not (self.with_stranger and any(_is_attempt(one, end.role) for one in self.parcels)):
            self._post(end.retry())
        elif self.parcels:
            self._carry(held_back)

    def _carry(self, held_back: list[Parcel]) -> None:
        parcel = self.parcels.pop(self.chance.randrange(len(self.parcels)))
        luck = self.chance.random()
        if luck < 0.12:
            self.log("lost", parcel)
        elif luck < 0.15 and not self._is_fragile(parcel):
            held_back.append(parcel)
        else:
            if luck < 0.23 and not self._is_fragile(parcel):
                self.parcels.append(parcel)  # it will come a second time
            self._deliver(parcel)

    def _is_fragile(self, parcel: Parcel) -> bool:
        """True for our letter to a stranger: nobody can protect a peer without memory from a second copy."""
        return isinstance(parcel, Letter) and isinstance(self.ends[parcel.sender.other], Stranger)

    def _post(self, parcel: Parcel | None) -> None:
        if parcel is not None:
            self.parcels.append(parcel)

    def _deliver(self, parcel: Parcel) -> None:
        match parcel:
            case Letter():
                self._post(Reply(parcel, self.ends[parcel.sender.other].receive(parcel)))
            case Reply():
                self._post(self.ends[parcel.letter.sender].answered(parcel.letter, parcel.status))
            case Question():
                other = self.ends[parcel.asker.other].at
                self._post(Told(parcel, other.state if other else None))
            case Told():
                self._post(self.ends[parcel.question.asker].told(parcel))
        self.log(parcel, *(end.at for end in self.ends.values()))

    def _heal(self) -> None:
        """Carry everything in any order, and retry until nothing waits; looks alone do not count as waiting."""
        for _ in range(ROUNDS):
            while self.parcels:
                self._deliver(self.parcels.pop(self.chance.randrange(len(self.parcels))))
            for end in self.ends.values():
                self._post(end.retry())
            if not any(end.letter for end in self.ends.values()):
                break
        else:
            raise Broken("stuck")
        while self.parcels:
            self._deliver(self.parcels.pop())

    def _judge(self) -> None:
        for end in self.ends.values():
            if end.at is None or (end.letter and not isinstance(end, Stranger)):
                raise Broken(f"the {end.role} still waits")
            if end.effects and max(end.effects.values()) > 1:
                raise Broken("a message took effect twice")
        if not self.agrees and not self._is_visible():
            raise Broken(" ≠ ".join(end.at.state for end in self.ends.values() if end.at))

    def _is_visible(self) -> bool:
        """True when an end of ours has a reason to look: something gave way, or could not be if both agreed."""
        ours = [end for end in self.ends.values() if not isinstance(end, Stranger)]
        return any(end.has_noticed or (end.at and end.at.given_up) for end in ours)


def run_all(seeds: range) -> Counter[tuple[str, str]]:
    """Run the histories; return how many end how, for pairs by the rules and pairs with a stranger."""
    outcomes: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        history = History(seed)
        try:
            history.run()
        except Broken as fault:
            pytest.fail(f"history {seed}: {fault}")
        pair = "with a stranger" if history.with_stranger else "by the rules"
        outcomes[pair, "agree" if history.agrees else "differ visibly"] += 1
    print(f"histories {seeds}: {dict(outcomes)}")
    return outcomes


def test_two_ends_agree_whatever_the_channel_does() -> None:
    outcomes = run_all(range(4_000))
    assert outcomes["by the rules", "differ visibly"] <= 1
    assert outcomes["with a stranger", "differ visibly"] <= 10


@pytest.mark.slow
def test_two_ends_agree_in_forty_thousand_histories() -> None:
    """A letter that gave way and comes very late can part two ends that follow the rules: 4 of 30,000, all visibly."""
    outcomes = run_all(range(40_000))
    assert outcomes["by the rules", "differ visibly"] <= 6
    assert outcomes["with a stranger", "differ visibly"] <= 50


NAIVE: dict[str, tuple[str, Callable[..., Any]]] = {
    "1 implied acknowledgement": ("is_implied_acknowledgement", lambda table, at, now, then: False),
    "2 termination wins": ("termination_wins", lambda table, arrival: False),
    "3 provider holds": ("holds", lambda table, at, arrival, now: False),
    "4 ask before repeating": ("observed", lambda table, at, peer_state: at),
    "5 same again": ("is_same_again", lambda table, at, arrival: False),
}


@pytest.mark.parametrize("rule", NAIVE)
def test_without_a_rule_histories_break(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, *NAIVE[rule])
    broken = [seed for seed in range(4_000) if breaks(seed)]
    print(f"without rule {rule}: {len(broken)} of 4,000 histories break, the first is {broken[:1]}")
    assert len(broken) > 5  # with all rules: none or one


def breaks(seed: int) -> bool:
    try:
        history = History(seed)
        history.run()
    except Broken:
        return True
    return not history.agrees and not history.with_stranger
