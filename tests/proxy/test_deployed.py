"""The proxies' files in deploy/: nginx's is the recipe, Caddy's runs in front of something that notes, the others'
parts fit each other.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from consent_service.config import parse_config
from tests.deploy.dockerfile import ROOT
from tests.proxy.noting import Noted
from tests.support.ports import free_port
from tests.support.service import CLI
from tests.support.waiting import DEADLINE, eventually

PROXIES = ROOT / "deploy" / "proxies"
FACTS = ROOT / "deploy" / "systemd" / "consent.toml"
CONFIG = parse_config(FACTS.read_text(), {})
SERVICE, SITE = "privacy.acme.example", "www.acme.example"
TRAEFIK: dict[str, Any] = yaml.safe_load((PROXIES / "traefik.yaml").read_text())["http"]
Ask = Callable[..., http.client.HTTPResponse]


def test_nginx_s_file_is_the_recipe_for_the_configuration() -> None:
    command = [*CLI, "snippet", "acme", "--nginx", "--config", str(FACTS)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert (PROXIES / "nginx.conf").read_text() == printed


def test_every_file_leads_to_where_the_service_listens_by_the_names_that_it_has() -> None:
    assert CONFIG.service.public_url == f"https://{SERVICE}"
    assert CONFIG.sites["acme"].first_party == f"https://{SITE}/privacy"
    upstream = f"127.0.0.1:{CONFIG.service.port}"
    for name in ("nginx.conf", "Caddyfile", "traefik.yaml", "cloudflared.yaml"):
        text = (PROXIES / name).read_text()
        assert upstream in text, name
        assert SERVICE in text, name


def test_traefik_s_routers_name_services_and_middlewares_that_there_are() -> None:
    for router in TRAEFIK["routers"].values():
        assert router["service"] in {*TRAEFIK["services"], "noop@internal"}
        assert set(router.get("middlewares", ())) <= set(TRAEFIK["middlewares"])
        assert "tls" in router
    on_site = TRAEFIK["routers"]["consent-on-acme"]
    assert re.findall(r"PathPrefix\(`([^`]+)`\)", on_site["rule"]) == ["/privacy/w/", "/privacy/v1/acme/"]
    assert TRAEFIK["middlewares"]["consent-prefix"]["stripPrefix"]["prefixes"] == ["/privacy"]
    assert TRAEFIK["services"]["consent"]["loadBalancer"]["passHostHeader"] is True


def test_cloudflare_s_rules_keep_everything_but_scripts_from_its_cache() -> None:
    tunnel = yaml.safe_load((PROXIES / "cloudflared.yaml").read_text())
    assert [one.get("hostname") for one in tunnel["ingress"]] == [SERVICE, None], (
        "the last one takes what is left"
    )
    assert "httpHostHeader" not in str(tunnel)
    cache, _ = json.loads((PROXIES / "cloudflare-rulesets.json").read_text())
    assert {rule["action_parameters"]["cache"] for rule in cache["rules"]} == {False}
    assert [re.findall(r'host eq "([^"]+)"', rule["expression"]) for rule in cache["rules"]] == [
        [SERVICE],
        [SITE],
    ]


@pytest.fixture
def caddy(noted: Noted, tmp_path: Path, tool: Callable[[str], str]) -> Iterator[Ask]:
    """Caddy with its file in front of the noting server, on plain HTTP; a function that makes one call."""
    port = free_port()
    text = (
        (PROXIES / "Caddyfile")
        .read_text()
        .replace(f"127.0.0.1:{CONFIG.service.port}", f"127.0.0.1:{noted.port}")
    )
    for host in (SERVICE, SITE):
        assert f"\n{host} {{" in text
        text = text.replace(f"\n{host} {{", f"\nhttp://{host}:{port} {{")
    file = tmp_path / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n" + text)
    command = [tool("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def ask(
        host: str, path: str, method: str = "GET", body: bytes = b"", **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, {"Host": host, **named})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    try:
        eventually(lambda: process.poll() is not None or ask(SERVICE, "/readyz").status)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield ask
    finally:
        process.terminate()
        process.wait(DEADLINE)


@pytest.mark.soak
def test_caddy_passes_what_must_pass_and_says_itself_who_calls(caddy: Ask, noted: Noted) -> None:
    said = {
        "Sec_GPC": "1",
        "Origin": f"https://{SITE}",
        "User_Agent": "a browser",
        "X_Forwarded_For": "203.0.113.9",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "https",
        "Cookie": "pc_acme=1",
    }
    answer = caddy(SERVICE, "/v1/acme/flag?visitor=a%2Fb", **said)
    assert (answer.status, noted.path) == (200, "/v1/acme/flag?visitor=a%2Fb")
    assert noted.header("host") == [SERVICE]
    assert noted.header("sec-gpc") == ["1"]
    assert noted.header("origin") == [f"https://{SITE}"]
    assert noted.header("user-agent") == ["a browser"]
    assert noted.header("cookie") == ["pc_acme=1"]
    assert noted.header("x-forwarded-for") == ["127.0.0.1"]
    assert noted.header("x-forwarded-host") == [SERVICE]
    assert answer.headers["set-cookie"] == "pc_acme=1; Path=/; SameSite=Lax"


@pytest.mark.soak
def test_caddy_takes_the_site_s_prefix_off_and_leads_to_no_page(caddy: Ask, noted: Noted) -> None:
    for path in ("/w/acme.js", "/v1/acme/flag"):
        assert caddy(SITE, f"/privacy{path}").status == 200
        assert (noted.path, noted.header("host")) == (path, [SITE])
    before = len(noted.calls)
    for path in ("/privacy/s/acme/confirm/x", "/privacy/v1/other/flag", "/privacy/metrics", "/privacy"):
        assert caddy(SITE, path).status == 404
    assert len(noted.calls) == before
    answer = caddy(SITE, "/.well-known/gpc.json")
    assert (answer.status, answer.headers["location"]) == (302, f"https://{SERVICE}/s/acme/gpc.json")


@pytest.mark.soak
def test_caddy_compresses_scripts_and_refuses_long_bodies(caddy: Ask, noted: Noted) -> None:
    assert caddy(SERVICE, "/w/acme.js", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    assert caddy(SERVICE, "/v1/acme/choices", "POST", b"x" * 200_000).status >= 400
