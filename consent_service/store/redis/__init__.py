"""The engine that many machines share: Redis or Valkey, alone, behind Sentinels, or as a cluster."""

from __future__ import annotations

from consent_service.store.redis.engine import RedisStore

__all__ = ["RedisStore"]
