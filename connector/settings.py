"""All settings of a node, each with its meaning, unit and default.

Read from one TOML file, then from the environment (`PUPITRE_` and the name in capitals). A bad or unknown key refuses
to start and names the key.
"""

import ipaddress
import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from connector import settings_told
from connector.problems import Problem
from connector.settings_told import Texts, refused

PREFIX = "PUPITRE_"
SLIP = 0.85
"""How alike a variable of the environment must be to a setting's to be refused: other programs name theirs so, too."""
MASK = "•••"
LONGEST_ALERT_DAYS = 3650
SHORTEST_PASSPHRASE = 24
"""The files of keys are derived from it quickly (PBKDF2, 2,048 rounds): only a long, random one protects them."""
_GIVEN = {"fr": "donné à la commande", "en": "given to the command"}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSettings(Problem):
    """A setting is wrong; the node does not start."""

    code = "bad-settings"
    title: ClassVar[dict[str, str]] = {"fr": "Réglage refusé.", "en": "A setting is refused."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Corrigez le réglage nommé, dans node.toml ou dans l’environnement (PUPITRE_…), puis relancez.",
        "en": "Correct the setting that is named, in node.toml or in the environment (PUPITRE_…), then start again.",
    }


class Settings(BaseModel):
    """What a node needs to know before it starts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    data_dir: Path = Field(Path("pupitre-data"), description="Folder of the database, the keys and received files.")
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host/name; empty: an SQLite file in data_dir."
    )
    public_url: str = Field(
        "http://127.0.0.1:8282", description="Address that partners use; the source of every URL given out."
    )
    public_host: str = Field("127.0.0.1", description="Interface on which the public listener waits.")
    public_port: int = Field(8282, ge=0, le=65535, description="Port of the public listener; 0: any free one.")
    private_host: str = Field("127.0.0.1", description="Interface of the private listener (API, metrics).")
    private_port: int = Field(8281, ge=0, le=65535, description="Port of the private listener; 0: any free one.")
    participant_name: str = Field("", description="Name of the first hosted participant, as partners read it.")
    allowed_networks: tuple[Network, ...] = Field(
        (), description="Non-public networks in which peers may live (CIDR). Empty: only public addresses."
    )
    allowed_ports: tuple[int, ...] = Field((), description="Ports of peers; empty: any.")
    outgoing_proxy: str | None = Field(
        None, description="HTTP proxy for calls to peers; addresses are then not pinned."
    )
    ca_file: Path | None = Field(None, description="Further certificate authorities for calls to peers (PEM).")
    receive_dirs: tuple[Path, ...] = Field(
        (), description="Folders into which data may be received, beside data_dir/received."
    )
    source_dirs: tuple[Path, ...] = Field(
        (), description="Folders whose files may be published, beside data_dir/published."
    )
    unknown_peers: Literal["inbox", "admit"] = Field(
        "inbox",
        description="What an unknown organisation may do beyond reading the catalogue; `inbox`: nothing until a person "
        "admits it, `admit`: whatever offers allow to everybody.",
    )
    refusal_detail: Literal["none", "category", "clause"] = Field(
        "category",
        description="How far a partner is told why the terms of use refuse; `none`: only that they do, `category`: "
        "what it depends on (a date, the recipient) without values, `clause`: each reason in full.",
    )
    seal_passphrase: SecretStr | None = Field(
        None,
        description="What the seal keys are encrypted with at rest, 24 characters or more; better in the environment. "
        "Empty: the content of `seal_key_file`.",
    )
    seal_key_file: Path | None = Field(
        None, description="File whose content opens the seal keys; empty: `seal.key` in data_dir. No backup holds it."
    )
    seal_roots: Path | None = Field(
        None, description="Authorities whose certificates for seals are trusted here (PEM); empty: none, level L0."
    )
    timestamp_url: str | None = Field(
        None, description="Time-stamping authority (RFC 3161) that is asked for concluded contracts; empty: none."
    )
    timestamp_trust: Path | None = Field(
        None,
        description="Authorities whose time-stamps count here, our own and partners' (PEM); empty: none.",
    )
    seal_days: int = Field(
        1096, ge=1, le=3653, description="How long a seal certificate that the node makes itself is valid, in days."
    )
    journal_checkpoint_hours: float = Field(
        24.0,
        gt=0,
        le=8784,
        description="How often the node seals where the journals stand, if they grew, in hours.",
    )
    replicas: bool = Field(
        False, description="Several processes share the database (PostgreSQL only): replays are kept in a table."
    )
    message_limit_bytes: int = Field(1 << 20, gt=0, description="Largest protocol or API message accepted, in bytes.")
    call_timeout_s: float = Field(10.0, gt=0, description="Time limit of one call to a peer, in seconds.")
    body_timeout_s: float = Field(
        20.0, gt=0, description="Time within which a caller's message must have arrived, in seconds."
    )
    give_up_after_s: float = Field(
        7 * 86400.0, gt=0, description="How long an unreachable peer is tried before a person must look, in seconds."
    )
    token_lifetime_s: int = Field(300, gt=0, le=300, description="Lifetime of data tokens, in seconds.")
    push_limit_bytes: int = Field(
        100 << 30, gt=0, description="Largest content that a partner may push to this node, in bytes."
    )
    push_lifetime_s: int = Field(
        7 * 86400,
        gt=0,
        description="How long after its last start a partner may push what we asked for, in seconds.",
    )
    page_size: int = Field(
        50, gt=0, le=500, description="Datasets in one page of the catalogue, and rows in one page of the API."
    )
    expiry_alert_days: tuple[int, ...] = Field(
        (90, 30, 7), description="How many days before its end a contract is told to be near it; empty: never."
    )
    events_kept_days: float = Field(
        30.0,
        gt=0,
        le=3650,
        description="How long the feed of events keeps them, in days. The journal stays.",
    )
    webhook_give_up_after_s: float = Field(
        86400.0,
        gt=0,
        description="How long the receiver of a webhook is tried in vain before the webhook stops, in seconds.",
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of the log lines on standard error.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is logged."
    )
    language: Literal["fr", "en"] = Field("fr", description="Language of what the node writes for people.")

    @field_validator(
        "database_url",
        "outgoing_proxy",
        "ca_file",
        "seal_passphrase",
        "seal_key_file",
        "seal_roots",
        "timestamp_url",
        "timestamp_trust",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("expiry_alert_days")
    @classmethod
    def _days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 <= one <= LONGEST_ALERT_DAYS for one in value):
            fr = f"il faut des nombres entiers de 0 à {LONGEST_ALERT_DAYS}"
            raise refused("expiry_alert_days", fr, f"must be whole numbers from 0 to {LONGEST_ALERT_DAYS}")
        return value

    @field_validator("seal_passphrase")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_PASSPHRASE:
            fr = f"il faut {SHORTEST_PASSPHRASE} caractères au moins, tirés au hasard par un programme"
            en = f"must be {SHORTEST_PASSPHRASE} characters or more, made at random by a program"
            raise refused("seal_passphrase", fr, en)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        url = urlsplit(self.public_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or url.query:
            fr = "il faut https://nom ou https://nom:port, sans chemin après"
            raise refused("public_url", fr, "must be https://name or https://name:port, with no path after it")
        if url.scheme == "http" and not self.is_loopback:
            fr = "http n’est permis que sur cette machine (127.0.0.1) ; ailleurs, il faut https"
            raise refused("public_url", fr, "http is for this machine alone (127.0.0.1); elsewhere it must be https")
        stamper = urlsplit(self.timestamp_url or "https://none")
        if stamper.scheme not in ("http", "https") or not stamper.hostname or "@" in stamper.netloc:
            fr = "il faut https://nom/chemin ou http://nom/chemin, sans mot de passe"
            raise refused("timestamp_url", fr, "must be https://name/path or http://name/path, without a password")
        if self.timestamp_url and self.timestamp_trust is None:
            fr = "il faut donner aussi timestamp_trust : un horodatage que rien ne permet de contrôler ne vaut rien"
            en = "timestamp_trust must be given, too: a time-stamp that cannot be checked is worth nothing"
            raise refused("timestamp_url", fr, en)
        if self.replicas and self.database_url is None:
            fr = "il faut PostgreSQL pour plusieurs processus : donnez database_url"
            raise refused("replicas", fr, "must be false without PostgreSQL: give database_url")
        return self

    @property
    def seal_key_place(self) -> Path:
        """Where the file is that opens the seal keys."""
        return self.seal_key_file or self.data_dir / "seal.key"

    @property
    def base_url(self) -> str:
        """The public URL without a slash at the end."""
        return self.public_url.rstrip("/")

    def shown(self) -> dict[str, object]:
        """Return all settings as JSON values, for a person to read: passwords are masked."""
        values: dict[str, object] = self.model_dump(
            mode="json", exclude={"database_url", "outgoing_proxy", "seal_passphrase"}
        )
        url = self.database_url.get_secret_value() if self.database_url else None
        masked = {"database_url": _masked(url), "outgoing_proxy": _masked(self.outgoing_proxy)}
        masked["seal_passphrase"] = MASK if self.seal_passphrase else None
        return {name: masked[name] if name in masked else values[name] for name in type(self).model_fields}

    @property
    def is_loopback(self) -> bool:
        """True when the node itself lives on a loopback address: then http and loopback peers are allowed."""
        host = urlsplit(self.public_url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def _masked(url: str | None) -> str | None:
    """Return an address with its password masked, and without its query, which may hold one too."""
    if url is None:
        return None
    scheme, mark, rest = url.partition("://")
    if not mark:
        return MASK
    rest, query, _ = rest.partition("?")
    credentials, at, place = rest.rpartition("@")
    name, colon, _ = credentials.partition(":")
    return f"{scheme}://{name}{colon}{MASK if colon else ''}{at}{place}{f'?{MASK}' if query else ''}"


def load(path: Path | None = None, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings from a TOML file, the environment and overrides, the last winning.

    Raises BadSettings, which says of each what is wrong, where it stands and what is allowed.
    """
    values = _in_file(path)
    sources: dict[str, Texts] = {key: {"fr": f"dans {path}", "en": f"in {path}"} for key in values}
    for name, text in (os.environ if environ is None else environ).items():
        if not name.startswith(PREFIX):
            continue
        source = {"fr": f"variable {name}", "en": f"variable {name}"}
        if (key := name.removeprefix(PREFIX).lower()) not in Settings.model_fields:
            _refuse_slip(key, source)
            continue
        field = Settings.model_fields[key].annotation
        is_list = getattr(field, "__origin__", None) is tuple
        values[key] = [part.strip() for part in text.split(",") if part.strip()] if is_list else text
        sources[key] = source
    given = {key: value for key, value in overrides.items() if value is not None}
    values.update(given)
    sources.update(dict.fromkeys(given, _GIVEN))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadSettings(settings_told.told(error.errors(), values, sources, Settings.model_fields)) from error


def _in_file(path: Path | None) -> dict[str, object]:
    """Return what a file of settings says. Raises BadSettings."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BadSettings(dict(settings_told.unread(path, error))) from error


def _refuse_slip(key: str, source: Texts) -> None:
    """Refuse a variable that is nearly named as a setting is: it would be without effect. Raises BadSettings."""
    if get_close_matches(key, Settings.model_fields, 1, SLIP):
        raise BadSettings(dict(settings_told.no_such(key, source, Settings.model_fields)))
