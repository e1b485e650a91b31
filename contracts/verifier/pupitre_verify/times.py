"""When a seal was made, and whether its key could make it then.

The instant in a seal is its author's word. It counts while the certificate is valid and not revoked. Later only a
time-stamp shows that the seal is older than the end of the certificate; without one the answer is "indeterminate".

The instant of a revocation is its author's word, too, and whoever wants to be out of a contract may date it back. So a
seal is "invalid" for it only where the list that announces it says of itself that it is older than the seal. A list
that came after the seal shows what its author says now: the key may have been stolen before, and that found out later.
The date of a list may be false as well: where the bundle holds an earlier one of the same party, which was in force at
the conclusion, the later one refutes nothing that the earlier did not announce, and drops no key that it named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from pupitre_verify.certificates import (
    is_self_made,
    is_valid_at,
    may_sign,
    path_to_root,
    says_seal_of_eidas,
    siren_in,
)
from pupitre_verify.key_lists import Announced, Said
from pupitre_verify.report import Fault, Report
from pupitre_verify.seals import Seal

LEEWAY = timedelta(minutes=5)
STAMPED_WITHIN = timedelta(hours=24)
KeyLists = Mapping[str, Said]
"""The signed lists of seal keys, by the DID of whose they are."""


@dataclass(frozen=True)
class Stand:
    """From where one looks: an instant, and the authorities that one believes."""

    at: datetime
    roots: tuple[x509.Certificate, ...]


def check_time(report: Report, seal: Seal, stand: Stand, lists: KeyLists) -> None:
    """Look at everything about the time of one seal.

    1. The certificate is for seals, and was valid when its author says that the seal was made.
    2. The time-stamps, where there are any.
    3. Its party's list names the key, and as not revoked; else a time-stamp must be older than the revocation.
    4. The certificate is valid still, or a time-stamp shows that it was.
    5. The seal was not made after the instant of the examination.
    """
    certificate, iat = seal.chain[0], f"{seal.place}/protected/iat"
    if not may_sign(certificate):  # 1
        raise Fault(
            seal.part,
            f"{seal.place}/protected/x5c/0",
            "ce certificat ne permet pas de sceller",
            "this certificate does not allow to seal",
        )
    if not is_valid_at(certificate, seal.made_at):
        raise Fault(
            seal.part,
            iat,
            f"le certificat n’était pas valide le {day_of(seal.made_at)}",
            f"the certificate was not valid on {day_of(seal.made_at)}",
        )
    stamped_at = _proven_at(report, seal, stand)  # 2
    _check_listed(report, seal, stamped_at, lists.get(seal.did))  # 3
    if not is_valid_at(certificate, stand.at) and not (stamped_at and is_valid_at(certificate, stamped_at)):  # 4
        _doubt_period(report, seal, stand.at)
    if seal.made_at - stand.at > LEEWAY:  # 5
        report.doubt(
            seal.part,
            iat,
            "ce cachet est daté d’après l’instant de l’examen",
            "this seal is dated after the instant of the examination",
        )


def _doubt_period(report: Report, seal: Seal, at: datetime) -> None:
    place, certificate = f"{seal.place}/protected/x5c/0", seal.chain[0]
    if at < certificate.not_valid_before_utc:
        begin = day_of(certificate.not_valid_before_utc)
        fr, en = f"le certificat n’est valide qu’à partir du {begin}", f"the certificate is not valid before {begin}"
        report.doubt(seal.part, place, fr, en)
        return
    end = day_of(certificate.not_valid_after_utc)
    report.doubt(
        seal.part,
        place,
        f"le certificat était valide jusqu’au {end} et aucun horodatage reconnu ne montre que le cachet est antérieur",
        f"the certificate was valid until {end} and no trusted time-stamp shows that the seal is older",
    )


def _proven_at(report: Report, seal: Seal, stand: Stand) -> datetime | None:
    """Return the earliest instant of a time-stamp whose authority is trusted, or None."""
    if not seal.tokens:
        return None
    from pupitre_verify.timestamps import read_token  # only who meets a time-stamp needs its reader

    proven: list[datetime] = []
    for n, token in enumerate(seal.tokens):
        place = f"{seal.place}/header/etsiU/{n}"
        stamp = read_token(seal.part, place, token, seal.texts[1].encode("ascii"))
        if seal.made_at - stamp.at > LEEWAY:
            raise Fault(seal.part, place, "l’horodatage précède le cachet", "the time-stamp is older than the seal")
        if stamp.at - seal.made_at > STAMPED_WITHIN:
            report.doubt(
                seal.part,
                place,
                f"l’horodatage du {day_of(stamp.at)} suit la date du cachet de plus de 24 heures",
                f"the time-stamp of {day_of(stamp.at)} follows the date of the seal by more than 24 hours",
            )
        elif path_to_root(stamp.chain, stand.roots, stamp.at) is not None:
            proven.append(stamp.at)
            _tell_stamp(report, seal, stamp.at, is_trusted=True)
        elif stand.roots:
            report.doubt(
                seal.part,
                place,
                "l’horodatage ne vient d’aucune autorité donnée par --trust",
                "the time-stamp comes from no authority given by --trust",
            )
        else:
            _tell_stamp(report, seal, stamp.at, is_trusted=False)
    return min(proven, default=None)


def _tell_stamp(report: Report, seal: Seal, at: datetime, *, is_trusted: bool) -> None:
    fr = "" if is_trusted else " ; son autorité n’est pas contrôlée (option --trust)"
    en = "" if is_trusted else "; its authority is not checked (option --trust)"
    report.holds(
        seal.part, f"{seal.did} : horodaté le {day_of(at)}{fr}", f"{seal.did}: time-stamped on {day_of(at)}{en}"
    )


def _check_listed(report: Report, seal: Seal, stamped_at: datetime | None, listed: Said | None) -> None:
    """Look up the key in the lists of its party; that none is there is said where the lists are read."""
    if listed is None:
        return
    key = seal.kid, seal.certificate_sha256
    if not listed.last.names(*key):
        _doubt_unnamed(report, seal, listed)
    announced = listed.announced(*key)
    if announced is not None and not (stamped_at and stamped_at < announced.revocation.at):
        _weigh_revocation(report, seal, announced)


def _doubt_unnamed(report: Report, seal: Seal, listed: Said) -> None:
    """Say that a list does not name the key that sealed, and whether an earlier one of the same party does."""
    place, last, before = f"{seal.place}/protected/kid", listed.last.issued_at, listed.lists[0]
    if before.names(seal.kid, seal.certificate_sha256):
        report.doubt(
            seal.part,
            place,
            f"la liste des clés de {seal.did}{_of_fr(last)} ne nomme plus celle-ci, avec ce certificat ; une liste "
            f"antérieure de la même partie{_of_fr(before.issued_at)} la nommait : on ne sait pas pourquoi elle a été "
            "retirée",
            f"the list of keys of {seal.did}{_of_en(last)} does not name this one any more, with this certificate; an "
            f"earlier list of the same party{_of_en(before.issued_at)} named it: it is not known why it was taken off",
        )
        return
    report.doubt(
        seal.part,
        place,
        f"la liste des clés de {seal.did} ne nomme pas celle-ci, avec ce certificat : on ne sait pas si elle est à "
        "cette partie, ni si elle a été révoquée",
        f"the list of keys of {seal.did} does not name this one, with this certificate: it is not known whether it "
        "is that party's, nor whether it was revoked",
    )


def _weigh_revocation(report: Report, seal: Seal, announced: Announced) -> None:
    """Say what a revocation means for a seal of which no trusted time-stamp shows that it is older.

    1. The seal says that it is older.
    2. The revocation is older, and so is the list that announces it; no earlier list of the party is silent of it.
    3. The revocation is dated before the seal by a list that came after it, or that has no date; or by one that may
       have been dated back as well, since the party's list of the conclusion says nothing of it.
    """
    place, day, reason = f"{seal.place}/protected/kid", day_of(announced.revocation.at), announced.revocation.reason
    issued_at, silent_at = announced.issued_at, announced.silent_at
    if seal.made_at < announced.revocation.at:  # 1
        report.doubt(
            seal.part,
            place,
            f"clé révoquée le {day} ({reason}) et aucun horodatage reconnu ne montre que le cachet est antérieur",
            f"key revoked on {day} ({reason}) and no trusted time-stamp shows that the seal is older",
        )
        return
    if silent_at is None and issued_at is not None and issued_at < seal.made_at:  # 2
        raise Fault(
            seal.part,
            place,
            f"clé révoquée depuis le {day}, et annoncée telle par une liste du {day_of(issued_at)}, avant ce cachet",
            f"this key is revoked since {day}, and announced so by a list of {day_of(issued_at)}, before this seal",
        )
    fr, en = _of_fr(issued_at), _of_en(issued_at)  # 3
    if issued_at is not None and issued_at >= seal.made_at:
        fr, en = f"{fr}, postérieure au cachet", f"{en}, after the seal"
    if silent_at is not None:
        fr += f", alors qu’une liste antérieure de la même partie{_of_fr(silent_at)} ne l’annonce pas"
        en += f", while an earlier list of the same party{_of_en(silent_at)} does not announce it"
    report.doubt(
        seal.part,
        place,
        f"clé révoquée depuis le {day} ({reason}), avant ce cachet, dit une liste{fr} : rien ne montre si cela était "
        "annoncé quand il a été apposé, ou si la révocation a été antidatée",
        f"key revoked since {day} ({reason}), before this seal, says a list{en}: nothing shows whether that was "
        "announced when it was made, or whether the revocation was dated back",
    )


def _of_fr(issued_at: datetime | None) -> str:
    return " sans date" if issued_at is None else f" du {day_of(issued_at)}"


def _of_en(issued_at: datetime | None) -> str:
    return " without a date" if issued_at is None else f" of {day_of(issued_at)}"


def level_of(report: Report, seals: Iterable[Seal], stand: Stand, sirens: Mapping[str, str]) -> str:
    """Return the level that all these seals reach; `sirens` are those that the parties say they have, by their DID.

    Doubted are a certificate whose authority is not among the roots, and one that its authority gave to another SIREN.
    """
    return min(_level(report, seal, stand, sirens.get(seal.did)) for seal in seals)


def _level(report: Report, seal: Seal, stand: Stand, siren: str | None) -> str:
    leaf = seal.chain[0]
    if is_self_made(leaf):
        return "L0"
    if path_to_root(seal.chain, stand.roots, seal.made_at) is None:
        if stand.roots:
            report.doubt(
                seal.part,
                f"{seal.place}/protected/x5c",
                "le certificat ne mène à aucune autorité donnée par --trust",
                "the certificate leads to no authority given by --trust",
            )
        return "L0"
    said = siren_in(leaf.subject)
    if siren and said and said != siren:
        report.doubt(
            seal.part,
            f"{seal.place}/protected/x5c/0",
            f"ce certificat est délivré au SIREN {said}, alors que la partie donne {siren}",
            f"this certificate is issued to SIREN {said}, while the party says {siren}",
        )
    return "L2" if says_seal_of_eidas(leaf) else "L1"


def day_of(at: datetime) -> str:
    """Return an instant as the report tells it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
