"""Templates: Jinja2 pages of the service, sent with a strict content security policy.

Every page gets a fresh nonce for its one style sheet and its one script; nothing else may run, and nothing may
be loaded from anywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from consent_service.services.sites import Site


class Pages:
    """Renders pages."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self,
        name: str,
        site: Site,
        lang: str,
        *,
        status: int = 200,
        framed_by: Iterable[str] = (),
        **values: object,
    ) -> HTMLResponse:
        """The page as an answer that nobody keeps; `framed_by` names the origins that may frame it.

        In the template `say` gives the words of a key, in the page's language and with the site's name.
        """
        nonce = secrets.token_urlsafe(16)
        words = site.texts[lang]

        def say(key: str) -> str:
            return words[key].replace("{site}", site.name)

        html = self._environment.get_template(name).render(
            nonce=nonce, site=site, lang=lang, say=say, **values
        )
        ancestors = " ".join(sorted(framed_by)) or "'none'"
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'; "
            f"base-uri 'none'; frame-ancestors {ancestors}"
        )
        headers = {
            "content-security-policy": policy,
            "cache-control": "no-store",
            # Nothing for other sites; under "no-referrer" a browser would send our own forms with `Origin: null`.
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }
        return HTMLResponse(html, status, headers)
