"""The configuration: `consent.toml` (facts) and the environment (secrets), read once into frozen values.

May know the domain's regimes and the key ring's form; knows nothing of HTTP, processes or the store's
engines.
"""

from consent_service.config.environment import secret
from consent_service.config.loading import digest, load
from consent_service.config.shape import (
    Business,
    Config,
    Disclosure,
    FlagSettings,
    Geo,
    Kept,
    LedgerSettings,
    LimitSettings,
    PartnerFacts,
    Service,
    SiteFacts,
    TagFacts,
)

__all__ = [
    "Business",
    "Config",
    "Disclosure",
    "FlagSettings",
    "Geo",
    "Kept",
    "LedgerSettings",
    "LimitSettings",
    "PartnerFacts",
    "Service",
    "SiteFacts",
    "TagFacts",
    "digest",
    "load",
    "secret",
]
