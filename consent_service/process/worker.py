"""What each web worker loads: the application under the configuration in the run folder."""

from __future__ import annotations

import gc
import multiprocessing
import os
from pathlib import Path

from consent_service.app import ConsentApp, create_app
from consent_service.process import logs
from consent_service.process.parent import die_with
from consent_service.process.rundir import RunDir


def load_app() -> ConsentApp:
    """The application; called once in each worker, right after it was spawned."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid)
    logs.configure("web")
    folder = Path(os.environ["CONSENT_RUN_DIR"])
    app = create_app(RunDir(folder).read(os.environ), run_dir=folder)
    _keep_for_good()
    return app


def _keep_for_good() -> None:
    """Spare the collector what stays until the worker ends: it went through all of it again and again, for a
    tenth of the time that answers took."""
    gc.collect()
    gc.freeze()
