"""Snippet: what a site's owner pastes into the page, and what its content security policy must name."""

from __future__ import annotations

from consent_service.web.script import Script


def render_snippet(site: str, public_url: str, script: Script) -> str:
    """Stub, script tag with integrity, the policy's sources, and what browsers do to the cookie."""
    address = f"{public_url}/w/{site}"
    return f"""\
1. Paste these two lines as the first thing in <head>, before any tag:

<script>{script.stub}</script>
<script async src="{address}.js"></script>

2. Or, in place of the second line, exactly this version of the script, proven by its hash and kept 13 months:

<script async src="{address}.{script.digest}.js" integrity="{script.integrity}" crossorigin="anonymous"></script>

3. Add to the site's content security policy, where it has one:

script-src {script.stub_hash} {public_url}; connect-src {public_url}

The stub has {len(script.stub.encode())} bytes.

Safari forgets cookies that a script has set after 7 days. A signal is read again at every page load, and a
visitor who is forgotten is asked again; to keep choices longer, serve this from a subdomain of the site.
"""
