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
    """The choice that denies those of these rights that the record does not deny already; None when it denies all."""
    new = {right for right in rights if known is None or known.choice(right).stance is not Stance.OPTED_OUT}
    if not new:
        return None
    return ChoiceMade(
        at=at,
        method=Method.IMPORT,
        sale=Stance.OPTED_OUT if Right.SALE in new else None,
        share=Stance.OPTED_OUT if Right.SHARE in new else None,
        sensitive=Stance.OPTED_OUT if Right.SENSITIVE in new else None,
    )


def inherited(theirs: Standing, own: Standing | None, at: int) -> ChoiceMade | None:
    """What an imported record denies a visitor who brings its id; None when there is nothing new in it."""
    denied = [right for right in RIGHTS if theirs.choice(right).stance is Stance.OPTED_OUT]
    return imported([right for right in denied if own is None or not own.choice(right).confirmed], own, at)
