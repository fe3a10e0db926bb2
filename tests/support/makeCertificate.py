"""Writes key.pem and cert.pem, for localhost and hs.test, into the folder named: makeCertificate.py DIR valid|expired|signed

Self-signed, or signed by an authority of its own, whose certificate is then in ca.pem. Node cannot make certificates; the
Python that runs Synapse has a library that can.
"""

import ipaddress
import pathlib
import sys
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

folder, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
now = datetime.now(timezone.utc)


def make(common_name, key, issuer_name, issuer_key, *, is_authority, alternatives=()):
    ends = now - timedelta(days=1) if kind == "expired" else now + timedelta(days=30)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


key = ec.generate_private_key(ec.SECP256R1())
names = [x509.DNSName("localhost"), x509.DNSName("hs.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
if kind == "signed":
    authority = ec.generate_private_key(ec.SECP256R1())
    made = make("localhost", key, "Test authority", authority, is_authority=False, alternatives=names)
    (folder / "ca.pem").write_bytes(make("Test authority", authority, "Test authority", authority, is_authority=True))
else:
    made = make("localhost", key, "localhost", key, is_authority=True, alternatives=names)
(folder / "cert.pem").write_bytes(made)
(folder / "key.pem").write_bytes(
    key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
)
