"""Pages whose own scripts put something else in place of what the browser has: the widget works, the guard holds.

The names are read from the built code, so a newly used one is tested without anybody thinking of it. A page is framed by
a clean one, which does all that a visitor does and looks at what came of it with functions of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Guest, Shop, Written, guest, shop
from tests.e2e.partners import FACTS, Partner, partner

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

DIST: Final = Path(__file__).parents[2] / "widget" / "dist"
BUILT: Final = ("stub", "guard", "widget", "settings")
TOGETHER: Final = 12
"""So many names are replaced in one page: where it fails, each of them is tried alone."""
