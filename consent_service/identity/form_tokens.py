"""Form tokens of the confirm page: proof that a page of ours showed this form, at this step and time.

A token is bound to the nonce of the confirmation and to one step, so that no step can be left out. The caller
judges its age: a form that comes back at once was not read. Knows nothing of pages, nor of the clock.
"""

from __future__ import annotations

import hmac
import re
from enum import StrEnum
from typing import Final, NamedTuple

from consent_service.identity.key_ring import KeyPurpose, KeyRing, keyed_hash, to_base64url

MIN_AGE: Final = 3_000
"""Milliseconds for which a page must have been there before its form counts."""
MAX_AGE: Final = 600_000
"""Milliseconds after which it no longer counts."""


class FormStep(StrEnum):
    """The forms of the confirm page."""

    SCRIPTED = "scripted"
    """The button that the page's own script wakes."""
    ASK = "ask"
    """Yes or no, in a page without its script."""
    AGAIN = "again"
    """The button of the second page, in a browser without scripts."""


_TOKEN: Final = re.compile(rf"({'|'.join(FormStep)})\.([0-9]{{1,15}})\.[A-Za-z0-9_-]{{43}}")


class ShownForm(NamedTuple):
    """Contents of an authentic form token: the step of its form, and the age of the page in milliseconds."""

    step: FormStep
    age: int

    @property
    def is_hurried(self) -> bool:
        """True if nobody can have read the page yet, or if another machine's clock is ahead of this one's."""
        return self.age < MIN_AGE

    @property
    def is_expired(self) -> bool:
        """True if the page has been open too long."""
        return self.age > MAX_AGE


def form_token(ring: KeyRing, nonce: str, step: FormStep, now: int) -> str:
    """Return the token of one form of the page about this nonce. `now`: Unix milliseconds."""
    mac = keyed_hash(ring.hashing_key, KeyPurpose.FORM_TOKEN, [nonce.encode(), step.encode(), b"%d" % now])
    return f"{step}.{now}.{to_base64url(mac)}"


def open_form_token(ring: KeyRing, nonce: str, token: str, now: int) -> ShownForm | None:
    """Return the step and age in the token, or None if this ring did not sign it for this nonce."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    step, made_at = FormStep(parts[1]), int(parts[2])
    if not hmac.compare_digest(form_token(ring, nonce, step, made_at), token):
        return None
    return ShownForm(step, now - made_at)
