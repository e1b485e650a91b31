"""The seals of a contract as the API tells them: whose, when, at which level, and who approved."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from connector.http.private.asking import Shape
from connector.http.private.processes import RoleName
from contracts.approval import Approval
from contracts.convention import rule_text
from contracts.convention.proof import Revocation, Seal
from contracts.levels import WORDS as LEVELS
from policies.errors import Language

Level = Literal["L0", "L1", "L2"]


class ContractApproval(Shape):
    """Who approved, as the seal claims it: a function and a key, or a rule; never a person's name."""

    function: str | None
    key: Annotated[
        str | None, Field(description="Identifier of the API key that was used; whose it was, its owner knows.")
    ]
    rule: Annotated[str | None, Field(description="The rule by which the node decided by itself.")]
    rule_text: Annotated[str | None, Field(description="The same in words, in the caller's language.")]
    at: datetime | None


class ContractRevocation(Shape):
    """Since when a seal key is revoked, as its owner says."""

    at: datetime
    reason: str


class ContractSeal(Shape):
    """A seal on the document."""

    role: RoleName
    kid: str
    at: Annotated[datetime, Field(description="When it was put, as its author says.")]
    level: Level
    level_text: str
    subject: Annotated[str, Field(description="Whom the certificate names.")]
    issuer: Annotated[str | None, Field(description="Who issued it; null: the organisation itself.")]
    certificate_sha256: str
    is_timestamped: bool
    revocation: Annotated[
        ContractRevocation | None, Field(description="Of its key; null: not revoked, as far as this node knows.")
    ]
    approval: ContractApproval | None


def told_seal(seal: Seal, revocation: Revocation | None, language: Language) -> ContractSeal:
    """Return a seal as the API tells it, with the revocation of its key, where one is known."""
    return ContractSeal(
        role=seal.role,  # type: ignore[arg-type]
        kid=seal.kid,
        at=seal.at,
        level=seal.level,
        level_text=LEVELS[seal.level][language],
        subject=seal.subject,
        issuer=seal.issuer or None,
        certificate_sha256=seal.certificate_sha256,
        is_timestamped=seal.is_timestamped,
        revocation=None if revocation is None else ContractRevocation(at=revocation.at, reason=revocation.reason),
        approval=None if seal.approval is None else _approval(seal.approval, language),
    )


def _approval(told: Approval, language: Language) -> ContractApproval:
    return ContractApproval(
        function=told.function or None,
        key=told.by or None,
        rule=told.rule or None,
        rule_text=rule_text(told.rule, language) if told.rule else None,
        at=told.at,
    )
