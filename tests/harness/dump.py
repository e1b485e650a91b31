"""What stands in a node's database, row by row: to show that a refusal changed nothing."""

import asyncio
from typing import Any

from sqlalchemy import Table, select

from connector.app import Node
from connector.services import checkpoints, sweep
from connector.store.db import Tx
from connector.store.tables import jobs, metadata, replicas

Dump = dict[str, list[tuple[Any, ...]]]
_WORK = select(jobs).where(jobs.c.kind.not_in((sweep.JOB, checkpoints.JOB))).limit(1)
"""Whatever is to be done; that the node tidies up every hour is no work left over."""


async def everything(node: Node) -> Dump:
    """Return every row of every table, in the order of its key; but not the pulse of the processes that serve."""

    def rows(tx: Tx, table: Table) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.connection.execute(select(table).order_by(*table.primary_key.columns))]

    tables = [table for table in metadata.sorted_tables if table is not replicas]
    return await node.store.read(lambda tx: {table.name: rows(tx, table) for table in tables})


async def until_quiet(*nodes: Node, within_s: float = 10) -> None:
    """Return once no node has work left: what changes afterwards was changed by the test."""
    async with asyncio.timeout(within_s):
        for node in nodes:
            while await node.store.read(lambda tx: tx.connection.execute(_WORK).first()):
                await asyncio.sleep(0.01)
