"""What is read for the record of an agreement that one party alone has sealed: the document, and what stands beside it.

The record stands where a convention would, if the partner sealed. Its content comes from the sealed document, and from
what the node holds beside it: who the parties are, the texts of the messages. What is not sealed is said to be so; a
text counts as kept only if it has the digest that is sealed. Nothing is verified here, as in proof.py. The record is
drawn up by drawing_up_record.py, with the articles of record_articles.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from cryptography import x509

from contracts.canonical import Json, sha256
from contracts.convention.proof import ROLES, Revoked, Seal, read_seal
from contracts.convention.structure import OwnWords
from contracts.document import Dataset
from contracts.jws import UNILATERAL, Sealed, read_sealed
from contracts.refused import HeaderRefused, NotASeal
from contracts.terms import read_agreement
from contracts.texts import line
from policies.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a node knows of a party beside its DID. None of it is sealed with the record."""

    name: str = ""
    siren: str | None = None
    siret: str | None = None
    function: str = ""
    """Of who represents it."""
    mandate: str | None = None
    """The decision that empowers them."""
    is_from_card: bool = False
    """Whether the party said so itself, on its card; else people of this node named it."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What stands beside the sealed document, as the node holds it when the pages are made."""

    at: datetime
    """When that is, with a time zone."""
    ours: Identity = Identity()
    theirs: Identity = Identity()
    dataset: Dataset | None = None
    """As our own catalogue tells it; None: the partner publishes it, or it is gone."""
    messages: Sequence[str] = field(default=(), repr=False)
    """The texts of what was exchanged."""
    tokens: Sequence[str] = field(default=(), repr=False)
    """With which the partner sent its messages."""
    is_ended: bool = False
    """Whether the agreement has ended."""
    ended_at: datetime | None = None
    """When people of this node ended it; None: none did."""

    @cached_property
    def by_sha256(self) -> Mapping[str, str]:
        """The texts by the digests that a record may name."""
        return {sha256(text): text for text in (*self.messages, *self.tokens)}


@dataclass(frozen=True)
class Recorded:
    """A sealed record that was read, with what stands beside it."""

    sealed: Sealed
    document: Json
    seal: Seal
    beside: Beside

    @cached_property
    def policy(self) -> Policy:
        """The agreement. Raises BadDocument for one that cannot be read as rules of use."""
        return read_agreement(self.document["agreement"]["text"])

    @property
    def role(self) -> str:
        """The role of who sealed."""
        return self.seal.role

    @property
    def others_role(self) -> str:
        """The role of who did not seal."""
        return ROLES[1 - ROLES.index(self.role)]

    def of(self, role: str) -> tuple[str, Identity]:
        """Return the DID of a party, and what is known of it."""
        if role == self.role:
            return self.document["by"], self.beside.ours
        return self.document["peer"], self.beside.theirs

    def name(self, role: str) -> str:
        """Return the name of a party; its DID where none is known."""
        did, known = self.of(role)
        return OwnWords(line(known.name)) or did

    @property
    def dataset(self) -> Dataset:
        """The dataset that the agreement names, with what our catalogue says of that very one."""
        named = ", ".join(each.iri or "?" for each in self.policy.targets)
        known = self.beside.dataset
        return known if known is not None and known.id == named else Dataset(id=named)


def read_record(
    text: str, beside: Beside, roots: Sequence[x509.Certificate], revoked: Revoked | None = None
) -> Recorded:
    """Return what the JWS of one-sided evidence tells, with what stands beside it. Raises ContractError.

    `roots` are the authorities that the reader trusts: levels are told for who trusts these; `revoked` are the keys
    that the reader knows to be revoked.
    """
    sealed = read_sealed(text)
    if len(sealed.signatures) != 1:
        raise NotASeal(needed="1", actual=str(len(sealed.signatures)), pointer="/signatures")
    (signature,) = sealed.signatures
    if signature.header["cty"] != UNILATERAL:
        raise HeaderRefused(
            needed=UNILATERAL, actual=signature.header["cty"][:80], pointer="/signatures/0/protected/cty"
        )
    document = sealed.document
    seal = read_seal(document["role"], signature, roots, revoked)
    return Recorded(sealed, document, seal, beside)
