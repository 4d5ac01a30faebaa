"""Check that the demo's ports are free, before anything is started."""

from __future__ import annotations

import errno
import socket

from consent_service.demo.site_addresses import LOOPBACK, Addresses
from consent_service.errors import CannotStart


def check_ports(addresses: Addresses) -> None:
    """Raise CannotStart if a port can't be used; the message names the option for another port."""
    if addresses.port == addresses.shop_port:
        raise CannotStart(f"service and shop can't share port {addresses.port}; give another --shop-port")
    for port, option in ((addresses.port, "--port"), (addresses.shop_port, "--shop-port")):
        fault = _port_fault(port)
        if fault:
            raise CannotStart(f"port {port} {fault}; use {option}")


def _port_fault(port: int) -> str:
    """Return the reason why this port can't be listened on, or "".

    Browsers try `::1` for names below localhost too: whoever listens there would be taken for us.
    """
    for family, address in ((socket.AF_INET, LOOPBACK), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((address, port), family=family).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken"
            if error.errno == errno.EACCES:
                return "is for administrators only"
    return ""
