"""A PAdES seal on a convention's PDF, by the node that made it (ETSI EN 319 142-1, level B).

The key is the one that seals contracts; it may stand far away, so the signature is awaited. The seal covers the whole
file and shows nothing on its pages: what it is worth is read by validators, not looked at.
"""

from datetime import datetime
from io import BytesIO

from asn1crypto import algos, x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from contracts.signer import Signer

FIELD = "Cachet"
DIGEST = "sha256"
PLACEHOLDER_BYTES = 1024
"""As long as the signature of any key that we take."""


async def seal(pdf: bytes, signer: Signer, *, at: datetime, reason: str = "") -> bytes:
    """Return the PDF with a seal added in an incremental update, which leaves every byte before it as it was."""
    if at.tzinfo is None:
        raise ValueError("the instant of a seal has a time zone")
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    metadata = PdfSignatureMetadata(FIELD, md_algorithm=DIGEST, subfilter=SigSeedSubFilter.PADES, reason=reason or None)
    session = PdfSigner(metadata, _Through(signer), new_field_spec=SigFieldSpec(FIELD)).init_signing_session(writer)
    session.system_time = at  # else the library asks a clock of its own
    room = await session.estimate_signature_container_size(None, tight=False)
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=room)
    digest, output = document.digest_tbs_document(in_place=False)
    attributes = PdfCMSSignedAttributes(signing_time=at, cades_signed_attrs=CAdESSignedAttrSpec())
    await document.perform_signature(document_digest=digest.document_digest, pdf_cms_signed_attrs=attributes)
    assert isinstance(output, BytesIO)
    return output.getvalue()


class _Through(CmsSigner):
    """What the library calls a signer, on ours."""

    def __init__(self, signer: Signer) -> None:
        leaf, *above = (x509.Certificate.load(each) for each in signer.chain)
        known = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        known.register_multiple(above)
        super().__init__(signing_cert=leaf, cert_registry=known, signature_mechanism=_mechanism(signer.algorithm))
        self._signer = signer

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature in the form that CMS has for it."""
        if dry_run:
            return bytes(PLACEHOLDER_BYTES)
        signature = await self._signer.sign(data)
        if self._signer.algorithm != "ES256":
            return signature
        half = len(signature) // 2
        return encode_dss_signature(*(int.from_bytes(each, "big") for each in (signature[:half], signature[half:])))


def _mechanism(algorithm: str) -> algos.SignedDigestAlgorithm:
    """Return what CMS calls a JOSE algorithm (RFC 7518 §3.1)."""
    if algorithm == "PS256":
        digest = {"algorithm": DIGEST}
        parameters = {
            "hash_algorithm": digest,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
            "salt_length": 32,
        }
        return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
    return algos.SignedDigestAlgorithm({"algorithm": {"ES256": "sha256_ecdsa", "RS256": "sha256_rsa"}[algorithm]})
