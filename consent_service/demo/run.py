"""Run of the demo: start the service and the shop, print what to try, and end both together."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from granian.constants import Interfaces
from granian.server.embed import Server
from rich.console import Console
from starlette.types import ASGIApp

from consent_service.demo.demo_folder import DemoFolder, prepare_folder
from consent_service.demo.port_check import check_ports
from consent_service.demo.shop import demo_app
from consent_service.demo.site_addresses import LOOPBACK, SITE, Addresses
from consent_service.demo.welcome import welcome_text
from consent_service.embed.site_script import script_of
from consent_service.errors import CannotStart
from consent_service.process import logs
from consent_service.process.child import Child

_ASK_AGAIN: Final = 0.05  # seconds


def run_demo(port: int, shop_port: int, data: Path) -> None:
    """Serve the demo until Ctrl-C.

    Raises CannotStart and ConfigError before anything is started, and CannotStart when the service gives up.
    """
    addresses = Addresses(port, shop_port)
    check_ports(addresses)
    folder, config = prepare_folder(data, addresses, int(time.time()))
    logs.configure_logs("demo")
    app = demo_app(addresses, script_of(config, SITE, int(time.time())))
    asyncio.run(_run_both(addresses, folder, app))


async def _run_both(addresses: Addresses, folder: DemoFolder, app: ASGIApp) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Starting; the service's log is {folder.log}", markup=False)
    service = Child("service", _service_command(folder), folder.child_env(os.environ))
    async with _serve_together(service, app, addresses) as running:
        stop = asyncio.create_task(_wait_for_signal())
        welcoming = asyncio.create_task(_print_welcome(console, addresses, folder))
        done, _ = await asyncio.wait([stop, *running], return_when=asyncio.FIRST_COMPLETED)
        welcoming.cancel()
        stop.cancel()
    if stop not in done:
        raise CannotStart(f"the demo's service or shop gave up; {folder.log} says why")


async def _wait_for_signal() -> None:
    """Return on Ctrl-C or SIGTERM."""
    signalled = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, signalled.set)
    await signalled.wait()


def _service_command(folder: DemoFolder) -> list[str]:
    module = "consent_service.demo.service"
    return [sys.executable, "-m", module, str(folder.configuration), str(folder.log), str(os.getpid())]


@asynccontextmanager
async def _serve_together(
    service: Child, app: ASGIApp, addresses: Addresses
) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run the service as a child and the shop in this process during the block; yield their tasks."""
    shop = Server(
        app,
        address=LOOPBACK,
        port=addresses.shop_port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(service.run())
    ready = asyncio.create_task(_wait_until_well(addresses.port, "/readyz"))
    selling = asyncio.create_task(_open_shop(shop, ready))
    try:
        yield [serving, selling]
    finally:
        ready.cancel()
        shop.stop()  # type: ignore[no-untyped-call]
        await service.stop()
        serving.cancel()  # it may just be starting
        await asyncio.gather(serving, selling, return_exceptions=True)


async def _open_shop(shop: Server, ready: asyncio.Task[None]) -> None:
    """Open the shop once the service is ready: a page that comes earlier would stay without its banner."""
    await ready
    await shop.serve()


async def _print_welcome(console: Console, addresses: Addresses, folder: DemoFolder) -> None:
    """Print what to try, once the shop is open."""
    await _wait_until_well(addresses.shop_port, "/")
    console.print(welcome_text(addresses, folder))


async def _wait_until_well(port: int, path: str) -> None:
    while True:
        if await asyncio.to_thread(_is_well, port, path):
            return
        await asyncio.sleep(_ASK_AGAIN)


def _is_well(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
