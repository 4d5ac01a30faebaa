"""Contract of every signed text of ours, whatever it carries. Each kind's test class inherits this."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import ConsentError
from consent_service.identity.key_ring import KeyRing, new_ring, rotate_ring

NOW = 1_795_341_600
DAY = 86_400
RING = new_ring(NOW - 30 * DAY, b"s" * 32, b"h" * 32)
OTHER_RING = new_ring(NOW - 30 * DAY, b"o" * 32, b"h" * 32)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
ODD = (
    "",
    ".",
    "..",
    "...",
    "1..",
    "1.AAAA.",
    "٣.AAAA.BBBB",
    "1_0.AAAA.BBBB",
    "-1.A.B",
    "\ud800.a.b",
    "1." * 9000,
)


class SignedTextContract(ABC):
    """`refusal` is the error that every refusal of this kind is."""

    refusal: type[ConsentError]

    @abstractmethod
    def sign(self, ring: KeyRing, site: str, issued_at: int) -> str: ...

    @abstractmethod
    def unsign(self, ring: KeyRing, site: str, text: str, now: int) -> Any: ...

    @abstractmethod
    def meaning(self, site: str, issued_at: int) -> Any: ...

    @property
    @abstractmethod
    def max_age(self) -> int: ...

    def refused(self, text: str, *, ring: KeyRing = RING, site: str = "acme", now: int = NOW) -> bool:
        """Return True if the text is refused by an error of this kind; any other exception fails the test."""
        try:
            self.unsign(ring, site, text, now)
        except self.refusal:
            return True
        return False

    def test_what_was_signed_is_read_again(self) -> None:
        text = self.sign(RING, "acme", NOW)
        assert self.unsign(RING, "acme", text, NOW) == self.meaning("acme", NOW)

    def test_the_text_stands_in_a_cookie_and_in_a_path_as_it_is(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", self.sign(RING, "acme", NOW))

    def test_any_single_changed_character_is_refused(self) -> None:
        text = self.sign(RING, "acme", NOW)

        @given(st.integers(0, len(text) - 1), st.sampled_from(ALPHABET + " é=+/\x00"))
        def changed(place: int, character: str) -> None:
            assert self.refused(text[:place] + character + text[place + 1 :]) is (character != text[place])

        changed()

    @pytest.mark.parametrize("last", ALPHABET)
    def test_the_spare_bits_of_the_last_character_may_not_be_changed(self, last: str) -> None:
        text = self.sign(RING, "acme", NOW)
        assert self.refused(text[:-1] + last) is (last != text[-1])

    def test_every_truncation_is_refused(self) -> None:
        text = self.sign(RING, "acme", NOW)
        assert all(self.refused(text[:end]) for end in range(len(text)))
        assert all(self.refused(text[start:]) for start in range(1, len(text)))

    def test_any_text_that_was_not_signed_is_refused(self) -> None:
        @given(st.text(max_size=200))
        def unsigned(text: str) -> None:
            assert self.refused(text)

        unsigned()

    @pytest.mark.parametrize("text", ODD)
    def test_odd_texts_are_refused(self, text: str) -> None:
        assert self.refused(text)

    def test_an_extra_part_is_refused(self) -> None:
        text = self.sign(RING, "acme", NOW)
        assert self.refused(text + ".")
        assert self.refused("." + text)
        assert self.refused(text.replace(".", "..", 1))
        assert self.refused(f"{text}.{text}")

    def test_another_sites_text_is_refused(self) -> None:
        assert self.refused(self.sign(RING, "other", NOW))

    def test_another_rings_text_under_the_same_number_is_refused(self) -> None:
        assert self.refused(self.sign(OTHER_RING, "acme", NOW))

    def test_a_key_number_that_the_ring_does_not_hold_is_refused(self) -> None:
        assert self.refused(self.sign(rotate_ring(RING, NOW, b"n" * 32), "acme", NOW))

    def test_a_text_signed_before_a_rotation_is_still_read(self) -> None:
        text = self.sign(RING, "acme", NOW)
        assert self.unsign(rotate_ring(RING, NOW, b"n" * 32), "acme", text, NOW) == self.meaning("acme", NOW)

    def test_a_key_verifies_for_400_days_after_it_retired_and_not_a_second_longer(self) -> None:
        retired_at = NOW - 400 * DAY
        ring = rotate_ring(RING, retired_at, b"n" * 32)
        text = self.sign(RING, "acme", NOW)
        assert not self.refused(text, ring=ring)
        assert self.refused(text, ring=rotate_ring(RING, retired_at - 1, b"n" * 32))

    def test_a_text_is_read_up_to_its_greatest_age_and_not_a_second_longer(self) -> None:
        assert not self.refused(self.sign(RING, "acme", NOW - self.max_age))
        assert self.refused(self.sign(RING, "acme", NOW - self.max_age - 1))

    def test_a_text_from_a_clock_more_than_a_minute_ahead_is_refused(self) -> None:
        assert not self.refused(self.sign(RING, "acme", NOW + 60))
        assert self.refused(self.sign(RING, "acme", NOW + 61))
