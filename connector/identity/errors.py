"""The identity room's errors.

Problem
├── Unauthorized
│   └── TokenRefused     401, the caller's token does not prove who speaks
│       └── UnknownKey       the document has no such key (a fresh look may help)
├── KeyNotPinned         503, the key is genuine for the DID, but is not one that a person approved: one must look
├── NotAdmitted          403, the caller is blocked here
├── PeerQuarantined      409, for our own people: nothing is sent to a peer whose key changed
├── PeerBlocked          409, for our own people: nothing is sent to a peer that is blocked
├── IdentityUnavailable  503, the caller's identity cannot be checked at this moment; a new token soon will do
├── CardRefused          502, a peer's party card does not prove what it says
├── FingerprintDiffers   409, the fingerprint that a person gave is not that of the key shown
├── MissingKey           500, a hosted participant's key is not where it must be
├── MissingSealKey       500, the file of a seal key is not where it must be
├── SealKeyLocked        500, the passphrase or the key file does not open the seal key
├── NoSealKey            409, the participant has no seal key that may sign now
├── CertificateLost      409, a new seal key would lack the certificate of an authority that the present one has
├── CertificateRefused   400, a certificate that a person brought cannot be taken for the seal key
├── SealsRefused         502, what a peer's domain says of its seal keys is not signed by a key that was pinned
└── UnsafeIdentity       400, a laboratory scheme on a node that others can reach

A refused caller always reads the same words; `reason` is for our journal and log, never for the answer.
"""

from typing import ClassVar

from connector.problems import Problem, Unauthorized


class TokenRefused(Unauthorized):
    """The token does not prove who speaks. `reason` is one stable word, for the journal and the log only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class UnknownKey(TokenRefused):
    """The DID document, as we have it, does not hold the key that the token names, or holds another one."""


class KeyNotPinned(Problem):
    """The DID's key is not among those that were pinned for this peer: somebody took the domain, or the key changed.

    503 and not 401: a person here will approve the key or block the peer, and until then nothing must end for good.
    """

    code = "key-not-pinned"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé présentée n’est pas celle qui a été enregistrée pour ce partenaire ; une personne doit vérifier.",
        "en": "The key presented is not the one recorded for this partner; a person has to look.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Faites confirmer l’empreinte de la nouvelle clé par un autre canal ; les messages attendent.",
        "en": "Have the new key's fingerprint confirmed by another channel; messages wait.",
    }

    def __init__(self, owner: str, did: str, thumbprint: str) -> None:
        self.owner = owner
        self.did = did
        self.thumbprint = thumbprint
        self.reason = "pin"
        super().__init__(retry_after_s=60)


class NotAdmitted(Problem):
    """A person decided not to deal with the caller."""

    code = "not-admitted"
    status = 403
    title: ClassVar[dict[str, str]] = {
        "fr": "Cet organisme n’échange pas avec le vôtre.",
        "en": "This organisation does not deal with yours.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Prenez contact avec lui par un autre canal ; seule une personne peut lever ce refus.",
        "en": "Contact it by another channel; only a person can lift this refusal.",
    }


class PeerQuarantined(Problem):
    """The peer's domain shows a key that nobody here approved: nothing is sent to it until a person has looked."""

    code = "peer-quarantined"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce partenaire est en quarantaine : sa clé a changé.",
        "en": "This partner is in quarantine: its key has changed.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Faites confirmer l’empreinte par téléphone, puis acceptez-la avec « pupitre peer accept-key ».",
        "en": "Have the fingerprint confirmed by telephone, then accept it with “pupitre peer accept-key”.",
    }


class PeerBlocked(Problem):
    """A person here blocked the peer: nothing is sent to it, nothing is taken from it."""

    code = "peer-blocked"
    status = 409
    title: ClassVar[dict[str, str]] = {"fr": "Ce partenaire est bloqué.", "en": "This partner is blocked."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Si c’était une erreur, débloquez-le avec « pupitre peer unblock ».",
        "en": "If that was a mistake, unblock it with “pupitre peer unblock”.",
    }


class CardRefused(Problem):
    """The peer's party card does not prove what it says."""

    code = "card-refused"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "La fiche d’identité du partenaire n’est pas valable.",
        "en": "The partner's party card is not valid.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Appelez le partenaire : il doit refaire sa fiche, ou sa clé n’est pas celle que vous connaissez.",
        "en": "Call the partner: it has to make its card again, or its key is not the one that you know.",
    }

    def __init__(self, reason: str, detail: str | dict[str, str] = "") -> None:
        self.reason = reason
        super().__init__(detail or f"({reason})")


class FingerprintDiffers(Problem):
    """The fingerprint that was given is not that of a key in the DID document."""

    code = "fingerprint-differs"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "L’empreinte donnée n’est pas celle de la clé que montre cet organisme.",
        "en": "The fingerprint given is not that of the key that this organisation shows.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "N’enregistrez rien : appelez votre interlocuteur et comparez l’empreinte de vive voix.",
        "en": "Record nothing: call your contact and compare the fingerprint by word of mouth.",
    }


class IdentityUnavailable(Problem):
    """The identity cannot be checked now: a later attempt with a new token succeeds or is refused cleanly.

    503 and not 401, because some peers end a process for good on any 4xx.
    """

    code = "identity-unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "L’identité de l’appelant ne peut pas être vérifiée pour l’instant.",
        "en": "The caller's identity cannot be checked at this moment.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Réessayez dans quelques secondes avec un nouveau jeton.",
        "en": "Try again in a few seconds with a new token.",
    }

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(retry_after_s=1)


class MissingKey(Problem):
    """The key file of a hosted participant is missing or unreadable; no new one is made by itself."""

    code = "missing-key"
    status = 500
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé d’un participant hébergé est absente ou illisible.",
        "en": "The key of a hosted participant is missing or unreadable.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Restaurez le dossier des clés ; à défaut, créez une clé et faites-la approuver par les partenaires.",
        "en": "Restore the folder of keys; failing that, make a new key and have the partners approve it.",
    }


class UnsafeIdentity(Problem):
    """A laboratory identity proves nothing: it starts only on a node whose own address is loopback."""

    code = "unsafe-identity"
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette identité de laboratoire n’est permise que sur la machine elle-même.",
        "en": "This laboratory identity is only allowed on the machine itself.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Retirez-la, ou donnez à public_url une adresse de bouclage (127.0.0.1).",
        "en": "Remove it, or give public_url a loopback address (127.0.0.1).",
    }


class MissingSealKey(Problem):
    """The file of a seal key is missing or is none; contracts wait, and no new key is made by itself."""

    code = "missing-seal-key"
    status = 500
    title: ClassVar[dict[str, str]] = {
        "fr": "Le fichier de la clé de cachet est absent ou illisible.",
        "en": "The file of the seal key is missing or unreadable.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Restaurez ce fichier ; à défaut, faites une nouvelle clé avec « pupitre keys rotate-seal ».",
        "en": "Restore this file; failing that, make a new key with “pupitre keys rotate-seal”.",
    }


class SealKeyLocked(Problem):
    """The seal key is there, but what should open it is missing or is not what it was encrypted with."""

    code = "seal-key-locked"
    status = 500
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé de cachet ne s’ouvre pas : phrase de passe ou fichier de clé absent, ou différent.",
        "en": "The seal key does not open: the passphrase or the key file is missing, or another one.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Remettez la phrase de passe (seal_passphrase) ou le fichier de clé d’avant, et relancez le nœud. "
        "Perdus, ou changés exprès : « pupitre keys rotate-seal --abandon-old-key » fait une nouvelle clé ; l’ancienne "
        "s’arrête aussitôt, ce qu’elle a scellé se vérifie toujours.",
        "en": "Put back the former passphrase (seal_passphrase) or key file, and start the node again. Lost, or "
        "changed on purpose: “pupitre keys rotate-seal --abandon-old-key” makes a new key; the old one stops at once, "
        "what it sealed is still verified.",
    }


class NoSealKey(Problem):
    """The participant has no seal key that may sign now: none was made, or the last one was revoked or has expired."""

    code = "no-seal-key"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Cet organisme n’a pas de clé de cachet utilisable.",
        "en": "This participant has no seal key that can be used.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Créez-en une : « pupitre keys create-seal » ; certificat expiré : « pupitre keys rotate-seal ».",
        "en": "Make one: “pupitre keys create-seal”; certificate expired: “pupitre keys rotate-seal”.",
    }


class CertificateLost(Problem):
    """The new seal key would have a certificate of its own making, of level L0; the present one has an authority's."""

    code = "certificate-lost"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "La nouvelle clé de cachet n’aurait plus le certificat de l’autorité.",
        "en": "The new seal key would not have the authority's certificate any more.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Pour garder le niveau, ne remplacez pas la clé : « pupitre keys request-certificate », envoyez la "
        "demande à l’autorité, puis « pupitre keys import-certificate » (ou importez la clé qu’elle a faite, un "
        "fichier PKCS #12). Pour descendre quand même à L0 : « pupitre keys rotate-seal --accept-l0 ».",
        "en": "To keep the level, do not replace the key: “pupitre keys request-certificate”, send the request to the "
        "authority, then “pupitre keys import-certificate” (or import the key that it made, a PKCS #12 file). To go "
        "down to L0 all the same: “pupitre keys rotate-seal --accept-l0”.",
    }

    def __init__(self, issuer: str, level: str) -> None:
        unknown = level == "L0"
        where_fr, where_en = (
            (" ici, qui ne la reconnaît pas", " here, where it is not trusted") if unknown else ("", "")
        )
        fr = f"Le certificat présent est délivré par {issuer} (niveau {level}{where_fr})"
        en = f"The present certificate was issued by {issuer} (level {level}{where_en})"
        fr, en = (
            f"{fr} ; celui que ferait le nœud est de niveau L0 pour tous.",
            f"{en}; the node's own is L0 for everybody.",
        )
        super().__init__({"fr": fr, "en": en})


CERTIFICATE_FAULTS: dict[str, dict[str, str]] = {
    "form": {"fr": "Ce n’est pas un certificat X.509 en PEM.", "en": "This is no X.509 certificate in PEM."},
    "request": {
        "fr": "C’est une demande de certificat (CSR) : envoyez-la à l’autorité, et importez sa réponse.",
        "en": "This is a certificate request (CSR): send it to the authority, and import its answer.",
    },
    "private": {
        "fr": "C’est une clé privée, qui n’est pas à donner ici ; il faut le certificat que l’autorité a délivré.",
        "en": "This is a private key, which is not to be given here; the certificate that the authority issued is.",
    },
    "pkcs12": {
        "fr": "Ce n’est ni un certificat PEM, ni un fichier PKCS #12 que cette phrase de passe ouvre.",
        "en": "This is neither a PEM certificate nor a PKCS #12 file that this passphrase opens.",
    },
    "no-key": {
        "fr": "Ce fichier PKCS #12 ne contient pas de clé privée, ou pas le certificat de cette clé.",
        "en": "This PKCS #12 file holds no private key, or not the certificate of that key.",
    },
    "key-type": {
        "fr": "Sa clé doit être P-256, ou RSA d’au moins 2 048 bits.",
        "en": "Its key must be P-256, or RSA of at least 2,048 bits.",
    },
    "key-match": {
        "fr": "Il n’est fait pour aucune de nos clés de cachet présentes.",
        "en": "It was made for none of our present seal keys.",
    },
    "chain": {
        "fr": "Les certificats du fichier ne forment pas une chaîne, chacun délivré par le suivant.",
        "en": "The certificates of the file are no chain in which each was issued by the next.",
    },
    "too-large": {
        "fr": "La chaîne de certificats dépasse 6 Kio.",
        "en": "The chain of certificates is larger than 6 KiB.",
    },
    "validity": {"fr": "Il n’est pas valable à cette date.", "en": "It is not valid at this date."},
    "authority": {"fr": "C’est le certificat d’une autorité.", "en": "It is the certificate of an authority."},
    "usage": {"fr": "Son usage ne lui permet pas de signer.", "en": "Its usage does not let it sign."},
    "same": {
        "fr": "C’est déjà le certificat d’une de nos clés de cachet : « pupitre keys show » dit laquelle.",
        "en": "A seal key of ours has this certificate already: “pupitre keys show” says which.",
    },
}


class CertificateRefused(Problem):
    """The certificate cannot be taken for a seal key. `reason` is one stable word."""

    code = "certificate-refused"
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce certificat ne peut pas servir au cachet.",
        "en": "This certificate cannot be used for the seal.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Donnez le certificat délivré pour votre dernière demande, suivi de ceux des autorités intermédiaires.",
        "en": "Give the certificate issued for your last request, followed by those of the intermediate authorities.",
    }

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(CERTIFICATE_FAULTS[reason], pointer="/certificate")


class SealsRefused(Problem):
    """What the peer's domain says of its seal keys is not signed by a pinned key, is older, or of the future."""

    code = "seals-refused"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "La liste des clés de cachet du partenaire n’est pas valable.",
        "en": "The partner's list of seal keys is not valid.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Appelez le partenaire : la liste connue ici vaut, et rien n’est scellé avec ses clés plus récentes. "
        "S’il a restauré une sauvegarde d’avant une clé, oubliez-le et enregistrez-le de nouveau, empreinte comparée.",
        "en": "Call the partner: the list known here stands, and nothing is sealed with its newer keys. If it restored "
        "a backup of before a key, forget it and record it again, with the fingerprint compared.",
    }

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"({reason})")
