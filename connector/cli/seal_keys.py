"""`pupitre keys`, the part about seals: what contracts are sealed with, and the certificates of authorities."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Instant, Session, command, option
from connector.cli.install import has_terminal, says_yes

_PEM = b"-----BEGIN "
_SEQUENCE = 0x30
_FILE = click.Path(path_type=Path, dir_okay=False)
_overlap = option(
    "--overlap-days",
    type=click.IntRange(0, 366),
    fr="Jours pendant lesquels l’ancienne clé peut encore signer ce qui la nomme (30).",
    en="Days during which the old key may still sign what names it (30).",
)


def add_to(keys: click.Group) -> None:
    """Add the commands below `keys`."""
    _add_show(keys)
    _add_making(keys)
    _add_certificates(keys)
    _add_revocation(keys)


def _add_show(keys: click.Group) -> None:
    @command(
        keys,
        "show",
        "Montre nos clés de cachet, leur certificat et leur niveau.",
        "Show our seal keys and their level.",
    )
    def show_(session: Session) -> None:
        found = session.client.show_seal_keys()

        def told() -> None:
            for one in found["keys"]:
                _show(session, one)
                click.echo()
            show_problems(found["problems"])
            if not found["can_seal"]:
                fr = "AUCUNE CLÉ NE PEUT SCELLER : « pupitre keys create-seal », ou « rotate-seal » si elle a expiré."
                en = "NO KEY CAN SEAL: “pupitre keys create-seal”, or “rotate-seal” if it has expired."
                click.echo(session.say(fr, en))
            click.echo(session.say(f"Liste publique : {found['history_url']}", f"Public list: {found['history_url']}"))

        session.out(found, told)


def _add_making(keys: click.Group) -> None:
    @command(
        keys,
        "create-seal",
        "Crée la clé de cachet d’un organisme qui n’en a pas.",
        "Make the seal key of a participant that has none.",
    )
    def create(session: Session) -> None:
        _tell(session, session.client.create_seal_key())

    @command(
        keys,
        "rotate-seal",
        "Remplace la clé de cachet ; l’ancienne finit ce qui la nomme.",
        "Replace the seal key; the old one finishes what names it.",
    )
    @_overlap
    @option(
        "--abandon-old-key",
        is_flag=True,
        fr="L’ancienne clé ne s’ouvre plus (phrase de passe perdue, ou changée) : elle s’arrête aussitôt.",
        en="The old key does not open any more (passphrase lost, or changed): it stops at once.",
    )
    @option(
        "--accept-l0",
        is_flag=True,
        fr="Remplace aussi une clé certifiée par une autorité : la nouvelle ne l’est pas (niveau L0).",
        en="Replace a key with the certificate of an authority, too: the new one has none (level L0).",
    )
    def rotate(session: Session, accept_l0: bool, **how: Any) -> None:
        from connector.sdk import ApiProblem

        try:
            made = session.client.rotate_seal_key(**how, accept_l0=accept_l0)
        except ApiProblem as problem:
            if problem.code != "certificate-lost" or session.is_json or not has_terminal():
                raise
            click.echo(f"{problem} {problem.remedy}\n", err=True)
            if not says_yes(session.say("Descendre à L0 ? [oui/NON]", "Go down to L0? [yes/NO]")):
                session.fail(session.say("Rien n’est changé.", "Nothing is changed."), exits.PROBLEM)
            made = session.client.rotate_seal_key(**how, accept_l0=True)
        _tell(session, made)


def _add_certificates(keys: click.Group) -> None:
    @command(
        keys,
        "request-certificate",
        "Écrit une demande de certificat (CSR) pour la clé de cachet présente.",
        "Write a certificate request (CSR) for the present seal key.",
    )
    def request(session: Session) -> None:
        made = session.client.request_certificate()
        session.out(made, lambda: click.echo(made["pem"], nl=False))

    @command(
        keys,
        "import-certificate",
        "Prend le certificat d’une autorité (PEM ou DER), ou sa clé et son certificat (PKCS #12).",
        "Take an authority's certificate (PEM or DER), or its key and certificate (PKCS #12).",
    )
    @click.argument("file", type=_FILE)
    @option(
        "--passphrase-file",
        type=_FILE,
        fr="Fichier dont la première ligne est la phrase de passe du PKCS #12.",
        en="File whose first line is the passphrase of the PKCS #12 file.",
    )
    @_overlap
    def import_(session: Session, file: Path, passphrase_file: Path | None, overlap_days: int | None) -> None:
        content = session.read(file)
        if _PEM in content or _is_certificate(content):
            text = content.decode("ascii", "replace") if _PEM in content else DER_cert_to_PEM_cert(content)
            _tell(session, session.client.import_certificate(text, overlap_days=overlap_days))
            return
        brought = {"pkcs12": b64encode(content).decode(), "passphrase": _passphrase(session, passphrase_file)}
        _tell(session, session.client.import_certificate(**brought, overlap_days=overlap_days))


def _add_revocation(keys: click.Group) -> None:
    @command(
        keys,
        "revoke-seal",
        "Dit publiquement qu’une clé de cachet n’est plus sûre, et pourquoi. Pour toujours.",
        "Say publicly that a seal key is not safe any more, and why. For good.",
    )
    @click.argument("name", metavar="SEAL_KEY")
    @option("--reason", required=True, fr="Motif, public : aucun nom de personne.", en="Why; public: no personal name.")
    @option("--since", type=Instant(), fr="Depuis cet instant (maintenant).", en="Since this instant (now).")
    def revoke(session: Session, name: str, reason: str, since: str | None) -> None:
        _tell(session, session.client.revoke_seal_key(name, reason, since=since))


def show_problems(problems: Sequence[str]) -> None:
    """Print why seal keys do not open, where there is anything to print."""
    for one in problems:
        click.echo(f"\n{one}\n")


def _tell(session: Session, key: Any) -> None:
    session.out(key, lambda: _show(session, key))


def _show(session: Session, key: Any) -> None:
    """Print a key; where it seals and its authority is not known here, what to do about that."""
    show.sheet(session, _rows(session, key))
    certificate, is_present = key["certificate"], key["status"] == "present"
    if is_present and certificate["level"] == "L0" and certificate["issuer"] != certificate["subject"]:
        fr = (
            "Ce certificat ne mène à aucune autorité de seal_roots : citez-y la racine, ou importez-le de nouveau, "
            "suivi des certificats intermédiaires."
        )
        en = (
            "This certificate leads to no authority of seal_roots: name the root there, or import it again, followed "
            "by the intermediate certificates."
        )
        click.echo(session.say(fr, en))


def _rows(session: Session, key: Any) -> Iterator[tuple[str, str]]:
    certificate = key["certificate"]
    yield "name", key["name"]
    yield "status", show.value(session, f"seal-{key['status']}")
    yield "seal_level", f"{certificate['level']} : {show.value(session, certificate['level'])}"
    yield "subject", certificate["subject"]
    if certificate["issuer"] != certificate["subject"]:
        yield "issuer", certificate["issuer"]
    yield "certificate_ends_at", show.instant(certificate["ends_at"])
    yield "fingerprint_sha256", certificate["sha256"]
    yield "ends_at", show.instant(key["ends_at"])
    yield "revoked_at", show.instant(key["revoked_at"])
    yield "reason", key["reason"] or ""


def _is_certificate(content: bytes) -> bool:
    """True when octets begin as a certificate in DER does: a sequence in a sequence; PKCS #12 begins with a number."""
    if len(content) < 2 or content[0] != _SEQUENCE:
        return False
    begins_at = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)
    return content[begins_at : begins_at + 1] == bytes([_SEQUENCE])


def _passphrase(session: Session, file: Path | None) -> str:
    if file is not None:
        return session.first_line(file).removeprefix("\ufeff")
    if not has_terminal():
        return ""
    said: str = click.prompt(
        session.say("Phrase de passe du fichier", "Passphrase of the file"), hide_input=True, default="", err=True
    )
    return said
