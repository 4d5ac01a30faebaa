"""How often one address may write."""

from __future__ import annotations

import pytest

from consent_service.errors import TooManyRequests
from consent_service.services.limits import Limits
from tests.running import Clock


def limits(clock: Clock, per_minute: int = 60, burst: int = 3, tracked: int = 10) -> Limits:
    return Limits(per_minute, burst, tracked, key=b"k" * 32, clock=clock)


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    clock = Clock(0)
    bucket = limits(clock)
    for _ in range(3):
        bucket.take("choices", "203.0.113.9")
    with pytest.raises(TooManyRequests) as refused:
        bucket.take("choices", "203.0.113.9")
    assert refused.value.retry_after == 1
    clock.now += refused.value.retry_after
    bucket.take("choices", "203.0.113.9")


def test_addresses_and_kinds_of_calls_do_not_use_up_each_others() -> None:
    bucket = limits(Clock(0), burst=1)
    bucket.take("choices", "203.0.113.9")
    bucket.take("signals", "203.0.113.9")
    bucket.take("choices", "203.0.113.10")


def test_zero_a_minute_is_no_limit() -> None:
    bucket = limits(Clock(0), per_minute=0, burst=1)
    for _ in range(1000):
        bucket.take("choices", "203.0.113.9")
    assert bucket.tracked == 0


def test_the_table_is_bounded_and_drops_the_least_recent() -> None:
    bucket = limits(Clock(0), burst=1, tracked=10)
    for number in range(100):
        bucket.take("choices", f"address {number}")
    assert bucket.tracked == 10
    bucket.take("choices", "address 0")
    with pytest.raises(TooManyRequests):
        bucket.take("choices", "address 99")


def test_rule_7_no_address_is_kept() -> None:
    bucket = limits(Clock(0))
    bucket.take("choices", "203.0.113.9")
    assert "203.0.113.9" not in repr(vars(bucket))
