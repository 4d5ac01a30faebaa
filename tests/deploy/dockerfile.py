"""The Dockerfile as stages of instructions. Knows the instructions that ours has, and stops at any other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"

_KNOWN: Final = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "USER", "WORKDIR"),
}


class Instruction(NamedTuple):
    word: str
    rest: str


@dataclass
class Stage:
    """A stage: the steps between one FROM and the next. `base`: as written, `name`: "" for the last."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def last(self, word: str) -> str:
        """The rest of the last such instruction; "" where there is none."""
        return next((one.rest for one in reversed(self.instructions) if one.word == word), "")

    def command(self, word: str) -> list[str]:
        """The words of an instruction that holds a JSON list, behind its options."""
        return [str(part) for part in json.loads(self.last(word)[self.last(word).index("[") :])]

    @property
    def arguments(self) -> dict[str, str]:
        """The build's arguments with their defaults."""
        given = [one.rest.partition("=") for one in self.instructions if one.word == "ARG"]
        return {name: default.strip('"') for name, _, default in given}

    @property
    def environment(self) -> dict[str, str]:
        given = [one.rest.partition("=") for one in self.instructions if one.word == "ENV"]
        return {name: value for name, _, value in given}


def stages(text: str) -> list[Stage]:
    """Read a Dockerfile."""
    found: list[Stage] = []
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    for line in filter(str.strip, lines.splitlines()):
        word, _, rest = line.partition(" ")
        assert word in _KNOWN, f"the tests don't know {word}"
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif found:
            found[-1].instructions.append(Instruction(word, rest.strip()))
    return found
