"""The tables of checkpoints; tables.py hands them on."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table, Text

from connector.store.schema import Instant, metadata

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("owner", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", Text, nullable=False),  # the very text that is sealed
    Column("restore", Integer, nullable=False),  # the last restoration of which it, or one before it, tells; 0: none
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "number"),
)

checkpoint_seals = Table(
    "checkpoint_seals",
    metadata,
    Column("owner", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kid", Text, nullable=False),
    Column("jws", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "number"),
    ForeignKeyConstraint(["owner", "number"], ["checkpoints.owner", "checkpoints.number"]),
)

checkpoint_heads = Table(
    "checkpoint_heads",
    metadata,
    Column("owner", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("owner", "process", "number"),
    ForeignKeyConstraint(["owner", "number"], ["checkpoints.owner", "checkpoints.number"]),
    Index("checkpoint_heads_of", "owner", "number", "process"),
)
