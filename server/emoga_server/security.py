"""Who may connect: loopback by default, a token elsewhere, same-origin pages only, TLS, and head licences."""

from __future__ import annotations

import dataclasses
import hmac
import ipaddress
import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from emoga_server.errors import ServerError

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,128}")
"""Characters that are legal both in a WebSocket subprotocol name (RFC 7230 token) and in a URL."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclasses.dataclass(frozen=True)
class Security:
    """The rules for connecting.

    Args:
        host: address to listen on.
        token: secret that clients must present, None for none.
        allowed_origins: web origins besides the server's own pages, such as `https://example.org`.
        tls_certificate, tls_key: PEM files; both or neither.
        head_licence_accepted: the operator's word that they may pass on heads marked as not redistributable.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    allowed_origins: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    head_licence_accepted: bool = False

    def __post_init__(self) -> None:
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ServerError(
                "--token: use 8 to 128 of the characters A-Z a-z 0-9 . _ ~ - (it travels in URLs and headers)"
            )
        if not is_loopback(self.host) and self.token is None:
            raise ServerError(
                f"--host {self.host}: other machines could connect, so set a secret with --token, "
                "or leave --host away to serve this machine only"
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "--tls-key" if self.tls_key is None else "--tls-cert"
            raise ServerError(f"TLS needs both --tls-cert and --tls-key; {missing} is missing")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    def check_heads(self, heads: Iterable[tuple[str, str, bool]]) -> None:
        """Refuses to stream a head to other machines whose licence forbids passing it on.

        Args:
            heads: (name, licence, redistributable) of each avatar's head.

        Raises:
            ServerError: a head is not redistributable, the host is not loopback, and nobody accepted it.
        """
        if self.loopback or self.head_licence_accepted:
            return
        for name, licence, redistributable in heads:
            if not redistributable:
                raise ServerError(
                    f"the head {name} ({licence}) may not be passed on, and streaming sends its template "
                    "and basis: serve on this machine only, or confirm with --head-licence-accepted that "
                    "your licence allows it"
                )

    def token_accepted(self, presented: str | None) -> bool:
        """Compares a presented token with the secret in constant time."""
        if self.token is None:
            return True
        return presented is not None and hmac.compare_digest(presented.encode(), self.token.encode())

    def host_accepted(self, host_header: str | None) -> bool:
        """Whether a request's Host is one this server answers to.

        A page elsewhere can point its own name at 127.0.0.1 (DNS rebinding) and would then count as
        same-origin; a server for this machine only answers to this machine's names.
        """
        if not self.loopback:
            return True
        return host_header is not None and is_loopback(urlsplit(f"//{host_header}").hostname or "")

    def origin_accepted(self, origin: str | None, host_header: str | None) -> bool:
        """Whether a page of `origin` may open a WebSocket; programs other than browsers send no Origin."""
        if origin is None or origin in self.allowed_origins:
            return True
        return host_header is not None and urlsplit(origin).netloc.lower() == host_header.lower()

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context, None without certificate.

        Raises:
            ServerError: a file cannot be read, or certificate and key do not belong together.
        """
        if self.tls_certificate is None or self.tls_key is None:
            return None
        for option, path in (("--tls-cert", self.tls_certificate), ("--tls-key", self.tls_key)):
            if not path.is_file():
                raise ServerError(f"{option} {path}: no such file")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        except (ssl.SSLError, OSError) as error:
            raise ServerError(
                f"--tls-cert {self.tls_certificate}, --tls-key {self.tls_key}: "
                f"not a matching PEM pair ({error})"
            ) from error
        return context
