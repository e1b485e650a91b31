"""What an examination found, and how it is told in French and English.

A fault makes the bundle invalid and ends the examination. A doubt leaves it indeterminate: what can be checked holds,
but something that would be needed is not there. A document of a later form than the program knows is one; where it is
the list of contents, or what the bundle is about, it ends the examination. A finding is what was seen to hold. The
pieces that no seal covers are named whatever the verdict: they were looked at, but whoever held the bundle may have
changed them.
"""

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["fr", "en"]
Verdict = Literal["valid", "invalid", "indeterminate"]

EXIT: dict[Verdict, int] = {"valid": 0, "invalid": 1, "indeterminate": 2}
_VERDICTS: dict[Language, dict[Verdict, str]] = {
    "fr": {"valid": "VALIDE", "invalid": "NON VALIDE", "indeterminate": "INDÉTERMINÉ"},
    "en": {"valid": "VALID", "invalid": "INVALID", "indeterminate": "INDETERMINATE"},
}
LEVELS: dict[str, dict[Language, str]] = {
    "L0": {
        "fr": "L0 : certificats faits par les nœuds eux-mêmes, ou non rattachés à une autorité donnée par --trust. La "
        "valeur de la preuve repose sur ce dont les parties sont convenues et sur les clés qu’elles ont échangées.",
        "en": "L0: certificates made by the nodes themselves, or not tied to an authority given by --trust. What the "
        "evidence is worth rests on what the parties agreed and on the keys that they exchanged.",
    },
    "L1": {
        "fr": "L1 : les certificats de cachet des deux parties viennent d’une autorité donnée par --trust. Elle répond "
        "du nom auquel chacun est délivré, dit plus haut : comparez-le à celui de la partie.",
        "en": "L1: the seal certificates of both parties come from an authority given by --trust. It answers for the "
        "name to which each is issued, told above: compare it with that of the party.",
    },
    "L2": {
        "fr": "L2 : les certificats de cachet viennent d’une autorité donnée par --trust et se disent délivrés comme "
        "certificats de cachet au sens du règlement eIDAS. Elle répond du nom auquel chacun est délivré, dit plus "
        "haut : comparez-le à celui de la partie. Ce que dit la liste de confiance européenne à la date de la "
        "signature n’est pas contrôlé ici.",
        "en": "L2: the seal certificates come from an authority given by --trust and say of themselves that they were "
        "issued as seal certificates under the eIDAS regulation. It answers for the name to which each is issued, told "
        "above: compare it with that of the party. What the European trusted list said on the day of the signature is "
        "not checked here.",
    },
}

_LABELS: dict[str, dict[Language, str]] = {
    "contract": {"fr": "Convention", "en": "Contract"},
    "unilateral": {"fr": "Preuve unilatérale", "en": "One-sided evidence"},
    "contractSha256": {"fr": "Empreinte", "en": "Hash"},
    "unilateralSha256": {"fr": "Empreinte", "en": "Hash"},
    "agreement": {"fr": "Accord", "en": "Agreement"},
    "provider": {"fr": "Fournisseur", "en": "Provider"},
    "consumer": {"fr": "Destinataire", "en": "Recipient"},
    "by": {"fr": "Scellé par", "en": "Sealed by"},
    "peer": {"fr": "Partenaire", "en": "Partner"},
    "dataset": {"fr": "Jeu de données", "en": "Dataset"},
    "concludedAt": {"fr": "Conclue le", "en": "Concluded at"},
    "provider-says": {"fr": "Approuvé, selon le fournisseur, par", "en": "Approved, the provider says, by"},
    "consumer-says": {"fr": "Approuvé, selon le destinataire, par", "en": "Approved, the recipient says, by"},
    "key": {"fr": "clé", "en": "key"},
    "rule": {"fr": "règle", "en": "rule"},
    "at": {"fr": "le", "en": "at"},
    "termination": {"fr": "Résiliée le", "en": "Terminated at"},
    "suspension": {"fr": "Suspendue le", "en": "Suspended at"},
    "resumption": {"fr": "Reprise le", "en": "Resumed at"},
    "receipt": {"fr": "Accusé de réception du", "en": "Receipt of"},
}

_RULES_TERMINALS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FIRST = ("contract", "unilateral", "contractSha256", "unilateralSha256", "agreement")
_THEN = ("by", "peer", "dataset", "concludedAt")

_UNSEALED: dict[Language, str] = {
    "fr": "Aucun cachet ne couvre : {}. Qui a tenu le dossier a pu changer ces pièces et en refaire la liste ; "
    "comparez-les à celles que vous tenez d’ailleurs.",
    "en": "No seal covers: {}. Whoever held the bundle may have changed these pieces and written the list anew; "
    "compare them with those that you have from elsewhere.",
}


class Fault(Exception):
    """Something in the bundle is not what it must be."""

    def __init__(self, part: str, place: str, fr: str, en: str) -> None:
        super().__init__(f"{part} {place}: {en}")
        self.part, self.place, self.fr, self.en = part, place, fr, en


@dataclass(frozen=True)
class Doubt:
    """Something that would be needed to say "valid" is not there."""

    part: str
    place: str
    fr: str
    en: str


class LaterForm(Exception):
    """A document has a later form than those that are known here: it can be said neither right nor wrong."""

    def __init__(self, part: str, place: str) -> None:
        super().__init__(f"{part} {place}")
        self.doubt = Doubt(
            part,
            place,
            "dossier d’une version plus récente : prenez un pupitre-verify plus récent",
            "a bundle of a later version: take a newer pupitre-verify",
        )


@dataclass(frozen=True)
class Finding:
    """Something that was checked and holds; `part` is the file of the bundle."""

    part: str
    fr: str
    en: str


@dataclass
class Report:
    """What was found, in the order in which it was looked at."""

    at: str = ""
    level: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unexamined: list[Finding] = field(default_factory=list)
    unsealed: tuple[str, ...] = ()
    """The files of the bundle of which no seal says what they must be."""

    def holds(self, part: str, fr: str, en: str) -> None:
        """Note that something holds."""
        self.findings.append(Finding(part, fr, en))

    def left_out(self, part: str, fr: str, en: str) -> None:
        """Note what was not looked at, and why, though the bundle may be valid without."""
        self.unexamined.append(Finding(part, fr, en))

    def doubt(self, part: str, place: str, fr: str, en: str) -> None:
        """Note that something cannot be decided."""
        self.doubts.append(Doubt(part, place, fr, en))

    @property
    def verdict(self) -> Verdict:
        """Return what all of it amounts to."""
        if self.faults:
            return "invalid"
        return "indeterminate" if self.doubts else "valid"

    @property
    def exit_status(self) -> int:
        """Return 0 for valid, 1 for invalid, 2 for indeterminate."""
        return EXIT[self.verdict]

    def as_json(self) -> dict[str, Any]:
        """Return the report for a program."""
        return {
            "verdict": self.verdict,
            "exit": self.exit_status,
            "at": self.at,
            "level": self.level,
            **self.facts,
            "faults": [{"part": one.part, "field": one.place, "fr": one.fr, "en": one.en} for one in self.faults],
            "doubts": [{"part": one.part, "field": one.place, "fr": one.fr, "en": one.en} for one in self.doubts],
            "checked": [{"part": one.part, "fr": one.fr, "en": one.en} for one in self.findings],
            "unexamined": [{"part": one.part, "fr": one.fr, "en": one.en} for one in self.unexamined],
            "unsealed": list(self.unsealed),
        }

    def as_json_text(self) -> str:
        """Return the report for a program; what rules a terminal is escaped, as JSON does it."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=2)
        return "".join(json.dumps(sign)[1:-1] if sign != "\n" and _rules(sign) else sign for sign in text)

    def as_text(self, language: Language) -> str:
        """Return the report for a person."""
        colon = " : " if language == "fr" else ": "
        lines = [f"{_VERDICTS[language][self.verdict]} ({'examiné au' if language == 'fr' else 'as of'} {self.at})"]
        lines += [] if self.faults else _told(self.facts, language)
        for sign, listed in (("✗", self.faults), ("?", self.doubts)):
            lines += [f"  {sign} {_where(one, language)}{colon}{getattr(one, language)}" for one in listed]
        for sign, found in (("✓", self.findings), ("–", self.unexamined)):
            lines += [f"  {sign} {one.part}{colon}{getattr(one, language)}" for one in found]
        if self.unsealed:
            lines += ["", _UNSEALED[language].format(", ".join(self.unsealed))]
        if self.level and self.verdict != "invalid":
            lines += ["", LEVELS[self.level][language]]
        return "\n".join(map(_shown, lines))


def _shown(line: str) -> str:
    """Return the line with what rules a terminal escaped: nothing in a bundle may write over the verdict."""
    return "".join(ascii(sign)[1:-1] if _rules(sign) else sign for sign in line)


def _rules(sign: str) -> bool:
    return unicodedata.category(sign) in _RULES_TERMINALS


def _told(facts: dict[str, Any], language: Language) -> list[str]:
    """Return what the bundle is about, a line each: which contract, between whom, who approved, what followed."""
    told: list[tuple[str, str]] = [(name, str(facts[name])) for name in _FIRST if name in facts]
    told += [(role, f"{one['legalName']} ({one['did']})") for role, one in facts.get("parties", {}).items()]
    told += [(name, str(facts[name])) for name in _THEN if name in facts]
    for role, one in facts.get("approvals", {}).items():
        said = [f"{_LABELS[name][language]} {value}" if name in _LABELS else value for name, value in one.items()]
        told.append((f"{role}-says", ", ".join(said)))
    told += [(one["kind"], one["at"]) for one in facts.get("notices", ())]
    colon = " : " if language == "fr" else ": "
    return [f"  {_LABELS[name][language]}{colon}{value}" for name, value in told]


def _where(one: Fault | Doubt, language: Language) -> str:
    if not one.place:
        return one.part
    return f"{one.part}, {'champ' if language == 'fr' else 'field'} {one.place}"
