"""Rows of contracts: the sealed document of a negotiation, the seals on it, and what was notified since.

One contract per negotiation, one seal per negotiation and role: the schema enforces both. A seal is only ever added;
the row of the contract says how far it has come. The parts of a unit share one record of it: it is read once and
written once, when the unit ends. No row of it is locked: who changes a contract has its negotiation, whose row is, and
what somebody changed all the same is found by compare-and-swap.

Of a long text there is one copy: the row of the contract says by an empty text that its `jws` is that of the newest
seal, and that its `document` is the payload of its `jws`. Nobody outside this module meets an empty one. `status`:

`sealing`         drawn up, no seal yet
`sealed-by-one`   the provider's seal
`sealed-by-both`  both seals, the conclusion not yet taken by both sides
`concluded`       both seals and the conclusion, both sides finalised
`unilateral`      our own seal alone, on what was exchanged with a peer that does not seal: *preuve unilatérale*
`unused`          it led to nothing; `reason` says why
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Literal

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from connector.problems import NotFound
from connector.protocol.machine import Role
from connector.store.db import Tx
from connector.store.due import Due, write
from connector.store.period import ALWAYS, Period
from connector.store.prepared import Prepared
from connector.store.tables import contract_notices, contracts, seals
from contracts.jws import octets

Status = Literal["sealing", "sealed-by-one", "sealed-by-both", "concluded", "unilateral", "unused"]
TimeStamps = Literal["none", "pending", "partial", "complete"]
"""Of both seals and of the conclusion; `pending`: some are asked for still."""
OPEN = frozenset({"sealing", "sealed-by-one", "sealed-by-both"})
"""A contract that a negotiation may still bring to its end."""
_SEALED = frozenset({"sealed-by-one", "sealed-by-both", "concluded"})
"""A contract on which the provider's seal stands."""


@dataclass(slots=True, kw_only=True)
class StoredContract:
    """The contract of one negotiation."""

    owner: str
    negotiation: str
    role: Role
    """Ours."""
    peer: str
    dataset: str
    agreement: str
    id: str | None = None
    """What the document calls itself; of a received one, once it was checked."""
    sha256: str | None = None
    """Of the document."""
    status: Status
    document: str | None = field(default=None, repr=False)
    cards: str | None = field(default=None, repr=False)
    """The party cards that it names by their digests, JSON: role → text as it was signed."""
    jws: str | None = field(default=None, repr=False)
    """The document with the seals that it bears by now."""
    countersigned: str | None = field(default=None, repr=False)
    """What the consumer sent with its verification, until it was checked."""
    conclusion: str | None = field(default=None, repr=False)
    reason: str | None = None
    timestamps: TimeStamps = "none"
    warned_days: int | None = None
    """Of its end it was warned last when it came within so many days."""
    version: int = 0
    created_at: datetime = field(default_factory=lambda: datetime.min)
    updated_at: datetime = field(default_factory=lambda: datetime.min)
    stored: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What the row holds, by column: what did not change is not written again."""
    newest_seal: str | None = field(default=None, init=False, compare=False, repr=False)
    """The document with the seals up to the newest that is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeal:
    """One seal."""

    owner: str
    negotiation: str
    role: Role
    """Whose seal it is."""
    contract: str
    kid: str
    sha256: str
    """Of `protected.signature`, by which a conclusion names it."""
    jws: str = field(repr=False)
    """The document with the seals up to this one."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotice:
    """Something notified about a contract, sealed by its author."""

    n: int
    kind: str
    sha256: str
    author: str
    jws: str = field(repr=False)
    created_at: datetime


_NAMES = tuple(contracts.c.keys())
_LONG = frozenset({"document", "cards", "jws", "countersigned", "conclusion"})
_LISTED = [column for column in contracts.c if column.name not in _LONG]
_KEY = and_(contracts.c.owner == bindparam("k_owner"), contracts.c.negotiation == bindparam("k_negotiation"))
_NEWEST_SEAL = (
    select(seals.c.jws)
    .where(seals.c.owner == contracts.c.owner, seals.c.negotiation == contracts.c.negotiation)
    .order_by(seals.c.role)  # the consumer's, which comes after the provider's
    .limit(1)
    .scalar_subquery()
    .label("newest_seal")
)
_WHOLE = select(contracts, _NEWEST_SEAL)
_BY_NEGOTIATION = Prepared(_WHOLE.where(_KEY))
_INSERT = Prepared(insert(contracts), _NAMES)
_FIXED = frozenset({"owner", "negotiation", "role", "peer", "dataset", "version", "created_at", "updated_at"})
_FREE = tuple(name for name in _NAMES if name not in _FIXED)
_HEAD = '{"payload":"'
"""How the text of a sealed document begins."""
_UNREAD = dict.fromkeys(_LONG)
"""The columns that a row of a list does not have."""
_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_all_of = attrgetter(*_NAMES)
_free_of = attrgetter(*_FREE)
_SEAL = Prepared(
    select(seals).where(
        seals.c.owner == bindparam("k_owner"),
        seals.c.negotiation == bindparam("k_negotiation"),
        seals.c.role == bindparam("k_role"),
    )
)
_ADD_SEAL = Prepared(insert(seals), seals.c.keys())
_GOES_BY = (contracts.c.id, contracts.c.agreement, contracts.c.negotiation)
_NAMED_SO = Prepared(
    select(contracts.c.negotiation)
    .where(
        # Its owner in each branch: SQLite looks up each in an index of its own, and else reads all that the owner has.
        or_(*(and_(contracts.c.owner == bindparam("k_owner"), one == bindparam("k_name")) for one in _GOES_BY)),
        contracts.c.negotiation != bindparam("k_besides"),
    )
    .limit(1)
)
_ABOUT = and_(
    contract_notices.c.owner == bindparam("k_owner"), contract_notices.c.negotiation == bindparam("k_negotiation")
)
_NOTICES = select(contract_notices).where(_ABOUT).order_by(contract_notices.c.n)
_KNOWN_NOTICE = Prepared(select(contract_notices.c.n).where(_ABOUT, contract_notices.c.sha256 == bindparam("k_sha256")))
_LAST_NOTICE = Prepared(select(func.coalesce(func.max(contract_notices.c.n), 0).label("n")).where(_ABOUT))
_NOTICES_BY = Prepared(
    select(func.count().label("many")).where(_ABOUT, contract_notices.c.author == bindparam("k_author"))
)


def find(tx: Tx, owner: str, negotiation: str) -> StoredContract | None:
    """Return the contract of a negotiation, if there is one: as this unit knows it, if it was asked for before.

    Who changes it has loaded its negotiation before, whose row is locked until the commit.
    """
    key = (owner, negotiation)
    if key not in tx.contracts:
        tx.contracts[key] = _one(_BY_NEGOTIATION.first(tx.connection, {"k_owner": owner, "k_negotiation": negotiation}))
    found: StoredContract | None = tx.contracts[key]
    return found


def begin(tx: Tx, owner: str, negotiation: str) -> None:
    """Know that a negotiation which is not stored yet has no contract."""
    tx.contracts.setdefault((owner, negotiation), None)


def named(tx: Tx, owner: str, name: str) -> StoredContract:
    """Return the contract of that identifier, or the one of that agreement or negotiation. Raises NotFound."""
    flush(tx)
    columns, names = contracts.c, _written(name)
    either = or_(*(and_(columns.owner == owner, column.in_(names)) for column in _GOES_BY))
    query = _WHOLE.where(either).order_by(columns.created_at.desc()).limit(1)
    found = _one(tx.connection.execute(query).first())
    if found is None:
        raise NotFound(name)
    return found


def is_name_taken(tx: Tx, owner: str, name: str, *, besides: str) -> bool:
    """True when the contract of another negotiation than `besides` goes by a name that a partner chose: see `named`."""
    keys = {"k_owner": owner, "k_name": name, "k_besides": besides}
    return _NAMED_SO.first(tx.connection, keys) is not None


def _written(name: str) -> list[str]:
    """Return how a name that somebody gives may be written here: a bare UUID is a URN's, a digest has small letters."""
    small = name.strip().lower()
    if found := _UUID.fullmatch(small):
        return [name, f"urn:uuid:{found[1]}"]
    return [name, small] if _SHA256.fullmatch(small) else [name]


def of_agreement(tx: Tx, owner: str, peer: str, agreement: str) -> StoredContract | None:
    """Return the contract with a peer on an agreement, unless it led to nothing."""
    flush(tx)
    columns = contracts.c
    query = _WHOLE.where(columns.owner == owner, columns.peer == peer, columns.agreement == agreement)
    query = query.where(columns.status != "unused").order_by(columns.created_at.desc()).limit(1)
    return _one(tx.connection.execute(query).first())


def save(tx: Tx, contract: StoredContract) -> None:
    """Have a contract written, new or changed, with all that the unit still changes in it: see `flush`."""
    tx.contracts[contract.owner, contract.negotiation] = contract
    tx.unsaved[contract.owner, contract.negotiation] = contract


def flush(tx: Tx) -> None:
    """Write the contracts that were saved, by compare-and-swap, and the seals on them. Raises StaleVersion.

    Whoever asks for contracts otherwise than by `find` calls it before that; the store writes them when a unit ends.
    """
    if tx.unsaved or tx.seals:
        write(tx.connection, due(tx))


def due(tx: Tx) -> list[Due]:
    """Return what is to be written of contracts and seals; it counts as written from now on."""
    found = [_due(tx, contract) for contract in tx.unsaved.values()]
    if tx.seals:
        found.append(Due(_ADD_SEAL, [*tx.seals]))
    tx.unsaved.clear()
    tx.seals.clear()
    return found


def _due(tx: Tx, contract: StoredContract) -> Due:
    added = [one["jws"] for one in tx.seals if _is_on(contract, one)]
    contract.newest_seal = added[-1] if added else contract.newest_seal
    if contract.version == 0:
        contract.created_at = contract.updated_at = tx.now
        contract.version = 1
        row = dict(zip(_NAMES, _all_of(contract), strict=True)) | _shortened(contract) | {"role": contract.role.value}
        contract.stored = row
        return Due(_INSERT, [row])
    row, stored = dict(zip(_FREE, _free_of(contract), strict=True)) | _shortened(contract), contract.stored
    changed = frozenset([name for name in _FREE if row[name] != stored.get(name, ...)])
    values = {f"v_{name}": row[name] for name in changed}
    keys = {"k_owner": contract.owner, "k_negotiation": contract.negotiation, "k_version": contract.version}
    contract.version += 1
    contract.updated_at, contract.stored = tx.now, row
    return Due(_update(changed), [{**values, **keys, "v_updated_at": tx.now}], swaps=contract.negotiation)


def _shortened(contract: StoredContract) -> dict[str, str]:
    """Return the long texts that the row holds as empty ones: those that stand elsewhere."""
    jws = contract.jws
    if jws is None:
        return {}
    is_document = contract.document is not None and contract.document == _payload(jws)
    return ({"jws": ""} if jws == contract.newest_seal else {}) | ({"document": ""} if is_document else {})


def _payload(jws: str) -> str | None:
    """Return what is sealed, as text; None of a text that somebody sent and that has no such form."""
    end = jws.find('"', len(_HEAD))
    if end < 0 or not jws.startswith(_HEAD):
        return None
    try:
        return octets(jws[len(_HEAD) : end]).decode()
    except ValueError:
        return None


def _is_on(contract: StoredContract, seal: dict[str, Any]) -> bool:
    return (seal["owner"], seal["negotiation"]) == (contract.owner, contract.negotiation)


@cache
def _update(changed: frozenset[str]) -> Prepared:
    """Return what writes these columns: each text would be packed anew, each place in an index sought anew."""
    values: dict[str, Any] = {name: bindparam(f"v_{name}") for name in (*sorted(changed), "updated_at")}
    row = update(contracts).where(_KEY, contracts.c.version == bindparam("k_version"))
    return Prepared(row.values({**values, "version": contracts.c.version + 1}))


def seal_of(tx: Tx, owner: str, negotiation: str, role: Role) -> StoredSeal | None:
    """Return the seal of one side, if it was put."""
    flush(tx)
    keys = {"k_owner": owner, "k_negotiation": negotiation, "k_role": role.value}
    row = _SEAL.first(tx.connection, keys)
    return None if row is None else StoredSeal(**{**row._asdict(), "role": Role(row.role)})


def is_sealed(tx: Tx, contract: StoredContract | None) -> bool:
    """True when the provider has put its seal, so that there will be no other document; no seal without a contract."""
    if contract is None or contract.status != "unused":
        return contract is not None and contract.status in _SEALED
    return seal_of(tx, contract.owner, contract.negotiation, Role.PROVIDER) is not None


def has_no_evidence(tx: Tx, contract: StoredContract | None) -> bool:
    """True when there is no contract, or one that led to nothing before we put our seal on it."""
    if contract is None or contract.status != "unused":
        return contract is None
    return seal_of(tx, contract.owner, contract.negotiation, contract.role) is None


def add_seals(tx: Tx, *added: StoredSeal) -> None:
    """Have seals inserted, after their contract; the schema refuses a second one of the same side in a negotiation."""
    rows = [{name: getattr(seal, name) for name in seal.__slots__} | {"role": seal.role.value} for seal in added]
    tx.seals.extend(rows)


def notices(tx: Tx, owner: str, negotiation: str) -> list[StoredNotice]:
    """Return what was notified, in the order in which it came."""
    rows = tx.connection.execute(_NOTICES, {"k_owner": owner, "k_negotiation": negotiation})
    return [StoredNotice(**{name: row._mapping[name] for name in StoredNotice.__slots__}) for row in rows]


def add_notice(tx: Tx, contract: StoredContract, notice: StoredNotice) -> bool:
    """Add a notice after those that are there; False when this very one is there already. The contract is claimed."""
    flush(tx)
    about = _about(contract)
    if _KNOWN_NOTICE.first(tx.connection, {**about, "k_sha256": notice.sha256}) is not None:
        return False
    values = {name: getattr(notice, name) for name in notice.__slots__}
    of = {"owner": contract.owner, "negotiation": contract.negotiation}
    following = _LAST_NOTICE.first(tx.connection, about).n + 1
    tx.connection.execute(insert(contract_notices), {**values, **of, "n": following, "created_at": tx.now})
    return True


def count_notices(tx: Tx, contract: StoredContract, author: str) -> int:
    """Return how many notices of one author there are about a contract."""
    return int(_NOTICES_BY.first(tx.connection, {**_about(contract), "k_author": author}).many)


def _about(contract: StoredContract) -> dict[str, str]:
    return {"k_owner": contract.owner, "k_negotiation": contract.negotiation}


def page(
    tx: Tx,
    owner: str,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
    period: Period = ALWAYS,
    search: str | None = None,
    **equal: str | None,
) -> list[StoredContract]:
    """Return contracts drawn up in a period, the newest first, after a position, without their long texts.

    `search` is a name of the contract: its own, its agreement's or negotiation's identifier, or its digest; `equal`
    filters by column.
    """
    flush(tx)
    columns = contracts.c
    query = select(*_LISTED).where(columns.owner == owner, *period.of(columns.created_at))
    if search is not None:
        names, written = (columns.id, columns.agreement, columns.negotiation, columns.sha256), _written(search)
        query = query.where(or_(*(column.in_(written) for column in names)))
    for name, value in equal.items():
        if value is not None:
            query = query.where(columns[name] == value)
    if after is not None:
        at, key = after
        query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.negotiation < key)))
    query = query.order_by(columns.created_at.desc(), columns.negotiation.desc()).limit(limit)
    return [found for row in tx.connection.execute(query) if (found := _one(row)) is not None]


def count_unstamped(tx: Tx, before: datetime) -> int:
    """Return how many contracts of all owners, not changed since an instant, still wait for time-stamps."""
    waits = (contracts.c.timestamps == "pending", contracts.c.updated_at < before)
    return int(tx.connection.execute(select(func.count()).select_from(contracts).where(*waits)).scalar_one())


def _one(row: Any) -> StoredContract | None:
    if row is None:
        return None
    values = row._asdict()
    newest, stored = values.pop("newest_seal", None), {**_UNREAD, **values}
    if values.get("jws") == "":
        values["jws"] = newest
    if values.get("document") == "":
        values["document"] = _payload(values["jws"] or "")
    contract = StoredContract(**{**values, "role": Role(values["role"])})
    contract.newest_seal, contract.stored = newest, stored
    return contract
