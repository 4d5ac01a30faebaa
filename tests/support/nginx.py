"""A real nginx in a folder of its own, with the recipe exactly as `snippet --nginx` prints it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.service import CLI
from tests.support.waiting import eventually

SITE_HOST = "shop.localhost"
MISSING = "nginx is missing: `make test` installs it, or: apt-get install --no-install-recommends nginx-light"
_HEADING = re.compile(r"^# \d\. .*$", re.MULTILINE)
_MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    types {{ text/html html; text/javascript js; }}
    access_log off;
    {temporary}
    {service}
    server {{
        listen {listen};
        server_name {site} www.{site};
        {certificate}
        root {folder}/site;
        add_header Cache-Control no-cache;
        {way}
    }}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Recipe:
    """The two parts of what `snippet --nginx` printed."""

    service: str
    way: str


@dataclass(frozen=True)
class Front:
    """Address at which nginx will listen, and the certificate that it shows; None for plain HTTP."""

    folder: Path
    port: int
    certificate: Path | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def site(self) -> str:
        """The site's origin."""
        return self.of(SITE_HOST)

    def of(self, host: str) -> str:
        """The origin of this host behind this nginx."""
        return f"{self.scheme}://{host}:{self.port}"


def snippet(folder: Path, *options: str) -> str:
    """Return the output of `consent-service snippet acme` for the configuration in this folder."""
    command = [*CLI, "snippet", "acme", "--config", str(folder / "consent.toml"), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def recipe(front: Front, upstream: str) -> Recipe:
    """The recipe, its ports and files given as options."""
    options = ["--upstream", upstream, "--listen", f"127.0.0.1:{front.port}"]
    if front.certificate:
        options += ["--certificate", str(front.certificate), "--certificate-key", str(front.key)]
    printed = snippet(front.folder, "--nginx", *options)
    _, service, *way = _HEADING.split(printed)
    return Recipe(service, "".join(way))


@contextmanager
def nginx(front: Front, printed: Recipe, more: str = "") -> Iterator[None]:
    """nginx with this recipe and a site of static files in `site`; `more` goes into the site's server."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert program, MISSING
    (front.folder / "site").mkdir(exist_ok=True)
    conf = front.folder / "nginx.conf"
    conf.write_text(_configuration(front, printed, more))
    with (front.folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-p", front.folder, "-c", conf], stdout=log, stderr=log, process_group=0
        )
    try:
        eventually(lambda: process.poll() is not None or _listens(front.port))
        assert process.poll() is None, (front.folder / "nginx.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(30)


def self_signed(folder: Path, port: int, host: str = SITE_HOST) -> Front:
    """A front with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    )
    front = Front(folder, port, folder / "certificate.pem")
    assert front.certificate
    front.certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    front.key.write_bytes(key.private_bytes(*pem))
    return front


def _configuration(front: Front, printed: Recipe, more: str) -> str:
    temporary = "".join(f"{name}_temp_path {front.folder}/{name};" for name in _TEMPORARY)
    certificate, secure = "", ""
    if front.certificate:
        secure = " ssl"
        certificate = f"ssl_certificate {front.certificate}; ssl_certificate_key {front.key};"
    return _MAIN.format(
        folder=front.folder,
        temporary=temporary,
        listen=f"127.0.0.1:{front.port}{secure}",
        site=SITE_HOST,
        certificate=certificate,
        service=printed.service,
        way=printed.way + more,
    )


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
