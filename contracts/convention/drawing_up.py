"""A convention drawn up from a sealed document: its first page, its articles, its annexes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography import x509

from contracts.canonical import Json
from contracts.convention import texts
from contracts.convention.annexes import annexes, revocations, signatures
from contracts.convention.articles import articles, preamble
from contracts.convention.proof import ROLES, Proof, Revoked, read_proof
from contracts.convention.saying import date_text, identifier_text, say
from contracts.convention.structure import Convention, Facts, OwnWords, Party
from policies.errors import Language

ATTACHMENT = "contract.jws.json"


def draw_up_convention(
    contract: str,
    *,
    conclusion: str | None = None,
    notices: Sequence[str] = (),
    roots: Sequence[x509.Certificate] = (),
    revoked: Revoked | None = None,
    awaits_timestamps: bool = False,
    language: Language = "fr",
) -> Convention:
    """Return the convention that a sealed contract is, with its conclusion and notices, all as texts of JWS.

    They were checked before: here they are read. `roots` are the authorities that this node trusts; `revoked` are the
    keys that it knows to be revoked; `awaits_timestamps`: those that lack are asked for. Raises ContractError for what
    cannot be read or does not belong together.
    """
    proof = replace(read_proof(contract, conclusion, notices, roots, revoked), awaits_timestamps=awaits_timestamps)
    document = proof.sealed.document
    return Convention(
        language=language,
        title=say(texts.TITLE, language),
        object=OwnWords(document["dataset"]["title"]),
        reference=document["id"],
        facts=_facts(document, proof, language),
        between=say(texts.BETWEEN, language),
        parties=(_party(document, ROLES[0], language), _party(document, ROLES[1], language)),
        preamble=preamble(document, language),
        articles=articles(document, language),
        signatures=signatures(document, proof, language),
        annexes=annexes(document, proof, language),
        created_at=document["createdAt"],
        sha256=proof.sealed.sha256,
        footer=say(texts.FOOTER, language),
        sealed=contract,
        name="convention",
        attachment=ATTACHMENT,
        author=document["parties"]["provider"]["legalName"],
    )


def _facts(document: Json, proof: Proof, language: Language) -> Facts:
    known = {
        "reference": document["id"],
        "drawn-up": date_text(document["createdAt"], language),
        "status": "\n".join((_status(proof, language), *revocations(proof.seals, language))),
        "level": say(texts.LEVELS[proof.level], language),
    }
    return Facts(tuple((say(texts.FACTS[name], language), value) for name, value in known.items()))


def _status(proof: Proof, language: Language) -> str:
    """Return how far the document binds, in one line and without embellishment."""
    if len(proof.seals) < len(ROLES):
        return say(texts.STATUS["one"], language)
    if not proof.concluded_at:
        return say(texts.STATUS["two"], language)
    at, end = (
        date_text(f"{each[:17]}00Z" if each else "", language) for each in (proof.concluded_at, proof.terminated_at)
    )
    return say(texts.STATUS["terminated" if proof.terminated_at else "concluded"], language, at=at, end=end)


def _party(document: Json, role: str, language: Language) -> Party:
    party = document["parties"][role]
    representative = party["representative"]
    lines = [
        *numbers_line(party),
        say(texts.REPRESENTED, language, function=representative["function"]),
        *([say(texts.MANDATE, language, mandate=representative["mandate"])] if "mandate" in representative else []),
        party["did"],
    ]
    return Party(OwnWords(party["legalName"]), tuple(lines), say(texts.CALLED[role], language))


def numbers_line(party: Mapping[str, str]) -> list[str]:
    """Return a line with SIREN and SIRET; none where neither is known."""
    known = [f"{name.upper()} {identifier_text(party[name])}" for name in ("siren", "siret") if party.get(name)]
    return [", ".join(known)] if known else []
