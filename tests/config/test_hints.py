"""Hints about whom a faultless configuration trusts, by key and line."""

from __future__ import annotations

from consent_service.config import parse_config
from consent_service.config.hints import config_hints

TEXT = """\
[service]
public_url = "https://privacy.example"
store = "sqlite:///consent.db"
[business]
name = "Acme"
[sites.shared]
name = "Shared"
origins = ["https://www.acme.example"]
cookie_domain = "acme.example"
regime = "us-ca"
[sites.alone]
name = "Alone"
origins = ["https://www.other.example"]
regime = "us-ca"
"""


def test_a_shared_cookie_trusts_every_host_below_its_domain() -> None:
    (hint,) = config_hints(TEXT, parse_config(TEXT, {}))
    assert (hint.key, hint.line) == ("sites.shared.cookie_domain", 9)
    assert "every host below acme.example" in hint.message


def test_a_cookie_of_one_host_trusts_nobody() -> None:
    text = TEXT.replace('cookie_domain = "acme.example"\n', "")
    assert config_hints(text, parse_config(text, {})) == ()
