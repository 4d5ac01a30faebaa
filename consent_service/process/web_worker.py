"""Entry point of each web worker: the application under the configuration in the run folder."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from starlette.types import Lifespan

from consent_service.app import ConsentApp, create_app
from consent_service.process import logs
from consent_service.process.parent import die_with
from consent_service.process.rundir import RunDir

_YOUNG: Final = 20_000
"""New objects between two looks of the collector. By default it looks every 700, which requests under way make in
a few milliseconds, and walks all that they hold: with many at once that is a fifth of what they cost."""


def load_app() -> ConsentApp:
    """The application; called once in each worker, right after it was spawned."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid)
    logs.configure("web")
    folder = Path(os.environ["CONSENT_RUN_DIR"])
    run = RunDir(folder)
    app = create_app(run.read(os.environ), run_dir=folder)
    app.router.lifespan_context = _ready_within(app.router.lifespan_context, run)
    _spare_the_collector()
    return app


def _ready_within(lifespan: Lifespan[Any], run: RunDir) -> Lifespan[Any]:
    """Return the lifespan that also leaves word in the run folder once the application can serve."""

    @asynccontextmanager
    async def marked(app: ConsentApp) -> AsyncIterator[None]:
        """Run the lifespan, with the mark in the run folder while it runs."""
        async with lifespan(app):
            with run.worker_ready(os.getpid()):
                yield

    return marked


def _spare_the_collector() -> None:
    """Freeze the objects built so far: they live as long as the worker, so no collection need walk them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
