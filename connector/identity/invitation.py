"""Invitations: one line by which an organisation makes itself known, to be given by a channel that people trust.

`invitation:ADDRESS,DID,FINGERPRINT`. The DID says where the documents are; the fingerprint says which key they must
show, so that whoever holds the line need not believe the network. It is no secret: it opens nothing.
"""

import re
from dataclasses import dataclass

from connector.peer.documents import document_url, normal_did
from connector.problems import Invalid, Problem

PREFIX = "invitation:"
FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
"""An RFC 7638 thumbprint: SHA-256 in base64url."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who invites, and with which key."""

    address: str
    did: str
    fingerprint: str

    def line(self) -> str:
        """Return the line that people pass on."""
        return f"{PREFIX}{self.address},{self.did},{self.fingerprint}"


def read(line: str, pointer: str = "/invitation") -> Invitation:
    """Return what the line says, its DID in normal form. Raises Invalid, saying what does not fit."""
    parts = line.strip().removeprefix(PREFIX).split(",")
    if not line.strip().startswith(PREFIX) or len(parts) != 3:
        fr, en = "Une invitation s’écrit", "An invitation is written"
        form = f"{PREFIX}ADRESSE,DID,EMPREINTE"
        raise Invalid({"fr": f"{fr} {form}.", "en": f"{en} {form}."}, pointer=pointer)
    address, did, fingerprint = parts
    try:
        did = normal_did(did)
    except Problem as problem:
        raise Invalid(problem.title, pointer=pointer) from None
    check_fingerprint(fingerprint, pointer)
    if not _lives_at(did, address.rstrip("/")):
        fr = "L’adresse et l’identifiant (DID) de cette invitation ne vont pas ensemble."
        en = "The address and the identifier (DID) of this invitation do not go together."
        raise Invalid({"fr": fr, "en": en}, pointer=pointer)
    return Invitation(address.rstrip("/"), did, fingerprint)


def check_fingerprint(text: str, pointer: str = "/fingerprint") -> None:
    """Raise Invalid unless the text could be a fingerprint."""
    if FINGERPRINT.fullmatch(text) is None:
        fr = "Une empreinte est une suite de 43 lettres, chiffres, - ou _."
        en = "A fingerprint is a run of 43 letters, digits, - or _."
        raise Invalid({"fr": fr, "en": en}, pointer=pointer)


def _lives_at(did: str, address: str) -> bool:
    """True when the DID's document stands below the address."""
    document = document_url(did, plain_http=address.startswith("http://"))
    return document in (f"{address}/.well-known/did.json", f"{address}/did.json")
