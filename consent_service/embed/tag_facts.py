"""Tag facts: the page's configuration of tag adapters. Pure.

Names are those of the widget's `tags/wanted.ts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from consent_service.config import TagFacts
from consent_service.config.tag_switches import TAG_SWITCHES

Json = dict[str, object]


def tags_of(facts: TagFacts) -> Json:
    """Return the adapters that the site switches on, by name; a plain switch has the value 1."""
    return {
        switch.name: _OPTIONS[switch.key](facts) if switch.key in _OPTIONS else 1
        for switch in TAG_SWITCHES
        if getattr(facts, switch.key)
    }


def _consent_mode(facts: TagFacts) -> Json:
    """Return the options of consent mode. Those for an unconfirmed default bear Google's own names."""
    options: Json = {"region": facts.regions, "wait_for_update": facts.wait_for_update}
    unconfirmed = {name: value for name, value in options.items() if value}
    follows: Json = {"analytics": 1} if facts.analytics_storage == "follows" else {}
    return follows | ({"open": unconfirmed} if unconfirmed else {})


_OPTIONS: Final[Mapping[str, Callable[[TagFacts], Json]]] = {"google_consent_mode": _consent_mode}
"""Builders of the options of switches that have some."""
