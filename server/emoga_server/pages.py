"""The browser viewer's files, served with proper types, caching and a strict content policy."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from pathlib import Path

from emoga_server.http import Request, Response, text, with_validators

WEB = Path(__file__).parent / "web"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".glsl": "text/plain; charset=utf-8",
}
"""The only files that are served: anything else in the folder does not exist for the outside."""


def content_policy(host: str | None) -> str:
    """The Content-Security-Policy: own files only, no inline script, WebSockets to this very host.

    >>> "wss://localhost:8765" in content_policy("localhost:8765")
    True
    """
    # older Safari does not count ws: of the same host as 'self'
    sockets = f" ws://{host} wss://{host}" if host and re.fullmatch(r"[A-Za-z0-9.\[\]:-]+", host) else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' data: blob:; "
        "media-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )


class Pages:
    """Static files below one folder, kept in memory while they do not change on disk.

    Args:
        root: the folder; `index.html` in it answers `/`.
    """

    def __init__(self, root: Path = WEB) -> None:
        self._root = root.resolve()
        self._cache: dict[Path, tuple[int, bytes, str]] = {}  # path -> (mtime_ns, body, etag)

    def respond(self, request: Request) -> Response:
        """Answers a GET or HEAD for a file; everything outside the folder is 404."""
        path = self._resolve(request.path)
        if path is None:
            return text(HTTPStatus.NOT_FOUND, "not found\n")
        try:
            body, etag = self._read(path)
        except OSError:
            return text(HTTPStatus.NOT_FOUND, "not found\n")
        return with_validators(
            request,
            body,
            etag,
            {
                "Content-Type": TYPES[path.suffix],
                "Cache-Control": "no-cache",  # revalidated by ETag: a new version is seen at once
                "Content-Security-Policy": content_policy(request.headers.get("host")),
                "Cross-Origin-Resource-Policy": "same-origin",
                "Referrer-Policy": "no-referrer",
            },
        )

    def _resolve(self, url_path: str) -> Path | None:
        parts = url_path.split("/")
        if parts[0] or any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        path = self._root.joinpath(*[part for part in parts if part])
        if url_path.endswith("/"):
            path = path / "index.html"
        path = path.resolve()
        if not path.is_relative_to(self._root) or path.suffix not in TYPES or not path.is_file():
            return None
        return path

    def _read(self, path: Path) -> tuple[bytes, str]:
        changed = path.stat().st_mtime_ns
        cached = self._cache.get(path)
        if cached is None or cached[0] != changed:
            body = path.read_bytes()
            cached = (changed, body, hashlib.sha256(body).hexdigest()[:32])
            self._cache[path] = cached
        return cached[1], cached[2]
