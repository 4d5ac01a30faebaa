"""Returning: the signed result that a visitor takes from the choices page back to the site, and its exchange there.

Anybody can put a result into a link, also one of their own record, opted in. So the visitor whom it names takes the
place of nobody: it is adopted only by the page that sent the visitor away (the `state` proves it) and that has no
record of its own; everywhere else it can only make answers stricter, and what can't be read is as good as not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.standing import Standing
from consent_service.domain.words import REJECTED, RIGHTS, Method, RejectedToken, Right, Stance
from consent_service.errors import IdentityError
from consent_service.identity.results import Result, Results
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.services.records.standings import Standings, Visitor
from consent_service.services.visitor.consent import Consent, Signalled
from consent_service.services.visitor.plans import Caller

Found = Visitor | RejectedToken


class ReturnedResult(NamedTuple):
    """Result that a page view brought back from the choices page."""

    result: str
    state: str


class PageResults:
    """Makes results and exchanges them."""

    def __init__(
        self, results: Results, tokens: VisitorTokens, standings: Standings, consent: Consent
    ) -> None:
        self._results = results
        self._tokens = tokens
        self._standings = standings
        self._consent = consent

    async def result(self, caller: Caller, state: bytes) -> str | None:
        """Return the result for this caller; None when there is no record to speak of.

        It names the first record, which the site presents by itself where it knows one; else, where a further one
        restricts more, that one: of the two it is the one that the site has yet to learn of.
        """
        site, now = caller.site.key, caller.now
        records = [await self._standings.recognise(site, token, now) for token in caller.tokens]
        known = [record for record in records if isinstance(record, Visitor)]
        if not known or known[0] is not records[0]:
            return None
        first = _standing(known[0])
        stricter = (one for one in known if not restrictions(_standing(one), first, now).empty)
        named = next(stricter, known[0])
        return self._results.sign(site, Result(named.id, named.record.version, state, now))

    async def signal(self, caller: Caller, returned: ReturnedResult | None, *, keep: bool) -> Signalled:
        """Answer a page view as `Consent.signal` does, with what the visitor brought back."""
        result = returned and self._opened(caller, returned.result)
        if not returned or not result:
            return await self._consent.signal(caller, keep=keep)
        token = self._token(caller, result)
        named = await self._standings.recognise(caller.site.key, token, caller.now)
        presented = [
            await self._standings.recognise(caller.site.key, own, caller.now) for own in caller.tokens
        ]
        answered = result.answers(returned.state)
        if answered and adopts(presented, named):
            return await self._consent.signal(caller._replace(tokens=[token]), keep=keep)
        if not isinstance(named, Visitor):
            return await self._consent.signal(caller, keep=keep)
        if answered:
            await self._tell(caller, presented, named)
        told = await self._consent.signal(caller._replace(beside=[*caller.beside, token]), keep=keep)
        return told._replace(
            show=told.show._replace(banner=told.show.banner and not told.resolution.opted_out)
        )

    def _opened(self, caller: Caller, text: str) -> Result | None:
        try:
            return self._results.unsign(caller.site.key, text, caller.now)
        except IdentityError:
            return None

    def _token(self, caller: Caller, result: Result) -> str:
        claims = VisitorClaims(result.visitor_id, result.version, None, result.issued_at)
        return self._tokens.sign(caller.site.key, claims)

    async def _tell(self, caller: Caller, presented: Sequence[Found], named: Visitor) -> None:
        """Record for the presented visitor what the other one restricts: the same person chose it just now."""
        first = presented[0] if presented else REJECTED
        if isinstance(first, Visitor) and first.id != named.id:
            missing = restrictions(_standing(named), _standing(first), caller.now)
            if not missing.empty:
                alone = caller._replace(request_id=None)
                await self._consent.choose(alone, missing, origin="", lang=caller.evidence.lang or "")


def adopts(presented: Sequence[Found], named: Found) -> bool:
    """Return True if the page may switch to the visitor named in the signed result.

    In place of an identity that can't be honoured only a record that knows of that doubt: else the doubt would be
    forgotten (design rule 2).
    """
    if not presented:
        return True
    doubted = isinstance(named, Visitor) and _standing(named).doubted_at > 0
    return doubted and all(found is REJECTED for found in presented)


def restrictions(theirs: Standing, own: Standing, at: int) -> ChoiceMade:
    """Return, as a choice, the opt-outs of one standing that the other lacks or has from earlier."""
    missing: dict[Right, Stance] = {
        right: Stance.OPTED_OUT
        for right in RIGHTS
        if theirs.choice(right).stance is Stance.OPTED_OUT
        and own.choice(right).stance is not Stance.OPTED_OUT
        and theirs.choice(right).at >= own.choice(right).at
    }
    return ChoiceMade(
        at=at,
        method=Method.PAGE,
        sale=missing.get(Right.SALE),
        share=missing.get(Right.SHARE),
        sensitive=missing.get(Right.SENSITIVE),
    )


def _standing(visitor: Visitor) -> Standing:
    standing = visitor.record.standing
    assert isinstance(standing, Standing)  # a recognised visitor's record could be read
    return standing
