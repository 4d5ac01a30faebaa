"""The recipe for nginx, in front of something that notes what reaches it."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import pytest

from tests.proxy.noting import Noted
from tests.support.configuration import consent_toml, write_config
from tests.support.nginx import SITE_HOST, Front, nginx, recipe
from tests.support.ports import free_ports
from tests.support.waiting import DEADLINE

SERVICE_HOST = "privacy.localhost"
BEHIND = [
    f"/privacy/{there}s/acme/confirm/x"
    for there in (
        "",
        "v1/acme/../../",
        "w/../",
        "v1/acme/..%2f..%2f",
        "w/%2e%2e/",
        "/",
        "v1/acme/%252e%252e/",
    )
]


@pytest.fixture(scope="module")
def front(noted: Noted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx with the printed recipe in front of it."""
    front = Front(tmp_path_factory.mktemp("nginx"), free_ports(2)[0])
    site, service = (f"http://{host}:{front.port}" for host in (SITE_HOST, SERVICE_HOST))
    first_party = f'first_party = "{site}/privacy"'
    write_config(
        front.folder, consent_toml(front.folder, public_url=service, origins=[site], site=first_party)
    )
    more = "expires max; proxy_cookie_path / '/; HttpOnly';"  # what sites do to all that they serve
    with nginx(front, recipe(front, f"http://127.0.0.1:{noted.port}"), more):
        yield front


Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def ask(front: Front) -> Ask:
    """One call; headers as pairs, so that one may come twice."""

    def ask(
        path: str, *headers: tuple[str, str], host: str = SITE_HOST, method: str = "GET", size: int = 0
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=DEADLINE)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", f"{host}:{front.port}"), ("Content-Length", str(size)), *headers):
            connection.putheader(name, value)
        connection.endheaders(b"x" * size)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    return ask


def test_calls_of_the_site_reach_the_service_under_its_own_paths(ask: Ask, noted: Noted) -> None:
    for path in ("/w/acme.js", "/w/acme.0123.js", "/v1/acme/signals", "/v1/acme/flag?visitor=x"):
        assert ask(f"/privacy{path}").status == 200
        assert noted.path == path


@pytest.mark.parametrize("host", [SITE_HOST, f"www.{SITE_HOST}"])
def test_each_host_of_the_site_leads_to_its_statement_about_the_signal(
    ask: Ask, front: Front, host: str
) -> None:
    answer = ask("/.well-known/gpc.json", host=host)
    assert (answer.status, answer.getheader("location")) == (302, f"{front.of(SERVICE_HOST)}/s/acme/gpc.json")


@pytest.mark.parametrize("path", [*BEHIND, "/privacy/v1/other/flag", "/privacy/v1/partner/acme/changes"])
def test_no_other_path_of_the_site_reaches_the_service(ask: Ask, noted: Noted, path: str) -> None:
    before = len(noted.calls)
    ask(path)
    reached = [path for _, path, _ in noted.calls[before:]]
    assert all(path.startswith(("/v1/acme/", "/w/")) for path in reached)
    assert not [path for path in reached if "/.." in unquote(path)]


def test_the_service_is_told_the_sites_host_whatever_the_caller_says(
    ask: Ask, noted: Noted, front: Front
) -> None:
    spoofed = [("X-Forwarded-Host", SERVICE_HOST), ("X-Forwarded-For", "203.0.113.7")]
    ask("/privacy/v1/acme/signals", *spoofed, method="POST")
    assert noted.header("Host") == [f"{SITE_HOST}:{front.port}"]
    assert noted.header("X-Forwarded-Host") == []
    assert noted.header("X-Forwarded-For") == ["203.0.113.7, 127.0.0.1"]
    assert noted.header("X-Forwarded-Proto") == ["http"]
    ask("/s/acme/confirm/x", *spoofed, host=SERVICE_HOST)
    assert noted.header("Host") == [f"{SERVICE_HOST}:{front.port}"]
    assert noted.header("X-Forwarded-Host") == []


def test_signal_and_origin_pass_as_they_are_also_when_a_header_comes_twice(ask: Ask, noted: Noted) -> None:
    given = [
        ("Sec-GPC", "1"),
        ("Sec-GPC", "1"),
        ("Origin", "http://shop.localhost"),
        ("Content-Type", "text/plain"),
    ]
    ask("/privacy/v1/acme/signals", *given, method="POST")
    assert noted.header("Sec-GPC") == ["1", "1"]
    assert noted.header("Origin") == ["http://shop.localhost"]
    assert noted.header("Content-Type") == ["text/plain"]


@pytest.mark.parametrize(
    ("brought", "passed"),
    [
        ("session=secret; pc_acme=1.x.y; _ga=2", ["pc_acme=1.x.y"]),
        ("pc_acme=only", ["pc_acme=only"]),
        ("pc_acme=old; session=secret; pc_acme=new", ["pc_acme=old; pc_acme=new"]),
        ("pc_acme=1; pc_acme=2; a=b; pc_acme=3", ["pc_acme=1; pc_acme=3"]),
        ("session=secret; xpc_acme=1; pc_acme2=2; x__Host-pc_acme=3", []),
        ("a=b; __Host-pc_acme=1.x; _ga=2", ["__Host-pc_acme=1.x"]),
        ("pc_acme=o; __Host-pc_acme=h; c=d; pc_acme=n", ["__Host-pc_acme=h", "pc_acme=o; pc_acme=n"]),
    ],
)
def test_of_the_sites_cookies_only_the_services_own_reach_it(
    ask: Ask, noted: Noted, brought: str, passed: list[str]
) -> None:
    ask("/privacy/v1/acme/signals", ("Cookie", brought), method="POST")
    assert noted.header("Cookie") == passed
    ask("/privacy/w/acme.js", ("Cookie", brought))
    assert noted.header("Cookie") == []


def test_answers_are_not_kept_longer_than_they_say_and_the_script_is_squeezed(ask: Ask) -> None:
    call = ask("/privacy/v1/acme/signals", method="POST")
    assert call.getheader("Expires") is None
    assert call.getheader("Set-Cookie") == "pc_acme=1; Path=/; SameSite=Lax"
    for path, host in (("/privacy/w/acme.js", SITE_HOST), ("/w/acme.js", SERVICE_HOST)):
        script = ask(path, ("Accept-Encoding", "gzip"), host=host)
        assert script.getheader("Content-Encoding") == "gzip"
        assert script.getheader("Vary") == "Accept-Encoding"


@pytest.mark.parametrize(
    ("path", "host", "most"),
    [
        ("/privacy/v1/acme/choices", SITE_HOST, 16),
        ("/v1/acme/choices", SERVICE_HOST, 16),
        ("/v1/partner/acme/flags", SERVICE_HOST, 128),
        ("/v1/backend/acme/flags", SERVICE_HOST, 128),
    ],
)
def test_a_body_that_is_too_large_does_not_reach_the_service(
    ask: Ask, path: str, host: str, most: int
) -> None:
    assert ask(path, host=host, method="POST", size=most * 1024).status == 200
    assert ask(path, host=host, method="POST", size=most * 1024 + 1).status == 413
