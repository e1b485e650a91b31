"""Time-stamps on concluded contracts: the job `timestamp` asks for them, and those that a partner brings are checked.

A contract is valid without any; a time-stamp keeps it provable after its certificates have ended. Both seals and the
conclusion get one, if it can be had within a day of the seal: a later one would prove less than it seems to. Until then
the contract says *horodatage en attente*. What was added is handed to the partner, so that both hold the same proof.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.identity.timestamps import Authorities, Stamp, TimeStamper, TimeStamperFailed, TimeStampRefused
from connector.problems import Problem
from connector.services import notices
from connector.services.deciders import CARRIED_THROUGH
from connector.services.exchange import PEER_FAILURES
from connector.store import contracts, journal, negotiations
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from contracts.canonical import sha256
from contracts.jws import CONCLUSION, CONTRACT, Sealed, read_sealed
from contracts.seals import LEEWAY, sealed_at
from contracts.timestamps import add_token, merge, stamped_bytes, tokens

JOB = "timestamp"
WITHIN = timedelta(hours=24)
"""How long after a seal a time-stamp of it is taken: so long do verifiers take it for the time of the seal."""
SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=5)
"""Between two tries when the authority does not answer: half as long again as it has not, within these."""
SEALS = 3
"""Of a concluded contract: both parties' and that on the conclusion."""
_FAILURES = (TimeStamperFailed, *PEER_FAILURES)

log = logging.getLogger("pupitre.services")


@dataclass(frozen=True, slots=True)
class Place:
    """A seal that may bear time-stamps: in the contract or in its conclusion, and which of them."""

    media_type: str
    sealed: Sealed
    place: int

    @property
    def message(self) -> bytes:
        return stamped_bytes(self.sealed, self.place)

    @property
    def sealed_at(self) -> datetime:
        return sealed_at(self.sealed.signatures[self.place])

    def check_time(self, stamp: Stamp) -> None:
        """Refuse a time-stamp of before the seal, or of a day after it. Raises TimeStampRefused."""
        if not -LEEWAY <= stamp.at - self.sealed_at <= WITHIN:
            at, sealed = f"{stamp.at:%FT%TZ}", f"{self.sealed_at:%FT%TZ}"
            raise TimeStampRefused({"fr": f"Il est du {at}, le cachet du {sealed}.", "en": f"{at}, seal {sealed}."})


class Stamping:
    """The time-stamps of contracts."""

    def __init__(self, store: Store, authorities: Authorities, stamper: TimeStamper | None) -> None:
        """`stamper`: whom to ask; None: nobody, and what partners bring is checked all the same."""
        self._store = store
        self._authorities = authorities
        self._stamper = stamper

    # --- ours ---------------------------------------------------------------------------------------------------------

    async def __call__(self, job: Job) -> datetime | None:
        """Have what lacks a time-stamp stamped (key: the negotiation); return when to try again."""
        contract = await self._store.read(lambda tx: contracts.find(tx, job.owner, job.key))
        if contract is None or contract.status != "concluded":
            return None
        found: dict[str, str] = {}
        lacks, now = list(lacking(contract)), self._store.clock.now()
        missing = [one for one in lacks if now - one.sealed_at <= WITHIN]
        if self._stamper is None or (lacks and not missing):
            await self._store.write(lambda tx: _missed(tx, job), about=job.key)
            return None
        failure = await self._stamp(self._stamper, missing, found)
        if found:
            await self._store.write(lambda tx: _added(tx, job, found), about=job.key)
        if failure is None:
            return None if len(missing) == len(lacks) else now
        told = {"owner": job.owner, "negotiation": job.key, "problem": failure.code, "cause": failure.detail["en"]}
        log.warning("no time-stamp", extra=told)
        waited = now - min(one.sealed_at for one in missing)
        return now + min(max(waited / 2, SOONEST), LATEST)

    async def _stamp(self, stamper: TimeStamper, missing: list[Place], found: dict[str, str]) -> Problem | None:
        """Add time-stamps, by media type, until one cannot be had; return why."""
        try:
            for one in missing:
                stamp = await stamper.stamp(one.message)
                one.check_time(stamp)
                text = found.get(one.media_type, one.sealed.text)
                found[one.media_type] = add_token(text, one.place, stamp.token)
        except (*_FAILURES, TimeStampRefused) as error:
            return error
        return None

    # --- theirs -------------------------------------------------------------------------------------------------------

    def check(self, contract: StoredContract, brought: Sealed) -> None:
        """Check every time-stamp that a partner brings and that we do not hold.

        Raises OtherContract or BadTimeStampToken when it is not our document with time-stamps added, TimeStampRefused.
        """
        media_type = brought.signatures[0].header["cty"]
        ours = _texts(contract)[media_type]
        held = read_sealed(ours)
        merge(ours, brought.text)
        for place in range(len(held.signatures)):
            at, known = Place(media_type, held, place), tokens(held, place)
            for token in tokens(brought, place):
                if token not in known:
                    at.check_time(self._authorities.read(token, at.message))


def begin(tx: Tx, contract: StoredContract) -> None:
    """Have time-stamps asked for, now that a contract is concluded; the caller saves it."""
    contract.timestamps = "pending"
    tx.enqueue(Job(JOB, contract.owner, contract.negotiation))


def lacking(contract: StoredContract) -> Iterator[Place]:
    """Yield the seals of a concluded contract that bear no time-stamp."""
    for media_type, text in _texts(contract).items():
        sealed = read_sealed(text)
        for place in range(len(sealed.signatures)):
            if not tokens(sealed, place):
                yield Place(media_type, sealed, place)


def take(tx: Tx, contract: StoredContract, brought: Sealed) -> bool:
    """Keep the time-stamps that were checked; False when we hold them. The rows are locked."""
    media_type = brought.signatures[0].header["cty"]
    return _keep(tx, contract, {media_type: brought.text}, "partner")


def _added(tx: Tx, job: Job, found: dict[str, str]) -> None:
    """Keep what the authority gave, and hand it to the partner."""
    negotiations.load(tx, job.owner, job.key)
    contract = contracts.find(tx, job.owner, job.key)
    if contract is None or not _keep(tx, contract, found, "authority"):
        return
    for media_type in found:
        notices.order(tx, contract, "timestamp", by=CARRIED_THROUGH, jws=_texts(contract)[media_type])


def _keep(tx: Tx, contract: StoredContract, found: dict[str, str], source: str) -> bool:
    before = _texts(contract)
    after = {name: merge(text, found[name]) if name in found else text for name, text in before.items()}
    if after == before:
        return False
    contract.jws, contract.conclusion = after[CONTRACT], after[CONCLUSION]
    if not list(lacking(contract)):
        contract.timestamps = "complete"
    elif contract.timestamps == "none":
        contract.timestamps = "partial"
    contracts.save(tx, contract)
    told = {"contract": contract.id, "from": source, "sha256": [sha256(after[name]) for name in found]}
    journal.append(tx, contract.owner, contract.negotiation, "time-stamped", told)
    return True


def _missed(tx: Tx, job: Job) -> None:
    """Ask no more: it is too late, or nobody is asked any more."""
    negotiations.load(tx, job.owner, job.key)
    contract = contracts.find(tx, job.owner, job.key)
    if contract is None or contract.timestamps != "pending":
        return
    contract.timestamps = "partial" if len(list(lacking(contract))) < SEALS else "none"
    contracts.save(tx, contract)
    journal.append(tx, job.owner, job.key, "timestamp-missed", {"within_s": int(WITHIN.total_seconds())})


def _texts(contract: StoredContract) -> dict[str, str]:
    """Return what bears seals in a concluded contract, by its media type."""
    return {CONTRACT: contract.jws or "", CONCLUSION: contract.conclusion or ""}
