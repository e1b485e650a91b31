"""`pupitre contract`: sealed contracts, to be found, read, handed out as evidence and checked again."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from connector import words
from connector.cli import exits, files, show
from connector.cli.frame import Session, command, group, in_period, option
from connector.cli.negotiations import Role
from connector.cli.partners import did_of

VERDICTS = {"valid": exits.OK, "invalid": exits.INVALID, "indeterminate": exits.INDETERMINATE}
"""Exit codes of a check."""
KINDS = {
    "convention": ("Convention", "Agreement"),
    "one-sided": ("Constat d’accord, preuve unilatérale", "Record of an agreement, one-sided evidence"),
}
"""What the pages of a contract are, in French and in English."""
UNKNOWN_SOFTWARE = (
    "« Vérifié par le nœud » : un nœud comme le vôtre le vérifierait ; ce que vérifie le logiciel du fournisseur n’est "
    "pas connu.",
    "“By the node”: a node such as yours would verify it; what the provider’s software verifies is not known.",
)
"""Said of the rules where the partner applies them and has sealed nothing."""
WITHOUT_PAGES = (
    "Le dossier est complet, mais sans les pages en PDF : ce nœud n’a pas pu les écrire ou les sceller. "
    "« pupitre contract convention {0} --pdf » les écrit avec la clé d’aujourd’hui, ou dit ce qui manque.",
    "The bundle is whole, but without the pages as a PDF: this node could not write or seal them. "
    "“pupitre contract convention {0} --pdf” writes them with the key of today, or says what is missing.",
)
_MARKS = {"holds": "✓", "fails": "✗", "unknown": "?"}
_FILE = click.Path(path_type=Path, dir_okay=False)


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    contracts = group(cli, "contract", "Les conventions scellées, leurs preuves.", "Sealed contracts as evidence.")
    _add_looks(contracts)
    _add_files(contracts)
    _add_check(contracts)
    _add_end(contracts)


def _add_looks(contracts: click.Group) -> None:
    @command(contracts, "list", "Liste les conventions scellées, la dernière d’abord.", "List contracts, newest first.")
    @option("--role", type=Role, fr="Notre rôle.", en="Our role.")
    @option("--status", type=click.Choice(list(words.CONTRACTS)), fr="Où elles en sont.", en="How far they are.")
    @option("--timestamps", type=click.Choice(list(words.TIMESTAMPS)), fr="Horodatage.", en="Time-stamps.")
    @option("--peer", fr="Partenaire.", en="Partner.")
    @option("--dataset", fr="Jeu de données.", en="Dataset.")
    @option(
        "--search",
        fr="Identifiant de la convention, de l’accord ou de la demande, ou empreinte.",
        en="Identifier of the contract, the agreement or the request, or hash.",
    )
    @in_period
    @option("--limit", type=click.IntRange(1, 500), default=50, fr="Nombre (50).", en="How many (50).")
    def list_(session: Session, peer: str | None, **which: Any) -> None:
        found = session.client.list_contracts(peer=did_of(session, peer) if peer else None, **which)
        rows = (
            (
                show.instant(one["created_at"]),
                _state(one),
                show.role(session, one["role"]),
                one["peer"],
                one["dataset"],
                one["id"] or one["negotiation"],
            )
            for one in found["items"]
        )
        session.out(found, lambda: show.table(session, ("created_at", "state", "role", "peer", "dataset", "id"), rows))

    @command(
        contracts,
        "show",
        "Montre une convention : parties, règles, cachets, qui a approuvé quoi.",
        "Show a contract: parties, rules, seals, who approved what.",
    )
    @click.argument("contract")
    def show_(session: Session, contract: str) -> None:
        found = session.client.show_contract(contract)
        session.out(found, lambda: _show(session, found))


def _add_files(contracts: click.Group) -> None:
    @command(
        contracts,
        "export",
        "Écrit le dossier de preuves d’une convention, à contrôler avec « pupitre-verify ».",
        "Write the evidence bundle of a contract, to be checked with “pupitre-verify”.",
    )
    @click.argument("contract")
    @option("--to", type=_FILE, fr="Fichier à écrire (IDENTIFIANT.contract.zip).", en="File (ID.contract.zip).")
    @option("--no-pdf", is_flag=True, fr="Sans les pages en PDF.", en="Without the pages as a PDF.")
    def export(session: Session, contract: str, to: Path | None, no_pdf: bool) -> None:
        name = _name(session.client.show_contract(contract))
        content = session.client.export_contract(contract, pdf=not no_pdf)
        _write(session, to or Path(f"{name}.contract.zip"), content)
        if not no_pdf and not _has_pages(content):
            click.echo(session.say(*WITHOUT_PAGES).format(contract), err=True)

    @command(
        contracts,
        "convention",
        "Écrit la convention telle qu’on la lit, ou le constat d’une preuve unilatérale : page HTML, ou PDF scellé.",
        "Write the convention as people read it, or the record of one-sided evidence: an HTML page, or a sealed PDF.",
    )
    @click.argument("contract")
    @option("--pdf", is_flag=True, fr="En PDF/A-3.", en="As a PDF/A-3.")
    @option("--to", type=_FILE, fr="Fichier à écrire (IDENTIFIANT.html ou .pdf).", en="File (ID.html or .pdf).")
    def convention(session: Session, contract: str, pdf: bool, to: Path | None) -> None:
        found = session.client.show_contract(contract)
        content = session.client.show_convention(contract, format="pdf" if pdf else "html")
        kind = "one-sided" if found["status"] == "unilateral" else "convention"
        _write(session, to or Path(f"{_name(found)}.{'pdf' if pdf else 'html'}"), content, kind=kind)


def _add_check(contracts: click.Group) -> None:
    @command(
        contracts,
        "verify",
        "Contrôle de nouveau une convention, étape par étape (0 : valide, 6 : non, 7 : indéterminé).",
        "Check a contract again, step by step (0: valid, 6: invalid, 7: indeterminate).",
    )
    @click.argument("contract")
    def verify(session: Session, contract: str) -> None:
        found = session.client.verify_contract(contract)

        def told() -> None:
            click.echo(f"{found['verdict_text']} · {found['contract']}")
            for step in found["steps"]:
                detail = f" {step['detail']}" if step["detail"] else ""
                click.echo(f"{_MARKS[step['outcome']]} {step['text']}{detail}")

        session.out(found, told)
        if code := VERDICTS[found["verdict"]]:
            raise SystemExit(code)


def _add_end(contracts: click.Group) -> None:
    @command(
        contracts,
        "terminate",
        "Met fin à une convention conclue ; le partenaire reçoit un avis scellé.",
        "End a concluded contract; the partner gets a sealed notice.",
    )
    @click.argument("contract")
    @option("--reason", required=True, fr="Motif, lu par le partenaire.", en="Reason, read by the partner.")
    @option("--said-by", required=True, fr="Qui y met fin : un nom ou une fonction.", en="Who ends it.")
    @option("--code", default="", fr="Mot stable pour les programmes.", en="Stable word for programs.")
    def terminate(session: Session, contract: str, reason: str, said_by: str, code: str) -> None:
        session.client.terminate_contract(contract, reason, said_by, code=code)
        found = session.client.show_contract(contract)
        session.out(found, lambda: _show(session, found))


def _has_pages(bundle: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        return any(name.endswith(".pdf") for name in files.namelist())


def _name(found: Any) -> str:
    """Return a name for a file about a contract: the last part of its identifier."""
    return str(found["id"] or found["negotiation"]).removeprefix("urn:uuid:").replace("/", "-")


def _write(session: Session, path: Path, content: bytes, *, kind: str = "") -> None:
    """Write a file that is not there yet, and say what was written; `kind` is one of KINDS."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        fr = f"{path} existe déjà : donnez un autre nom par --to."
        en = f"{path} is there already: give another name by --to."
        session.fail(session.say(fr, en), exits.PROBLEM)
    except OSError as error:
        session.fail(session.say(*files.unwritten(path, error)), exits.PROBLEM)
    written = {"path": str(path), "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    told = f"{session.say(*KINDS[kind])} · " if kind else ""
    session.out(
        {**written, "kind": kind} if kind else written,
        lambda: click.echo(f"{told}{path} · {show.size(session, len(content))} · SHA-256 {written['sha256']}"),
    )


def _show(session: Session, found: Any) -> None:
    show.sheet(session, _rows(session, found))
    if found["sentences"]:
        click.echo()
        sentences = ((one["text"], show.value(session, f"verified-{one['verified']}")) for one in found["sentences"])
        show.table(session, ("rule", "verified"), sentences)
        if found["status"] == "unilateral" and found["role"] == "consumer":
            click.echo(session.say(*UNKNOWN_SOFTWARE))
    if found["pieces"]:
        click.echo()
        show.table(session, ("piece", "proof"), (_piece(session, one) for one in found["pieces"]))
    for seal in found["seals"]:
        click.echo()
        show.sheet(session, _seal_rows(session, seal))
    if found["notices"]:
        click.echo()
        notices = (_notice(session, one) for one in found["notices"])
        show.table(session, ("kind", "at", "said_by", "reason"), notices)
    if found["decisions"]:
        click.echo()
        decisions = (_decision(session, one) for one in found["decisions"])
        show.table(session, ("n", "at", "decided", "kind", "decided_by"), decisions)


def _piece(session: Session, one: Any) -> tuple[str, str]:
    by = f", {show.role(session, one['by'])}" if one["by"] else ""
    return one["text"], f"{one['state_text']}{by}"


def _party(session: Session, party: Any) -> str:
    """Return who a party is; beside one-sided evidence, where that comes from and whether it has sealed."""
    number = party["siret"] or party["siren"]
    name = f"{party['legal_name']}{f' ({number})' if number else ''}, " if party["legal_name"] else ""
    if party["source"] == "document":
        return f"{name}{party['did']}"
    sealed = session.say(*(("a scellé", "sealed") if party["has_sealed"] else ("n’a rien scellé", "sealed nothing")))
    return f"{name}{party['did']} · {sealed} · {party['source_text']}"


def _notice(session: Session, one: Any) -> tuple[str, ...]:
    kind = words.say(words.NOTICES, one["kind"], session.language)
    return kind, show.instant(one["at"]), one["by"], one["reason_text"]


def _decision(session: Session, one: Any) -> tuple[str, ...]:
    by = f"{one['by']} ; {one['said_by']}" if one["said_by"] else one["by"]
    return str(one["n"]), show.instant(one["at"]), one["what"], show.entry_kind(session, one["kind"]), by


def _state(found: Any) -> str:
    """Return how a contract stands; once it is concluded, with its time-stamps: it is valid with or without."""
    is_told = found["status"] == "concluded" and found["timestamps"] != "none"
    return f"{found['status_text']} · {found['timestamps_text']}" if is_told else str(found["status_text"])


def _rows(session: Session, found: Any) -> Iterator[tuple[str, str]]:
    yield "id", found["id"] or ""
    yield "state", _state(found)
    yield "reason", found["reason"] or ""
    for party in found["parties"]:
        yield f"party_{party['role']}", _party(session, party)
    yield "dataset", f"{found['title']} ({found['dataset']})" if found["title"] else found["dataset"]
    yield "agreement_exchanged" if found["status"] == "unilateral" else "agreement_alone", found["agreement"]
    yield "ends_on", show.instant(found["valid_until"])
    yield "concluded_at", show.instant(found["concluded_at"])
    if found["is_ended"]:
        yield "agreement_status", show.value(session, "ended")
    if found["level"]:
        yield "seal_level", f"{found['level']}{session.say(' : ', ': ')}{found['level_text']}"
    yield "document_sha256", found["sha256"] or ""
    yield "journal", f"pupitre journal {found['negotiation']}"


def _rule(approval: Any) -> str:
    """Return the rule that approved in words, with its code; nothing where a person did."""
    code, said = approval["rule"] or "", approval["rule_text"] or ""
    return said if code in said else f"{said} ({code})"


def _seal_rows(session: Session, seal: Any) -> Iterator[tuple[str, str]]:
    yield "seal_of", show.role(session, seal["role"])
    yield "at", show.instant(seal["at"])
    yield "seal_key", seal["kid"]
    yield "subject", seal["subject"]
    yield "issuer", seal["issuer"] or ""
    yield "seal_level", seal["level"]
    if seal["revocation"]:
        revoked = seal["revocation"]
        yield "revoked_at", " · ".join(part for part in (show.instant(revoked["at"]), revoked["reason"]) if part)
    if seal["approval"]:
        approval = seal["approval"]
        who = _rule(approval) or " · ".join(part for part in (approval["function"], approval["key"]) if part)
        yield "approved_by", f"{who}, {show.instant(approval['at'])}" if approval["at"] else who
