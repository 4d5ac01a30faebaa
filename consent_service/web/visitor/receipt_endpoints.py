"""Receipts and public keys: the holder of a receipt gets its entry and proof, and the keys to check them alone."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from consent_service.identity.signatures import PublicKeys, Signed, encode_jwks
from consent_service.ledger import entries
from consent_service.ledger.receipt_proofs import Inclusion
from consent_service.services.receipts import Receipts
from consent_service.web.http.access_control import AccessControl


class ProofBody(msgspec.Struct, frozen=True):
    """Proof of a receipt. `digest`: SHA-256 of `entry` to the byte; `place`: shard, commit, number in it.

    `promise`, `checkpoint`: a text with its signature by a key of `/.well-known/jwks.json`, over the line
    `consent-service promise 1` (or `checkpoint 1`) and the text. `inclusion` shows its line under the
    checkpoint's root (RFC 6962). Both are null until the entry is sealed.
    """

    id: str
    site: str
    entry: msgspec.Raw
    digest: str
    place: tuple[str, int, int]
    sealed: bool
    promise: Signed
    checkpoint: Signed | None
    inclusion: Inclusion | None


class ReceiptEndpoints:
    """Handlers of `/v1/{site}/receipts/{id}` and `/.well-known/jwks.json`."""

    def __init__(self, access: AccessControl, receipts: Receipts, keys: PublicKeys) -> None:
        self._access = access
        self._receipts = receipts
        self._jwks = encode_jwks(keys)

    async def show(self, request: Request) -> Response:
        """`GET /v1/{site}/receipts/{id}`: the receipt's entry and proof. Raises UnknownReceipt."""
        site = self._access.reading_site(request, "receipts")
        receipt = request.path_params["id"]
        proof = await self._receipts.find(site.key, receipt)
        body = ProofBody(
            receipt,
            site.key,
            msgspec.Raw(proof.payload),
            entries.digest_of(proof.payload),
            (proof.place.shard, proof.place.sequence, proof.place.number),
            proof.checkpoint is not None,
            proof.promise,
            proof.checkpoint,
            proof.inclusion,
        )
        headers = {"cache-control": "no-store"}
        return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")

    async def jwks(self, request: Request) -> Response:
        """`GET /.well-known/jwks.json`: the public keys, also retired ones, so that old signatures stay checkable."""
        headers = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}
        return Response(self._jwks, headers=headers, media_type="application/jwk-set+json")
