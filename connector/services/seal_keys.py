"""Verbs of seal keys: make, replace, certify, revoke; and who seals for an owner now.

One key is present; those that it replaced may still sign while they overlap, so that a contract which names one is
finished, and stand in the signed list of seal keys for ever after. Every certificate has a name (`kid`) of its own: one
that an authority issues for the present key takes that key's place as another key would. Sealing itself is not here.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connector.identity import card as cards
from connector.identity import certificates, seal_history
from connector.identity.addresses import Addresses
from connector.identity.certificates import Chain, PrivateKey, PublicKey, Subject
from connector.identity.did import ShownSeal
from connector.identity.errors import CertificateLost, CertificateRefused, MissingKey, NoSealKey
from connector.identity.keys import Keys
from connector.identity.seal_history import KeyStatus, SealHistory
from connector.identity.seal_keys import SealKeys
from connector.identity.signing import SealSigner, signer
from connector.problems import Conflict, Invalid, NotFound, Unavailable
from connector.services import deciders, key_lists, seal_lock
from connector.services.deciders import Decider
from connector.services.seal_lock import Closed
from connector.settings import BadSettings
from connector.settings_told import no_authorities
from connector.store import journal, participants, seal_lists
from connector.store import seal_keys as rows
from connector.store.db import Store, Tx
from connector.store.seal_keys import SealKey
from contracts.levels import Level, level

log = logging.getLogger("pupitre.services")
TOPIC = "seal-keys"
OVERLAP = timedelta(days=30)
"""How long a key that was replaced may still sign what names it, unless told otherwise."""
LONGEST_REASON = 500
_IN_USE = ("present", "overlapping")
MOST_OVERLAPPING = 2
"""How many replaced keys may still sign: the DID document, where they stand, is read up to 32 KiB."""
SIGNED_FOR = timedelta(minutes=5)
"""How long a signed list is given out before it is signed anew: it says that nothing was revoked until then."""


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was just made or brought, not recorded yet."""

    owner: str
    name: str
    chain: Chain

    @property
    def row(self) -> SealKey:
        """The row of it."""
        return SealKey(owner=self.owner, name=self.name, chain=certificates.pem(self.chain))


class Seals:
    """The seal keys of all hosted participants."""

    def __init__(
        self, store: Store, addresses: Addresses, auth: Keys, keys: SealKeys, days: int, roots: Path | None = None
    ) -> None:
        """`days`: how long a certificate of our own making is valid; `roots`: a file of authorities."""
        self._store = store
        self._addresses = addresses
        self._auth = auth
        self._keys = keys
        self._days = days
        self._roots = roots
        self._rows: dict[str, list[tuple[SealKey, Chain]]] = {}
        self._signed: dict[str, tuple[datetime, str]] = {}

    async def load(self) -> None:
        """Read which keys there are, and keep our lists of them that say something new."""
        found: dict[str, list[tuple[SealKey, Chain]]] = {}
        for one in await self._store.read(rows.every):
            found.setdefault(one.owner, []).append((one, certificates.read_pem(one.chain)))
        self._rows, self._signed = found, {}
        try:
            await self._keep_lists()
        except (MissingKey, Unavailable):  # kept the next time; nothing that a node needs in order to serve
            log.warning("the lists of our seal keys are not kept now")

    # --- what others ask ----------------------------------------------------------------------------------------------

    def all(self, owner: str) -> list[SealKey]:
        """Return the owner's keys, the newest first."""
        return [one for one, _ in reversed(self._rows.get(owner, []))]

    def signer(self, owner: str, kid: str | None = None) -> SealSigner:
        """Return who seals for the owner: the present key, or the one that `kid` names while it overlaps.

        Raises NoSealKey.
        """
        now = self._store.clock.now()
        name = None if kid is None else kid.partition("#")[2]
        for one, chain in reversed(self._rows.get(owner, [])):
            is_meant = one.standing(now) == "present" if name is None else one.name == name
            if is_meant and _may_sign(one, chain, now):
                return signer(self._keys, owner, self._addresses.did(owner), one.name, chain)
        raise NoSealKey(kid or "")

    def near(self, owner: str, kid: str | None = None) -> SealSigner | None:
        """Return `signer` where it signs at once, with a key of P-256 that was decrypted before; else None."""
        try:
            found = self.signer(owner, kid)
        except NoSealKey:
            return None
        return found if found.is_near else None

    def level(self, chain: Chain) -> Level:
        """Return the level of a certificate now, for this node. Raises BadSettings when `seal_roots` cannot be read."""
        return level(chain, self.roots(), self._store.clock.now())

    def roots(self) -> list[x509.Certificate]:
        """Return the authorities that this node trusts. Raises BadSettings when `seal_roots` cannot be read."""
        return read_roots(self._roots)

    async def closed(self, owner: str | None = None) -> list[Closed]:
        """Return the keys that should seal, of one owner or of all, and do not open with what the settings give."""
        now, owners = self._store.clock.now(), self._rows if owner is None else [owner]
        wanted = [one for whose in owners for one in self.all(whose) if one.standing(now) in _IN_USE]
        if all(self._keys.is_open(one.owner, one.name) for one in wanted):
            return []
        return await asyncio.to_thread(seal_lock.closed, self._keys, wanted)

    def shown(self, owner: str) -> list[ShownSeal]:
        """Return the keys that the owner's DID document names; none when no present one can seal."""
        now = self._store.clock.now()
        usable = [(one, chain) for one, chain in self._rows.get(owner, []) if _may_sign(one, chain, now)]
        if not any(one.standing(now) == "present" for one, _ in usable):
            return []
        return [ShownSeal(one.name, chain) for one, chain in usable]

    def history(self, owner: str) -> SealHistory | None:
        """Return the list of the owner's seal keys, None when it never had one."""
        now = self._store.clock.now().replace(microsecond=0)
        did, found = self._addresses.did(owner), self._rows.get(owner)
        if not found:
            return None
        return SealHistory(did, now, tuple(_status(did, one, chain, now) for one, chain in found))

    def signed_history(self, owner: str) -> str | None:
        """Return the list as partners get it, signed with the owner's authentication key. Raises MissingKey."""
        now, known = self._store.clock.now(), self._signed.get(owner)
        if known is None or not known[0] <= now < known[0] + SIGNED_FOR:
            history = self.history(owner)
            if history is None:
                return None
            known = self._signed[owner] = (now, seal_history.sign(history, self._auth.auth(owner)))
        return known[1]

    # --- a person decides ---------------------------------------------------------------------------------------------

    async def make(self, owner: str, subject: Subject) -> Made:
        """Make a key with a certificate of its own; the caller records its row. Raises SealKeyLocked.

        That is when the keys in use are encrypted with another secret than the one in force.
        """
        await self._check_secret(owner)
        return await self._made(owner, subject)

    def forget(self, made: Made) -> None:
        """Delete a key that could not be recorded."""
        self._keys.forget(made.owner, made.name)

    async def create(self, owner: str, *, by: Decider) -> SealKey:
        """Give an owner that has no present seal key one. Raises Conflict when it has."""

        def is_due(present: SealKey | None) -> None:
            if present is not None:
                fr, en = "Une clé de cachet est déjà présente :", "There is a present seal key already:"
                told = f"{fr} {present.name}. « pupitre keys rotate-seal » la remplace."
                raise Conflict({"fr": told, "en": f"{en} {present.name}. “pupitre keys rotate-seal” replaces it."})

        is_due(self._present(owner))
        made = await self.make(owner, await self._subject(owner))
        return await self._take_over(made, is_due, timedelta(0), by, "seal-key-created")

    async def rotate(
        self,
        owner: str,
        *,
        overlap: timedelta = OVERLAP,
        abandon_old_key: bool = False,
        accept_l0: bool = False,
        by: Decider,
    ) -> SealKey:
        """Make a new key in the place of the present one, which overlaps.

        With `abandon_old_key` a present key that does not open is replaced by one under the secret in force, and stops
        at once: what it began it cannot finish. With `accept_l0` one with the certificate of an authority is replaced,
        too. Raises NoSealKey, SealKeyLocked, CertificateLost.
        """
        present = self._present(owner)
        if present is None:
            raise NoSealKey
        if not accept_l0:
            self._refuse_loss(present)
        if not abandon_old_key:
            await self._check_secret(owner)
        elif any(one.key.name == present.name for one in await self.closed(owner)):
            overlap = timedelta(0)
        made = await self._made(owner, await self._subject(owner))
        return await self._take_over(made, _must_be_present, overlap, by, "seal-key-rotated")

    async def request(self, owner: str) -> str:
        """Return a certificate signing request for the present key, as PEM. Raises NoSealKey, SealKeyLocked."""
        present = self._present(owner)
        if present is None:
            raise NoSealKey
        subject = await self._subject(owner)
        return await asyncio.to_thread(lambda: certificates.request(self._keys.private(owner, present.name), subject))

    async def import_certificate(self, owner: str, text: str, *, overlap: timedelta = OVERLAP, by: Decider) -> SealKey:
        """Take the certificate that an authority issued for one of our keys, with its chain (PEM).

        Brought again with certificates of authorities that were left out the first time, it keeps its name. Raises
        CertificateRefused, SealKeyLocked.
        """
        chain = certificates.read_pem(text)
        certificates.check_for_seals(chain[0], self._store.clock.now())
        if (lacking := self._lacking(owner, chain)) is not None:
            return await self._complete(lacking, chain, by)
        self._refuse_same(owner, chain)
        key = await asyncio.to_thread(self._key_of, owner, chain)
        return await self._bring(owner, key, chain, overlap, by)

    async def import_pkcs12(
        self, owner: str, content: bytes, passphrase: str, *, overlap: timedelta = OVERLAP, by: Decider
    ) -> SealKey:
        """Take a key that an authority made, with its certificates (PKCS #12). Raises CertificateRefused."""
        key, chain = await asyncio.to_thread(certificates.read_pkcs12, content, passphrase)
        certificates.check_for_seals(chain[0], self._store.clock.now())
        self._refuse_same(owner, chain)
        if _octets(key.public_key()) != _octets(certificates.public_key(chain[0])):
            raise CertificateRefused("key-match")
        return await self._bring(owner, key, chain, overlap, by)

    async def revoke(
        self, owner: str, name: str, reason: str, *, since: datetime | None = None, by: Decider
    ) -> SealKey:
        """Say publicly that a key must not be trusted since an instant (now), and why. For good.

        With it go the other names of the same private key: those that it had with another certificate. Raises NotFound,
        Conflict when it was revoked before, Invalid.
        """
        if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
            fr, en = "Un motif d’une ligne est attendu.", "A reason of one line is expected."
            raise Invalid({"fr": fr, "en": en}, pointer="/reason")

        def unit(tx: Tx) -> SealKey:
            known = rows.claim(tx, owner)
            key = next((one for one in known if one.name == name), None)
            if key is None:
                raise NotFound(_unknown(name))
            if key.revoked_at is not None:
                raise Conflict(_revoked(key))
            if since is not None and since > tx.now:
                fr, en = "Cet instant est à venir.", "This instant is still to come."
                raise Invalid({"fr": fr, "en": en}, pointer="/since")
            at = (since or tx.now).replace(microsecond=0)
            for one in _same(known, key):
                rows.revoke(tx, one, at, reason.strip())
                said = {"key": one.name, "since": at.isoformat(), "reason": reason.strip()}
                self._tell(tx, owner, "seal-key-revoked", by, said)
            return replace(key, revoked_at=at, reason=reason.strip())

        return await self._recorded(unit)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _refuse_loss(self, present: SealKey) -> None:
        """Refuse to do without the certificate of an authority that is valid still. Raises CertificateLost."""
        chain = certificates.read_pem(present.chain)
        subject, issuer = certificates.names(chain[0])
        if subject != issuer and _may_sign(present, chain, self._store.clock.now()):
            raise CertificateLost(issuer, self.level(chain))

    async def _check_secret(self, owner: str) -> None:
        """Verify that the keys in use are encrypted with the secret in force. Raises SealKeyLocked."""
        present = [one for whose in self._rows if (one := self._present(whose)) is not None]
        problem = await asyncio.to_thread(seal_lock.other_secret, self._keys, owner, present)
        if problem is not None:
            raise problem

    async def _made(self, owner: str, subject: Subject) -> Made:
        now = self._store.clock.now()
        return await self._write(owner, lambda name: self._keys.create(owner, name, subject, now, self._days))

    async def _keep_lists(self) -> None:
        """Keep the list of each owner, signed, where it says something new. Raises MissingKey, Unavailable."""
        said = {owner: history for owner in self._rows if (history := self.history(owner)) is not None}

        def unit(tx: Tx) -> list[str]:
            kept = {owner: seal_lists.in_force(tx, owner, one.did, tx.now) for owner, one in said.items()}
            return [owner for owner, one in kept.items() if one is None or _keys(one.jws) != said[owner].keys]

        for owner in await self._store.read(unit):
            text = self.signed_history(owner)
            if text is not None:
                listed = seal_history.stored(text)
                await self._store.write(lambda tx: key_lists.keep(tx, owner, listed))  # noqa: B023

    async def _bring(self, owner: str, key: PrivateKey, chain: Chain, overlap: timedelta, by: Decider) -> SealKey:
        await self._check_secret(owner)

        def write(name: str) -> Chain:
            self._keys.keep(owner, name, key, chain)
            return chain

        made = await self._write(owner, write)
        return await self._take_over(made, lambda _: None, overlap, by, "seal-certificate-imported")

    async def _write(self, owner: str, write: Callable[[str], Chain]) -> Made:
        """Write a key under a name that nobody has, also not somebody who makes one at the same time.

        Raises Unavailable when it cannot be written.
        """
        while True:
            name = self._new_name(owner)
            try:
                with suppress(FileExistsError):
                    return Made(owner, name, await asyncio.to_thread(write, name))
            except OSError as error:
                raise Unavailable(seal_lock.unwritten(self._keys.path(owner, name), error)) from error

    async def _take_over(
        self, made: Made, check: Callable[[SealKey | None], None], overlap: timedelta, by: Decider, kind: str
    ) -> SealKey:
        """Record a new key as the present one; that of before overlaps. Nothing stays of it when that fails."""

        def unit(tx: Tx) -> SealKey:
            known = rows.claim(tx, made.owner)
            before = [one for one in known if one.standing(tx.now) == "present"]
            check(before[0] if before else None)
            rows.add(tx, made.row)
            for one in before:
                rows.replace(tx, one, made.name, tx.now + overlap)
            _end_oldest(tx, known, len(before) if overlap else 0)
            said = {
                "key": made.name,
                "certificate": certificates.fingerprint(made.chain[0]),
                "replaces": [one.name for one in before],
                "overlap_days": overlap / timedelta(days=1),
            }
            self._tell(tx, made.owner, kind, by, said)
            return replace(made.row, created_at=tx.now)

        try:
            return await self._recorded(unit)
        except BaseException:
            self.forget(made)
            raise

    async def _recorded(self, unit: Callable[[Tx], SealKey]) -> SealKey:
        """Run a unit, and know at once what it changed."""
        done = await self._store.write(unit)
        await self.load()
        return done

    def _tell(self, tx: Tx, owner: str, kind: str, by: Decider, said: Mapping[str, object]) -> None:
        journal.append(tx, owner, self._addresses.did(owner), kind, {**said, deciders.MEMBER: deciders.told(by)})
        tx.signal(TOPIC, owner)

    def _present(self, owner: str) -> SealKey | None:
        """Return the key that seals for the owner, whether its certificate is still valid or not."""
        now = self._store.clock.now()
        return next((one for one in self.all(owner) if one.standing(now) == "present"), None)

    def _lacking(self, owner: str, chain: Chain) -> SealKey | None:
        """Return the key that may sign, whose certificate leads this chain and was brought with fewer of them."""
        now = self._store.clock.now()
        for one, known in self._rows.get(owner, []):
            if chain[0] == known[0] and len(chain) > len(known) and one.standing(now) in _IN_USE:
                return one
        return None

    async def _complete(self, key: SealKey, chain: Chain, by: Decider) -> SealKey:
        """Record the chain of a certificate whole."""

        def unit(tx: Tx) -> SealKey:
            rows.claim(tx, key.owner)
            text = certificates.pem(chain)
            rows.complete(tx, key, text)
            said = {"key": key.name, "certificate": certificates.fingerprint(chain[0]), "chain": len(chain)}
            self._tell(tx, key.owner, "seal-certificate-completed", by, said)
            return replace(key, chain=text)

        return await self._recorded(unit)

    def _refuse_same(self, owner: str, chain: Chain) -> None:
        if any(known[0] == chain[0] for _, known in self._rows.get(owner, [])):
            raise CertificateRefused("same")

    def _key_of(self, owner: str, chain: Chain) -> PrivateKey:
        """Return the private key, among those of ours that may still sign, that the certificate was issued for."""
        wanted, now = _octets(certificates.public_key(chain[0])), self._store.clock.now()
        for one, known in reversed(self._rows.get(owner, [])):
            is_ours = _octets(certificates.public_key(known[0])) == wanted
            if is_ours and one.standing(now) in _IN_USE:
                return self._keys.private(owner, one.name)
        raise CertificateRefused("key-match")

    def _new_name(self, owner: str) -> str:
        """Return `seal-YYYYMMDD`, with a number when that day has several."""
        stem, taken = f"seal-{self._store.clock.now():%Y%m%d}", {one.name for one in self.all(owner)}
        name, number = stem, 1
        while name in taken or self._keys.exists(owner, name):
            number += 1
            name = f"{stem}-{number}"
        return name

    async def _subject(self, owner: str) -> Subject:
        """Return whom a certificate of the owner names: as its party card says, else by its name alone."""
        hosted = next((one for one in await self._store.read(participants.every) if one.owner == owner), None)
        if hosted is None:
            raise NotFound(owner)
        if hosted.card is None:
            return Subject(hosted.did, hosted.name or hosted.did)
        card = cards.read(hosted.card.encode())
        return Subject(hosted.did, card.legal_name, card.siren)


def read_roots(file: Path | None) -> list[x509.Certificate]:
    """Return the authorities of a file. Raises BadSettings."""
    try:
        return [] if file is None else x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadSettings(no_authorities("seal_roots", file)) from error


def _must_be_present(present: SealKey | None) -> None:
    if present is None:
        raise NoSealKey


def _same(known: list[SealKey], key: SealKey) -> list[SealKey]:
    """Return the names of one private key that are not revoked: it, and those that it had with other certificates."""
    wanted = _octets_of(key)
    return [one for one in known if one.revoked_at is None and _octets_of(one) == wanted]


def _unknown(name: str) -> dict[str, str]:
    fr = f"« {name} » n’est pas le nom d’une de nos clés de cachet ; « pupitre keys show » les donne."
    return {"fr": fr, "en": f"“{name}” is not the name of a seal key of ours; “pupitre keys show” gives them."}


def _revoked(key: SealKey) -> dict[str, str]:
    since = f"{key.revoked_at:%Y-%m-%d}"
    fr = f"La clé {key.name} est déjà révoquée depuis le {since} ; cette date et son motif sont définitifs."
    return {"fr": fr, "en": f"The key {key.name} is revoked since {since}; that date and its reason are final."}


def _end_oldest(tx: Tx, known: list[SealKey], joining: int) -> None:
    """End the oldest overlaps at once when there are too many."""
    overlapping = [one for one in known if one.standing(tx.now) == "overlapping"]
    for one in overlapping[: max(0, len(overlapping) + joining - MOST_OVERLAPPING)]:
        rows.end(tx, one, tx.now)


def _may_sign(key: SealKey, chain: Chain, now: datetime) -> bool:
    """True while the key is neither retired nor revoked, and its certificate is valid."""
    begins_at, ends_at = certificates.validity(chain[0])
    return key.standing(now) in _IN_USE and begins_at <= now < ends_at


def _status(did: str, key: SealKey, chain: Chain, now: datetime) -> KeyStatus:
    return KeyStatus(
        kid=f"{did}#{key.name}",
        certificate_sha256=certificates.fingerprint(chain[0]),
        since=(key.created_at or now).replace(microsecond=0),  # as a list says it
        retired_at=key.ends_at.replace(microsecond=0) if key.ends_at and key.standing(now) == "retired" else None,
        revoked_at=key.revoked_at,
        reason=key.reason,
        chain=chain if _may_sign(key, chain, now) else (),
    )


def _keys(text: str) -> tuple[KeyStatus, ...]:
    return seal_history.stored(text).keys


def _octets_of(key: SealKey) -> bytes:
    return _octets(certificates.public_key(certificates.read_pem(key.chain)[0]))


def _octets(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
