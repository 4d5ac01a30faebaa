"""Writes docs/configuration.md from the code that reads the configuration."""

from __future__ import annotations

from pathlib import Path

from consent_service.config.reference import render

if __name__ == "__main__":
    page = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
    page.write_text(render(), encoding="utf-8")
