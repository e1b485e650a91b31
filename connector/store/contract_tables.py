"""The tables of contracts, their seals and notices, and what is to be told of them; tables.py hands them on."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from connector.store.schema import Instant, metadata

contracts = Table(
    "contracts",
    metadata,
    Column("owner", Text, nullable=False),
    Column("negotiation", Text, nullable=False),
    Column("role", Text, CheckConstraint("role IN ('consumer','provider')"), nullable=False),
    Column("peer", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("id", Text),  # what the document calls itself; of a received one, once it was checked
    Column("sha256", Text),  # of the document
    Column(
        "status",
        Text,
        CheckConstraint("status IN ('sealing','sealed-by-one','sealed-by-both','concluded','unilateral','unused')"),
        nullable=False,
    ),
    Column("document", Text),  # empty: the payload of `jws`
    Column("cards", Text),  # the party cards that it names by their digests, JSON: role → text
    Column("jws", Text),  # with the seals that it bears by now; empty: that of the newest row of `seals`
    Column("countersigned", Text),  # as the consumer sent it, until it was checked
    Column("conclusion", Text),
    Column("reason", Text),  # why it is unused
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column(
        "timestamps",
        Text,
        CheckConstraint("timestamps IN ('none','pending','partial','complete')"),
        nullable=False,
        server_default="none",
    ),
    Column("warned_days", Integer),  # the last warning of its end: so many days before
    PrimaryKeyConstraint("owner", "negotiation"),
    UniqueConstraint("owner", "id", name="contracts_id"),
    ForeignKeyConstraint(["owner", "negotiation"], ["negotiations.owner", "negotiations.pid"]),
    Index("contracts_listed", "owner", "created_at", "negotiation"),
    Index("contracts_of_agreement", "owner", "agreement"),
)

seals = Table(
    "seals",
    metadata,
    Column("owner", Text, nullable=False),
    Column("negotiation", Text, nullable=False),
    Column("role", Text, CheckConstraint("role IN ('consumer','provider')"), nullable=False),  # whose seal it is
    Column("contract", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of `protected.signature`, by which a conclusion names it
    Column("jws", Text, nullable=False),  # the document with the seals up to this one
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "negotiation", "role"),
    ForeignKeyConstraint(["owner", "negotiation"], ["contracts.owner", "contracts.negotiation"]),
)

contract_notices = Table(
    "contract_notices",
    metadata,
    Column("owner", Text, nullable=False),
    Column("negotiation", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("jws", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "negotiation", "n"),
    UniqueConstraint("owner", "negotiation", "sha256", name="contract_notices_once"),
    ForeignKeyConstraint(["owner", "negotiation"], ["contracts.owner", "contracts.negotiation"]),
)

evidence = Table(
    "evidence",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("negotiation", Text, nullable=False),  # no reference: a transfer that moves must not wait for the contract
    Column("peer", Text, nullable=False),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('termination','suspension','resumption','receipt','timestamp')"),
        nullable=False,
    ),
    Column("at", Instant, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),  # JSON
    Column("jws", Text),  # what the partner gets; of a notice, once it is sealed
    Column("status", Text, CheckConstraint("status IN ('waiting','sent','refused')"), nullable=False),
    Column("attempts", Integer, nullable=False),  # how often the partner answered without taking it
    Column("problem", Text),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "id"),
    Index("evidence_of_contract", "owner", "negotiation", "created_at"),
)
