"""Why a sealed document is refused: its form, its seals, or what it says.

ContractError
├── the form
│   ├── NotCanonical         it is not the one text of its value, or no JSON object
│   ├── ValueNotAllowed      a value that two readers may take for two: null, a fraction, a number beyond 2^53
│   ├── NotNormalised        a text is not in Unicode normal form C, or is no Unicode
│   ├── DocumentTooLarge     more than a node reads
│   ├── DocumentTooDeep      nested more deeply than a node reads
│   ├── BadDocument          a member is absent, unknown or of another form than the schema says
│   ├── MissingLegalBasis    personal data without a legal basis
│   └── IncompleteCard       a party card lacks what a contract must name
├── the seals
│   ├── NotASeal             it is no general JSON JWS with its payload attached
│   ├── HeaderRefused        a protected header lacks a member, or has one that we do not take
│   ├── AlgorithmRefused     another algorithm than those allowed, or one that does not fit the key
│   ├── WrongSealCount       there are fewer or more seals than there must be
│   ├── BadSeal              the signature is not that of the key over these bytes
│   ├── WrongSealKey         the seal is not made with the key that the document names
│   ├── WrongCertificate     the certificate is not the one that the document names
│   ├── SameCertificate      both seals are made with one certificate
│   ├── CertificateNotValid  the certificate was not valid when the seal was made
│   ├── BrokenChain          a certificate is not issued by the next
│   ├── WrongCommitment      the seal does not commit to what the role demands
│   ├── BadSealTime          the instant of the seal cannot be true
│   ├── BadTimeStampToken    a time-stamp has not the form or the place that it must have
│   ├── EarlyTimeStamp       a seal bears a time-stamp that bears none yet
│   ├── NoUsableSealKey      a partner that seals has no key left to seal with
│   └── SignerFailed         our own signer gave what is no seal
└── what it says
    ├── OtherParty           a party is not the one that negotiated
    ├── OtherCard            a party is described by another version of its card
    ├── OtherAgreement       the agreement in it is not the one of the message
    ├── OtherDataset         it is about another dataset
    ├── ContractOtherTerms   it tells other rules of use than the agreement has
    ├── OtherRequest         it does not repeat the request as it was made
    ├── OtherNegotiation     the messages that it lists are not those that were exchanged
    ├── OtherDates           its dates are not those of the agreement, or cannot be true
    ├── CountersignTooLate   the time to countersign has passed
    ├── OtherContract        the countersigned document is not the one that was sealed
    ├── NameTaken            it goes by the name of another contract
    ├── OtherConclusion      the conclusion is not that of this contract
    ├── OtherNotice          the notice is not about this contract
    └── OtherCheckpoint      the checkpoint is not this participant's, or does not follow the one before it

Each says what was needed, what came and where (`pointer`, a JSON pointer into the document or the seal).
"""

from typing import ClassVar

from contracts.errors import Refusal
from policies.errors import Text


class ContractError(Refusal):
    """The sealed document is refused."""

    code = "contract-refused"
    title: ClassVar[Text] = {
        "fr": "La convention scellée est refusée.",
        "en": "The sealed contract is refused.",
    }


# --- the form ---


class NotCanonical(ContractError):
    """The document is no JSON object, or not in the one form that its value has (RFC 8785)."""

    code = "not-canonical"
    title: ClassVar[Text] = {
        "fr": "Le document n’est pas écrit sous sa forme unique (JSON canonique, RFC 8785).",
        "en": "The document is not written in its one form (canonical JSON, RFC 8785).",
    }


class ValueNotAllowed(ContractError):
    """A value is neither text, boolean, whole number up to 2^53 − 1, list nor object: readers could differ on it."""

    code = "value-not-allowed"
    title: ClassVar[Text] = {
        "fr": "Le document contient une valeur que deux lecteurs pourraient comprendre différemment.",
        "en": "The document has a value that two readers might understand differently.",
    }


class NotNormalised(ContractError):
    """A text is not in Unicode normal form C, or holds half a character."""

    code = "text-not-normalised"
    title: ClassVar[Text] = {
        "fr": "Un texte n’est pas en forme Unicode normale (NFC).",
        "en": "A text is not in Unicode normal form (NFC).",
    }


class DocumentTooLarge(ContractError):
    """The document is larger than what a node reads."""

    code = "document-too-large"
    title: ClassVar[Text] = {"fr": "Le document est trop long.", "en": "The document is too large."}


class DocumentTooDeep(ContractError):
    """The document is nested more deeply than what a node reads."""

    code = "document-too-deep"
    title: ClassVar[Text] = {"fr": "Le document est trop imbriqué.", "en": "The document is nested too deeply."}


class BadDocument(ContractError):
    """A member of the document is absent, unknown, or has not the form that its schema gives it."""

    code = "bad-contract-document"
    title: ClassVar[Text] = {
        "fr": "Le document n’a pas la forme d’une convention, d’une conclusion, d’un avis ou d’un point de contrôle.",
        "en": "The document has not the form of a contract, a conclusion, a notice or a checkpoint.",
    }


class MissingLegalBasis(ContractError):
    """The dataset holds personal data, and the contract does not say on which legal basis they are processed."""

    code = "missing-legal-basis"
    title: ClassVar[Text] = {
        "fr": "Ce jeu de données contient des données personnelles : la base légale du traitement doit être indiquée.",
        "en": "This dataset holds personal data: the legal basis of the processing must be given.",
    }


class IncompleteCard(ContractError):
    """The party card lacks what a contract must name: complete the card of the organisation, then start again."""

    code = "incomplete-party-card"
    title: ClassVar[Text] = {
        "fr": "La fiche de l’organisme ne dit pas tout ce qu’une convention doit nommer.",
        "en": "The party card does not say all that a contract must name.",
    }


# --- the seals ---


class NotASeal(ContractError):
    """What was received is no general JSON JWS with its payload attached, in its strict form (RFC 7515 §7.2.1)."""

    code = "not-a-seal"
    title: ClassVar[Text] = {
        "fr": "Ce qui a été reçu n’est pas un document scellé.",
        "en": "What was received is not a sealed document.",
    }


class HeaderRefused(ContractError):
    """The protected header of a seal lacks a member that it must have, or has one that is not taken."""

    code = "seal-header-refused"
    title: ClassVar[Text] = {
        "fr": "L’en-tête protégé du cachet n’est pas celui qui est exigé.",
        "en": "The protected header of the seal is not the one required.",
    }


class AlgorithmRefused(ContractError):
    """The seal is made with an algorithm that is not allowed, or that does not fit its key."""

    code = "seal-algorithm-refused"
    title: ClassVar[Text] = {
        "fr": "L’algorithme du cachet n’est pas admis, ou ne convient pas à sa clé.",
        "en": "The algorithm of the seal is not allowed, or does not fit its key.",
    }


class WrongSealCount(ContractError):
    """There are fewer or more seals than there must be."""

    code = "wrong-seal-count"
    title: ClassVar[Text] = {
        "fr": "Le document ne porte pas le nombre de cachets exigé.",
        "en": "The document does not bear the number of seals required.",
    }


class BadSeal(ContractError):
    """The signature of the seal is not that of its certificate's key over these bytes."""

    code = "bad-seal"
    title: ClassVar[Text] = {
        "fr": "La signature du cachet ne correspond pas au document.",
        "en": "The signature of the seal does not match the document.",
    }


class WrongSealKey(ContractError):
    """The seal is not made with the key that the document names for this party."""

    code = "wrong-seal-key"
    title: ClassVar[Text] = {
        "fr": "Le cachet n’est pas fait avec la clé que le document désigne pour cette partie.",
        "en": "The seal is not made with the key that the document names for this party.",
    }


class WrongCertificate(ContractError):
    """The certificate of the seal is not the one that the document names for this party."""

    code = "wrong-seal-certificate"
    title: ClassVar[Text] = {
        "fr": "Le certificat du cachet n’est pas celui que le document désigne pour cette partie.",
        "en": "The certificate of the seal is not the one that the document names for this party.",
    }


class SameCertificate(ContractError):
    """Both parties seal with one certificate, or with one key."""

    code = "same-seal-certificate"
    title: ClassVar[Text] = {
        "fr": "Les deux parties scellent avec le même certificat.",
        "en": "Both parties seal with the same certificate.",
    }


class CertificateNotValid(ContractError):
    """The certificate was not valid at the instant that the seal gives."""

    code = "seal-certificate-not-valid"
    title: ClassVar[Text] = {
        "fr": "Le certificat n’était pas valable au moment du cachet.",
        "en": "The certificate was not valid when the seal was made.",
    }


class BrokenChain(ContractError):
    """A certificate in the seal is not issued by the one that follows it."""

    code = "seal-certificate-chain"
    title: ClassVar[Text] = {
        "fr": "Les certificats du cachet ne forment pas une chaîne.",
        "en": "The certificates of the seal do not form a chain.",
    }


class WrongCommitment(ContractError):
    """The seal does not commit to what its role demands: origin and approval, or approval."""

    code = "wrong-seal-commitment"
    title: ClassVar[Text] = {
        "fr": "Le cachet n’engage pas à ce que le rôle de son auteur exige.",
        "en": "The seal does not commit to what the role of its author demands.",
    }


class BadSealTime(ContractError):
    """The instant that the seal gives cannot be true: before the document, before the other seal, or in the future."""

    code = "bad-seal-time"
    title: ClassVar[Text] = {
        "fr": "L’instant que le cachet indique est impossible.",
        "en": "The time that the seal gives is impossible.",
    }


class BadTimeStampToken(ContractError):
    """A time-stamp of a seal has not the form or the place that it must have (ETSI TS 119 182-1, etsiU)."""

    code = "bad-seal-time-stamp"
    title: ClassVar[Text] = {
        "fr": "L’horodatage du cachet n’a pas la forme exigée.",
        "en": "The time-stamp of the seal has not the form required.",
    }


class EarlyTimeStamp(ContractError):
    """A seal that bears none yet bears a time-stamp: a contract's come after it is concluded, a notice has none."""

    code = "early-seal-time-stamp"
    title: ClassVar[Text] = {
        "fr": "Ce cachet porte un horodatage : ceux d’une convention se remettent après la conclusion, à part ; un "
        "avis n’en porte pas.",
        "en": "This seal bears a time-stamp: those of a contract are handed in after the conclusion, apart; a notice "
        "bears none.",
    }


class NoUsableSealKey(ContractError):
    """A partner that sealed, or said that it does, has revoked every key that it could seal with."""

    code = "no-usable-seal-key"
    title: ClassVar[Text] = {
        "fr": "Les clés de cachet de ce nœud sont toutes révoquées ou retirées : créez-en une, redemandez l’accès.",
        "en": "The seal keys of this node are all revoked or retired: create one, then ask for access again.",
    }


class SignerFailed(ContractError):
    """Our own signer gave bytes that are no signature of its certificate: nothing was sealed."""

    code = "signer-failed"
    title: ClassVar[Text] = {
        "fr": "La clé de cachet n’a pas produit de signature valable ; rien n’a été scellé.",
        "en": "The seal key gave no valid signature; nothing was sealed.",
    }


# --- what it says ---


class OtherParty(ContractError):
    """A party of the contract is not the one that negotiated, or is described otherwise than by its card."""

    code = "contract-other-party"
    title: ClassVar[Text] = {
        "fr": "Une partie de la convention n’est pas décrite comme par sa fiche.",
        "en": "A party of the contract is not described as by its card.",
    }


class OtherCard(ContractError):
    """A party is described by another version of its card: one side has yet to take note of the new one."""

    code = "contract-other-card"
    title: ClassVar[Text] = {
        "fr": "L’un des deux nœuds tient une ancienne version de la fiche de l’autre. Chez celui qui tient l’ancienne, "
        "relisez la nouvelle et prenez-en acte : « pupitre peer card accept » (si elle n’y est pas encore proposée, "
        "« pupitre peer ping » d’abord). Demandez ensuite de nouveau l’accès.",
        "en": "One of the two nodes holds an old version of the other’s party card. On the one that holds the old one, "
        "read the new one and take note of it: “pupitre peer card accept” (if it is not offered there yet, “pupitre "
        "peer ping” first). Then ask for access again.",
    }


class OtherAgreement(ContractError):
    """The agreement in the contract is not, byte for byte, the one of the message."""

    code = "contract-other-agreement"
    title: ClassVar[Text] = {
        "fr": "Le texte d’accord inscrit dans la convention n’est pas celui du message.",
        "en": "The text of the agreement in the contract is not the one of the message.",
    }


class OtherDataset(ContractError):
    """The contract is about another dataset, or describes it otherwise than the catalogue."""

    code = "contract-other-dataset"
    title: ClassVar[Text] = {
        "fr": "La convention porte sur un autre jeu de données, ou le décrit autrement.",
        "en": "The contract is about another dataset, or describes it otherwise.",
    }


class ContractOtherTerms(ContractError):
    """The contract tells other rules of use than the agreement has."""

    code = "contract-other-terms"
    title: ClassVar[Text] = {
        "fr": "La convention n’énonce pas les règles d’usage de l’accord.",
        "en": "The contract does not tell the rules of use of the agreement.",
    }


class OtherRequest(ContractError):
    """The contract does not repeat the request card as it was sent."""

    code = "contract-other-request"
    title: ClassVar[Text] = {
        "fr": "La convention ne reprend pas la demande telle qu’elle a été faite.",
        "en": "The contract does not repeat the request as it was made.",
    }


class OtherNegotiation(ContractError):
    """The messages that the contract lists are not those that were exchanged."""

    code = "contract-other-negotiation"
    title: ClassVar[Text] = {
        "fr": "Les messages que la convention énumère ne sont pas ceux qui ont été échangés.",
        "en": "The messages that the contract lists are not those that were exchanged.",
    }


class OtherDates(ContractError):
    """The dates of the contract are not those of the agreement, or cannot be true."""

    code = "contract-other-dates"
    title: ClassVar[Text] = {
        "fr": "Les dates de la convention ne sont pas celles de l’accord, ou sont impossibles.",
        "en": "The dates of the contract are not those of the agreement, or are impossible.",
    }


class CountersignTooLate(ContractError):
    """The time until which the contract could be countersigned has passed: negotiate anew."""

    code = "countersign-too-late"
    title: ClassVar[Text] = {
        "fr": "Le délai pour contresigner la convention est passé ; il faut négocier de nouveau.",
        "en": "The time to countersign the contract has passed; negotiate anew.",
    }


class OtherContract(ContractError):
    """The countersigned document is not the one that we sealed, or our own seal in it was changed."""

    code = "other-contract"
    title: ClassVar[Text] = {
        "fr": "La convention contresignée n’est pas celle qui avait été scellée.",
        "en": "The countersigned contract is not the one that was sealed.",
    }


class NameTaken(ContractError):
    """The contract calls itself by the name under which another one is kept."""

    code = "contract-name-taken"
    title: ClassVar[Text] = {
        "fr": "La convention porte le nom d’une autre, déjà enregistrée ici.",
        "en": "The contract goes by the name of another one, which is kept here already.",
    }


class OtherConclusion(ContractError):
    """The conclusion is not that of this contract with these two seals."""

    code = "other-conclusion"
    title: ClassVar[Text] = {
        "fr": "La conclusion n’est pas celle de cette convention.",
        "en": "The conclusion is not that of this contract.",
    }


class OtherNotice(ContractError):
    """The notice is not about this contract, or is not given by who says so."""

    code = "other-notice"
    title: ClassVar[Text] = {
        "fr": "L’avis ne porte pas sur cette convention, ou n’émane pas de son auteur annoncé.",
        "en": "The notice is not about this contract, or not given by its declared author.",
    }


class OtherCheckpoint(ContractError):
    """The checkpoint is another participant's, lists its entries otherwise, or does not follow the one before it."""

    code = "other-checkpoint"
    title: ClassVar[Text] = {
        "fr": "Le point de contrôle n’est pas celui de cet organisme, ou ne suit pas le précédent.",
        "en": "The checkpoint is not this participant’s, or does not follow the one before it.",
    }
