"""Addresses: the parts of a store's URL: its servers, and our user, password and certificates. Opens nothing.

`redis://user@host:6379/0` is one server, `redis+sentinel://h1:26379,h2:26379/mymaster` the server that the
Sentinels name, `redis+cluster://h1:7000,h2:7000` a cluster that these nodes know. `rediss` in place of
`redis` means TLS; `?ca_file=` names whom we trust, `?cert_file=` and `?key_file=` who we are.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from consent_service.errors import StoreUnavailable

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_URL: Final = re.compile(
    r"(?P<scheme>rediss?)(?:\+(?P<kind>sentinel|cluster))?://(?:(?P<who>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)"
    r"(?:/(?P<path>[^?#]*))?(?:\?(?P<options>[^#]*))?"
)
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:,\s]+))(?::(?P<port>\d{1,5}))?")
_FILES: Final = frozenset({"ca_file", "cert_file", "key_file"})
_EXAMPLES: Final = {
    None: "redis://host:6379/0",
    "sentinel": "redis+sentinel://host1:26379,host2:26379/mymaster",
    "cluster": "redis+cluster://host1:6379,host2:6379",
}


class ServerKind(Enum):
    """Ways in which servers form a store: one server, behind Sentinels, or a cluster."""

    SINGLE = None
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class Address(NamedTuple):
    """Host and port of one server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """The parts of a store's URL. `seeds`: the servers, Sentinels or some nodes; `master`: the name that the
    Sentinels give it.

    The password is never part of any text that is made of this.
    """

    kind: ServerKind
    seeds: tuple[Address, ...]
    master: str = ""
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the URL without user, password and options, for people."""
        scheme = ("rediss" if self.tls else "redis") + (f"+{self.kind.value}" if self.kind.value else "")
        end = f"/{self.master}" if self.master else f"/{self.database}" if self.database else ""
        return f"{scheme}://{','.join(map(str, self.seeds))}{end}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the settings of TLS connections; None without TLS. Raises StoreUnavailable for unusable certificate
        files.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.files.get("ca_file"))
            if "cert_file" in self.files:
                context.load_cert_chain(self.files["cert_file"], self.files.get("key_file"))
        except OSError as error:
            files_text = ", ".join(f"{name} {file}" for name, file in self.files.items())
            raise StoreUnavailable(
                f"{self.name}: can't use {files_text}: {error.strerror or error}"
            ) from None
        return context


def parse_url(url: str) -> StoreAddress:
    """Return the parts of the URL. Raises StoreUnavailable with what to write; the message never quotes a
    password.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise StoreUnavailable(f"a Redis store's URL is such as {', '.join(_EXAMPLES.values())}")
    kind = ServerKind(match["kind"])
    try:
        user, _, password = (match["who"] or "").partition(":")
        master, database = _parse_path(kind, unquote(match["path"] or ""))
        return StoreAddress(
            kind,
            _parse_hosts(match["hosts"], _SENTINEL_PORT if kind is ServerKind.SENTINEL else _PORT),
            master,
            database,
            unquote(user),
            unquote(password),
            tls=match["scheme"] == "rediss",
            files=_parse_options(match["options"] or "", tls=match["scheme"] == "rediss"),
        )
    except ValueError as error:
        raise StoreUnavailable(f"{error}, as in {_EXAMPLES[kind.value]}") from None


def _parse_hosts(text: str, default_port: int) -> tuple[Address, ...]:
    seeds = []
    for host in text.split(","):
        match = _HOST.fullmatch(host)
        if match is None or not 0 < int(match["port"] or default_port) < 65_536:
            raise ValueError("the store's URL needs hosts with ports")
        seeds.append(Address(match["six"] or match["host"], int(match["port"] or default_port)))
    return tuple(seeds)


def _parse_path(kind: ServerKind, path: str) -> tuple[str, int]:
    """Return the master's name, for Sentinels, and the number of the database."""
    master, _, database = path.partition("/") if kind is ServerKind.SENTINEL else ("", "", path)
    if kind is ServerKind.SENTINEL and not master:
        raise ValueError("the store's URL needs the name that the Sentinels give the master")
    if database and (kind is ServerKind.CLUSTER or not re.fullmatch(r"\d{1,4}", database)):
        raise ValueError(
            "a cluster has one database, without a number"
            if kind is ServerKind.CLUSTER
            else "a database is a number"
        )
    return master, int(database or 0)


def _parse_options(text: str, *, tls: bool) -> Mapping[str, str]:
    files = dict(parse_qsl(text, keep_blank_values=True))
    if unknown := files.keys() - _FILES:
        raise ValueError(f"the store's URL knows no {min(unknown)!r}, only {', '.join(sorted(_FILES))}")
    if files and not tls:
        raise ValueError("certificates need rediss:// in the store's URL")
    return files
