"""Facts for the tag adapters in the page: the tags to tell, and the words of each.

Pure. Names are those of the widget's `tags/wanted.ts`.
"""

from __future__ import annotations

from consent_service.config import TagFacts

Json = dict[str, object]


def tags_of(facts: TagFacts) -> Json:
    """Nothing where the site wants nobody told."""
    asked = {
        "processing": facts.google_restricted_data_processing,
        "meta": facts.meta_limited_data_use,
        "uet": facts.microsoft_uet,
        "layer": facts.data_layer,
    }
    consent: Json = {"consent": _consent(facts)} if facts.google_consent_mode else {}
    return consent | {name: 1 for name, wanted in asked.items() if wanted}


def _consent(facts: TagFacts) -> Json:
    """Consent mode's own words for a default that the service has not confirmed yet are handed on as they are."""
    said: Json = {"region": facts.regions, "wait_for_update": facts.wait_for_update}
    unconfirmed = {name: value for name, value in said.items() if value}
    follows: Json = {"analytics": 1} if facts.analytics_storage == "follows" else {}
    return follows | ({"open": unconfirmed} if unconfirmed else {})
