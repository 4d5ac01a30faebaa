"""Findings: what a doctor says about one matter, how bad it is, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Grade(StrEnum):
    """`fault`: a promise is broken or about to be. `hint`: it holds, and could hold better."""

    OK = "ok"
    HINT = "hint"
    FAULT = "fault"


class Finding(NamedTuple):
    """One matter in plain words. `remedy`: what to do; "" where nothing needs doing."""

    grade: Grade
    about: str
    said: str
    remedy: str = ""


def ok(about: str, said: str) -> Finding:
    """All is well."""
    return Finding(Grade.OK, about, said)


def hint(about: str, said: str, remedy: str) -> Finding:
    """It works, and this would be better."""
    return Finding(Grade.HINT, about, said, remedy)


def fault(about: str, said: str, remedy: str) -> Finding:
    """Something is wrong."""
    return Finding(Grade.FAULT, about, said, remedy)
