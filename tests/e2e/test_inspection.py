"""`check --url`: a real Chromium says what of a page reaches blocked partners."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest

from consent_service.cli.main import main
from tests.e2e.embedding import Shop, Written, shop
from tests.e2e.partners import FACTS, Partner, partner
from tests.support.chromium import CHROMIUM, MISSING

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def partner_server() -> Iterator[Partner]:
    with partner() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with its service, and its configuration in a file beside it."""
    assert CHROMIUM.exists(), MISSING
    folder = tmp_path_factory.mktemp("shop")
    with shop(folder, FACTS) as opened, opened.serving():
        (folder / "site.toml").write_text(opened.text)
        yield opened


def check(site: Shop, path: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Status, output and complaints of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["check", str(site.folder / "site.toml"), "--url", path])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_everything_that_reaches_the_partner_is_listed_with_what_to_do(
    site: Shop, partner_server: Partner, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = partner_server.origin
    # What a frame sends that has no stub of its own, here or in another process, is sent from this page, too.
    inside, elsewhere = (f"<script src='{origin}/{name}.js'></script>" for name in ("inside", "elsewhere"))
    site.pages["/"] = Written(
        head=f'<link rel="preconnect" href="{origin}">',
        body=f'<img src="{origin}/pixel.gif"><script>new Image().src = "{origin}/held.gif"</script>'
        f'<iframe srcdoc="{escape(inside)}"></iframe><iframe src="data:text/html,{quote(elsewhere)}"></iframe>',
    )
    partner_server.asked.clear()
    status, out, err = check(site, f"{site.origin}/", capsys)
    assert (status, err) == (1, "")
    assert f'hint (adnet): <link rel="preconnect" href="{origin}">' in out
    assert f'image (adnet): <img src="{origin}/pixel.gif">' in out
    assert f"request (adnet): Image {origin}/pixel.gif" in out
    assert f"request (adnet): Script {origin}/inside.js" in out
    assert f"request (adnet): Script {origin}/elsewhere.js" in out
    assert "take it out" in out
    assert "held.gif" not in out
    assert sorted(partner_server.asked) == ["/elsewhere.js", "/inside.js", "/pixel.gif"]


def test_a_page_whose_tags_are_marked_passes(
    site: Shop, partner_server: Partner, capsys: pytest.CaptureFixture[str]
) -> None:
    tag = f'<script type="text/plain" data-right="sale share" src="{partner_server.origin}/tag.js"></script>'
    site.pages["/"] = Written(body=tag)
    partner_server.asked.clear()
    status, out, err = check(site, f"{site.origin}/", capsys)
    assert (status, partner_server.asked) == (0, []), err
    assert "sends nothing to blocked partners while denied" in out


def test_an_origin_without_its_own_statement_about_the_signal_is_a_hint_until_it_leads_to_it(
    site: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/"] = Written()
    address, resource = f"{site.origin}/.well-known/gpc.json", f"{site.service}/s/acme/gpc.json"
    status, out, _ = check(site, f"{site.origin}/", capsys)
    assert (status, f"gpc.json: {address} answers 404\n    redirect it to {resource}" in out) == (0, True)
    site.pages["/.well-known/gpc.json"] = Written()
    status, out, _ = check(site, f"{site.origin}/", capsys)
    assert (status, f"{address} is text/html, not application/json" in out) == (0, True)
    del site.pages["/.well-known/gpc.json"]
    site.moved["/.well-known/gpc.json"] = resource
    status, out, _ = check(site, f"{site.origin}/", capsys)
    assert (status, "gpc.json" in out) == (0, False)
    site.moved.clear()


def test_what_cannot_be_looked_at_is_said_in_a_sentence(
    site: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, _, err = check(site, "http://elsewhere.localhost/", capsys)
    assert (status, "is not an origin of any site" in err) == (1, True)
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = check(site, f"{site.origin}/", capsys)
    assert (status, "Chromium is not on the PATH" in err) == (1, True)


def test_a_page_that_does_not_come_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with shop(tmp_path, FACTS) as gone:
        (tmp_path / "site.toml").write_text(gone.text)
    status, _, err = check(gone, f"{gone.origin}/", capsys)
    assert (status, "does not load: net::ERR_CONNECTION_REFUSED" in err) == (1, True)
