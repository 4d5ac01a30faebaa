"""The script that sites embed: addresses, caching, integrity, and earlier versions."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from consent_service.app import script_of
from consent_service.config import load
from consent_service.store.contract import Change, Key, Put
from consent_service.store.keys import desk_shard, script_name
from consent_service.texts import of_script, shipped
from consent_service.web.script import Script, build
from tests.running import FACTS, SERVICE, SHOP, START, Running


def script(tmp_path: Path, site: str = "acme", more: str = "") -> Script:
    """The site's script; `more` is put into its table."""
    text = FACTS.format(
        service=SERVICE,
        shop=SHOP,
        store=tmp_path / "x.db",
        cache="true",
        writes_per_minute=0,
        burst=1,
        proxies=[],
        more="",
    ).replace(f"[sites.{site}]", f"[sites.{site}]\n{more}")
    return script_of(load(text, {}), site, START)


def configured(text: str) -> dict[str, Any]:
    """What script or stub are given."""
    given: dict[str, Any] = json.loads(text[text.rindex("})(") + 3 : text.rindex(");")])
    return given


async def test_the_short_address_is_short_lived_and_the_digest_never_changes(service: Running) -> None:
    short = await service.client.get("/w/acme.js")
    assert short.headers["content-type"].startswith("text/javascript")
    assert "stale-while-revalidate" in short.headers["cache-control"]
    digest = hashlib.sha256(short.content).hexdigest()[:20]
    pinned = await service.client.get(f"/w/acme.{digest}.js")
    assert pinned.content == short.content
    assert "immutable" in pinned.headers["cache-control"]


async def test_its_bytes_do_not_depend_on_the_signal(service: Running) -> None:
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


async def test_what_was_never_served_is_not_found(service: Running) -> None:
    for name in ("nobody", "acme.0123456789abcdef0123", "acme.x", "acme." + "é" * 20, "acme..", "acme.%00"):
        assert (await service.client.get(f"/w/{name}.js")).status_code == 404


def test_configuration_cannot_break_out_of_a_script_element(tmp_path: Path) -> None:
    (tmp_path / "widget.js").write_text("use(__CONFIG__)")
    (tmp_path / "stub.js").write_text("use(__STUB__)")
    evil = {"texts": {"en": {"title": "</script><script>alert(1)</script>\u2028"}}}
    built = build(tmp_path, evil, evil)
    for text in (built.body.decode(), built.stub):
        assert "<" not in text
        assert "\u2028" not in text


def test_the_public_configuration_holds_only_what_is_public(tmp_path: Path) -> None:
    built = script(tmp_path)
    config = configured(built.body.decode())
    assert set(config) == {
        "site", "service", "cookie", "cookie_domain", "default", "regions", "frictionless", "link", "lang",
        "texts",
    }  # fmt: skip
    assert (config["site"], config["cookie"], config["default"]) == ("acme", "pc_acme", "aaa")
    assert config["regions"] == {"us-ca": "aaa"}
    assert configured(built.stub) == {"s": "acme", "k": "pc_acme", "d": "aaa", "r": {"us-ca": "aaa"}}


def test_the_script_speaks_the_sites_languages_in_the_sites_own_words(tmp_path: Path) -> None:
    more = 'langs = ["en", "es-MX"]\nlang = "es-MX"\ntexts.es-MX.keep = "Sin cambios"'
    config = configured(script(tmp_path, more=more).body.decode())
    assert config["lang"] == "es-mx"
    assert config["texts"].keys() == {"en", "es-mx"}
    assert config["texts"]["en"] == of_script(shipped()["en"])
    assert config["texts"]["es-mx"] == {**of_script(shipped()["es"]), "keep": "Sin cambios"}


@pytest.mark.parametrize(
    ("site", "more", "strings"),
    [
        ("acme", "notice_shown = false", ["1NNN", "1NYN", "1NYN"]),
        ("abroad", "", ["1---", "1---", "1YYN"]),
        ("abroad", "notice_shown = false", ["1---", "1---", "1NYN"]),
    ],
)
def test_us_privacy_strings_are_given_where_they_are_not_the_usual_ones(
    tmp_path: Path, site: str, more: str, strings: list[str]
) -> None:
    built = script(tmp_path, site, more)
    assert configured(built.body.decode())["us_privacy"] == strings
    assert configured(built.stub)["u"] == strings
