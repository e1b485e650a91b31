"""The Python client of a node's management API; it imports nothing of the node.

    from connector.sdk import Client, calls

    with Client("http://127.0.0.1:8281", "pk_…") as node:
        for peer in node.each(calls.list_peers()):
            print(peer["did"])

`Client.get` and `AsyncClient.get` go the whole way from a partner's dataset to a verified file (get.py).

The clients are loaded when they are first named: their HTTP library takes a third of a second, which `pupitre serve`
does not have to spend.
"""

from typing import TYPE_CHECKING, Any

from connector.sdk import calls
from connector.sdk.problems import ApiProblem, NodeUnreachable, Unfinished

if TYPE_CHECKING:
    from connector.sdk.client import AsyncClient, Client

__all__ = ["ApiProblem", "AsyncClient", "Client", "NodeUnreachable", "Unfinished", "calls"]


def __getattr__(name: str) -> Any:
    if name in ("AsyncClient", "Client"):
        from connector.sdk import client

        return getattr(client, name)
    raise AttributeError(name)
