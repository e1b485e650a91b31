"""The participants that this node hosts, what they say of themselves, and the keys of the API.

The first participant stands at the root of the public address, every other one under `/o/SLUG`. A participant is made
with its keys in one go; its DID never changes.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connector import words
from connector.identity import card as cards
from connector.identity.addresses import Addresses, check_slug
from connector.identity.card import Card
from connector.identity.certificates import Subject
from connector.identity.did import own_document
from connector.identity.invitation import Invitation
from connector.identity.keys import Keys
from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound, Problem, Unauthorized
from connector.services import cursors, deciders, functions, roles, seal_keys
from connector.services.cursors import Page
from connector.services.deciders import Decider, Person
from connector.services.seal_keys import Seals
from connector.store import journal, participants
from connector.store import seal_keys as seal_rows
from connector.store.db import Store, Tx
from connector.store.participants import ApiKey, Hosted

TOPIC = "participants"
KEY_DAYS = 365
"""How long a participant's key is valid, in days, unless told otherwise."""
LONGEST_KEY_DAYS = 366
_ROLE_DOES_NOT_FIT = {
    "fr": "Nommez un rôle : exploitant (operator), gestionnaire (steward), développeur (developer) ou auditeur "
    "(auditor) pour un organisme ; administration pour le nœud.",
    "en": "Name a role: operator, steward, developer or auditor for a participant; administration for the node.",
}


class RoleForbidden(Problem):
    """The role of the key does not allow this; the problem says which does."""

    code = "role-forbidden"
    status = 403
    title: ClassVar[dict[str, str]] = {
        "fr": "Le rôle de cette clé ne le permet pas.",
        "en": "The role of this key does not allow this.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Demandez-le à qui a l’un de ces rôles, ou utilisez sa clé si c’est vous.",
        "en": "Ask somebody who has one of these roles, or use that key if it is you.",
    }

    @classmethod
    def of(cls, role: str, able: Iterable[str]) -> "RoleForbidden":
        """Return the problem for a key of this role, naming the roles that may."""
        may = tuple(able)
        fr = f"Rôle de la clé : {_named([role], 'fr')}. Peuvent le faire : {_named(may, 'fr')}."
        return cls({"fr": fr, "en": f"Role of the key: {_named([role], 'en')}. Who may do it: {_named(may, 'en')}."})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who uses the management API: an owner's key, or the node's administration (`owner` None)."""

    key_id: str
    owner: str | None
    name: str
    """What the key was made for, as the journal names it."""
    role: str
    expires_at: datetime | None = None
    function: str = ""
    """What seals claim of who approved with it."""

    @property
    def person(self) -> Person:
        """Who decides, when this key decides."""
        return Person(self.key_id, self.name, self.role, self.function)


class Hosts:
    """Hosted participants and API keys."""

    def __init__(self, store: Store, addresses: Addresses, keys: Keys, seals: Seals) -> None:
        self._store = store
        self._addresses = addresses
        self._keys = keys
        self.seals = seals
        self._hosted: dict[str, Hosted] = {}
        self._signed: dict[str, tuple[str, str, str]] = {}
        self._callers: dict[str, Caller] = {}
        self._changed = asyncio.Event()
        store.subscribe(TOPIC, self._hear)
        store.subscribe(seal_keys.TOPIC, self._hear)

    async def follow(self) -> None:
        """Read anew whenever something changed here or on a replica; until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.load()

    async def load(self) -> None:
        """Read who is hosted here with which seal keys, and forget whose API keys were seen."""
        await self.seals.load()
        rows = await self._store.read(participants.every)
        self._hosted = {hosted.owner: hosted for hosted in rows}
        self._callers.clear()

    def _hear(self, _: str) -> None:
        self._callers.clear()
        self._changed.set()

    @property
    def owners(self) -> dict[str, Hosted]:
        """Hosted participants by their slug."""
        return self._hosted

    async def add(self, owner: str, name: str) -> Hosted:
        """Host a participant. Raises Invalid for a bad slug, Conflict when it exists."""
        try:
            check_slug(owner)
        except ValueError as error:
            raise Invalid(str(error), pointer="/owner") from error
        if owner in self._hosted:
            raise Conflict(owner)
        self._keys.create_auth(owner)
        is_root = int(owner == self._addresses.root)
        hosted = Hosted(owner=owner, did=self._addresses.did(owner), name=name, is_root=is_root)
        seal = await self.seals.make(owner, Subject(hosted.did, name or hosted.did))

        def unit(tx: Tx) -> Hosted:
            participants.add(tx, hosted)
            seal_rows.add(tx, seal.row)
            tx.signal(TOPIC, owner)
            return replace(hosted, created_at=tx.now)

        try:
            added = await self._store.write(unit)
        except BaseException:
            self.seals.forget(seal)
            raise
        await self.load()
        return added

    def invitation(self, owner: str) -> Invitation:
        """Return what the owner gives to an organisation that is to know it. Raises MissingKey."""
        return Invitation(self._addresses.base(owner), self._addresses.did(owner), self._keys.auth(owner).thumbprint)

    def did_document(self, owner: str) -> dict[str, Any]:
        """Return the owner's DID document. Raises MissingKey."""
        return own_document(self._addresses, owner, self._keys.auth(owner), self.seals.shown(owner))

    def card(self, owner: str) -> Card:
        """Return the owner's party card. Raises NotFound while it has none."""
        text = self._hosted[owner].card
        if text is None:
            fr, en = "Aucune fiche d’identité : « pupitre participant card set ».", "No party card yet."
            raise NotFound({"fr": fr, "en": f"{en} “pupitre participant card set” makes it."})
        return cards.read(text.encode())

    def has_card(self, owner: str) -> bool:
        """True when the owner has a party card."""
        return owner in self._hosted and self._hosted[owner].card is not None

    def signed_card(self, owner: str) -> str | None:
        """Return the owner's party card as partners get it, signed with its present key; None while it has none."""
        hosted = self._hosted.get(owner)
        if hosted is None or hosted.card is None:
            return None
        key = self._keys.auth(owner)
        known = self._signed.get(owner)
        if known is None or known[:2] != (hosted.card, key.thumbprint):
            known = (hosted.card, key.thumbprint, cards.sign(hosted.card, hosted.did, key))
            self._signed[owner] = known
        return known[2]

    async def set_card(self, owner: str, said: Mapping[str, str | None], *, by: Decider) -> Card:
        """Change the owner's party card. Raises Invalid naming the member at fault."""
        told, did = cards.checked(said), self._addresses.did(owner)

        def unit(tx: Tx) -> Card:
            before = participants.card(tx, owner)
            version = cards.read(before.encode()).version + 1 if before else 1
            made = Card(**told, did=did, version=version, issued_at=tx.now)
            after = cards.write(made)
            participants.set_card(tx, owner, after)
            entry = {"old": before, "new": after, deciders.MEMBER: deciders.told(by)}
            journal.append(tx, owner, did, "card-set", entry)
            tx.signal(TOPIC, owner)
            return made

        made = await self._store.write(unit)
        await self.load()
        return made

    async def issue_key(
        self,
        owner: str | None,
        label: str,
        role: str,
        *,
        days: int | None = None,
        function: str | None = None,
        by: Caller | None = None,
    ) -> tuple[ApiKey, str]:
        """Make an API key; its secret is told once and kept only as a hash. `by` None: the installation makes it.

        A participant's key ends after `days` (a year unless told otherwise); one of the administration (`owner` None)
        only when told. `function` is what seals claim of who approves with it. Raises Invalid for a role that does not
        fit the owner and for what is no function, RoleForbidden.
        """
        if (owner is None) != (role == roles.ADMINISTRATION) or role == roles.UNRESTRICTED:
            raise Invalid(_ROLE_DOES_NOT_FIT, pointer="/role")
        check_reach(by, role)
        said = _function(by, function)

        def unit(tx: Tx) -> tuple[ApiKey, str]:
            key, secret = _made(owner, label, role, _end(tx.now, role, days, by), said)
            participants.add_key(tx, key)
            self._tell(tx, key, "key-issued", by)
            return participants.load_key(tx, owner, key.id), secret

        return await self._store.write(unit)

    async def rotate_key(
        self,
        owner: str | None,
        key_id: str,
        *,
        overlap: timedelta,
        role: str | None = None,
        days: int | None = None,
        function: str | None = None,
        by: Caller | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key in the place of another, which stays valid for `overlap` and not longer.

        Role and function are the old one's unless named; the role must be when that was made before there were roles.
        Raises NotFound, Conflict for a key that is not valid any more or was replaced already, Invalid, RoleForbidden.
        """
        said = _function(by, function)

        def unit(tx: Tx) -> tuple[ApiKey, str]:
            old = participants.load_key(tx, owner, key_id)
            check_reach(by, old.role)
            if (standing := old.standing(tx.now)) != "valid":
                raise Conflict(f"{key_id}: {standing}")
            wished = role or old.role
            check_reach(by, wished)
            if old.function and by is not None and by.key_id != key_id:
                _check_may_give_function(by)
            if wished == roles.UNRESTRICTED or (old.owner is None) != (wished == roles.ADMINISTRATION):
                raise Invalid(_ROLE_DOES_NOT_FIT, pointer="/role")
            ends_at = _end(tx.now, wished, days, by)
            key, secret = _made(old.owner, old.label, wished, ends_at, said or old.function)
            participants.add_key(tx, key)
            old_ends_at = min(tx.now + overlap, old.expires_at or tx.now + overlap)
            participants.replace_key(tx, key_id, key.id, old_ends_at)
            self._tell(tx, key, "key-issued", by)
            self._tell(tx, old, "key-replaced", by, replaced_by=key.id, ends_at=old_ends_at.isoformat())
            tx.signal(TOPIC, key_id)
            return participants.load_key(tx, owner, key.id), secret

        return await self._store.write(unit)

    async def revoke_key(self, owner: str | None, key_id: str, *, by: Caller | None = None) -> None:
        """Revoke a key of an owner (None: any key), at once and for good. Raises NotFound, RoleForbidden."""

        def unit(tx: Tx) -> None:
            key = participants.load_key(tx, owner, key_id)
            check_reach(by, key.role)
            participants.revoke_key(tx, key_id)
            self._tell(tx, key, "key-revoked", by)
            tx.signal(TOPIC, key_id)

        await self._store.write(unit)

    def _tell(self, tx: Tx, key: ApiKey, kind: str, by: Caller | None, **more: str) -> None:
        """Write in the journal of a key; that of an administration key is the first participant's."""
        decider = deciders.INSTALLATION if by is None else by.person
        ends_at = None if key.expires_at is None else key.expires_at.isoformat()
        function = {"function": key.function} if key.function else {}
        entry = {"label": key.label, "role": key.role, **function, "expires_at": ends_at, **more}
        owner = key.owner or self._addresses.root
        journal.append(tx, owner, key.id, kind, {**entry, deciders.MEMBER: deciders.told(decider)})

    async def page(self, *, cursor: str | None, limit: int) -> Page[Hosted]:
        """Return hosted participants, the first one first, then by their short name."""
        after = cursors.read_key(cursor)
        rows = sorted(self._hosted.values(), key=_place)
        return cursors.paged(
            [row for row in rows if _place(row) > after][: limit + 1], limit, lambda row: (_place(row),)
        )

    async def page_keys(
        self,
        owner: str | None,
        *,
        cursor: str | None,
        limit: int,
        revoked: bool | None = None,
        role: str | None = None,
    ) -> Page[ApiKey]:
        """Return the keys of an owner (None: of the node), without their secrets, in the order of their identifiers."""
        after = cursors.read_key(cursor)
        rows = await self._store.read(
            lambda tx: participants.page_keys(tx, owner, after=after, limit=limit + 1, revoked=revoked, role=role)
        )
        return cursors.paged(rows, limit, lambda row: (row.id,))

    async def caller(self, secret: str) -> Caller:
        """Return who holds this key. Raises Unauthorized, also for one that has ended."""
        digest = _hash(secret)
        if digest not in self._callers or not self._store.signals_are_live:
            key = await self._store.read(lambda tx: participants.key_by_hash(tx, digest))
            if key is None:
                raise Unauthorized
            function = key.function or ""
            self._callers[digest] = Caller(key.id, key.owner, key.label, key.role, key.expires_at, function)
        caller = self._callers[digest]
        if caller.expires_at is not None and caller.expires_at <= self._store.clock.now():
            raise Unauthorized
        return caller


def check_reach(by: Caller | None, role: str) -> None:
    """Refuse to deal with a key of a role that the caller's own does not reach. Raises RoleForbidden."""
    if by is not None and role not in roles.grants(by.role):
        able = tuple(name for name in (*roles.ROLES, roles.ADMINISTRATION) if role in roles.grants(name))
        raise RoleForbidden.of(by.role, able)


def _function(by: Caller | None, said: str | None) -> str | None:
    """Return the function that a key is to have. Raises Invalid, RoleForbidden."""
    if said is None:
        return None
    _check_may_give_function(by)
    return functions.read(said)


def _check_may_give_function(by: Caller | None) -> None:
    """Refuse that a developer's key makes another one that speaks in seals for a function. Raises RoleForbidden."""
    if by is not None and by.role == roles.DEVELOPER:
        raise RoleForbidden.of(by.role, (roles.OPERATOR, roles.ADMINISTRATION))


def _made(
    owner: str | None, label: str, role: str, expires_at: datetime | None, function: str | None = None
) -> tuple[ApiKey, str]:
    secret = "pk_" + secrets.token_urlsafe(32)
    key = ApiKey(
        id=new_id(),
        owner=owner,
        label=label,
        hash=_hash(secret),
        role=role,
        expires_at=expires_at,
        function=function,
    )
    return key, secret


def _end(now: datetime, role: str, days: int | None, by: Caller | None) -> datetime | None:
    """Return when a key ends. A developer's key makes none that outlives it: only others prolong what it opens."""
    if role == roles.ADMINISTRATION and days is None:
        return None
    ends_at = now + timedelta(days=days or KEY_DAYS)
    if by is not None and by.role == roles.DEVELOPER and by.expires_at is not None:
        return min(ends_at, by.expires_at)
    return ends_at


def _named(names: Iterable[str], language: str) -> str:
    return ", ".join(f"{words.KEY_ROLES[name][language]} ({name})" for name in names)


def _place(hosted: Hosted) -> str:
    """Return where a participant stands in the list; no short name begins with a dot."""
    return ".first" if hosted.is_root else hosted.owner


def administration_key(label: str) -> tuple[ApiKey, str]:
    """Return a key of the administration to be added, and its secret."""
    return _made(None, label, roles.ADMINISTRATION, None)


def card_version(tx: Tx, owner: str) -> int:
    """Return the version of the owner's party card. Raises NotFound while it has none."""
    text = participants.card(tx, owner)
    if text is None:
        raise NotFound(owner)
    return cards.read(text.encode()).version


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
