"""DevTools: Chromium's own protocol over a pair of pipes: JSON messages, each ended by a NUL byte.

Knows nothing of the commands' meaning. https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from consent_service.errors import InspectionFailed

Json = dict[str, Any]
_CHUNK: Final = 1 << 16
_ANSWER_SECONDS: Final = 30.0  # seconds for an answer


class DevTools:
    """One browser's pipe. Events wait in `next_event` until somebody takes them."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._count = 0
        self._events: deque[Json] = deque()

    def send_command(self, method: str, session: str = "", **parameters: object) -> int:
        """Send a command and wait for nothing; the answer comes among the events, with the `id` returned here."""
        self._count += 1
        message: Json = {"id": self._count, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        view = memoryview(json.dumps(message).encode() + b"\0")
        while view:
            try:
                view = view[os.write(self._writing, view) :]
            except BrokenPipeError as error:
                raise InspectionFailed("Chromium ended unexpectedly: run the command again") from error
        return self._count

    def run_command(self, method: str, session: str = "", **parameters: object) -> Json:
        """Send a command and return its result. Raises InspectionFailed if it fails or is not answered."""
        number = self.send_command(method, session, **parameters)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while (message := self._next_message(deadline - time.monotonic())) is not None:
            if message.get("id") != number:
                self._events.append(message)
            elif "error" in message:
                raise InspectionFailed(f"Chromium refused {method}: {message['error'].get('message')}")
            else:
                result: Json = message["result"]
                return result
        raise InspectionFailed(f"Chromium did not answer {method} within {_ANSWER_SECONDS:.0f} s")

    def next_event(self, seconds: float) -> Mapping[str, Any] | None:
        """Return the oldest waiting event, or the next one within so many seconds, or None."""
        return self._events.popleft() if self._events else self._next_message(seconds)

    def _next_message(self, seconds: float) -> Json | None:
        deadline = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._reading], [], [], remaining)[0]:
                return None
            chunk = os.read(self._reading, _CHUNK)
            if not chunk:
                raise InspectionFailed("Chromium ended unexpectedly: run the command again")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: Json = json.loads(text)
        return message
