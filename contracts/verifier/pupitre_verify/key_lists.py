"""What a party says of its seal keys, in the order in which it said it.

A bundle holds a party's list of keys as of the export and, where that one says something else, the list that was in
force at the exporter's node when the contract was concluded. Both are the party's word, signed by it: so its later word
is held against its earlier one. Which is the earlier, their own dates say, and not the names of the files: those may be
exchanged by whoever packs a bundle.
"""

from dataclasses import dataclass
from datetime import datetime

from pupitre_verify.identities import KeyList, Revocation


@dataclass(frozen=True)
class Announced:
    """The first word of a party that its key is revoked."""

    revocation: Revocation
    issued_at: datetime | None
    """Of the list that says so first; None: that list has no date."""
    silent_at: datetime | None
    """Of an earlier list, which names the key and announces nothing; None: none is there."""


@dataclass(frozen=True)
class Said:
    """The lists of one party, the oldest first; one without a date comes last."""

    lists: tuple[KeyList, ...]

    @property
    def last(self) -> KeyList:
        """The newest of them."""
        return self.lists[-1]

    def names(self, kid: str, certificate_sha256: str) -> bool:
        """Return whether any of them names the key, with this certificate."""
        return any(one.names(kid, certificate_sha256) for one in self.lists)

    def announced(self, kid: str, certificate_sha256: str) -> Announced | None:
        """Return the first announcement that the key is revoked; what is said of that later changes nothing."""
        silent_at = None
        for one in self.lists:
            if not one.names(kid, certificate_sha256):
                continue
            revocation = one.revocation(kid, certificate_sha256)
            if revocation is not None:
                return Announced(revocation, one.issued_at, silent_at)
            silent_at = one.issued_at
        return None


def said(*lists: KeyList) -> Said:
    """Return the lists of one party in the order of their dates."""
    dated = sorted((one for one in lists if one.issued_at is not None), key=lambda one: str(one.issued_at))
    return Said((*dated, *(one for one in lists if one.issued_at is None)))
