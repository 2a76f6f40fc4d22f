"""A certificate authority of the test's own: servers that are trusted, and servers that are not."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Authority:
    """Signs certificates for this machine; `client` trusts it and nobody else."""

    folder: Path

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named("A test's own authority")
        self.certificate = self.sign(self.key, self.name, timedelta(days=90), authority=True)
        self.pem.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    @property
    def pem(self) -> Path:
        """For SSL_CERT_FILE."""
        return self.folder / "authority.pem"

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.pem))

    def server(self, ends_in: timedelta = timedelta(days=60)) -> ssl.SSLContext:
        """A server of 127.0.0.1 and localhost whose certificate ends after so long."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self.sign(key, named("127.0.0.1"), ends_in)
        path = self.folder / f"server-{signed.serial_number}.pem"
        path.write_bytes(
            signed.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context

    def sign(
        self,
        key: ec.EllipticCurvePrivateKey,
        name: x509.Name,
        lasts: timedelta,
        *,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + lasts)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .sign(self.key, SHA256())
        )
