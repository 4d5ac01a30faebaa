"""Proves that the committed widget/dist is what the committed source builds, byte for byte.

Builds a copy, so the working tree stays as it is. Usage: python3 scripts/widget_dist.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDGET = Path(__file__).resolve().parent.parent / "widget"
TEXTS = WIDGET.parent / "templates" / "texts"


def main() -> None:
    """Build beside and compare."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "widget"
        shutil.copytree(WIDGET, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
        shutil.copytree(TEXTS, Path(folder) / TEXTS.relative_to(WIDGET.parent))  # their sizes are counted
        (copy / "node_modules").symlink_to(WIDGET / "node_modules")
        subprocess.run(["npm", "--prefix", str(copy), "run", "build"], check=True)
        committed, built = contents(WIDGET / "dist"), contents(copy / "dist")
    different = sorted(name for name in committed | built if committed.get(name) != built.get(name))
    if different:
        names = ", ".join(different)
        raise SystemExit(f"widget/dist is not what the source builds: {names}; run npm run build there")
    print(f"widget/dist is reproducible: {', '.join(sorted(built))}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` with its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"the widget did not build: {failure}")
