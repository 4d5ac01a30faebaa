"""Standing: everything on record about one visitor or consumer, its packed form, and the record that stores it.

Signals, choices and age stay separate facts, each with its time (Unix seconds) and method. The packed form
holds only the parts that are on record. A standing grows by folding facts (`facts.apply_fact`), never by
being edited.

A visitor's record is the packed standing and the number that their ledger entries bear. The number is drawn at
random when the record begins, and stands only there and in the entries. So the record is the only map from a
visitor to their entries: once it is erased, nobody can tell whose they were (design rule 8).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from consent_service.domain.signals import Sources
from consent_service.domain.words import AgeBand, Method, Right, Stance


class Choice(NamedTuple):
    """Decision about one right.

    `confirmed`: an opt-in made in two steps. `over_signal`: the confirmation came after a signal was on record,
    so the site may ignore the signal (§ 7025(c)(3)).
    """

    stance: Stance = Stance.NONE
    confirmed: bool = False
    over_signal: bool = False
    method: Method = Method.OTHER
    at: int = 0


NO_CHOICE: Final = Choice()


class Standing(msgspec.Struct, frozen=True):
    """Everything on record about one visitor or consumer. Time 0 means never; `programmes` has one bit for each
    programme.

    `doubted_at`: the record began when an identity was presented that could not be honoured. That identity's
    decisions are unknown, so everything is denied until it is confirmed.
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

    def choice_on(self, right: Right) -> Choice:
        """Return the decision about this right."""
        if right is Right.SALE:
            return self.sale
        return self.share if right is Right.SHARE else self.sensitive

    @property
    def latest_at(self) -> int:
        """Time of the newest recorded fact. A clock behind it can't be trusted with this record."""
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
    """Bytes that are not a standing of a version that this code can read."""


_FORMAT: Final = 2
_CONFIRMED, _OVER_SIGNAL, _STANCE = 0x80, 0x40, 0x03
_AGE_UNKNOWN, _PARENTAL, _AGE = 0xFF, 0x80, 0x7F
# The second byte says which parts follow; what is not on record takes no room.
_HAS_GPC, _HAS_SALE, _SHARE_AS_SALE, _HAS_SHARE = 0x01, 0x02, 0x04, 0x08
_HAS_SENSITIVE, _HAS_AGE, _HAS_PROGRAMMES, _HAS_DOUBT = 0x10, 0x20, 0x40, 0x80
_PARTS: Final = (
    (_HAS_GPC, "BI"),
    (_HAS_SALE, "BBI"),
    (_HAS_SHARE, "BBI"),
    (_HAS_SENSITIVE, "BBI"),
    (_HAS_AGE, "BI"),
    (_HAS_PROGRAMMES, "BI"),
    (_HAS_DOUBT, "I"),
)


def _makes_sense(mask: int) -> bool:
    return not mask & _SHARE_AS_SALE or (bool(mask & _HAS_SALE) and not mask & _HAS_SHARE)


_LAYOUTS: Final = {
    mask: struct.Struct(">BB" + "".join(part for bit, part in _PARTS if mask & bit))
    for mask in range(256)
    if _makes_sense(mask)
}
MOST_BYTES: Final = max(layout.size for layout in _LAYOUTS.values())
# Calling an enum to find its member is slow, and this is read for every flag that no cache answers.
_STANCES: Final = {int(stance): stance for stance in Stance}
_METHODS: Final = {int(method): method for method in Method}
_AGES: Final = {int(age): age for age in AgeBand}
_SOURCES: Final = {bits: Sources(bits) for bits in range(8)}


def pack(standing: Standing) -> bytes:
    """Return the record in at most `MOST_BYTES` bytes, or in 8 if sale and sharing were decided together."""
    mask, fields, gpc = 0, list[int](), int(standing.gpc)
    if gpc or standing.gpc_at:
        mask, fields = _HAS_GPC, [gpc, standing.gpc_at]
    if standing.sale != NO_CHOICE:
        mask |= _HAS_SALE
        fields += _choice_fields(standing.sale)
    if standing.share != NO_CHOICE:
        together = standing.share == standing.sale
        mask |= _SHARE_AS_SALE if together else _HAS_SHARE
        fields += () if together else _choice_fields(standing.share)
    if standing.sensitive != NO_CHOICE:
        mask |= _HAS_SENSITIVE
        fields += _choice_fields(standing.sensitive)
    if standing.age is not None or standing.age_at:
        mask |= _HAS_AGE
        fields += (_age_byte(standing), standing.age_at)
    if standing.programmes or standing.programmes_at:
        mask |= _HAS_PROGRAMMES
        fields += (standing.programmes, standing.programmes_at)
    if standing.doubted_at:
        mask |= _HAS_DOUBT
        fields.append(standing.doubted_at)
    return _LAYOUTS[mask].pack(_FORMAT, mask, *fields)


def unpack(data: bytes) -> Standing:
    """Return the standing in these bytes: the inverse of `pack`.

    Raises `StandingUnreadable`: nothing is guessed, the caller denies.
    """
    if len(data) < 2 or data[0] != _FORMAT:
        form = f"of format {data[0]}" if data else "without a format"
        raise StandingUnreadable(f"standing {form}, {len(data)} bytes; this version reads format {_FORMAT}")
    try:
        mask = data[1]
        fields = iter(_LAYOUTS[mask].unpack(data)[2:])
        return _read_parts(mask, fields.__next__)
    except (struct.error, KeyError) as error:
        raise StandingUnreadable(f"unreadable standing of {len(data)} bytes: {error}") from error


def _read_parts(mask: int, field: Callable[[], int]) -> Standing:
    """Return the standing of the parts named by the mask; `field` returns their fields in order."""
    gpc, gpc_at = (_SOURCES[field()], field()) if mask & _HAS_GPC else (Sources.NONE, 0)
    sale = _choice_from(field(), field(), field()) if mask & _HAS_SALE else NO_CHOICE
    share = sale if mask & _SHARE_AS_SALE else NO_CHOICE
    if mask & _HAS_SHARE:
        share = _choice_from(field(), field(), field())
    sensitive = _choice_from(field(), field(), field()) if mask & _HAS_SENSITIVE else NO_CHOICE
    age, age_at = (field(), field()) if mask & _HAS_AGE else (_AGE_UNKNOWN, 0)
    band = None if age == _AGE_UNKNOWN else _AGES[age & _AGE]
    parental = band is not None and bool(age & _PARENTAL)
    programmes, programmes_at = (field(), field()) if mask & _HAS_PROGRAMMES else (0, 0)
    doubted_at = field() if mask & _HAS_DOUBT else 0
    return Standing(
        gpc, gpc_at, sale, share, sensitive, band, parental, age_at, programmes, programmes_at, doubted_at
    )


def _age_byte(standing: Standing) -> int:
    if standing.age is None:
        return _AGE_UNKNOWN
    return int(standing.age) | (_PARENTAL if standing.parental_consent else 0)


def _choice_fields(choice: Choice) -> tuple[int, int, int]:
    bits = int(choice.stance)
    bits |= _CONFIRMED if choice.confirmed else 0
    bits |= _OVER_SIGNAL if choice.over_signal else 0
    return bits, int(choice.method), choice.at


def _choice_from(bits: int, method: int, at: int) -> Choice:
    stance = _STANCES[bits & _STANCE]
    return Choice(stance, bool(bits & _CONFIRMED), bool(bits & _OVER_SIGNAL), _METHODS[method], at)


# --- the record -----------------------------------------------------------------------------------

SUBJECT_BYTES: Final = 16
"""Random bytes of a number: as many as an id has, so that no two are alike."""


class VisitorRecord(NamedTuple):
    """Record of a visitor. `subject`: the number that their ledger entries bear."""

    subject: bytes
    standing: Standing


def pack_record(record: VisitorRecord) -> bytes:
    """Return the stored bytes of the record; a usual record fits the store's slot for small values."""
    if len(record.subject) != SUBJECT_BYTES:
        raise ValueError(f"a number has {SUBJECT_BYTES} bytes")
    return pack(record.standing) + record.subject


def unpack_record(data: bytes) -> VisitorRecord:
    """Return the record in these bytes: the inverse of `pack_record`. Raises `StandingUnreadable`."""
    # The number stands last: the standing before it has no fixed length.
    return VisitorRecord(data[-SUBJECT_BYTES:], standing_in(data))


def standing_in(data: bytes) -> Standing:
    """Return the standing in a packed record. Raises `StandingUnreadable`."""
    return unpack(data[:-SUBJECT_BYTES])
