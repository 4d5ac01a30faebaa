"""Resolution: from regime, signals and standings to an answer and a basis for each right.

The one place where the order of rules is decided. Doubt means denied.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from consent_service.domain.regimes import Model, Regime
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Choice, Standing
from consent_service.domain.words import (
    RIGHTS,
    UNHONOURED,
    AgeBand,
    Answer,
    Basis,
    Right,
    Stance,
    Unhonoured,
)


class Ruling(NamedTuple):
    """The answer for one right, and why."""

    answer: Answer
    basis: Basis

    @property
    def denied(self) -> bool:
        return self.answer is Answer.DENIED


class Resolution(NamedTuple):
    """The rulings on all rights. `gpc`: a signal came with the request, or is on record. `minor`: the band of a
    visitor who is known to be under 18.
    """

    sale: Ruling
    share: Ruling
    sensitive: Ruling
    gpc: bool
    minor: AgeBand | None = None

    def ruling(self, right: Right) -> Ruling:
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    @property
    def basis(self) -> Basis:
        """One word for the whole flag.

        A denial of sale or sharing speaks first; else what made them more than a default; else `sensitive`.
        """
        for ruling in (self.sale, self.share):
            if ruling.denied and ruling.basis is not Basis.DEFAULT:
                return ruling.basis
        for ruling in (self.sale, self.share, self.sensitive):
            if ruling.basis is not Basis.DEFAULT:
                return ruling.basis
        return Basis.DEFAULT

    @property
    def opted_out(self) -> bool:
        """What single-bit strings say: out if sale or share is denied."""
        return self.sale.denied or self.share.denied


_UNAVAILABLE: Final = Ruling(Answer.DENIED, Basis.UNAVAILABLE)


def unavailable(signals: Sources) -> Resolution:
    """Everything denied because nothing can be known. Speaks opted-out in every string."""
    return Resolution(_UNAVAILABLE, _UNAVAILABLE, _UNAVAILABLE, bool(signals))


def resolve(
    regime: Regime,
    signals: Sources,
    standing: Standing | Unhonoured | None,
    consumer_standing: Standing | Unhonoured | None,
    now: int,
) -> Resolution:
    """The rulings for one request.

    `signals`: what this very request carried. `standing`: the recognised visitor's record, None when nothing
    was presented, `UNHONOURED` when something was that can't be honoured. `consumer_standing`: likewise for
    the consumer that the visitor is linked to. `now`: Unix seconds.
    """
    if standing is UNHONOURED or consumer_standing is UNHONOURED:
        return unavailable(signals)
    own, linked = standing or _NOTHING, consumer_standing or _NOTHING
    if now < own.latest_at or now < linked.latest_at:
        return unavailable(signals)  # our clock is behind the record: nothing dated can be trusted
    around = _Around(regime, signals, own, linked)
    heard = bool(signals) or bool(own.gpc) or bool(linked.gpc)
    return Resolution(
        sale=_rule(around, regime.sale, own.sale, linked.sale, heard),
        share=_rule(around, regime.share, own.share, linked.share, heard),
        # The signal speaks of sale and sharing; it never limits `sensitive` (GPC-10).
        sensitive=_rule(around, regime.sensitive, own.sensitive, linked.sensitive, False),
        gpc=heard,
        minor=_youngest(own.age, linked.age),
    )


def stricter(one: Resolution, other: Resolution) -> Resolution:
    """For each right the stricter of two resolutions; on a draw the first one's basis."""
    sale, share, sensitive = (
        other.ruling(right)
        if other.ruling(right).denied and not one.ruling(right).denied
        else one.ruling(right)
        for right in RIGHTS
    )
    return Resolution(sale, share, sensitive, one.gpc or other.gpc, _youngest(one.minor, other.minor))


def under(regime: Regime, resolution: Resolution) -> Resolution:
    """What another regime makes of a resolution, which may have stood on a default: never less than it denies."""
    sale, share, sensitive = (_under(regime, right, resolution) for right in RIGHTS)
    return Resolution(sale, share, sensitive, resolution.gpc, resolution.minor)


_NOTHING: Final = Standing()
_OUT: Final = Stance.OPTED_OUT


class _Around(NamedTuple):
    """What holds for every right of one request."""

    regime: Regime
    signals: Sources
    own: Standing
    linked: Standing


def _rule(around: _Around, model: Model, own: Choice, linked: Choice, heard: bool) -> Ruling:
    """The ruling on one right. `heard`: a signal that speaks of it, now or on record."""
    choice, of_consumer = _effective(own, linked)
    affirmed = heard and _affirmed(choice, of_consumer, around)
    if heard and not affirmed:
        return Ruling(Answer.DENIED, Basis.GPC)  # § 7025(c)(1); (c)(5): its later absence is no opt-in
    if choice.stance is Stance.OPTED_OUT:
        return Ruling(Answer.DENIED, Basis.CONSUMER if of_consumer else Basis.CHOICE)
    if any(_minor_without_consent(around.regime, record, choice) for record in (around.own, around.linked)):
        return Ruling(Answer.DENIED, Basis.MINOR)
    if affirmed:
        return Ruling(Answer.ALLOWED, Basis.AFFIRMED)
    if (around.own.doubted_at or around.linked.doubted_at) and not choice.confirmed:
        return _UNAVAILABLE  # what the identity that was lost had decided is unknown
    if choice.stance is Stance.OPTED_IN and (choice.confirmed or model is Model.OPT_OUT):
        return Ruling(Answer.ALLOWED, Basis.OPTED_IN)
    return Ruling(model.default, Basis.DEFAULT)


def _under(regime: Regime, right: Right, resolution: Resolution) -> Ruling:
    """A resolution does not tell whether an opt-in was confirmed, so only `affirmed` counts where that matters."""
    ruling, model = resolution.ruling(right), regime.model(right)
    if ruling.denied or ruling.basis is Basis.AFFIRMED:
        return ruling
    if regime.is_minor(resolution.minor):
        return Ruling(Answer.DENIED, Basis.MINOR)
    if ruling.basis is Basis.OPTED_IN and model is Model.OPT_OUT:
        return ruling
    return Ruling(model.default, Basis.DEFAULT)


def _youngest(one: AgeBand | None, other: AgeBand | None) -> AgeBand | None:
    """The younger of two bands, None where nobody is known to be a minor."""
    return min((band for band in (one, other) if band is not None and band < AgeBand.ADULT), default=None)


def _effective(own: Choice, linked: Choice) -> tuple[Choice, bool]:
    """The choice that counts, and whether it is the consumer's.

    The consumer's later choice outranks older facts on a device, and an opt-out there only when it was
    confirmed; otherwise the stricter of the two holds.
    """
    if linked.stance is Stance.NONE:
        return own, False
    if own.stance is Stance.NONE or linked.stance is Stance.OPTED_OUT:
        return linked, True
    if linked.at > own.at and (linked.confirmed or own.stance is Stance.OPTED_IN):
        return linked, True
    return own, False


def _affirmed(choice: Choice, of_consumer: bool, around: _Around) -> bool:
    """Whether the two-step confirmation came after every signal that speaks here (§ 7025(c)(3)).

    On the record that holds the choice the fold has kept the order (`over_signal`). The other record's signal
    must be provably older, and a live signal that the device's record does not know yet is newer.
    """
    if not choice.over_signal:
        return False
    other = around.own if of_consumer else around.linked
    if other.gpc and other.gpc_at >= choice.at:
        return False
    return bool(around.own.gpc) or not (of_consumer and around.signals)


def _minor_without_consent(regime: Regime, record: Standing, choice: Choice) -> bool:
    """Civ. Code 1798.120(c), (d): under the limit only an affirmative opt-in allows."""
    if not regime.is_minor(record.age):
        return False
    if regime.needs_parent(record.age):
        return not record.parental_consent
    return not (choice.stance is Stance.OPTED_IN and choice.confirmed)
