"""Output of `snippet`: blocks that can be pasted as they stand, for every way of hosting."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from consent_service.config.first_party import FirstParty
from consent_service.embed.nginx import Server, render_nginx, upstream_of
from consent_service.embed.script import BuiltScript
from consent_service.embed.snippet import Embed, render_policy, render_self_hosted, render_snippet
from consent_service.errors import RecipeLoops

SERVICE = "https://privacy.example"
SCRIPT = BuiltScript(b"widget();", "stub();", {}, b"", b"")
STUB_HASH = f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.inline.encode()).digest()).decode()}'"
PATH = FirstParty("https://shop.example/privacy", "shop.example", None, secure=True, on_site=True)
HOST = FirstParty("https://p.shop.example", "p.shop.example", "shop.example", secure=True, on_site=False)
UPSTREAM = Server("http://127.0.0.1:8000")


def embed(way: FirstParty | None = None) -> Embed:
    return Embed("acme", SCRIPT, SERVICE, way)


def blocks(text: str) -> list[str]:
    """Return the blocks between empty lines; each is pasted as a whole."""
    return [block.strip() for block in text.split("\n\n")]


def test_stub_script_and_policy_stand_alone() -> None:
    found = blocks(render_snippet(embed()))
    assert f'<script>{SCRIPT.inline}</script>\n<script async src="{SERVICE}/w/acme.js"></script>' in found
    pinned = f'{SERVICE}/w/acme.{SCRIPT.digest}.js" integrity="{SCRIPT.integrity}" crossorigin="anonymous"'
    assert f'<script async src="{pinned}></script>' in found
    assert f"script-src {STUB_HASH} {SERVICE}; connect-src {SERVICE}" in found


def test_the_snippet_says_that_safari_forgets_cookies_and_how_to_avoid_it() -> None:
    said = render_snippet(embed())
    assert "7 days" in said
    assert "First-party mode cures it" in said


@pytest.mark.parametrize("way", [PATH, HOST])
def test_in_first_party_mode_script_and_calls_go_the_sites_own_way(way: FirstParty) -> None:
    said = render_snippet(embed(way))
    origin = "https://" + way.host
    assert f'src="{way.address}/w/acme.js"' in said
    assert f"script-src {STUB_HASH} {origin}; connect-src {origin}" in blocks(said)
    assert "7 days" not in said
    assert "400 days" in said


def test_a_self_hosted_script_is_named_by_its_file_and_calls_still_go_to_the_service() -> None:
    said = render_self_hosted(embed(), "public/privacy.js", "consent.toml")
    tag = f'<script async src="/privacy.js" integrity="{SCRIPT.integrity}"></script>'
    assert f"<script>{SCRIPT.inline}</script>\n{tag}" in blocks(said)
    assert f"script-src {STUB_HASH} 'self' {SERVICE}; connect-src {SERVICE}" in blocks(said)
    assert "Banner, link and settings still come from the service" in said
    assert "consent-service check consent.toml --self-hosted acme=public/privacy.js" in blocks(said)


@pytest.mark.parametrize("way", [None, PATH])
def test_whoever_runs_no_script_gets_a_link_to_the_services_own_page(way: FirstParty | None) -> None:
    link = f'<noscript><a href="{SERVICE}/s/acme/privacy-choices">Your Privacy Choices</a></noscript>'
    assert link in blocks(render_snippet(embed(way)))
    assert link in blocks(render_self_hosted(embed(way), "privacy.js", "consent.toml"))


@pytest.mark.parametrize("way", [None, PATH])
def test_the_policy_lets_the_settings_hand_the_visitor_over(way: FirstParty | None) -> None:
    assert f"form-action {SERVICE}" in blocks(render_policy(embed(way)))


def test_the_policy_names_the_scripts_own_trusted_types_policy() -> None:
    found = blocks(render_policy(embed(PATH)))
    assert "trusted-types privacy-choices" in found
    assert f"script-src {STUB_HASH} https://shop.example\nconnect-src https://shop.example" in found


def servers(text: str) -> list[str]:
    return re.findall(r"^\s*server_name (\S+);", text, re.MULTILINE)


def test_the_recipe_has_a_server_for_the_service_and_a_part_for_the_sites_own_server() -> None:
    assert servers(render_nginx("acme", SERVICE, None, UPSTREAM)) == ["privacy.example"]
    both = render_nginx("acme", SERVICE, PATH, UPSTREAM)
    assert servers(both) == ["privacy.example"]
    assert re.findall(r"^location (.*) \{", both, re.MULTILINE) == [
        "^~ /privacy/w/",
        "^~ /privacy/v1/acme/",
        "= /.well-known/gpc.json",
    ]
    assert servers(render_nginx("acme", SERVICE, HOST, UPSTREAM)) == ["privacy.example", "p.shop.example"]
    itself = FirstParty(SERVICE, "privacy.example", "example", secure=True, on_site=False)
    assert servers(render_nginx("acme", SERVICE, itself, UPSTREAM)) == ["privacy.example"]


def test_the_recipe_takes_ports_files_and_paths_as_they_are_given() -> None:
    server = Server("http://10.0.0.7:9000", "127.0.0.1:8443", "/c.pem", "/k.pem")
    text = render_nginx("acme", "https://privacy.example:8443/consent", None, server)
    for line in (
        "listen 127.0.0.1:8443 ssl;",
        "ssl_certificate /c.pem;",
        "ssl_certificate_key /k.pem;",
        "proxy_set_header Host $host:8443;",
        "location /consent/ {",
        "proxy_pass http://10.0.0.7:9000/;",
        "proxy_pass http://10.0.0.7:9000/v1/partner/;",
    ):
        assert line in text
    assert "listen 80;" in render_nginx("acme", "http://privacy.example", None, UPSTREAM)


@pytest.mark.parametrize(
    ("host", "upstream"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("2001:db8::1", "http://[2001:db8::1]:8000"),
        ("consent.internal", "http://consent.internal:8000"),
    ],
)
def test_the_recipe_finds_the_service_at_the_address_that_it_listens_on(host: str, upstream: str) -> None:
    assert upstream_of(host, 8000) == upstream


def test_a_recipe_that_leads_to_itself_is_refused() -> None:
    loop = Server("http://127.0.0.1:8000")
    with pytest.raises(RecipeLoops, match="listen on port 8000"):
        render_nginx("acme", "http://privacy.example:8000", None, loop)
    beside = Server("http://127.0.0.1:8000", listen="192.0.2.1:8000")
    assert "listen 192.0.2.1:8000;" in render_nginx("acme", "http://privacy.example:8000", None, beside)
