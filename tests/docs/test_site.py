"""The documentation as a site: every page is in its navigation, and nothing on it is asked of another host."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from docs_site import DOCS, PROJECT_PAGES, foreign_addresses, relinked
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.docs.pages import ROOT
from tests.support.chromium import CHROMIUM, FLAGS

PHONE = ViewportSize(width=390, height=844)


def leaves(nav: object) -> Iterator[str]:
    """Yield the pages of a navigation, in order."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, list):
        for inner in nav:
            yield from leaves(inner)
    elif isinstance(nav, dict):
        yield from leaves(list(nav.values()))


def test_every_page_is_in_the_navigation_once() -> None:
    pages = list(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert sorted(pages) == sorted(there | {f"project/{name}" for name in PROJECT_PAGES})


def test_a_link_out_of_the_folder_leads_to_the_copy_in_the_site() -> None:
    source = DOCS / "operate" / "deploying.md"
    text = (
        "[a](../../deploy/proxies/nginx.conf) [b](redis.md#x) [c](#here) [d](https://a.example/) [e](gone.md)"
    )
    assert relinked(text, source) == (
        "[a](../project/deploy/proxies/nginx.conf) [b](redis.md#x) [c](#here) [d](https://a.example/) [e](gone.md)"
    )
    assert relinked("[a](docs/rules.md#x)", ROOT / "ARCHITECTURE.md") == "[a](../rules.md#x)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="//cdn.example/a.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="https://cdn.example/a.css">'),
        ("a.html", '<link rel="preconnect" href="https://cdn.example">'),
        ("a.html", '<img alt="" src="https://cdn.example/a.png">'),
        ("a.html", '<p style="background: url(https://cdn.example/a.png)"></p>'),
        ("a.css", "@import 'https://cdn.example/a.css';"),
        ("a.css", "p { background: url( //cdn.example/a.png ) }"),
    ],
)
def test_what_a_page_would_load_from_another_host_is_found(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    [address] = foreign_addresses(tmp_path)
    assert "//cdn.example" in address


def test_a_link_that_a_reader_may_follow_is_no_asset(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="https://a.example/">a</a><img src="a.png">', encoding="utf-8")
    (tmp_path / "a.css").write_text("p { background: url(a.png) }", encoding="utf-8")
    assert list(foreign_addresses(tmp_path)) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    mkdocs = ROOT / ".venv" / "bin" / "mkdocs"
    assert mkdocs.exists(), "mkdocs is missing: `make docs` brings it"
    subprocess.run([mkdocs, "build", "--strict", "--site-dir", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def opened(site: Path) -> Iterator[tuple[Page, list[str]]]:
    """A page of Chromium on a phone, and the addresses that it asks for; those of hosts are refused."""
    asked: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=PHONE, color_scheme="dark")
        page.on("request", lambda request: asked.append(request.url))
        page.route(re.compile("^https?:"), lambda route: route.abort())
        yield page, asked
        browser.close()


@pytest.mark.soak
def test_every_page_opens_from_the_disk_and_fits_a_phone(site: Path, opened: tuple[Page, list[str]]) -> None:
    page, asked = opened
    files = sorted(site.rglob("*.html"))
    assert len(files) > len(list(DOCS.rglob("*.md")))
    for file in files:
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), file
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob", "about"}


@pytest.mark.soak
def test_the_search_finds_a_page_with_no_server(site: Path, opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.goto((site / "index.html").as_uri())
    page.locator("label.md-header__button[for=__search]").click()
    page.locator(".md-search__input").press_sequentially("keep_alive_seconds")
    page.locator(".md-search-result__item a").first.click()
    page.wait_for_url(re.compile(r"/reference/configuration\.html"))


@pytest.mark.parametrize("lock", ["docs.txt", "demo.txt", "soak.txt", "test.txt"])
def test_a_lock_names_versions_and_hashes_and_no_address(lock: str) -> None:
    lines = (ROOT / "requirements" / lock).read_text("utf-8").splitlines()
    assert all(re.match(r"[a-z0-9._-]+==|    --hash=sha256:[0-9a-f]{64}", line) for line in lines)
