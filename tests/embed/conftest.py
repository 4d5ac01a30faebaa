"""The running application, as the tests of the web room have it."""

from __future__ import annotations

from tests.web.conftest import service

__all__ = ["service"]
