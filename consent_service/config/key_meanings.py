"""Meanings: one or two sentences on each key of `consent.toml`, and its unit, for the reference page.

A table, held to the structs by a test. `reference` adds type, default and bounds from the structs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from consent_service.config import schema
from consent_service.config.tag_switches import TAG_SWITCHES


class Meaning(NamedTuple):
    """A key in plain words. `unit`: of a number, "" where it counts nothing."""

    text: str
    unit: str = ""


Table = tuple[type[msgspec.Struct], str, Mapping[str, Meaning]]


def _table_of(kind: type[msgspec.Struct], about: str, **keys: str | tuple[str, str]) -> Table:
    meanings = {
        key: Meaning(words) if isinstance(words, str) else Meaning(*words) for key, words in keys.items()
    }
    return kind, about, meanings


TABLES: Final[tuple[Table, ...]] = (
    _table_of(
        schema.Service,
        "Where the service listens and what it stands on.",
        public_url="The address at which browsers reach the service: an origin, with a path where a proxy mounts it. "
        "It is never an origin of a site. It needs https, except on this machine.",
        store="The store: a SQLite file (`sqlite:///` and its path) or Redis (`redis://host:6379/0`, "
        "`redis+sentinel://`, `redis+cluster://`; `rediss` for TLS). The password comes from the environment.",
        durability='"strict" refuses a Redis that may lose what it acknowledged; "relaxed" accepts it and the loss.',
        host="The address on which the service listens. `::` hears IPv4 too.",
        port="The port on which the service listens.",
        workers="Web processes. One for each processor core is a good start.",
        metrics_host="The address on which Prometheus finds the metrics.",
        metrics_port="The port on which Prometheus finds the metrics. 0: no metrics.",
        trusted_proxies="Addresses or ranges of your own proxies. They alone may name the visitor's address in "
        "`X-Forwarded-For`, and the visitor's place. Ranges that cover the Internet are refused.",
        keep_alive_seconds=(
            "How long an idle connection is kept for the next request, and how long the head of a request may take. "
            "Keep it longer than your load balancer keeps its own (commonly 60): the balancer must be the first to "
            "close, or a request that it sends meanwhile fails. A change needs a restart.",
            "seconds",
        ),
        drain_seconds=(
            "How long `/readyz` fails after SIGTERM before the service stops listening, so that a load balancer "
            "sends no more requests.",
            "seconds",
        ),
    ),
    _table_of(
        schema.Business,
        "The business that owns the sites.",
        name="Its name, as visitors read it.",
        privacy_policy="The address of its privacy policy, linked from the service's pages.",
        contact="How visitors reach it.",
    ),
    _table_of(
        schema.FlagSettings,
        "The answer to partners and pages.",
        max_age=("How long an answer may be kept.", "seconds"),
        cache="Whether each worker keeps decoded records in memory.",
        cache_entries=("How many records each worker keeps.", "records"),
    ),
    _table_of(
        schema.LimitSettings,
        "How much one address may write. An IPv6 /64 counts as one address; a /48 may write four times as much.",
        writes_per_minute=("Writes of one address to each worker. 0: no limit.", "a minute"),
        burst=("Writes of one address that may come at once.", "writes"),
        tracked=("Addresses that each worker keeps in mind, as keyed hashes.", "addresses"),
    ),
    _table_of(
        schema.Geo,
        "How the place of a visitor is found. Without it the site's own `regime` binds.",
        proxy="A trusted proxy whose headers name the place.",
        country_header="The header in which another trusted proxy names the country.",
        region_header="The header in which it names the region.",
        database="A file in MaxMind's format, asked where no header names the place.",
    ),
    _table_of(
        schema.LedgerSettings,
        "The archive of what was recorded.",
        archive="A folder, or the URL of an object store. Without one nothing is sealed.",
        seal_every=("How often new entries are sealed.", "seconds"),
        trim_after_days=("When the store lets go of sealed entries. 0: never.", "days after sealing"),
    ),
    _table_of(
        schema.RetentionMonths,
        "How long the archive keeps each kind of entry. The law wants 24 months at least.",
        choice=("Choices.", "months"),
        signal=("Signals of browsers.", "months"),
        doubt=("Records that began with an identity that could not be honoured.", "months"),
        carried=("What stood on record when older entries were dropped.", "months"),
        suppressed=("Denials that outlive an erasure.", "months"),
        erased=("Erasures. Keep no backup longer than these.", "months"),
    ),
    _table_of(
        schema.SiteFacts,
        "One site. Its key stands in addresses and cookies, and never changes.",
        name="The site's name, as visitors read it.",
        origins="Every origin that embeds the script, exactly as browsers send it.",
        regime="The law that binds the site, such as `us-ca`.",
        regimes="Other laws, which bind by the visitor's place.",
        sells="Whether the site sells personal information.",
        shares="Whether the site shares it for advertising across sites.",
        sensitive="Whether the site uses sensitive information beyond its service: visitors get a second switch.",
        notice_shown="Whether the site gives the notice of the right to opt out. The strings for partners say so.",
        cookie_domain="The domain of the cookie, for pages on several hosts. Every host below it is trusted. A "
        "public suffix such as `co.uk` is refused, because browsers drop the cookie.",
        first_party="The site's own way to the service: a path of the site, or a host of its domain.",
        frictionless="Nothing appears until the visitor asks for it.",
        link="Whether a page without a link to the choices gets one.",
        look="The shape of what stands at the foot of the window.",
        lang="The language where a page names none of `langs`.",
        langs="Languages that visitors are spoken to in.",
        gpc_since="The day since when the site honours Global Privacy Control, for `gpc.json`.",
        incentives="Incentive programmes: a key and its number, 0 to 7. A number never changes.",
        texts="The site's own words in place of the shipped ones, by language.",
        prior_cmp="Consent tools that the site used before; their opt-outs are honoured.",
        prior_ids="Those of them whose exports were imported.",
        string_cookies="Whether the page also keeps the cookies `usprivacy`, `__gpp` and `__gpp_sid`.",
        reload_on_opt_out="Whether a page where a tag had run is loaded again after an opt-out.",
        debug="Whether `?privacy-debug` in an address shows what the script does.",
    ),
    _table_of(
        schema.MspaFacts,
        "Only for signatories of the IAB's Multi-State Privacy Agreement.",
        mode="The signatory's mode.",
        approach='"national": one section of the strings for all states.',
    ),
    _table_of(
        schema.Disclosure,
        "One category of personal information that the site collects.",
        category="The category.",
        purpose="The purpose for which it is collected.",
        sold_to="Kinds of recipients to whom it is sold.",
        shared_to="Kinds of recipients with whom it is shared.",
        retention="How long it is kept, in words.",
    ),
    _table_of(
        schema.PriorGroups,
        "Groups of the site's own in a tool of `prior_cmp`.",
        sale_share="Ids of the groups that mean sale and sharing.",
        sensitive="Ids of the groups that mean the use of sensitive information.",
    ),
    _table_of(
        schema.PriorCookieFacts,
        "The cookie of a consent tool that is not known by name.",
        cookie="The cookie's name.",
        sale_share="Ids in it that mean sale and sharing; they deny unless the word behind them grants.",
        sensitive="Ids in it that mean the use of sensitive information.",
        pattern="What its text looks like after an opt-out, where it has no such ids.",
        id="Where the tool's id of the visitor stands in it: the pattern's one group.",
    ),
    _table_of(
        schema.TagFacts,
        "Tags of others that are told, in their own words, when sale or sharing is denied.",
        **{switch.key: switch.meaning for switch in TAG_SWITCHES},
        analytics_storage='"granted": analytics runs as a service provider, which is no sale.',
        regions="Places where a default that denies binds until the service has answered. Empty: everywhere.",
        wait_for_update=("How long Google's tags wait for that answer. 0: they don't wait.", "milliseconds"),
    ),
    _table_of(
        schema.PartnerFacts,
        "One advertising partner.",
        name="The partner's name.",
        domains="Domains of the partner's tags. A registry's domain such as `com` is refused.",
        sites="Keys of the sites that the partner is on.",
        rights="What the partner needs.",
        when_denied='"block" holds its tags; "restrict" lets it run as a service provider.',
        adapter="The tag that is told to restrict it.",
        service_provider_contract="The contract under which it runs as a service provider.",
        cookies="Names of its cookies, which are removed while it is denied.",
        storage="Names that it leaves in storage, which are removed while it is denied.",
    ),
)
