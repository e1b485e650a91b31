"""The case: what the checks are handed, and what one check leaves for those after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.clock import Clock
from connector.identity.addresses import Addresses
from connector.identity.keys import Keys
from connector.peer.guard import Resolver
from connector.peer.probe import Probe, Sight
from connector.settings import Settings
from connector.store.participants import Hosted
from connector.store.peers import Peer
from connector.store.queue import Counts
from connector.store.replicas import Replica
from connector.store.seal_keys import SealKey
from connector.store.silence import Silence
from connector.store.webhooks import Webhook

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the database says, as far as the doctor needs it."""

    schema: int
    hosted: list[Hosted]
    partners: list[Peer]
    silences: list[tuple[str, Silence]]
    """(owner, silence)."""
    jobs: Counts
    replicas: list[Replica]
    webhooks: list[Webhook]
    """Those that do not get their events now."""
    seals: list[SealKey] | None
    """None: the database is of a time before there were any."""
    unstamped: int
    """Concluded contracts that have been waiting for their time-stamps for longer than an authority takes to answer."""
    processes: Mapping[str, list[tuple[str, str, int]]]
    """`negotiations`, `transfers`, `datasets` → (owner, state, number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the doctor is asked: which settings, and which partner in particular."""

    config: Path | None
    environ: Mapping[str, str]
    clock: Clock
    peer: str | None = None
    resolver: Resolver | None = None
    """Another name server than the machine's."""


@dataclass(kw_only=True)
class Case:
    """One examination."""

    question: Question
    settings: Settings
    addresses: Addresses
    keys: Keys
    guarded: Probe
    """Looks at partners, as the node would."""
    own: Probe
    """Looks at our own public address, as far as that is possible from here."""
    local: Probe
    """Looks at our own listeners."""
    holdings: Holdings | None = None
    """None: the database could not be read."""
    is_running: bool = False
    sights: list[Sight] = field(default_factory=list)
    """Answers of partners' nodes."""
    answering: list[Peer] = field(default_factory=list)
    """Partners whose documents were read, with the keys that were pinned."""
    own_digests: dict[str, str] = field(default_factory=dict)
    """Owner → SHA-256 of its DID document as our own public address serves it."""

    @property
    def owners(self) -> list[str]:
        """Hosted participants; at least the first one, which every node has."""
        return [one.owner for one in self.holdings.hosted] if self.holdings and self.holdings.hosted else [ROOT]

    async def close(self) -> None:
        """Let go of the connections."""
        for probe in (self.guarded, self.own, self.local):
            await probe.close()


def open_case(question: Question, settings: Settings) -> Case:
    """Return a new case; an unusable `ca_file` is left out of it, since its own check says so."""
    usable = settings if can_be_read(settings.ca_file) else settings.model_copy(update={"ca_file": None})
    direct = usable.model_copy(update={"outgoing_proxy": None})
    clock, resolver = question.clock, question.resolver
    return Case(
        question=question,
        settings=settings,
        addresses=Addresses(settings.base_url, ROOT),
        keys=Keys(settings.data_dir),
        guarded=Probe(usable, clock, resolver),
        own=Probe(usable, clock, resolver, is_own=True),
        local=Probe(direct, clock, None, is_own=True),
    )


def can_be_read(ca_file: Path | None) -> bool:
    """True when the file of authorities is not set, or holds some."""
    import ssl

    try:
        ssl.create_default_context().load_verify_locations(ca_file) if ca_file is not None else None
    except OSError:
        return False
    return True
