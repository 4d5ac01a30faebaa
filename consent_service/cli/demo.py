"""The command `demo`: everything at once, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    port: Annotated[int, typer.Option(help="Port of the service.")] = 8000,
    shop_port: Annotated[int, typer.Option(help="Port of the shop.")] = 8001,
    data: Annotated[Path, typer.Option(help="Folder for the demo's store and keys.")] = Path("consent-demo"),
) -> None:
    """Run the service with a demo shop and its ad partner, and print what to try."""
    from consent_service.demo import run

    run(port=port, shop_port=shop_port, data=data)
