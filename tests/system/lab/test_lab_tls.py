"""Simulated CPEs and the certificate of their ACS."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cwmp.errors import CwmpError
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.fleet import Fleet, FleetPlan, tls_context


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own CA, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acs.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    crt, pem = tmp_path / "acs.crt", tmp_path / "acs.key"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return crt, pem


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_the_given_ca_is_believed_and_nobody_else(small_acs, certificate) -> None:
    async def scenario() -> None:
        async with small_acs(server_context(certificate)) as acs:
            for good in (tls_context(certificate[0]), tls_context(insecure=True)):
                async with Fleet(FleetPlan(acs.url), Behaviour(tls=good)) as fleet:
                    await fleet.wait_informed(within=10)
            async with Fleet(FleetPlan(acs.url)) as fleet:
                await fleet.wait_for(lambda: fleet.cpes[0].failures > 0)
                assert "certificate" in str(fleet.cpes[0].last_error).lower()
                assert fleet.informed == 0

    asyncio.run(scenario())


def test_the_cpes_show_their_own_certificate(small_acs, certificate) -> None:
    async def scenario() -> None:
        server = server_context(certificate)
        server.load_verify_locations(certificate[0])
        server.verify_mode = ssl.CERT_REQUIRED
        own = (str(certificate[0]), str(certificate[1]))
        async with small_acs(server) as acs:
            shown = Behaviour(tls=tls_context(certificate[0], certificate=own))
            async with Fleet(FleetPlan(acs.url), shown) as fleet:
                await fleet.wait_informed(within=10)
            async with Fleet(FleetPlan(acs.url), Behaviour(tls=tls_context(certificate[0]))) as fleet:
                await fleet.wait_for(lambda: fleet.cpes[0].failures > 0)

    asyncio.run(scenario())


def test_a_missing_ca_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CwmpError, match="nowhere"):
        tls_context(tmp_path / "nowhere.pem")
