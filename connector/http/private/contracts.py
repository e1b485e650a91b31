"""Contracts as evidence: what was sealed, and who approved; as a bundle, as a convention, and checked again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from connector import words
from connector.http.private.asking import (
    Asking,
    By,
    DidFilter,
    Id,
    Identifier,
    NextCursor,
    Node,
    Owner,
    PeriodQuery,
    Shape,
    Wish,
)
from connector.http.private.contract_seals import ContractSeal, Level, told_seal
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.processes import RoleName
from connector.services import contract_checks, deciders
from connector.services.contract import Decided, Shown
from connector.services.contract_checks import Step
from connector.services.deciders import Person
from connector.store.contracts import StoredContract
from contracts.convention import CONTENT_SECURITY_POLICY, Convention, Piece, as_html, reason_text
from contracts.convention.proof import Notice
from contracts.levels import WORDS as LEVELS
from policies.errors import Language

router = APIRouter(tags=["contracts"], route_class=TaggedRoute)
Status = Literal["sealing", "sealed-by-one", "sealed-by-both", "concluded", "unilateral", "unused"]
TimeStamps = Literal["none", "pending", "partial", "complete"]
_APART = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
"""Headers of what is a file by itself."""
_PAGE_POLICY = f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'"


class Contract(Shape):
    """A contract, or the one-sided evidence that stands in its place."""

    id: Annotated[str | None, Field(description="What the document calls itself; null: not drawn up, or not checked.")]
    agreement: Annotated[str, Field(description="Identifier of the agreement in it.")]
    negotiation: str
    role: RoleName
    peer: Annotated[str, Field(description="DID of the partner.")]
    dataset: str
    status: Status
    status_text: Annotated[str, Field(description="The same in words, in the caller's language.")]
    reason: Annotated[str | None, Field(description="Why it led to nothing.")]
    timestamps: Annotated[
        TimeStamps,
        Field(description="Of both seals and of the conclusion; `pending`: asked for; it is valid meanwhile."),
    ]
    timestamps_text: Annotated[str, Field(description="The same in words, in the caller's language.")]
    sha256: Annotated[str | None, Field(description="Of the document: the hash by which all else names the contract.")]
    created_at: datetime
    updated_at: datetime


class Contracts(Shape):
    """A page of contracts, the newest first."""

    items: list[Contract]
    next_cursor: NextCursor = None


class ContractParty(Shape):
    """An organisation as the contract names it, or as this node knows it beside one-sided evidence."""

    role: RoleName
    did: str
    legal_name: Annotated[str | None, Field(description="null: not known, only in one-sided evidence.")]
    siren: str | None
    siret: str | None
    representative: Annotated[
        str | None,
        Field(description="The function of who represents it; null: not known, only in one-sided evidence."),
    ]
    mandate: Annotated[str | None, Field(description="The decision that empowers the representative.")]
    source: Annotated[
        Literal[tuple(words.PARTY_SOURCES)],  # type: ignore[valid-type]  # the table says which
        Field(
            description="`document`: sealed in it; `card`, `node`: its card, or the name given here; `none`: DID alone."
        ),
    ]
    source_text: Annotated[str, Field(description="The same in words, in the caller's language.")]
    has_sealed: bool


class ContractSentence(Shape):
    """One rule of use in words."""

    text: str
    verified: Annotated[
        Literal["node", "afterwards", "commitment"],
        Field(description="`node`: by the node; `afterwards`: found out later; `commitment`: promised, no more."),
    ]


class ContractPiece(Shape):
    """One thing that one-sided evidence is made of, or lacks."""

    code: Annotated[Literal[tuple(words.CONTRACT_PIECES)], Field(description="Stable word for programs.")]  # type: ignore[valid-type]  # the table says which
    text: Annotated[str, Field(description="The same in words, in the caller's language.")]
    state: Annotated[
        Literal[tuple(words.PIECE_STATES)],  # type: ignore[valid-type]  # the table says which
        Field(description="`unsealed`: told by this node as it knows it today; no seal covers it."),
    ]
    state_text: Annotated[str, Field(description="The same in words, in the caller's language.")]
    by: Annotated[RoleName | None, Field(description="Who sealed it; of a seal that is missing, whose it would be.")]


class ContractNotice(Shape):
    """What a party notified, under seal."""

    kind: Annotated[str, Field(description="`termination`, `suspension`, `resumption` or `receipt`.")]
    at: str
    by: Annotated[str, Field(description="DID of its author.")]
    reason: str
    reason_text: Annotated[str, Field(description="The same, what nodes write there put into words.")]


class ContractDecision(Shape):
    """What was decided on our side, as our journal tells it."""

    n: Annotated[int, Field(description="Number of the entry in the journal of the negotiation.")]
    at: datetime
    kind: Annotated[str, Field(description="Of the entry; `decided`: what is decided waits, `sent`: it left.")]
    what: Annotated[str, Field(description="What was decided, in the caller's language.")]
    by: Annotated[str, Field(description="Who decided, or which rule, in the caller's language.")]
    said_by: Annotated[str | None, Field(description="The person who was named, where one was to be.")]
    key: Annotated[str | None, Field(description="The API key that was used; null: a rule decided.")]
    rule: Annotated[str | None, Field(description="The rule that decided; null: a person did.")]


class ContractDetail(Contract):
    """A contract with its parties, its rules in words, its seals, and who approved what."""

    title: Annotated[
        str | None,
        Field(
            description="Of the dataset, as the contract tells it; of one-sided evidence, as our own catalogue does."
        ),
    ]
    parties: list[ContractParty]
    sentences: Annotated[
        list[ContractSentence],
        Field(
            description="The rules of use, in the caller's language; of one-sided evidence, from the sealed agreement."
        ),
    ]
    pieces: Annotated[
        list[ContractPiece],
        Field(description="Of one-sided evidence: what is sealed and by whom, what stands beside it, what is missing."),
    ]
    valid_from: str | None
    valid_until: str | None
    level: Annotated[Level | None, Field(description="The lowest of the seals.")]
    level_text: str | None
    seals: list[ContractSeal]
    concluded_at: Annotated[str | None, Field(description="As the sealed conclusion says; null: not concluded.")]
    is_ended: Annotated[bool, Field(description="Whether the agreement has ended: nothing is delivered under it.")]
    notices: list[ContractNotice]
    decisions: list[ContractDecision]
    journal: Annotated[str, Field(description="Address of the journal of the negotiation.")]


class ContractTermination(Wish):
    """Why a contract ends, and who says so."""

    reason: Annotated[
        str,
        Field(max_length=4_000, pattern=r"\S", description="Why; the partner reads it in a notice under our seal."),
    ]
    said_by: Annotated[
        str,
        Field(
            max_length=500,
            pattern=r"\S",
            description="Who ends it, by name or by function; kept in our journal, not told to the partner.",
        ),
    ]
    code: Annotated[str, Field(max_length=100, description="A stable word for programs.")] = ""


class ContractStep(Shape):
    """One thing that was checked."""

    code: Annotated[Literal[tuple(contract_checks.STEPS)], Field(description="Stable word for programs.")]  # type: ignore[valid-type]  # the table says which
    outcome: Annotated[Literal["holds", "fails", "unknown"], Field(description="`unknown`: not to be told from here.")]
    text: Annotated[str, Field(description="What was checked, in the caller's language.")]
    detail: Annotated[str | None, Field(description="Why it does not hold, and where.")]


class ContractVerification(Shape):
    """A contract that was checked again, step by step."""

    contract: str
    sha256: str
    verdict: Literal["valid", "invalid", "indeterminate"]
    verdict_text: str
    at: datetime
    steps: list[ContractStep]


class ContractQuery(PeriodQuery):
    """Which contracts, by when they were drawn up."""

    role: RoleName | None = None
    status: Status | None = None
    timestamps: TimeStamps | None = None
    peer: DidFilter = None
    dataset: Identifier | None = None
    search: Annotated[
        Identifier | None,
        Field(description="Identifier of the contract, of its agreement or of its negotiation, or its SHA-256."),
    ] = None


class BundleQuery(BaseModel):
    """What goes into the bundle."""

    model_config = ConfigDict(extra="forbid")

    pdf: Annotated[
        bool,
        Field(
            description="With the convention, or the record of one-sided evidence, as a PDF, where this node can write "
            "it and seal it with the same key."
        ),
    ] = True


class ConventionQuery(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[
        Literal["html", "pdf"], Field(description="`pdf`: a PDF/A-3 that the node seals; needs the extra `pdf`.")
    ] = "html"


@router.get("/contracts")
async def list_contracts(
    node: Node, owner: Owner, asker: Asking, query: Annotated[ContractQuery, Query()]
) -> Contracts:
    """List contracts, the newest first."""
    equal = {name: getattr(query, name) for name in ("role", "status", "timestamps", "peer", "dataset", "search")}
    page = await node.contracts.page(owner, **equal, **query.rows(node))
    return Contracts(
        items=[Contract(**_members(row, asker.language)) for row in page.items], next_cursor=page.following
    )


@router.get("/contracts/{contract_id}")
async def show_contract(node: Node, owner: Owner, asker: Asking, contract_id: Id) -> ContractDetail:
    """Show a contract: by its own identifier, or that of its agreement or negotiation."""
    return _detail(await node.contracts.show(owner, contract_id), asker.language)


@router.get(
    "/contracts/{contract_id}/bundle",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The bundle, a ZIP file."}},
)
async def export_contract(
    node: Node, owner: Owner, contract_id: Id, query: Annotated[BundleQuery, Query()]
) -> Response:
    """Hand out the evidence bundle of a contract, for `pupitre-verify` and for openssl."""
    bundle = await node.bundles.of(owner, contract_id, with_pdf=query.pdf)
    return Response(bundle.content, headers=_file(bundle.name), media_type="application/zip")


@router.get(
    "/contracts/{contract_id}/convention",
    response_class=Response,
    responses={
        200: {
            "content": {"text/html": {}, "application/pdf": {}},
            "description": "The pages, as a file whose name begins with `convention-`, or with `constat-`: one-sided.",
        }
    },
)
async def show_convention(
    node: Node, owner: Owner, asker: Asking, contract_id: Id, query: Annotated[ConventionQuery, Query()]
) -> Response:
    """Show a contract as people read and sign it, in the caller's language: one HTML page, or a PDF.

    Where the partner sealed nothing (`status` is `unilateral`), it is a record of the agreement that we sealed alone.
    """
    language = _spoken(asker.language)
    if query.format == "pdf":
        known_as, convention, pdf = await node.contracts.pdf(owner, contract_id, language)
        return Response(pdf, headers=_file(_named(convention, known_as, "pdf")), media_type="application/pdf")
    known_as, convention = await node.contracts.convention(owner, contract_id, language)
    shown = {"content-disposition": f'inline; filename="{_named(convention, known_as, "html")}"'}
    return HTMLResponse(as_html(convention), headers={**_APART, **shown, "content-security-policy": _PAGE_POLICY})


@router.post("/contracts/{contract_id}/verify")
async def verify_contract(node: Node, owner: Owner, asker: Asking, contract_id: Id) -> ContractVerification:
    """Check a contract again, from our own records and the partner's keys, whose list is read again where it answers.

    Changes nothing else.
    """
    found = await node.checks.examine(owner, contract_id)
    return ContractVerification(
        contract=found.contract,
        sha256=found.sha256,
        verdict=found.verdict,
        verdict_text=words.say(words.CONTRACT_VERDICTS, found.verdict, asker.language),
        at=found.at,
        steps=[_step(one, asker.language) for one in found.steps],
    )


@router.post("/contracts/{contract_id}/terminate")
async def terminate_contract(
    node: Node, owner: Owner, by: By, asker: Asking, contract_id: Id, wish: ContractTermination, effect: Doing
) -> Contract:
    """End a contract: deliveries under it end at once, none is begun; the partner gets a notice under our seal."""
    return await effect.of(
        lambda: node.evidence.terminate(
            owner, contract_id, wish.code, wish.reason.strip(), said_by=wish.said_by.strip(), by=by
        ),
        lambda row: Contract(**_members(row, asker.language)),
    )


def _named(convention: Convention, known_as: str, suffix: str) -> str:
    return f"{convention.name}-{known_as.removeprefix('urn:uuid:')}.{suffix}"


def _spoken(language: str) -> Language:
    return "en" if language == "en" else "fr"


def _file(name: str) -> dict[str, str]:
    return {**_APART, "content-disposition": f'attachment; filename="{name}"'}


def _members(row: StoredContract, language: str) -> dict[str, Any]:
    names = ("id", "agreement", "negotiation", "peer", "dataset", "status", "reason", "timestamps", "sha256")
    return {
        **{name: getattr(row, name) for name in names},
        "role": row.role.value,
        "timestamps_text": words.say(words.TIMESTAMPS, row.timestamps, language),
        "status_text": words.say(words.CONTRACTS, row.status, language),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _detail(shown: Shown, language: str) -> ContractDetail:
    document, row = shown.document or {}, shown.contract
    validity = document.get("validity", {})
    return ContractDetail(
        **_members(row, language),
        title=document.get("dataset", {}).get("title"),
        parties=[_party(shown, role, told, language) for role, told in document.get("parties", {}).items()],
        sentences=_sentences(document.get("terms"), language),
        pieces=[_piece(one, language) for one in shown.pieces],
        valid_from=validity.get("from"),
        valid_until=validity.get("until"),
        level=shown.level,
        level_text=None if shown.level is None else LEVELS[shown.level][language],
        seals=[told_seal(one, shown.revoked.get(one.kid), _spoken(language)) for one in shown.seals],
        concluded_at=shown.concluded_at or None,
        is_ended=shown.is_ended,
        notices=[_notice(one, _spoken(language)) for one in shown.notices],
        decisions=[_decision(one, language) for one in shown.decided],
        journal=f"/api/v1/journal/{quote(row.negotiation, safe='')}",
    )


def _party(shown: Shown, role: str, told: Any, language: str) -> ContractParty:
    source = told.get("source", "document")
    return ContractParty(
        role=role,  # type: ignore[arg-type]
        did=told["did"],
        legal_name=told.get("legalName"),
        siren=told.get("siren"),
        siret=told.get("siret"),
        representative=told["representative"].get("function"),
        mandate=told["representative"].get("mandate"),
        source=source,
        source_text=words.say(words.PARTY_SOURCES, source, language),
        has_sealed=role in {one.role for one in shown.seals},
    )


def _sentences(terms: Any, language: str) -> list[ContractSentence]:
    if terms is None:
        return []
    pairs = zip(terms[_spoken(language)], terms["verified"], strict=True)
    return [ContractSentence(text=text, verified=verified) for text, verified in pairs]


def _piece(piece: Piece, language: str) -> ContractPiece:
    return ContractPiece(
        code=piece.code,
        text=words.say(words.CONTRACT_PIECES, piece.code, language).format(of=piece.of, kept=piece.kept),
        state=piece.state,
        state_text=words.say(words.PIECE_STATES, piece.state, language),
        by=piece.by or None,  # type: ignore[arg-type]
    )


def _notice(told: Notice, language: Language) -> ContractNotice:
    said = reason_text(told.kind, told.reason, language)
    return ContractNotice(kind=told.kind, at=told.at, by=told.by, reason=told.reason, reason_text=said)


def _decision(one: Decided, language: str) -> ContractDecision:
    key = one.by.key_id if isinstance(one.by, Person) else None
    rule = None if isinstance(one.by, Person) else one.by.name
    return ContractDecision(
        n=one.n,
        at=one.at,
        kind=one.kind,
        what=_decided(one, language),
        by=deciders.say(one.by, language),
        said_by=one.said_by or None,
        key=key,
        rule=rule,
    )


def _decided(one: Decided, language: str) -> str:
    return words.say(words.MESSAGES if one.message else words.CONTRACT_DECISIONS, one.message or one.kind, language)


def _step(one: Step, language: str) -> ContractStep:
    return ContractStep(
        code=one.code,
        outcome=one.outcome,
        text=contract_checks.STEPS[one.code][language],
        detail=one.detail[language] or None,
    )
