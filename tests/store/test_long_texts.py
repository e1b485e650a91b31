"""A row that changes keeps its long texts where they are: only those that changed are sent to the store."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from connector.protocol.machine import Role
from connector.store import contracts, negotiations, transfers
from connector.store.contracts import StoredContract
from connector.store.negotiations import Negotiation
from connector.store.prepared import Prepared
from connector.store.transfers import Transfer

PROCESS = {"owner": "root", "role": Role.PROVIDER, "peer": "did:web:b", "peer_url": "https://b", "dataset": "d"}
LONG = {
    "contracts": ("document", "cards", "jws", "countersigned", "conclusion"),
    "negotiations": ("pending_body", "intent", "offer", "requested", "request_card"),
    "transfers": ("pending_body", "intent", "data_address"),
}


def add(tx):
    """Store one row of each table, with long texts."""
    message = {"pending_body": "M" * 5000, "intent": {"kind": "k", "content": {"a": "é"}}}
    texts = {"offer": "O" * 5000, "offer_by": "provider", "requested": "R" * 5000, "request_card": "C" * 5000}
    negotiations.save(tx, Negotiation(pid="n", state="REQUESTED", offer_id="o", **PROCESS, **message, **texts))
    address = {"endpoint": "https://b/d", "token": "t" * 5000}
    rest = {"agreement": "a", "format": "f", "data_address": address}
    transfers.save(tx, Transfer(pid="t", state="STARTED", **PROCESS, **message, **rest))
    sealed = {"document": "D" * 5000, "cards": "{}", "jws": "J" * 5000, "countersigned": "S" * 5000}
    parties = {"owner": "root", "negotiation": "n", "role": Role.PROVIDER, "peer": "did:web:b", "dataset": "d"}
    contracts.save(tx, StoredContract(agreement="a", status="sealed-by-one", **parties, **sealed))


def rows(tx):
    """Return the rows as they are read, by table."""
    return {
        "contracts": contracts.find(tx, "root", "n"),
        "negotiations": negotiations.load(tx, "root", "n"),
        "transfers": transfers.load(tx, "root", "t"),
    }


SAVE = {"contracts": contracts.save, "negotiations": negotiations.save, "transfers": transfers.save}


def refuse_long_texts(tx):
    """Have the database refuse every change that names a long text, even one that leaves it as it is."""
    run = tx.connection.exec_driver_sql
    then = "BEGIN SELECT RAISE(ABORT, 'sent again'); END"
    if tx.connection.dialect.name == "postgresql":
        run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''sent again''; END'")
        then = "FOR EACH ROW EXECUTE FUNCTION refuse()"
    for table, names in LONG.items():
        run(f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OF {', '.join(names)} ON {table} {then}")


@pytest.mark.parametrize("table", LONG)
def test_a_text_that_did_not_change_is_not_sent_again(opened, table):
    def change(tx):
        row = rows(tx)[table]
        row.agreement = "another"
        for _ in range(2):  # once as it was read, once as it was written
            SAVE[table](tx, row)
            contracts.flush(tx)
        return row

    async def play():
        async with opened() as store:
            await store.write(add)
            await store.write(refuse_long_texts)
            changed = await store.write(change)
            assert (await store.read(rows))[table] == changed
            assert changed.version == 3
            for name in LONG[table]:
                with pytest.raises(DBAPIError, match="sent again"):
                    await store.write(lambda tx, name=name: put(tx, table, name, "text"))

    asyncio.run(play())


def put(tx, table, name, text):
    row = rows(tx)[table]
    is_json = name in ("intent", "data_address")
    setattr(row, name, {"text": text} if is_json and text else text)
    SAVE[table](tx, row)
    contracts.flush(tx)
    return row


@pytest.mark.parametrize("table", LONG)
def test_nothing_but_what_changed_is_sent(opened, table, monkeypatch):
    """A column that an index is made of is named when it changes, and not otherwise."""
    sent = []
    change = Prepared.change

    def watched(self, connection, values):
        sent.append({name.removeprefix("v_") for name in values if name.startswith("v_")})
        return change(self, connection, values)

    async def play():
        async with opened() as store:
            await store.write(add)
            monkeypatch.setattr(Prepared, "change", watched)
            for name, text in (("agreement", "another"), (LONG[table][0], "text"), ("agreement", "one more")):
                await store.write(lambda tx, name=name, text=text: put(tx, table, name, text))

    asyncio.run(play())
    assert sent == [{name, "updated_at"} for name in ("agreement", LONG[table][0], "agreement")]


@pytest.mark.parametrize("table", LONG)
def test_a_text_that_changed_or_went_is_written_and_the_others_stay(opened, table):
    async def play():
        async with opened() as store:
            await store.write(add)
            for name, text in [(name, text) for name in LONG[table] for text in ("another", None)]:
                if (name, text) == ("offer", None):
                    continue  # there is always one
                changed = await store.write(lambda tx, name=name, text=text: put(tx, table, name, text))
                assert (await store.read(rows))[table] == changed

    asyncio.run(play())
