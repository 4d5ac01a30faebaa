"""Taken ports are named before anything is started."""

from __future__ import annotations

import socket

import pytest

from consent_service.demo.port_check import check_ports
from consent_service.demo.site_addresses import Addresses
from consent_service.errors import CannotStart
from tests.support.ports import free_ports, two_free_ports


def has_ipv6() -> bool:
    """Return True if this machine has the other loopback address."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_the_demo_accepts_free_ports() -> None:
    check_ports(Addresses(*two_free_ports()))


def test_a_taken_port_is_named_with_the_option_for_another() -> None:
    free, other = free_ports(2)
    with socket.create_server(("127.0.0.1", free)):
        with pytest.raises(CannotStart, match=rf"^port {free} is taken; use --port$"):
            check_ports(Addresses(free, other))
        with pytest.raises(CannotStart, match=rf"^port {free} is taken; use --shop-port$"):
            check_ports(Addresses(other, free))


@pytest.mark.skipif(not has_ipv6(), reason="no ::1 on this machine")
def test_a_port_is_taken_where_browsers_would_find_somebody_else() -> None:
    free, other = free_ports(2)
    with (
        socket.create_server(("::1", free), family=socket.AF_INET6),
        pytest.raises(CannotStart, match="is taken"),
    ):
        check_ports(Addresses(free, other))


def test_service_and_shop_need_a_port_each() -> None:
    with pytest.raises(CannotStart, match="--shop-port"):
        check_ports(Addresses(8000, 8000))
