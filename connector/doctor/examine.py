"""One examination from the settings to the last check, and the report that comes of it. It raises nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import Any

from connector.doctor.case import Case, Holdings, Question, open_case
from connector.doctor.checks import CHECKS, settings_file
from connector.doctor.diagnosis import EXIT_CODES, Diagnosis, Finding, Verdict, worst
from connector.settings import BadSettings, Settings, load

log = logging.getLogger("pupitre.doctor")

SKIPPED = Diagnosis(
    "no-settings",
    Verdict.NOT_CHECKED,
    {
        "fr": "Sans configuration valable, rien ne peut être examiné.",
        "en": "Without valid settings nothing can be examined.",
    },
    {"fr": "Réglez d’abord ce qui concerne la configuration.", "en": "First settle what concerns the settings."},
)
BROKEN = Diagnosis(
    "check-failed",
    Verdict.NOT_CHECKED,
    {"fr": "Ce contrôle n’a pas abouti : {error}.", "en": "This check did not come to an end: {error}."},
    {
        "fr": "Joignez un dossier de diagnostic (« pupitre support-bundle ») à votre demande d’aide.",
        "en": "Add a support bundle (“pupitre support-bundle”) to your request for help.",
    },
)
GENERAL = (SKIPPED, BROKEN)
"""What any check may come to."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order of the checks, under which settings."""

    at: datetime
    findings: list[tuple[str, Finding]]
    """(check, finding)."""
    settings: Settings | None
    holdings: Holdings | None

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return worst(finding for _, finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0: nothing to do, 1: warnings, 2: failures."""
        return EXIT_CODES[self.verdict]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; secrets are masked."""
        return {
            "version": metadata.version("pupitre"),
            "at": self.at.isoformat(),
            "verdict": self.verdict.value,
            "checks": [finding.as_json(check) for check, finding in self.findings],
            "settings": self.shown_settings,
        }

    @property
    def shown_settings(self) -> Mapping[str, object]:
        """The settings in force, secrets masked; empty when they could not be read."""
        return self.settings.shown() if self.settings is not None else {}


async def examine(question: Question) -> Report:
    """Make every check, in order."""
    now = question.clock.now()
    try:
        settings = _load(question)
    except _NoSettings as error:
        rest = [(name, SKIPPED.found()) for name in CHECKS if name != "settings"]
        return Report(now, [("settings", error.finding), *rest], None, None)
    case = open_case(question, settings)
    try:
        findings = [(name, one) for name in CHECKS for one in await _made(name, case)]
        return Report(now, findings, settings, case.holdings)
    finally:
        await case.close()


class _NoSettings(Exception):
    """There are no settings to examine by."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding


def _load(question: Question) -> Settings:
    path = question.config
    try:
        return load(path, dict(question.environ))
    except BadSettings as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise _NoSettings(settings_file.MISSING.found(str(path))) from error
        if isinstance(error.__cause__, PermissionError):
            raise _NoSettings(settings_file.UNREADABLE.found(str(path))) from error
        raise _NoSettings(settings_file.BAD.found(str(path or ""), detail=error.detail)) from error


async def _made(name: str, case: Case) -> list[Finding]:
    try:
        found: list[Finding] = await CHECKS[name].check(case)
    except Exception as error:
        log.debug("the check %s failed", name, exc_info=True)
        return [BROKEN.found(error=type(error).__name__)]
    return found
