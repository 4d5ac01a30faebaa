"""Templates: Jinja2 pages of the service, sent with a strict content security policy.

Every page gets a fresh nonce for its one style sheet and its one script; nothing else may run, and nothing may
be loaded from anywhere.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from consent_service.errors import NotPressed
from consent_service.services.sites import Site


class Templates:
    """Renderer of the pages' templates."""

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
        **values: object,
    ) -> HTMLResponse:
        """Return the page as an answer that no cache keeps and no page frames.

        In the template, `say` returns the text of a key, in the page's language and with the site's name.
        """
        nonce = secrets.token_urlsafe(16)
        words = site.texts[lang]

        def say(key: str) -> str:
            return words[key].replace("{site}", site.name)

        html = self._environment.get_template(name).render(
            nonce=nonce, site=site, lang=lang, say=say, **values
        )
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "content-security-policy": policy,
            "x-frame-options": "DENY",
            "cache-control": "no-store",
            # Nothing for other sites; under "no-referrer" a browser would send our own forms with `Origin: null`.
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }
        return HTMLResponse(html, status, headers)

    def refused(self, site: Site, lang: str, error: NotPressed, back: str) -> HTMLResponse:
        """Return the page that says why a form was refused, with status 403."""
        why = "page_refused_unsaid" if error.unsaid else "page_refused_foreign"
        return self.render("refused.html", site, lang, status=403, why=why, back=back)
