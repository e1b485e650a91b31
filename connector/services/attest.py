"""Verbs of attestation: what a named person of the owner's says of a partner, for conditions that rest on it.

The category of the organisation, a charter that it signed, the consent of the owner's data protection officer. The node
checks nothing of it: it keeps who said it and of which day, and holds it established until it is withdrawn. A new
attestation of the same thing takes the place of the former one in the same commit. Each change stands in the partner's
journal, is told as an event, and has whatever is open to the partner judged again.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound
from connector.services import cursors, deciders, watch
from connector.services.cursors import Page
from connector.services.deciders import Decider
from connector.store import attestations, datasets, events, journal, peers
from connector.store.attestations import CATEGORY, CHARTER, DPO, Attestation, Kind
from connector.store.db import Store, Tx
from policies import profile
from policies.errors import Language
from policies.profile import NAMESPACE, TermKind

FORGOTTEN = "peer-removed"
"""The reason of what ends because the partner is forgotten."""
AHEAD = timedelta(days=1)
"""How far a day may lie ahead of the node's own (UTC): further west or east it is another one already."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person attests; `about` as the store keeps it, a category by its name in the profile as well."""

    kind: Kind
    about: str
    said_by: str
    said_on: date | None = None
    note: str = ""


class Attest:
    """What is attested of partners."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def attest(self, owner: str, did: str, said: Said, *, by: Decider) -> Attestation:
        """Record what a person says of a known partner, in the place of what was said of the same thing.

        Raises NotFound for the partner, Invalid.
        """
        about, said_by = _checked_about(said), _checked_person(said.said_by)

        def unit(tx: Tx) -> Attestation:
            peers.claim(tx, owner, did)
            _check_dataset(tx, owner, said.kind, about)
            _check_day(tx, said.said_on)
            for former in attestations.standing(tx, owner, did):
                if former.kind == said.kind and (said.kind == CATEGORY or former.about == about):
                    attestations.end(tx, former, said_by, "replaced")
            wanted = Attestation(
                owner=owner,
                id=new_id(),
                peer=did,
                kind=said.kind,
                about=about,
                said_by=said_by,
                said_on=(said.said_on or tx.now.date()).isoformat(),
                note=said.note.strip(),
            )
            made = attestations.add(tx, wanted)
            _tell_attestation(tx, made, "attestation-given", by, said_by=said_by, said_on=made.said_on, note=made.note)
            return made

        return await self._store.write(unit)

    async def withdraw(
        self, owner: str, did: str, attestation_id: str, *, said_by: str, reason: str = "", by: Decider
    ) -> Attestation:
        """Record that an attestation stands no more. Raises NotFound, Conflict when it has ended, Invalid."""
        person = _checked_person(said_by)

        def unit(tx: Tx) -> Attestation:
            peers.claim(tx, owner, did)
            standing = attestations.load(tx, owner, did, attestation_id)
            if standing.ended_at is not None:
                raise Conflict(
                    {"fr": "Cette attestation a déjà pris fin.", "en": "This attestation has ended already."}
                )
            return withdraw(tx, standing, person, reason.strip(), by)

        return await self._store.write(unit)

    async def page(
        self, owner: str, did: str, *, cursor: str | None, limit: int, is_standing: bool | None = None
    ) -> Page[Attestation]:
        """Return what was attested of a known partner, the newest first. Raises NotFound, BadCursor."""
        after = cursors.read_instant(cursor)

        def unit(tx: Tx) -> list[Attestation]:
            peers.load(tx, owner, did)
            return attestations.page(tx, owner, did, after=after, limit=limit + 1, is_standing=is_standing)

        rows = await self._store.read(unit)
        return cursors.paged(rows, limit, lambda row: (row.created_at.isoformat() if row.created_at else "", row.id))


def withdraw(tx: Tx, standing: Attestation, said_by: str, reason: str, by: Decider) -> Attestation:
    """End an attestation of a peer whose row is locked."""
    ended = attestations.end(tx, standing, said_by, reason)
    _tell_attestation(tx, ended, "attestation-withdrawn", by, said_by=said_by, reason=reason)
    return ended


def forget(tx: Tx, owner: str, did: str, by: Decider) -> None:
    """End all that stands of a peer that is being removed: another acquaintance begins with nothing."""
    for standing in attestations.standing(tx, owner, did):
        withdraw(tx, standing, FORGOTTEN, FORGOTTEN, by)


def in_words(attestation: Attestation, language: Language) -> str:
    """Return what is attested as a person reads it."""
    return _WORDS[attestation.kind][bool(attestation.about)][language].format(_named(attestation, language))


_WORDS: dict[str, dict[bool, dict[Language, str]]] = {
    CATEGORY: {True: {"fr": "Catégorie d’organisme : {}", "en": "Category of organisation: {}"}},
    CHARTER: {
        True: {"fr": "Charte signée : {}", "en": "Charter signed: {}"},
        False: {"fr": "Charte signée", "en": "Charter signed"},
    },
    DPO: {
        True: {
            "fr": "Accord du délégué à la protection des données, pour {}",
            "en": "Consent of the data protection officer, for {}",
        },
        False: {
            "fr": "Accord du délégué à la protection des données, pour tous les jeux de données",
            "en": "Consent of the data protection officer, for all datasets",
        },
    },
}


def _named(attestation: Attestation, language: Language) -> str:
    term = profile.find(attestation.about)
    if attestation.kind != CATEGORY or term is None:
        return attestation.about
    return term.labels[language == "en"]


def _tell_attestation(tx: Tx, one: Attestation, kind: str, by: Decider, **said: str) -> None:
    """Tell of a change, have what is open judged again, and write it in the peer's journal with who decided."""
    told = {"attests": one.kind, "about": one.about, "said_by": said["said_by"]}
    events.append(tx, one.owner, kind.replace("-", "."), one.id, one.peer, **told)
    watch.again(tx, one.owner, peer=one.peer)
    entry = {"attestation": one.id, "kind": one.kind, "about": one.about, **said}
    journal.append(tx, one.owner, one.peer, kind, {**entry, deciders.MEMBER: deciders.told(by)})


def _checked_person(said_by: str) -> str:
    """Return who says so. Raises Invalid when nobody is named."""
    if not said_by.strip():
        said = {
            "fr": "Dites qui l’atteste : son nom ou sa fonction.",
            "en": "Say who attests it: a name or a function.",
        }
        raise Invalid(said, pointer="/said_by")
    return said_by.strip()


def _checked_about(said: Said) -> str:
    about = said.about.strip()
    if said.kind == CHARTER and about and not is_iri(about):
        fr = "Une charte se nomme par son identifiant (IRI), ou pas du tout."
        raise Invalid({"fr": fr, "en": "A charter is named by its identifier (IRI), or not at all."}, pointer="/about")
    if said.kind != CATEGORY:
        return about
    for name in (about, NAMESPACE + about, NAMESPACE + about.removeprefix("terri:")):
        term = profile.find(name)
        if term is not None and term.kind is TermKind.CATEGORY:
            return term.iri
    names = ", ".join(term.name for term in profile.TERMS if term.kind is TermKind.CATEGORY)
    raise Invalid({"fr": f"Catégories : {names}.", "en": f"Categories: {names}."}, pointer="/about")


def is_iri(text: str) -> bool:
    """True when a text may be an IRI: a scheme, and no space or quote."""
    scheme, colon, rest = text.partition(":")
    plain = scheme.replace("+", "").replace("-", "").replace(".", "")
    return bool(colon and rest) and plain.isalnum() and text.isprintable() and not set(text) & set(' "<>\\')


def _check_dataset(tx: Tx, owner: str, kind: Kind, about: str) -> None:
    if kind != DPO or not about:
        return
    try:
        datasets.load(tx, owner, about)
    except NotFound:
        said = {"fr": "Ce jeu de données n’existe pas.", "en": "There is no such dataset."}
        raise Invalid(said, pointer="/about") from None


def _check_day(tx: Tx, day: date | None) -> None:
    if day is not None and day > (tx.now + AHEAD).date():
        said = {"fr": "Ce jour est à venir : on atteste de ce qui est.", "en": "That day is to come."}
        raise Invalid(said, pointer="/said_on")
