"""The page in an evidence bundle that says, in French and English, how to check it with openssl and the usual tools.

Its commands are written for what the bundle holds, and are executed as they stand by the tests.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.jws import Sealed, read_sealed

CONTRACT, CONCLUSION, UNILATERAL = "contract.jws.json", "conclusion.jws.json", "unilateral.jws.json"


@dataclass(frozen=True)
class _Step:
    """One thing to check, said in two languages, with its commands."""

    fr: str
    en: str
    commands: str


_HEAD_FR = """DOSSIER DE PREUVES : COMMENT LE CONTRÔLER

Le plus simple est « pupitre-verify DOSSIER.contract.zip », un petit programme à part, qui travaille hors ligne. Cette
page montre comment faire sans lui, sans réseau, avec openssl, unzip et les outils usuels de GNU/Linux (sha256sum,
base64, basenc, date, od, cut, head, tail, tr, wc, sed, grep). Aucun cachet ne la couvre elle-même : si vous doutez
d’elle, prenez-en un exemplaire ailleurs.

Ouvrez un terminal dans un dossier vide où se trouve ce fichier ZIP, puis copiez les commandes dans l’ordre, toutes dans
la même fenêtre. Chaque contrôle réussi affiche « OK » ; une ligne qui manque, ou « failure », signale un défaut, sauf
où c’est dit. Seules ces lignes comptent : le code de retour d’une commande ne dit rien.
"""
_HEAD_EN = """EVIDENCE BUNDLE: HOW TO CHECK IT

The simplest way is “pupitre-verify BUNDLE.contract.zip”, a small program of its own that works offline. This page shows
how to do without it, without a network, with openssl, unzip and the usual tools of GNU/Linux (sha256sum, base64,
basenc, date, od, cut, head, tail, tr, wc, sed, grep). No seal covers this page itself: if you doubt it, take a copy
from elsewhere.

Open a terminal in an empty folder that holds this ZIP file, then copy the commands in their order, all in the same
window. Every check that succeeds shows “OK”; a line that is missing, or “failure”, tells of a fault, except where it is
said. These lines alone count: the exit code of a command tells nothing.
"""
_TAIL_FR = """\
Ce que cela prouve : ce texte a été scellé avec les clés des deux certificats qu’il désigne, et n’a pas changé depuis.
@CONCLUDED@

Ce que cela ne prouve pas : que ces clés sont celles de ces organismes (comparez-les à leurs documents DID, dids/,
qu’aucun cachet ne couvre, et à ce que vous tenez d’ailleurs) ; que les certificats viennent d’une autorité que vous
reconnaissez (« openssl verify -CAfile AUTORITES.pem -untrusted certs/provider.pem certs/provider.pem » le dit ; d’un
certificat échu depuis, ajoutez « -attime $(date -d 2026-11-30 +%s) », avec la date du cachet) ; la date, sauf
horodatage d’une autorité que vous reconnaissez ; le consentement d’une personne physique, ni qu’elle en ait eu le
pouvoir ; que la convention soit encore en vigueur, car qui remet le dossier a pu en ôter un avis. Qu’une clé ait été
révoquée se lit dans status/ ; cette page ne contrôle pas la signature de ces listes, pupitre-verify le fait.
"""
_TAIL_EN = """\
What this proves: this text was sealed with the keys of the two certificates that it names, and has not changed since.
@CONCLUDED@

What it does not prove: that these keys are those of these organisations (compare them with their DID documents, dids/,
which no seal covers, and with what you have from elsewhere); that the certificates come from an authority that you
believe (“openssl verify -CAfile AUTORITES.pem -untrusted certs/provider.pem certs/provider.pem” tells; for a
certificate that has ended since, add “-attime $(date -d 2026-11-30 +%s)” with the date of the seal); the date, unless
an authority that you believe time-stamped it; the consent of a natural person, nor that they had the power to give it;
that the contract is still in force, since whoever hands out the bundle may have taken a notice out of it. Whether a key
was revoked is to be read in status/; this page does not check the signature of these lists, pupitre-verify does.
"""
_LATER_FR = (
    "Si la clé a changé depuis, cette dernière ligne manque : cherchez le nouveau certificat parmi les clés de cette "
    "partie (dids/, status/)."
)
_LATER_EN = (
    "If the key has changed since, that last line is missing: look for the new certificate among the keys of that "
    "party (dids/, status/)."
)
_CONCLUSION = {
    True: (
        "Le fournisseur a attesté que la convention est conclue.",
        "The provider attested that the contract is concluded.",
    ),
    False: (
        "Aucune conclusion n’est jointe : deux cachets sans elle ne montrent pas que l’échange est allé à son terme.",
        "No conclusion is attached: without it two seals do not show that the exchange was completed.",
    ),
}
_ONE_SIDED_FR = """\
Preuve unilatérale : une seule partie a scellé. Cela prouve ce qu’elle dit avoir conservé, et que rien n’en a changé
depuis ce cachet, que date sa propre horloge. Cela ne prouve pas que l’autre partie l’ait dit, ni que la clé du cachet
soit celle de l’organisme (comparez-la à son document DID, dids/, qu’aucun cachet ne couvre, et à ce que vous tenez
d’ailleurs). Qu’elle ait été révoquée se lit dans status/ ; cette page ne contrôle pas la signature de cette liste,
pupitre-verify le fait.
"""
_ONE_SIDED_EN = """\
One-sided evidence (preuve unilatérale): one party alone sealed. It proves what that party says that it kept, and that
nothing of it changed since this seal, which its own clock dates. It does not prove that the other party said so, nor
that the key of the seal is that of the organisation (compare it with its DID document, dids/, which no seal covers, and
with what you have from elsewhere). Whether it was revoked is to be read in status/; this page does not check the
signature of that list, pupitre-verify does.
"""
_SHOWN_FR = """\
Le jeton, s’il est signé, montre que qui détient cette clé s’est adressé à la partie qui a scellé, à l’instant dit. Il
ne montre pas ce que disait le message. Que la clé soit celle de l’autre partie, seul son document DID (@FILE@)
le dit : c’est celui qu’a vu, à l’export, qui remet le dossier, et aucun cachet ne le couvre. Comparez-la à celle que
vous tenez d’ailleurs.
"""
_SHOWN_EN = """\
The token, if it is signed, shows that who holds this key spoke to the party that sealed, at the instant that it tells.
It does not show what the message said. That the key is the other party's, its DID document (@FILE@) alone says: it
is the one that whoever hands out the bundle saw at the export, and no seal covers it. Compare it with the one that you
have from elsewhere.
"""
_COVERED = {
    CONTRACT: (
        "Les messages dont l’empreinte est sous cachet (celui qui porte le cachet, et les suivants, n’y sont pas).",
        "The messages whose digests are sealed (the one that carries the seal, and those after it, are not).",
    ),
    UNILATERAL: (
        "Les messages : l’empreinte de chacun est sous cachet.",
        "The messages: the digest of each is sealed.",
    ),
}
_OPEN = r"""    unzip -q *.contract.zip
"""
_LISTED = r"""    grep -o '"[^"]*":{"sha256":"[0-9a-f]*"' manifest.json |
      sed 's/"\(.*\)":{"sha256":"\(.*\)"/\2  \1/' | sha256sum -c --quiet && echo "manifest.json : OK"
"""
_FUNCTIONS = r"""    decode() {
      coded=$(tr -d '\n' | tr '_-' '/+')
      case $((${#coded} % 4)) in 2) coded="$coded==" ;; 3) coded="$coded=" ;; esac
      printf %s "$coded" | base64 -d
    }
    member() { grep -o "\"$2\":\"[^\"]*\"" "$1" | cut -d'"' -f4 | sed -n "$3p" | tr -d '\n'; }
    digest() { sha256sum | cut -c1-64; }
    es256() {
      r=$(od -An -v -tx1 -N32 signature.tmp | tr -d ' \n')
      s=$(od -An -v -tx1 -j32 signature.tmp | tr -d ' \n')
      printf 'asn1=SEQUENCE:rs\n[rs]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$r" "$s" > rs.tmp
      openssl asn1parse -genconf rs.tmp -noout -out signature.tmp
    }
    seal() {
      printf '%s.%s' "$(member "$1" protected "$2")" "$(member "$1" payload 1)" > signed.tmp
      member "$1" signature "$2" | decode > signature.tmp
      openssl x509 -in "$3" -pubkey -noout > key.tmp
      options=
      if [ "$4" = PS256 ]; then options="-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"; fi
      if [ "$4" = ES256 ]; then es256; fi
      openssl dgst -sha256 -verify key.tmp $options -signature signature.tmp signed.tmp
    }
"""
_READ = r"""    member @FILE@ payload 1 | decode > @NAME@.json
    digest < @NAME@.json
"""
_SEAL = r"""    echo "@FILE@ @RANK@ :" $(seal @FILE@ @RANK@ certs/@OWNER@.pem @ALGORITHM@)
"""
_PARTIES = r"""    for role in provider consumer; do
      certificate=$(openssl x509 -in certs/$role.pem -outform DER | digest)
      grep -q "\"certificateSha256\":\"$certificate\"" contract.json && echo "certs/$role.pem : OK"
      if [ -f cards/$role.jws ]; then
        grep -q "\"cardSha256\":\"$(digest < cards/$role.jws)\"" contract.json && echo "cards/$role.jws : OK"
      fi
    done
"""
_CONCLUDED = r"""    contract=$(digest < contract.json)
    grep -q "\"contractSha256\":\"$contract\"" conclusion.json && echo "contractSha256 : OK"
    for rank in 1 2; do
      whole="$(member contract.jws.json protected $rank).$(member contract.jws.json signature $rank)"
      grep -q "$(printf %s "$whole" | digest)" conclusion.json && echo "signatures $rank : OK"
    done
    [ "$(openssl x509 -in certs/conclusion.pem)" = "$(openssl x509 -in certs/provider.pem)" ] &&
      echo "certs/conclusion.pem : OK"
"""
_NOTIFIED = r"""    contract=$(digest < contract.json)
    for notice in notices-*.json; do
      grep -q "\"contractSha256\":\"$contract\"" "$notice" && echo "$notice : OK"
      for role in provider consumer; do
        if [ "$(openssl x509 -in "certs/${notice%.json}.pem")" = "$(openssl x509 -in certs/$role.pem)" ]; then
          echo "$notice, certs/$role.pem : OK"
        fi
      done
    done
"""
_MESSAGES = r"""    for message in messages/*.json; do
      if grep -q "$(digest < "$message")" @NAME@.json; then echo "$message : OK"; fi
    done
"""
_JOURNAL = r"""    last=
    while IFS= read -r line; do
      hash=$(printf '%s\n' "$line" | cut -c10-73)
      text=$(printf '%s\n' "$line" | sed 's/^.\{83\}\(.*\)"}$/\1/; s/\\\(["\\]\)/\1/g')
      last=$(printf '%s%s' "$last" "$text" | digest)
      [ "$last" = "$hash" ] || break
    done < journal.jsonl
    [ "$last" = "$hash" ] && echo "journal.jsonl : OK"
"""
_FIXED = r"""    process=$(grep -o '\\"process\\": *\\"[^"\\]*' journal.jsonl | head -n 1 | sed 's/.*"//')
    n=0
    while IFS= read -r line; do
      n=$((n + 1))
      hash=$(printf '%s\n' "$line" | cut -c10-73)
      entry=$(printf '{"hash":"%s","n":%s,"process":"%s"}' "$hash" "$n" "$process" | digest)
      for checkpoint in checkpoints-*.json; do
        if grep -q "\"$entry\"" "$checkpoint"; then echo "$checkpoint ($n) : OK"; fi
      done
    done < journal.jsonl
    for checkpoint in checkpoints-*.json; do
      for party in certs/provider.pem certs/consumer.pem certs/unilateral.pem; do
        if [ -f "$party" ] &&
          [ "$(openssl x509 -in "certs/${checkpoint%.json}.pem")" = "$(openssl x509 -in "$party")" ]
        then
          echo "$checkpoint, $party : OK"
        fi
      done
    done
"""
_SPOKEN = r"""    grep -o '\\"proof\\": *\\"[^"\\]*' journal.jsonl | sed 's/.*"//' > tokens.tmp
    grep -o '{[^{}]*"P-256"[^{}]*}' @FILE@ > keys.tmp
    while read -r token; do
      [ "$(printf %s "$token" | digest)" = "$(member unilateral.json token 1)" ] || continue
      printf %s "${token%.*}" > signed.tmp
      printf %s "${token##*.}" | decode > signature.tmp
      es256
      while read -r jwk; do
        {
          printf 3059301306072A8648CE3D020106082A8648CE3D03010703420004
          for name in x y; do
            printf %s "$jwk" | grep -o "\"$name\": *\"[^\"]*" | cut -d'"' -f4 | decode | od -An -v -tx1
          done | tr -d ' \n' | tr 'a-f' 'A-F'
        } | basenc --base16 -d > key.der.tmp
        openssl pkey -pubin -inform DER -in key.der.tmp -out key.tmp
        if openssl dgst -sha256 -verify key.tmp -signature signature.tmp signed.tmp | grep -q 'Verified OK'; then
          echo "@FILE@ (token) : OK"
          printf %s "$token" | cut -d. -f2 | decode | tr -cd ' -~'
          echo
        fi
      done < keys.tmp
      break
    done < tokens.tmp
"""
_PDF = r"""    set -- $(grep -a -o '/ByteRange *\[[^]]*\]' @FILE@ | tail -n 1 | tr -cs '0-9' ' ')
    { head -c "$2" @FILE@; tail -c "+$(($3 + 1))" @FILE@ | head -c "$4"; } > signed.tmp
    head -c "$3" @FILE@ | tail -c "+$(($2 + 1))" | tr -d '<>' | tr 'a-f' 'A-F' | basenc --base16 -d > signature.tmp
    if [ "$(($3 + $4))" -eq "$(wc -c < @FILE@)" ] &&
      openssl cms -verify -inform DER -in signature.tmp -content signed.tmp -binary -noverify -signer signer.tmp \
        -out /dev/null 2>&1 | grep -q 'CMS Verification successful'
    then
      echo "@FILE@ : OK"
      for certificate in certs/*.pem; do
        if [ "$(openssl x509 -in "$certificate")" = "$(openssl x509 -in signer.tmp)" ]; then
          echo "@FILE@, $certificate : OK"
        fi
      done
    fi
"""
_STAMP = r"""    member @FILE@ signature @RANK@ > stamped.tmp
    printf %s '@ITEM@' | decode | grep -o '"val":"[^"]*"' | cut -d'"' -f4 | base64 -d > token.tmp
    at=$(openssl ts -reply -in token.tmp -token_in -token_out -text 2>&1 | grep -a 'Time stamp:')
    echo "@FILE@ @RANK@ : $at"
    openssl ts -verify -in token.tmp -token_in -data stamped.tmp -CAfile AUTORITES.pem -attime \
      "$(date -d "${at#*: }" +%s)"
"""


def readme(sealed: Mapping[str, str], *, has_journal: bool, pdf: str = "", shown: str = "") -> str:
    """Return the page for a bundle with these sealed documents, by the names of their files.

    `pdf` is the name of the PDF, `shown` that of the DID document of a partner that sealed nothing, where there is one.
    """
    steps = list(_steps({name: read_sealed(text) for name, text in sealed.items()}, has_journal, pdf))
    if shown and has_journal:
        steps.append(_token_step(shown))
    french = [f"{_wrapped(f'{n}. {one.fr}')}\n\n{one.commands}" for n, one in enumerate(steps, 1)]
    english = [f"{_wrapped(f'{n}. {one.en}')}\n\n{one.commands}" for n, one in enumerate(steps, 1)]
    tail_fr, tail_en = (_TAIL_FR, _TAIL_EN) if CONTRACT in sealed else (_ONE_SIDED_FR, _ONE_SIDED_EN)
    concluded_fr, concluded_en = _CONCLUSION[CONCLUSION in sealed]
    tail_fr, tail_en = _filled(tail_fr, CONCLUDED=concluded_fr), _filled(tail_en, CONCLUDED=concluded_en)
    if shown and has_journal:
        tail_fr, tail_en = tail_fr + _filled(_SHOWN_FR, FILE=shown), tail_en + _filled(_SHOWN_EN, FILE=shown)
    return "\n".join([_HEAD_FR, *french, tail_fr, f"{'-' * 100}\n", _HEAD_EN, *english, tail_en])


def _steps(sealed: Mapping[str, Sealed], has_journal: bool, pdf: str) -> Iterator[_Step]:
    main = CONTRACT if CONTRACT in sealed else UNILATERAL
    yield _Step("Ouvrir le dossier.", "Open the bundle.", _OPEN)
    yield _Step(
        "Chaque fichier de la liste a l’empreinte qu’elle dit. Cela montre que rien ne s’est abîmé en chemin ; aucun "
        "cachet ne couvre la liste.",
        "Each file in the list has the digest that it says. This shows that nothing was damaged on the way; no seal "
        "covers the list.",
        _LISTED,
    )
    yield _Step("Préparer les outils.", "Prepare the tools.", _FUNCTIONS)
    reads = "".join(_filled(_READ, FILE=name, NAME=_stem(name)) for name in sealed)
    yield _Step(
        "Lire ce qui est scellé, en clair, et son empreinte.", "Read what is sealed, in clear, and its digest.", reads
    )
    seals = "".join(_seal_commands(name, one) for name, one in sealed.items())
    yield _Step("Contrôler chaque cachet (« Verified OK »).", "Check every seal (“Verified OK”).", seals)
    yield from _contract_steps(sealed)
    fr, en = _COVERED[main]
    yield _Step(fr, en, _filled(_MESSAGES, NAME=_stem(main)))
    if has_journal:
        yield _Step(
            "La chaîne du journal : aucune écriture n’y a été changée, ôtée ni ajoutée, sauf à la fin, ou à moins que "
            "celui qui le tient ne l’ait refait en entier.",
            "The chain of the journal: no entry was changed, taken out or added, except at its end, or unless whoever "
            "keeps it made all of it anew.",
            _JOURNAL,
        )
    if has_journal and any(name.startswith("checkpoints/") for name in sealed):
        yield _Step(
            "Chaque point de contrôle couvre une entrée du journal (entre parenthèses), et donc celles d’avant : elles "
            "étaient fixées à la date que dit son cachet (« iat »). Une partie l’a scellé avec le même certificat. "
            f"{_LATER_FR}",
            "Each checkpoint covers an entry of the journal (in brackets), and so those before it: they were fixed at "
            f"the date that its seal tells (“iat”). A party sealed it with the same certificate. {_LATER_EN}",
            _FIXED,
        )
    if pdf:
        yield _pdf_step(pdf)
    if stamps := "".join(_stamp_commands(name, one) for name, one in sealed.items()):
        yield _Step(
            "Les horodatages (« Verification: OK »). AUTORITES.pem : les certificats de l’autorité d’horodatage, "
            "obtenus d’elle. Le sien est jugé à l’instant qu’elle dit ; qu’il ait été révoqué n’est pas contrôlé.",
            "The time-stamps (“Verification: OK”). AUTORITES.pem: the certificates of the time-stamping authority, "
            "obtained from it. Its own is judged as of the instant that it tells; its revocation is not checked.",
            stamps,
        )


def _contract_steps(sealed: Mapping[str, Sealed]) -> Iterator[_Step]:
    """Yield what is to be checked of a contract, its conclusion and the notices about it."""
    if CONTRACT in sealed:
        yield _Step(
            "Les certificats et les cartes sont ceux que la convention désigne.",
            "Certificates and cards are those that the contract names.",
            _PARTIES,
        )
    if CONCLUSION in sealed:
        yield _Step(
            "La conclusion désigne cette convention et ces deux cachets, et le fournisseur l’a scellée avec le même "
            f"certificat. {_LATER_FR}",
            "The conclusion names this contract and these two seals, and the provider sealed it with the same "
            f"certificate. {_LATER_EN}",
            _CONCLUDED,
        )
    if any(name.startswith("notices/") for name in sealed):
        yield _Step(
            f"Chaque avis désigne cette convention, et une partie l’a scellé avec le même certificat. {_LATER_FR}",
            f"Each notice names this contract, and a party sealed it with the same certificate. {_LATER_EN}",
            _NOTIFIED,
        )


def _pdf_step(pdf: str) -> _Step:
    return _Step(
        f"Le PDF ({pdf}) est là pour être lu ; le JSON scellé fait foi. Son cachet porte sur tout le fichier, et a été "
        "fait avec un certificat du dossier. Le document scellé y est joint : « pdfdetach » ou un lecteur de PDF l’en "
        "extrait, et il doit être celui du dossier.",
        f"The PDF ({pdf}) is there to be read; the sealed JSON binds. Its seal covers the whole file, and was made "
        "with a certificate of the bundle. The sealed document is attached to it: “pdfdetach” or a PDF reader extracts "
        "it, and it must be the one of the bundle.",
        _filled(_PDF, FILE=pdf),
    )


def _token_step(shown: str) -> _Step:
    return _Step(
        "Le jeton par lequel l’autre partie s’est montrée : le journal garde celui dont l’empreinte est sous cachet, "
        f"signé avec une clé de son document DID ({shown}). Ce qu’il dit s’affiche : « iss » s’adresse à « aud », à "
        "l’instant « iat » (en secondes depuis 1970).",
        "The token with which the other party showed who it is: the journal keeps the one whose digest is sealed, "
        f"signed with a key of its DID document ({shown}). What it says is shown: “iss” speaks to “aud”, at the "
        "instant “iat” (in seconds since 1970).",
        _filled(_SPOKEN, FILE=shown),
    )


def _seal_commands(name: str, sealed: Sealed) -> str:
    owners: Sequence[str] = ("provider", "consumer") if name == CONTRACT else (_stem(name),)
    return "".join(
        _filled(_SEAL, FILE=name, RANK=str(rank), OWNER=owner, ALGORITHM=str(one.header["alg"]))
        for rank, (owner, one) in enumerate(zip(owners, sealed.signatures, strict=True), 1)
    )


def _stamp_commands(name: str, sealed: Sealed) -> str:
    return "".join(
        _filled(_STAMP, FILE=name, RANK=str(rank), ITEM=item)
        for rank, one in enumerate(sealed.signatures, 1)
        for item in one.etsi_u
    )


def _stem(name: str) -> str:
    return name.removesuffix(".jws.json").replace("/", "-")


def _wrapped(text: str) -> str:
    """Return what a step says on lines of the width of the page, no French mark at the beginning of one."""
    kept = re.sub(r" (?=[:;»?!])|(?<=«) ", "\u00a0", text)
    return textwrap.fill(kept, 120, break_long_words=False, break_on_hyphens=False).replace("\u00a0", " ")


def _filled(template: str, **words: str) -> str:
    for word, value in words.items():
        template = template.replace(f"@{word}@", value)
    return template
