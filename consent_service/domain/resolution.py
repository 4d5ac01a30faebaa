"""Resolution: from regime, signals and standings to an answer and a basis for each right.

The one place where the order of rules is decided. Doubt means denied.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from consent_service.domain.regimes import Model, Regime
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Choice, Standing
from consent_service.domain.words import (
    REJECTED,
    RIGHTS,
    AgeBand,
    Answer,
    Basis,
    RejectedToken,
    Right,
    Stance,
)


class Ruling(NamedTuple):
    """Answer for one right, and its basis."""

    answer: Answer
    basis: Basis

    @property
    def denied(self) -> bool:
        """True if the answer is `denied`."""
        return self.answer is Answer.DENIED


class Resolution(NamedTuple):
    """Rulings on all rights.

    `gpc`: a signal came with the request or is on record. `minor`: age band of a visitor known to be under 18.
    """

    sale: Ruling
    share: Ruling
    sensitive: Ruling
    gpc: bool
    minor: AgeBand | None = None

    def ruling(self, right: Right) -> Ruling:
        """Return the ruling on this right."""
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    @property
    def basis(self) -> Basis:
        """Basis of the whole flag.

        A denial of sale or sharing comes first, then a basis other than the default, then `sensitive`.
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
        """True if sale or share is denied: the value for strings with a single bit."""
        return self.sale.denied or self.share.denied


_UNAVAILABLE: Final = Ruling(Answer.DENIED, Basis.UNAVAILABLE)


def unavailable_resolution(signals: Sources) -> Resolution:
    """Return a resolution that denies everything because nothing can be known. All strings say opted out."""
    return Resolution(_UNAVAILABLE, _UNAVAILABLE, _UNAVAILABLE, bool(signals))


def resolve(
    regime: Regime,
    signals: Sources,
    standing: Standing | RejectedToken | None,
    consumer_standing: Standing | RejectedToken | None,
    now: int,
) -> Resolution:
    """Return the rulings for one request.

    `signals`: signals of this request. `standing`: record of the recognised visitor; None if no identity was
    presented, `REJECTED` if one was presented that can't be honoured. `consumer_standing`: the same for the
    consumer linked to the visitor. `now`: Unix seconds.
    """
    if standing is REJECTED or consumer_standing is REJECTED:
        return unavailable_resolution(signals)
    own, linked = standing or _NOTHING, consumer_standing or _NOTHING
    if now < own.latest_at or now < linked.latest_at:
        return unavailable_resolution(signals)  # our clock is behind the record: nothing dated can be trusted
    inputs = _Inputs(regime, signals, own, linked)
    heard = bool(signals) or bool(own.gpc) or bool(linked.gpc)
    return Resolution(
        sale=_rule_on(inputs, regime.sale, own.sale, linked.sale, heard),
        share=_rule_on(inputs, regime.share, own.share, linked.share, heard),
        # The signal speaks of sale and sharing; it never limits `sensitive` (GPC-10).
        sensitive=_rule_on(inputs, regime.sensitive, own.sensitive, linked.sensitive, False),
        gpc=heard,
        minor=_younger_minor(own.age, linked.age),
    )


def stricter_resolution(one: Resolution, other: Resolution) -> Resolution:
    """Return for each right the stricter of two rulings; if both are equal, the first one's basis."""
    sale, share, sensitive = (
        other.ruling(right)
        if other.ruling(right).denied and not one.ruling(right).denied
        else one.ruling(right)
        for right in RIGHTS
    )
    return Resolution(sale, share, sensitive, one.gpc or other.gpc, _younger_minor(one.minor, other.minor))


def resolution_under(regime: Regime, resolution: Resolution) -> Resolution:
    """Return the resolution under another regime. It never allows what the resolution denies, unless by default."""
    sale, share, sensitive = (_ruling_under(regime, right, resolution) for right in RIGHTS)
    return Resolution(sale, share, sensitive, resolution.gpc, resolution.minor)


_NOTHING: Final = Standing()
_OUT: Final = Stance.OPTED_OUT


class _Inputs(NamedTuple):
    """Values that are the same for every right of one request."""

    regime: Regime
    signals: Sources
    own: Standing
    linked: Standing


def _rule_on(inputs: _Inputs, model: Model, own: Choice, linked: Choice, heard: bool) -> Ruling:
    """Return the ruling on one right. `heard`: a signal about this right, live or on record."""
    choice, of_consumer = _effective_choice(own, linked)
    affirmed = heard and _is_affirmed(choice, of_consumer, inputs)
    if heard and not affirmed:
        return Ruling(Answer.DENIED, Basis.GPC)  # § 7025(c)(1); (c)(5): its later absence is no opt-in
    if choice.stance is Stance.OPTED_OUT:
        return Ruling(Answer.DENIED, Basis.CONSUMER if of_consumer else Basis.CHOICE)
    if any(_minor_without_consent(inputs.regime, record, choice) for record in (inputs.own, inputs.linked)):
        return Ruling(Answer.DENIED, Basis.MINOR)
    if affirmed:  # a confirmation, so it settles a doubt as well
        return Ruling(Answer.ALLOWED, Basis.AFFIRMED)
    if (inputs.own.doubted_at or inputs.linked.doubted_at) and not choice.confirmed:
        return _UNAVAILABLE  # what the identity that was lost had decided is unknown
    if choice.stance is Stance.OPTED_IN and (choice.confirmed or model is Model.OPT_OUT):
        return Ruling(Answer.ALLOWED, Basis.OPTED_IN)
    return Ruling(model.default_answer, Basis.DEFAULT)


def _ruling_under(regime: Regime, right: Right, resolution: Resolution) -> Ruling:
    """Return the ruling under another regime.

    A resolution does not record whether an opt-in was confirmed, so only `affirmed` counts where that matters.
    """
    ruling, model = resolution.ruling(right), regime.model_of(right)
    if ruling.denied or ruling.basis is Basis.AFFIRMED:
        return ruling
    if regime.is_minor(resolution.minor):
        return Ruling(Answer.DENIED, Basis.MINOR)
    if ruling.basis is Basis.OPTED_IN and model is Model.OPT_OUT:
        return ruling
    return Ruling(model.default_answer, Basis.DEFAULT)


def _younger_minor(one: AgeBand | None, other: AgeBand | None) -> AgeBand | None:
    """Return the younger of two bands, or None if neither is known to be a minor's."""
    return min((band for band in (one, other) if band is not None and band < AgeBand.ADULT), default=None)


def _effective_choice(own: Choice, linked: Choice) -> tuple[Choice, bool]:
    """Return the choice that counts, and True if it is the consumer's.

    A later choice of the consumer outranks older facts on a device; against an opt-out there it must be
    confirmed. Otherwise the stricter of the two holds.
    """
    if linked.stance is Stance.NONE:
        return own, False
    if own.stance is Stance.NONE or linked.stance is Stance.OPTED_OUT:
        return linked, True
    if linked.at > own.at and (linked.confirmed or own.stance is Stance.OPTED_IN):
        return linked, True
    return own, False


def _is_affirmed(choice: Choice, of_consumer: bool, inputs: _Inputs) -> bool:
    """Return True if the two-step confirmation came after every signal that counts here (§ 7025(c)(3)).

    On the record that holds the choice, the fold has kept the order (`over_signal`). The other record's signal
    must be provably older. A live signal that the device's record does not know yet counts as newer.
    """
    if not choice.over_signal:
        return False
    other = inputs.own if of_consumer else inputs.linked
    if other.gpc and other.gpc_at >= choice.at:
        return False
    return bool(inputs.own.gpc) or not (of_consumer and inputs.signals)


def _minor_without_consent(regime: Regime, record: Standing, choice: Choice) -> bool:
    """Return True for a minor without an affirmative opt-in (Civ. Code 1798.120(c), (d))."""
    if not regime.is_minor(record.age):
        return False
    if regime.needs_parent(record.age):
        return not record.parental_consent
    return not (choice.stance is Stance.OPTED_IN and choice.confirmed)
