"""Immutable buffers by the sha256 of their bytes: what a client needs to draw an avatar."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus

from emoga_server.http import Request, Response, text, with_validators

_NAME = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Buffers in memory by hash. Nothing else can be asked for: a request holds no path to get wrong."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self._blobs

    def add(self, data: bytes, sha256: str | None = None) -> str:
        """Keeps `data` and returns its hash.

        Raises:
            ValueError: the bytes do not have the expected hash.
        """
        actual = hashlib.sha256(data).hexdigest()
        if sha256 is not None and actual != sha256:
            raise ValueError(f"bytes have sha256 {actual}, expected {sha256}")
        self._blobs[actual] = data
        return actual

    def discard(self, sha256: str) -> None:
        """Forgets a buffer that nobody needs any more."""
        self._blobs.pop(sha256, None)

    def get(self, sha256: str) -> bytes | None:
        """The bytes, None if this server does not have them."""
        return self._blobs.get(sha256)

    def total_bytes(self) -> int:
        """Size of all buffers together."""
        return sum(map(len, self._blobs.values()))

    def respond(self, request: Request) -> Response:
        """Answers GET or HEAD `/blob/<sha256>`."""
        sha256 = request.path.removeprefix("/blob/")
        data = self._blobs.get(sha256) if _NAME.fullmatch(sha256) else None
        if data is None:
            return text(HTTPStatus.NOT_FOUND, "no such blob\n")
        return with_validators(
            request,
            data,
            sha256,
            {
                "Content-Type": "application/octet-stream",
                "Cache-Control": "private, max-age=31536000, immutable",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )
