"""Partners: does each one answer, with a certificate that we can verify, and with the keys that we recorded.

Each is looked at once, several at a time. Without an outgoing proxy in the settings but with one in the environment, a
partner that does not answer is looked at through that proxy too, so that a proxy that is needed is proven, not guessed.
"""

import asyncio
from collections.abc import Mapping

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.identity.did import authentication_thumbprints
from connector.peer.documents import document_url, normal_did, read_document
from connector.peer.errors import DidUnresolved
from connector.peer.probe import SEEN, Probe, Sight
from connector.store.peers import Peer

TITLE = {"fr": "Partenaires", "en": "Partners"}
MOST_LOOKED_AT = 20
AT_ONCE = 5
NETWORK = frozenset({"dns", "refused", "timeout", "network", "closed"})
"""Words for which a missing proxy may be the cause."""

GOOD = ok("partner-ok", "{subject} répond, avec les clés enregistrées.", "{subject} answers, with the keys recorded.")
NONE = Diagnosis(
    "partners-none",
    Verdict.NOT_CHECKED,
    {"fr": "Aucun partenaire n’est enregistré.", "en": "No partner is recorded."},
    {"fr": "Enregistrez-en un : « pupitre peer add DID ».", "en": "Record one: “pupitre peer add DID”."},
)
UNKNOWN = Diagnosis(
    "partner-not-recorded",
    Verdict.FAILURE,
    {"fr": "{subject} n’est pas un partenaire enregistré.", "en": "{subject} is not a recorded partner."},
    {
        "fr": "Vérifiez l’identifiant (« pupitre peer list »), ou enregistrez-le par « pupitre peer add ».",
        "en": "Check the identifier (“pupitre peer list”), or record it with “pupitre peer add”.",
    },
)
DNS = Diagnosis(
    "partner-dns",
    Verdict.WARNING,
    {"fr": "Le nom d’hôte de {subject} est introuvable (DNS).", "en": "The host name of {subject} is not found (DNS)."},
    {
        "fr": "Vérifiez le serveur de noms de cette machine, puis l’identifiant auprès de ce partenaire.",
        "en": "Check this machine's name server, then the identifier with this partner.",
    },
)
SILENT = Diagnosis(
    "partner-unreachable",
    Verdict.WARNING,
    {
        "fr": "Le nœud de {subject} ne répond pas ({seen}).",
        "en": "The node of {subject} does not answer ({seen}).",
    },
    {
        "fr": "Vérifiez que cette machine peut sortir vers lui (pare-feu), puis appelez ce partenaire.",
        "en": "Check that this machine may reach it (firewall), then call this partner.",
    },
)
REFUSED = Diagnosis(
    "partner-address-refused",
    Verdict.FAILURE,
    {
        "fr": "Nos propres réglages interdisent d’appeler {subject} : {detail}",
        "en": "Our own settings forbid calling {subject}: {detail}",
    },
    {
        "fr": "S’il vit sur un réseau privé que vous connaissez, ajoutez ce réseau à allowed_networks.",
        "en": "If it lives in a private network that you know, add that network to allowed_networks.",
    },
)
AUTHORITY = Diagnosis(
    "partner-certificate-unknown",
    Verdict.FAILURE,
    {
        "fr": "Le certificat de {subject} vient d’une autorité inconnue de ce nœud, ou sa chaîne est incomplète.",
        "en": "The certificate of {subject} is from an authority unknown to this node, or its chain is incomplete.",
    },
    {
        "fr": "Mettez le certificat de son autorité dans ca_file ; si elle est publique, prévenez le partenaire.",
        "en": "Put its authority's certificate into ca_file; if the authority is public, tell the partner.",
    },
)
EXPIRED = Diagnosis(
    "partner-certificate-expired",
    Verdict.WARNING,
    {
        "fr": "Le certificat de {subject} n’est plus, ou pas encore, valable.",
        "en": "The certificate of {subject} is not valid any more, or not yet.",
    },
    {
        "fr": "Vérifiez l’horloge de cette machine, puis signalez-le à ce partenaire.",
        "en": "Check this machine's clock, then tell this partner.",
    },
)
NAME = Diagnosis(
    "partner-certificate-name",
    Verdict.WARNING,
    {
        "fr": "Le certificat de {subject} est au nom d’un autre hôte.",
        "en": "The certificate of {subject} is for another host.",
    },
    {
        "fr": "Signalez-le à ce partenaire ; n’échangez rien avant qu’il l’ait corrigé.",
        "en": "Tell this partner; exchange nothing before it is corrected.",
    },
)
TLS = Diagnosis(
    "partner-tls",
    Verdict.WARNING,
    {
        "fr": "La liaison TLS avec {subject} échoue : {detail}.",
        "en": "The TLS connection with {subject} fails: {detail}.",
    },
    {
        "fr": "Signalez-le à ce partenaire : il faut TLS 1.2 ou 1.3 à l’adresse de son identifiant.",
        "en": "Tell this partner: TLS 1.2 or 1.3 is needed at the address of its identifier.",
    },
)
NO_DOCUMENT = Diagnosis(
    "partner-did-unresolved",
    Verdict.WARNING,
    {
        "fr": "L’identifiant {subject} ne mène à aucun document valable ({seen}).",
        "en": "The identifier {subject} leads to no valid document ({seen}).",
    },
    {
        "fr": "Demandez au partenaire de publier son did.json à cette adresse, ou vérifiez l’identifiant.",
        "en": "Ask the partner to publish its did.json at that address, or check the identifier.",
    },
)
KEYS = Diagnosis(
    "partner-keys-changed",
    Verdict.FAILURE,
    {
        "fr": "{subject} montre une clé qui n’est pas celle qui a été enregistrée.",
        "en": "{subject} shows a key that is not the one recorded.",
    },
    {
        "fr": "Appelez ce partenaire ; si c’est bien lui, retirez-le (« peer remove ») et enregistrez-le à nouveau.",
        "en": "Call this partner; if it really is, remove it (“peer remove”) and record it again.",
    },
)
PROXY_NEEDED = Diagnosis(
    "proxy-needed",
    Verdict.FAILURE,
    {
        "fr": "{subject} ne répond que par le mandataire sortant {proxy}, que le nœud n’utilise pas.",
        "en": "{subject} answers only through the outgoing proxy {proxy}, which the node does not use.",
    },
    {
        "fr": "Réglez outgoing_proxy : le nœud ne lit pas HTTPS_PROXY.",
        "en": "Set outgoing_proxy: the node does not read HTTPS_PROXY.",
    },
)
PROXY_FAILED = Diagnosis(
    "proxy-failed",
    Verdict.FAILURE,
    {
        "fr": "Le mandataire sortant (outgoing_proxy) ne mène pas à {subject}.",
        "en": "The outgoing proxy (outgoing_proxy) does not lead to {subject}.",
    },
    {
        "fr": "Vérifiez son adresse, son compte, et qu’il laisse sortir vers les partenaires.",
        "en": "Check its address, its account, and that it lets calls to partners out.",
    },
)
_BY_WORD = {
    "dns": DNS, "address-refused": REFUSED, "tls-authority": AUTHORITY, "tls-self-signed": AUTHORITY,
    "tls-expired": EXPIRED, "tls-not-yet": EXPIRED, "tls-name": NAME, "tls": TLS, "proxy": PROXY_FAILED,
    "too-large": NO_DOCUMENT, "bad-answer": NO_DOCUMENT, "protocol": NO_DOCUMENT,
}  # fmt: skip


async def check(case: Case) -> list[Finding]:
    """Look at every partner, or at the one that was asked about."""
    partners = _asked_about(case)
    if not partners:
        return [UNKNOWN.found(case.question.peer) if case.question.peer else NONE.found()]
    room = asyncio.Semaphore(AT_ONCE)

    async def look(partner: Peer) -> Finding:
        async with room:
            return await _about(case, partner)

    return list(await asyncio.gather(*(look(partner) for partner in partners[:MOST_LOOKED_AT])))


def _asked_about(case: Case) -> list[Peer]:
    known = case.holdings.partners if case.holdings else []
    if case.question.peer is None:
        return list({one.did: one for one in reversed(known)}.values())
    try:
        wanted = normal_did(case.question.peer)
    except DidUnresolved:
        return []
    return [one for one in known if one.did == wanted][:1]


async def _about(case: Case, partner: Peer) -> Finding:
    url = document_url(partner.did, plain_http=case.settings.is_loopback)
    sight = await case.guarded.look(url)
    if sight.word != SEEN:
        return await _unseen(case, partner, sight)
    case.sights.append(sight)
    if not sight.is_success:
        return NO_DOCUMENT.found(partner.did, seen=f"HTTP {sight.status}")
    try:
        document = read_document(partner.did, sight.body)
    except DidUnresolved:
        return NO_DOCUMENT.found(partner.did, seen="did.json")
    if not authentication_thumbprints(document) <= set(partner.pinned):
        return KEYS.found(partner.did)
    case.answering.append(partner)
    return GOOD.found(partner.did)


async def _unseen(case: Case, partner: Peer, sight: Sight) -> Finding:
    proxy = proxy_of(case.question.environ)
    if sight.word in NETWORK and case.settings.outgoing_proxy is None and proxy is not None:
        through = await _through(case, proxy, sight.url)
        if through.word == SEEN:
            return PROXY_NEEDED.found(partner.did, proxy=proxy.rpartition("@")[2])
    diagnosis = _BY_WORD.get(sight.word, SILENT)
    return diagnosis.found(partner.did, seen=sight.word, detail=sight.detail)


async def _through(case: Case, proxy: str, url: str) -> Sight:
    """Return what is to be seen at the address through a proxy."""
    settings = case.settings.model_copy(update={"outgoing_proxy": proxy})
    probe = Probe(settings, case.question.clock, case.question.resolver)
    try:
        return await probe.look(url)
    finally:
        await probe.close()


def proxy_of(environ: Mapping[str, str]) -> str | None:
    """Return the proxy that the environment names for https, as other programs read it."""
    found = next((environ[name] for name in ("https_proxy", "HTTPS_PROXY") if environ.get(name)), None)
    return found if found is None or "://" in found else f"http://{found}"
