"""The reference page of the protocol, written from the tables: `python -m connector.protocol.reference`.

The page is kept in docs/reference/protocol.md so that it can be read without running anything; a test writes it again
and finds no difference. What the tables cannot say (the five rules) is the text of machine.py.
"""

import sys
from collections.abc import Iterator

from connector.protocol import machine
from connector.protocol.machine import Role, Table
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER

_TITLES = {NEGOTIATION.name: "Contract negotiation", TRANSFER.name: "Transfer process"}
_SPOKEN_BY = {
    frozenset({Role.CONSUMER}): "consumer",
    frozenset({Role.PROVIDER}): "provider",
    frozenset(Role): "either side",
}


def page() -> str:
    """Return the page, in Markdown with Mermaid diagrams."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The protocol: states and messages"
    yield ""
    yield "Dataspace Protocol 2025-1. This page is written from `connector/protocol/negotiation.py` and `transfer.py`:"
    yield "`python -m connector.protocol.reference > connector/docs/reference/protocol.md`."
    yield ""
    yield "A state is entered when the message that leads to it is acknowledged. A message that the tables do not allow"
    yield "is answered 400 and changes nothing; one that crosses a message of ours is answered 503 and may come again."
    for table in (NEGOTIATION, TRANSFER):
        yield from ("", f"## {_TITLES[table.name]}", "", *_diagram(table), "", *_rows(table))
    yield from ("", "## When acknowledgements are lost and messages cross", "")
    yield _rules()


def _diagram(table: Table) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    for source, message, speaker, target, _ in _steps(table):
        start = "[*]" if source == table.initial else source
        yield f"    {start} --> {target}: {_short(message)} ({speaker})"
    for state in table.states:
        if table.is_terminal(state):
            yield f"    {state} --> [*]"
    yield "```"


def _rows(table: Table) -> Iterator[str]:
    yield "| In state | this message | sent by | leads to | specification |"
    yield "|---|---|---|---|---|"
    for source, message, speaker, target, section in _steps(table):
        yield f"| {source} | `{message}` | {speaker} | {target} | {section} |"


def _steps(table: Table) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the rows as (source, message, who may send it, target, section), both senders of a step in one."""
    speakers: dict[tuple[str, str, str, str], set[Role]] = {}
    for row in table.rows:
        speakers.setdefault((row.source, row.message, row.target, row.section), set()).add(row.sender)
    for (source, message, target, section), roles in speakers.items():
        yield source, message, _SPOKEN_BY[frozenset(roles)], target, section


def _short(message: str) -> str:
    """Return the message's name without what all have in common, as a diagram's label can hold it."""
    name, _, event = message.partition(":")
    return event or name.removeprefix("Contract").removeprefix("Transfer").removeprefix("Negotiation").removesuffix(
        "Message"
    )


def _rules() -> str:
    essay = machine.__doc__ or ""
    return essay[essay.index("The specification enters") : essay.index("\nPure:")].strip()


if __name__ == "__main__":
    sys.stdout.write(page())
