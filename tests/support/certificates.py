"""Certificates made on the fly: an authority, a server and a client."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files.

    Attributes:
        ca: the authority's certificate.
        server_cert, server_key: good for `localhost`, 127.0.0.1 and ::1.
        client_cert, client_key: of a client named `tester`.
        other_ca: an authority that has signed none of these.
        expired_cert, expired_key: of a server, good until yesterday.
        elsewhere_cert, elsewhere_key: of a server at another name.
    """

    ca: Path
    server_cert: Path
    server_key: Path
    client_cert: Path
    client_key: Path
    other_ca: Path
    expired_cert: Path
    expired_key: Path
    elsewhere_cert: Path
    elsewhere_key: Path

    def of(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of a further client that was asked for."""
        return self.ca.with_name(f"{name}.pem"), self.ca.with_name(f"{name}.key")


class _Authority:
    """Signs certificates that are good for a day."""

    def __init__(self, name: str) -> None:
        self.name = _name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self.certificate = (
            _builder(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, name: str, *, server: bool, age: timedelta = timedelta(0)) -> tuple[bytes, bytes]:
        """Make a key and a certificate of some age; returns both as PEM, the certificate first."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(_name(name), self.name, key.public_key(), age)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if server and name != "localhost":
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        elif server:
            addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def make_certificates(folder: Path, *names: str, strangers: tuple[str, ...] = ()) -> Certificates:
    """Make an authority, a server and a client in a folder, which must be there.

    Args:
        folder: where the files go.
        names: of further clients.
        strangers: names of further clients whose certificates are signed by the other authority.
    """
    authority, other = _Authority("test authority"), _Authority("another authority")
    for name in (*names, *strangers):
        certificate, key = (other if name in strangers else authority).issue(name, server=False)
        (folder / f"{name}.pem").write_bytes(certificate)
        (folder / f"{name}.key").write_bytes(key)
    server, client = authority.issue("localhost", server=True), authority.issue("tester", server=False)
    expired = authority.issue("localhost", server=True, age=timedelta(days=2))
    elsewhere = authority.issue("elsewhere.example", server=True)
    contents = {
        "ca.pem": authority.certificate.public_bytes(serialization.Encoding.PEM),
        "server.pem": server[0],
        "server.key": server[1],
        "client.pem": client[0],
        "client.key": client[1],
        "other_ca.pem": other.certificate.public_bytes(serialization.Encoding.PEM),
        "expired.pem": expired[0],
        "expired.key": expired[1],
        "elsewhere.pem": elsewhere[0],
        "elsewhere.key": elsewhere[1],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return Certificates(*(folder / name for name in contents))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, age: timedelta = timedelta(0)
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
