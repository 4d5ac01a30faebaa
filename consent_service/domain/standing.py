"""Standing: what is on record about one visitor or consumer, and its packed form.

Signals, choices and age stay separate facts, each with when (Unix seconds) and by which method. The record
packs into `SIZE` bytes. It grows by folding facts (`facts.apply`), never by being edited.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import msgspec

from consent_service.domain.signals import Sources
from consent_service.domain.words import AgeBand, Method, Right, Stance


class Choice(NamedTuple):
    """What was decided about one right.

    `confirmed`: an opt-in made in two steps. `over_signal`: that confirmation came after a signal was on
    record, so the site may ignore the signal (§ 7025(c)(3)).
    """

    stance: Stance = Stance.NONE
    confirmed: bool = False
    over_signal: bool = False
    method: Method = Method.OTHER
    at: int = 0


NO_CHOICE: Final = Choice()


class Standing(msgspec.Struct, frozen=True):
    """One record. A time of 0 means "never"; `programmes` has one bit for each incentive programme.

    `doubted_at`: the record began when an identity was presented that could not be honoured, so whatever that
    identity had decided is unknown and everything is denied until it is confirmed.
    """

    gpc: Sources = Sources.NONE
    gpc_at: int = 0
    sale: Choice = NO_CHOICE
    share: Choice = NO_CHOICE
    sensitive: Choice = NO_CHOICE
    age: AgeBand | None = None
    parental_consent: bool = False
    age_at: int = 0
    programmes: int = 0
    programmes_at: int = 0
    doubted_at: int = 0

    def choice(self, right: Right) -> Choice:
        """What was decided about this right."""
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    @property
    def latest_at(self) -> int:
        """When the newest fact was recorded: a clock behind it can't be trusted with this record."""
        return max(
            self.gpc_at,
            self.sale.at,
            self.share.at,
            self.sensitive.at,
            self.age_at,
            self.programmes_at,
            self.doubted_at,
        )


class StandingUnreadable(ValueError):
    """The bytes are not a standing that this version can read."""


_FORMAT: Final = 1
_LAYOUT: Final = struct.Struct(">BBI BBI BBI BBI BI BI I")
SIZE: Final = _LAYOUT.size
_CONFIRMED, _OVER_SIGNAL, _STANCE = 0x80, 0x40, 0x03
# Calling an enum to find its member is slow, and this is read for every flag that no cache answers.
_STANCES: Final = {int(stance): stance for stance in Stance}
_METHODS: Final = {int(method): method for method in Method}
_AGES: Final = {int(age): age for age in AgeBand}
_SOURCES: Final = {bits: Sources(bits) for bits in range(8)}
_AGE_UNKNOWN, _PARENTAL, _AGE = 0xFF, 0x80, 0x7F


def pack(standing: Standing) -> bytes:
    """The record as `SIZE` bytes."""
    age = _AGE_UNKNOWN if standing.age is None else int(standing.age)
    if standing.age is not None and standing.parental_consent:
        age |= _PARENTAL
    return _LAYOUT.pack(
        _FORMAT,
        int(standing.gpc),
        standing.gpc_at,
        *_choice_fields(standing.sale),
        *_choice_fields(standing.share),
        *_choice_fields(standing.sensitive),
        age,
        standing.age_at,
        standing.programmes,
        standing.programmes_at,
        standing.doubted_at,
    )


def unpack(data: bytes) -> Standing:
    """The inverse of `pack`. Raises `StandingUnreadable`: never a guess, the caller denies."""
    try:
        form, gpc, gpc_at, *rest, age, age_at, programmes, programmes_at, doubted_at = _LAYOUT.unpack(data)
        if form != _FORMAT:
            raise StandingUnreadable(f"standing of format {form}; this version reads {_FORMAT}")
        known = None if age == _AGE_UNKNOWN else _AGES[age & _AGE]
        return Standing(
            gpc=_SOURCES[gpc],
            gpc_at=gpc_at,
            sale=_choice(*rest[0:3]),
            share=_choice(*rest[3:6]),
            sensitive=_choice(*rest[6:9]),
            age=known,
            parental_consent=known is not None and bool(age & _PARENTAL),
            age_at=age_at,
            programmes=programmes,
            programmes_at=programmes_at,
            doubted_at=doubted_at,
        )
    except (struct.error, KeyError) as error:
        raise StandingUnreadable(f"unreadable standing of {len(data)} bytes: {error}") from error


def _choice_fields(choice: Choice) -> tuple[int, int, int]:
    bits = int(choice.stance)
    bits |= _CONFIRMED if choice.confirmed else 0
    bits |= _OVER_SIGNAL if choice.over_signal else 0
    return bits, int(choice.method), choice.at


def _choice(bits: int, method: int, at: int) -> Choice:
    stance = _STANCES[bits & _STANCE]
    return Choice(stance, bool(bits & _CONFIRMED), bool(bits & _OVER_SIGNAL), _METHODS[method], at)
