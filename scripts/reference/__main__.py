"""Writes every page that is made from the code."""

from __future__ import annotations

from reference import pages

if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
