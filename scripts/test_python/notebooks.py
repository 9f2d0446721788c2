"""Runs the notebooks of examples/notebooks in a kernel, each in a folder of its own away from the checkout.

Fails where a cell raises, where a notebook takes longer than a minute, or where outputs are kept in the file.
With `--strip` it takes the outputs out.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
#: Seconds that a notebook may take.
LIMIT = 60


def strip(path: Path) -> bool:
    """Takes the outputs out of a notebook, and says whether there were any."""
    notebook = nbformat.read(path, as_version=4)
    kept = False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kept = kept or bool(cell.outputs) or cell.execution_count is not None
            cell.outputs, cell.execution_count = [], None
    if kept:
        nbformat.write(notebook, path)
    return kept


def run(path: Path) -> None:
    """Runs a notebook."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            sys.exit(f"{path}: outputs are kept in the file; run {sys.argv[0]} --strip")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": folder}}
        )
        client.execute()
    took = time.monotonic() - begun
    print(f"{path.name}: {took:.1f} s")
    if took > LIMIT:
        sys.exit(f"{path}: took {took:.0f} s, {LIMIT} s are allowed")


def main() -> None:
    """Runs all notebooks, or those named."""
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    paths = [Path(name) for name in names] or sorted(FOLDER.glob("*.ipynb"))
    if not paths:
        sys.exit(f"no notebooks in {FOLDER}")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for path in paths:
        if "--strip" in sys.argv:
            strip(path)
        else:
            run(path)


if __name__ == "__main__":
    main()
