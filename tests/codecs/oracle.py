"""The reference library, npm's @iabgpp/cmpapi, as an oracle: one node process that answers lists of questions.

The two sides name things differently; `to_reference` and `from_reference` are the only place that knows how.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from consent_service.codecs.fields import Fields, Value
from consent_service.codecs.sections import BY_NAME

SCRIPT = Path(__file__).with_name("oracle.mjs")

Sections = Mapping[str, Fields]


class Oracle:
    """Asks the library; an answer is None where it refused."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def encode(self, batch: Iterable[Sections]) -> list[str | None]:
        """The library's string for each of these."""
        asked = [
            {"encode": {name: to_reference(name, fields) for name, fields in one.items()}} for one in batch
        ]
        return [answer.get("text") for answer in self._ask(asked)]

    def decode(self, batch: Iterable[str]) -> list[dict[str, dict[str, Value]] | None]:
        """Return the fields that the library reads in each of these strings."""
        found = [answer.get("sections") for answer in self._ask([{"decode": text} for text in batch])]
        return [
            None if one is None else {name: from_reference(fields) for name, fields in one.items()}
            for one in found
        ]

    def _ask(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._questions.write(json.dumps(questions) + "\n")
        self._questions.flush()
        answers: list[dict[str, Any]] = json.loads(self._answers.readline())
        return answers


@contextmanager
def consulted() -> Iterator[Oracle]:
    """An oracle, and the end of its process: it stops when nobody asks any more."""
    command = ["node", str(SCRIPT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdin
        assert node.stdout
        yield Oracle(node.stdin, node.stdout)


def to_reference(name: str, fields: Fields) -> dict[str, Value]:
    """The library writes the signal's sub-section unless it is told not to, and calls its type otherwise."""
    said = {name: value for name, value in fields.items() if name != "SubsectionType"}
    if name in BY_NAME and "Gpc" in BY_NAME[name].field_names:
        said["GpcSegmentIncluded"] = not fields.keys().isdisjoint({"SubsectionType", "Gpc"})
    return said


def from_reference(fields: Mapping[str, Any]) -> dict[str, Value]:
    """The library always has a `Gpc`, also where no sub-section stood."""
    said = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    kind = said.pop("GpcSegmentType", None)
    if said.pop("GpcSegmentIncluded", False):
        return {**said, "SubsectionType": kind}
    said.pop("Gpc", None)
    return said
