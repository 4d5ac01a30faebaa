"""Writes every page that is made from the code."""

from __future__ import annotations

from reference import RENDERED, ROOT

if __name__ == "__main__":
    for page, render in RENDERED.items():
        (ROOT / page).write_text(render(), encoding="utf-8")
