"""What may go wrong when a program speaks to a node."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urljoin

PREFIX = "urn:pupitre:problem:"
"""Of `type` in answers of former versions, and of what ends `get` (Unfinished)."""


class ApiProblem(Exception):
    """The node answered, and the answer was no: its problem document (RFC 9457)."""

    def __init__(
        self, status: int, document: Mapping[str, Any], retry_after_s: float | None = None, asked: str = ""
    ) -> None:
        self.status = status
        kind = str(document.get("type", ""))
        self.code = str(document.get("code", kind.removeprefix(PREFIX)))
        """Stable word for programs."""
        self.url = urljoin(asked, kind) if asked and kind and not kind.startswith(PREFIX) else ""
        """Where the node explains the code."""
        self.title = str(document.get("title", f"HTTP {status}"))
        self.detail = str(document.get("detail", ""))
        self.remedy = str(document.get("remedy", ""))
        """What to do."""
        self.pointer = str(document.get("pointer", ""))
        """JSON pointer to what is at fault in the request."""
        self.retry_after_s = retry_after_s
        self.document = dict(document)
        where = f"({self.pointer})" if self.pointer else ""
        super().__init__(" ".join(part for part in (self.title, self.detail, where) if part))


class NodeUnreachable(Exception):
    """No answer came from the node; whether it took the request is not known."""


class Unfinished(Exception):
    """The way to the data ends here for now; `code` says why, and the same call goes on later."""

    TEXTS: ClassVar[Mapping[str, Mapping[str, tuple[str, str]]]] = {
        "unknown-peer": {
            "fr": ("Ce partenaire n’est pas enregistré.", "Enregistrez-le : pupitre peer add."),
            "en": ("This partner is not recorded.", "Record it: pupitre peer add."),
        },
        "not-offered": {
            "fr": ("Le partenaire ne nous propose pas cela.", "Lisez son catalogue : pupitre catalogue."),
            "en": ("The partner does not offer us this.", "Read its catalogue: pupitre catalogue."),
        },
        "several-offers": {
            "fr": ("Plusieurs conditions sont proposées ; choisissez.", "Nommez-en une (offer, --offer)."),
            "en": ("It is offered under several terms; choose.", "Name one (offer, --offer)."),
        },
        "not-accepted": {
            "fr": ("Personne n’a accepté ces règles d’usage :", "Acceptez-les (accept, --yes) ; rien n’est demandé."),
            "en": ("Nobody has accepted these rules of use:", "Accept them (accept, --yes); nothing was asked for."),
        },
        "declined": {
            "fr": ("Règles d’usage non acceptées : rien n’est demandé.", ""),
            "en": ("The rules of use were not accepted: nothing was asked for.", ""),
        },
        "counter-offer": {
            "fr": (
                "Le partenaire propose d’autres règles ; une personne d’ici doit décider :",
                "Décidez-en, relancez.",
            ),
            "en": ("The partner proposes other rules; a person here has to decide:", "Decide, then try again."),
        },
        "waiting": {
            "fr": ("Toujours en attente.", "Le nœud continue seul ; relancez plus tard la même commande."),
            "en": ("Still waiting.", "The node goes on by itself; give the same command again later."),
        },
        "stuck": {
            "fr": ("Une personne doit décider.", "Puis relancez la même commande."),
            "en": ("A person has to decide.", "Then give the same command again."),
        },
        "refused": {
            "fr": ("Refusé.", "Voyez avec le partenaire avant de redemander."),
            "en": ("Refused.", "Talk to the partner before asking again."),
        },
        "taken-over": {
            "fr": ("Une autre commande reçoit ces données dans un autre fichier.", "Relancez quand elle a fini."),
            "en": ("Another command receives these data into another file.", "Try again when it has finished."),
        },
        "not-received": {
            "fr": ("Le fichier n’a pas été reçu.", "Puis relancez la même commande, qui reprend où c’était."),
            "en": ("The file was not received.", "Then give the same command again; it goes on from there."),
        },
    }

    def __init__(self, code: str, detail: str = "", *, language: str = "fr", process: Any = None, terms: Any = None):
        self.code = code
        """Stable word for programs."""
        self.title, self.remedy = self.TEXTS[code][language]
        self.detail = detail
        self.process = process
        """The negotiation, transfer or reception at which it ended, as the node shows it."""
        self.terms = terms
        """The rules of use that nobody has agreed to."""
        super().__init__(" ".join(part for part in (self.title, self.detail, self.remedy) if part))

    @property
    def document(self) -> dict[str, Any]:
        """The same as a problem document."""
        said = {"type": f"{PREFIX}{self.code}", "code": self.code, "title": self.title, "detail": self.detail.strip()}
        rules = {} if self.terms is None else {"terms": self.terms.sentences}
        return {**said, "remedy": self.remedy, **rules, "process": self.process}
