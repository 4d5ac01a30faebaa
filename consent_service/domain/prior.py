"""Prior: what another consent tool's export says of a visitor, and what of it binds a record of ours.

Only denials come over. Whoever decided about a right here in two steps was asked about that very thing, so that
word stands; every other opt-out of the export holds (design rule 3).
"""

from __future__ import annotations

from collections.abc import Collection

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, Method, Right, Stance


def imported(rights: Collection[Right], known: Standing | None, at: int) -> ChoiceMade | None:
    """Return the choice that denies the `rights` not denied on record, or None if all are denied already."""
    new = {right for right in rights if known is None or known.choice(right).stance is not Stance.OPTED_OUT}
    if not new:
        return None
    return ChoiceMade.of(dict.fromkeys(new, Stance.OPTED_OUT), at, Method.IMPORT)


def inherited(theirs: Standing, own: Standing | None, at: int) -> ChoiceMade | None:
    """Return the choice that an imported record adds for the visitor who brings its id, or None if there is none."""
    denied = [right for right in RIGHTS if theirs.choice(right).stance is Stance.OPTED_OUT]
    return imported([right for right in denied if own is None or not own.choice(right).confirmed], own, at)
