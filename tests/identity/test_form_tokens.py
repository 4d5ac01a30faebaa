"""Form tokens: bound to one nonce, one step and one moment; nothing else passes for one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.identity.form_tokens import FormStep, ShownForm, form_token, open_form_token
from consent_service.identity.key_ring import new_ring, rotate_ring
from tests.identity.contract import RING

MADE = 1_795_341_600_123
NONCE = "1.nonce.x"
TOKEN = form_token(RING, NONCE, FormStep.ASK, MADE)


@given(st.sampled_from(FormStep), st.integers(0, 10**13), st.integers(-100_000, 10_000_000))
def test_a_form_token_says_its_step_and_its_age_in_milliseconds(step: FormStep, made: int, age: int) -> None:
    token = form_token(RING, NONCE, step, made)
    assert open_form_token(RING, NONCE, token, made + age) == ShownForm(step, age)


@pytest.mark.parametrize(
    ("age", "hurried", "expired"),
    [
        (-5_000, True, False),
        (0, True, False),
        (2_999, True, False),
        (3_000, False, False),
        (600_000, False, False),
        (600_001, False, True),
    ],
)
def test_a_form_token_is_good_from_three_seconds_to_ten_minutes(
    age: int, hurried: bool, expired: bool
) -> None:
    shown = ShownForm(FormStep.ASK, age)
    assert (shown.is_hurried, shown.is_expired) == (hurried, expired)


def test_a_form_token_is_still_good_after_a_rotation_of_the_keys() -> None:
    assert open_form_token(rotate_ring(RING, MADE // 1000, b"n" * 32), NONCE, TOKEN, MADE) is not None


def test_a_form_token_belongs_to_one_nonce_and_one_key_ring() -> None:
    assert open_form_token(RING, "1.nonce.y", TOKEN, MADE) is None
    other = new_ring(MADE // 1000, b"s" * 32, b"i" * 32)
    assert open_form_token(other, NONCE, TOKEN, MADE) is None


def test_neither_the_step_nor_the_time_in_a_form_token_can_be_changed() -> None:
    step, made, mac = TOKEN.split(".")
    for other in product(FormStep, (made, str(MADE - 1), str(MADE - 5000), "0" + made)):
        text = ".".join((*other, mac))
        assert (open_form_token(RING, NONCE, text, MADE) is None) == (text != TOKEN), text
    assert step == "ask"


@pytest.mark.parametrize(
    "token",
    [
        *("", "é", "\ud800", "x" * 10_000, "..", f"{TOKEN}.", f"{TOKEN}\n", TOKEN[:-1], f" {TOKEN}"),
        *(TOKEN.replace(str(MADE), time) for time in ("", "-1", "1e3", "1_0", "\u0661", "9" * 400)),
        *(TOKEN.replace("ask", step) for step in ("", "asks", "ASK", "first")),
    ],
)
def test_anything_but_a_signed_form_token_is_refused(token: str) -> None:
    assert open_form_token(RING, NONCE, token, MADE) is None
