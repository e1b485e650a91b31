"""The tables of events and of webhooks; tables.py hands them on."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, PrimaryKeyConstraint, Table, Text

from connector.store.schema import Instant, metadata

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), nullable=False),
    Column("owner", Text, nullable=False),
    Column("n", BigInteger),  # given by whoever reads first
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("peer", Text),
    Column("told", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("events_listed", "owner", "n"),
    Index("events_age", "at"),
)

event_heads = Table(
    "event_heads",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("owner", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),  # a JSON list; an empty one means all
    Column("status", Text, CheckConstraint("status IN ('active','failing','stopped')"), nullable=False),
    Column("after_n", BigInteger, nullable=False),  # the last event that was delivered or passed over
    Column("generation", Integer, nullable=False),  # of the secret, which no table holds
    Column("key_id", Text, nullable=False),  # which key the secret is derived from
    Column("overlap_until", Instant),  # until when the generation before signs too
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("retry_at", Instant),
    Column("problem", Text),
    Column("gap_after", BigInteger),
    Column("gap_before", BigInteger),
    Column("delivered_at", Instant),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "id"),
)
