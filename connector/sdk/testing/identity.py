"""Who a fake peer is: a did:web on loopback with a key of its own, self-issued tokens, and the same read from others.

A token is an ES256 JWT for one call: issuer and subject are the speaker, the audience is who is spoken to, each has an
id that is taken once. The key is made anew for every peer and never leaves the process.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from connector.sdk.testing.calling import NotCalled, call, is_loopback
from connector.sdk.testing.errors import Unproven
from connector.sdk.testing.protocol import new_id

LIFETIME_S = 90
LEEWAY_S = 30
REMEMBERED = 10_000
_REQUIRED = ["iss", "sub", "aud", "jti", "iat", "exp"]


def place_of(did: str) -> str:
    """Return the address below which a did:web of this machine has its documents. Raises NotCalled for any other."""
    scheme, _, name = did.partition("did:web:")
    authority, *path = name.split(":")
    host = unquote(authority).rsplit(":", 1)[0]
    if scheme or not is_loopback(host):
        raise NotCalled(f"{did}: not a did:web of this machine")
    return "/".join([f"http://{unquote(authority)}", *path])


def document_address(did: str) -> str:
    """Return the address of the DID's document. Raises NotCalled for one that is not on this machine."""
    place = place_of(did)
    return f"{place}/did.json" if did.count(":") > 2 else f"{place}/.well-known/did.json"


class Identity:
    """A key, its document and its tokens; and the check of other participants' tokens."""

    def __init__(self, base: str) -> None:
        """Make an identity for who lives at `base`, an http address without a path."""
        self.place = base
        self.did = "did:web:" + base.removeprefix("http://").replace(":", "%3A")
        self.document = self._new_key()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._others: dict[str, Mapping[str, Any]] = {}

    def _new_key(self) -> dict[str, Any]:
        self._key = ec.generate_private_key(ec.SECP256R1())
        jwk = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        method = f"{self.did}#auth"
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
            "id": self.did,
            "verificationMethod": [
                {
                    "id": method,
                    "type": "JsonWebKey2020",
                    "controller": self.did,
                    "publicKeyJwk": {**jwk, "alg": "ES256", "use": "sig"},
                }
            ],
            "authentication": [method],
            "capabilityInvocation": [method],
            "service": [
                {
                    "id": f"{self.did}#dsp",
                    "type": "DataService",
                    "serviceEndpoint": f"{self.place}/.well-known/dspace-version",
                }
            ],
        }

    def change_key(self) -> None:
        """Have another key from now on, as after a loss."""
        self.document = self._new_key()

    def header_for(self, audience: str) -> str:
        """Return an Authorization header good for one call to a participant."""
        now = int(time.time())
        claims = {"iss": self.did, "sub": self.did, "aud": audience, "jti": new_id(), "iat": now}
        token = jwt.encode({**claims, "exp": now + LIFETIME_S}, self._key, "ES256", headers={"kid": f"{self.did}#auth"})
        return f"Bearer {token}"

    def verify(self, header: str | None) -> str:
        """Return the DID that a caller's header proves. Raises Unproven."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unproven("no bearer token")
        try:
            kid = str(jwt.get_unverified_header(token)["kid"])
            claims = self._claims(token, kid)
        except (jwt.PyJWTError, NotCalled, KeyError, ValueError) as error:
            raise Unproven(f"{type(error).__name__}: {error}") from error
        did = kid.partition("#")[0]
        if claims["iss"] != did or claims["sub"] != did:
            raise Unproven("issuer, subject and key differ")
        self._take_once(f"{did} {claims['jti']}")
        return did

    def _claims(self, token: str, kid: str) -> Mapping[str, Any]:
        """Return the claims, proven by the key that the issuer shows; a key that changed is looked at anew."""
        did = kid.partition("#")[0]
        options: Any = {"require": _REQUIRED}
        for is_fresh in (False, True):
            if is_fresh or did not in self._others:
                self._others[did] = call("GET", document_address(did)).document
            try:
                key = jwt.PyJWK(_key_named(self._others[did], kid))
                return jwt.decode(token, key, ["ES256"], options, audience=self.did, leeway=LEEWAY_S)
            except (jwt.InvalidSignatureError, KeyError):
                if is_fresh:
                    raise
        raise AssertionError

    def _take_once(self, name: str) -> None:
        if name in self._seen:
            raise Unproven("the token was used before")
        self._seen[name] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


def _key_named(document: Mapping[str, Any], kid: str) -> dict[str, Any]:
    """Return the public key of that name in a DID document. Raises KeyError."""
    for method in document.get("verificationMethod", ()):
        if method.get("id") == kid:
            return dict(method["publicKeyJwk"])
    raise KeyError(kid)
