"""What a partner sees at our public address: one that knows us is asked to look, by services/mirror.py on its side."""

import json
from typing import Any

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Texts, Verdict, ok
from connector.identity.errors import MissingKey
from connector.identity.pinned import token_with_key
from connector.peer.documents import public_base
from connector.peer.probe import SEEN, Sight
from connector.services.mirror import DID_DOCUMENT, PATH
from connector.store.peers import Peer

TITLE = {"fr": "Miroir : notre adresse vue par un partenaire", "en": "Mirror: our address as a partner sees it"}
MOST_ASKED = 3

GOOD = ok(
    "mirror-ok", "{subject} voit notre adresse publique et nos documents.", "{subject} sees our address and documents."
)
UNREACHED = Diagnosis(
    "mirror-unreached",
    Verdict.FAILURE,
    {
        "fr": "{subject} ne peut pas lire {url} : {seen}.",
        "en": "{subject} cannot read {url}: {seen}.",
    },
    {
        "fr": "Ouvrez cette adresse au réseau des partenaires (DNS public, pare-feu, certificat), puis recommencez.",
        "en": "Open this address to the partners' network (public DNS, firewall, certificate), then try again.",
    },
)
OTHER = Diagnosis(
    "mirror-other-document",
    Verdict.FAILURE,
    {
        "fr": "{subject} lit à {url} un autre document que celui de ce nœud.",
        "en": "{subject} reads another document at {url} than this node's.",
    },
    {
        "fr": "Cherchez ce qui répond à cette adresse vue de l’extérieur : un autre serveur, ou un cache.",
        "en": "Find what answers at this address when seen from outside: another server, or a cache.",
    },
)
NO_PARTNER = Diagnosis(
    "mirror-not-checked",
    Verdict.NOT_CHECKED,
    {"fr": "Aucun partenaire ne répond qui puisse regarder.", "en": "No partner answers that could look."},
    {
        "fr": "Recommencez quand un partenaire répond, ou ouvrez vous-même {subject} depuis un autre réseau.",
        "en": "Try again when a partner answers, or open {subject} yourself from another network.",
    },
)
CANNOT = Diagnosis(
    "mirror-unknown",
    Verdict.NOT_CHECKED,
    {
        "fr": "Le nœud de {subject} ne sait pas regarder pour nous (HTTP {status}).",
        "en": "The node of {subject} cannot look for us (HTTP {status}).",
    },
    {
        "fr": "Nommez par --peer un partenaire dont le nœud est un Pupitre à jour.",
        "en": "Name with --peer a partner whose node is an up-to-date Pupitre.",
    },
)
STRANGER = Diagnosis(
    "mirror-stranger",
    Verdict.NOT_CHECKED,
    {
        "fr": "{subject} ne nous connaît pas, ou pas sous cette clé.",
        "en": "{subject} does not know us, or not by this key.",
    },
    {
        "fr": "Demandez-lui de nous enregistrer (« pupitre peer add {ours} »), ou nommez-en un autre par --peer.",
        "en": "Ask it to record us (“pupitre peer add {ours}”), or name another one with --peer.",
    },
)
BUSY = Diagnosis(
    "mirror-busy",
    Verdict.NOT_CHECKED,
    {
        "fr": "{subject} ne peut pas regarder maintenant (HTTP {status}).",
        "en": "{subject} cannot look now (HTTP {status}).",
    },
    {"fr": "Recommencez dans une minute.", "en": "Try again in a minute."},
)

WHAT_IT_SAW: dict[str, Texts] = {
    "dns": {"fr": "le nom est introuvable", "en": "the name is not found"},
    "refused": {"fr": "la connexion est refusée", "en": "the connection is refused"},
    "timeout": {"fr": "pas de réponse dans le délai", "en": "no answer in time"},
    "network": {"fr": "le réseau ne répond pas", "en": "the network does not answer"},
    "closed": {"fr": "la liaison est coupée", "en": "the connection is cut"},
    "protocol": {"fr": "ce n’est pas du HTTP valable", "en": "it is not valid HTTP"},
    "server": {"fr": "le serveur est en panne", "en": "the server has failed"},
    "proxy": {"fr": "son mandataire sortant n’aboutit pas", "en": "its outgoing proxy fails"},
    "tls": {"fr": "la liaison TLS échoue", "en": "the TLS connection fails"},
    "tls-expired": {"fr": "le certificat a expiré", "en": "the certificate has expired"},
    "tls-not-yet": {"fr": "le certificat n’est pas encore valable", "en": "the certificate is not valid yet"},
    "tls-self-signed": {"fr": "le certificat est signé par lui-même", "en": "the certificate is signed by itself"},
    "tls-authority": {
        "fr": "le certificat vient d’une autorité qu’il ne connaît pas, ou la chaîne est incomplète",
        "en": "the certificate comes from an authority that it does not know, or the chain is incomplete",
    },
    "tls-name": {"fr": "le certificat est au nom d’un autre hôte", "en": "the certificate is for another host"},
    "address-refused": {
        "fr": "l’adresse n’est pas publique, et ses réglages n’y mènent pas",
        "en": "the address is not public, and its settings do not lead there",
    },
    "too-large": {"fr": "la réponse est trop volumineuse", "en": "the answer is too large"},
    "bad-answer": {"fr": "la réponse est illisible", "en": "the answer cannot be read"},
}


async def check(case: Case) -> list[Finding]:
    """Ask the first partner that can look; at most three are asked."""
    if not case.is_running or not case.answering:
        return [NO_PARTNER.found(case.settings.base_url)]
    findings: list[Finding] = []
    for partner in case.answering[:MOST_ASKED]:
        findings = await _ask(case, partner)
        if findings[0].verdict is not Verdict.NOT_CHECKED:
            return findings
    return findings


async def _ask(case: Case, partner: Peer) -> list[Finding]:
    try:
        token = token_with_key(case.addresses, case.keys, case.question.clock, partner.owner, partner.did)
    except MissingKey:
        return [NO_PARTNER.found(case.settings.base_url)]
    url = public_base(partner.did, plain_http=case.settings.is_loopback) + PATH
    answer = await case.guarded.look(url, token, method="POST")
    match answer.status:
        case 200:
            return _read(case, partner, answer)
        case 401:
            return [STRANGER.found(partner.did, ours=case.addresses.did(partner.owner))]
        case 429 | 503:
            return [BUSY.found(partner.did, status=answer.status)]
    return [CANNOT.found(partner.did, status=answer.status or answer.word)]


def _read(case: Case, partner: Peer, answer: Sight) -> list[Finding]:
    """Return what the partner's answer means; one that cannot be read is an answer of something else."""
    try:
        said: Any = json.loads(answer.body)
        images = [(one["document"], one["seen"], one["status"], one["sha256"]) for one in said["documents"]]
    except (ValueError, KeyError, TypeError):
        return [CANNOT.found(partner.did, status="200")]
    base, findings = case.addresses.base(partner.owner), []
    for document, word, status, digest in images:
        if word != SEEN or digest is None:
            seen = f"HTTP {status}" if word == SEEN else WHAT_IT_SAW.get(str(word), WHAT_IT_SAW["bad-answer"])
            findings.append(UNREACHED.found(partner.did, url=base, seen=seen))
        elif document == DID_DOCUMENT and digest != case.own_digests.get(partner.owner, digest):
            findings.append(OTHER.found(partner.did, url=base))
    return findings[:1] or [GOOD.found(partner.did)]
