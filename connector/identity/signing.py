"""A signer with a key of ours: what contracts are handed, so that a slow one elsewhere can take its place.

ECDSA on P-256 takes about 0.05 ms and is done at once; RSA takes some milliseconds, and a key that was not decrypted
yet a look at a file: both go to a thread, since the event loop has other messages to answer.
"""

import asyncio
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from jwt.algorithms import ECAlgorithm

from connector.identity import certificates
from connector.identity.certificates import Chain, PrivateKey, PublicKey
from connector.identity.seal_keys import SealKeys

_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


@dataclass(frozen=True, slots=True)
class SealSigner:
    """Signs with one seal key of one participant."""

    kid: str
    """`DID#seal-…`, as the DID document names it."""
    chain: Chain
    algorithm: str
    """JOSE `alg`: ES256, or RS256 for a certificate on an RSA key."""
    _keys: SealKeys = field(repr=False)
    _owner: str
    _name: str

    @property
    def is_near(self) -> bool:
        """True when it signs at once, and nobody else will know of a signature that is lost.

        The key lies open in this process, and is the one that the certificate names.
        """
        if self.algorithm != "ES256" or not self._keys.is_open(self._owner, self._name):
            return False
        return _is_named_by(self._keys.private(self._owner, self._name), self.chain[0])

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the JOSE signature of the octets. Raises MissingSealKey, SealKeyLocked."""
        if self.is_near:
            return self.sign_now(signing_input)
        return await asyncio.to_thread(self.sign_now, signing_input)

    def sign_now(self, signing_input: bytes) -> bytes:
        """Return the same, in this thread: where `is_near`, without looking at any file. Raises as `sign`."""
        return _signature(self._keys.private(self._owner, self._name), signing_input)


def signer(keys: SealKeys, owner: str, did: str, name: str, chain: Chain) -> SealSigner:
    """Return the signer with an owner's key of that name. The key itself is looked for when it signs."""
    return SealSigner(f"{did}#{name}", chain, algorithm(certificates.public_key(chain[0])), keys, owner, name)


def algorithm(key: PublicKey) -> str:
    """Return the JOSE algorithm of a seal with a key of this kind."""
    return "ES256" if isinstance(key, ec.EllipticCurvePublicKey) else "RS256"


@lru_cache(maxsize=64)
def _is_named_by(key: PrivateKey, certificate: bytes) -> bool:
    """True when a certificate (DER) is on this key; remembered: each contract asks some times."""
    return key.public_key() == certificates.public_key(certificate)


def _signature(key: PrivateKey, signing_input: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ES256.sign(signing_input, key)
    return key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
