"""TLS contexts from certificate files, renewed when the files change, one a protocol (ALPN, RFC 7301).

Not here: obtaining certificates. Where none is configured, a self-signed one is made, good for trying out and for
closed networks only.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# A peer that speaks another protocol is told by ALPN, if it uses ALPN at all (names: IANA TLS ALPN registry).
ALPN = {"jmap": "http/1.1", "imap": "imap", "pop3": "pop3", "managesieve": "managesieve"}


class BadCertificate(Exception):
    """The certificate or its key cannot be used; the text says why."""


class TlsContexts:
    """`context(family)` is cheap; `reload` looks at the files' times."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._seen: tuple[float, ...] = ()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.reload(force=True)

    def context(self, family: str) -> ssl.SSLContext:
        """The current context for a protocol (`Door.family`)."""
        return self._contexts[family]

    def reload(self, force: bool = False) -> bool:
        """Reads the files again if they changed; True if so. Raises BadCertificate and keeps what it had."""
        try:
            seen = tuple(os.stat(path).st_mtime for path in (self._certificate, self._key))
            if seen == self._seen and not force:
                return False
            binding = endpoint_binding(self._certificate.read_bytes())
            contexts = {
                family: _context(self._certificate, self._key, ALPN.get(family), binding)
                for family in ("smtp", "submission", "imap", "pop3", "managesieve", "jmap")
            }
        except (OSError, ssl.SSLError, ValueError) as error:
            raise BadCertificate(f"cannot use {self._certificate} with {self._key}: {error}") from error
        self._contexts, self._seen = contexts, seen
        return True


def _context(certificate: Path, key: Path, alpn: str | None, binding: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.load_cert_chain(certificate, key)
    if alpn:
        context.set_alpn_protocols([alpn])
    context.gatepost_endpoint_binding = binding  # type: ignore[attr-defined]
    return context


def endpoint_binding(pem: bytes) -> bytes:
    """tls-server-end-point of the first certificate (RFC 5929 §4.1): its hash, SHA-256 where MD5 or SHA-1 signed it."""
    certificate = x509.load_pem_x509_certificate(pem)
    algorithm = certificate.signature_hash_algorithm
    name = algorithm.name if algorithm is not None else "sha256"
    der = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.new("sha256" if name in ("md5", "sha1") else name, der).digest()


def make_self_signed(hostname: str, certificate: Path, key: Path, days: int = 825) -> None:
    """Writes an ECDSA P-256 certificate for `hostname`, localhost and the loopback addresses, key file mode 0600."""
    import ipaddress

    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name) for name in dict.fromkeys((hostname, "localhost"))]
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    certificate.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(
            secret.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
