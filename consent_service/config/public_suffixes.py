"""Public suffixes: domains such as `co.uk` or `github.io`, below which anybody can have a name of their own.

Browsers drop a cookie for such a domain. The list is the one that browsers use (publicsuffix.org), as the library
ships it. A name that the list does not know passes here, because networks of a company make up their own.
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def is_public_suffix(domain: str) -> bool:
    """Return True for a domain that the list names, by a registry or by a provider who lets out names below it."""
    return bool(_suffix_list(only_icann=False).is_public(domain))


def is_registry(domain: str) -> bool:
    """Return True for a domain below which a registry sells names, such as `com` or `co.uk`."""
    return bool(_suffix_list(only_icann=True).is_public(domain))


@cache
def _suffix_list(*, only_icann: bool) -> PublicSuffixList:
    """Return the list in the library's file. Reading it takes some 70 ms, so it is read when first needed."""
    return PublicSuffixList(accept_unknown=False, only_icann=only_icann)
