"""A real Prosody for tests and benchmarks: own folder, own CA, not root, ended by its pid."""

from __future__ import annotations

import datetime
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEV, PROD, FALSE = "dev.test", "prod.test", "false.test"
"""Domains; that of the last has a certificate of another name."""
ACS_PASSWORD = "acs-secret-password"


def missing(program: str = "prosody", package: str = "prosody") -> str:
    """Why the program cannot run here; "" when it can. As root it is installed from Debian where missing."""
    if shutil.which(program):
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"{program} is not installed, and only root can install it (apt-get install {package})"
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", package]):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "install" in command:
            return f"apt-get cannot install {package}: {done.stderr.strip()[-300:]}"
    return "" if shutil.which(program) else f"apt-get installed no {program}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Authority:
    """A CA of the test's own; `file` is its certificate."""

    def __init__(self, folder: Path, name: str = "test CA") -> None:
        self.folder = folder
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
        )

    def issue(self, domain: str, name: str = "") -> tuple[Path, Path]:
        """Certificate and key for a domain, or for another `name` in its place."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or domain)])
        certificate = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name or domain)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        files = self.folder / f"{domain}.crt", self.folder / f"{domain}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


class Prosody:
    """Two virtual hosts, each with its own certificate; TLS required; the ACS's accounts not slowed."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="prosody-test-"))
        self.address = address
        self.port = port or free_port()
        self.authority = Authority(self.folder)
        self.child: subprocess.Popen[bytes] | None = None
        for domain in (DEV, PROD, FALSE):
            self.authority.issue(domain, "another.test" if domain == FALSE else "")
            self.add_user("acs", domain, ACS_PASSWORD)
        self._config().write_text(self._text())

    def _config(self) -> Path:
        return self.folder / "prosody.cfg.lua"

    def _text(self) -> str:
        hosts = "".join(
            f'VirtualHost "{domain}"\n'
            f'  ssl = {{ certificate = "{self.folder}/{domain}.crt", key = "{self.folder}/{domain}.key" }}\n'
            for domain in (DEV, PROD, FALSE)
        )
        return f"""
pidfile = "{self.folder}/prosody.pid"
data_path = "{self.folder}/data"
log = {{ info = "{self.folder}/prosody.log" }}
interfaces = {{ "{self.address}" }}
c2s_ports = {{ {self.port} }}
s2s_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "limits" }}
modules_disabled = {{ "s2s", "offline" }}
limits = {{ c2s = {{ rate = "10kb/s" }} }}
unlimited_jids = {{ "acs@{DEV}", "acs@{PROD}", "echo@{DEV}" }}
c2s_require_encryption = true
authentication = "internal_plain"
{hosts}"""

    def add_user(self, name: str, domain: str, password: str) -> None:
        """An account, as Prosody's own storage keeps it."""
        accounts = self.folder / "data" / _encoded(domain) / "accounts"
        accounts.mkdir(parents=True, exist_ok=True)
        file = accounts / f"{_encoded(name)}.dat"
        file.write_text(f'return {{ ["password"] = "{password}"; }};\n')
        if os.geteuid() == 0:
            os.chown(file, *_unprivileged())

    def add_users(self, names: Iterable[str], domain: str, password: str) -> None:
        for name in names:
            self.add_user(name, domain, password)

    def start(self) -> None:
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            # Prosody refuses to run as root, and rightly so.
            uid, gid = _unprivileged()
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, uid, gid)
            as_user = {"user": uid, "group": gid, "extra_groups": []}
        command = ["prosody", "-F", "--config", str(self._config())]
        self.child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder, **as_user
        )
        end = time.monotonic() + 15
        while "Activated service 'c2s'" not in self.log():
            if time.monotonic() > end or self.child.poll() is not None:
                raise RuntimeError(f"Prosody does not start: {self.log()}")
            time.sleep(0.02)

    def log(self) -> str:
        file = self.folder / "prosody.log"
        return file.read_text() if file.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.child is not None:
            self.child.send_signal(number)
            try:
                self.child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            self.child = None
            (self.folder / "prosody.log").unlink(missing_ok=True)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> tuple[int, int]:
    user = pwd.getpwnam("nobody")
    return user.pw_uid, user.pw_gid


def _encoded(text: str) -> str:
    return "".join(each if each.isalnum() else f"%{ord(each):02x}" for each in text)
