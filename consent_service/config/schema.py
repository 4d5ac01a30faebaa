"""The configuration's schema: one frozen struct for each table of `consent.toml`; types are documentation.

A field's type names the check of its value (`validators`); checks of several values together are in
`cross_checks`. No logic here but what a fact says about itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from consent_service.config import validators
from consent_service.config.prior_cmp import PRESETS, CookieReading, Groups, read_groups
from consent_service.config.tag_switches import TAG_SWITCHES, VENDORS
from consent_service.errors import ConfigError, Fault, UnknownSite
from consent_service.identity.key_ring import KeyRing

_NO_KEY_RING: Final = (
    "no key ring: make one with `consent-service keys new FILE` and name it in CONSENT_KEYS_FILE"
)


def _checked_by(check: Callable[[str], str]) -> msgspec.Meta:
    return msgspec.Meta(extra={"check": check})


Key = Annotated[str, _checked_by(validators.key_fault)]
Text = Annotated[str, _checked_by(validators.text_fault)]
HeaderName = Annotated[str, _checked_by(validators.header_name_fault)]
Language = Annotated[str, _checked_by(validators.language_fault)]
RegimeCode = Annotated[str, _checked_by(validators.regime_fault)]
Host = Annotated[str, _checked_by(validators.host_fault)]
Network = Annotated[str, _checked_by(validators.network_fault)]
Origin = Annotated[str, _checked_by(validators.origin_fault)]
PublicUrl = Annotated[str, _checked_by(validators.public_url_fault)]
Address = Annotated[str, _checked_by(validators.address_fault)]
Link = Annotated[str, _checked_by(validators.link_fault)]
StoreUrl = Annotated[str, _checked_by(validators.store_fault)]
PriorId = Annotated[str, _checked_by(validators.prior_id_fault)]
PriorCmp = Annotated[str, _checked_by(validators.prior_cmp_fault)]
ForeignCookie = Annotated[str, _checked_by(validators.foreign_cookie_fault)]
Pattern = Annotated[str, _checked_by(validators.pattern_fault)]
IdPattern = Annotated[str, _checked_by(validators.id_pattern_fault)]
GroupId = Annotated[str, _checked_by(validators.group_fault)]
Trace = Annotated[str, _checked_by(validators.trace_fault)]
Place = Annotated[str, _checked_by(validators.region_fault)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Months = Annotated[int, msgspec.Meta(ge=24, le=1200)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """`[service]`: where it listens and what it stands on.

    `metrics_port` 0 = no metrics listener. `drain_seconds`: how long `/readyz` fails before the
    listener closes, so that a load balancer looks away first. `trusted_proxies` may name the client in
    X-Forwarded-For. `keep_alive_seconds`: how long an idle connection is kept for the next request, and how long a
    request's head may take. Load balancers commonly keep theirs for 60 seconds and must be the first to close: what
    they send while this side closes is lost. `durability`: "relaxed" also serves over a Redis that may lose what was
    acknowledged.
    """

    public_url: PublicUrl
    store: StoreUrl = "sqlite:///consent.db"
    durability: Literal["strict", "relaxed"] = "strict"
    host: Text = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=128)] = 1
    metrics_host: Text = "127.0.0.1"
    metrics_port: Port = 9100
    trusted_proxies: tuple[Network, ...] = ()
    keep_alive_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 75
    drain_seconds: Annotated[int, msgspec.Meta(ge=0, le=300)] = 0

    @property
    def is_relaxed(self) -> bool:
        """Return True if servers are accepted that may lose what they acknowledged."""
        return self.durability == "relaxed"


class Business(msgspec.Struct, frozen=True, kw_only=True):
    """`[business]`: whom the law binds."""

    name: Text
    privacy_policy: Link = ""
    contact: str = ""


class FlagSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[flag]`: seconds an answer may be kept, and whether decoded standings are cached in each process."""

    max_age: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 300
    cache: bool = True
    cache_entries: Positive = 100_000


class Geo(msgspec.Struct, frozen=True, kw_only=True):
    """`[geo]`: how the place of a visitor is found; without it everybody is under the site's own regime.

    `proxy` names whose headers count, or `country_header` and `region_header` do; only from trusted proxies.
    `database`: a file in MaxMind's format, asked where no header says it.
    """

    proxy: Literal["cloudflare", "cloudfront", "fastly"] | None = None
    country_header: HeaderName = ""
    region_header: HeaderName = ""
    database: str = ""


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[limits]`: writes for each address, 0 a minute = no limit. `tracked`: addresses kept in mind."""

    writes_per_minute: Count = 120
    burst: Positive = 60
    tracked: Positive = 100_000


class RetentionMonths(msgspec.Struct, frozen=True, kw_only=True):
    """`[ledger.months_kept]`: how long each kind of entry stays in the archive; § 7101 wants 24 months at least."""

    choice: Months = 24
    signal: Months = 24
    doubt: Months = 24
    carried: Months = 24
    suppressed: Months = 24
    erased: Months = 24


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[ledger]`: where sealed segments go, how often (seconds), and when the store lets go of them.

    `archive`: a folder, or an object store's URL; without one nothing is sealed and the store keeps everything.
    `trim_after_days`: since it was sealed; 0 = never. A segment is dropped when the time of all kinds in it is over.
    """

    archive: str = ""
    seal_every: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3600
    trim_after_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 90
    months_kept: RetentionMonths = RetentionMonths()


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """`[[sites.<key>.disclosures]]`: one category of personal information (Civ. Code 1798.100(a))."""

    category: Text
    purpose: Text
    sold_to: tuple[Text, ...] = ()
    shared_to: tuple[Text, ...] = ()
    retention: str = ""


class MspaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`[sites.<key>.mspa]`: only for signatories of the IAB's Multi-State Privacy Agreement.

    `approach` "national": one GPP section for all states, as the agreement allows.
    """

    mode: Literal["opt_out_option", "service_provider"] = "opt_out_option"
    approach: Literal["state", "national"] = "state"


class PriorCookieFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`[[sites.<key>.prior_cookies]]`: another consent tool's cookie, and what in it denies.

    `sale_share`, `sensitive`: ids of its groups, each with a word behind it (`id:no`); any but a word for "granted"
    denies. `pattern`: that of an opt-out in its text, where there are no such pairs. `id`: a pattern whose one group
    is that tool's id of the visitor, by which an import is found.
    """

    cookie: ForeignCookie
    sale_share: tuple[GroupId, ...] = ()
    sensitive: tuple[GroupId, ...] = ()
    pattern: Pattern = ""
    id: IdPattern = ""

    @property
    def groups(self) -> Groups:
        """Ids in the cookie, by the rights that they are about."""
        return Groups(self.sale_share, self.sensitive)


class PriorGroups(msgspec.Struct, frozen=True, kw_only=True):
    """`[sites.<key>.prior_groups.<tool>]`: ids of the site's own groups in that tool, which mean sale and sharing.

    `sensitive`: those that mean the use of sensitive personal information.
    """

    sale_share: tuple[GroupId, ...] = ()
    sensitive: tuple[GroupId, ...] = ()

    @property
    def groups(self) -> Groups:
        """The site's own groups, by the rights that they are about."""
        return Groups(self.sale_share, self.sensitive)


_Switches: Any = msgspec.defstruct(
    "_Switches", [(switch.key, bool, False) for switch in TAG_SWITCHES], frozen=True, kw_only=True
)

if TYPE_CHECKING:
    Vendor = str
else:
    Vendor = Literal[VENDORS]


class TagFacts(_Switches, frozen=True, kw_only=True):  # type: ignore[misc, call-arg]  # a built base
    """`[sites.<key>.tags]`: tags of others that are told, in their own words, when sale or sharing is denied.

    `analytics_storage` "granted": analytics runs as a service provider, which is no sale (Civ. Code 1798.140(ag)).
    `regions`: where a default that denies binds; elsewhere it is granted until the service has answered.
    `wait_for_update`: milliseconds that Google's tags wait for that answer where the default denies, 0 = not.
    """

    analytics_storage: Literal["follows", "granted"] = "follows"
    regions: tuple[Place, ...] = ()
    wait_for_update: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 500


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`[sites.<key>]`: one web property.

    `regimes`: others that may apply to its visitors. `first_party`: the site's own way to the service, for
    script and calls alone; without it the service's own address, where that is below `cookie_domain`.
    `gpc_since`: since when signals are acted on, for gpc.json. `incentives`: programme's key -> its number,
    0 to 7, which stands in records and never changes. `frictionless`: nothing pops up (CCPA regs § 7025(f)).
    `link`: the widget places one where a page has none. `look`: of what stands at the foot of the window.
    `langs`: what visitors may be spoken to in; `lang` where a page names none of them. `texts`: the site's own
    words over the shipped ones, by language. `prior_cmp` and `prior_cookies`: consent tools that were here
    before, whose opt-outs are honoured once; `prior_groups`: tool -> the site's own groups in it; `prior_ids`:
    tools whose exports were imported. `string_cookies`: the page keeps what partners read in `usprivacy`, `__gpp`
    and `__gpp_sid` too. `reload_on_opt_out`: loads the page anew where a tag had run.
    `debug`: `?privacy-debug` in an address shows what the script does.
    """

    name: Text
    origins: Annotated[tuple[Origin, ...], msgspec.Meta(min_length=1)]
    regime: RegimeCode
    regimes: tuple[RegimeCode, ...] = ()
    sells: bool = True
    shares: bool = True
    sensitive: bool = False
    notice_shown: bool = True
    cookie_domain: Host | None = None
    first_party: Address | None = None
    frictionless: bool = False
    mspa: MspaFacts | None = None
    link: bool = True
    look: Literal["bar", "box", "corner"] = "bar"
    lang: Language = "en"
    langs: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)] = ("en", "es")
    gpc_since: date | None = None
    disclosures: tuple[Disclosure, ...] = ()
    incentives: dict[Key, Annotated[int, msgspec.Meta(ge=0, le=7)]] = {}
    texts: dict[Language, dict[str, Text]] = {}
    prior_cmp: tuple[PriorCmp, ...] = ()
    prior_groups: dict[PriorCmp, PriorGroups] = {}
    prior_ids: tuple[PriorId, ...] = ()
    prior_cookies: tuple[PriorCookieFacts, ...] = ()
    string_cookies: bool = True
    reload_on_opt_out: bool = False
    tags: TagFacts = TagFacts()
    debug: bool = False

    @property
    def regime_codes(self) -> tuple[str, ...]:
        """The site's own regime first, then the others, each once."""
        return tuple(dict.fromkeys((self.regime, *self.regimes)))

    @property
    def prior_readings(self) -> list[CookieReading]:
        """Cookies of other consent tools, and how each is read."""
        groups = {tool: tool_groups.groups for tool, tool_groups in self.prior_groups.items()}
        by_name = [
            reading for tool in self.prior_cmp for reading in PRESETS[tool].read(groups.get(tool, Groups()))
        ]
        paired = [read_groups(own.cookie, own.groups) for own in self.prior_cookies if any(own.groups)]
        patterns = [
            CookieReading(own.cookie, opted_out=own.pattern) for own in self.prior_cookies if own.pattern
        ]
        return [*by_name, *paired, *patterns]

    @property
    def id_patterns(self) -> list[tuple[str, str]]:
        """Such cookies, each with the pattern of the visitor's id in it."""
        by_name = [(PRESETS[name].cookie, PRESETS[name].id) for name in self.prior_ids]
        return [*by_name, *((own.cookie, own.id) for own in self.prior_cookies if own.id)]


class PartnerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`[partners.<key>]`: an ad-tech third party, and what happens to it when a right is denied.

    `block`: what the page's scripts send to its `domains` is held. `restrict` lets it run as a service provider, so
    it needs the contract (Civ. Code 1798.140(ag)), or an `adapter`: whose tag is told to process no more than a
    service provider may. `cookies` and `storage`: names that it leaves in its sites, which are taken away while it is
    denied.
    """

    name: Text
    domains: Annotated[tuple[Host, ...], msgspec.Meta(min_length=1)]
    sites: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    rights: Annotated[tuple[Literal["sale", "share", "sensitive"], ...], msgspec.Meta(min_length=1)] = (
        "sale",
        "share",
    )
    when_denied: Literal["block", "restrict"] = "block"
    adapter: Vendor | None = None
    service_provider_contract: str = ""
    cookies: tuple[Trace, ...] = ()
    storage: tuple[Trace, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All of `consent.toml`."""

    service: Service
    business: Business
    flag: FlagSettings = FlagSettings()
    limits: LimitSettings = LimitSettings()
    geo: Geo = Geo()
    ledger: LedgerSettings = LedgerSettings()
    sites: Annotated[dict[Key, SiteFacts], msgspec.Meta(min_length=1)]
    partners: dict[Key, PartnerFacts] = {}


class Config(Facts, frozen=True, kw_only=True):
    """The facts, and the secrets of the environment. `keys` None = no key ring was given."""

    keys: KeyRing | None = None

    def require_ring(self) -> KeyRing:
        """Return the key ring. Raises ConfigError if none was given."""
        if self.keys is None:
            raise ConfigError((Fault("CONSENT_KEYS", 0, _NO_KEY_RING),))
        return self.keys

    def require_site(self, key: str) -> SiteFacts:
        """Return the facts of the site with this key. Raises UnknownSite, which names the sites that there are."""
        if key not in self.sites:
            raise UnknownSite(no_such_site(key, self.sites))
        return self.sites[key]


def no_such_site(key: str, sites: Iterable[str]) -> str:
    """Return the sentence for a site key that is not among these sites."""
    return f"there is no site {key!r}; configured sites: {', '.join(sorted(sites)) or 'none'}"
