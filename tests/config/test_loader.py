"""Loading: what a good file gives, and that a bad one gets every fault named with key and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from consent_service.config import Disclosure, config_digest, parse_config
from consent_service.config.prior_cmp import PRESETS
from consent_service.errors import ConfigError, Fault
from consent_service.identity.key_ring import encode_ring, new_ring

RING = new_ring(0, b"a" * 32, b"h" * 32)
SMALLEST = """\
[service]
public_url = "https://privacy.example.com"
[business]
name = "Acme"
[sites.acme]
name = "Acme shop"
origins = ["https://shop.example.com"]
regime = "us-ca"
"""
FULL = """\
[service]
public_url = "https://privacy.example.com/consent"
store = "sqlite:////var/lib/consent.db"
host = "0.0.0.0"
port = 8080
workers = 4
metrics_host = "127.0.0.1"
metrics_port = 0
trusted_proxies = ["10.0.0.0/8", "::1"]
drain_seconds = 5

[business]
name = "Acme"
privacy_policy = "https://www.example.com/privacy"
contact = "privacy@example.com"

[flag]
max_age = 60
cache = false
cache_entries = 10

[limits]
writes_per_minute = 0
burst = 1
tracked = 5

[sites.acme]
name = "Acme shop"
origins = ["https://shop.example.com", "http://127.0.0.1:8001", "https://[::1]:8443"]
regime = "us-ca"
regimes = ["us-co", "us-ca"]
sensitive = true
frictionless = true
gpc_since = 2026-01-31

[[sites.acme.disclosures]]
category = "Identifiers"
purpose = "Advertising"
sold_to = ["Ad networks"]

[sites.acme.incentives]
loyalty = 0

[sites.acme.texts.en]
banner_title = "Your choice"

[partners.adnet]
name = "AdNet"
domains = ["ads.example.net"]
sites = ["acme"]
rights = ["sale"]
when_denied = "restrict"
service_provider_contract = "2026-01 framework"
"""


def faults(text: str, env: Mapping[str, str] | None = None) -> list[str]:
    """Every fault as "line key: message"."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, env or {})
    return [f"{fault.line} {fault.key}: {fault.message}" for fault in caught.value.faults]


def altered(old: str, new: str) -> str:
    assert old in FULL
    return FULL.replace(old, new)


def test_the_smallest_file_gets_the_documented_defaults() -> None:
    config = parse_config(SMALLEST, {})
    service, site = config.service, config.sites["acme"]
    assert (service.store, service.host, service.port) == ("sqlite:///consent.db", "127.0.0.1", 8000)
    assert (service.metrics_host, service.metrics_port, service.workers) == ("127.0.0.1", 9100, 1)
    assert (config.flag.max_age, config.flag.cache, config.flag.cache_entries) == (300, True, 100_000)
    assert (config.limits.writes_per_minute, config.limits.burst) == (120, 60)
    assert (site.sells, site.shares, site.sensitive, site.link, site.lang) == (True, True, False, True, "en")
    assert site.langs == ("en", "es")
    assert site.regime_codes == ("us-ca",)
    assert config.keys is None


def test_a_full_file_is_read_as_it_says() -> None:
    config = parse_config(FULL, {})
    site, partner = config.sites["acme"], config.partners["adnet"]
    assert site.regime_codes == ("us-ca", "us-co")
    assert site.gpc_since == date(2026, 1, 31)
    assert site.disclosures == (
        Disclosure(category="Identifiers", purpose="Advertising", sold_to=("Ad networks",)),
    )
    assert site.incentives == {"loyalty": 0}
    assert site.texts == {"en": {"banner_title": "Your choice"}}
    assert (partner.rights, partner.when_denied) == (("sale",), "restrict")


def test_a_signatory_of_the_agreement_may_configure_its_approach() -> None:
    assert parse_config(FULL, {}).sites["acme"].mspa is None
    text = altered("[partners.adnet]", '[sites.acme.mspa]\napproach = "national"\n[partners.adnet]')
    mspa = parse_config(text, {}).sites["acme"].mspa
    assert mspa is not None
    assert (mspa.mode, mspa.approach) == ("opt_out_option", "national")


def test_keys_and_store_come_from_the_environment_and_the_store_outranks_the_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(encode_ring(RING))
    env = {"CONSENT_KEYS_FILE": str(tmp_path / "keys"), "CONSENT_STORE": "sqlite:////data/c.db"}
    config = parse_config(FULL, env)
    assert config.keys == RING
    assert config.service.store == "sqlite:////data/c.db"


def test_the_stores_password_comes_from_the_environment_and_no_fault_quotes_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret/\n")
    env = {"CONSENT_STORE": "redis://user@h", "CONSENT_STORE_PASSWORD_FILE": str(tmp_path / "password")}
    config = parse_config(FULL, env)
    assert config.service.store == "redis://user:s3cret%2F@h"
    assert (config.service.durability, config_digest(config)) == (
        "strict",
        config_digest(parse_config(FULL, {})),
    )
    with pytest.raises(ConfigError) as refused:
        parse_config(FULL, {"CONSENT_STORE_PASSWORD": "s3cret"})
    assert [fault.key for fault in refused.value.faults] == ["CONSENT_STORE_PASSWORD"]
    assert "s3cret" not in str(refused.value)


def test_every_fault_of_file_and_environment_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("{}")
    text = """\
[service]
public_url = "https://privacy.example.com/"
prt = 8000
workers = true

[business]
name = " "

[sites.acme]
origins = [
  "https://shop.example.com",
  "https://shop.example.com/path",
  5,
]
regime = "us-zz"
gpc_since = "2026-01-01"
[[sites.acme.disclosures]]
category = "Identifiers"

[partners.adnet]
name = "AdNet"
domains = []
sites = ["acme"]
[partners.other]
name = "Other"
domains = ["other.example"]
sites = ["shop"]
"""
    env = {"CONSENT_KEYS_FILE": str(tmp_path / "keys"), "CONSENT_STORE": "consent.db"}
    found = faults(text, env)
    assert [fault.split(": ")[0] for fault in found] == [
        "2 service.public_url",
        "3 service.prt",
        "4 service.workers",
        "7 business.name",
        "9 sites.acme.name",
        "12 sites.acme.origins[1]",
        "13 sites.acme.origins[2]",
        "15 sites.acme.regime",
        "16 sites.acme.gpc_since",
        "17 sites.acme.disclosures[0].purpose",
        "22 partners.adnet.domains",
        "27 partners.other.sites[0]",
        "0 CONSENT_KEYS_FILE",
        "0 CONSENT_STORE",
    ]
    assert found[1].endswith("unknown key; did you mean 'port'?")
    assert found[2].endswith("wanted a whole number, found true or false")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("port = 8080", "port = 70000", "5 service.port: wanted 1 to 65535, found 70000"),
        ("port = 8080", "port = 0", "5 service.port: wanted 1 to 65535, found 0"),
        ("port = 8080", 'port = "8080"', "5 service.port: wanted a whole number, found text"),
        ("cache = false", "cache = 0", "19 flag.cache: wanted true or false, found a whole number"),
        ("burst = 1", "burst = 1.5", "24 limits.burst: wanted a whole number, found a decimal number"),
        ("[business]", "[businesses]", "0 business: is missing"),
        ("[business]", "[businesses]", "12 businesses: unknown key; did you mean 'business'?"),
        (
            "[limits]",
            "[zzz]",
            "22 zzz: unknown key; known are service, business, flag, limits, geo, ledger, sites, ",
        ),
        (
            "metrics_port = 0",
            "metrics_port = 8080",
            "8 service.metrics_port: is the service's own port; metrics have a listener of their own",
        ),
        (
            "sensitive = true",
            'cookie_domain = "example.com"',
            "32 sites.acme.cookie_domain: browsers on http://127.0.0.1:8001 would drop a cookie for this ",
        ),
        (
            "sensitive = true",
            "sells = false",
            "39 sites.acme.disclosures[0].sold_to: the site says sells = false",
        ),
        (
            '"http://127.0.0.1:8001", "https://[',
            '"https://shop.example.com", "https://[',
            "29 sites.acme.origins[1]: https://shop.example.com is listed twice",
        ),
        ('"10.0.0.0/8", "::1"', '"::/0"', "9 service.trusted_proxies[0]: would trust everybody who connects"),
        (
            '"10.0.0.0/8", "::1"',
            '"::ffff:0:0/96"',
            "9 service.trusted_proxies[0]: would trust everybody who connects",
        ),
        (
            '"10.0.0.0/8", "::1"',
            '"::/64"',
            '9 service.trusted_proxies[0]: wanted an address or a range such as "10.0.0.0/8": it holds all of IPv4 '
            "as ::ffff:0:0/96; write ranges of IPv4 in their own form",
        ),
        (
            "[limits]",
            '[geo]\nproxy = "akamai"\n[limits]',
            "23 geo.proxy: wanted 'cloudflare' or 'cloudfront' or 'fastly', found 'akamai'",
        ),
        (
            "[limits]",
            '[geo]\nproxy = "fastly"\ncountry_header = "X-Country"\n[limits]',
            "23 geo.proxy: name the proxy or the headers, not both",
        ),
        (
            "[limits]",
            '[geo]\nregion_header = "X-Region"\n[limits]',
            "23 geo.region_header: has no effect without country_header",
        ),
        (
            "[limits]",
            '[geo]\ncountry_header = "X Country"\n[limits]',
            "23 geo.country_header: wanted a header such as",
        ),
        (
            "sensitive = true",
            'mspa = { approach = "federal" }',
            "32 sites.acme.mspa.approach: wanted 'national' or 'state', found 'federal'",
        ),
        (
            'regime = "us-ca"\nregimes = ["us-co", "us-ca"]',
            'regime = "elsewhere"\nmspa = {}',
            "31 sites.acme.mspa: is about US states; name one of them as the site's regime, or leave mspa out",
        ),
        ("loyalty = 0", "loyalty = 8", "42 sites.acme.incentives.loyalty: wanted 0 to 7, found 8"),
        (
            "loyalty = 0",
            "loyalty = 0\nclub = 0",
            "43 sites.acme.incentives.club: number 0 belongs to 'loyalty' already",
        ),
        (
            'when_denied = "restrict"',
            'when_denied = "ignore"',
            "52 partners.adnet.when_denied: wanted 'block' or 'restrict', found 'ignore'",
        ),
        (
            'service_provider_contract = "2026-01 framework"',
            "",
            '52 partners.adnet.when_denied: "restrict" needs adapter or service_provider_contract; else use "block"',
        ),
        (
            'domains = ["ads.example.net"]\nsites = ["acme"]\nrights = ["sale"]\nwhen_denied = "restrict"',
            'domains = ["x.example", "example.com"]\nsites = ["acme"]\nrights = ["sale"]',
            "49 partners.adnet.domains[1]: covers https://shop.example.com, which does not belong to the partner",
        ),
        ("[sites.acme]", "[sites]", "28 sites.name: wanted a table, found text"),
        (
            'banner_title = "Your choice"',
            'baner_title = "Your choice"',
            "45 sites.acme.texts.en.baner_title: unknown key; did you mean 'banner_title'?",
        ),
        (
            'banner_title = "Your choice"',
            'link = "Your choices"',
            "45 sites.acme.texts.en.link: the law gives its title: Your Privacy Choices or Your California",
        ),
        (
            'banner_title = "Your choice"',
            'close = " "',
            "45 sites.acme.texts.en.close: must not be empty",
        ),
        ("sensitive = true", 'lang = "de"', "32 sites.acme.lang: 'de' is not among langs (en, es)"),
        (
            "sensitive = true",
            'langs = ["en", "de"]',
            "32 sites.acme.langs[1]: there are no texts in 'de'; add texts.de",
        ),
        ("sensitive = true", 'langs = ["es"]', "44 sites.acme.texts.en: 'en' is not among langs (es)"),
        ("sensitive = true", "langs = []", "32 sites.acme.langs: needs at least one entry"),
        ("[sites.acme.texts.en]", "[sites.acme.texts.EN]", "44 sites.acme.texts.EN: wanted a language tag"),
    ],
)
def test_a_fault_says_what_was_wanted_and_what_was_found(old: str, new: str, fault: str) -> None:
    assert [found for found in faults(altered(old, new)) if found.startswith(fault)]


@pytest.mark.parametrize(("key", "value"), [("proxy", "fastly"), ("country_header", "X-Country")])
def test_headers_about_places_need_somebody_to_trust(key: str, value: str) -> None:
    text = f'{SMALLEST}\n[geo]\n{key} = "{value}"\n'
    [fault] = faults(text)
    assert fault.endswith(f" geo.{key}: counts only from service.trusted_proxies; name the proxies there")
    trusting = parse_config(text.replace("[business]", 'trusted_proxies = ["10.0.0.1"]\n[business]'), {})
    assert getattr(trusting.geo, key) == value


@pytest.mark.parametrize("url", ["https://shop.example.com", "https://shop.example.com/consent"])
def test_the_service_has_an_origin_that_is_none_of_a_sites(url: str) -> None:
    [fault] = faults(SMALLEST.replace("https://privacy.example.com", url))
    assert fault == (
        "2 service.public_url: https://shop.example.com is an origin of 'acme' too; "
        "the service needs one that no site's scripts are on"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://localhost:8001",
        "https://127.0.0.1:8001",
        "https://shop.example.com:8443",
        "https://privacy.shop.example.com",
    ],
)
def test_another_scheme_host_or_port_is_another_origin(url: str) -> None:
    text = altered("https://privacy.example.com/consent", url)  # a site is on http://127.0.0.1:8001
    assert parse_config(text, {}).service.public_url == url


def test_a_service_that_visitors_reach_without_tls_is_a_fault() -> None:
    [fault] = faults(SMALLEST.replace("https://privacy.example.com", "http://privacy.example.com"))
    assert fault.startswith("2 service.public_url: wanted an address such as ")
    assert "https:// in front" in fault


def test_a_site_on_the_services_origin_is_named_beside_other_faults() -> None:
    text = SMALLEST.replace("privacy.example.com", "shop.example.com").replace(
        '"us-ca"', '"us-ca"\nnonsense = 1'
    )
    assert [fault.split(":")[0] for fault in faults(text)] == [
        "2 service.public_url",
        "9 sites.acme.nonsense",
    ]


def test_a_site_that_shares_nothing_names_nobody_it_shares_with() -> None:
    text = altered("sensitive = true", "shares = false").replace("sold_to =", "shared_to =")
    assert faults(text) == ["39 sites.acme.disclosures[0].shared_to: the site says shares = false"]


def test_a_file_without_sites_says_so() -> None:
    text = SMALLEST.split("[sites.acme]")[0]
    assert faults(text) == ["0 sites: is missing"]
    assert faults(f"{text}[sites]\n") == ["5 sites: needs at least one entry"]
    assert faults(f"sites = 5\n{text}") == ["1 sites: wanted a table, found a whole number"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = = 2\n", 2), ("a = 1\n[x\n", 2), ("a = 1\na = 2\n", 2), ('a = """\n\n', 3), ("a = \x00", 1)],
)
def test_what_is_not_toml_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, {})
    [fault] = caught.value.faults
    assert fault.key == "", "the file has whatever name its owner gave it"
    assert fault.line == line
    assert fault.message.startswith("not TOML: ")


def test_a_fault_reads_as_one_sentence_with_its_place() -> None:
    assert str(Fault("service.port", 3, "is missing")) == "line 3: service.port: is missing"
    assert str(Fault("", 3, "not TOML: x")) == "line 3: not TOML: x"
    assert str(Fault("CONSENT_KEYS", 0, "is set, but empty")) == "CONSENT_KEYS: is set, but empty"


def changes_digest(old: str, new: str) -> bool:
    return config_digest(parse_config(altered(old, new), {})) != config_digest(parse_config(FULL, {}))


def test_the_digest_changes_with_every_fact_but_not_with_spelling_secrets_or_the_stores_place() -> None:
    assert changes_digest("max_age = 60", "max_age = 61")
    assert changes_digest('"Your choice"', '"Your choices"')
    assert not changes_digest("[flag]", "# comment\n[flag]")
    assert not changes_digest("/var/lib", "/srv")
    assert config_digest(parse_config(FULL, {"CONSENT_KEYS": encode_ring(RING)})) == config_digest(
        parse_config(FULL, {})
    )


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('prior_cmp = ["onetrast"]', "sites.acme.prior_cmp[0]"),
        ('prior_cookies = [{ cookie = "pc_acme", pattern = "x" }]', "sites.acme.prior_cookies[0].cookie"),
        (
            'prior_cookies = [{ cookie = "__Host-pc_acme", pattern = "x" }]',
            "sites.acme.prior_cookies[0].cookie",
        ),
        ('prior_cookies = [{ cookie = "a b", pattern = "x" }]', "sites.acme.prior_cookies[0].cookie"),
        ('prior_cookies = [{ cookie = "old", pattern = "(" }]', "sites.acme.prior_cookies[0].pattern"),
        ('prior_cookies = [{ cookie = "old", pattern = "(?P<a>x)" }]', "sites.acme.prior_cookies[0].pattern"),
        ('prior_cookies = [{ cookie = "old", pattern = "(?i)x" }]', "sites.acme.prior_cookies[0].pattern"),
        ("prior_cookies = [{ cookie = 'old', pattern = 'x\\Z' }]", "sites.acme.prior_cookies[0].pattern"),
        ('prior_cookies = [{ cookie = "old" }]', "sites.acme.prior_cookies[0]"),
        (
            'prior_cookies = [{ cookie = "old", sale_share = ["a=b"] }]',
            "sites.acme.prior_cookies[0].sale_share[0]",
        ),
        ('prior_cookies = [{ cookie = "old", sensitive = ["x"] }]', "sites.acme.prior_cookies[0].sensitive"),
        ('prior_cookies = [{ cookie = "old", id = "x" }]', "sites.acme.prior_cookies[0].id"),
        ('prior_cookies = [{ cookie = "old", id = "(x)(y)" }]', "sites.acme.prior_cookies[0].id"),
        ('prior_ids = ["usprivacy"]', "sites.acme.prior_ids[0]"),
    ],
)
def test_a_consent_tool_before_is_one_we_know_or_a_cookie_with_a_pattern(line: str, key: str) -> None:
    (fault,) = faults(SMALLEST + line)
    assert fault.startswith(f"9 {key}: ")


@pytest.mark.parametrize("name", ["*", "a*", "pc_*", "pc_acme", "pc*", "__Host-pc_*", ""])
def test_a_partners_names_may_take_away_nothing_else(name: str) -> None:
    partner = f'[partners.p]\nname = "P"\ndomains = ["p.example"]\nsites = ["acme"]\ncookies = ["{name}"]\n'
    (fault,) = faults(SMALLEST + partner)
    assert " partners.p.cookies[0]: " in fault


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        ('onetrust.sale_share = ["a:b"]', "onetrust.sale_share[0]", "wanted an id"),
        ('onetrust.sale_share = ["a b"]', "onetrust.sale_share[0]", "wanted an id"),
        ('onetrust.sale_share = ["a/b"]', "onetrust.sale_share[0]", "not the id of a group of onetrust"),
        ('trustarc.sale_share = ["1", "9"]', "trustarc.sale_share[1]", "not the id of a group of trustarc"),
        ("onetrust = {}", "onetrust", "give the ids"),
        ('cookiebot.sale_share = ["ads"]', "cookiebot", "the same on every site"),
        ('complianz.sale_share = ["event_1"]', "complianz", "prior_cmp"),
        ('onetrast.sale_share = ["BG1"]', "onetrast", "unknown tool"),
        ('onetrust.sensitive = ["BG1"]', "onetrust.sensitive", "sensitive = false"),
        ('onetrust = { sale_share = ["BG1"], sales = ["BG1"] }', "onetrust.sales", "unknown key"),
    ],
)
def test_a_sites_own_groups_are_those_of_a_tool_that_it_had(lines: str, key: str, said: str) -> None:
    before = 'prior_cmp = ["onetrust", "trustarc", "cookiebot"]\n'
    (fault,) = faults(f"{SMALLEST}{before}prior_groups.{lines}")
    assert fault.startswith(f"10 sites.acme.prior_groups.{key}: "), fault
    assert said in fault


def test_every_preset_that_holds_an_id_tells_it() -> None:
    examples = {
        "onetrust": "isGpcEnabled=0&consentId=0b0b6f5e-41c9-4ae4-8f4e-d5e1a0b7a3c1&groups=C0001:1",
        "cookiebot": "{stamp:'yQ+mB==',necessary:true,marketing:true}",
        "cookieyes": "consentid:QnVsbA,consent:yes,action:yes",
    }
    assert examples.keys() == {tool for tool, prior in PRESETS.items() if prior.id}
    found = {tool: re.findall(PRESETS[tool].id, text) for tool, text in examples.items()}
    assert found == {
        "onetrust": ["0b0b6f5e-41c9-4ae4-8f4e-d5e1a0b7a3c1"],
        "cookiebot": ["yQ+mB=="],
        "cookieyes": ["QnVsbA"],
    }
