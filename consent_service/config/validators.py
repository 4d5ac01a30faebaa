"""Checks of single values of the configuration. Each returns a sentence on the value's fault, or "".

Knows nothing of tables, lines or other values: checks of several values are in `cross_checks`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import quote, urlsplit

from consent_service.addresses import read_network
from consent_service.config.loopback import on_loopback
from consent_service.config.prior_cmp import PRESETS
from consent_service.domain.regimes import known_codes

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*")
_PYTHONS_OWN: Final = re.compile(r"\(\?(?![:=!]|<[=!])|\\[AZ]|[*+?}]\+|\{,")
_MOST_STARS: Final = 2
_PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_HOST: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_STORE: Final = re.compile(
    r"sqlite:///.+|rediss?(\+cluster)?://([^@/?#]*@)?[^@/?#]+([/?].*)?|rediss?\+sentinel://([^@/?#]*@)?[^@/?#]+/.+"
)
_COOKIE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # a token, RFC 6265 section 4.1.1
_GROUP: Final = re.compile(r"[!-~]{1,64}")
_PARTS_OF_PAIRS: Final = frozenset(",:;=&%{}[]\"'\\")
_LEAST_OF_A_NAME: Final = 2
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def key_fault(value: str) -> str:
    """Check the key of a site, partner or programme: it stands in paths, cookie names and the store's keys."""
    return (
        ""
        if _KEY.fullmatch(value)
        else "a key has 1 to 32 characters of a-z, 0-9 and -, and does not start with -"
    )


def text_fault(value: str) -> str:
    """Check a text for people."""
    return "" if value.strip() else "must not be empty"


def language_fault(value: str) -> str:
    """Check a BCP 47 tag, as `lang` attributes have it."""
    return "" if _LANGUAGE.fullmatch(value) else 'wanted a language tag such as "en" or "es-MX"'


def regime_fault(value: str) -> str:
    """Check a code of the regimes' table."""
    codes = known_codes()
    return "" if value in codes else f"unknown regime; known are {', '.join(sorted(codes))}"


def region_fault(value: str) -> str:
    """Check a country or a part of one, as ISO 3166-2 writes it."""
    return "" if _PLACE.fullmatch(value) else f'wanted a place such as "US" or "US-CA", found {value!r}'


def host_fault(value: str) -> str:
    """Check a host name: lower case, in its ASCII form."""
    return "" if _HOST.fullmatch(value) else 'wanted a host name such as "ads.example.com"'


def prior_cmp_fault(value: str) -> str:
    """Check the name of a consent tool in the table of presets."""
    tools = ", ".join(sorted(PRESETS))
    return "" if value in PRESETS else f"unknown tool; known are {tools}; others go into prior_cookies"


def prior_id_fault(value: str) -> str:
    """Check the name of a consent tool in that table whose cookie holds the visitor's id."""
    tools = sorted(name for name, prior in PRESETS.items() if prior.id)
    return "" if value in tools else f"known are {', '.join(tools)}; for others give prior_cookies an id"


def foreign_cookie_fault(value: str) -> str:
    """Check the name of another tool's cookie."""
    if not _COOKIE.fullmatch(value):
        return 'wanted a cookie\'s name such as "OptanonConsent"'
    is_own = value.removeprefix("__Host-").startswith("pc_")
    return "cookies that start with pc_ are this service's own" if is_own else ""


def pattern_fault(value: str) -> str:
    """Check a regular expression that Python and JavaScript read alike, as far as Python can tell."""
    if not value or _PYTHONS_OWN.search(value):
        return (
            "wanted a regular expression that JavaScript reads too: no named groups, no flags, no \\A and \\Z"
        )
    try:
        re.compile(value)
    except re.error as error:
        return f"not a regular expression: {error}"
    except (RecursionError, OverflowError):
        return "not a regular expression: it is nested too deeply, or repeats too often"
    return ""


def group_fault(value: str) -> str:
    """Check the id of a group, category or purpose in another tool's cookie."""
    if _GROUP.fullmatch(value) and not _PARTS_OF_PAIRS & set(value):
        return ""
    return "wanted an id as it stands in the cookie: 1 to 64 ASCII characters, no space, quote or , : ; = & % { } [ ]"


def id_pattern_fault(value: str) -> str:
    """Check a pattern with one group, which holds the id."""
    fault = pattern_fault(value)
    if not fault and re.compile(value).groups != 1:
        fault = "wanted one group in parentheses around the id; (?:…) does not count"
    return fault


def trace_fault(value: str) -> str:
    """Check a partner's name in cookies or storage; `*` stands for anything. It must not cover the site's own
    names.
    """
    if not value.isprintable() or len(value.replace("*", "")) < _LEAST_OF_A_NAME:
        return 'wanted a name such as "_ads_*": at least two characters beside the *'
    if value.count("*") > _MOST_STARS:
        return f"at most {_MOST_STARS} *: the page compares every cookie and storage name with it"
    prefix = value.removeprefix("__Host-").split("*")[0]
    return (
        "names that start with pc_ are this service's own" if "pc_".startswith(prefix[:3]) and prefix else ""
    )


def network_fault(value: str) -> str:
    """Check an address or a CIDR range."""
    try:
        is_everybody = not read_network(value).prefixlen
    except ValueError as error:
        return f'wanted an address or a range such as "10.0.0.0/8": {error}'
    return "would trust everybody who connects: name the proxies themselves" if is_everybody else ""


def header_name_fault(value: str) -> str:
    """Check a header's name (RFC 9110 section 5.6.2), or the empty text."""
    fits = _HEADER_NAME.fullmatch(value)
    return "" if fits else f'wanted a header such as "X-Country", found {value!r}'


def origin_fault(value: str) -> str:
    """Check an origin exactly as browsers send it (RFC 6454 section 6.2): no path, no default port, lower
    case.
    """
    fault = _form_fault(value)
    if not fault and urlsplit(value).path:
        fault = "no path"
    return f'wanted an origin such as "https://www.example.com": {fault}' if fault else ""


def address_fault(value: str) -> str:
    """Check an origin, with a path where a reverse proxy mounts the service."""
    fault = _form_fault(value)
    if not fault and urlsplit(value).path.endswith("/"):
        fault = "no / at the end"
    return _wanted_address(fault)


def public_url_fault(value: str) -> str:
    """Check the address of the service's own pages.

    Only over TLS or on this machine do browsers say who presses a button, and cut a window off from its
    opener.
    """
    fault = address_fault(value)
    if not fault and not value.startswith("https:") and not on_loopback(value):
        fault = _wanted_address(
            "https:// in front; http:// is for this machine alone (localhost, *.localhost, 127.0.0.1)"
        )
    return fault


def _wanted_address(fault: str) -> str:
    return f'wanted an address such as "https://privacy.example.com": {fault}' if fault else ""


def link_fault(value: str) -> str:
    """Check an http or https address to link to, or the empty text."""
    try:
        parts = urlsplit(value)
        fits = not value or (parts.scheme in _DEFAULT_PORTS and bool(parts.netloc))
    except ValueError:
        fits = False
    return "" if fits else 'wanted an address such as "https://www.example.com/privacy"'


def store_fault(value: str) -> str:
    """Check a store's URL for a file that people read: without a password."""
    fault = secret_store_fault(value)
    if not fault and _password_in(value):
        fault = "holds a password: put that into CONSENT_STORE_PASSWORD or CONSENT_STORE_PASSWORD_FILE"
    return fault


def secret_store_fault(value: str) -> str:
    """Check a store's URL, of an engine that exists. What it says beyond its form is for the engine to judge."""
    if _STORE.fullmatch(value):
        return ""
    return 'wanted a store\'s URL such as "sqlite:///consent.db" or "redis://host:6379/0"'


def add_password(url: str, password: str) -> str:
    """Return the URL with the password in it. Raises ValueError for a store that takes none, or has one
    already.
    """
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("redis"):
        raise ValueError("the store is a file, and has no password")
    if _password_in(url):
        raise ValueError("the store's URL holds a password already; give it once")
    user, at, hosts = rest.rpartition("@")
    return f"{scheme}://{user if at else ''}:{quote(password, safe='')}@{hosts}"


def _password_in(url: str) -> bool:
    user, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at) and url.startswith("redis") and ":" in user


def _form_fault(value: str) -> str:
    """Return the fault of an address that is not scheme, host, port and path as browsers write them, or ""."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "a host, and a port of 1 to 65535 where it is not the default"
    if parts.scheme not in _DEFAULT_PORTS:
        return "http:// or https:// in front"
    if parts.username is not None or parts.query or parts.fragment or value[-1:] in "?#":
        return "no user, query or fragment"
    if port == _DEFAULT_PORTS[parts.scheme]:
        return f"no :{port}, it is the default"
    if not _is_host(parts.hostname or "") or value != f"{parts.scheme}://{parts.netloc.lower()}{parts.path}":
        return "the host in lower case and ASCII (xn--), no spaces"
    return "" if not parts.netloc.endswith(":") else "no : without a port"


def _is_host(name: str) -> bool:
    if ":" not in name:
        return not host_fault(name)
    try:
        ipaddress.IPv6Address(name)
    except ValueError:
        return False
    return True
