"""Prior choices: opt-outs that another consent tool exported, and their effect on a record of ours.

Only denials are taken over. A visitor who decided about a right here in two steps was asked about exactly
that, so that decision stands; every other opt-out of the export holds (design rule 3).
"""

from __future__ import annotations

from collections.abc import Collection

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.standing import Standing
from consent_service.domain.words import RIGHTS, Method, Right, Stance


def imported_choice(rights: Collection[Right], standing: Standing | None, at: int) -> ChoiceMade | None:
    """Return the choice that denies the `rights` not denied on record, or None if all are denied already."""
    new = {
        right
        for right in rights
        if standing is None or standing.choice_on(right).stance is not Stance.OPTED_OUT
    }
    if not new:
        return None
    return ChoiceMade.of(dict.fromkeys(new, Stance.OPTED_OUT), at, Method.IMPORT)


def inherited_choice(imported: Standing, own: Standing | None, at: int) -> ChoiceMade | None:
    """Return the choice that an imported record adds for the visitor who brings its id, or None if there is none."""
    denied = [right for right in RIGHTS if imported.choice_on(right).stance is Stance.OPTED_OUT]
    return imported_choice(
        [right for right in denied if own is None or not own.choice_on(right).confirmed], own, at
    )
