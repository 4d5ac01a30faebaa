"""The store that the configuration names: the one place that opens it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from consent_service.config import Service
from consent_service.store.contract import Store
from consent_service.store.engines import open_store


def open_configured(service: Service, clock: Callable[[], float] = time.time) -> Store:
    """Open and return the store that `consent.toml` names; the caller closes it. Raises StoreError.

    `clock` gives Unix seconds and decides what has expired.
    """
    return open_store(service.store, relaxed=service.is_relaxed, clock=clock)


@asynccontextmanager
async def configured_store(service: Service) -> AsyncIterator[Store]:
    """Open the store that `consent.toml` names, and close it at the end. Raises StoreError."""
    store = open_configured(service)
    try:
        yield store
    finally:
        await store.close()
