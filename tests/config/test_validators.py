"""Forms of single values; most of all origins, on which who-may-write rests."""

from __future__ import annotations

import pytest

from consent_service.config import validators
from consent_service.domain.regimes import known_codes


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "http://shop.localhost:8001",
        "http://127.0.0.1:8001",
        "https://[::1]:8443",
        "https://xn--bcher-kva.example",
        "https://example.com:80",
    ],
)
def test_an_origin_as_browsers_send_it_is_right(origin: str) -> None:
    assert validators.origin_fault(origin) == ""


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "example.com",
        "https://",
        "https://example.com/",
        "https://example.com/shop",
        "https://Example.com",
        "HTTPS://example.com",
        "https://example.com:443",
        "http://example.com:80",
        "https://example.com:",
        "https://example.com:99999",
        "https://example.com:x",
        "https://user@example.com",
        "https://:@example.com",
        "https://example.com?",
        "https://example.com#",
        "https://example.com?q",
        "https://*.example.com",
        "https://bücher.example",
        "https://exa mple.com",
        " https://example.com",
        "https://[::1",
        "https://[zz::1]",
        "https://a..b",
        "https://-a.com",
        "ftp://example.com",
        "file:///x",
        "https://example.com\n",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_a_fault_with_an_example(origin: str) -> None:
    assert validators.origin_fault(origin).startswith('wanted an origin such as "https://www.example.com": ')


def test_the_public_address_may_have_a_path_but_no_slash_at_its_end() -> None:
    assert validators.public_url_fault("https://example.com/privacy") == ""
    assert "no / at the end" in validators.public_url_fault("https://example.com/privacy/")
    assert "http:// or https://" in validators.public_url_fault("example.com")


@pytest.mark.parametrize(
    "url",
    [
        *("http://localhost", "http://localhost:8000/privacy", "http://privacy.localhost:8000"),
        *("http://127.0.0.1:8000", "http://127.9.8.7", "http://[::1]:8000", "https://privacy.example.com"),
    ],
)
def test_the_public_address_is_https_or_leads_to_this_machine(url: str) -> None:
    assert validators.public_url_fault(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        *("http://privacy.example.com", "http://privacy.example.com:8443/a", "http://192.168.0.7"),
        *("http://10.0.0.1", "http://0.0.0.0:8000", "http://128.0.0.1", "http://[::2]", "http://[fe80::1]"),
        *(
            "http://notlocalhost",
            "http://localhost.example.com",
            "http://privacy.local",
            "http://127.example",
        ),
    ],
)
def test_elsewhere_a_public_address_without_tls_is_a_fault_that_says_what_to_write(url: str) -> None:
    assert "https:// in front; http:// is for this machine alone" in validators.public_url_fault(url)


@pytest.mark.parametrize("key", ["a", "0", "acme", "acme-2", "a" * 32])
def test_a_key_is_short_and_lower_case(key: str) -> None:
    assert validators.key_fault(key) == ""


@pytest.mark.parametrize("key", ["", "-a", "A", "a_b", "a.b", "a" * 33, "ü", "a\n", "a/b", "{a}"])
def test_what_could_break_a_path_a_cookie_name_or_a_store_key_is_no_key(key: str) -> None:
    assert validators.key_fault(key)


def test_every_regime_of_the_table_is_known_and_no_other() -> None:
    assert not [code for code in known_codes() if validators.regime_fault(code)]
    assert "us-ca" in validators.regime_fault("us-zz")


def test_languages_hosts_networks_links_and_stores_are_told_from_what_is_none() -> None:
    assert [validators.language_fault(tag) for tag in ("en", "es-MX", "zh-Hant-TW")] == ["", "", ""]
    assert all(validators.language_fault(tag) for tag in ("", "EN", "english", "en_US", "en-"))
    assert [validators.host_fault(name) for name in ("localhost", "ads.example.net")] == ["", ""]
    assert all(
        validators.host_fault(name) for name in ("", "Ads.example", ".example", "https://a.example", "a:80")
    )
    assert [validators.network_fault(value) for value in ("10.0.0.0/8", "::1", "192.0.2.7")] == ["", "", ""]
    assert all(validators.network_fault(value) for value in ("", "10.0.0.1/8", "proxy", "10.0.0.0/33"))
    assert [validators.link_fault(value) for value in ("", "https://a.example/p?x#y")] == ["", ""]
    assert all(validators.link_fault(value) for value in ("a.example", "javascript:alert(1)", "https://"))
    assert [validators.store_fault(value) for value in ("sqlite:///c.db", "sqlite:////var/c.db")] == ["", ""]
    redis = ("redis://h:1/0", "rediss://u@h?ca_file=/ca", "redis+cluster://a,b:2", "redis+sentinel://a/main")
    assert [validators.store_fault(value) for value in redis] == [""] * 4
    assert all(
        validators.store_fault(value)
        for value in ("mysql://h/x", "redis://", "redis+sentinel://h", "sqlite:///")
    )
    assert all(validators.store_fault(value) for value in ("", "consent.db", "sqlite://"))


def test_a_password_stands_in_no_file_and_is_quoted_into_the_stores_url() -> None:
    assert "CONSENT_STORE_PASSWORD" in validators.store_fault("redis://user:secret@h")
    assert validators.secret_store_fault("redis://user:secret@h") == ""
    assert validators.add_password("redis://user@h:1/2", "a/b@c:d") == "redis://user:a%2Fb%40c%3Ad@h:1/2"
    assert validators.add_password("redis+cluster://a,b", "s") == "redis+cluster://:s@a,b"
    for url in ("sqlite:///c.db", "redis://:one@h"):
        with pytest.raises(ValueError, match="password"):
            validators.add_password(url, "two")
