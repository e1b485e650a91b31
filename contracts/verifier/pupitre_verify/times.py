"""When a seal was made, and whether its key could make it then.

The instant in a seal is its author's word. It counts while the certificate is valid and not revoked. Later only a
time-stamp shows that the seal is older than the end of the certificate; without one the answer is "indeterminate".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from pupitre_verify.certificates import is_self_made, is_valid_at, may_sign, path_to_root, says_seal_of_eidas
from pupitre_verify.identities import Revocation
from pupitre_verify.report import Fault, Report
from pupitre_verify.seals import Seal

LEEWAY = timedelta(minutes=5)
STAMPED_WITHIN = timedelta(hours=24)
SealKeys = Mapping[tuple[str, str], Revocation | None]


@dataclass(frozen=True)
class Stand:
    """From where one looks: an instant, and the authorities that one believes."""

    at: datetime
    roots: tuple[x509.Certificate, ...]


def check_time(report: Report, seal: Seal, stand: Stand, keys: SealKeys) -> None:
    """Look at everything about the time of one seal.

    1. The certificate is for seals, and was valid when its author says that the seal was made.
    2. The time-stamps, where there are any.
    3. The key was not revoked before the seal was made; if it was later, a time-stamp must be older.
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
            f"le certificat n’était pas valide le {_day(seal.made_at)}",
            f"the certificate was not valid on {_day(seal.made_at)}",
        )
    stamped_at = _proven_at(report, seal, stand)  # 2
    _check_revocation(report, seal, stamped_at, keys)  # 3
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
        begin = _day(certificate.not_valid_before_utc)
        fr, en = f"le certificat n’est valide qu’à partir du {begin}", f"the certificate is not valid before {begin}"
        report.doubt(seal.part, place, fr, en)
        return
    end = _day(certificate.not_valid_after_utc)
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
                f"l’horodatage du {_day(stamp.at)} suit la date du cachet de plus de 24 heures",
                f"the time-stamp of {_day(stamp.at)} follows the date of the seal by more than 24 hours",
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
    report.holds(seal.part, f"{seal.did} : horodaté le {_day(at)}{fr}", f"{seal.did}: time-stamped on {_day(at)}{en}")


def _check_revocation(report: Report, seal: Seal, stamped_at: datetime | None, keys: SealKeys) -> None:
    revocation = keys.get((seal.kid, seal.certificate_sha256))
    if revocation is None:
        return
    place, day = f"{seal.place}/protected/kid", _day(revocation.at)
    if revocation.at <= seal.made_at:
        raise Fault(seal.part, place, f"clé révoquée depuis le {day}", f"this key is revoked since {day}")
    if stamped_at is None or stamped_at >= revocation.at:
        report.doubt(
            seal.part,
            place,
            f"clé révoquée le {day} ({revocation.reason}) et aucun horodatage reconnu ne montre que le cachet est "
            "antérieur",
            f"key revoked on {day} ({revocation.reason}) and no trusted time-stamp shows that the seal is older",
        )


def level_of(report: Report, seals: Iterable[Seal], stand: Stand) -> str:
    """Return the level that all these seals reach, and doubt a certificate whose authority is not among the roots."""
    return min(_level(report, seal, stand) for seal in seals)


def _level(report: Report, seal: Seal, stand: Stand) -> str:
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
    return "L2" if says_seal_of_eidas(leaf) else "L1"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
