"""Page results: the signed result that a visitor takes from the choices page back to the site.

Anybody can put a result into a link, also one of their own record, opted in. So the page switches to the visitor that
it names only if that page sent the visitor away (the `state` proves it) and has no record of its own. Everywhere else
a result can only make answers stricter, and an unreadable result is ignored.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, RIGHTS, Method, Stance
from consent_service.errors import IdentityError
from consent_service.identity.page_result_tokens import PageResult, PageResultTokens
from consent_service.identity.visitor_tokens import VisitorClaims
from consent_service.services.records.standings import Identities, Identity, Standings, Tokens, Visitor
from consent_service.services.visitor.consent import Consent, Signalled
from consent_service.services.visitor.plans import Call, PriorId


class ReturnedResult(NamedTuple):
    """Result that a page view brought back from the choices page."""

    result: str
    state: str


class PageResults:
    """Maker of results, and their exchange on the site's pages."""

    def __init__(self, results: PageResultTokens, standings: Standings, consent: Consent) -> None:
        self._results = results
        self._standings = standings
        self._consent = consent

    async def result(self, call: Call, tokens: Tokens, state: bytes) -> str | None:
        """Return the result for this browser; None if its first token names no record.

        It names the first record, because the site presents that one by itself if it knows one. It names a further
        record that restricts more, if there is one: the site has yet to learn of that.
        """
        identities = await self._standings.identify(call.site.key, Tokens(tokens.named), call.now)
        first = identities.first
        if not isinstance(first, Visitor):
            return None
        visitors = (identity for identity in identities.named if isinstance(identity, Visitor))
        stricter = (
            visitor
            for visitor in visitors
            if not restrictions(_standing(visitor), _standing(first), call.now).is_empty
        )
        named = next(stricter, first)
        return self._results.sign(call.site.key, PageResult(named.id, named.record.version, state, call.now))

    async def signal(
        self,
        call: Call,
        tokens: Tokens,
        returned: ReturnedResult | None,
        *,
        keep: bool,
        key: uuid.UUID | None = None,
        prior: PriorId | None = None,
    ) -> Signalled:
        """Answer a page view as `Consent.signal` does, with the result that the visitor brought back."""
        identities = await self._standings.identify(call.site.key, tokens, call.now)
        result = returned and self._opened(call, returned.result)
        if not returned or not result:
            return await self._consent.signal(call, identities, keep=keep, key=key, prior=prior)
        claims = VisitorClaims(result.visitor_id, result.version, None, result.issued_at)
        named = await self._standings.recognise_claims(call.site.key, claims)
        answered = result.answers_state(returned.state)
        if answered and adopts(identities.named, named):
            adopted = Identities((named,), identities.beside)
            return await self._consent.signal(call, adopted, keep=keep, key=key, prior=prior)
        if not isinstance(named, Visitor):
            return await self._consent.signal(call, identities, keep=keep, key=key, prior=prior)
        if answered:
            identities = await self._restricted(call, identities, named)
        stricter = Identities(identities.named, (*identities.beside, named))
        answer = await self._consent.signal(call, stricter, keep=keep, key=key, prior=prior)
        # Whoever opted out in the result is not asked again here.
        return answer._replace(
            show=answer.show._replace(banner=answer.show.banner and not answer.resolution.opted_out)
        )

    def _opened(self, call: Call, text: str) -> PageResult | None:
        try:
            return self._results.unsign(call.site.key, text, call.now)
        except IdentityError:
            return None

    async def _restricted(self, call: Call, identities: Identities, named: Visitor) -> Identities:
        """Record for the first visitor the restrictions of the named one: the same person chose them just now.

        Returns the identities with the first visitor's newer record.
        """
        first = identities.first
        if not isinstance(first, Visitor) or first.id == named.id:
            return identities
        missing = restrictions(_standing(named), _standing(first), call.now)
        if missing.is_empty:
            return identities
        lang = call.evidence.lang or ""
        chosen = await self._consent.choose_as(call, identities, missing, None, origin="", lang=lang)
        return identities.updated(chosen.recorded)


def adopts(presented: Sequence[Identity], named: Identity) -> bool:
    """Return True if the page may switch to the visitor named in the signed result.

    In place of a rejected token only a record that began with that doubt may be adopted: else the doubt would be
    forgotten (design rule 2).
    """
    if not presented:
        return True
    doubted = isinstance(named, Visitor) and _standing(named).doubted_at > 0
    return doubted and all(identity is REJECTED for identity in presented)


def restrictions(theirs: Standing, own: Standing, at: int) -> ChoiceMade:
    """Return, as a choice, the opt-outs of one standing that the other lacks or has from earlier."""
    missing = {
        right: Stance.OPTED_OUT
        for right in RIGHTS
        if theirs.choice_on(right).stance is Stance.OPTED_OUT
        and own.choice_on(right).stance is not Stance.OPTED_OUT
        and theirs.choice_on(right).at >= own.choice_on(right).at
    }
    return ChoiceMade.of(missing, at, Method.PAGE)


def _standing(visitor: Visitor) -> Standing:
    standing = visitor.record.standing
    assert isinstance(standing, Standing)  # a recognised visitor's record could be read
    return standing
