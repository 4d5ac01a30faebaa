"""Checks of each site's embedding. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from consent_service.config import Config
from consent_service.config.first_party import first_party
from consent_service.doctor.diagnosis import Diagnosis, hint, ok


def judge_sites(config: Config) -> Iterator[Diagnosis]:
    """Judge for each site how long its visitors stay known, and whom its cookie trusts.

    Safari forgets in 7 days what a script wrote.
    """
    for key, site in config.sites.items():
        way = first_party(site, config.service.public_url)
        if way is None:
            yield hint(
                "first party",
                f"{key}: Safari drops its cookie 7 days after the last visit, and the choice with it",
                "Put the service on the site's domain (cookie_domain), or give the site a path to it "
                f"(first_party): `consent-service snippet {key} --nginx` prints how.",
            )
        else:
            yield ok("first party", f"{key}: its cookie is set by {way.address}, and kept for 400 days")
        if site.cookie_domain is not None:
            yield ok(
                "cookie", f"{key}: trusts every host below {site.cookie_domain}, for each can set its cookie"
            )
