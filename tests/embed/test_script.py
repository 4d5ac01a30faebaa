"""The script that sites embed: addresses, caching, integrity, and earlier versions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from consent_service import resources
from consent_service.config import parse_config
from consent_service.domain.regimes import known_codes
from consent_service.embed.script import BuiltScript, build
from consent_service.embed.site_script import script_of
from consent_service.store.contract import Change, Key, Put
from consent_service.store.names import desk_shard, script_name
from consent_service.texts import of_view, shipped
from tests.support.application import SERVICE, SHOP, Running, three_sites
from tests.support.clock import START

ON_RECORD = r"(?:^|; )(__Host-|-)?pc_acme=(?:1\.([ad]{3})\.(\w+)\.([0-3])\.(\d{10})\.(\d+)\.[\w.-]*(?![^;]))?"
"""The pattern of our own cookies among a page's."""


def facts(tmp_path: Path) -> str:
    """The document of a small service."""
    return three_sites(tmp_path)


def script(tmp_path: Path, site: str = "acme", more: str = "") -> BuiltScript:
    """The site's script; `more` is put into its table."""
    text = facts(tmp_path).replace(f"[sites.{site}]", f"[sites.{site}]\n{more}")
    return script_of(parse_config(text, {}), site, START)


def configured(text: str) -> Any:
    """Return the configuration that script, stub or guard are given; the script's inherits nothing."""
    given, _end = json.JSONDecoder().raw_decode(text, text.rindex("})(") + 3)
    if isinstance(given, dict):
        given.pop("__proto__", None)
    return given


async def test_the_short_address_is_short_lived_and_the_digest_never_changes(service: Running) -> None:
    short = await service.client.get("/w/acme.js")
    assert short.headers["content-type"].startswith("text/javascript")
    assert "stale-while-revalidate" in short.headers["cache-control"]
    digest = hashlib.sha256(short.content).hexdigest()[:20]
    pinned = await service.client.get(f"/w/acme.{digest}.js")
    assert pinned.content == short.content
    assert "immutable" in pinned.headers["cache-control"]


async def test_the_scripts_bytes_do_not_depend_on_the_signal(service: Running) -> None:
    plain = await service.client.get("/w/acme.js")
    signalled = await service.client.get("/w/acme.js", headers={"Sec-GPC": "1"})
    assert plain.content == signalled.content


async def test_a_version_that_was_served_before_is_still_served(service: Running) -> None:
    body = b"(function(){})();"
    digest = hashlib.sha256(body).hexdigest()[:20]
    put = Put(script_name(digest), body, START + 1000)
    await service.app.parts.store.commit(Change(desk_shard("acme"), put=[put]))
    assert (await service.client.get(f"/w/acme.{digest}.js")).content == body
    service.clock.now += 2000
    assert (await service.client.get(f"/w/acme.{digest}.js")).status_code == 404


async def test_todays_version_is_kept_for_thirteen_months(service: Running) -> None:
    digest = hashlib.sha256((await service.client.get("/w/acme.js")).content).hexdigest()[:20]
    (kept,) = await service.app.parts.store.get([Key(desk_shard("acme"), script_name(digest))])
    assert kept is not None
    assert kept.expires_at == START + 396 * 86_400


async def test_a_version_that_was_never_served_is_not_found(service: Running) -> None:
    for name in (
        "nobody",
        "acme.0123456789abcdef0123",
        "acme.x",
        "acme.",
        "acme." + "é" * 20,
        "acme..",
        "acme.%00",
    ):
        assert (await service.client.get(f"/w/{name}.js")).status_code == 404


def test_configuration_cannot_break_out_of_a_script_element(tmp_path: Path) -> None:
    (tmp_path / "widget.js").write_text("use(__CONFIG__)")
    (tmp_path / "natives.js").write_text("take()")
    (tmp_path / "stub.js").write_text("use(__STUB__)")
    (tmp_path / "view.js").write_text("use(__WORDS__)")
    (tmp_path / "settings.js").write_text("open()")
    (tmp_path / "writing.js").write_text("hook()")
    title = "</script><script>alert(1)</script>\u2028"
    evil = {"title": title, "service": "", "s": "acme"}
    built = build(tmp_path, evil, evil, {"es": {"title": title}})
    for text in (built.body.decode(), built.stub, *map(bytes.decode, built.files.values())):
        assert "<" not in text
        assert "\u2028" not in text


def test_the_natives_runtime_is_in_the_script_once_and_in_no_file_that_it_fetches() -> None:
    dist = resources.widget_folder()
    public: dict[str, object] = {
        "service": "", "rule": {}, "cookie_domain": None, "prior": [], "traces": [], "look": "", "debug": "",
    }  # fmt: skip
    built = build(dist, public, {"s": "acme"}, {"en": {}})
    assert built.body.count(b"contentWindow)") == 1
    for fetched in (*built.views.values(), built.settings, built.writing, built.prior or b""):
        assert b"contentWindow)" not in fetched


def test_the_public_configuration_holds_only_what_is_public(tmp_path: Path) -> None:
    built = script(tmp_path)
    config = configured(built.body.decode())
    assert set(config) == {
        "rule", "service", "cookie_domain", "frictionless", "link", "lang", "sensitive", "views",
        "settings", "writing", "strings", "sections",
    }  # fmt: skip
    assert config["rule"] == {
        "s": "acme",
        "d": "aaa",
        "r": {},
        "u": ["1YNN", "1YYN", "1YYN"],
        "g": [[8], "DBABBg~BVVVVUCA.QA", "DBABBg~BVVVVUCA.YA"],
        "m": 300,
        "p": f"{ON_RECORD}|$",
        "h": 1,
    }
    assert configured(built.stub) == config["rule"]


def test_the_stub_knows_whether_other_hosts_share_the_cookie_and_the_longest_max_age(tmp_path: Path) -> None:
    assert "h" not in configured(script(tmp_path, more='cookie_domain = "shop.example"').stub)
    former = b".former="
    assert script(tmp_path).body.count(former) == 1
    assert script(tmp_path, more='cookie_domain = "shop.example"').body.count(former) == 0
    for max_age, longest in ((0, 1), (600, 600)):
        text = facts(tmp_path).replace("[flag]", f"[flag]\nmax_age = {max_age}")
        assert configured(script_of(parse_config(text, {}), "acme", START).stub)["m"] == longest


@pytest.mark.parametrize(
    ("cookies", "found"),
    [
        ("a=1; pc_acme=1.dda.choice.0.1795000000.300.t.k; b=2", ["dda"]),
        ("__Host-pc_acme=1.aaa.default.0.1795000000.300.; pc_acme=?", ["aaa", None]),
        ("pc_acme=; pc_acme2=1; xpc_acme=1; x__Host-pc_acme=1; pc_acme", [None]),
        ("pc_acme=1.dda.choice.0.1795000000.300.t k", [None]),
    ],
)
def test_the_pattern_of_what_is_on_record_finds_our_cookies_alone(
    tmp_path: Path, cookies: str, found: list[str | None]
) -> None:
    pattern = configured(script(tmp_path).stub)["p"]
    *matches, end = re.finditer(pattern, cookies)
    assert [match[2] for match in matches] == found
    assert end.span() == (len(cookies), len(cookies)), "the end of the text is the last match"


def test_a_look_that_is_not_the_usual_one_is_named_and_its_styles_come_with_the_view(tmp_path: Path) -> None:
    given, plain = script(tmp_path, more='look = "corner"'), script(tmp_path)
    assert configured(given.body.decode())["look"] == "corner"
    for lang, view in given.views.items():
        assert view.count(b".corner .banner{") == 1
        assert b".corner" not in plain.views[lang] + given.body


def test_only_regions_with_another_default_are_named(tmp_path: Path) -> None:
    more = 'regimes = ["us-co", "us-tx", "elsewhere"]'
    found = configured(script(tmp_path, more=more).stub)
    assert (found["d"], found["r"]) == ("ddd", {"us-ca": "aaa", "us-co": "aad", "us-tx": "aad"})
    found = configured(script(tmp_path, more='regimes = ["us-co", "us-tx"]').stub)
    assert (found["d"], found["r"]) == ("aad", {"us-ca": "aaa"})


def test_what_every_american_regime_adds_to_the_stub_is_small(tmp_path: Path) -> None:
    codes = sorted(known_codes() - {"us-ca", "elsewhere"})
    plain, built = script(tmp_path), script(tmp_path, more=f"regimes = {json.dumps(codes)}")
    assert len(built.stub.encode()) - len(plain.stub.encode()) <= 512


def test_a_site_that_uses_an_extra_gets_it_and_nobody_else_does(tmp_path: Path) -> None:
    plain = script(tmp_path)
    given = script(tmp_path, more='prior_cmp = ["onetrust"]\nreload_on_opt_out = true')
    config = configured(given.body.decode())
    assert config["reload"] is True
    assert [reading["cookie"] for reading in tables(given)["prior"]] == [
        "OptanonConsent",
        "OneTrustWPCCPAGoogleOptOut",
    ]
    assert given.body.count(b".earlier=") == 1
    assert (plain.prior, plain.body.count(b".earlier=")) == (None, 0)
    assert configured(given.stub)["p"] == f"{ON_RECORD}|(OptanonConsent|OneTrustWPCCPAGoogleOptOut)=|$"
    assert len(given.body) - len(json.dumps(config)) > len(plain.body) - len(
        json.dumps(configured(plain.body.decode()))
    )


def tables(built: BuiltScript) -> Any:
    """Return the tables in the file that reads another tool's cookies."""
    assert built.prior is not None
    return configured(built.prior.decode())


def test_the_tables_of_another_tools_cookies_are_in_the_file_that_reads_them_alone(tmp_path: Path) -> None:
    given = script(tmp_path, more='prior_cmp = ["onetrust"]')
    assert given.prior is not None
    digest = hashlib.sha256(given.prior).hexdigest()[:20]
    assert configured(given.body.decode())["prior"] == f"{SERVICE}/w/acme.{digest}.js"
    assert given.files[digest] == given.prior
    assert b"isGpcEnabled" not in given.body


def test_a_tool_whose_export_was_imported_is_doubt_too_and_one_file_reads_it(tmp_path: Path) -> None:
    own = 'prior_cookies = [{ cookie = "old.tool", id = "id=(.+)" }]'
    given = script(tmp_path, more=f'prior_cmp = ["usprivacy"]\nprior_ids = ["onetrust"]\n{own}')
    assert [reading["cookie"] for reading in tables(given)["prior"]] == ["usprivacy"]
    assert tables(given)["prior_ids"] == [["OptanonConsent", r"\bconsentId=([^&]+)"], ["old.tool", "id=(.+)"]]
    assert configured(given.stub)["p"] == rf"{ON_RECORD}|(usprivacy|OptanonConsent|old\.tool)=|$"
    assert given.body.count(b".earlier=") == 1
    assert set(tables(script(tmp_path, more='prior_ids = ["onetrust"]'))) == {"prior_ids"}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [("", True), ('cookie_domain = "shop.example"', False), ("string_cookies = false", False)],
)
def test_what_uncovers_our_cookies_comes_where_they_are_one_hosts_alone(
    tmp_path: Path, more: str, wanted: bool
) -> None:
    body = script(tmp_path, more=more).body.decode()
    uncovering = (resources.widget_folder() / "erasing.js").read_text(encoding="utf-8")
    assert (uncovering in body) is wanted


BLOCKED = """
[partners.adnet]
name = "adnet"
domains = ["adnet.example", "adnet.test"]
sites = ["acme"]
[partners.restricted]
name = "restricted"
domains = ["restricted.example"]
sites = ["acme", "abroad"]
when_denied = "restrict"
service_provider_contract = "2026-01"
"""


def test_only_a_site_with_a_blocked_partner_has_the_guard_behind_its_stub(tmp_path: Path) -> None:
    config = parse_config(facts(tmp_path) + BLOCKED, {})
    plain, guarded = (script_of(config, site, START) for site in ("abroad", "acme"))
    assert dict(plain.behind) == {}
    assert plain.inline.endswith(f"{{{plain.stub}}}")
    assert guarded.inline.endswith(f"{{{guarded.stub};{guarded.behind['guard']}}}")
    assert configured(guarded.behind["guard"]) == [
        ["adnet\\.example", "sale", "share"],
        ["adnet\\.test", "sale", "share"],
    ]
    hashed = base64.b64encode(hashlib.sha256(guarded.inline.encode()).digest()).decode()
    assert guarded.inline_hash == f"'sha256-{hashed}'"
    assert "restricted.example" not in guarded.inline + guarded.body.decode()


def test_partners_names_never_match_our_own(tmp_path: Path) -> None:
    config = parse_config(
        facts(tmp_path)
        + """
[partners.adnet]
name = "adnet"
domains = ["adnet.example"]
sites = ["acme"]
rights = ["share"]
cookies = ["_adnet", "_ad.*", "us*", "__*"]
storage = ["*dnet"]
[partners.other]
name = "other"
domains = ["other.example"]
sites = ["abroad"]
cookies = ["_other"]
""",
        {},
    )
    (traces,) = configured(script_of(config, "acme", START).body.decode())["traces"]
    assert traces["rights"] == "share"
    cookies, storage = re.compile(traces["cookies"]), re.compile(traces["storage"])
    assert [name for name in ("_adnet", "_ad.1", "_adx", "x_adnet", "_adnet2") if cookies.match(name)] == [
        "_adnet",
        "_ad.1",
    ]
    ours = ("usprivacy", "__gpp", "__gpp_sid", "pc_acme")
    assert [name for name in (*ours, "user", "__gads") if cookies.match(name)] == ["user", "__gads"]
    assert storage.match("adnet")
    assert not storage.match("pc_acme_adnet")


def named(tmp_path: Path, trace: str) -> re.Pattern[str]:
    """The pattern by which the page finds what a partner with this trace left."""
    partner = f'name = "adnet"\ndomains = ["adnet.example"]\nsites = ["acme"]\ncookies = [\'{trace}\']'
    config = parse_config(f"{facts(tmp_path)}\n[partners.adnet]\n{partner}", {})
    (traces,) = configured(script_of(config, "acme", START).body.decode())["traces"]
    return re.compile(traces["cookies"])


@pytest.mark.parametrize(
    "trace", ["_ad_*", "*_ad", "_ad*id", "a*b*c", "*ab*", "ab*ab*ab", "a.*b+*(c", "aa**a"]
)
def test_a_star_in_a_partners_name_stands_for_any_characters(tmp_path: Path, trace: str) -> None:
    pattern = named(tmp_path, trace)
    inside = [trace.replace("*", text) for text in ("", "x", "ab", "aabb", "abab", trace.replace("*", ""))]
    outside = (
        [f"x{name}" for name in inside] + [f"{name}x" for name in inside] + [name[1:] for name in inside]
    )
    for name in (*inside, *outside):
        assert bool(pattern.match(name)) == fnmatchcase(name, trace), name


def test_a_host_name_of_any_length_is_matched_in_linear_time(tmp_path: Path) -> None:
    pattern = named(tmp_path, "_a*b*c")

    def seconds(size: int) -> float:
        began = time.thread_time()
        assert not pattern.match(f"_a{'b' * size}")
        return time.thread_time() - began

    once = min(seconds(2000) for _ in range(3))
    assert min(seconds(16_000) for _ in range(3)) < 24 * max(once, 1e-4)


async def test_the_debug_panel_has_an_address_that_never_changes(tmp_path: Path) -> None:
    built = script(tmp_path, more="debug = true")
    assert built.panel is not None
    address = configured(built.body.decode())["debug"]
    assert address == f"{SERVICE}/w/acme.{hashlib.sha256(built.panel).hexdigest()[:20]}.js"
    assert set(built.files.values()) == {
        built.body,
        built.settings,
        built.writing,
        built.panel,
        *built.views.values(),
    }
    assert script(tmp_path).panel is None


async def test_what_the_script_loads_by_itself_has_addresses_that_never_change(
    service: Running,
) -> None:
    config = configured((await service.client.get("/w/acme.js")).text)
    for address in (config["settings"], config["writing"], *config["views"].values()):
        answer = await service.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        digest = hashlib.sha256(answer.content).hexdigest()[:20]
        assert address == f"{SERVICE}/w/acme.{digest}.js"
        (kept,) = await service.app.parts.store.get([Key(desk_shard("acme"), script_name(digest))])
        assert kept is not None, "a script that outlives an upgrade finds what it loads"
        assert kept.value == answer.content


def test_in_first_party_mode_what_comes_later_comes_over_the_sites_own_way(tmp_path: Path) -> None:
    more = f'first_party = "{SHOP}/privacy"\nprior_cmp = ["onetrust"]'
    config = configured(script(tmp_path, more=more).body.decode())
    for address in (config["settings"], config["writing"], config["prior"], *config["views"].values()):
        assert address.startswith(f"{SHOP}/privacy/w/acme.")


def test_each_language_has_a_view_of_its_own(tmp_path: Path) -> None:
    built = script(tmp_path, more='langs = ["en", "es-MX"]\nlang = "es-MX"\ntexts.es-MX.keep = "Sin cambios"')
    config = configured(built.body.decode())
    assert config["lang"] == "es-mx"
    assert config["views"].keys() == built.views.keys() == {"en", "es-mx"}
    assert configured(built.views["es-mx"].decode()) == {
        **of_view(shipped()["es"], sensitive=True),
        "keep": "Sin cambios",
    }
    assert configured(built.views["en"].decode()) == of_view(shipped()["en"], sensitive=True)


@pytest.mark.parametrize(
    ("site", "more", "strings"),
    [
        ("acme", "notice_shown = false", ["1NNN", "1NYN", "1NYN"]),
        ("abroad", "", ["1---", "1---", "1YYN"]),
        ("abroad", "notice_shown = false", ["1---", "1---", "1NYN"]),
    ],
)
def test_us_privacy_strings_are_those_of_the_site(
    tmp_path: Path, site: str, more: str, strings: list[str]
) -> None:
    built = script(tmp_path, site, more)
    assert configured(built.body.decode())["rule"]["u"] == strings
    assert configured(built.stub)["u"] == strings


async def test_the_types_are_served_beside_the_scripts(service: Running) -> None:
    answer = await service.client.get("/w/privacy-choices.d.ts")
    assert answer.status_code == 200
    assert "interface PrivacyChoices" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
