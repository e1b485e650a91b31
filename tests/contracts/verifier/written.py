"""Evidence bundles written by hand, with nothing but `cryptography`: neither the node nor its libraries have a part.

A `Case` is a whole contract between two organisations; each test changes what it is about and packs it.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SEALED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MEDIA = "application/vnd.pupitre.{}+json"
COMMITMENTS = {"provider": ("Origin", "Approval"), "consumer": ("Approval",)}
WHAT = {
    "README.txt": "how to check",
    "contract.jws.json": "the contract, sealed by both",
    "conclusion.jws.json": "the conclusion, sealed by the provider",
    "unilateral.jws.json": "one-sided evidence, sealed by one party",
    "checkpoints": "a checkpoint of the journal, sealed by the party whose journal it is",
    "contract.pdf": "the convention, to be read",
    "unilateral.pdf": "the record of one-sided evidence, to be read",
    "journal.jsonl": "the journal's chain",
    "notices": "a notice, sealed by its author",
    "dids": "a DID document, as it was seen",
    "cards": "a party card",
    "certs": "the certificates of a seal",
    "messages": "a message, as it was exchanged",
    "status": "what is known of revocations",
    "status/provider-at-conclusion.json": "what was known of revocations at the conclusion",
    "status/consumer-at-conclusion.json": "what was known of revocations at the conclusion",
}
FOR_STAMPS = ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),)
Key = Any


def canonical(value: Any) -> bytes:
    """Return canonical JSON; the documents here have ASCII names, for which sorting by characters is enough."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def b64(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(raw: bytes | str) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(raw if isinstance(raw, bytes) else raw.encode()).hexdigest()


def der(certificate: x509.Certificate) -> bytes:
    """Return the certificate in DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def certificate(
    name: str,
    key: Key,
    *,
    issuer: tuple[x509.Certificate, Key] | None = None,
    begin: datetime = SEALED_AT - DAY,
    end: datetime = SEALED_AT + 730 * DAY,
    ca: bool = False,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> x509.Certificate:
    """Return a certificate for the key: self-made, or issued."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False),
            critical=True,
        )
    )
    for extension, is_critical in extensions:
        built = built.add_extension(extension, critical=is_critical)
    return built.sign(issuer[1] if issuer else key, hashes.SHA256())


@dataclass
class Organisation:
    """One party: its keys, its certificate, its names."""

    did: str
    name: str
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    alg: str = "ES256"
    chain: tuple[x509.Certificate, ...] = ()
    kid: str = ""

    def __post_init__(self) -> None:
        self.kid = self.kid or f"{self.did}#seal-2026"
        self.chain = self.chain or (certificate(self.name, self.key),)

    @cached_property
    def card(self) -> str:
        told = {
            "contactRole": "Service numérique",
            "did": self.did,
            "form": "urn:pupitre:party-card:1",
            "issuedAt": "2026-01-01T00:00:00.000000Z",
            "legalName": self.name,
            "mandate": "Délibération 2026-12",
            "representativeFunction": "Le président",
            "siren": "200000172",
            "version": 1,
        }
        return compact(told, self.auth, {"kid": f"{self.did}#auth", "typ": "party-card+jws"})

    @property
    def document(self) -> dict[str, Any]:
        return {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": self.did,
            "verificationMethod": [
                method(self.did, f"{self.did}#auth", self.auth),
                method(self.did, self.kid, self.key, self.chain),
            ],
            "authentication": [f"{self.did}#auth"],
            "capabilityInvocation": [f"{self.did}#auth"],
            "assertionMethod": [self.kid],
        }


def _kind(message: dict[str, Any]) -> str:
    """Return what a document calls a message: its type, and with an event which one."""
    return ":".join(message[name] for name in ("@type", "eventType") if name in message)


def method(did: str, kid: str, key: Key, chain: tuple[x509.Certificate, ...] = ()) -> dict[str, Any]:
    """Return a verification method of a DID document."""
    jwk = public_jwk(key) | ({"x5c": [base64.b64encode(der(one)).decode() for one in chain]} if chain else {})
    return {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}


def public_jwk(key: Key) -> dict[str, Any]:
    """Return the public half as a JWK."""
    numbers = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": b64(numbers.n.to_bytes(key.key_size // 8, "big")), "e": "AQAB"}
    x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)}


def raw_signature(key: Key, alg: str, text: bytes, *, low: bool = True) -> bytes:
    """Return a JOSE signature."""
    if alg == "RS256":
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    if alg == "PS256":
        return key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    s = min(s, ORDER - s) if low else max(s, ORDER - s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def compact(told: dict[str, Any], key: Key, header: dict[str, Any]) -> str:
    """Return a compact JWS."""
    text = f"{b64(canonical({'alg': 'ES256', **header}))}.{b64(canonical(told))}"
    return f"{text}.{b64(raw_signature(key, 'ES256', text.encode()))}"


def token(who: "Organisation", to: str, at: datetime, key: Key = None, **changed: Any) -> str:
    """Return a self-issued token; with another key it is not the organisation's."""
    issued_at = int(at.timestamp())
    told = {"iss": who.did, "sub": who.did, "aud": to, "jti": "urn:uuid:1", "iat": issued_at, "exp": issued_at + 90}
    return compact(told | changed, key or who.auth, {"kid": f"{who.did}#auth", "typ": "JWT"})


def key_list(
    who: Organisation,
    revoked_at: datetime | None = None,
    *,
    issued_at: datetime | None = NOW,
    signer: str = "",
    **changed: Any,
) -> bytes:
    """Return a participant's signed list in which its seal key is revoked, or not; `changed` are members of it."""
    told = {"kid": who.kid, "certificateSha256": sha256(der(who.chain[0])), "since": "2026-01-01T00:00:00Z"}
    if revoked_at is not None:
        told |= {"revokedAt": written(revoked_at), "reason": "clé compromise"}
    listed = {"schema": "https://w3id.org/pupitre/seal-keys/1", "did": who.did, "keys": [told]}
    if issued_at is not None:
        listed["issuedAt"] = written(issued_at)
    signed = compact(listed | changed, who.auth, {"kid": signer or f"{who.did}#auth", "typ": "seal-keys+jws"})
    protected, payload, signature = signed.split(".")
    return json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}).encode()


def header(who: Organisation, kind: str, role: str, at: datetime) -> dict[str, Any]:
    """Return the protected header of a seal."""
    return {
        "alg": who.alg,
        "cty": MEDIA.format(kind),
        "iat": int(at.timestamp()),
        "kid": who.kid,
        "srAts": {"claimed": [{"encoding": "binary", "mediaType": "text/plain", "qVals": ["La présidente"]}]},
        "srCms": [{"commId": {"id": f"http://uri.etsi.org/01903/v1.2.2#ProofOf{word}"}} for word in COMMITMENTS[role]],
        "typ": "JOSE+JSON",
        "x5c": [base64.b64encode(der(one)).decode() for one in who.chain],
        "x5t#S256": b64(who.chain[0].fingerprint(hashes.SHA256())),
    }


def seal(
    payload: bytes, who: Organisation, kind: str, role: str, at: datetime, *, low: bool = True, **changed: Any
) -> dict[str, Any]:
    """Return one entry of `signatures`; a header member given as None is left out."""
    told = {name: value for name, value in (header(who, kind, role, at) | changed).items() if value is not None}
    protected = b64(canonical(told))
    signature = raw_signature(who.key, who.alg, f"{protected}.{b64(payload)}".encode(), low=low)
    return {"protected": protected, "signature": b64(signature)}


def jws(payload: bytes, *seals: dict[str, Any]) -> bytes:
    """Return a general JSON JWS."""
    return canonical({"payload": b64(payload), "signatures": list(seals)})


def sealed_sha256(one: dict[str, Any]) -> str:
    """Return the digest by which a conclusion names a seal."""
    return sha256(f"{one['protected']}.{one['signature']}")


@dataclass
class Case:
    """A contract between two organisations, and everything that goes with it. Change a part, then `pack`."""

    provider: Organisation = field(
        default_factory=lambda: Organisation("did:web:metropole.example", "Métropole de Brume")
    )
    consumer: Organisation = field(
        default_factory=lambda: Organisation("did:web:syndicat.example", "Syndicat des Eaux")
    )
    sealed_at: datetime = SEALED_AT
    document: dict[str, Any] = field(default_factory=dict)
    messages: list[tuple[str, str]] = field(default_factory=list)
    seals: list[dict[str, Any]] = field(default_factory=list)
    conclusion: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    stamp: Callable[[dict[str, Any], datetime], None] | None = None
    """Adds a time-stamp to the conclusion's seal."""

    @property
    def parties(self) -> dict[str, Organisation]:
        return {"provider": self.provider, "consumer": self.consumer}

    @property
    def payload(self) -> bytes:
        return canonical(self.document)

    def draw_up(self) -> "Case":
        """Negotiate and write the document."""
        agreement = {
            "@id": "urn:uuid:11111111-1111-4111-8111-111111111111",
            "@type": "Agreement",
            "assignee": self.consumer.did,
            "assigner": self.provider.did,
            "permission": [{"action": "use"}],
            "target": "urn:uuid:22222222-2222-4222-8222-222222222222",
            "timestamp": written(self.sealed_at),
        }
        self.agreement_text = json.dumps(agreement, ensure_ascii=False)
        pids = {"consumerPid": "urn:uuid:c", "providerPid": "urn:uuid:p"}
        request = {"@type": "ContractRequestMessage", "consumerPid": "urn:uuid:c", "offer": {"@id": "urn:offer"}}
        offer = {"@type": "ContractOfferMessage", **pids, "offer": {"@id": "urn:offer", "target": "é"}}
        accepted = {"@type": "ContractNegotiationEventMessage", **pids, "eventType": "ACCEPTED"}
        self.messages = [
            (who.did, json.dumps(one, ensure_ascii=False))
            for who, one in ((self.consumer, request), (self.provider, offer), (self.consumer, accepted))
        ]
        terms = {"fr": ["L’usage est permis."], "en": ["Use is permitted."], "verified": ["node"]}
        self.document = {
            "schema": "https://w3id.org/pupitre/contract/1",
            "id": "urn:uuid:33333333-3333-4333-8333-333333333333",
            "language": "fr",
            "createdAt": written(self.sealed_at),
            "parties": {role: self.party(one) for role, one in self.parties.items()},
            "framework": {"reference": "Convention-cadre 2026-01", "proofClause": "Les parties admettent ces cachets."},
            "agreement": {"id": agreement["@id"], "text": self.agreement_text, "sha256": sha256(self.agreement_text)},
            "dataset": {"id": agreement["target"], "title": "Arrêts de bus", "personal": False},
            "terms": {**terms, "sha256": sha256(canonical(terms)), "generator": "pupitre-policies/0.1.0"},
            "request": {"purpose": "Étude"},
            "personalData": "none",
            "validity": {"from": written(self.sealed_at)},
            "jurisdiction": "Tribunal administratif de Montpellier",
            "termination": "Préavis d’un mois.",
            "countersignBefore": written(self.sealed_at + DAY),
            "negotiation": {
                **pids,
                "messages": [
                    {"type": _kind(json.loads(text)), "from": did, "sha256": sha256(text)}
                    for did, text in self.messages
                ],
            },
        }
        return self

    def party(self, who: Organisation) -> dict[str, Any]:
        return {
            "did": who.did,
            "legalName": who.name,
            "siren": "200000172",
            "representative": {"function": "Le président", "mandate": "Délibération 2026-12"},
            "seal": {"kid": who.kid, "certificateSha256": sha256(der(who.chain[0]))},
            "cardSha256": sha256(self.files.setdefault(f"cards/{self.role(who)}.jws", who.card.encode())),
        }

    def role(self, who: Organisation) -> str:
        return "provider" if who is self.provider else "consumer"

    def seal_both(self) -> "Case":
        """Seal the document: the provider, an hour later the consumer; then the conclusion."""
        self.seals = [
            seal(self.payload, who, "contract", role, self.sealed_at + timedelta(hours=n))
            for n, (role, who) in enumerate(self.parties.items())
        ]
        return self.conclude()

    def conclude(self) -> "Case":
        """Write the conclusion of the seals that there are."""
        self.concluded_at = self.sealed_at + timedelta(hours=2)
        self.conclusion = {
            "schema": "https://w3id.org/pupitre/conclusion/1",
            "contract": self.document["id"],
            "contractSha256": sha256(self.payload),
            "agreement": self.document["agreement"]["id"],
            "signatures": {role: sealed_sha256(one) for role, one in zip(self.parties, self.seals, strict=False)},
            "concludedAt": written(self.concluded_at),
        }
        return self

    def notice(self, kind: str = "termination", **changed: Any) -> bytes:
        """Return a notice sealed by the consumer."""
        told = {
            "schema": "https://w3id.org/pupitre/notice/1",
            "kind": kind,
            "contract": self.document["id"],
            "contractSha256": sha256(self.payload),
            "agreement": self.document["agreement"]["id"],
            "at": written(self.sealed_at + 10 * DAY),
            "by": self.consumer.did,
            "reason": "Fin de l’étude",
        }
        payload = canonical(told | changed)
        return jws(payload, seal(payload, self.consumer, "notice", "provider", self.sealed_at + 10 * DAY))

    def checkpoint(
        self, number: int = 1, entry: int = 2, *, previous: bytes | None = None, day: int = 1, **changed: Any
    ) -> bytes:
        """Return a checkpoint of the provider over an entry of its journal, sealed so many days after the contract."""
        hashes_ = [json.loads(line)["hash"] for line in self.all_files()["journal.jsonl"].splitlines()]
        head = {"hash": hashes_[entry - 1], "n": entry, "process": "urn:uuid:p"}
        told = {
            "schema": "https://w3id.org/pupitre/checkpoint/1",
            "by": self.provider.did,
            "number": number,
            "at": written(self.sealed_at + day * DAY),
            "heads": sorted([sha256(canonical(head)), sha256("another"), sha256("a third")]),
        }
        if previous is not None:
            before = json.loads(previous)
            seal_before = sealed_sha256(before["signatures"][0])
            told["previous"] = {"sha256": sha256(unb64(before["payload"])), "seal": seal_before}
        by = changed.pop("sealer", self.provider)
        payload = canonical(told | changed)
        return jws(payload, seal(payload, by, "checkpoint", "provider", self.sealed_at + day * DAY))

    def made_at(self, n: int) -> datetime:
        """Return when the seal of this place was made."""
        return self.sealed_at + timedelta(hours=n)

    def _concluding(self, payload: bytes) -> dict[str, Any]:
        one = seal(payload, self.provider, "conclusion", "provider", self.concluded_at)
        if self.stamp is not None:
            self.stamp(one, self.concluded_at)
        return one

    def all_files(self) -> dict[str, bytes]:
        """Return every file but the list; `files` has the last word, and None leaves one out."""
        concluded = canonical(self.conclusion)
        carrier = (
            f'{{"@type":"ContractAgreementMessage","providerPid":"urn:uuid:p","agreement": {self.agreement_text},'
            f'"https://w3id.org/pupitre/seal":{json.dumps(jws(self.payload, self.seals[0]).decode())}}}'
        )
        messages = [*(text for _, text in self.messages), carrier]
        files = {
            "README.txt": b"how to check\n",
            "contract.jws.json": jws(self.payload, *self.seals),
            "conclusion.jws.json": jws(concluded, self._concluding(concluded)),
            "journal.jsonl": journal([{"kind": "created"}, {"kind": "received", "note": 'dit "é" \\ à'}]),
        }
        for role, who in self.parties.items():
            files[f"dids/{role}.json"] = json.dumps(who.document).encode()
            files[f"status/{role}.json"] = key_list(who)
            files[f"certs/{role}.pem"] = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in who.chain)
        for n, text in enumerate(messages, 1):
            files[f"messages/{n:03}-{json.loads(text)['@type']}.json"] = text.encode()
        return {name: content for name, content in (files | self.files).items() if content is not None}

    def pack(self) -> bytes:
        """Return the bundle."""
        return pack(self.all_files())


def journal(entries: list[dict[str, Any]], *, process: str = "urn:uuid:p", kinds: tuple[str, ...] = ()) -> bytes:
    """Return the lines of a chain, of the first entries with their kinds."""
    lines, last = [], ""
    for n, entry in enumerate(entries, 1):
        told = {"owner": "main", "process": process, "n": n, "entry": entry}
        told |= {"kind": kinds[n - 1]} if n <= len(kinds) else {}
        text = json.dumps(told, ensure_ascii=False)
        last = sha256(last + text)
        lines.append(canonical({"hash": last, "text": text}) + b"\n")
    return b"".join(lines)


def pack(files: dict[str, bytes], kind: str = "signed", changed: dict[str, Any] | None = None) -> bytes:
    """Return the ZIP of these files with their list."""
    listed = {
        name: {"sha256": sha256(content), "what": WHAT.get(name) or WHAT[name.partition("/")[0]]}
        for name, content in files.items()
    }
    form = 2 if any(name.endswith("-at-conclusion.json") for name in files) else 1
    manifest = {"schema": f"https://w3id.org/pupitre/bundle/{form}", "kind": kind, "files": listed} | (changed or {})
    return zipped(files | {"manifest.json": canonical(manifest)})


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a ZIP file as a node writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def written(at: datetime) -> str:
    """Return an instant as documents write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def case(**parts: Any) -> Case:
    """Return a whole case, sealed and concluded."""
    return Case(**parts).draw_up().seal_both()


def authority(name: str = "Autorité d’essai", **period: Any) -> tuple[x509.Certificate, Key]:
    """Return a certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate(name, key, ca=True, end=SEALED_AT + 7300 * DAY, **period), key


def stamping_authority(
    issuer: tuple[x509.Certificate, Key], *, begin: datetime = SEALED_AT - DAY, end: datetime = SEALED_AT + 3650 * DAY
) -> tuple[x509.Certificate, Key]:
    """Return a time-stamping authority's certificate and key."""
    key = rsa.generate_private_key(65537, 2048)
    return certificate("Horodatage d’essai", key, issuer=issuer, begin=begin, end=end, extensions=FOR_STAMPS), key
