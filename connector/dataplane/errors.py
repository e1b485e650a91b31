"""The data room's errors, and how one reads as an HTTP body.

Problem
├── AccessRefused      401, no token, an unknown one or an expired one: the answer is the same
├── NoSuchFlow         404, the token belongs to another address
├── WrongMethod        405
├── FlowNotStarted     409, the transfer is not (or no longer) started
├── SourceChanged      409, the source is not what was published
├── SourceGone         410, the source is no longer there
├── SourceUnreadable   502, the source cannot be read now
├── RangeUnsatisfiable 416
├── PolicyRefuses      403, with the reason
├── SourceRefused      400, this address may not be published
└── FetchFailed        a fetch ended for good; its subclasses say why

What goes wrong with a push, on either side, is in push_errors.py.
"""

import json
from collections.abc import Mapping
from typing import ClassVar

from connector.problems import Problem

Texts = dict[str, str]


class AccessRefused(Problem):
    """No valid token was presented: none, an unknown one, or one that has expired."""

    code = "data-token-refused"
    status = 401
    title: ClassVar[Texts] = {
        "fr": "Aucun jeton de données valide n’a été présenté.",
        "en": "No valid data token was presented.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Renouvelez le jeton à l’adresse de renouvellement, ou demandez une reprise du transfert.",
        "en": "Renew the token at its renewal address, or ask for the transfer to be resumed.",
    }


class NoSuchFlow(Problem):
    """The token does not open this address."""

    code = "data-address-unknown"
    status = 404
    title: ClassVar[Texts] = {
        "fr": "Ce jeton n’ouvre pas cette adresse.",
        "en": "This token does not open this address.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Utilisez l’adresse reçue avec le jeton.",
        "en": "Use the address that came with the token.",
    }


class WrongMethod(Problem):
    """Data are read with GET or HEAD; tokens are renewed with POST."""

    code = "method-not-allowed"
    status = 405
    title: ClassVar[Texts] = {"fr": "Méthode non permise ici.", "en": "This method is not allowed here."}
    remedy: ClassVar[Texts] = {
        "fr": "Lisez les données avec GET ou HEAD ; renouvelez le jeton avec POST.",
        "en": "Read data with GET or HEAD; renew the token with POST.",
    }

    def __init__(self, *, allowed: str = "GET, HEAD") -> None:
        super().__init__()
        self.allowed = allowed


class FlowNotStarted(Problem):
    """The transfer is not started: no byte may leave."""

    code = "flow-not-started"
    status = 409
    title: ClassVar[Texts] = {"fr": "Ce transfert n’est pas en cours.", "en": "This transfer is not started."}
    remedy: ClassVar[Texts] = {
        "fr": "Attendez que le fournisseur démarre ou reprenne le transfert.",
        "en": "Wait until the provider starts or resumes the transfer.",
    }


class PolicyRefuses(Problem):
    """The terms of the agreement do not permit this now."""

    code = "policy-refuses"
    status = 403
    title: ClassVar[Texts] = {
        "fr": "Les règles d’usage de la convention ne le permettent pas, ou plus.",
        "en": "The terms of the agreement do not permit this, or no longer.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Relisez la convention ; au besoin, demandez-en une nouvelle.",
        "en": "Read the agreement again; if need be, ask for a new one.",
    }

    def __init__(
        self,
        detail: str | Texts = "",
        *,
        about: tuple[str, str] | None = None,
        explained: Mapping[str, list[str]] | None = None,
    ) -> None:
        """`about` is the owner and the transfer; `explained` is why in full, which the partner is not told."""
        super().__init__(detail)
        self.about = about
        self.explained = explained


class SourceRefused(Problem):
    """This may not be published: the address is malformed, or lies outside the allowed folders."""

    code = "source-refused"
    status = 400
    title: ClassVar[Texts] = {"fr": "Cette source ne peut pas être publiée.", "en": "This source may not be published."}
    remedy: ClassVar[Texts] = {
        "fr": "Placez le fichier dans data_dir/published ou ajoutez son dossier au réglage source_dirs.",
        "en": "Put the file into data_dir/published, or add its folder to the setting source_dirs.",
    }


class SourceChanged(Problem):
    """The source is not what was published: its bytes are not sent under the old checksum."""

    code = "source-changed"
    status = 409
    title: ClassVar[Texts] = {
        "fr": "La source a changé depuis sa publication.",
        "en": "The source has changed since it was published.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Le fournisseur doit publier de nouveau ce jeu de données.",
        "en": "The provider has to publish this dataset again.",
    }


class SourceGone(Problem):
    """The source is no longer there."""

    code = "source-gone"
    status = 410
    title: ClassVar[Texts] = {"fr": "La source n’existe plus.", "en": "The source no longer exists."}
    remedy: ClassVar[Texts] = {
        "fr": "Le fournisseur doit rétablir le fichier ou publier de nouveau ce jeu de données.",
        "en": "The provider has to bring the file back or publish this dataset again.",
    }


class SourceUnreadable(Problem):
    """The source cannot be read at present."""

    code = "source-unreadable"
    status = 502
    title: ClassVar[Texts] = {
        "fr": "La source est illisible pour le moment.",
        "en": "The source cannot be read at present.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Réessayez ; si cela dure, le fournisseur doit vérifier les droits et le disque.",
        "en": "Try again; if it lasts, the provider has to check the permissions and the disk.",
    }


class RangeUnsatisfiable(Problem):
    """The range lies outside the content (RFC 9110 §15.5.17)."""

    code = "range-unsatisfiable"
    status = 416
    title: ClassVar[Texts] = {
        "fr": "La plage demandée est hors du contenu.",
        "en": "The requested range lies outside the content.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Demandez une plage comprise dans la taille indiquée par Content-Range.",
        "en": "Ask for a range within the size that Content-Range states.",
    }

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes


class FetchFailed(Problem):
    """The bytes could not be received, and trying again by itself would not help."""

    code = "fetch-failed"
    status = 409
    title: ClassVar[Texts] = {"fr": "La réception a échoué.", "en": "The data could not be received."}
    remedy: ClassVar[Texts] = {
        "fr": "Corrigez la cause indiquée, puis relancez la réception.",
        "en": "Remove the cause that is named, then fetch again.",
    }


class RefusedByProvider(FetchFailed):
    """The provider does not give these bytes."""

    code = "fetch-refused"
    title: ClassVar[Texts] = {"fr": "Le fournisseur refuse l’envoi.", "en": "The provider refuses to send."}
    remedy: ClassVar[Texts] = {
        "fr": "Lisez le motif ; demandez une reprise du transfert ou une nouvelle convention.",
        "en": "Read the reason; ask for the transfer to be resumed, or for a new agreement.",
    }


class NothingThere(RefusedByProvider):
    """Nothing is at the provider's address, without a word of explanation: so answers a node that is starting (EDC)."""


class TokenLost(FetchFailed):
    """The provider takes our token no longer, and gives no other one."""

    code = "fetch-token-lost"
    title: ClassVar[Texts] = {
        "fr": "Le fournisseur n’accepte plus notre jeton et n’en donne pas d’autre.",
        "en": "The provider no longer takes our token and gives no other one.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Demandez une reprise du transfert : elle apporte un nouveau jeton.",
        "en": "Ask for the transfer to be resumed: that brings a new token.",
    }


class WrongContent(FetchFailed):
    """The bytes received are not those announced; they were discarded."""

    code = "fetch-wrong-content"
    title: ClassVar[Texts] = {
        "fr": "Le contenu reçu n’est pas celui annoncé ; il a été écarté.",
        "en": "The content received is not the one announced; it was discarded.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Relancez la réception ; si l’écart se répète, prévenez le fournisseur.",
        "en": "Fetch again; if the difference comes back, tell the provider.",
    }


class FileInTheWay(FetchFailed):
    """Another file already stands at the place where this one should go."""

    code = "fetch-file-exists"
    title: ClassVar[Texts] = {
        "fr": "Un autre fichier occupe déjà cet emplacement.",
        "en": "Another file already stands in this place.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Choisissez un autre nom, ou demandez le remplacement.",
        "en": "Choose another name, or ask for the file to be replaced.",
    }


class PartInUse(FileInTheWay):
    """Another file is being received into this place just now."""


class DiskFull(FetchFailed):
    """There is no room for the rest; what was received is kept."""

    code = "fetch-disk-full"
    status = 507
    title: ClassVar[Texts] = {
        "fr": "Il n’y a plus assez de place sur le disque ; ce qui est reçu est gardé.",
        "en": "There is not enough room on the disk; what was received is kept.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Libérez de la place, puis relancez la réception : elle reprendra où elle s’est arrêtée.",
        "en": "Make room, then fetch again: it resumes where it stopped.",
    }


def render(problem: Problem) -> bytes:
    """Return the JSON body (RFC 9457 in spirit): stable code, texts in French and English, what to do."""
    body: dict[str, object] = {
        "type": problem.code,
        "code": problem.code,
        "status": problem.status,
        "title": problem.title,
        "remedy": problem.remedy,
    }
    if any(problem.detail.values()):
        body["detail"] = problem.detail
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
