"""The port behind which a seal key stands: in a file of the node, in a device, or far away at a provider's.

Signing may take seconds and may fail; it is awaited, and whoever waits is never inside a transaction. The certificate
chain is known beforehand, for it stands in what is signed.
"""

from typing import Protocol


class Signer(Protocol):
    """A key that seals for one participant, and the certificates that vouch for it."""

    @property
    def kid(self) -> str:
        """The key's name in the DID document: `did:web:…#seal-…`."""
        ...

    @property
    def algorithm(self) -> str:
        """JOSE `alg`: ES256, or PS256 or RS256 where a certificate authority gave an RSA certificate."""
        ...

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates in DER, the key's own first; a self-made one stands alone."""
        ...

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the JOSE signature over these bytes: for ES256, r and s of 32 bytes each, one after the other."""
        ...


class NearSigner(Signer, Protocol):
    """A signer whose key lies in this process: it signs at once, and nobody else hears of it.

    The key is the one that its certificate names, which was looked at: what it signs is not verified again here.
    """

    def sign_now(self, signing_input: bytes) -> bytes:
        """Return what `sign` returns."""
        ...
