"""What a seal claims of who approved: a function and an opaque identifier, or the rule that decided. No name.

It stands in the protected header as claimed attributes (`srAts`, ETSI TS 119 182-1 §5.2.5): the function first, as
people say it, then what programs read. Names of persons stay in the journal of the node that knows them: a contract
cannot be corrected later, a journal's entry can be explained.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.canonical import Json
from contracts.jws import Signature
from contracts.refused import HeaderRefused

BY = "urn:pupitre:approved-by:"
RULE = "urn:pupitre:approval-rule:"
AT = "urn:pupitre:approved-at:"
LONGEST = 200
"""Longest line that an approval is said in, in characters."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved on one side: a person by function and opaque identifier, or a rule by its identifier."""

    function: str = ""
    by: str = ""
    rule: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        if bool(self.by) == bool(self.rule):
            raise ValueError("an approval is given by somebody or by a rule")
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("the instant of an approval has a time zone")
        if self.function.startswith("urn:pupitre:"):
            raise ValueError("a function is said in words")
        for said in (self.function, self.by, self.rule):
            if len(said) > LONGEST or not said.isprintable():
                raise ValueError(f"an approval is said in lines of at most {LONGEST} characters")


def as_header(approval: Approval) -> dict[str, Json]:
    """Return the header parameter that claims an approval."""
    at = f"{approval.at.astimezone(UTC):%FT%TZ}" if approval.at else ""
    told = [approval.function] if approval.function else []
    for prefix, value in ((BY, approval.by), (RULE, approval.rule), (AT, at)):
        if value:
            told.append(prefix + value)
    return {"claimed": [{"encoding": "binary", "mediaType": "text/plain", "qVals": told}]}


def approval_in(signature: Signature, pointer: str = "/srAts") -> Approval | None:
    """Return the approval that a seal claims, or None when it claims none. Raises HeaderRefused."""
    if "srAts" not in signature.header:
        return None
    told = signature.header["srAts"]
    try:
        approval = _read(told["claimed"][0]["qVals"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise HeaderRefused(actual=str(error)[:80], pointer=pointer) from error
    if as_header(approval) != told:
        raise HeaderRefused(needed="srAts", pointer=pointer)
    return approval


def _read(values: list[str]) -> Approval:
    told = {
        prefix: value.removeprefix(prefix) for prefix in (BY, RULE, AT) for value in values if value.startswith(prefix)
    }
    at = told.get(AT, "")
    if at and _INSTANT.fullmatch(at) is None:
        raise ValueError(f"{at[:40]} is no instant")
    return Approval(
        function="" if values[0].startswith((BY, RULE, AT)) else values[0],
        by=told.get(BY, ""),
        rule=told.get(RULE, ""),
        at=datetime.fromisoformat(at) if at else None,
    )
