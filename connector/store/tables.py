"""Every table of the node, written once, for SQLite and PostgreSQL alike.

Plain SQLAlchemy Core: the statements of the hot paths are built from these tables. Instants are stored as fixed-width
ISO 8601 text in UTC, which sorts by time on both stores and reads without a tool. The schema itself is made by the
numbered files in migrations/; a test compares the two. Every row belongs to one hosted participant (`owner`).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
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

from connector.store.checkpoint_tables import checkpoint_heads as checkpoint_heads
from connector.store.checkpoint_tables import checkpoint_seals as checkpoint_seals
from connector.store.checkpoint_tables import checkpoints as checkpoints
from connector.store.contract_tables import contract_notices as contract_notices
from connector.store.contract_tables import contracts as contracts
from connector.store.contract_tables import evidence as evidence
from connector.store.contract_tables import seals as seals
from connector.store.feed_tables import event_heads as event_heads
from connector.store.feed_tables import events as events
from connector.store.feed_tables import webhooks as webhooks
from connector.store.schema import Instant as Instant
from connector.store.schema import metadata as metadata


def _process_columns() -> list[Column[Any]]:
    """Columns that a negotiation and a transfer process share (see store/processes.py)."""
    return [
        Column("owner", Text, nullable=False),
        Column("pid", Text, nullable=False),
        Column("role", Text, CheckConstraint("role IN ('consumer','provider')"), nullable=False),
        Column("peer", Text, nullable=False),
        Column("peer_pid", Text),
        Column("peer_url", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("pending", Text),
        Column("pending_body", Text),
        Column("pending_at", Instant),
        Column("attempts", Integer, nullable=False),
        Column("arrived", Text),
        Column("arrived_digest", Text),
        Column("arrived_from", Text),
        Column("given_up", Text),
        Column("look_at", Instant),
        Column("intent", Text),
        Column("problem", Text),
        Column("version", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    ]


participants = Table(
    "participants",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("did", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("is_root", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("card", Text),
)

seal_keys = Table(
    "seal_keys",
    metadata,
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("replaced_by", Text),
    Column("ends_at", Instant),
    Column("revoked_at", Instant),
    Column("reason", Text),
    PrimaryKeyConstraint("owner", "name"),
    ForeignKeyConstraint(["owner"], ["participants.owner"]),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text),
    Column("label", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column(
        "role",
        Text,
        CheckConstraint("role IN ('administration','operator','steward','developer','auditor','unrestricted')"),
        nullable=False,
        server_default="auditor",
    ),
    Column("expires_at", Instant),
    Column("replaced_by", Text),
    Column("function", Text),
)

peers = Table(
    "peers",
    metadata,
    Column("owner", Text, nullable=False),
    Column("did", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("pinned", Text, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('known','quarantined','blocked')"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("first_contact_at", Instant),
    Column("quarantined_at", Instant),
    Column("seen_keys", Text),
    Column("card", Text),
    Column("offered_card", Text),
    Column("seals", Text),
    Column("framework", Text),
    PrimaryKeyConstraint("owner", "did"),
)

seal_lists = Table(
    "seal_lists",
    metadata,
    Column("owner", Text, nullable=False),
    Column("did", Text, nullable=False),  # whose keys: a peer's, or the owner's own
    Column("sha256", Text, nullable=False),
    Column("jws", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "did", "sha256"),
    Index("seal_lists_in_force", "owner", "did", "received_at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("owner", Text, nullable=False),
    Column("did", Text, nullable=False),
    Column("thumbprint", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("knocks", Integer, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('waiting','admitted','refused')"), nullable=False),
    Column("reason", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "did"),
    Index("inbox_listed", "owner", "status", "created_at", "did"),
)

attestations = Table(
    "attestations",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('category','charter','dpo')"), nullable=False),
    Column("about", Text, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("said_on", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    Column("ended_reason", Text),
    PrimaryKeyConstraint("owner", "id"),
    Index("attestations_of_peer", "owner", "peer", "created_at", "id"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("rendered", Text),
    Column("status", Text, CheckConstraint("status IN ('draft','published','withdrawn')"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "id"),
    Index("datasets_listed", "owner", "status", "id"),
)

offers = Table(
    "offers",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("mode", Text, CheckConstraint("mode IN ('automatic','manual')"), nullable=False),
    Column("is_conditional", Integer, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('active','withdrawn')"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "id"),
    ForeignKeyConstraint(["owner", "dataset"], ["datasets.owner", "datasets.id"]),
    Index("offers_of_dataset", "owner", "dataset"),
)

negotiations = Table(
    "negotiations",
    metadata,
    *_process_columns(),
    Column("dataset", Text, nullable=False),
    Column("offer_id", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("offer_by", Text, nullable=False),
    Column("requested", Text),
    Column("agreement", Text),
    Column("request_card", Text),
    PrimaryKeyConstraint("owner", "pid"),
    UniqueConstraint("owner", "peer", "role", "peer_pid", name="negotiations_peer_pid"),
    Index("negotiations_listed", "owner", "created_at", "pid"),
    Index("negotiations_by_state", "owner", "state", "created_at", "pid"),
)

agreements = Table(
    "agreements",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("negotiation", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("accepted_terms", Text, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('drafted','active','ended')"), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "id"),
    UniqueConstraint("owner", "negotiation", name="agreements_one_per_negotiation"),
    Index("agreements_listed", "owner", "created_at", "id"),
    Index("agreements_of_dataset", "owner", "peer", "dataset"),
)

transfers = Table(
    "transfers",
    metadata,
    *_process_columns(),
    Column("agreement", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("data_address", Text),
    PrimaryKeyConstraint("owner", "pid"),
    UniqueConstraint("owner", "peer", "role", "peer_pid", name="transfers_peer_pid"),
    Index("transfers_listed", "owner", "created_at", "pid"),
    Index("transfers_by_state", "owner", "state", "created_at", "pid"),
)

grants = Table(
    "grants",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('access','refresh')"), nullable=False),
    Column("peer", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(["owner", "transfer"], ["transfers.owner", "transfers.pid"]),
    Index("grants_of_transfer", "owner", "transfer"),
)

fetches = Table(
    "fetches",
    metadata,
    Column("owner", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("overwrite", Integer, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('waiting','running','done','failed')"), nullable=False),
    Column("done_bytes", BigInteger, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("etag", Text),
    Column("problem", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "transfer"),
    ForeignKeyConstraint(["owner", "transfer"], ["transfers.owner", "transfers.pid"]),
)

pushes = Table(
    "pushes",
    metadata,
    Column("owner", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("status", Text, CheckConstraint("status IN ('waiting','running','done','failed')"), nullable=False),
    Column("sent_bytes", BigInteger, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("problem", Text),
    Column("created_at", Instant, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "transfer"),
    ForeignKeyConstraint(["owner", "transfer"], ["transfers.owner", "transfers.pid"]),
)

usage_counts = Table(
    "usage_counts",
    metadata,
    Column("owner", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("counter", Text, nullable=False),  # what is counted, as the policy library names it
    Column("used", BigInteger, CheckConstraint("used >= 0"), nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "agreement", "counter"),
    ForeignKeyConstraint(["owner", "agreement"], ["agreements.owner", "agreements.id"]),
)

usages = Table(
    "usages",
    metadata,
    Column("owner", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("content", Text, nullable=False),  # the SHA-256 of what was delivered
    Column("uses", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "transfer", "content"),
    ForeignKeyConstraint(["owner", "transfer"], ["transfers.owner", "transfers.pid"]),
)

inlets = Table(
    "inlets",
    metadata,
    Column("owner", Text, nullable=False),
    Column("transfer", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "transfer"),
    ForeignKeyConstraint(["owner", "transfer"], ["transfers.owner", "transfers.pid"]),
)

journal = Table(
    "journal",
    metadata,
    Column("owner", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("message_id", Text),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("owner", "process", "n"),
    Index("journal_messages", "owner", "process", "message_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("peer", Text),
    Column("run_at", Instant, nullable=False),  # when it may be taken: its due time or, while it runs, the lease's end
    Column("woken_at", Instant),  # while it runs: the earliest instant that was asked for meanwhile
    Column("attempts", Integer, nullable=False),  # how often it raised since it last ended well
    Column("begun", Integer, nullable=False),  # how often it was begun since it last ended well
    Column("status", Text, CheckConstraint("status IN ('waiting','dead')"), nullable=False),
    Column("leased_by", Text),
    Column("problem", Text),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "kind", "key"),
    Index("jobs_due", "status", "run_at"),
)

replicas = Table(  # of the node itself: no owner
    "replicas",
    metadata,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON: each setting that replicas must share, as a digest
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

peer_health = Table(
    "peer_health",
    metadata,
    Column("owner", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("retry_at", Instant, nullable=False),
    Column("problem", Text, nullable=False),
    PrimaryKeyConstraint("owner", "peer"),
)

replays = Table(
    "replays",
    metadata,
    Column("issuer", Text, nullable=False),
    Column("token_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("issuer", "token_id"),
    Index("replays_expiry", "expires_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", Text, nullable=False),
    Column("caller", Text, nullable=False),  # the API key that asked
    Column("key_hash", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the whole request
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),  # sealed: only who asked can open it
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "caller", "key_hash"),
    Index("idempotency_keys_age", "created_at"),
)

restores = Table(
    "restores",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("backup", Text, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("restored_at", Instant, nullable=False),
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("owner", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('negotiation','transfer')"), nullable=False),
    Column("peer", Text, nullable=False),
    Column("restore", Integer, nullable=False),
    Column(
        "outcome",
        Text,
        CheckConstraint("outcome IN ('waiting','agrees','moved','differs','unknown','untold')"),
        nullable=False,
    ),
    Column("state", Text, nullable=False),
    Column("peer_state", Text),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "process"),
    ForeignKeyConstraint(["restore"], ["restores.n"]),
    Index("reconciliations_by_outcome", "owner", "outcome", "process"),
)
