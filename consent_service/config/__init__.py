"""The configuration: `consent.toml` (facts) and the environment (secrets), read once into frozen values.

May know the domain's regimes and the key ring's form; knows nothing of HTTP, processes or the store's
engines.
"""

from consent_service.config.environment import read_secret
from consent_service.config.loader import config_digest, parse_config
from consent_service.config.schema import (
    Business,
    Config,
    Disclosure,
    FlagSettings,
    Geo,
    LedgerSettings,
    LimitSettings,
    PartnerFacts,
    RetentionMonths,
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
    "LedgerSettings",
    "LimitSettings",
    "PartnerFacts",
    "RetentionMonths",
    "Service",
    "SiteFacts",
    "TagFacts",
    "config_digest",
    "parse_config",
    "read_secret",
]
