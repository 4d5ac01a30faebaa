"""Snippet: what a site's owner pastes into the page, and what its content security policy must name.

Every block that is to be pasted stands alone between empty lines. Knows the built script and the addresses, nothing
of files or processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from consent_service.config.first_party import FirstParty, origin_of
from consent_service.embed.script import BuiltScript

TRUSTED_TYPES_POLICY = "privacy-choices"

_SCRIPT_ONLY = """\
Safari forgets cookies that a script has set after 7 days. A signal is read again at every page load, but a visitor
who is forgotten is asked again, and an opt-out without a signal is lost there. First-party mode cures it: the
service's answers set the cookie, for 400 days. Lead a path of the site to the service and say first_party; or put
it on a host of the site's own domain and say cookie_domain, which trusts every host below it. Then `--nginx` writes
the web server's part.
"""
_FIRST_PARTY = """\
First-party mode: script and calls go to {address},
and the answers there keep the cookie for 400 days, in Safari too, as long as that host and the site's pages are
served from one network: Safari compares the first half of their addresses, and takes a CNAME to somebody else's
name for theirs. `--nginx` writes the web server's part.
"""


@dataclass(frozen=True, slots=True)
class Embed:
    """Snippet of one site. `way` None: the site reaches the service under the service's own address alone."""

    site: str
    script: BuiltScript
    public_url: str
    way: FirstParty | None

    @property
    def address(self) -> str:
        """Base address of script and calls, without a slash at the end."""
        return self.way.address if self.way else self.public_url

    @property
    def origin(self) -> str:
        """Source for a policy: an origin, for a source with a path would have to match it to the letter."""
        return origin_of(urlsplit(self.address))


def render_snippet(embed: Embed) -> str:
    """Stub, script tag with integrity, the policy's sources, and what browsers do to the cookie."""
    script, address = embed.script, f"{embed.address}/w/{embed.site}"
    return f"""\
1. Paste these two lines as the first thing in <head>, before any tag:

{_stub(script)}
<script async src="{address}.js"></script>

2. Or, in place of the second line, exactly this version of the script, proven by its hash and kept 13 months:

<script async src="{address}.{script.digest}.js" integrity="{script.integrity}" crossorigin="anonymous"></script>

3. Add to the site's content security policy, where it has one (`--csp` says more):

{_policy(embed, embed.origin)}

4. {_page(embed)}
The stub has {_sizes(script)}.

{_cookie(embed)}"""


def render_self_hosted(embed: Embed, file: str, config: str) -> str:
    """The same for a script that the site serves itself from this file, and how to tell when it is outdated."""
    name = file.rpartition("/")[2]
    return f"""\
Wrote {file}: {len(embed.script.body)} bytes, version {embed.script.digest}.

1. Paste these two lines as the first thing in <head>, with the address under which the site serves the file:

{_stub(embed.script)}
<script async src="/{name}" integrity="{embed.script.integrity}"></script>

2. Add to the site's content security policy, where it has one (`--csp` says more):

{_policy(embed, f"'self' {embed.origin}")}

Banner, link and settings still come from the service: that is what its name in script-src is for. Where they can't
be had, `open()` leads to the service's own page.

3. The file holds the site's configuration. Write it again, and paste both lines again, after every upgrade of the
service and every change of {config}. This says whether it is time (status 1: it is):

consent-service check {config} --self-hosted {embed.site}={file}

4. {_page(embed)}
{_cookie(embed)}"""


def render_policy(embed: Embed) -> str:
    """Return the sources that a content security policy must allow, for both of the usual kinds."""
    return f"""\
Each line is a directive and what to add to the site's own.

Where the policy names hosts:

{_policy(embed, embed.origin).replace("; ", chr(10))}

Where it has a nonce and 'strict-dynamic', put the nonce on both elements; what waits for a right gets it from the
script when it is released. The script's own style needs no source.

connect-src {embed.origin}

Where it says form-action, so that the settings may hand the visitor over to the service's own page:

form-action {origin_of(urlsplit(embed.public_url))}

Where it has require-trusted-types-for 'script', name the script's policy:

trusted-types {TRUSTED_TYPES_POLICY}
"""


def _stub(script: BuiltScript) -> str:
    return f"<script>{script.inline}</script>"


def _sizes(script: BuiltScript) -> str:
    """The bytes of what stands in the page itself."""
    behind = (f"{name} behind it {len(text.encode())}" for name, text in script.behind.items())
    return ", ".join((f"{len(script.stub.encode())} bytes", *behind))


def _page(embed: Embed) -> str:
    """The way to the choices where no script runs."""
    return f"""\
Where the site's footer links stand, for visitors whose browsers run no scripts:

<noscript><a href="{embed.public_url}/s/{embed.site}/privacy-choices">Your Privacy Choices</a></noscript>
"""


def _policy(embed: Embed, source: str) -> str:
    return f"script-src {embed.script.inline_hash} {source}; connect-src {embed.origin}"


def _cookie(embed: Embed) -> str:
    return _FIRST_PARTY.format(address=embed.address) if embed.way else _SCRIPT_ONLY
