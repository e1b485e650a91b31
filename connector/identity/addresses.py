"""Where each hosted participant lives: its DID and its paths, for ever.

DIDs, callbacks and agreements carry these addresses, so they never change: the first participant stands at the root,
every other one under `/o/SLUG`, with the same tails.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from connector.peer.discovery import DSP_VERSION, VERSION_PATH
from connector.peer.documents import normal_did

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What an owner may be called: it stands in a DID, in paths and in folder names."""


def check_slug(owner: str) -> str:
    """Return the owner's slug. Raises ValueError for one that could not stand in a path."""
    if SLUG.fullmatch(owner) is None:
        raise ValueError(f"not a participant's short name: {owner!r}")
    return owner


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one node, from its public URL and the slug of its first participant."""

    base_url: str
    """Without a slash at the end."""
    root: str = "root"

    def prefix(self, owner: str) -> str:
        """Return what stands before every public path of the owner: nothing, or `/o/SLUG`."""
        return "" if owner == self.root else f"/o/{check_slug(owner)}"

    def owner_of(self, slug: str | None) -> str | None:
        """Return the owner of a path's `/o/SLUG` (None: the root). The root has no second address."""
        if slug is None:
            return self.root
        return slug if slug != self.root and SLUG.fullmatch(slug) else None

    def did(self, owner: str) -> str:
        """Return the owner's did:web, in normal form."""
        return _did(self.base_url, self.prefix(owner))

    def base(self, owner: str) -> str:
        """Return the address under which everything public of the owner stands."""
        return self.base_url + self.prefix(owner)

    def dsp_base(self, owner: str) -> str:
        """Return the owner's DSP 2025-1 base: its endpoint and its callback address in both roles."""
        return f"{self.base(owner)}/dsp/{DSP_VERSION}"

    def version_document(self, owner: str) -> str:
        """Return the address of the owner's DSP version document."""
        return self.base(owner) + VERSION_PATH

    def did_document(self, owner: str) -> str:
        """Return the address of the owner's DID document (did:web §Read)."""
        return self.base(owner) + ("/.well-known/did.json" if owner == self.root else "/did.json")

    def party_card(self, owner: str) -> str:
        """Return the address of the owner's party card: beside its DID document."""
        return self.did_document(owner).removesuffix("did.json") + "party-card.jws"

    def seal_history(self, owner: str) -> str:
        """Return the address of the signed list of the owner's seal keys: beside its DID document."""
        return self.did_document(owner).removesuffix("did.json") + "did-history.json"


@lru_cache(maxsize=1024)
def _did(base_url: str, prefix: str) -> str:
    authority = urlsplit(base_url).netloc.replace("[", "%5B").replace("]", "%5D").replace(":", "%3A")
    return normal_did(f"did:web:{authority}{prefix.replace('/', ':')}")
