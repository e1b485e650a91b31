"""The Python client of a node's management API; it imports nothing of the node.

from connector.sdk import Client, calls

with Client("http://127.0.0.1:8281", "pk_…") as node:
    for peer in node.each(calls.list_peers()):
        print(peer["did"])
"""

from connector.sdk import calls
from connector.sdk.client import AsyncClient, Client
from connector.sdk.problems import ApiProblem, NodeUnreachable

__all__ = ["ApiProblem", "AsyncClient", "Client", "NodeUnreachable", "calls"]
