"""nginx: a recipe for the web server in front, tested with a real one.

Part 1 serves the service under its own address. Part 2 gives a site its own way to it (first-party mode): script
and visitors' calls, and nothing else, because what a site's server serves belongs to that site's scripts. The last
part leads each origin's `gpc.json` to the site's statement. Makes text of addresses and knows nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from consent_service.addresses import is_unspecified, read_address
from consent_service.config.first_party import FirstParty
from consent_service.config.gpc_statement_addresses import GPC_PATH, gpc_resource
from consent_service.errors import RecipeLoops
from consent_service.public_contract import LARGEST_BODY, cookie_name

_LOOPBACK: Final = "127.0.0.1"
_THIS_MACHINE: Final = (_LOOPBACK, "::1", "localhost", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
_BATCH: Final = "128k"
_VISITORS: Final = f"{LARGEST_BODY // 1024}k"

_COMMON: Final = """\
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host {host};
proxy_set_header X-Forwarded-Host "";  # never what a client says
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
# Sec-GPC, Origin and User-Agent pass as they are.
proxy_cookie_path off;
proxy_cookie_domain off;
proxy_cookie_flags off;  # the page's scripts read this cookie: no HttpOnly
proxy_connect_timeout 2s;
proxy_send_timeout 10s;
proxy_read_timeout 15s;
client_body_timeout 10s;
client_max_body_size {visitors};
access_log off;  # it would keep addresses, and tokens that stand in a query"""
_SQUEEZED: Final = """\
gzip on;
gzip_proxied any;
gzip_vary on;
gzip_types text/javascript;"""
_HINT: Final = """\
# consent.toml must name this server's own address in [service], or every visitor counts as one:
# trusted_proxies = ["127.0.0.1"]
"""
_NOT_KEPT: Final = """\
proxy_cache off;
expires off;"""
_OWN_COOKIES: Final = """\
# The service sees its own cookies and none of the site's others: the one of this host alone, and of those that other
# hosts can set as well the first and the last.
set {variable}_host "";
if ($http_cookie ~ "(?:^|; ?)({host}=[^;]*)") {{
    set {variable}_host $1;
}}
set {variable} "";
if ($http_cookie ~ "^(?:.*; ?)?({name}=[^;]*)") {{
    set {variable} $1;
}}
if ($http_cookie ~ "^(?:.*?; ?)??({name}=[^;]*).*; ?{name}=") {{
    set {variable} "$1; {variable}";
}}"""


@dataclass(frozen=True, slots=True)
class Server:
    """Operator's part of the recipe: nginx's port (None: the address's own), and its certificate."""

    upstream: str
    listen: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None


def upstream_of(host: str, port: int) -> str:
    """Return the address at which a web server on this machine finds a service that listens on this host.

    On every address it is asked for at 127.0.0.1, as which `trusted_proxies` name that web server.
    """
    address = read_address(host)
    if address is not None and is_unspecified(address):
        host = _LOOPBACK
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def render_nginx(site: str, public_url: str, way: FirstParty | None, server: Server) -> str:
    """The parts, each under a heading that says where it belongs.

    Raises RecipeLoops when nginx would listen where it finds the service.
    """
    parts = [f"# 1. A server of its own: the whole service, {public_url}\n\n{_whole(public_url, server)}"]
    if way is not None and way.on_site:
        heading = f"# 2. Into the server block of {way.host}: script and visitors' calls, no page\n\n"
        parts.append(heading + _way(site, way, server))
    elif way is not None and way.address != public_url:
        heading = f"# 2. Another server: script and visitors' calls for {site}, no page\n\n"
        parts.append(heading + _block(urlsplit(way.address), server, _way(site, way, server)))
    heading = f"# {len(parts) + 1}. Into the server block of each origin of {site}: gpc.json speaks for one alone\n\n"
    parts.append(f"{heading}{_location(f'= {GPC_PATH}', f'return 302 {gpc_resource(site, public_url)};')}\n")
    return "\n".join([_HINT, *parts])


def _whole(public_url: str, server: Server) -> str:
    parts = urlsplit(public_url)
    common = _COMMON.format(host=_host(parts), visitors=_VISITORS)
    locations = [
        _location(f"{parts.path}/", _passed(parts, "/", server)),
        _location(f"{parts.path}/w/", f"{_SQUEEZED}\n{_passed(parts, '/w/', server)}"),
    ]
    for batches in ("/v1/partner/", "/v1/backend/"):
        body = f"client_max_body_size {_BATCH};\nproxy_read_timeout 90s;\n{_passed(parts, batches, server)}"
        locations.append(_location(parts.path + batches, body))
    return _block(parts, server, "\n".join([common, *locations]))


def _way(site: str, way: FirstParty, server: Server) -> str:
    path = urlsplit(way.address).path
    common = _COMMON.format(host=way.host, visitors=_VISITORS)
    script = f'{common}\nproxy_set_header Cookie "";\n{_SQUEEZED}\nproxy_pass {server.upstream}/w/;'
    variable = f"$pc_{site.replace('-', '_')}"
    cookies = f"proxy_set_header Cookie {variable}_host;\nproxy_set_header Cookie {variable};"
    calls = f"{common}\n{cookies}\n{_NOT_KEPT}\nproxy_pass {server.upstream}/v1/{site}/;"
    host, name = (cookie_name(site, host_only=alone) for alone in (True, False))
    return "\n".join(
        [
            _OWN_COOKIES.format(variable=variable, host=host, name=name),
            _location(f"^~ {path}/w/", script),
            _location(f"^~ {path}/v1/{site}/", calls),
            "",
        ]
    )


def _block(parts: SplitResult, server: Server, inside: str) -> str:
    """A server block around these lines."""
    secure = parts.scheme == "https"
    listen = _listen(parts, server)
    lines = [f"listen {listen}{' ssl' if secure else ''};", f"server_name {parts.hostname};"]
    if secure:
        folder = f"/etc/letsencrypt/live/{parts.hostname}"
        lines.append(f"ssl_certificate {server.certificate or f'{folder}/fullchain.pem'};")
        lines.append(f"ssl_certificate_key {server.certificate_key or f'{folder}/privkey.pem'};")
    return f"server {{\n{_indented(chr(10).join([*lines, '', inside]))}\n}}\n"


def _listen(parts: SplitResult, server: Server) -> str:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    service = urlsplit(server.upstream)
    if server.listen is None and service.hostname in _THIS_MACHINE and service.port == port:
        raise RecipeLoops(
            f"nginx would listen on port {port} and find the service there: say where it listens with --listen, "
            "where the service does with --upstream, or give the service another service.port"
        )
    return server.listen or str(port)


def _location(match: str, body: str) -> str:
    return f"location {match} {{\n{_indented(body)}\n}}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.rstrip("\n").split("\n"))


def _passed(parts: SplitResult, path: str, server: Server) -> str:
    """Under an address with a path the path is taken off; else the request passes to the letter."""
    return f"proxy_pass {server.upstream}{path if parts.path else ''};"


def _host(parts: SplitResult) -> str:
    """The host as asked for, so that the service can tell its own name from a site's."""
    return f"$host:{parts.port}" if parts.port else "$host"
