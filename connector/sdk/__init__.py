"""The Python client of a node's management API; it imports nothing of the node.

    from connector.sdk import Client, calls

    with Client("http://127.0.0.1:8281", "pk_…") as node:
        for peer in node.each(calls.list_peers()):
            print(peer["did"])

`Client.get` and `AsyncClient.get` go the whole way from a partner's dataset to a verified file (get.py). A program that
receives webhooks asks `verify_webhook` whether they are genuine (webhooks.py).
`connector.sdk.testing` has a partner to test a program against.

The clients are loaded when they are first named: their HTTP library takes a third of a second, which `pupitre serve`
does not have to spend.
"""

from typing import TYPE_CHECKING, Any

from connector.sdk import calls
from connector.sdk.problems import ApiProblem, NodeUnreachable, Unfinished
from connector.sdk.webhooks import BadSignature, verify_webhook

if TYPE_CHECKING:
    from connector.sdk.client import AsyncClient, Client

__all__ = [
    "ApiProblem", "AsyncClient", "BadSignature", "Client", "NodeUnreachable", "Unfinished", "calls", "verify_webhook",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("AsyncClient", "Client"):
        from connector.sdk import client

        return getattr(client, name)
    raise AttributeError(name)
