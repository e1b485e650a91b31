"""Migrate on demand, or rehearse it: what would be done, and whether it works, without changing anything.

A node migrates by itself when it starts (migrate.py); this is for who wants to know before.
"""

from dataclasses import dataclass
from datetime import datetime

from connector.settings import Settings
from connector.store import offline, portable
from connector.store.db import Tx
from connector.store.errors import NoDatabase
from connector.store.migrate import migrate, migrations, statements


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered file that is missing from the database."""

    number: int
    title: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """From which version to which, by which steps."""

    before: int
    after: int
    steps: tuple[Step, ...]


def upgrade(settings: Settings, now: datetime, *, is_rehearsal: bool) -> Plan:
    """Apply what is missing, or rehearse it, and return it. Raises NoDatabase, DatabaseInUse, SchemaTooNew."""

    def unit(tx: Tx) -> Plan:
        before = portable.version(tx)
        if not before:
            raise NoDatabase(str(settings.data_dir))
        known = migrations(tx.connection.dialect.name)
        migrate(tx.connection, now, known)
        missing = (one for one in known if one.number > before)
        steps = tuple(Step(one.number, one.title, tuple(statements(one.sql))) for one in missing)
        return Plan(before, portable.version(tx), steps)

    if is_rehearsal:
        return offline.rehearse(settings, unit, now)
    if not offline.is_there(settings, now):
        raise NoDatabase(str(settings.data_dir))
    return offline.change(settings, unit, now)
