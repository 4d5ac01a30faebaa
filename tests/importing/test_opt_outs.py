"""The import as a use case: what is refused before a line is read, and what a dry run leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.errors import ConfigError, ImportRefused, UnknownSite
from consent_service.importing.opt_outs import OptOutImport
from consent_service.importing.outcomes import Result
from tests.support.installations import Installation, kinds


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    installation.name_tool("onetrust")
    return installation


def test_a_tool_whose_ids_the_site_s_pages_never_look_for_is_refused(installation: Installation) -> None:
    with pytest.raises(ImportRefused, match=r"name the tool in sites\.acme\.prior_ids"):
        OptOutImport(installation.config, "acme", "cookiebot")


def test_a_site_that_is_not_configured_is_refused(installation: Installation) -> None:
    with pytest.raises(UnknownSite, match="configured sites: acme"):
        OptOutImport(installation.config, "other", "onetrust")


def test_without_a_key_ring_nothing_is_imported(installation: Installation) -> None:
    installation.env.clear()
    with pytest.raises(ConfigError, match="no key ring"):
        OptOutImport(installation.config, "acme", "onetrust")


def test_a_dry_run_says_what_would_be_imported_and_writes_nothing(installation: Installation) -> None:
    text = "id,sale_share\na1,opt_out\na2,opt_in\n"
    results = [
        [outcome.result for outcome in installation.import_export("onetrust", text, dry_run=dry_run)[0]]
        for dry_run in (True, False)
    ]
    assert results == [[Result.IMPORTED, Result.REFUSED]] * 2
    assert installation.serve(kinds) == ["ChoiceEntry"]
