"""The peer room's errors: what went wrong with a call to an address that a peer chose.

Problem
├── PeerAddressRefused   400, our own guard will not connect there; nothing was sent
├── Unreachable          502, no answer came; whether the peer saw the message is unknown
├── AnswerTooLarge       502, the answer passes our limit
├── BadAnswer            502, an answer came that cannot be read
├── DidUnresolved        502, the DID has no usable document
└── NoCommonVersion      502, the peer does not speak DSP 2025-1
"""

from typing import ClassVar, Literal

from connector.problems import Problem

Cause = Literal["dns", "refused", "timeout", "tls", "proxy", "closed", "protocol", "server", "network"]

_CAUSES: dict[Cause, dict[str, str]] = {
    "dns": {"fr": "le nom de l’hôte est introuvable", "en": "the host name is not found"},
    "refused": {"fr": "la connexion est refusée", "en": "the connection is refused"},
    "timeout": {"fr": "pas de réponse dans le délai", "en": "no answer in time"},
    "tls": {
        "fr": "la liaison TLS n’est pas valable",
        "en": "the TLS connection is not valid",
    },
    "proxy": {"fr": "le mandataire sortant n’a pas abouti", "en": "the outgoing proxy failed"},
    "closed": {"fr": "la liaison a été coupée", "en": "the connection was cut"},
    "protocol": {"fr": "la réponse n’est pas du HTTP valable", "en": "the answer is not valid HTTP"},
    "server": {"fr": "le serveur est en panne", "en": "the server has failed"},
    "network": {"fr": "le réseau ne répond pas", "en": "the network does not answer"},
}


class PeerAddressRefused(Problem):
    """This node does not connect to that address; `setting` names what would allow it (empty: nothing would)."""

    code = "peer-address-refused"
    status = 400
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce nœud ne se connecte pas à cette adresse.",
        "en": "This node does not connect to that address.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Vérifiez l’adresse du partenaire, ou autorisez-la par le paramètre indiqué.",
        "en": "Check the partner's address, or allow it with the setting that is named.",
    }

    def __init__(self, address: str, setting: str = "", *, why: dict[str, str]) -> None:
        self.address = address
        self.setting = setting
        allow = {"fr": f" Paramètre : {setting}.", "en": f" Setting: {setting}."} if setting else {"fr": "", "en": ""}
        super().__init__({lang: f"{address} : {why[lang]}.{allow[lang]}" for lang in ("fr", "en")})


class Unreachable(Problem):
    """No answer came. `cause` is one word of `Cause`; the message may or may not have arrived."""

    code = "peer-unreachable"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "Le nœud du partenaire ne répond pas.",
        "en": "The partner's node does not answer.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Le nœud réessaie seul ; si cela dure, vérifiez l’adresse et appelez le partenaire.",
        "en": "The node tries again by itself; if it lasts, check the address and call the partner.",
    }

    def __init__(self, cause: Cause, host: str = "") -> None:
        self.cause: Cause = cause
        super().__init__({lang: f"{host} : {_CAUSES[cause][lang]}." for lang in ("fr", "en")})


class AnswerTooLarge(Problem):
    """The peer's answer is larger than this node accepts."""

    code = "answer-too-large"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "La réponse du partenaire est trop volumineuse.",
        "en": "The partner's answer is too large.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Demandez moins à la fois, ou relevez message_limit_bytes.",
        "en": "Ask for less at a time, or raise message_limit_bytes.",
    }


class BadAnswer(Problem):
    """The peer's answer cannot be read."""

    code = "bad-answer"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "La réponse du partenaire est illisible.",
        "en": "The partner's answer cannot be read.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Signalez-le au partenaire, avec la réponse conservée au journal.",
        "en": "Report it to the partner, with the answer that the journal keeps.",
    }


class DidUnresolved(Problem):
    """The DID has no usable document where its address says it must be."""

    code = "did-unresolved"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "L’identifiant (DID) du partenaire ne mène à aucun document valable.",
        "en": "The partner's identifier (DID) leads to no valid document.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Vérifiez l’identifiant ; le partenaire doit publier son did.json en HTTPS à cette adresse.",
        "en": "Check the identifier; the partner must publish its did.json over HTTPS at that address.",
    }


class NoCommonVersion(Problem):
    """The peer does not speak DSP 2025-1 over HTTPS; a client must stop here (§Version metadata)."""

    code = "no-common-version"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "Le partenaire ne parle pas la même version du protocole.",
        "en": "The partner does not speak the same version of the protocol.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Demandez au partenaire l’adresse de son protocole DSP 2025-1.",
        "en": "Ask the partner for the address of its DSP 2025-1 protocol.",
    }
