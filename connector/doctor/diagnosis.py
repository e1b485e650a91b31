"""A diagnosis is what a check may find, with its cause and its remedy; a finding is one that holds here and now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Texts = Mapping[str, str]


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOT_CHECKED = "not-checked"
    WARNING = "warning"
    FAILURE = "failure"


EXIT_CODES = {Verdict.OK: 0, Verdict.NOT_CHECKED: 0, Verdict.WARNING: 1, Verdict.FAILURE: 2}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Something that a check may find. `{…}` in its texts stands for what is found."""

    code: str
    """Stable, unique among all checks."""
    verdict: Verdict
    cause: Texts
    remedy: Texts = field(default_factory=lambda: {"fr": "", "en": ""})

    def found(self, subject: str = "", /, **details: object) -> "Finding":
        """Return the finding that it holds for a subject, with the details that its texts name."""
        return Finding(self, subject, {name: _said(value) for name, value in details.items()})


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis that holds."""

    diagnosis: Diagnosis
    subject: str
    """The file, address, partner or setting it is about; may be empty."""
    details: Mapping[str, Texts]

    @property
    def verdict(self) -> Verdict:
        """How it counts."""
        return self.diagnosis.verdict

    def cause(self, language: str) -> str:
        """Return in one sentence what is so."""
        return self._filled(self.diagnosis.cause, language)

    def remedy(self, language: str) -> str:
        """Return in one sentence what to do; empty when there is nothing to do."""
        return self._filled(self.diagnosis.remedy, language)

    def _filled(self, texts: Texts, language: str) -> str:
        return texts[language].format(
            subject=self.subject, **{name: said[language] for name, said in self.details.items()}
        )

    def as_json(self, check: str) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "check": check,
            "subject": self.subject,
            "verdict": self.verdict.value,
            "code": self.diagnosis.code,
            "cause": {language: self.cause(language) for language in ("fr", "en")},
            "remedy": {language: self.remedy(language) for language in ("fr", "en")},
        }


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that decides the exit code."""
    return max((one.verdict for one in findings), key=lambda verdict: EXIT_CODES[verdict], default=Verdict.OK)


def ok(code: str, fr: str, en: str) -> Diagnosis:
    """Return a diagnosis of health."""
    return Diagnosis(code, Verdict.OK, {"fr": fr, "en": en})


def _said(value: object) -> Texts:
    return value if isinstance(value, Mapping) else {"fr": str(value), "en": str(value)}
