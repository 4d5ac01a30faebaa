"""Diagnosis: the result of one check: its grade, its subject, and the remedy."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Grade(StrEnum):
    """`fault`: a promise is broken or about to be. `hint`: it holds, and could hold better."""

    OK = "ok"
    HINT = "hint"
    FAULT = "fault"


class Diagnosis(NamedTuple):
    """Result of one check in plain words. `remedy`: what to do; "" if nothing needs to be done."""

    grade: Grade
    about: str
    sentence: str
    remedy: str = ""


def ok(about: str, sentence: str) -> Diagnosis:
    """Return a diagnosis without a fault."""
    return Diagnosis(Grade.OK, about, sentence)


def hint(about: str, sentence: str, remedy: str) -> Diagnosis:
    """Return a diagnosis of something that works and could be better."""
    return Diagnosis(Grade.HINT, about, sentence, remedy)


def fault(about: str, sentence: str, remedy: str) -> Diagnosis:
    """Return a diagnosis of something that is wrong."""
    return Diagnosis(Grade.FAULT, about, sentence, remedy)
