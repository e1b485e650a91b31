"""The form of the sealed documents: which members, of which sort. What they mean together is looked at elsewhere."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pupitre_verify.report import Fault, LaterForm

CONTRACT = "https://w3id.org/pupitre/contract/1"
CONCLUSION = "https://w3id.org/pupitre/conclusion/1"
NOTICE = "https://w3id.org/pupitre/notice/1"
CHECKPOINT = "https://w3id.org/pupitre/checkpoint/1"
UNILATERAL = "https://w3id.org/pupitre/unilateral/1"
KINDS_OF_NOTICE = ("termination", "suspension", "resumption", "receipt")
Rule = Any
"""A table of members (`?` after a name that may be absent), a list of one rule, or a test of a value."""

_INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z", re.ASCII)


def instant(text: str) -> datetime:
    """Return the instant that the text says (RFC 3339, UTC, whole seconds). Raises ValueError."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def is_instant(value: Any) -> bool:
    """Return whether the value is a text that says an instant."""
    try:
        return isinstance(value, str) and bool(instant(value))
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return type(value) is int and value >= 1


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


class _Form:
    """The name of a form; `_check_members` stops at a later one before it looks at anything else."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def __call__(self, value: Any) -> bool:
        return bool(value == self.schema)


def check_not_later(part: str, place: str, told: Any, known: str) -> None:
    """Raise LaterForm where the name of a form is the known one but for a higher number at its end."""
    base = known.rstrip("0123456789")
    found = re.fullmatch(re.escape(base) + r"([1-9][0-9]{0,8})", told, re.ASCII) if isinstance(told, str) else None
    if found is not None and int(found[1]) > int(known.removeprefix(base)):
        raise LaterForm(part, place)


class _NoneOr:
    """The word "none", or what the rule says."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule


_SHA256, _DID = _matches(r"[0-9a-f]{64}"), _matches(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_URN = _matches(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTY = {
    "did": _DID,
    "legalName": _is_text,
    "siren?": _matches(r"\d{9}"),
    "siret?": _matches(r"\d{14}"),
    "representative": {"function": _is_text, "mandate?": _is_text},
    "seal": {"kid": _is_text, "certificateSha256": _SHA256},
    "cardSha256": _SHA256,
}
_AGREEMENT = {"id": _is_text, "text": _is_text, "sha256": _SHA256}
_PERSONAL_DATA = {
    "legalBasis": _is_text,
    "purpose": _is_text,
    **dict.fromkeys(
        ("categories?", "subjects?", "recipients?", "retention?", "security?", "controller?", "contact?"), _is_text
    ),
}
_MESSAGES = [{"type": _is_text, "from": _DID, "sha256": _SHA256}]
SHAPES: dict[str, Rule] = {
    CONTRACT: {
        "schema": _Form(CONTRACT),
        "id": _URN,
        "language": _is("fr"),
        "createdAt": is_instant,
        "parties": {"provider": _PARTY, "consumer": _PARTY},
        "framework": _NoneOr({"reference": _is_text, "sha256?": _SHA256, "proofClause": _is_text}),
        "agreement": _AGREEMENT,
        "dataset": {
            "id": _is_text,
            "title": _is_text,
            "description?": _is_text,
            "licence?": _is_text,
            "personal": _is_flag,
        },
        "terms": {
            "fr": [_is_text],
            "en": [_is_text],
            "verified": [_is("node", "afterwards", "commitment")],
            "sha256": _SHA256,
            "generator": _is_text,
        },
        "request": _NoneOr({"purpose?": _is_text, "until?": _is_text, "legalBasis?": _is_text, "useCase?": _is_text}),
        "personalData": _NoneOr(_PERSONAL_DATA),
        "validity": {"from": is_instant, "until?": is_instant},
        "jurisdiction": _is_text,
        "termination": _is_text,
        "countersignBefore": is_instant,
        "negotiation": {"providerPid": _is_text, "consumerPid": _is_text, "messages": _MESSAGES},
    },
    CONCLUSION: {
        "schema": _Form(CONCLUSION),
        "contract": _URN,
        "contractSha256": _SHA256,
        "agreement": _is_text,
        "signatures": {"provider": _SHA256, "consumer": _SHA256},
        "concludedAt": is_instant,
    },
    NOTICE: {
        "schema": _Form(NOTICE),
        "kind": _is(*KINDS_OF_NOTICE),
        "contract": _URN,
        "contractSha256": _SHA256,
        "agreement": _is_text,
        "at": is_instant,
        "by": _DID,
        "code?": _is_text,
        "reason?": _is_text,
    },
    CHECKPOINT: {
        "schema": _Form(CHECKPOINT),
        "by": _DID,
        "number": _is_number,
        "previous?": {"sha256": _SHA256, "seal": _SHA256},
        "at": is_instant,
        "heads": [_SHA256],
        "restorations?": [{"backupAt": is_instant, "restoredAt": is_instant}],
    },
    UNILATERAL: {
        "schema": _Form(UNILATERAL),
        "id": _URN,
        "createdAt": is_instant,
        "role": _is("provider", "consumer"),
        "by": _DID,
        "peer": _DID,
        "agreement": _AGREEMENT,
        "messages": _MESSAGES,
        "token?": _SHA256,
    },
}


def check_shape(part: str, value: Any, rule: Rule, place: str = "/payload") -> None:
    """Refuse a value that does not have the form; the fault names the member.

    Raises LaterForm for a sealed document of a later form: its seals are to be checked before.
    """
    if isinstance(rule, _NoneOr):
        if value != "none":
            check_shape(part, value, rule.rule, place)
    elif isinstance(rule, dict):
        _check_members(part, value, rule, place)
    elif isinstance(rule, list):
        if not isinstance(value, list) or not value:
            raise Fault(part, place, "ce n’est pas une liste d’au moins un élément", "not a list of one or more")
        for n, inner in enumerate(value):
            check_shape(part, inner, rule[0], f"{place}/{n}")
    elif not rule(value):
        raise Fault(part, place, "valeur d’une forme refusée", "this form of value is refused")


def _check_members(part: str, value: Any, rule: dict[str, Rule], place: str) -> None:
    if not isinstance(value, dict):
        raise Fault(part, place, "ce n’est pas un objet", "this is not an object")
    if isinstance(form := rule.get("schema"), _Form):
        check_not_later(part, f"{place}/schema", value.get("schema"), form.schema)
    for name in sorted(value.keys() - {name.rstrip("?") for name in rule}):
        raise Fault(part, f"{place}/{name}", "ce membre n’est pas admis", "this member is not allowed")
    for name, inner in rule.items():
        bare = name.rstrip("?")
        if bare in value:
            check_shape(part, value[bare], inner, f"{place}/{bare}")
        elif bare == name:
            raise Fault(part, f"{place}/{name}", "ce membre manque", "this member is missing")
