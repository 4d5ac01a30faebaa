"""Progress bars on standard error, so that standard output holds results alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consent_service.store.transfer.copying import ShardProgress


@contextmanager
def progress_bar(unit: str) -> Iterator[ShardProgress]:
    """Yield a function that shows how many of how many units are done.

    The bar appears at the first call, on a terminal alone, and is gone at the end of the block.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(unit, total=None)

    def show_progress(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show_progress
    finally:
        bar.stop()
