"""Whether what the settings give opens the seal keys that there are: looked at before a person is surprised by it.

A node whose seal keys do not open starts all the same, since what was agreed goes on being delivered: what must be
sealed waits, and everywhere a person looks says so. No key is written under another secret than that of those in use,
else no setting would open them all. Reading files: not for the event loop.
"""

import errno
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from connector.clock import Clock
from connector.identity.errors import MissingSealKey, SealKeyLocked
from connector.identity.seal_keys import SealKeys
from connector.store.jobs import Handler, Job
from connector.store.seal_keys import SealKey

LOOK_AGAIN = timedelta(minutes=1)
"""When work that needs a seal key which does not open is looked at again."""

log = logging.getLogger("pupitre.services")


@dataclass(frozen=True, slots=True)
class Closed:
    """A key that should seal and does not open, and why."""

    key: SealKey
    problem: MissingSealKey | SealKeyLocked

    def say(self, language: str) -> str:
        """Return what this keeps from being done, why, and what to do, in one language."""
        owner, name = self.key.owner, self.key.name
        fr = f"L’organisme « {owner} » ne scelle rien avec sa clé {name} ; ce qui doit l’être attend."
        en = f"The participant “{owner}” seals nothing with its key {name}; what must be sealed waits."
        return " ".join(({"fr": fr, "en": en}[language], self.problem.say(language), self.problem.remedy[language]))


def closed(keys: SealKeys, wanted: Iterable[SealKey]) -> list[Closed]:
    """Return those of the keys that do not open; the others are open from now on, and touch no file again."""
    return [Closed(one, problem) for one in wanted if (problem := _fault(keys, one)) is not None]


def other_secret(keys: SealKeys, owner: str, present: Sequence[SealKey]) -> SealKeyLocked | None:
    """Return why the owner must not get a key under the secret in force; `present`: the present keys of all owners.

    The owner's own must open with it, unless its file is gone; without one, another owner's tells.
    """
    locked = {one.key.owner: one.problem for one in closed(keys, present) if isinstance(one.problem, SealKeyLocked)}
    if owner in locked:
        return locked[owner]
    is_told = any(keys.is_open(one.owner, one.name) for one in present)
    return None if is_told else next(iter(locked.values()), None)


def unwritten(path: Path, error: OSError) -> dict[str, str]:
    """Return why the file of a key could not be written, in words; the present key stays as it is."""
    causes = {
        errno.ENOSPC: ("le disque est plein", "the disk is full"),
        errno.EACCES: ("le compte du nœud n’y a pas le droit d’écrire", "the node's account may not write there"),
        errno.EROFS: ("ce disque est en lecture seule", "this disk is read-only"),
    }
    number = error.errno or 0
    fr, en = causes.get(number, (f"erreur {number} du système", f"error {number} of the system"))
    return {
        "fr": f"{path} n’a pas pu être écrit : {fr}. La clé de cachet présente reste comme elle est.",
        "en": f"{path} could not be written: {en}. The present seal key stays as it is.",
    }


def tell(found: Iterable[Closed], language: str) -> None:
    """Say in the log, to a person, which keys do not open."""
    for one in found:
        extra = {"owner": one.key.owner, "seal_key": one.key.name, "problem": one.problem.code}
        log.error(one.say(language), extra=extra)


def patient(handler: Handler, clock: Clock) -> Handler:
    """Return the handler of a job that waits, for as long as it takes, for a seal key that does not open."""

    async def handle(job: Job) -> datetime | None:
        try:
            return await handler(job)
        except (MissingSealKey, SealKeyLocked) as problem:
            extra = {"owner": job.owner, "job": job.kind, "key": job.key, "problem": problem.code}
            log.warning("waits for a seal key that does not open", extra=extra)
            return clock.now() + LOOK_AGAIN

    return handle


def _fault(keys: SealKeys, key: SealKey) -> MissingSealKey | SealKeyLocked | None:
    if keys.is_open(key.owner, key.name):
        return None
    try:
        keys.private(key.owner, key.name)
    except (MissingSealKey, SealKeyLocked) as problem:
        return problem
    return None
