"""Rate limits: the number of writes from one address."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from consent_service.addresses import Address
from consent_service.errors import TooManyRequests
from consent_service.services.rate_limits import RateLimits
from tests.support.clock import Clock

HOME = Address(bytes([203, 0, 113, 9]))
SUBSCRIBER = IPv6Address("2001:db8:1::")


def limits(clock: Clock, per_minute: int = 60, burst: int = 3, tracked: int = 10) -> RateLimits:
    return RateLimits(per_minute, burst, tracked, key=b"k" * 32, clock=clock)


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    clock = Clock(0)
    bucket = limits(clock)
    for _ in range(3):
        bucket.take("choices", HOME)
    with pytest.raises(TooManyRequests) as refused:
        bucket.take("choices", HOME)
    assert refused.value.retry_after == 1
    clock.now += refused.value.retry_after
    bucket.take("choices", HOME)


def test_addresses_and_kinds_of_calls_do_not_use_up_each_others() -> None:
    bucket = limits(Clock(0), burst=1)
    bucket.take("choices", HOME)
    bucket.take("signals", HOME)
    bucket.take("choices", Address(bytes([203, 0, 113, 10])))


def test_a_setting_of_zero_a_minute_means_no_limit() -> None:
    bucket = limits(Clock(0), per_minute=0, burst=1)
    for _ in range(1000):
        bucket.take("choices", HOME)
    assert bucket.tracked == 0


def test_the_table_is_bounded_and_drops_the_least_recent() -> None:
    bucket = limits(Clock(0), burst=1, tracked=10)
    for number in range(100):
        bucket.take("choices", Address(bytes([10, 0, 0, number])))
    assert bucket.tracked == 10
    bucket.take("choices", Address(bytes([10, 0, 0, 0])))
    with pytest.raises(TooManyRequests):
        bucket.take("choices", Address(bytes([10, 0, 0, 99])))


def test_rule_7_no_address_is_kept() -> None:
    bucket = limits(Clock(0))
    bucket.take("choices", HOME)
    assert repr(HOME) not in repr(vars(bucket))


def line(number: int) -> Address:
    """An address in one of the subscriber's 65,536 /64s."""
    return Address((SUBSCRIBER + (number << 64)).packed)


def taken(bucket: RateLimits, addresses: list[Address | None]) -> int:
    """Return how many calls are let through, one from each of these addresses."""
    allowed = 0
    for address in addresses:
        try:
            bucket.take("choices", address)
        except TooManyRequests:
            continue
        allowed += 1
    return allowed


def test_one_line_of_ipv6_is_one_client() -> None:
    assert taken(limits(Clock(0)), [Address((SUBSCRIBER + number).packed) for number in range(50)]) == 3


def test_a_subscriber_who_walks_a_48_has_four_times_a_line_s_limit() -> None:
    clock = Clock(0)
    bucket = limits(clock, tracked=1000)
    assert taken(bucket, [line(number) for number in range(1500)]) == 12
    clock.now += 10  # a call a second for each line
    assert taken(bucket, [line(number) for number in range(1500)]) == 12
    clock.now += 1
    assert taken(bucket, [line(number) for number in range(1500)]) == 4
    neighbours = [line(number << 16) for number in range(1, 50)]
    assert taken(bucket, [*neighbours]) == 49


def test_a_refused_subscriber_is_told_when_to_come_back() -> None:
    clock = Clock(0)
    bucket = limits(clock, per_minute=3, burst=1)
    assert taken(bucket, [line(number) for number in range(4)]) == 4
    with pytest.raises(TooManyRequests) as refused:
        bucket.take("choices", line(99))
    assert refused.value.retry_after == 5  # the subscriber's bucket gets a call then, and the line's is full
    clock.now += refused.value.retry_after
    bucket.take("choices", line(99))


def test_a_refused_call_takes_from_no_bucket_and_drops_nobody_else_s() -> None:
    clock = Clock(0)
    bucket = limits(clock, burst=1, tracked=6)
    bucket.take("choices", HOME)
    assert taken(bucket, [line(number) for number in range(500)]) == 4
    with pytest.raises(TooManyRequests):
        bucket.take("choices", HOME)


def test_callers_whose_address_can_t_be_read_share_one_limit() -> None:
    assert taken(limits(Clock(0)), [None] * 10) == 3
